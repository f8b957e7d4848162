//! What IPython's magics were asked for: `%%pyflame [options]` above a cell, and
//! `%pyflame [options] statement`.
//!
//! A statement is Python and no shell's, so that nothing of it may be split or unquoted; only the
//! options before it are words.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::typed::TypedRun;
use crate::{
    Destination, EngineChoice, Picture, ThreadChoice, Typed, UsageError, check_output, options,
};

/// Which magic a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Magic {
    /// `%%pyflame`, which has its code below.
    Cell,
    /// `%pyflame`, which has a statement behind its options.
    Line,
}

/// What the user's configuration says, where a line says nothing.
#[derive(Clone, Debug, Default)]
pub struct MagicDefaults {
    /// `-p`.
    pub script: Option<OsString>,
    /// Arguments for the script, before those of the line.
    pub script_args: Vec<String>,
    /// `-s`.
    pub interval: Duration,
}

/// Everything about the recording of one cell or statement.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MagicOptions {
    /// Mean time between two looks.
    pub interval: Duration,
    /// Which threads to look at; the main one is that which runs the cell.
    pub threads: ThreadChoice,
    /// How to take stacks.
    pub engine: EngineChoice,
    /// How it is drawn in the notebook.
    pub picture: Picture,
    /// A file to write as well.
    pub destination: Option<Destination>,
    /// Whether to say nothing about that file.
    pub quiet: bool,
    /// The statement of `%pyflame`, as it was typed.
    pub statement: String,
}

/// What a magic's line asks for.
#[derive(Clone, Debug)]
pub enum MagicRequest {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// To record.
    Record(Box<MagicOptions>),
}

impl MagicRequest {
    /// Understands the line behind the magic's name, for files relative to the folder `cwd`.
    ///
    /// ```
    /// use pyflame_cli::{Magic, MagicDefaults, MagicRequest};
    ///
    /// let (defaults, cwd) = (MagicDefaults::default(), std::env::temp_dir());
    /// let request = MagicRequest::new(r#"-r 500 print("it's")"#, Magic::Line, defaults, &cwd)?;
    /// let MagicRequest::Record(options) = request else { unreachable!("no --help was typed") };
    /// assert_eq!(options.interval.as_micros(), 2000);
    /// assert_eq!(options.statement, r#"print("it's")"#);
    /// # Ok::<(), pyflame_cli::UsageError>(())
    /// ```
    ///
    /// # Errors
    /// With the first thing that can't be carried out.
    pub fn new(
        line: &str,
        magic: Magic,
        defaults: MagicDefaults,
        cwd: &Path,
    ) -> Result<Self, UsageError> {
        let words = split(line);
        let typed = match Typed::parse_magic(words.iter().map(|word| &word.text)) {
            Ok(Typed::Help) => return Ok(Self::Help),
            Ok(Typed::Version) => return Ok(Self::Version),
            Ok(Typed::Run(typed)) => *typed,
            Ok(Typed::Draw(_)) => return Err(UsageError::NoStatement),
            Err(UsageError::UnknownOption { option }) => {
                return Err(UsageError::UnknownMagicOption { option });
            }
            Err(error) => return Err(error),
        };
        // What follows the first word of the statement was left alone.
        let behind = typed.args.len() + usize::from(typed.target.is_some());
        let (options, statement) = words.split_at(words.len() - behind);
        if let Some(word) = options.iter().find(|word| !word.is_closed) {
            return Err(UsageError::UnclosedQuote { text: word.text.clone() });
        }
        let statement = statement.first().map_or("", |word| &line[word.start..]).trim_end();
        // First, since `-a --help` needs no statement.
        let options = MagicOptions::new(typed, statement, defaults, cwd)?;
        match (magic, statement) {
            (Magic::Line, "") => Err(UsageError::NoStatement),
            (Magic::Cell, word) if !word.is_empty() => {
                Err(UsageError::CodeBesideCell { word: word.into() })
            }
            _ => Ok(Self::Record(Box::new(options))),
        }
    }
}

impl MagicOptions {
    fn new(
        mut typed: TypedRun,
        statement: &str,
        defaults: MagicDefaults,
        cwd: &Path,
    ) -> Result<Self, UsageError> {
        let interval = options::interval(typed.interval.as_deref(), typed.rate.as_deref())?;
        typed.script = typed.script.or(defaults.script);
        if !defaults.script_args.is_empty() {
            let quoted = shlex::try_join(defaults.script_args.iter().map(String::as_str));
            typed.script_args.insert(0, quoted.unwrap_or_default().into());
        }
        let picture = options::picture(&typed, cwd)?;
        let format = options::format(typed.format)?;
        let destination = match typed.output {
            None => None,
            Some(output) => {
                let chosen = options::chosen_destination(output, format, picture.clone(), cwd)?;
                check_output(&chosen.path, &chosen.shown)?;
                Some(chosen)
            }
        };
        Ok(Self {
            interval: interval.unwrap_or(defaults.interval),
            threads: options::threads(typed.threads)?,
            engine: options::engine(typed.engine)?,
            picture,
            destination,
            quiet: typed.quiet,
            statement: statement.to_owned(),
        })
    }
}

/// A word of a line, and where it starts there.
struct Word {
    start: usize,
    text: String,
    is_closed: bool,
}

/// Splits a line at its spaces as a shell would, but knows where each word was.
fn split(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = 0;
    while let Some(skipped) = line[start..].find(|c: char| !c.is_whitespace()) {
        start += skipped;
        let end = start + end_of_word(&line[start..]);
        let typed = &line[start..end];
        // A shell would take what follows a `#` for a comment; here, it is a colour.
        let escaped = typed.replacen('#', "\\#", usize::from(typed.starts_with('#')));
        let split = shlex::split(&escaped).and_then(|mut parts| parts.pop());
        let is_closed = split.is_some();
        words.push(Word { start, text: split.unwrap_or_else(|| typed.to_owned()), is_closed });
        start = end;
    }
    words
}

/// The length of the word at the start of `text`: up to a space outside of quotes.
fn end_of_word(text: &str) -> usize {
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match (quote, character) {
            (None, space) if space.is_whitespace() => return index,
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            (None | Some('"'), '\\') => drop(characters.next()),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
