//! The profile: tables of what was seen, and sums for each distinct thread, stack,
//! state and set of labels.

use std::collections::BTreeSet;
use std::time::Duration;

use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::{
    Category, Frame, FrameId, Function, FunctionId, Gaps, Labels, LabelsId, Process, ProcessId,
    Sample, SampleKey, StackId, StackTable, Thread, ThreadId, ThreadName, Totals,
};

/// How the stacks of a profile were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Each stack by its own thread, or while that thread did not run.
    #[default]
    Signal,
    /// By another thread that held the GIL (`sys._current_frames()`): biased, and says so.
    Fallback,
    /// Read from text; how they were taken is not known.
    Imported,
}

/// What the numbers of a profile count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Time, in nanoseconds.
    #[default]
    Nanoseconds,
    /// Something without a unit, as folded text counts it.
    Count,
}

/// What is known about a recording besides its samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// What was profiled, as a person would name it (`train.py`, `-m http.server`).
    pub program: Box<str>,
    /// How the stacks were taken.
    pub engine: Engine,
    /// Why this engine, where it was not asked for; empty otherwise.
    pub engine_note: Box<str>,
    /// The interval that was asked for; zero where it is not known.
    pub interval: Duration,
    /// Wall time from start to stop; for merged profiles the sum, or the largest where they are of
    /// different processes.
    pub duration: Duration,
    /// How often the sampler looked at the threads in `duration`; each look samples every thread.
    pub ticks: u64,
    /// Samples that stand for a stack that could not be captured.
    pub uncaptured: u64,
    /// Captures that were retaken at once because the first was not believed.
    pub retaken: u64,
    /// How long single samples stand for.
    pub gaps: Gaps,
    /// What the numbers count.
    pub unit: Unit,
}

/// Samples, aggregated. See the crate's documentation for an example.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// What is known about the recording.
    pub meta: Meta,
    functions: IndexSet<Function, FxBuildHasher>,
    frames: IndexSet<Frame, FxBuildHasher>,
    stacks: StackTable,
    processes: Vec<Process>,
    threads: Vec<Thread>,
    /// Set `i` has the id `i + 1`.
    labels: Vec<Labels>,
    samples: IndexMap<SampleKey, Totals, FxBuildHasher>,
}

impl Profile {
    /// Adds a thread. Threads are never merged on their own: two may bear one name.
    pub fn add_thread(&mut self, thread: Thread) -> ThreadId {
        self.threads.push(thread);
        ThreadId(id(self.threads.len() - 1))
    }

    /// Gives a thread another name, for when it is learnt late.
    pub fn rename_thread(&mut self, thread: ThreadId, name: &str) {
        if let Some(thread) = self.threads.get_mut(thread.index()) {
            thread.name = name.into();
        }
    }

    /// Adds a process, unless it is there already.
    pub fn add_process(&mut self, process: Process) -> ProcessId {
        let known = self.processes.iter().position(|mine| *mine == process);
        ProcessId(id(known.unwrap_or_else(|| {
            self.processes.push(process);
            self.processes.len() - 1
        })))
    }

    /// Says that all threads that there are belong to one process. Other processes go.
    pub fn set_process(&mut self, process: Process) {
        self.processes = vec![process];
        for thread in &mut self.threads {
            thread.process = Some(ProcessId(0));
        }
    }

    /// Gives a process another name, for when it is learnt late.
    pub fn rename_process(&mut self, process: ProcessId, name: &str) {
        if let Some(process) = self.processes.get_mut(process.index()) {
            process.name = name.into();
        }
    }

    /// Interns a function.
    pub fn add_function(&mut self, function: Function) -> FunctionId {
        FunctionId(id(self.functions.insert_full(function).0))
    }

    /// Interns a frame.
    pub fn add_frame(&mut self, frame: Frame) -> FrameId {
        FrameId(id(self.frames.insert_full(frame).0))
    }

    /// Interns a frame that is no Python function, for example `[uncaptured]`.
    pub fn add_marker(&mut self, name: &str, category: Category) -> FrameId {
        let function = self.add_function(Function::marker(name, category));
        self.add_frame(Frame { function, line: 0 })
    }

    /// Interns a stack, given outermost frame first.
    pub fn add_stack(&mut self, frames: impl IntoIterator<Item = FrameId>) -> StackId {
        frames.into_iter().fold(StackId::EMPTY, |caller, frame| self.stacks.push(caller, frame))
    }

    /// Interns the stack in which the innermost function of `caller` runs `frame`.
    pub fn push_frame(&mut self, caller: StackId, frame: FrameId) -> StackId {
        self.stacks.push(caller, frame)
    }

    /// Adds a set of labels. Two with the same pairs become one when the profile is merged.
    pub fn add_labels(&mut self, labels: Labels) -> LabelsId {
        self.labels.push(labels);
        LabelsId(id(self.labels.len()))
    }

    /// Gives a set of labels other pairs.
    pub fn set_labels(&mut self, labels: LabelsId, pairs: Labels) {
        if let Some(place) = labels.index().and_then(|index| self.labels.get_mut(index)) {
            *place = pairs;
        }
    }

    /// Gives all sets of labels their pairs, in the order in which they were added, for when the
    /// pairs are learnt late.
    pub fn fill_labels(&mut self, pairs: impl IntoIterator<Item = Labels>) {
        for (labels, pairs) in self.labels.iter_mut().zip(pairs) {
            *labels = pairs;
        }
    }

    /// The pairs of a set of labels; `None` for the empty set.
    pub fn labels(&self, labels: LabelsId) -> Option<&Labels> {
        self.labels.get(labels.index()?)
    }

    /// Counts one sample of a thread without labels.
    pub fn record(&mut self, thread: ThreadId, stack: StackId, sample: Sample) {
        let key = SampleKey { thread, stack, state: sample.state, labels: LabelsId::NONE };
        self.meta.gaps.add_sample(sample.wall_ns);
        self.record_totals(key, sample.into());
    }

    /// Counts many samples of one kind at once.
    pub fn record_totals(&mut self, key: SampleKey, totals: Totals) {
        self.samples.entry(key).or_default().add(totals);
    }

    /// The threads, in order of appearance.
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// The processes that threads may belong to, in order of appearance.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// A process, or `None` for an id of another profile.
    pub fn process(&self, process: ProcessId) -> Option<&Process> {
        self.processes.get(process.index())
    }

    /// The process that a thread belongs to, where it is known.
    pub fn process_of(&self, thread: ThreadId) -> Option<ProcessId> {
        let process = self.threads.get(thread.index())?.process?;
        (process.index() < self.processes.len()).then_some(process)
    }

    /// The stacks; see [`StackTable::frames`] for walking one.
    pub fn stacks(&self) -> &StackTable {
        &self.stacks
    }

    /// The function and line of a frame, or `None` for an id of another profile.
    pub fn frame(&self, frame: FrameId) -> Option<(&Function, u32)> {
        let frame = self.frames.get_index(frame.0 as usize)?;
        Some((self.functions.get_index(frame.function.0 as usize)?, frame.line))
    }

    /// A frame as it was interned, or `None` for an id of another profile.
    pub fn interned_frame(&self, frame: FrameId) -> Option<Frame> {
        self.frames.get_index(frame.index()).copied()
    }

    /// A function, or `None` for an id of another profile.
    pub fn function(&self, function: FunctionId) -> Option<&Function> {
        self.functions.get_index(function.index())
    }

    /// The sums, in order of first appearance.
    pub fn samples(&self) -> impl Iterator<Item = (SampleKey, Totals)> + '_ {
        self.samples.iter().map(|(&key, &totals)| (key, totals))
    }

    /// The sums over all samples.
    pub fn totals(&self) -> Totals {
        self.samples.values().fold(Totals::default(), |mut sum, totals| {
            sum.add(*totals);
            sum
        })
    }

    /// How many threads have samples.
    pub fn sampled_threads(&self) -> usize {
        let sampled = self.samples.iter().filter(|(_, totals)| totals.samples > 0);
        sampled.map(|(key, _)| key.thread).collect::<FxHashSet<_>>().len()
    }

    /// How many processes have samples, of those that are known.
    pub fn sampled_processes(&self) -> usize {
        let sampled = self.samples.iter().filter(|(_, totals)| totals.samples > 0);
        sampled.filter_map(|(key, _)| self.process_of(key.thread)).collect::<FxHashSet<_>>().len()
    }

    /// The part of this profile whose threads satisfy `keep`; everything else stays as it is.
    #[must_use]
    pub fn only_threads(&self, keep: impl Fn(&Thread) -> bool) -> Self {
        let mut kept = self.clone();
        kept.samples.retain(|key, _| self.threads.get(key.thread.index()).is_some_and(&keep));
        kept
    }

    /// The part of this profile whose labels satisfy `keep`; everything else stays as it is.
    #[must_use]
    pub fn only_labels(&self, keep: impl Fn(&Labels) -> bool) -> Self {
        let none = Labels::default();
        let kept: Vec<bool> = std::iter::once(&none).chain(&self.labels).map(keep).collect();
        let mut profile = self.clone();
        profile.samples.retain(|key, _| kept.get(key.labels.0 as usize) == Some(&true));
        profile
    }

    /// Takes the samples out whose labels `belong`, and returns them as a profile with the same
    /// processes, threads and labels, but with those functions, frames and stacks only that they need.
    #[must_use]
    pub fn split_off(&mut self, belong: impl Fn(LabelsId) -> bool) -> Self {
        let mut part = Self {
            meta: self.meta.clone(),
            processes: self.processes.clone(),
            threads: self.threads.clone(),
            labels: self.labels.clone(),
            ..Self::default()
        };
        for (key, totals) in std::mem::take(&mut self.samples) {
            if belong(key.labels) {
                let stack = part.copy_stack(self, key.stack);
                part.record_totals(SampleKey { stack, ..key }, totals);
            } else {
                self.samples.insert(key, totals);
            }
        }
        part
    }

    /// A stack of another profile in this one.
    fn copy_stack(&mut self, other: &Self, stack: StackId) -> StackId {
        let frames: Vec<FrameId> = other.stacks.frames(stack).collect();
        frames.into_iter().rev().fold(StackId::EMPTY, |caller, frame| {
            let Some((function, line)) = other.frame(frame) else { return caller };
            let function = self.add_function(function.clone());
            let frame = self.add_frame(Frame { function, line });
            self.push_frame(caller, frame)
        })
    }

    /// The values that a label has in this profile, ordered.
    pub fn label_values(&self, key: &str) -> BTreeSet<&str> {
        let sampled: FxHashSet<LabelsId> = self.samples.keys().map(|key| key.labels).collect();
        let labels = sampled.into_iter().filter_map(|labels| self.labels(labels));
        labels.filter_map(|labels| labels.get(key)).collect()
    }

    /// Rewrites function names, for where qualified names are learnt after the recording.
    pub fn rename_functions(&mut self, new_name: impl Fn(&Function) -> Option<Box<str>>) {
        self.map_functions(|function| {
            Some(Function { name: new_name(function)?, ..function.clone() })
        });
    }

    /// Puts other functions in the place of those for which there is one.
    pub fn map_functions(&mut self, replace: impl Fn(&Function) -> Option<Function>) {
        let mut renamed = Self { meta: self.meta.clone(), ..Self::default() };
        renamed.processes.clone_from(&self.processes);
        renamed.threads.clone_from(&self.threads);
        renamed.labels.clone_from(&self.labels);
        let frames: Vec<FrameId> = self
            .frames
            .iter()
            .filter_map(|frame| {
                let function = self.functions.get_index(frame.function.0 as usize)?;
                let function = replace(function).unwrap_or_else(|| function.clone());
                let function = renamed.add_function(function);
                Some(renamed.add_frame(Frame { function, line: frame.line }))
            })
            .collect();
        let stacks = renamed.merge_stacks(&self.stacks, &frames);
        for (key, totals) in self.samples() {
            renamed.record_totals(SampleKey { stack: stacks[&key.stack], ..key }, totals);
        }
        *self = renamed;
    }

    /// Takes the frames of a runner off the outer end of all stacks: those which `is_runner`, up
    /// to the first that is not. Samples of the runner alone go.
    pub fn drop_runner(&mut self, is_runner: impl Fn(&Function) -> bool) {
        let mut stacks = StackTable::default();
        let mut map: IndexMap<StackId, StackId, FxBuildHasher> = IndexMap::default();
        map.insert(StackId::EMPTY, StackId::EMPTY);
        for (stack, caller, frame) in self.stacks.iter() {
            let caller = map[&caller];
            let runner = caller == StackId::EMPTY
                && self.frame(frame).is_some_and(|(function, _)| is_runner(function));
            let kept = if runner { StackId::EMPTY } else { stacks.push(caller, frame) };
            map.insert(stack, kept);
        }
        self.move_samples(stacks, |_, stack| {
            let kept = map[&stack] != StackId::EMPTY || stack == StackId::EMPTY;
            kept.then_some(map[&stack])
        });
    }

    /// Takes other stacks in the place of its own, and moves every sample to where it belongs
    /// among them; those that have no place go.
    pub(crate) fn move_samples(
        &mut self,
        stacks: StackTable,
        place: impl Fn(ThreadId, StackId) -> Option<StackId>,
    ) {
        self.stacks = stacks;
        for (key, totals) in std::mem::take(&mut self.samples) {
            if let Some(stack) = place(key.thread, key.stack) {
                self.record_totals(SampleKey { stack, ..key }, totals);
            }
        }
    }

    /// Gives the time of a profiler's own functions to whoever called them: of stacks that end in
    /// a function which `is_own`, or in what that called of the standard library, only the part
    /// before it is kept.
    pub fn drop_own(&mut self, is_own: impl Fn(&Function) -> bool) {
        let mut callers: IndexMap<StackId, StackId, FxBuildHasher> = IndexMap::default();
        for (stack, before, frame) in self.stacks.iter() {
            let Some((function, _)) = self.frame(frame) else { continue };
            let is_library = matches!(function.category, Category::Stdlib | Category::Import);
            let outside = callers.get(&before).copied();
            if is_own(function) || (outside.is_some() && is_library) {
                callers.insert(stack, outside.unwrap_or(before));
            }
        }
        if callers.is_empty() {
            return;
        }
        for (key, totals) in std::mem::take(&mut self.samples) {
            let stack = callers.get(&key.stack).copied().unwrap_or(key.stack);
            self.record_totals(SampleKey { stack, ..key }, totals);
        }
    }

    /// Gives threads the names that were learnt elsewhere. `seen_ns` says for each thread when it
    /// was first seen, on the clock of [`ThreadName::learnt_ns`].
    ///
    /// The kernel reuses ids. A thread bears the last name that was learnt for its id before the
    /// thread was seen; where that is another's, the thread was seen before it had said its name.
    pub fn name_threads(&mut self, names: Vec<ThreadName>, seen_ns: &[u64]) {
        let mut by_id: IndexMap<u64, Vec<ThreadName>, FxBuildHasher> = IndexMap::default();
        for name in names {
            by_id.entry(name.native_id).or_default().push(name);
        }
        for (thread, seen_ns) in self.threads.iter_mut().zip(seen_ns) {
            let Some(names) = by_id.get_mut(&thread.native_id) else { continue };
            let learnt = names.iter().rposition(|name| name.learnt_ns <= *seen_ns).unwrap_or(0);
            // Threads with one id come one after the other, and so do their names.
            if let Some(own) = names.drain(..names.len().min(learnt + 1)).next_back() {
                thread.name = own.name;
            }
        }
    }

    /// The functions, in order of first appearance.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter()
    }
}

/// Table positions are `u32`: a table of four billion rows does not fit the memory of anyone.
fn id(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

mod around;
mod merge;
mod prune;
mod runs;
#[cfg(test)]
mod tests;
