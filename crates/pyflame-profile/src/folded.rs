//! Folded text, the format of flamegraph.pl: `outer;inner COUNT`, a line for each stack.
//!
//! [`parse_folded`] reads it into a profile; [`read_tree`] reads much of it, fast, into a tree.

mod batch;
mod blocks;
mod flow;
mod frame_text;
mod order;
mod tree_reader;

use std::fmt::Write as _;

use thiserror::Error;

pub use frame_text::{escape_frame, unescape_frame};
pub use tree_reader::{ReadError, Reading, Report, Unreadable, read_tree};

use crate::{
    Engine, Frame, LabelsId, Meta, NodeId, Profile, SampleKey, StackId, State, Thread, Totals,
    Tree, Unit,
};
use frame_text::parse_frame;

/// Why a line of folded text can't be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {reason}")]
pub struct FoldedError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Tree {
    /// Folded text: a line for each distinct stack that has a value of its own.
    ///
    /// Values are microseconds for a timed tree, rounded so that their sum is right to one
    /// microsecond, and plain counts otherwise. A differential tree has two on a line: what was
    /// before, and what is.
    pub fn folded(&self) -> String {
        let mut lines: Vec<(String, u64, u64)> = Vec::new();
        // Depth first, by hand: stacks can be deeper than ours.
        let mut pending: Vec<(NodeId, usize, usize)> = vec![(Self::ROOT, 0, 0)];
        let mut path = String::new();
        while let Some((node, keep, depth)) = pending.pop() {
            path.truncate(keep);
            if node != Self::ROOT {
                // A frame can be without a name, so that the path may be empty for a while.
                if depth > 1 {
                    path.push(';');
                }
                path.push_str(&escape_frame(&self.label(node).text()));
            }
            let data = self.node(node);
            if data.self_value > 0 || (self.differential && data.self_before > 0) {
                let path = if path.is_empty() { "[no Python frames]" } else { &path };
                let (now, before) = self.later_and_earlier(data.self_value, data.self_before);
                lines.push((path.to_owned(), now, before));
            }
            pending.extend(data.children.iter().rev().map(|child| (*child, path.len(), depth + 1)));
        }
        write_lines(&lines, self)
    }
}

fn write_lines(lines: &[(String, u64, u64)], tree: &Tree) -> String {
    let mut text = String::new();
    let (mut now, mut before) = (Rounding::of(tree), Rounding::of(tree));
    for (path, value, value_before) in lines {
        let value = now.round(*value);
        let value_before = tree.differential.then(|| before.round(*value_before));
        if value > 0 || value_before.is_some_and(|before| before > 0) {
            text.push_str(path);
            for value in value_before.into_iter().chain([value]) {
                _ = write!(text, " {}", decimal(value, now.scale)); // Can't fail for a string.
            }
            text.push('\n');
        }
    }
    text
}

/// Rounds by carrying the remainder from line to line, so that no time is lost to rounding.
struct Rounding {
    divisor: u64,
    /// What is left stands for that many times itself.
    scale: u64,
    remainder: u64,
}

impl Rounding {
    /// Times are written in microseconds, counts as they were read, fractions included.
    fn of(tree: &Tree) -> Self {
        match tree.unit {
            Unit::Nanoseconds => Self { divisor: 1_000 * tree.scale, scale: 1, remainder: 0 },
            Unit::Count => Self { divisor: 1, scale: tree.scale, remainder: 0 },
        }
    }

    fn round(&mut self, value: u64) -> u64 {
        let value = value.saturating_add(self.remainder);
        self.remainder = value % self.divisor;
        value / self.divisor
    }
}

/// `value / scale`, where `scale` is a power of ten, without zeros at the end.
fn decimal(value: u64, scale: u64) -> String {
    let digits = scale.ilog10() as usize;
    match value % scale {
        0 => (value / scale).to_string(),
        fraction => {
            let fraction = format!("{fraction:0digits$}");
            format!("{}.{}", value / scale, fraction.trim_end_matches('0'))
        }
    }
}

/// Reads folded text into a profile that counts. Empty lines are passed over; lines that can't
/// be read are reported and left out.
///
/// ```
/// let (profile, errors) = pyflame_profile::parse_folded("main;work 3\nmain;rest 1\nbad\n");
/// assert_eq!(profile.totals().samples, 4);
/// assert_eq!(errors[0].line, 3);
/// ```
pub fn parse_folded(text: &str) -> (Profile, Vec<FoldedError>) {
    let meta = Meta { unit: Unit::Count, engine: Engine::Imported, ..Meta::default() };
    let mut profile = Profile::default();
    profile.meta = meta;
    let thread = profile.add_thread(Thread::default());
    let mut errors = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        match split_count(line) {
            Ok((frames, count)) => {
                let stack = frames.split(';').fold(StackId::EMPTY, |caller, frame| {
                    let function = profile.add_function(parse_frame(&unescape_frame(frame)));
                    let frame = profile.add_frame(Frame { function, line: 0 });
                    profile.push_frame(caller, frame)
                });
                let totals = Totals { samples: count, wall_ns: count, cpu_ns: count };
                let (state, labels) = (State::Running, LabelsId::NONE);
                profile.record_totals(SampleKey { thread, stack, state, labels }, totals);
            }
            Err(reason) => errors.push(FoldedError { line: number, reason }),
        }
    }
    (profile, errors)
}

fn split_count(line: &str) -> Result<(&str, u64), &'static str> {
    let (frames, count) = line.rsplit_once(' ').ok_or("no count at the end of the line")?;
    let count = count.parse().map_err(|_| "the count is not a whole number")?;
    if frames.trim().is_empty() { Err("no frames before the count") } else { Ok((frames, count)) }
}

#[cfg(test)]
mod tests;
