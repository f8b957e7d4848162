//! Stacks in the order in which they are drawn: by their frames from the outermost in.
//!
//! Frames are numbers here that compare as their labels do. Comparing whole stacks would read
//! memory all over the place; instead four frames at a time are packed into one number beside the
//! stack's own, those pairs are sorted, and only stacks with four equal frames look further.

use super::batch::{Batch, Line};

/// How many frames one number holds.
const PACKED: usize = 4;

/// The lines of `batch`, ordered; `frames` are its frames as comparable numbers.
pub(super) fn sort(batch: &Batch) -> Vec<Line> {
    let mut keyed: Vec<(u128, Line)> = batch.lines.iter().map(|line| (0, *line)).collect();
    let mut pending = vec![(0, keyed.len(), 0)];
    while let Some((start, end, depth)) = pending.pop() {
        let Some(part) = keyed.get_mut(start..end) else { continue };
        for (key, line) in part.iter_mut() {
            *key = pack(batch.stack(*line), depth);
        }
        part.sort_unstable_by_key(|(key, _)| *key);
        let mut first = start;
        for run in keyed[start..end].chunk_by(|a, b| a.0 == b.0) {
            // The last place is 0 where the stack ends before it, and then there is no more.
            if run.len() > 1 && run[0].0 & u128::from(u32::MAX) != 0 {
                pending.push((first, first + run.len(), depth + PACKED));
            }
            first += run.len();
        }
    }
    keyed.into_iter().map(|(_, line)| line).collect()
}

/// Four frames from `depth` on, the first in the upper bits; a missing one sorts first.
fn pack(stack: &[u32], depth: usize) -> u128 {
    let frames = stack.get(depth..).unwrap_or_default();
    (0..PACKED).fold(0, |key, position| {
        let frame = frames.get(position).map_or(0, |frame| u128::from(*frame) + 1);
        key << 32 | frame
    })
}
