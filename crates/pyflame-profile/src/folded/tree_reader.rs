//! Much folded text, fast: from bytes to a tree without a profile between.
//!
//! Each thread takes blocks of lines and turns frames into numbers; then the names are put in
//! order, the stacks are sorted by their names' ranks, and a tree flows from them that keeps only
//! what is worth drawing. Memory is a few bytes for each frame that was read, whatever the names
//! are, and the result is the same however many threads there are.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;
use thiserror::Error;

use super::batch::{Batch, Line, has_two_counts};
use super::blocks::{Block, Blocks};
use super::flow::Flow;
use super::frame_text::{parse_frame, unescape_frame};
use super::order;
use crate::{Label, Tree, Unit};

/// More threads would wait for each other at the input.
const MOST_WORKERS: usize = 4;
/// How many bad lines a report names.
const NAMED_LINES: usize = 10;

/// How folded text is read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reading {
    /// Frames with a smaller share of the whole are left out, and counted.
    pub min_share: f64,
    /// Turns every stack round.
    pub reverse: bool,
    /// Keeps the order of the lines: only neighbours are merged.
    pub in_time_order: bool,
    /// Counts are microseconds. What austin writes is recognised without it.
    pub microseconds: bool,
    /// How many threads read; as many as the machine has processors, up to four, if `None`.
    pub workers: Option<NonZeroUsize>,
}

/// What was read, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many lines there were.
    pub lines: u64,
    /// How many of them were stacks.
    pub stacks: u64,
    /// How many of them were neither stacks nor empty nor comments.
    pub unreadable: u64,
    /// The first of these.
    pub first_unreadable: Vec<Unreadable>,
}

/// A line that can't be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {reason}")]
pub struct Unreadable {
    /// Which input it is in, from 0.
    pub input: usize,
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// An input that can't be read.
#[derive(Debug, Error)]
#[error("failed to read folded text")]
pub struct ReadError(#[from] io::Error);

/// Reads folded text, all inputs into one tree.
///
/// Lines have one count, or two (before and after) for a differential tree; counts may have
/// fractions. The dialects of py-spy, austin and Python 3.15 are understood.
///
/// # Errors
/// Fails where an input does. Lines that can't be read are reported and left out.
///
/// ```
/// use pyflame_profile::{Reading, Tree, read_tree};
/// let text = "main;work 3\nmain;rest 1\nbad\n";
/// let (tree, report) = read_tree(vec![Box::new(text.as_bytes())], &Reading::default())?;
/// assert_eq!((tree.node(Tree::ROOT).total, report.unreadable), (4, 1));
/// # Ok::<(), pyflame_profile::ReadError>(())
/// ```
pub fn read_tree(
    inputs: Vec<Box<dyn Read + Send + '_>>,
    reading: &Reading,
) -> Result<(Tree, Report), ReadError> {
    let mut blocks = Blocks::new(inputs);
    let Some(first) = blocks.next(Vec::new())? else {
        return Ok((Tree::new(Unit::Count), Report::default()));
    };
    let two_counts = has_two_counts(&first);
    let is_time = reading.microseconds || is_timed_by_austin(&first.text);
    let mut batches = read_batches(blocks, first, two_counts, reading)?;
    let labels = number_by_label(&mut batches);
    agree_on_decimals(&mut batches);
    let report = report(&batches);
    let mut tree = Tree::new(if is_time { Unit::Nanoseconds } else { Unit::Count });
    tree.scale = batches.first().map_or(1, |batch| 10_u64.pow(batch.decimals));
    tree.differential = two_counts;
    let ordered = in_order(&mut batches, reading);
    let flow = merge(&batches, ordered, if is_time { 1000 } else { 1 }, reading);
    flow.finish(&mut tree, &labels, !reading.reverse);
    Ok((tree, report))
}

/// austin says in comments before its stacks what it measured; times are microseconds.
fn is_timed_by_austin(text: &[u8]) -> bool {
    let comments = text.split(|byte| *byte == b'\n').take_while(|line| line.starts_with(b"# "));
    let mut comments = comments.take(50);
    comments.any(|line| matches!(line.trim_ascii_end(), b"# mode: wall" | b"# mode: cpu"))
}

fn read_batches(
    blocks: Blocks<'_>,
    first: Block,
    two_counts: bool,
    reading: &Reading,
) -> io::Result<Vec<Batch>> {
    let blocks = Mutex::new(blocks);
    let work = |first: Option<Block>| -> io::Result<Batch> {
        let mut batch = Batch::default();
        let mut next = match first {
            Some(first) => Some(first),
            None => next_block(&blocks, Vec::new())?,
        };
        while let Some(block) = next {
            batch.read(&block, two_counts);
            next = next_block(&blocks, block.text)?;
        }
        Ok(batch)
    };
    // A thread costs more than reading a small block does.
    let second = next_block(&blocks, Vec::new())?;
    let workers = if second.is_some() { workers(reading) } else { 1 };
    let mut firsts = vec![Some(first), second];
    firsts.resize_with(workers.max(2), || None);
    if workers == 1 {
        return firsts.into_iter().take(2).flatten().map(|first| work(Some(first))).collect();
    }
    thread::scope(|scope| {
        let threads: Vec<_> = firsts.into_iter().map(|first| scope.spawn(|| work(first))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn workers(reading: &Reading) -> usize {
    let machine = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    reading.workers.unwrap_or_else(machine).get().min(MOST_WORKERS)
}

fn next_block(blocks: &Mutex<Blocks<'_>>, buffer: Vec<u8>) -> io::Result<Option<Block>> {
    blocks.lock().unwrap_or_else(PoisonError::into_inner).next(buffer)
}

/// Replaces the frames of all batches by ranks that compare as their labels do, and returns the
/// labels in that order.
fn number_by_label(batches: &mut [Batch]) -> Vec<Label> {
    let mut labels: IndexSet<Label, FxBuildHasher> = IndexSet::default();
    let mut positions: Vec<Vec<usize>> = Vec::new();
    for batch in &*batches {
        let label = |name: &[u8]| {
            let text = String::from_utf8_lossy(name);
            Label::from(&parse_frame(&unescape_frame(&text)))
        };
        let position = batch.names.iter().map(|name| labels.insert_full(label(name)).0);
        positions.push(position.collect());
    }
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_unstable_by(|a, b| labels[*a].cmp(&labels[*b]));
    let mut ranks = vec![0; labels.len()];
    for (rank, position) in (0_u32..).zip(&order) {
        ranks[*position] = rank;
    }
    for (batch, positions) in batches.iter_mut().zip(positions) {
        for frame in &mut batch.frames {
            *frame = ranks[positions[*frame as usize]];
        }
    }
    let mut sorted: Vec<Label> = labels.into_iter().collect();
    sorted.sort_unstable();
    sorted
}

fn agree_on_decimals(batches: &mut [Batch]) {
    let finest = batches.iter().map(|batch| batch.decimals).max().unwrap_or(0);
    for batch in batches {
        batch.refine(finest);
    }
}

/// The lines of each batch in the order in which they flow into the tree.
fn in_order(batches: &mut [Batch], reading: &Reading) -> Vec<Vec<Line>> {
    let sort = |batch: &mut Batch| {
        if reading.reverse {
            batch.reverse();
        }
        if reading.in_time_order { batch.lines.clone() } else { order::sort(batch) }
    };
    if let [only] = batches {
        return vec![sort(only)];
    }
    thread::scope(|scope| {
        let threads: Vec<_> = batches.iter_mut().map(|batch| scope.spawn(|| sort(batch))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Lets the lines of all batches flow together.
fn merge(batches: &[Batch], ordered: Vec<Vec<Line>>, factor: u64, reading: &Reading) -> Flow {
    let values = batches.iter().flat_map(|batch| &batch.lines).map(|line| line.value);
    let total = values.fold(0_u64, |sum, value| sum.saturating_add(value.saturating_mul(factor)));
    let mut flow = Flow::new(least(total, reading.min_share));
    let mut heads: Vec<_> = ordered.into_iter().map(|lines| lines.into_iter().peekable()).collect();
    loop {
        let next =
            heads.iter_mut().zip(batches).enumerate().filter_map(|(index, (head, batch))| {
                let line = *head.peek()?;
                // In order of time, blocks follow each other as they were cut.
                let block = if reading.in_time_order { line.block } else { 0 };
                Some((block, if reading.in_time_order { &[] } else { batch.stack(line) }, index))
            });
        let Some((.., index)) = next.min() else { return flow };
        let (head, batch) = (&mut heads[index], &batches[index]);
        let Some(line) = head.next() else { return flow };
        let before = batch.before_of(line).saturating_mul(factor);
        flow.push(batch.stack(line), line.value.saturating_mul(factor), before);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a threshold for drawing; an error of 2^-53 moves no visible frame"
)]
fn least(total: u64, min_share: f64) -> u64 {
    (total as f64 * min_share).ceil() as u64
}

fn report(batches: &[Batch]) -> Report {
    let mut blocks: Vec<_> = batches.iter().flat_map(|batch| &batch.blocks).collect();
    blocks.sort_unstable_by_key(|block| block.block);
    let mut bad: Vec<_> = batches.iter().flat_map(|batch| &batch.bad).collect();
    bad.sort_unstable_by_key(|bad| (bad.block, bad.line));
    let number = |bad: &&super::batch::BadLine| {
        let input = blocks.get(bad.block).map_or(0, |block| block.input);
        let earlier = blocks.iter().take(bad.block).filter(|block| block.input == input);
        let line = earlier.map(|block| block.lines).sum::<u64>() + bad.line + 1;
        Unreadable { input, line, reason: bad.reason }
    };
    Report {
        lines: blocks.iter().map(|block| block.lines).sum(),
        stacks: batches.iter().map(|batch| batch.lines.len() as u64).sum(),
        unreadable: bad.len() as u64,
        first_unreadable: bad.iter().take(NAMED_LINES).map(number).collect(),
    }
}

#[cfg(test)]
mod tests;
