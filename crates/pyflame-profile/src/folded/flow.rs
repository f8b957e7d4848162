//! From ordered stacks to a tree: neighbours share their first frames.
//!
//! A frame is open while stacks pass by that begin with the frames up to it, and is complete when
//! one comes that does not. What is too small is then forgotten at once, so that no more than
//! what will be drawn is ever held, however many different stacks there are.

use crate::{Category, Label, LabelId, LeftOut, Node, NodeId, Tree};

/// A frame whose stacks still come.
#[derive(Debug)]
struct Open {
    label: u32,
    start: u64,
    self_value: u64,
    self_before: u64,
    before: u64,
    /// Total of the callees that are complete and kept.
    kept: u64,
}

/// A frame that is complete and big enough.
#[derive(Debug)]
struct Closed {
    label: u32,
    depth: u32,
    total: u64,
    open: Open,
}

#[derive(Debug)]
pub(super) struct Flow {
    least: u64,
    /// The root, and the frames of the last stack.
    open: Vec<Open>,
    closed: Vec<Closed>,
    now: u64,
    left_out: LeftOut,
}

impl Flow {
    /// Keeps frames of at least `least`.
    pub(super) fn new(least: u64) -> Self {
        let root = Open::new(u32::MAX, 0);
        let left_out = LeftOut::default();
        Self { least: least.max(1), open: vec![root], closed: Vec::new(), now: 0, left_out }
    }

    /// Takes the next stack, outermost frame first.
    pub(super) fn push(&mut self, stack: &[u32], value: u64, before: u64) {
        let open = self.open.iter().skip(1).map(|open| open.label);
        let shared = open.zip(stack).take_while(|(open, frame)| open == *frame).count();
        while self.open.len() > shared + 1 {
            self.close();
        }
        let now = self.now;
        self.now = now.saturating_add(value);
        // Of a sum beyond what fits, the rest is as if it had not been counted.
        let value = self.now - now;
        self.open.extend(stack.iter().skip(shared).map(|label| Open::new(*label, now)));
        if let Some(innermost) = self.open.last_mut() {
            innermost.self_value += value;
            innermost.self_before = innermost.self_before.saturating_add(before);
        }
    }

    /// Completes the innermost open frame.
    fn close(&mut self) {
        let depth = u32::try_from(self.open.len() - 1).unwrap_or(u32::MAX);
        let Some(mut open) = self.open.pop() else { return };
        let total = self.now - open.start;
        open.before = open.before.saturating_add(open.self_before);
        if let Some(caller) = self.open.last_mut() {
            caller.before = caller.before.saturating_add(open.before);
            if total < self.least {
                self.left_out.nodes += u64::from(total > 0);
                return;
            }
            caller.kept += total;
        }
        self.left_out.value += total - open.self_value - open.kept;
        self.closed.push(Closed { label: open.label, depth, total, open });
    }

    /// Completes everything and places it in `tree`; `labels` are what the frames' numbers mean.
    ///
    /// With `thread_roots`, outermost frames without a place are taken for threads, provided that
    /// functions have places.
    pub(super) fn finish(mut self, tree: &mut Tree, labels: &[Label], thread_roots: bool) {
        while !self.open.is_empty() {
            self.close();
        }
        tree.left_out = self.left_out;
        // Callers first, from left to right.
        self.closed.sort_unstable_by_key(|closed| (closed.open.start, closed.depth));
        let thread_roots = thread_roots && labels.iter().any(|label| !label.file.is_empty());
        let mut path: Vec<NodeId> = Vec::new();
        for closed in &self.closed {
            path.truncate(closed.depth as usize);
            let Some(caller) = path.last() else {
                tree.place_root(closed.node(tree.label_of(Tree::ROOT)));
                path.push(Tree::ROOT);
                continue;
            };
            let label = &labels[closed.label as usize];
            let mut label = label.clone();
            if thread_roots && closed.depth == 1 && label.file.is_empty() {
                label.category = label.category.max(Category::Thread);
            }
            let label = tree.label_id(label);
            path.push(tree.place(*caller, closed.node(label)));
        }
    }
}

impl Open {
    fn new(label: u32, start: u64) -> Self {
        Self { label, start, self_value: 0, self_before: 0, before: 0, kept: 0 }
    }
}

impl Closed {
    fn node(&self, label: LabelId) -> Node {
        let mut node = Node::new(label);
        node.start = self.open.start;
        node.total = self.total;
        node.self_value = self.open.self_value;
        node.self_before = self.open.self_before;
        node.before = self.open.before;
        node
    }
}
