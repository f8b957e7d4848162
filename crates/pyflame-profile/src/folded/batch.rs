//! What one thread has read: names, stacks as numbers of names, and counts.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use super::blocks::Block;

/// How many digits after the point of a count are kept.
const MOST_DECIMALS: usize = 6;

/// Where a stack stands in [`Batch::frames`], and its counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) start: usize,
    pub(super) depth: u32,
    /// Number of its block, and so its place in time.
    pub(super) block: u32,
    /// Position among the lines of its batch.
    pub(super) number: u32,
    pub(super) value: u64,
}

/// A line that is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct BadLine {
    pub(super) block: usize,
    /// Within its block, from 0.
    pub(super) line: u64,
    pub(super) reason: &'static str,
}

/// How many lines a block has.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockLines {
    pub(super) block: usize,
    pub(super) input: usize,
    pub(super) lines: u64,
}

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) names: IndexSet<Box<[u8]>, FxBuildHasher>,
    /// Positions in `names`, outermost frame first, stack after stack.
    pub(super) frames: Vec<u32>,
    pub(super) lines: Vec<Line>,
    /// The first of two counts, for each line; empty where lines have one count.
    pub(super) before: Vec<u64>,
    /// Counts are whole numbers of `1 / 10^decimals`.
    pub(super) decimals: u32,
    pub(super) bad: Vec<BadLine>,
    pub(super) blocks: Vec<BlockLines>,
}

/// Whether lines have two counts, as `difffolded.pl` writes them: a name may end in a number, so
/// we say so only where every one of the first lines has two.
pub(super) fn has_two_counts(block: &Block) -> bool {
    let lines = block.text.split(|byte| *byte == b'\n').take(100);
    let mut readable = lines.filter_map(|line| split_count(line).ok()).peekable();
    readable.peek().is_some() && readable.all(|(stack, _)| split_count(stack).is_ok())
}

impl Batch {
    /// Reads the lines of a block.
    pub(super) fn read(&mut self, block: &Block, two_counts: bool) {
        let mut number = 0;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &block.text).chain([block.text.len()]) {
            let line = &block.text[start..end];
            start = end + 1;
            if let Err(reason) = self.read_line(line, block.number, two_counts) {
                self.bad.push(BadLine { block: block.number, line: number, reason });
            }
            number += 1;
        }
        // What follows the last line end is a line only where it is something.
        let lines = number - u64::from(block.text.ends_with(b"\n"));
        self.blocks.push(BlockLines { block: block.number, input: block.input, lines });
    }

    fn read_line(
        &mut self,
        line: &[u8],
        block: usize,
        two_counts: bool,
    ) -> Result<(), &'static str> {
        let line = line.trim_ascii_end();
        if line.is_empty() || line.starts_with(b"# ") {
            return Ok(());
        }
        let (mut stack, count) = split_count(line)?;
        let mut before = None;
        if two_counts {
            let (rest, count) =
                split_count(stack).map_err(|_| "one count where others have two")?;
            (stack, before) = (rest, Some(count));
        }
        if stack.is_empty() {
            return Err("no frames before the count");
        }
        let value = self.value(count)?;
        if let Some(before) = before {
            let before = self.value(before)?;
            self.before.push(before);
        }
        let start = self.frames.len();
        self.push_frames(stack);
        let depth = u32::try_from(self.frames.len() - start).unwrap_or(u32::MAX);
        let block = u32::try_from(block).unwrap_or(u32::MAX);
        let number = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        self.lines.push(Line { start, depth, block, number, value });
        Ok(())
    }

    fn push_frames(&mut self, stack: &[u8]) {
        let mut start = 0;
        for end in memchr::memchr_iter(b';', stack).chain([stack.len()]) {
            let name = &stack[start..end];
            start = end + 1;
            let position = match self.names.get_index_of(name) {
                Some(position) => position,
                None => self.names.insert_full(name.into()).0,
            };
            self.frames.push(u32::try_from(position).unwrap_or(u32::MAX));
        }
    }

    /// The count in units of `10^-decimals`, which become finer where this count needs it.
    fn value(&mut self, count: &[u8]) -> Result<u64, &'static str> {
        let (whole, fraction) = match memchr::memchr(b'.', count) {
            Some(point) => (&count[..point], &count[point + 1..]),
            None => (count, &count[..0]),
        };
        let fraction = &fraction[..fraction.len().min(MOST_DECIMALS)];
        let needed = u32::try_from(fraction.len()).unwrap_or(0);
        if needed > self.decimals {
            self.refine(needed);
        }
        let mut digits = whole.iter().chain(fraction).copied();
        let value = digits.try_fold(0_u64, |value, digit| {
            value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        });
        let padding = 10_u64.pow(self.decimals - needed);
        value.and_then(|value| value.checked_mul(padding)).ok_or("the count is too large")
    }

    /// Counts from now on, and those before, in finer units.
    pub(super) fn refine(&mut self, decimals: u32) {
        let factor = 10_u64.pow(decimals.saturating_sub(self.decimals));
        for line in &mut self.lines {
            line.value = line.value.saturating_mul(factor);
        }
        for before in &mut self.before {
            *before = before.saturating_mul(factor);
        }
        self.decimals = self.decimals.max(decimals);
    }

    /// Turns every stack round.
    pub(super) fn reverse(&mut self) {
        for line in &self.lines {
            self.frames[line.start..line.start + line.depth as usize].reverse();
        }
    }

    /// The first of two counts; 0 where lines have one.
    pub(super) fn before_of(&self, line: Line) -> u64 {
        self.before.get(line.number as usize).copied().unwrap_or(0)
    }

    /// The frames of a line, outermost first.
    pub(super) fn stack(&self, line: Line) -> &[u32] {
        &self.frames[line.start..line.start + line.depth as usize]
    }
}

/// A stack and the count at its end: digits, perhaps a point and more, after a blank.
fn split_count(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let line = line.trim_ascii_end();
    let numeric = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let length = line.iter().rev().take_while(|byte| numeric(byte)).count();
    let (stack, count) = line.split_at(line.len() - length);
    let mut points = memchr::memchr_iter(b'.', count);
    if points.nth(1).is_some() || !count.first().is_some_and(u8::is_ascii_digit) {
        return Err("no count at the end of the line");
    }
    match stack.last() {
        Some(b' ' | b'\t') => Ok((stack.trim_ascii_end(), count)),
        Some(_) => Err("no blank before the count"),
        None => Err("no frames before the count"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, has_two_counts, split_count};
    use crate::folded::blocks::Block;

    fn block(text: &str) -> Block {
        Block { text: text.into(), number: 0, input: 0 }
    }

    fn batch(text: &str) -> Batch {
        let mut batch = Batch::default();
        batch.read(&block(text), has_two_counts(&block(text)));
        batch
    }

    #[test]
    fn a_count_is_what_flamegraph_pl_takes_for_one() {
        for (line, stack, count) in [
            ("a;b 3", "a;b", "3"),
            ("a b\t3.5", "a b", "3.5"),
            ("a  3.", "a", "3."),
            ("f (x.py:3) 10", "f (x.py:3)", "10"),
        ] {
            assert_eq!(split_count(line.as_bytes()), Ok((stack.as_bytes(), count.as_bytes())));
        }
        for line in ["a", "a -3", "a x3", "a .5", "a 1.2.3", "a 3x", ""] {
            assert!(split_count(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn fractions_make_all_counts_finer() {
        let batch = batch("a 2\nb 0.25\nc 1.5\n");
        let values: Vec<u64> = batch.lines.iter().map(|line| line.value).collect();
        assert_eq!((values, batch.decimals), (vec![200, 25, 150], 2));
    }

    #[test]
    fn two_counts_are_two_only_where_every_line_has_them() {
        let both = batch("a;b 1 2\nc 3 4\n");
        assert_eq!((both.before, both.lines[1].value), (vec![1, 3], 4));
        let one = batch("a;b 1 2\nc 4\n");
        assert!(one.before.is_empty());
        assert_eq!(&*one.names[1], b"b 1");
    }

    #[test]
    fn bad_lines_are_numbered_and_comments_are_not_bad() {
        let batch = batch("a 1\n# mode: wall\n\nbad\nb 2\n 3\n");
        let bad: Vec<_> = batch.bad.iter().map(|bad| bad.line).collect();
        assert_eq!((bad, batch.lines.len(), batch.blocks[0].lines), (vec![3, 5], 2, 6));
    }
}
