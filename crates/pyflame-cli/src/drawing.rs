//! `render` and `diff`: from recordings, or folded text that somebody recorded, to a picture or to
//! text.

mod draw;
mod input;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::options::{choose, measure, split_all, threads};
use crate::save::MICROSECONDS;
use crate::typed::TypedDrawing;
use crate::{
    DrawError, FlamegraphScript, Format, Picture, SaveError, ThreadChoice, UsageError,
    check_output, write_atomically,
};

pub use input::Input;

/// Everything about one drawing, ready to be carried out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Drawing {
    /// What is drawn.
    pub subject: Subject,
    /// Where it goes; standard output if `None`.
    pub output: Option<PathBuf>,
    /// What is written there.
    pub format: Format,
    /// How it is drawn, if it is.
    pub picture: Picture,
    /// What the counts of folded text are.
    pub unit: CountUnit,
    /// Which threads of recordings are drawn.
    pub threads: ThreadChoice,
    /// An option that was typed and means nothing to folded text.
    pub for_recordings: Option<&'static str>,
    /// Whether to say nothing at the end.
    pub quiet: bool,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All inputs as one.
    Sum(Vec<Input>),
    /// What is different in the second.
    Difference {
        /// The first and the second.
        inputs: [Input; 2],
        /// Totals are left as they are, instead of scaling one to the other.
        as_measured: bool,
        /// Whose widths the frames have.
        widths: Widths,
    },
}

/// Whose widths the frames of a difference have: the other's frames have no width of their own
/// where they are gone or not there yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Widths {
    /// The second's.
    #[default]
    After,
    /// The first's: shows what has gone.
    Before,
}

/// What counts in folded text stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CountUnit {
    /// Samples, or whatever else was counted.
    #[default]
    Samples,
    /// Microseconds, as in the folded text that we write.
    Microseconds,
}

/// What came of a drawing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// What to say on standard error, a line each: what could not be read, and what was done.
    pub messages: Vec<String>,
}

/// How often somebody who waits is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);

impl Drawing {
    /// Understands what was typed in the folder `cwd`. `is_terminal` says whether standard output
    /// is one, to which nothing is drawn.
    ///
    /// # Errors
    /// With the first thing that can't be carried out.
    pub fn new(typed: TypedDrawing, cwd: &Path, is_terminal: bool) -> Result<Self, UsageError> {
        let mut picture = Picture::default();
        if let Some(name) = typed.script {
            picture.script = Some(FlamegraphScript::find(&name, cwd)?);
        }
        picture.set_flamegraph_args(split_all(&typed.script_args)?)?;
        let for_recordings = [
            (typed.mode.is_some(), "--mode"),
            (typed.threads.is_some(), "--threads"),
            (typed.by_line, "--by-line"),
        ];
        let for_recordings = for_recordings.into_iter().find(|(is_typed, _)| *is_typed);
        picture.view.measure = measure(typed.mode)?;
        picture.view.by_line = typed.by_line;
        let threads = threads(typed.threads)?;
        let widths = choose("--widths", typed.widths, "after or before", |name| match name {
            "after" => Some(Widths::After),
            "before" => Some(Widths::Before),
            _ => None,
        })?;
        let unit = choose("--unit", typed.unit, "samples or us", |name| match name {
            "samples" => Some(CountUnit::Samples),
            "us" | MICROSECONDS => Some(CountUnit::Microseconds),
            _ => None,
        })?;
        let inputs = inputs(typed.inputs)?;
        let subject = if typed.is_diff {
            let inputs: [Input; 2] = inputs
                .try_into()
                .map_err(|inputs: Vec<_>| UsageError::NotTwoInputs { count: inputs.len() })?;
            Subject::Difference { inputs, as_measured: typed.as_measured, widths }
        } else if inputs.is_empty() {
            return Err(UsageError::NothingToDraw);
        } else {
            Subject::Sum(inputs)
        };
        let format = choose("--format", typed.format, Format::NAMES, |name| {
            Format::of_name(name).map(Some)
        })?;
        let (output, format) = output(typed.output, format, is_terminal)?;
        if picture.script.is_some() && format != Format::Svg {
            return Err(UsageError::ScriptWithoutPicture { path: output.unwrap_or("-".into()) });
        }
        if typed.is_diff && format == Format::Recording {
            return Err(UsageError::DifferenceAsRecording { path: output.unwrap_or("-".into()) });
        }
        if let Some(path) = &output {
            check_output(&cwd.join(path), path)?;
        }
        let for_recordings = for_recordings.map(|(_, option)| option);
        let quiet = typed.quiet;
        Ok(Self { subject, output, format, picture, unit, threads, for_recordings, quiet })
    }

    /// Reads, draws and writes. While that lasts, `tell` is called with the number of bytes read
    /// so far, a few times a second.
    ///
    /// # Errors
    /// When an input can't be read or holds no stack, or when the output can't be written; there
    /// is no new file then.
    pub fn run(&self, mut tell: impl FnMut(u64)) -> Result<Drawn, DrawError> {
        let count = Arc::new(AtomicU64::new(0));
        let mut messages = Vec::new();
        let (bytes, amount) = thread::scope(|scope| {
            let (done, wait) = channel::<()>();
            let work = scope.spawn(|| {
                let _done = done; // Dropped at the end, which ends the wait.
                self.draw(&count, &mut messages)
            });
            while wait.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
                tell(count.load(Ordering::Relaxed));
            }
            work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        match &self.output {
            Some(path) => {
                write_atomically(path, &bytes)
                    .map_err(|source| SaveError::Write { path: path.clone(), source })?;
                if !self.quiet {
                    messages.push(format!("pyflame: {} -> {}", amount.phrase(), path.display()));
                }
            }
            None => write_to_stdout(&bytes)?,
        }
        Ok(Drawn { messages })
    }
}

impl Subject {
    /// The heading of the picture, unless somebody wants another.
    fn title(&self) -> String {
        match self {
            Self::Sum(inputs) => match inputs.as_slice() {
                [only] => only.name(),
                [first, rest @ ..] => format!("{} and {} more", first.name(), rest.len()),
                [] => String::new(),
            },
            Self::Difference { inputs: [before, after], .. } => {
                format!("{} \u{2192} {}", before.name(), after.name())
            }
        }
    }
}

fn inputs(words: Vec<OsString>) -> Result<Vec<Input>, UsageError> {
    let input = |word: OsString| if word == "-" { Input::Stdin } else { Input::File(word.into()) };
    let inputs: Vec<Input> = words.into_iter().map(input).collect();
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(UsageError::StdinTwice);
    }
    Ok(inputs)
}

fn output(
    typed: Option<OsString>,
    format: Option<Format>,
    is_terminal: bool,
) -> Result<(Option<PathBuf>, Format), UsageError> {
    match typed {
        Some(path) if path != "-" => {
            let path = PathBuf::from(path);
            match format.or_else(|| Format::of_path(&path)) {
                Some(format) => Ok((Some(path), format)),
                None => Err(UsageError::UnknownFormat { path }),
            }
        }
        // Text is for terminals, too, and whoever types `-` means it.
        None if is_terminal && format != Some(Format::Folded) => Err(UsageError::OutputIsTerminal),
        _ => Ok((None, format.unwrap_or_default())),
    }
}

/// Whoever reads our output may stop when he has seen enough (`| head`).
fn write_to_stdout(bytes: &[u8]) -> Result<(), DrawError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(DrawError::Stdout { source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
