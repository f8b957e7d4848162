//! Stacks as paths in a tree.
//!
//! A stack is a node `(caller's stack, frame)`, so two stacks that share their first frames share
//! the nodes of them, and a whole stack is one integer. A node's parent always has a smaller id
//! than the node, which lets a reader visit parents first by counting up.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use crate::FrameId;

/// Names a stack within one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(u32);

impl StackId {
    /// The stack without frames.
    pub const EMPTY: Self = Self(0);

    /// The stack's position: 0 for the empty one, and a caller's is smaller than its callees'.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// All distinct stacks of a profile.
#[derive(Clone, Debug, Default)]
pub struct StackTable {
    /// Node `i` is stack `i + 1`; stack 0 is the empty one.
    nodes: IndexSet<(StackId, FrameId), FxBuildHasher>,
}

impl StackTable {
    /// The stack that results when the innermost function of `caller` calls `frame`.
    pub fn push(&mut self, caller: StackId, frame: FrameId) -> StackId {
        let (index, _) = self.nodes.insert_full((caller, frame));
        StackId(u32::try_from(index + 1).unwrap_or(u32::MAX))
    }

    /// The caller's stack and the innermost frame; `None` for the empty stack.
    pub fn pop(&self, stack: StackId) -> Option<(StackId, FrameId)> {
        let index = (stack.0 as usize).checked_sub(1)?;
        self.nodes.get_index(index).copied()
    }

    /// The frames of `stack`, innermost first.
    pub fn frames(&self, stack: StackId) -> impl Iterator<Item = FrameId> + '_ {
        let mut rest = stack;
        std::iter::from_fn(move || {
            let (caller, frame) = self.pop(rest)?;
            rest = caller;
            Some(frame)
        })
    }

    /// Every stack with its caller's stack and its innermost frame, callers before callees.
    pub fn iter(&self) -> impl Iterator<Item = (StackId, StackId, FrameId)> + '_ {
        (1..).zip(&self.nodes).map(|(id, &(caller, frame))| (StackId(id), caller, frame))
    }

    /// How many distinct stacks there are, the empty one not counted.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether only the empty stack exists.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
