//! Which frames of a tree are drawn, and in which row.
//!
//! Frames come callers first, each followed at once by everything below it.

use std::cmp::Reverse;

use pyflame_profile::{LeftOut, NodeId, Tree};

/// How many frames get a hover title. Half of what a browser does to open a picture is done for
/// titles, and of more frames than these only the widest can be pointed at.
const MOST_TITLES: usize = 10_000;

/// From how many frames on those without a title are drawn together. An element of its own costs
/// a browser 20 µs for each frame; a few more than have titles are not worth the difference.
const PACKED_FROM: usize = 12_500;

/// A frame that is wide enough to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) node: NodeId,
    /// 0 for the root.
    pub(crate) depth: u32,
    /// Whether it gets a hover title.
    pub(crate) titled: bool,
}

/// All places of a tree.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) frames: Vec<Placed>,
    /// What was too narrow to be drawn.
    pub(crate) left_out: LeftOut,
    /// How many rows the frames fill.
    pub(crate) rows: u32,
    /// What the full width stands for.
    pub(crate) total: u64,
    /// Whether there are so many frames that those without a title are drawn together.
    pub(crate) is_packed: bool,
}

impl Layout {
    /// Takes the frames of `tree` whose share of the whole is at least `min_share`. The whole is
    /// `total` where that is more than what the tree holds.
    pub(crate) fn new(tree: &Tree, total: u64, min_share: f64) -> Self {
        let total = total.max(tree.node(Tree::ROOT).total);
        let mut layout =
            Self { frames: Vec::new(), left_out: tree.left_out, rows: 0, total, is_packed: false };
        // Depth first by hand, and not by recursion: stacks can be deeper than ours.
        let mut pending = vec![Placed { node: Tree::ROOT, depth: 0, titled: true }];
        let least = least_value(total, min_share);
        while let Some(placed) = pending.pop() {
            let node = tree.node(placed.node);
            if node.total < least {
                // What has no value at all is not missed.
                let missed = if node.total > 0 { count_below(tree, placed.node) } else { 0 };
                layout.left_out.nodes += missed;
                layout.left_out.value = layout.left_out.value.saturating_add(node.total);
                continue;
            }
            layout.rows = layout.rows.max(placed.depth + 1);
            layout.frames.push(placed);
            let depth = placed.depth + 1;
            let placed = |&node| Placed { node, depth, titled: true };
            pending.extend(node.children.iter().rev().map(placed));
        }
        layout.title_the_widest(tree, MOST_TITLES);
        layout.is_packed = layout.frames.len() >= PACKED_FROM;
        layout
    }

    /// Takes the title from all but the `most` widest frames; of equal ones, callers keep it.
    fn title_the_widest(&mut self, tree: &Tree, most: usize) {
        let mut order: Vec<usize> = (0..self.frames.len()).collect();
        if order.len() <= most {
            return;
        }
        let width = |index: &usize| tree.node(self.frames[*index].node).total;
        order.sort_by_key(|index| Reverse(width(index)));
        for index in order.into_iter().skip(most) {
            self.frames[index].titled = false;
        }
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
    use pyflame_profile::{LeftOut, View, parse_folded};

    use super::Layout;

    fn layout(text: &str, min_share: f64) -> (Layout, Vec<(String, u32)>) {
        let tree = View::default().tree(&parse_folded(text).0);
        let layout = Layout::new(&tree, 0, min_share);
        let name = |placed: &super::Placed| tree.label(placed.node).name.to_string();
        let frames = layout.frames.iter().map(|p| (name(p), p.depth)).collect();
        (layout, frames)
    }

    #[test]
    fn frames_come_callers_first_and_subtrees_together() {
        let (_, frames) = layout("a;b;c 1\na;d 2\ne 3\n", 0.0);
        let frames: Vec<_> = frames.iter().map(|f| (f.0.as_str(), f.1)).collect();
        assert_eq!(frames, [("all", 0), ("a", 1), ("b", 2), ("c", 3), ("d", 2), ("e", 1)]);
    }

    #[test]
    fn narrow_frames_are_left_out_and_counted_once() {
        let (layout, frames) = layout("a;b;c 1\na;d 99\n", 0.02);
        assert_eq!(layout.left_out, LeftOut { nodes: 2, value: 1 });
        assert_eq!(frames.len(), 3);
    }

    #[test]
    fn the_whole_can_be_more_than_what_the_tree_holds() {
        let tree = View::default().tree(&parse_folded("a 5\n").0);
        assert_eq!(Layout::new(&tree, 20, 0.5).left_out.nodes, 2);
        assert_eq!(Layout::new(&tree, 2, 0.5).total, 5);
    }

    #[test]
    fn the_widest_frames_and_of_equal_ones_the_callers_keep_their_titles() {
        let tree = View::default().tree(&parse_folded("a;b;c 3\na;d 1\ne 5\n").0);
        let mut layout = Layout::new(&tree, 0, 0.0);
        layout.title_the_widest(&tree, 4);
        let titled: Vec<bool> = layout.frames.iter().map(|placed| placed.titled).collect();
        // all, a, b, c, d, e
        assert_eq!(titled, [true, true, true, false, false, true]);
    }

    #[test]
    fn a_tree_without_values_has_no_frames() {
        let (layout, _) = layout("", 0.0);
        assert_eq!((layout.rows, layout.frames.len()), (0, 0));
    }
}
