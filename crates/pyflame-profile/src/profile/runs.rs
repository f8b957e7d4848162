//! Adds up runs of one program: ids are those of one run, and names are those of all.

use std::collections::VecDeque;
use std::hash::Hash;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::id;
use crate::{Process, ProcessId, Profile, Thread, ThreadId};

/// Which of ours bear a name, in order of appearance.
type Bearers<Name, Id> = IndexMap<Name, VecDeque<Id>, FxBuildHasher>;

impl Profile {
    /// Adds another run. Unlike in [`Profile::merge`], processes of one name are one, and so are
    /// threads of one name in one process; where several bear it, the first is the first of the
    /// other run. Durations and ticks add up.
    pub fn merge_run(&mut self, other: &Self) {
        let processes = self.match_processes(other);
        let threads = self.match_threads(other, &processes);
        self.merge_samples(other, &threads);
        self.merge_meta(&other.meta, false);
    }

    /// This run with the ids that its processes and threads have in another one, matched as in
    /// [`Profile::merge_run`].
    #[must_use]
    pub fn with_ids_of(&self, other: &Self) -> Self {
        let (processes, threads) = (other.processes.clone(), other.threads.clone());
        let mut run = Self { processes, threads, ..Self::default() };
        run.merge_run(self);
        run
    }

    /// Maps every process of another run to one of ours, by position.
    fn match_processes(&mut self, other: &Self) -> Vec<ProcessId> {
        let mine = (0..).map(ProcessId).zip(&self.processes);
        let mut bearers = bearers(mine.map(|(id, process)| (process.name.clone(), id)));
        let first_new = self.processes.len();
        let matched: Vec<ProcessId> = other
            .processes
            .iter()
            .map(|process| {
                first(&mut bearers, &process.name).unwrap_or_else(|| {
                    self.processes.push(process.clone());
                    ProcessId(id(self.processes.len() - 1))
                })
            })
            .collect();
        for index in first_new..self.processes.len() {
            self.processes[index].parent_pid = self.matched_parent(index, &matched, other);
        }
        matched
    }

    /// The parent of a process that we have of another run, as we know it.
    fn matched_parent(&self, index: usize, matched: &[ProcessId], other: &Self) -> u32 {
        let parent_pid = self.processes[index].parent_pid;
        let is_parent = |process: &Process| process.pid == parent_pid;
        let parent = other.processes.iter().position(is_parent);
        parent.map_or(parent_pid, |parent| self.processes[matched[parent].index()].pid)
    }

    /// Maps every thread of another run to one of ours, by position; so the processes.
    fn match_threads(&mut self, other: &Self, processes: &[ProcessId]) -> Vec<ThreadId> {
        let mine = (0..).map(ThreadId).zip(&self.threads);
        let name = |thread: &Thread| (thread.process, thread.name.clone());
        let mut bearers = bearers(mine.map(|(id, thread)| (name(thread), id)));
        let threads = other.threads.iter().map(|thread| {
            let process = thread.process.and_then(|process| processes.get(process.index()));
            let thread = Thread { process: process.copied(), ..thread.clone() };
            first(&mut bearers, &name(&thread)).unwrap_or_else(|| self.add_thread(thread))
        });
        threads.collect()
    }
}

fn bearers<Name: Hash + Eq, Id>(names: impl Iterator<Item = (Name, Id)>) -> Bearers<Name, Id> {
    let mut bearers = Bearers::default();
    for (name, id) in names {
        bearers.entry(name).or_insert_with(VecDeque::new).push_back(id);
    }
    bearers
}

/// The first that bears a name and was not asked for yet.
fn first<Name: Hash + Eq, Id>(bearers: &mut Bearers<Name, Id>, name: &Name) -> Option<Id> {
    bearers.get_mut(name)?.pop_front()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{Frame, Function, Process, Profile, Sample, State, Thread, Unit, View};

    /// A run of a second of processes, by name, pid, pid of the parent and names of threads.
    fn run(processes: &[(&str, u32, u32, &[&str])]) -> Profile {
        let mut profile = Profile::default();
        (profile.meta.duration, profile.meta.ticks) = (Duration::from_secs(1), 100);
        let function = profile.add_function(Function::new("f", "", 0));
        let frame = profile.add_frame(Frame { function, line: 0 });
        let stack = profile.add_stack([frame]);
        let mut native_id = u64::from(processes[0].1);
        for &(name, pid, parent_pid, threads) in processes {
            let process = profile.add_process(Process { name: name.into(), pid, parent_pid });
            for name in threads {
                native_id += 1;
                let thread = Thread { process: Some(process), ..Thread::new(name, native_id) };
                let thread = profile.add_thread(thread);
                let sample = Sample { state: State::Running, wall_ns: 1000, cpu_ns: 0 };
                profile.record(thread, stack, sample);
            }
        }
        profile
    }

    fn pids(profile: &Profile) -> Vec<(u32, u32)> {
        profile.processes().iter().map(|process| (process.pid, process.parent_pid)).collect()
    }

    #[test]
    fn runs_of_one_program_are_one_and_last_one_after_the_other() {
        let mut sum = run(&[("a.py", 10, 1, &["MainThread", "pool", "pool"])]);
        sum.merge_run(&run(&[("a.py", 20, 1, &["MainThread", "pool", "pool", "late"])]));
        assert_eq!(pids(&sum), [(10, 1)]);
        assert_eq!(
            (sum.sampled_threads(), sum.meta.ticks, sum.meta.duration.as_secs()),
            (4, 200, 2)
        );
        assert_eq!(View::default().folded(&sum), "MainThread;f 2\nlate;f 1\npool;f 4\n");
    }

    #[test]
    fn of_one_name_the_first_is_the_first_and_what_is_left_is_added() {
        let mut sum = run(&[("a.py", 10, 1, &["M"]), ("a.py", 11, 10, &["M"])]);
        // Of the same pid as the fork before, which it is not.
        let forks: [(&str, u32, u32, &[&str]); 4] = [
            ("a.py", 20, 1, &["M"]),
            ("a.py", 21, 20, &["M"]),
            ("a.py", 11, 20, &["M"]),
            ("b.py", 22, 11, &["M"]),
        ];
        sum.merge_run(&run(&forks));
        assert_eq!(pids(&sum), [(10, 1), (11, 10), (11, 10), (22, 11)]);
        assert_eq!(sum.sampled_processes(), 4);
        let counts: Vec<u64> = sum.samples().map(|(_, totals)| totals.samples).collect();
        assert_eq!(counts, [2, 2, 1, 1]);
    }

    #[test]
    fn a_run_with_the_ids_of_another_has_its_own_samples_and_facts() {
        let [first, mut second] = [10, 20].map(|pid| run(&[("a.py", pid, 1, &["M"])]));
        second.meta.unit = Unit::Count;
        let renamed = second.with_ids_of(&first);
        assert_eq!(pids(&renamed), [(10, 1)]);
        assert_eq!(renamed.threads(), first.threads());
        assert_eq!((renamed.totals(), renamed.meta), (second.totals(), second.meta));
    }

    #[test]
    fn threads_of_no_known_process_are_matched_as_well() {
        let unknown = |native_id| {
            let mut profile = Profile::default();
            profile.add_thread(Thread::new("MainThread", native_id));
            profile
        };
        let mut sum = unknown(1);
        sum.merge_run(&unknown(2));
        assert_eq!(sum.threads().len(), 1);
        sum.merge_run(&run(&[("a.py", 10, 1, &["MainThread"])]));
        assert_eq!(sum.threads().len(), 2, "of a process is not of none");
    }
}
