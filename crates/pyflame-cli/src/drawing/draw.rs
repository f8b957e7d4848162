//! What is written of the inputs: recordings are drawn as at the end of a run, folded text by way of
//! a tree.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use pyflame_profile::{Measure, Profile, Reading, Report, Tree, Unit, read_tree};
use pyflame_render::{SvgOptions, change, pdf, svg};

use super::input::Source;
use super::{CountUnit, Drawing, Input, Subject, Widths};
use crate::save::MICROSECONDS;
use crate::summary::counted;
use crate::{DrawError, Format, SaveError, ThreadChoice};

/// What Python calls the thread that runs the program.
const MAIN_THREAD: &str = "MainThread";

impl Drawing {
    /// What is written, and how much was read.
    pub(super) fn draw(
        &self,
        count: &Arc<AtomicU64>,
        messages: &mut Vec<String>,
    ) -> Result<(Vec<u8>, Amount), DrawError> {
        match &self.subject {
            Subject::Sum(inputs) => match Source::open(inputs, count, messages)? {
                Source::Recording(profile) => self.draw_recording(inputs, *profile),
                Source::Text(readers) => self.draw_text(inputs, readers, messages),
            },
            Subject::Difference { inputs: [before, after], as_measured, widths } => {
                let (first, second) = (std::slice::from_ref(before), std::slice::from_ref(after));
                let old = Source::open(first, count, messages)?;
                let mut new = Source::open(second, count, messages)?;
                if let (Source::Recording(old), Source::Recording(new)) = (&old, &mut new) {
                    **new = new.with_ids_of(old);
                }
                let (old, mut amount) = self.read(first, old, &self.reading(), messages)?;
                let (new, more) = self.read(second, new, &self.reading(), messages)?;
                amount.add(more);
                if old.unit != new.unit {
                    let (first, second) = (before.shown(), after.shown());
                    return Err(DrawError::UnitsDiffer { first, second });
                }
                let tree = match widths {
                    Widths::After => Tree::difference(&old, &new, *as_measured),
                    Widths::Before => {
                        let mut tree = Tree::difference(&new, &old, *as_measured);
                        tree.backwards = true;
                        tree
                    }
                };
                let mut style = self.picture.style.clone();
                if style.subtitle.is_empty() {
                    style.subtitle = self.compared(&old, &new, *as_measured);
                }
                self.draw_tree(&tree, style, amount)
            }
        }
    }

    /// What is compared. Where the totals are scaled to each other, a picture does not tell a
    /// program that became faster from one that was recorded for less time.
    fn compared(&self, before: &Tree, after: &Tree, as_measured: bool) -> String {
        let measure = match self.picture.view.measure {
            Measure::Wall => "",
            Measure::Cpu => "CPU time: ",
        };
        let how = if as_measured { "compared as measured" } else { "shares compared" };
        format!("{measure}{}, {how}", change(before, after, &self.picture.style))
    }

    /// As at the end of a run.
    fn draw_recording(
        &self,
        inputs: &[Input],
        profile: Profile,
    ) -> Result<(Vec<u8>, Amount), DrawError> {
        let profile = self.only_threads(profile);
        let mut picture = self.picture.clone();
        if picture.style.title.is_empty() && (inputs.len() > 1 || profile.meta.program.is_empty()) {
            picture.style.title = self.subject.title();
        }
        let bytes = picture.bytes(&profile, self.format)?;
        Ok((bytes, Amount { lines: 0, samples: profile.totals().samples }))
    }

    fn draw_text(
        &self,
        inputs: &[Input],
        readers: Vec<Box<dyn io::Read + Send>>,
        messages: &mut Vec<String>,
    ) -> Result<(Vec<u8>, Amount), DrawError> {
        if self.format == Format::Recording {
            return Err(DrawError::TextAsRecording { input: names(inputs) });
        }
        let (mut style, mut reading) = (self.picture.style.clone(), self.reading());
        if self.format != Format::Folded && self.picture.script.is_none() {
            reading.min_share = style.min_share();
            reading.in_time_order = style.flame_chart;
            // Stacks are turned round where they are read: the tree then lacks nothing.
            reading.reverse = std::mem::take(&mut style.reverse);
        }
        let (tree, amount) = self.read(inputs, Source::Text(readers), &reading, messages)?;
        self.draw_tree(&tree, style, amount)
    }

    fn draw_tree(
        &self,
        tree: &Tree,
        mut style: SvgOptions,
        amount: Amount,
    ) -> Result<(Vec<u8>, Amount), DrawError> {
        if self.format == Format::Folded {
            return Ok((tree.folded().into_bytes(), amount));
        }
        if let Some(script) = &self.picture.script {
            let unit = if tree.unit == Unit::Nanoseconds { MICROSECONDS } else { "samples" };
            return Ok((script.draw(&tree.folded(), unit)?, amount));
        }
        if style.title.is_empty() {
            style.title = self.subject.title();
        }
        if style.subtitle.is_empty() {
            style.subtitle = amount.phrase();
        }
        let mut picture = Vec::new();
        let drawn = match self.format {
            Format::Pdf => pdf(tree, &style, &mut picture),
            _ => svg(tree, &style, &mut picture),
        };
        drawn.map_err(SaveError::from)?;
        Ok((picture, amount))
    }

    fn reading(&self) -> Reading {
        let mut reading = Reading::default();
        reading.microseconds = self.unit == CountUnit::Microseconds;
        reading
    }

    /// The tree of what was opened.
    fn read(
        &self,
        inputs: &[Input],
        source: Source,
        reading: &Reading,
        messages: &mut Vec<String>,
    ) -> Result<(Tree, Amount), DrawError> {
        match source {
            Source::Recording(profile) => {
                let profile = self.only_threads(*profile);
                let amount = Amount { lines: 0, samples: profile.totals().samples };
                Ok((self.picture.view.tree(&profile), amount))
            }
            Source::Text(readers) => {
                if let Some(option) = self.for_recordings {
                    return Err(DrawError::NotInText { option, input: names(inputs) });
                }
                read_text(inputs, readers, reading, messages)
            }
        }
    }

    fn only_threads(&self, profile: Profile) -> Profile {
        match self.threads {
            ThreadChoice::All => profile,
            ThreadChoice::Main => profile.only_threads(|thread| &*thread.name == MAIN_THREAD),
        }
    }
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount {
    /// Of folded text, that were stacks.
    lines: u64,
    /// Of recordings.
    samples: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.lines = self.lines.saturating_add(other.lines);
        self.samples = self.samples.saturating_add(other.samples);
    }

    pub(super) fn phrase(self) -> String {
        match (self.lines, self.samples) {
            (0, samples) => counted(samples, "sample"),
            (lines, 0) => counted(lines, "line"),
            (lines, samples) => {
                format!("{}, {}", counted(lines, "line"), counted(samples, "sample"))
            }
        }
    }
}

/// Reads folded text into one tree.
fn read_text(
    inputs: &[Input],
    readers: Vec<Box<dyn io::Read + Send>>,
    reading: &Reading,
    messages: &mut Vec<String>,
) -> Result<(Tree, Amount), DrawError> {
    let names = names(inputs);
    let (tree, report) = read_tree(readers, reading).map_err(|error| DrawError::Read {
        path: PathBuf::from(&names),
        source: io::Error::other(error.to_string()),
    })?;
    if report.stacks == 0 {
        let reason = match report.first_unreadable.first() {
            Some(first) => first.to_string(),
            None if report.lines == 0 => "it is empty".to_owned(),
            None => "there is no line with a stack in it".to_owned(),
        };
        return Err(DrawError::NothingReadable { inputs: names, reason });
    }
    messages.extend(complaints(inputs, &report));
    Ok((tree, Amount { lines: report.stacks, samples: 0 }))
}

/// The inputs as they were typed, for messages that put quotes around them.
fn names(inputs: &[Input]) -> String {
    inputs.iter().map(Input::shown).collect::<Vec<_>>().join("`, `")
}

/// What could not be read: the first lines by name, the others by number.
fn complaints(inputs: &[Input], report: &Report) -> Vec<String> {
    let name = |input: usize| inputs.get(input).map_or_else(String::new, Input::shown);
    let mut complaints: Vec<String> = report
        .first_unreadable
        .iter()
        .map(|line| format!("pyflame: warning: {}: {line}", name(line.input)))
        .collect();
    let unnamed = report.unreadable - complaints.len() as u64;
    if unnamed > 0 {
        let lines = counted(unnamed, "more line");
        complaints.push(format!("pyflame: warning: {lines} could not be read"));
    }
    complaints
}
