//! One part of a file while it is read: its tables, and the profile that comes of them.
//!
//! Rows that refer to a row that was lost are lost themselves. Samples are not: their time is
//! shown under a frame `[lost]`.

use std::collections::BTreeMap;
use std::time::Duration;

use pyflame_profile::{
    Category, Frame, FrameId, Function, FunctionId, Gaps, Labels, LabelsId, Meta, Process, Profile,
    SampleKey, StackId, Thread, ThreadId, Totals,
};

use crate::codes;
use crate::cursor::{Cursor, Senseless};
use crate::numbered::Numbered;
use crate::packing::Allowance;
use crate::section::Section;

/// What stands for a stack or a thread that was lost.
const LOST: &str = "[lost]";

#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) profile: Profile,
    /// Samples whose stack or thread was lost.
    pub(crate) orphans: u64,
    strings: Numbered<Box<str>>,
    functions: Numbered<Option<FunctionId>>,
    frames: Numbered<Option<FrameId>>,
    stacks: Numbered<Option<StackId>>,
    threads: BTreeMap<u32, ThreadId>,
    labels: BTreeMap<u32, LabelsId>,
    lost_thread: Option<ThreadId>,
    process: Option<Process>,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            orphans: 0,
            strings: Numbered::from(0),
            functions: Numbered::from(0),
            frames: Numbered::from(0),
            stacks: Numbered::from(1),
            threads: BTreeMap::new(),
            labels: BTreeMap::new(),
            lost_thread: None,
            process: None,
        }
    }
}

impl Part {
    /// Takes in the rows of a chunk. What stands before a mistake is kept.
    ///
    /// Texts are written once and copied to every row that refers to them; `allowance` is charged
    /// with the copies.
    pub(crate) fn take(
        &mut self,
        payload: &[u8],
        allowance: &mut Allowance,
    ) -> Result<(), Senseless> {
        let mut cursor = Cursor::new(payload);
        while !cursor.is_at_end() {
            let (section, mut rows) = Section::take(&mut cursor)?;
            match section {
                Some(Section::Strings) => self.take_strings(&mut rows)?,
                Some(Section::Functions) => self.take_functions(&mut rows, allowance)?,
                Some(Section::Frames) => self.take_frames(&mut rows)?,
                Some(Section::Stacks) => self.take_stacks(&mut rows)?,
                Some(Section::Threads) => self.take_threads(&mut rows, allowance)?,
                Some(Section::Labels) => self.take_labels(&mut rows, allowance)?,
                Some(Section::Samples) => self.take_samples(&mut rows)?,
                Some(Section::Meta) => self.profile.meta = meta(&mut rows)?,
                Some(Section::Process) => self.take_process(&mut rows, allowance)?,
                None => {} // Of a later version.
            }
        }
        Ok(())
    }

    /// What was read, when there is no more.
    pub(crate) fn into_profile(mut self) -> Profile {
        if let Some(process) = self.process {
            self.profile.set_process(process);
        }
        self.profile
    }

    fn take_strings(&mut self, rows: &mut Cursor<'_>) -> Result<(), Senseless> {
        self.strings.go_on_from(rows.small()?)?;
        while !rows.is_at_end() {
            self.strings.push(rows.text()?.into());
        }
        Ok(())
    }

    fn take_functions(
        &mut self,
        rows: &mut Cursor<'_>,
        allowance: &mut Allowance,
    ) -> Result<(), Senseless> {
        self.functions.go_on_from(rows.small()?)?;
        while !rows.is_at_end() {
            let (name, file) = (rows.small()?, rows.small()?);
            let (first_line, category) = (rows.small()?, rows.number()?);
            let texts = self.strings.get(name).zip(self.strings.get(file));
            let function = match texts {
                None => None,
                Some((name, file)) => {
                    allowance.charge(name.len() + file.len())?;
                    let category = codes::category(category, file);
                    let (name, file) = (name.clone(), file.clone());
                    let function = Function { name, file, first_line, category };
                    Some(self.profile.add_function(function))
                }
            };
            self.functions.push(function);
        }
        Ok(())
    }

    fn take_frames(&mut self, rows: &mut Cursor<'_>) -> Result<(), Senseless> {
        self.frames.go_on_from(rows.small()?)?;
        let mut function = 0;
        while !rows.is_at_end() {
            function = rows.small_from(function)?;
            let line = rows.small()?;
            let known = self.functions.get(function).copied().flatten();
            let frame = known.map(|function| self.profile.add_frame(Frame { function, line }));
            self.frames.push(frame);
        }
        Ok(())
    }

    fn take_stacks(&mut self, rows: &mut Cursor<'_>) -> Result<(), Senseless> {
        self.stacks.go_on_from(rows.small()?)?;
        let mut frame = 0;
        while !rows.is_at_end() {
            let back = rows.small()?;
            let caller = self.stacks.next_number().checked_sub(back);
            let caller = caller.filter(|_| back > 0).ok_or(Senseless("a stack calls itself"))?;
            frame = rows.small_from(frame)?;
            let parts = self.stack(caller).zip(self.frames.get(frame).copied().flatten());
            let stack = parts.map(|(caller, frame)| self.profile.push_frame(caller, frame));
            self.stacks.push(stack);
        }
        Ok(())
    }

    fn take_threads(
        &mut self,
        rows: &mut Cursor<'_>,
        allowance: &mut Allowance,
    ) -> Result<(), Senseless> {
        while !rows.is_at_end() {
            let (number, name, native_id) = (rows.small()?, rows.small()?, rows.number()?);
            let Some(name) = self.strings.get(name) else { continue };
            allowance.charge(name.len())?;
            if let Some(thread) = self.threads.get(&number) {
                self.profile.rename_thread(*thread, name);
            } else {
                let thread = Thread::new(name, native_id);
                self.threads.insert(number, self.profile.add_thread(thread));
            }
        }
        Ok(())
    }

    fn take_labels(
        &mut self,
        rows: &mut Cursor<'_>,
        allowance: &mut Allowance,
    ) -> Result<(), Senseless> {
        while !rows.is_at_end() {
            let (number, count) = (rows.small()?, rows.number()?);
            if number == 0 {
                return Err(Senseless("the empty set of labels has labels"));
            }
            let labels = self.pairs(rows, count, allowance)?;
            if let Some(known) = self.labels.get(&number) {
                self.profile.set_labels(*known, labels);
            } else {
                self.labels.insert(number, self.profile.add_labels(labels));
            }
        }
        Ok(())
    }

    fn pairs(
        &self,
        rows: &mut Cursor<'_>,
        count: u64,
        allowance: &mut Allowance,
    ) -> Result<Labels, Senseless> {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        for _ in 0..count {
            let (key, value) = (rows.small()?, rows.small()?);
            let texts = self.strings.get(key).zip(self.strings.get(value));
            let Some((key, value)) = texts else { continue };
            allowance.charge(key.len() + value.len())?;
            // In another order, putting them in order would take the square of their time.
            if pairs.last().is_some_and(|(last, _)| *last >= &**key) {
                return Err(Senseless("labels are not in order of their keys"));
            }
            pairs.push((key, value));
        }
        Ok(pairs.into_iter().collect())
    }

    fn take_samples(&mut self, rows: &mut Cursor<'_>) -> Result<(), Senseless> {
        let mut stack = 0;
        while !rows.is_at_end() {
            let (thread, labels, state) = (rows.small()?, rows.small()?, rows.number()?);
            stack = rows.small_from(stack)?;
            let (samples, wall_ns, cpu_ns) = (rows.number()?, rows.number()?, rows.number()?);
            let state = codes::state(state).ok_or(Senseless("a state is not known"))?;
            let found = (self.threads.get(&thread).copied(), self.stack(stack));
            if found.0.is_none() || found.1.is_none() {
                self.orphans = self.orphans.saturating_add(samples);
            }
            let key = SampleKey {
                thread: found.0.unwrap_or_else(|| self.lost_thread()),
                stack: found.1.unwrap_or_else(|| self.lost_stack()),
                state,
                labels: self.labels.get(&labels).copied().unwrap_or_default(),
            };
            self.profile.record_totals(key, Totals { samples, wall_ns, cpu_ns });
        }
        Ok(())
    }

    /// Whose part it is. What follows the fields is of a later version.
    fn take_process(
        &mut self,
        fields: &mut Cursor<'_>,
        allowance: &mut Allowance,
    ) -> Result<(), Senseless> {
        let (pid, parent_pid, name) = (fields.small()?, fields.small()?, fields.small()?);
        let Some(name) = self.strings.get(name) else { return Ok(()) };
        allowance.charge(name.len())?;
        self.process = Some(Process { name: name.clone(), pid, parent_pid });
        Ok(())
    }

    fn stack(&self, number: u32) -> Option<StackId> {
        match number {
            0 => Some(StackId::EMPTY),
            _ => self.stacks.get(number).copied().flatten(),
        }
    }

    fn lost_thread(&mut self) -> ThreadId {
        let lost = Thread::new(LOST, 0);
        *self.lost_thread.get_or_insert_with(|| self.profile.add_thread(lost))
    }

    fn lost_stack(&mut self) -> StackId {
        let frame = self.profile.add_marker(LOST, Category::Uncaptured);
        self.profile.push_frame(StackId::EMPTY, frame)
    }
}

/// The facts of a recording. What follows them is of a later version.
fn meta(fields: &mut Cursor<'_>) -> Result<Meta, Senseless> {
    let program = fields.text()?.into();
    let engine = codes::engine(fields.number()?);
    let engine_note = fields.text()?.into();
    let (interval, duration) = (duration(fields)?, duration(fields)?);
    let (ticks, uncaptured, retaken) = (fields.number()?, fields.number()?, fields.number()?);
    let unit = codes::unit(fields.number()?).ok_or(Senseless("a unit is not known"))?;
    let meta = Meta { program, engine, engine_note, interval, duration, ..Meta::default() };
    let gaps = gaps(fields)?;
    Ok(Meta { ticks, uncaptured, retaken, gaps, unit, ..meta })
}

/// How long samples stand for; development versions before 1.0.0 did not write it.
fn gaps(fields: &mut Cursor<'_>) -> Result<Gaps, Senseless> {
    if fields.is_at_end() {
        return Ok(Gaps::default());
    }
    Ok(Gaps { longest_ns: fields.number()?, squares_us2: fields.number()? })
}

fn duration(fields: &mut Cursor<'_>) -> Result<Duration, Senseless> {
    let (seconds, nanoseconds) = (fields.number()?, fields.small()?);
    if nanoseconds >= 1_000_000_000 {
        return Err(Senseless("a duration has too many nanoseconds"));
    }
    Ok(Duration::new(seconds, nanoseconds))
}
