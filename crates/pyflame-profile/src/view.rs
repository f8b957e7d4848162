//! How a profile is looked at: which time, which threads, merged how far.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::{
    Category, FrameId, Label, NodeId, Process, ProcessId, Profile, SampleKey, StackId, State,
    Thread, Totals, Tree, Unit,
};

/// Which time a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Time that passed, waiting included.
    #[default]
    Wall,
    /// Time on a CPU.
    Cpu,
}

/// How a profile is turned into a tree. The default shows wall time by function.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct View {
    /// Which time.
    pub measure: Measure,
    /// Whether frames are told apart by executing line, too.
    pub by_line: bool,
    /// Whether each thread gets a root frame, where there is more than one; and around those of its
    /// threads each process, where threads of more than one were sampled. Without, everything is
    /// merged: what one looks for then is the same work, whoever did it.
    pub thread_roots: bool,
}

impl Default for View {
    fn default() -> Self {
        Self { measure: Measure::Wall, by_line: false, thread_roots: true }
    }
}

impl View {
    /// The merged call tree of `profile`.
    pub fn tree(&self, profile: &Profile) -> Tree {
        let mut tree = Tree::new(profile.meta.unit);
        let roots = self.roots(profile, &mut tree);
        let mut places: IndexMap<(NodeId, StackId), NodeId, FxBuildHasher> = IndexMap::default();
        for (SampleKey { thread, stack, state, .. }, totals) in profile.samples() {
            let value = self.value(totals);
            if value == 0 {
                continue;
            }
            let root = roots[thread.index()];
            let mut node = self.place(profile, &mut tree, &mut places, (root, stack));
            if let Some(marker) = self.state_marker(state, profile.meta.unit) {
                let label = marker_label(marker, Category::Waiting);
                let label = tree.label_id(label);
                node = tree.child(node, label);
            }
            tree.add(node, value, totals.samples);
            add_lines(profile, &mut tree, &places, (root, stack), value);
        }
        tree.finish();
        tree
    }

    /// Folded text: a line for each distinct stack, frames from the outermost in, and its value
    /// (microseconds for a timed profile), callers first and what they called by name.
    pub fn folded(&self, profile: &Profile) -> String {
        self.tree(profile).folded()
    }

    fn value(&self, totals: Totals) -> u64 {
        match self.measure {
            Measure::Wall => totals.wall_ns,
            Measure::Cpu => totals.cpu_ns,
        }
    }

    /// On a CPU is what one expects; the other states are written on top of the stack.
    fn state_marker(&self, state: State, unit: Unit) -> Option<&'static str> {
        match (state, self.measure, unit) {
            (State::Running, ..) | (_, Measure::Cpu, _) | (.., Unit::Count) => None,
            (State::Ready, ..) => Some("[waiting for a CPU]"),
            (State::Waiting, ..) => Some("[waiting]"),
        }
    }

    /// The node of each thread below which its stacks are: the tree's root where threads are not
    /// told apart. What belongs to no thread has no frame of its own.
    fn roots(&self, profile: &Profile, tree: &mut Tree) -> Vec<NodeId> {
        if !self.thread_roots {
            return vec![Tree::ROOT; profile.threads().len()];
        }
        let several = profile.sampled_processes() > 1;
        let process_of = |thread: &Thread| thread.process.filter(|_| several);
        let mut sampled = vec![false; profile.threads().len()];
        for (key, _) in profile.samples().filter(|(_, totals)| totals.samples > 0) {
            sampled[key.thread.index()] = true;
        }
        let mut counts: IndexMap<Option<ProcessId>, usize, FxBuildHasher> = IndexMap::default();
        for (thread, sampled) in profile.threads().iter().zip(sampled) {
            let counts_as_one = sampled && !thread.name.is_empty();
            *counts.entry(process_of(thread)).or_default() += usize::from(counts_as_one);
        }
        profile
            .threads()
            .iter()
            .map(|thread| {
                let process = process_of(thread);
                let mut root = Tree::ROOT;
                if let Some(process) = process.and_then(|process| profile.process(process)) {
                    let label =
                        tree.label_id(marker_label(&process_name(process), Category::Thread));
                    root = tree.child(root, label);
                }
                // Beside processes, a thread without one would be taken for the program.
                let is_alone = counts[&process] < 2 && !(several && process.is_none());
                if !is_alone && !thread.name.is_empty() {
                    let label = tree.label_id(marker_label(&thread.name, Category::Thread));
                    root = tree.child(root, label);
                }
                root
            })
            .collect()
    }

    /// The node of a stack below a root, made with all its callers where it does not exist yet.
    fn place(
        &self,
        profile: &Profile,
        tree: &mut Tree,
        places: &mut IndexMap<(NodeId, StackId), NodeId, FxBuildHasher>,
        (root, stack): (NodeId, StackId),
    ) -> NodeId {
        let mut missing: Vec<(StackId, FrameId)> = Vec::new();
        let mut rest = stack;
        let mut node = root;
        while let Some((caller, frame)) = profile.stacks().pop(rest) {
            if let Some(known) = places.get(&(root, rest)) {
                node = *known;
                break;
            }
            missing.push((rest, frame));
            rest = caller;
        }
        for (stack, frame) in missing.into_iter().rev() {
            if let Some(label) = self.label(profile, frame) {
                let label = tree.label_id(label);
                node = tree.child(node, label);
            }
            places.insert((root, stack), node);
        }
        node
    }

    fn label(&self, profile: &Profile, frame: FrameId) -> Option<Label> {
        let (function, line) = profile.frame(frame)?;
        let line = if self.by_line && line != 0 { line } else { function.first_line };
        let (name, file) = (function.name.clone(), function.file.clone());
        Some(Label { name, file, line, category: function.category })
    }
}

/// Tells each node of the stack which of its lines the value belongs to.
fn add_lines(
    profile: &Profile,
    tree: &mut Tree,
    places: &IndexMap<(NodeId, StackId), NodeId, FxBuildHasher>,
    (root, stack): (NodeId, StackId),
    value: u64,
) {
    let mut rest = stack;
    while let Some((caller, frame)) = profile.stacks().pop(rest) {
        if let (Some(node), Some((_, line))) = (places.get(&(root, rest)), profile.frame(frame))
            && line != 0
        {
            tree.add_line(*node, line, value);
        }
        rest = caller;
    }
}

fn process_name(process: &Process) -> String {
    match &*process.name {
        "" => format!("(pid {})", process.pid),
        name => format!("{name} (pid {})", process.pid),
    }
}

fn marker_label(name: &str, category: Category) -> Label {
    Label { name: name.into(), file: "".into(), line: 0, category }
}

#[cfg(test)]
mod tests {
    use super::View;
    use crate::{Category, Frame, Function, Process, Profile, Sample, State, Thread, parse_folded};

    /// A name and a pid, where they are known, and names of threads.
    type Threads<'a> = (Option<(&'a str, u32)>, &'a [&'a str]);

    /// A profile of processes, each with its threads, in each of which `f` ran once.
    fn profile(processes: &[Threads<'_>]) -> Profile {
        let mut profile = Profile::default();
        let function = profile.add_function(Function::new("f", "/a.py", 0));
        let frame = profile.add_frame(Frame { function, line: 0 });
        let stack = profile.add_stack([frame]);
        for (process, threads) in processes {
            let process = process.map(|(name, pid)| {
                profile.add_process(Process { name: name.into(), pid, parent_pid: 1 })
            });
            for name in *threads {
                let thread = profile.add_thread(Thread { process, ..Thread::new(name, 7) });
                let sample = Sample { state: State::Running, wall_ns: 1000, cpu_ns: 0 };
                profile.record(thread, stack, sample);
            }
        }
        profile
    }

    #[test]
    fn processes_are_roots_where_there_is_more_than_one() {
        let profile = profile(&[(Some(("main.py", 3)), &["A"]), (Some(("", 4)), &["B", "C"])]);
        let folded = View::default().folded(&profile);
        let expected =
            "(pid 4);B;f (/a.py) 1\n(pid 4);C;f (/a.py) 1\nmain.py (pid 3);f (/a.py) 1\n";
        assert_eq!(folded, expected);
        let merged = View { thread_roots: false, ..View::default() };
        assert_eq!(merged.folded(&profile), "f (/a.py) 3\n");
    }

    #[test]
    fn one_process_shows_what_is_shown_without_any() {
        let threads: &[&str] = &["A", "B"];
        for process in [None, Some(("main.py", 3))] {
            let folded = View::default().folded(&profile(&[(process, threads)]));
            assert_eq!(folded, "A;f (/a.py) 1\nB;f (/a.py) 1\n");
        }
        let known_and_not = profile(&[(Some(("main.py", 3)), &["A"]), (None, &["B"])]);
        assert_eq!(View::default().folded(&known_and_not), "A;f (/a.py) 1\nB;f (/a.py) 1\n");
        let sampled = profile(&[(Some(("main.py", 3)), &["A"]), (Some(("idle.py", 4)), &[])]);
        assert_eq!(View::default().folded(&sampled), "f (/a.py) 1\n");
    }

    #[test]
    fn beside_processes_a_thread_of_none_has_its_name() {
        let processes =
            [(Some(("a", 3)), ["A"].as_slice()), (Some(("b", 4)), &["B"]), (None, &["C"])];
        let folded = View::default().folded(&profile(&processes));
        assert_eq!(folded, "C;f (/a.py) 1\na (pid 3);f (/a.py) 1\nb (pid 4);f (/a.py) 1\n");
    }

    #[test]
    fn what_belongs_to_no_thread_is_no_second_thread() {
        let beside_a_marker = profile(&[(None, &["A", ""])]);
        assert_eq!(View::default().folded(&beside_a_marker), "f (/a.py) 2\n");
    }

    #[test]
    fn a_process_in_folded_text_is_no_function_in_a_file() {
        let profile = parse_folded("main.py (pid 3);f (/a.py) 1\n").0;
        let root = profile.functions().next().unwrap();
        assert_eq!((&*root.name, root.category), ("main.py (pid 3)", Category::Thread));
    }
}
