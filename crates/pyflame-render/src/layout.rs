//! Where each frame of a tree goes: a row and a stretch of the whole.
//!
//! Frames come callers first, each followed at once by everything below it, so that the frames of
//! a subtree stand together; the picture's script relies on that order.

use pyflame_profile::{NodeId, Tree};

/// A frame that is wide enough to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) node: NodeId,
    /// 0 for the root.
    pub(crate) depth: u32,
    /// Value left of it.
    pub(crate) start: u64,
}

/// What was too narrow to be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) frames: u64,
    /// Value of the outermost ones, so that nothing counts twice.
    pub(crate) value: u64,
}

/// All places of a tree.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) frames: Vec<Placed>,
    pub(crate) dropped: Dropped,
    /// How many rows the frames fill.
    pub(crate) rows: u32,
    /// What the full width stands for.
    pub(crate) total: u64,
}

impl Layout {
    /// Places the frames of `tree` whose share of the whole is at least `min_share`.
    pub(crate) fn new(tree: &Tree, min_share: f64) -> Self {
        let total = tree.node(Tree::ROOT).total;
        let mut layout = Self { frames: Vec::new(), dropped: Dropped::default(), rows: 0, total };
        // Depth first by hand, and not by recursion: stacks can be deeper than ours.
        let mut pending = vec![Placed { node: Tree::ROOT, depth: 0, start: 0 }];
        let least = least_value(total, min_share);
        while let Some(placed) = pending.pop() {
            let node = tree.node(placed.node);
            if node.total < least {
                layout.dropped.frames += count_below(tree, placed.node);
                layout.dropped.value += node.total;
                continue;
            }
            layout.rows = layout.rows.max(placed.depth + 1);
            layout.frames.push(placed);
            let mut end = placed.start.saturating_add(node.total);
            // The callees' values stand at the left, the node's own at the right.
            end = end.saturating_sub(node.self_value);
            for &child in node.children.iter().rev() {
                end = end.saturating_sub(tree.node(child).total);
                pending.push(Placed { node: child, depth: placed.depth + 1, start: end });
            }
        }
        layout
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a threshold for drawing; an error of 2^-53 moves no visible frame"
)]
fn least_value(total: u64, min_share: f64) -> u64 {
    ((total as f64 * min_share).ceil() as u64).max(1)
}

fn count_below(tree: &Tree, node: NodeId) -> u64 {
    let mut count = 0;
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        count += 1;
        pending.extend(&tree.node(node).children);
    }
    count
}

#[cfg(test)]
mod tests {
    use pyflame_profile::{View, parse_folded};

    use super::{Dropped, Layout};

    fn layout(text: &str, min_share: f64) -> (Layout, Vec<(String, u32, u64)>) {
        let tree = View::default().tree(&parse_folded(text).0);
        let layout = Layout::new(&tree, min_share);
        let name = |placed: &super::Placed| tree.label(placed.node).name.to_string();
        let frames = layout.frames.iter().map(|p| (name(p), p.depth, p.start)).collect();
        (layout, frames)
    }

    #[test]
    fn frames_come_callers_first_and_subtrees_together() {
        let (_, frames) = layout("a;b;c 1\na;d 2\ne 3\n", 0.0);
        let frames: Vec<_> = frames.iter().map(|f| (f.0.as_str(), f.1, f.2)).collect();
        let expected =
            [("all", 0, 0), ("a", 1, 0), ("b", 2, 0), ("c", 3, 0), ("d", 2, 1), ("e", 1, 3)];
        assert_eq!(frames, expected);
    }

    #[test]
    fn narrow_frames_are_left_out_and_counted_once() {
        let (layout, frames) = layout("a;b;c 1\na;d 99\n", 0.02);
        assert_eq!(layout.dropped, Dropped { frames: 2, value: 1 });
        assert_eq!(frames.iter().find(|f| f.0 == "d").map(|f| f.2), Some(1));
    }

    #[test]
    fn a_tree_without_values_has_no_frames() {
        let (layout, _) = layout("", 0.0);
        assert_eq!((layout.rows, layout.frames.len()), (0, 0));
    }
}
