//! From a profile that grows to chunks that say what is new.
//!
//! Rows get numbers of the file's own when a sample first needs them, so that what no sample needs
//! is not written: a profile that was filtered is as small as what is left of it.

use indexmap::IndexSet;
use pyflame_profile::{
    FrameId, FunctionId, Labels, LabelsId, Meta, Process, Profile, SampleKey, StackId, Thread,
    Totals,
};
use rustc_hash::FxBuildHasher;
use thiserror::Error;

use crate::chunk;
use crate::packing::Packer;
use crate::rows::{Rows, SampleRow};

/// A chunk is closed when it has that many bytes before they are packed: what a damaged place of
/// a file can take with it, and what has to be unpacked at once.
const CHUNK: usize = 1 << 20;

/// Turns a profile that grows into chunks of one part of a file.
///
/// The chunks are complete when they are made: whoever has them may append them to the file, in
/// this process or another, between those of other parts.
#[derive(Debug, Default)]
pub struct Encoder {
    part: u32,
    strings: IndexSet<Box<str>, FxBuildHasher>,
    functions: Numbers,
    frames: Numbers,
    stacks: Numbers,
    threads: Numbers,
    labels: Numbers,
    /// What was written of the threads and sets of labels, by number; both may change.
    written_threads: Vec<Thread>,
    written_labels: Vec<(LabelsId, Labels)>,
    samples: Vec<(SampleKey, Totals)>,
    meta: Option<Meta>,
    process: Option<Process>,
    rows: Rows,
    packer: Packer,
}

/// A profile is not the one that was written before, grown: a part of a file takes increments
/// only. Use another part, or another file.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the profile is not the one that was written before: write it as a part of its own")]
pub struct NotContinued;

impl Encoder {
    /// An encoder for part `part` of a file. The parts of a file are separate tables; each has
    /// one encoder.
    pub fn new(part: u32) -> Self {
        Self { part, ..Self::default() }
    }

    /// An encoder that packs on with what another has left.
    pub(crate) fn with_packer(part: u32, packer: Packer) -> Self {
        Self { part, packer, ..Self::default() }
    }

    /// What packs the next part of the same file.
    pub(crate) fn into_packer(self) -> Packer {
        self.packer
    }

    /// Appends to `out` what is new in `profile` since it was last given; nothing, if nothing is.
    ///
    /// Between two calls the profile may grow, threads, labels and the process may learn their
    /// names, and the facts in its meta may change.
    ///
    /// A part is of one process at most: it says which where all threads belong to it. Of a profile
    /// of several it does not say which threads are whose; [`crate::write()`] makes a part for each.
    ///
    /// # Errors
    /// When it can be seen that the profile is another one. Nothing is appended then.
    pub fn append(&mut self, profile: &Profile, out: &mut Vec<u8>) -> Result<(), NotContinued> {
        let mut samples = profile.samples();
        for (key, written) in &self.samples {
            let Some((now, totals)) = samples.next() else { return Err(NotContinued) };
            if now != *key || grown(*written, totals).is_none() {
                return Err(NotContinued);
            }
        }
        self.encode(profile, out);
        Ok(())
    }

    /// As [`Self::append`], of a profile that is known to be the same.
    pub(crate) fn encode(&mut self, profile: &Profile, out: &mut Vec<u8>) {
        self.put_process(only_process(profile));
        self.put_samples(profile, || profile.samples(), out);
        self.put_meta(&profile.meta);
        self.close(out);
    }

    /// Writes one part of a profile that has several: the samples that are given, and whose they
    /// are.
    pub(crate) fn encode_part(
        &mut self,
        profile: &Profile,
        (process, samples): (Option<&Process>, &[(SampleKey, Totals)]),
        meta: &Meta,
        out: &mut Vec<u8>,
    ) {
        self.put_process(process);
        self.put_samples(profile, || samples.iter().copied(), out);
        self.put_meta(meta);
        self.close(out);
    }

    /// Says whose part it is, where that is known and has not been said.
    fn put_process(&mut self, process: Option<&Process>) {
        if let Some(process) = process.filter(|process| self.process.as_ref() != Some(process)) {
            let name = self.string(&process.name);
            self.rows.copied += process.name.len();
            self.rows.process(process, name);
            self.process = Some(process.clone());
        }
    }

    fn put_meta(&mut self, meta: &Meta) {
        if self.meta.as_ref() != Some(meta) {
            self.rows.meta(meta);
            self.meta = Some(meta.clone());
        }
    }

    fn put_samples<I: Iterator<Item = (SampleKey, Totals)>>(
        &mut self,
        profile: &Profile,
        samples: impl Fn() -> I,
        out: &mut Vec<u8>,
    ) {
        self.put_threads(profile, samples());
        for (index, (key, totals)) in samples().enumerate() {
            let written = self.samples.get(index).map_or(Totals::default(), |(_, totals)| *totals);
            let is_new = index >= self.samples.len();
            let more = grown(written, totals).unwrap_or_default();
            if !is_new && more == Totals::default() {
                continue;
            }
            let row = SampleRow {
                thread: self.threads.get(key.thread.index()).unwrap_or_default(),
                labels: self.put_labels(profile, key.labels),
                state: key.state,
                stack: self.stack(profile, key.stack, out),
            };
            self.rows.sample(row, more);
            match self.samples.get_mut(index) {
                Some(place) => place.1 = totals,
                None => self.samples.push((key, totals)),
            }
            self.close_if_full(out);
        }
        self.put_labels_learnt_late(profile);
    }

    /// Writes the threads that have samples, and those whose names have changed.
    fn put_threads(&mut self, profile: &Profile, all: impl Iterator<Item = (SampleKey, Totals)>) {
        let mut sampled = vec![false; profile.threads().len()];
        for (key, _) in all.skip(self.samples.len()) {
            sampled[key.thread.index()] = true;
        }
        for (index, thread) in profile.threads().iter().enumerate() {
            let known = self.threads.get(index);
            if known.is_none() && !sampled[index] {
                continue;
            }
            let number = known.unwrap_or_else(|| self.threads.add(index));
            let written = self.written_threads.get(number as usize);
            // Whose it is, the part says.
            let is_same = |written: &Thread| {
                written.native_id == thread.native_id && written.name == thread.name
            };
            if !written.is_some_and(is_same) {
                let name = self.string(&thread.name);
                self.rows.copied += thread.name.len();
                self.rows.thread(number, name, thread.native_id);
                set(&mut self.written_threads, number, thread.clone());
            }
        }
    }

    /// The number of a set of labels, 0 for the empty one; writes it where it is new.
    fn put_labels(&mut self, profile: &Profile, id: LabelsId) -> u32 {
        let (Some(index), Some(labels)) = (id.index(), profile.labels(id)) else { return 0 };
        let number = self.labels.get(index).unwrap_or_else(|| self.labels.add(index));
        if self.written_labels.get(number as usize).is_none_or(|(_, written)| written != labels) {
            let pairs: Vec<(u32, u32)> =
                labels.iter().map(|(key, value)| (self.string(key), self.string(value))).collect();
            let lengths = labels.iter().map(|(key, value)| key.len() + value.len());
            self.rows.copied += lengths.sum::<usize>();
            self.rows.labels(number + 1, &pairs);
            set(&mut self.written_labels, number, (id, labels.clone()));
        }
        number + 1
    }

    fn put_labels_learnt_late(&mut self, profile: &Profile) {
        let written: Vec<LabelsId> = self.written_labels.iter().map(|(id, _)| *id).collect();
        for id in written {
            self.put_labels(profile, id);
        }
    }

    /// The number of a stack; whatever it consists of is written where it is new.
    fn stack(&mut self, profile: &Profile, stack: StackId, out: &mut Vec<u8>) -> u32 {
        let mut missing = Vec::new();
        let mut rest = stack;
        let mut caller = 0;
        while let Some((before, frame)) = profile.stacks().pop(rest) {
            if let Some(known) = self.stacks.get(rest.index()) {
                caller = known + 1;
                break;
            }
            missing.push((rest, frame));
            rest = before;
        }
        for (stack, frame) in missing.into_iter().rev() {
            let frame = self.frame(profile, frame);
            let number = self.stacks.add(stack.index()) + 1;
            self.rows.stack(number, caller, frame);
            caller = number;
            self.close_if_full(out);
        }
        caller
    }

    fn frame(&mut self, profile: &Profile, id: FrameId) -> u32 {
        if let Some(known) = self.frames.get(id.index()) {
            return known;
        }
        // Stacks of a profile have frames of the same profile.
        let Some(frame) = profile.interned_frame(id) else { return 0 };
        let function = self.function(profile, frame.function);
        let number = self.frames.add(id.index());
        self.rows.frame(number, function, frame.line);
        number
    }

    fn function(&mut self, profile: &Profile, id: FunctionId) -> u32 {
        if let Some(known) = self.functions.get(id.index()) {
            return known;
        }
        let Some(function) = profile.function(id) else { return 0 };
        let (name, file) = (self.string(&function.name), self.string(&function.file));
        let number = self.functions.add(id.index());
        self.rows.copied += function.name.len() + function.file.len();
        self.rows.function(number, name, file, function);
        number
    }

    fn string(&mut self, text: &str) -> u32 {
        if let Some(known) = self.strings.get_index_of(text) {
            return number(known);
        }
        let number = number(self.strings.insert_full(text.into()).0);
        self.rows.string(number, text);
        number
    }

    fn close_if_full(&mut self, out: &mut Vec<u8>) {
        if self.rows.size() >= CHUNK {
            self.close(out);
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let rows = std::mem::take(&mut self.rows);
        let payload = rows.payload();
        if !payload.is_empty() {
            let packed = self.packer.pack(&payload, rows.copied);
            chunk::put(out, chunk::ROWS, self.part, &packed);
        }
    }
}

/// The file's numbers, from 0 in the order in which they are given out, of rows of a profile.
#[derive(Debug, Default)]
struct Numbers {
    by_index: Vec<Option<u32>>,
    count: u32,
}

impl Numbers {
    fn get(&self, index: usize) -> Option<u32> {
        self.by_index.get(index).copied().flatten()
    }

    fn add(&mut self, index: usize) -> u32 {
        if index >= self.by_index.len() {
            self.by_index.resize(index + 1, None);
        }
        self.by_index[index] = Some(self.count);
        self.count += 1;
        self.count - 1
    }
}

/// The process that all threads of a profile belong to, if there is one.
fn only_process(profile: &Profile) -> Option<&Process> {
    let [process] = profile.processes() else { return None };
    profile.threads().iter().all(|thread| thread.process.is_some()).then_some(process)
}

/// Sets row `number`, which is there or the next.
fn set<T>(rows: &mut Vec<T>, number: u32, row: T) {
    match rows.get_mut(number as usize) {
        Some(place) => *place = row,
        None => rows.push(row),
    }
}

/// By how much sums have grown; `None` if one has not.
fn grown(before: Totals, now: Totals) -> Option<Totals> {
    Some(Totals {
        samples: now.samples.checked_sub(before.samples)?,
        wall_ns: now.wall_ns.checked_sub(before.wall_ns)?,
        cpu_ns: now.cpu_ns.checked_sub(before.cpu_ns)?,
    })
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
