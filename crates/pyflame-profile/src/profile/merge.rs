//! Adds profiles up: what is the same in both becomes one.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::id;
use crate::{
    Frame, FrameId, Labels, LabelsId, Meta, Process, ProcessId, Profile, SampleKey, StackId,
    StackTable, Thread, ThreadId,
};

impl Profile {
    /// Adds everything that `other` holds. Equal processes become one. So do threads of one process
    /// with the same name and native id, and equal sets of labels.
    ///
    /// Durations and ticks add up, as those of recordings one after the other. Where both profiles
    /// know their processes and have none in common, they ran beside each other: the longer
    /// duration holds then, and the ticks in it.
    ///
    /// Parts may be added in any order and grouping: the samples are the same, and so is what is
    /// counted. Only how tables are numbered, and the facts that one part gives a sum (its program,
    /// engine, unit and interval), depend on which part comes first. There is one exception:
    /// durations and ticks, where of three parts two ran one after the other and one beside, as it
    /// can't be told from a sum which of its processes ran when. Of one second of a process, one
    /// second more of it, and three of another, the sum lasted three seconds where those of the one
    /// process are added first, as they should be, and four where the last two are.
    pub fn merge(&mut self, other: &Self) {
        let are_beside = self.is_beside(other);
        let threads = self.merge_threads(other);
        self.merge_samples(other, &threads);
        self.merge_meta(&other.meta, are_beside);
    }

    /// Adds the samples of another profile, given by position which of our threads its threads are.
    pub(super) fn merge_samples(&mut self, other: &Self, threads: &[ThreadId]) {
        let mut frames = Vec::with_capacity(other.frames.len());
        for frame in &other.frames {
            let Some(function) = other.functions.get_index(frame.function.0 as usize) else {
                continue;
            };
            let function = self.add_function(function.clone());
            frames.push(self.add_frame(Frame { function, line: frame.line }));
        }
        let stacks = self.merge_stacks(&other.stacks, &frames);
        let labels = self.merge_labels(&other.labels);
        for (key, totals) in other.samples() {
            let key = SampleKey {
                thread: threads[key.thread.index()],
                stack: stacks[&key.stack],
                labels: labels[key.labels.0 as usize],
                ..key
            };
            self.record_totals(key, totals);
        }
    }

    /// Whether both say which processes they are of, and these are different ones.
    fn is_beside(&self, other: &Self) -> bool {
        let is_mine = |process: &Process| self.processes.contains(process);
        !self.processes.is_empty()
            && !other.processes.is_empty()
            && !other.processes.iter().any(is_mine)
    }

    /// Maps every thread of another profile to one of ours, by position; so the processes.
    fn merge_threads(&mut self, other: &Self) -> Vec<ThreadId> {
        let processes: Vec<ProcessId> =
            other.processes.iter().map(|process| self.add_process(process.clone())).collect();
        let mut known: IndexMap<Thread, ThreadId, FxBuildHasher> = IndexMap::default();
        for (index, thread) in self.threads.iter().enumerate() {
            known.entry(thread.clone()).or_insert(ThreadId(id(index)));
        }
        let threads = other.threads.iter().map(|thread| {
            let process = thread.process.and_then(|process| processes.get(process.index()));
            let thread = Thread { process: process.copied(), ..thread.clone() };
            *known.entry(thread).or_insert_with_key(|thread| self.add_thread(thread.clone()))
        });
        threads.collect()
    }

    /// Maps every stack of another table to one of ours.
    pub(super) fn merge_stacks(
        &mut self,
        other: &StackTable,
        frames: &[FrameId],
    ) -> IndexMap<StackId, StackId, FxBuildHasher> {
        let mut map = IndexMap::default();
        map.insert(StackId::EMPTY, StackId::EMPTY);
        // Parents have smaller ids, so their place is known when a child asks for it.
        for (stack, caller, frame) in other.iter() {
            let mine = self.stacks.push(map[&caller], frames[frame.0 as usize]);
            map.insert(stack, mine);
        }
        map
    }

    /// Maps every set of labels of another profile to one of ours, by position; 0 is the empty one.
    fn merge_labels(&mut self, other: &[Labels]) -> Vec<LabelsId> {
        let mut known: IndexMap<Labels, LabelsId, FxBuildHasher> = IndexMap::default();
        known.insert(Labels::default(), LabelsId::NONE);
        for (index, labels) in self.labels.iter().enumerate() {
            known.entry(labels.clone()).or_insert(LabelsId(id(index + 1)));
        }
        let mut mine = vec![LabelsId::NONE];
        for labels in other {
            let labels =
                *known.entry(labels.clone()).or_insert_with(|| self.add_labels(labels.clone()));
            mine.push(labels);
        }
        mine
    }

    pub(super) fn merge_meta(&mut self, other: &Meta, are_beside: bool) {
        let meta = &mut self.meta;
        if meta.program.is_empty() {
            meta.program.clone_from(&other.program);
        }
        if meta.interval.is_zero() {
            meta.interval = other.interval;
        }
        if meta.ticks == 0 && meta.duration.is_zero() {
            meta.engine = other.engine;
            meta.engine_note.clone_from(&other.engine_note);
            meta.unit = other.unit;
        }
        // What was read from a file can be any number.
        (meta.duration, meta.ticks) = if are_beside {
            (meta.duration, meta.ticks).max((other.duration, other.ticks))
        } else {
            let duration = meta.duration.saturating_add(other.duration);
            (duration, meta.ticks.saturating_add(other.ticks))
        };
        meta.uncaptured = meta.uncaptured.saturating_add(other.uncaptured);
        meta.retaken = meta.retaken.saturating_add(other.retaken);
        meta.gaps.add(other.gaps);
    }
}

#[cfg(test)]
mod tests;
