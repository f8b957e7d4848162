//! Folded text, the format of flamegraph.pl: `outer;inner COUNT`, a line for each stack.
//!
//! The format has no escape of its own, so a `;` or a line break inside a name would split it.
//! We write them as `%3B`, `%0A` and `%0D`, and a `%` as `%25` where it would be read as one of
//! these; everything else stays as it is, so that ordinary names look ordinary.

use std::borrow::Cow;
use std::fmt::Write as _;

use thiserror::Error;

use crate::{
    Category, Engine, Frame, Function, Label, Meta, NodeId, Profile, StackId, State, Thread,
    Totals, Tree, Unit,
};

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
    /// microsecond, and plain counts otherwise.
    pub fn folded(&self) -> String {
        let mut lines: Vec<(String, u64)> = Vec::new();
        // Depth first, by hand: stacks can be deeper than ours.
        let mut pending: Vec<(NodeId, usize)> = vec![(Self::ROOT, 0)];
        let mut path = String::new();
        while let Some((node, keep)) = pending.pop() {
            path.truncate(keep);
            if node != Self::ROOT {
                if !path.is_empty() {
                    path.push(';');
                }
                path.push_str(&escape_frame(&self.label(node).text()));
            }
            let data = self.node(node);
            if data.self_value > 0 {
                let path = if path.is_empty() { "[no Python frames]" } else { &path };
                lines.push((path.to_owned(), data.self_value));
            }
            pending.extend(data.children.iter().rev().map(|child| (*child, path.len())));
        }
        write_lines(&lines, self.unit)
    }
}

/// Rounds by carrying the remainder from line to line, so that no time is lost to rounding.
fn write_lines(lines: &[(String, u64)], unit: Unit) -> String {
    let divisor = match unit {
        Unit::Nanoseconds => 1_000,
        Unit::Count => 1,
    };
    let mut text = String::new();
    let mut remainder = 0;
    for (path, value) in lines {
        let value = value.saturating_add(remainder);
        remainder = value % divisor;
        if value >= divisor {
            _ = writeln!(text, "{path} {}", value / divisor); // Writing to a string can't fail.
        }
    }
    text
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
    let thread = profile.add_thread(Thread { name: "".into(), native_id: 0 });
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
                profile.record_totals(thread, stack, State::Running, totals);
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

/// Takes `name (file:line)` apart; what does not look like it becomes a name without a file.
fn parse_frame(text: &str) -> Function {
    let plain = || match text {
        "[waiting]" | "[waiting for a CPU]" => Function::marker(text, Category::Waiting),
        _ if text.starts_with("[uncaptured") => Function::marker(text, Category::Uncaptured),
        _ => Function::marker(text, Category::Own),
    };
    let Some((name, place)) = text.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) else {
        return plain();
    };
    match place.rsplit_once(':').map(|(file, line)| (file, line.parse())) {
        // A line that would be written differently is part of the name, not a line.
        Some((file, Ok(line))) if line != 0 && place == format!("{file}:{line}") => {
            Function::new(name, file, line)
        }
        _ if place.is_empty() => plain(),
        _ => Function::new(name, place, 0),
    }
}

impl From<&Function> for Label {
    fn from(function: &Function) -> Self {
        Self {
            name: function.name.clone(),
            file: function.file.clone(),
            line: function.first_line,
            category: function.category,
        }
    }
}

const ESCAPES: [(char, &str); 4] = [(';', "%3B"), ('\n', "%0A"), ('\r', "%0D"), ('%', "%25")];

/// Writes a frame so that it can stand in a folded line; [`unescape_frame`] gives it back.
///
/// ```
/// use pyflame_profile::{escape_frame, unescape_frame};
/// assert_eq!(escape_frame("f (a;b.py:1)"), "f (a%3Bb.py:1)");
/// assert_eq!(escape_frame("100%"), "100%");
/// let escaped = escape_frame("%3B;\n").into_owned();
/// assert_eq!(unescape_frame(&escaped), "%3B;\n");
/// ```
pub fn escape_frame(frame: &str) -> Cow<'_, str> {
    if !frame.contains([';', '\n', '\r', '%']) {
        return Cow::Borrowed(frame);
    }
    let mut escaped = String::with_capacity(frame.len() + 8);
    for (index, character) in frame.char_indices() {
        let rest = frame.get(index..).unwrap_or_default();
        match ESCAPES.iter().find(|escape| escape.0 == character) {
            Some((_, code)) if character != '%' || code_at(rest).is_some() => {
                escaped.push_str(code);
            }
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Undoes [`escape_frame`].
pub fn unescape_frame(frame: &str) -> Cow<'_, str> {
    if !frame.contains('%') {
        return Cow::Borrowed(frame);
    }
    let mut plain = String::with_capacity(frame.len());
    let mut rest = frame;
    while let Some(character) = rest.chars().next() {
        let escaped = code_at(rest);
        plain.push(escaped.unwrap_or(character));
        let length = if escaped.is_some() { 3 } else { character.len_utf8() };
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(plain)
}

fn code_at(text: &str) -> Option<char> {
    ESCAPES.iter().find(|(_, code)| text.starts_with(code)).map(|(character, _)| *character)
}

#[cfg(test)]
mod tests;
