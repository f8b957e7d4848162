//! The merged call tree: what every picture is drawn from.
//!
//! A node is a function at one place of the call hierarchy. Its total is its own value (`self`)
//! and that of its callees. Children are kept in the order in which they are drawn, by label,
//! so that equal profiles give equal trees; a node's own value is drawn left of its callees.
//!
//! A tree grows by [`Tree::child`] and [`Tree::add`] and is complete after [`Tree::finish`]. A
//! reader that has summed up and placed everything itself uses [`Tree::place`] instead.

mod difference;

use indexmap::{IndexMap, IndexSet};
use rustc_hash::FxBuildHasher;

use crate::{Category, Unit};

/// What is written on a frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// Function name, thread name, or a marker such as `[waiting]`.
    pub name: Box<str>,
    /// File name; empty where there is none.
    pub file: Box<str>,
    /// First line of the function, or the executing line in a tree by line; 0 for none.
    pub line: u32,
    /// Whose code it is.
    pub category: Category,
}

impl Label {
    /// The label as one line of text, `name (file:line)`; the form that folded text uses.
    pub fn text(&self) -> String {
        match (&*self.file, self.line) {
            ("", _) => self.name.to_string(),
            (file, 0) => format!("{} ({file})", self.name),
            (file, line) => format!("{} ({file}:{line})", self.name),
        }
    }
}

/// Names a [`Label`] within one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelId(u32);

/// Names a [`Node`] within one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    /// The node's position in [`Tree::iter`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A function at one place of the call hierarchy.
#[derive(Clone, Debug)]
pub struct Node {
    /// What is written on it.
    pub label: LabelId,
    /// Value of the samples in which it is innermost, in the tree's unit.
    pub self_value: u64,
    /// Value of the samples in which it is at all.
    pub total: u64,
    /// In a differential tree, what `self_value` was before.
    pub self_before: u64,
    /// In a differential tree, what `total` was before.
    pub before: u64,
    /// Value of everything that is drawn left of it.
    pub start: u64,
    /// How many samples it is in.
    pub samples: u64,
    /// Callees, ordered by label after [`Tree::finish`].
    pub children: Vec<NodeId>,
    /// Value by executing line.
    pub lines: IndexMap<u32, u64, FxBuildHasher>,
}

/// A merged call tree. Node 0 is the root, which stands for everything.
#[derive(Clone, Debug)]
pub struct Tree {
    labels: IndexSet<Label, FxBuildHasher>,
    nodes: Vec<Node>,
    places: IndexMap<(NodeId, LabelId), NodeId, FxBuildHasher>,
    /// What the values count.
    pub unit: Unit,
    /// How many of a value make one of what it counts; more than 1 where counts had fractions.
    pub scale: u64,
    /// Whether the tree compares two profiles, so that values from before mean something.
    pub differential: bool,
    /// The comparison is the other way round: values are those of before, and what is called
    /// before is what came after. Widths then show what has gone.
    pub backwards: bool,
    /// What a reader left out because it is too small to be seen.
    pub left_out: LeftOut,
}

/// What is missing from a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many nodes.
    pub nodes: u64,
    /// Value of the outermost of them, so that nothing counts twice.
    pub value: u64,
}

impl Tree {
    /// The node that stands for everything.
    pub const ROOT: NodeId = NodeId(0);

    /// A tree with nothing but a root.
    pub fn new(unit: Unit) -> Self {
        let mut labels = IndexSet::default();
        let root =
            Label { name: "all".into(), file: "".into(), line: 0, category: Category::Thread };
        labels.insert(root);
        Self {
            labels,
            nodes: vec![Node::new(LabelId(0))],
            places: IndexMap::default(),
            unit,
            scale: 1,
            differential: false,
            backwards: false,
            left_out: LeftOut::default(),
        }
    }

    /// Interns a label.
    pub fn label_id(&mut self, label: Label) -> LabelId {
        LabelId(u32::try_from(self.labels.insert_full(label).0).unwrap_or(u32::MAX))
    }

    /// The callee of `parent` with this label, made where it does not exist yet.
    pub fn child(&mut self, parent: NodeId, label: LabelId) -> NodeId {
        let next = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        let node = *self.places.entry((parent, label)).or_insert(next);
        if node == next {
            self.nodes.push(Node::new(label));
            self.nodes[parent.0 as usize].children.push(node);
        }
        node
    }

    /// Adds a value to `node` as its own.
    pub fn add(&mut self, node: NodeId, value: u64, samples: u64) {
        let node = &mut self.nodes[node.0 as usize];
        node.self_value = node.self_value.saturating_add(value);
        node.samples = node.samples.saturating_add(samples);
    }

    /// In a differential tree, a later and an earlier value in the order of time, given what a
    /// node has and what it has as `before`.
    pub fn later_and_earlier(&self, value: u64, before: u64) -> (u64, u64) {
        if self.backwards { (before, value) } else { (value, before) }
    }

    /// Adds a value to what `node` had as its own before, in a differential tree.
    pub fn add_before(&mut self, node: NodeId, value: u64) {
        let node = &mut self.nodes[node.0 as usize];
        node.self_before = node.self_before.saturating_add(value);
    }

    /// Says which line of `node` was executing for `value`.
    pub fn add_line(&mut self, node: NodeId, line: u32, value: u64) {
        let sum = self.nodes[node.0 as usize].lines.entry(line).or_default();
        *sum = sum.saturating_add(value);
    }

    /// Sums up totals and brings children into order; call it once, after the last `add`.
    pub fn finish(&mut self) {
        // A child is made after its parent, so counting down visits callees first.
        for index in (0..self.nodes.len()).rev() {
            let mut children = std::mem::take(&mut self.nodes[index].children);
            children.sort_by(|a, b| self.label(*a).cmp(self.label(*b)));
            let (mut total, mut before, mut samples) = (0_u64, 0_u64, 0_u64);
            for child in &children {
                let child = self.node(*child);
                total = total.saturating_add(child.total);
                before = before.saturating_add(child.before);
                samples = samples.saturating_add(child.samples);
            }
            let node = &mut self.nodes[index];
            node.total = node.self_value.saturating_add(total);
            node.before = node.self_before.saturating_add(before);
            node.samples = node.samples.saturating_add(samples);
            node.children = children;
            node.lines.sort_unstable_keys();
        }
        self.place_children();
    }

    /// Gives every node its start, callers first.
    fn place_children(&mut self) {
        for index in 0..self.nodes.len() {
            let node = &mut self.nodes[index];
            let mut start = node.start.saturating_add(node.self_value);
            let children = std::mem::take(&mut node.children);
            for child in &children {
                let child = &mut self.nodes[child.0 as usize];
                child.start = start;
                start = start.saturating_add(child.total);
            }
            self.nodes[index].children = children;
        }
    }

    /// Appends a callee that is complete: summed up, and placed right of those that `parent` has.
    pub fn place(&mut self, parent: NodeId, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        self.nodes[parent.0 as usize].children.push(id);
        id
    }

    /// Gives the root its values, where [`Tree::place`] gave the others theirs.
    pub fn place_root(&mut self, values: Node) {
        let children = std::mem::take(&mut self.nodes[0].children);
        self.nodes[0] = Node { label: LabelId(0), children, ..values };
    }

    /// The same values with every stack turned round: at the root stands what was innermost.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let mut reversed = Self::new(self.unit);
        (reversed.scale, reversed.differential) = (self.scale, self.differential);
        reversed.backwards = self.backwards;
        let callers = self.callers();
        for (index, node) in self.nodes.iter().enumerate() {
            if node.self_value == 0 && node.self_before == 0 {
                continue;
            }
            let (mut place, mut rest) = (Self::ROOT, index);
            while rest != 0 {
                let label = self.labels[self.nodes[rest].label.0 as usize].clone();
                let label = reversed.label_id(label);
                place = reversed.child(place, label);
                rest = callers[rest] as usize;
            }
            let below = node.children.iter().map(|child| self.node(*child).samples);
            let below = below.fold(0_u64, u64::saturating_add);
            reversed.add(place, node.self_value, node.samples.saturating_sub(below));
            reversed.add_before(place, node.self_before);
        }
        reversed.finish();
        // What a reader left out has no place in either tree, and is a part of the whole in both.
        reversed.left_out = self.left_out;
        let root = &mut reversed.nodes[0];
        root.total = root.total.saturating_add(self.left_out.value);
        reversed
    }

    /// The caller of each node, by index; the root is its own.
    fn callers(&self) -> Vec<u32> {
        let mut callers = vec![0; self.nodes.len()];
        for (caller, node) in (0..).zip(&self.nodes) {
            for child in &node.children {
                callers[child.0 as usize] = caller;
            }
        }
        callers
    }

    /// A node.
    pub fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node.0 as usize]
    }

    /// Names what is written on a node.
    pub fn label_of(&self, node: NodeId) -> LabelId {
        self.node(node).label
    }

    /// What is written on a node.
    pub fn label(&self, node: NodeId) -> &Label {
        &self.labels[self.node(node).label.0 as usize]
    }

    /// Every node, callers before callees.
    pub fn iter(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// How many nodes there are, the root among them.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing but the root is there.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }
}

impl Node {
    /// A node without values.
    pub fn new(label: LabelId) -> Self {
        Self {
            label,
            self_value: 0,
            total: 0,
            self_before: 0,
            before: 0,
            start: 0,
            samples: 0,
            children: Vec::new(),
            lines: IndexMap::default(),
        }
    }
}

#[cfg(test)]
mod tests;
