//! How a profile is looked at: which time, which threads, merged how far.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::{
    Category, FrameId, Label, NodeId, Profile, SampleKey, StackId, State, Thread, Totals, Tree,
    Unit,
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
    /// Whether each thread gets a root frame, where there is more than one.
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
        let roots = self.thread_roots(profile, &mut tree);
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
    /// (microseconds for a timed profile), ordered by text.
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

    /// A root node for each thread, all the same where threads are not told apart. What belongs to
    /// no thread has none.
    fn thread_roots(&self, profile: &Profile, tree: &mut Tree) -> Vec<NodeId> {
        if !self.thread_roots || profile.sampled_threads() < 2 {
            return vec![Tree::ROOT; profile.threads().len()];
        }
        profile
            .threads()
            .iter()
            .map(|thread: &Thread| {
                if thread.name.is_empty() {
                    return Tree::ROOT;
                }
                let label = tree.label_id(marker_label(&thread.name, Category::Thread));
                tree.child(Tree::ROOT, label)
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

fn marker_label(name: &str, category: Category) -> Label {
    Label { name: name.into(), file: "".into(), line: 0, category }
}
