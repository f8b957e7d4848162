//! What can go wrong at the door, by what the caller does next: a [`UsageError`] ends the command
//! before the program runs (exit status 2, as `argparse` and the shell's own tools have it), a
//! [`ScriptError`] means that an external flamegraph.pl can't be used, a [`SaveError`] that the
//! recording is there and its picture is not.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use pyflame_recording_file::{Lost, ReadError};
use pyflame_render::RenderError;
use thiserror::Error;

use crate::IntervalError;

/// Why a command line can't be carried out. Each message names the thing and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UsageError {
    /// No script, `-m`, `-c` or `-`.
    #[error("nothing to run: give a script, `-m MODULE`, `-c CODE` or `-` (see `pyflame --help`)")]
    NothingToRun,
    /// An option that we don't have.
    #[error(
        "unknown option `{option}`: options of the program go after it, those of pyflame are \
         listed by `pyflame --help`"
    )]
    UnknownOption {
        /// As it was typed.
        option: String,
    },
    /// An option that a magic does not have.
    #[error("unknown option `{option}`: `%pyflame --help` lists what there is")]
    UnknownMagicOption {
        /// As it was typed.
        option: String,
    },
    /// `%%pyflame` followed by something that is no option.
    #[error("`{word}` is no option: code goes below the line of `%%pyflame`")]
    CodeBesideCell {
        /// As it was typed.
        word: String,
    },
    /// `%pyflame` without a statement.
    #[error("nothing to run: give a statement, or use `%%pyflame` for a whole cell")]
    NoStatement,
    /// An option at the end of the line that needs a value.
    #[error("option `{option}` needs a value (see `pyflame --help`)")]
    MissingValue {
        /// As it was typed.
        option: String,
    },
    /// A value for an option that takes none, `--quiet=1`.
    #[error("option `{option}` takes no value")]
    UnexpectedValue {
        /// As it was typed.
        option: String,
    },
    /// `--threads some`.
    #[error("`{}` is no choice for {option}: use {choices}", value.to_string_lossy())]
    BadChoice {
        /// The option's long name.
        option: &'static str,
        /// As it was typed.
        value: OsString,
        /// What could have been typed.
        choices: &'static str,
    },
    /// `-m` with a name that is no text.
    #[error("`{}` is no module name", value.to_string_lossy())]
    BadModule {
        /// As it was typed.
        value: OsString,
    },
    /// `render` without a file.
    #[error("nothing to draw: give recordings or folded text, as files or `-` for standard input")]
    NothingToDraw,
    /// `diff` of one file, or of three.
    #[error("`diff` compares two files, BEFORE and AFTER, and was given {count}")]
    NotTwoInputs {
        /// How many were given.
        count: usize,
    },
    /// `-` twice.
    #[error("standard input (`-`) can be read only once: save it to a file first")]
    StdinTwice,
    /// No `-o`, where standard output is a terminal.
    #[error("nowhere to write: give `-o PATH`, or redirect standard output")]
    OutputIsTerminal,
    /// Both `-s` and `-r`.
    #[error("`-s` and `-r` say the same thing in two ways: give one of them")]
    IntervalAndRate,
    /// An interval or rate outside the limits.
    #[error(transparent)]
    Interval(#[from] IntervalError),
    /// The script does not exist.
    #[error("script `{}` does not exist: check the path", path.display())]
    ScriptMissing {
        /// As it was typed.
        path: PathBuf,
    },
    /// The script can't be read.
    #[error("script `{}` can't be read: {reason}", path.display())]
    ScriptUnreadable {
        /// As it was typed.
        path: PathBuf,
        /// The system's message.
        reason: io::Error,
    },
    /// A folder that Python could not run either.
    #[error("`{}` is a folder without a `__main__.py`: name a script in it", path.display())]
    FolderWithoutMain {
        /// As it was typed.
        path: PathBuf,
    },
    /// `-o -`.
    #[error("standard output belongs to the program: give `-o` the path of a file")]
    OutputIsDash,
    /// The output names a folder.
    #[error("output `{}` is a folder: give `-o` the path of a file", path.display())]
    OutputIsFolder {
        /// As it was typed.
        path: PathBuf,
    },
    /// The folder that the output should go into does not exist.
    #[error("output folder `{}` does not exist: create it or choose another with `-o`", path.display())]
    OutputFolderMissing {
        /// The folder.
        path: PathBuf,
    },
    /// No file can be written there.
    #[error("output `{}` can't be written: {reason}; choose another with `-o`", path.display())]
    OutputUnwritable {
        /// As it was typed.
        path: PathBuf,
        /// The system's message.
        reason: io::Error,
    },
    /// A file extension that says nothing about the format.
    #[error(
        "the format of `{}` is not clear from its extension: use .svg, .pdf, .folded, .txt or \
         .pyflame, or give --format svg|pdf|folded|pyflame", path.display()
    )]
    UnknownFormat {
        /// As it was typed.
        path: PathBuf,
    },
    /// `-p` together with output that is no SVG.
    #[error("`-p` draws SVG, and `{}` is to be something else: leave out one of them", path.display())]
    ScriptWithoutPicture {
        /// The output.
        path: PathBuf,
    },
    /// `diff` with an output that is a recording.
    #[error(
        "`{}` is to be a recording, and a difference is none: write a picture or folded text",
        path.display()
    )]
    DifferenceAsRecording {
        /// The output.
        path: PathBuf,
    },
    /// `-a` with an unclosed quote.
    #[error("`-a {text}` can't be split into arguments: a quote is not closed")]
    UnclosedQuote {
        /// As it was typed.
        text: String,
    },
    /// `-p` to something that can't be run.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// `-a` with something that the built-in renderer can't do.
    #[error(transparent)]
    Render(#[from] RenderError),
}

impl UsageError {
    /// The text that was asked for, where this is no mistake but `-a --help`.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Render(RenderError::Help(text)) => Some(text),
            _ => None,
        }
    }
}

/// Why an external flamegraph.pl can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// There is nothing at that path, or no such command on PATH.
    #[error(
        "flamegraph script `{}` was not found: give `-p` its path, or leave `-p` out to use the \
         built-in renderer", name.to_string_lossy()
    )]
    Missing {
        /// As it was typed.
        name: OsString,
    },
    /// It is there and can't be executed.
    #[error(
        "flamegraph script `{}` is not executable: `chmod +x` it, or leave `-p` out to use the \
         built-in renderer", path.display()
    )]
    NotExecutable {
        /// Where it is.
        path: PathBuf,
    },
}

/// Why `render` or `diff` wrote nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DrawError {
    /// An input can't be read.
    #[error("can't read `{}`: {source}", path.display())]
    Read {
        /// As it was typed.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The input is no recording, and there is not one stack in it.
    #[error("`{inputs}` is no recording and no folded text: {reason}")]
    NothingReadable {
        /// The inputs, as they were typed.
        inputs: String,
        /// Why not.
        reason: String,
    },
    /// A recording of a version that we don't read.
    #[error("can't read `{}`: {source}", path.display())]
    Recording {
        /// As it was typed.
        path: PathBuf,
        /// Why not.
        source: ReadError,
    },
    /// A recording is damaged so much that there is not one sample.
    #[error("nothing is left of `{}`: {lost}", path.display())]
    NothingLeft {
        /// As it was typed.
        path: PathBuf,
        /// What is lost.
        lost: Lost,
    },
    /// Recordings and folded text are to be summed up.
    #[error(
        "`{}` is a recording and `{}` is folded text: render the recording with `--format folded` \
         first, to sum them up as text", recording.display(), text.display()
    )]
    Mixed {
        /// One input.
        recording: PathBuf,
        /// Another.
        text: PathBuf,
    },
    /// Times are to be summed up or compared with counts.
    #[error(
        "`{first}` and `{second}` don't count the same, one is in times: say `--unit us` if the \
         counts of folded text are microseconds"
    )]
    UnitsDiffer {
        /// An input.
        first: String,
        /// An input after it.
        second: String,
    },
    /// An option that asks folded text for what it has not.
    #[error("`{option}` is for recordings, and `{input}` is folded text: leave out `{option}`")]
    NotInText {
        /// The option.
        option: &'static str,
        /// The input.
        input: String,
    },
    /// Folded text is to become a recording.
    #[error(
        "`{input}` is folded text, of which there is no recording to be made: write a picture or \
         folded text"
    )]
    TextAsRecording {
        /// The input.
        input: String,
    },
    /// It could not be drawn, or the file not written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// Standard output could not be written to.
    #[error("can't write to standard output: {source}")]
    Stdout {
        /// The system's error.
        source: io::Error,
    },
}

/// Why a profile was not saved as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file could not be written.
    #[error("can't write `{}`: {source}", path.display())]
    Write {
        /// Where it should have gone.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The external script could not be started or talked to.
    #[error("flamegraph script `{}` can't be run: {source}", script.display())]
    ScriptNotRun {
        /// The script.
        script: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The external script ended with an error, or drew nothing.
    #[error("flamegraph script `{}` failed ({status}): {message}", script.display())]
    ScriptFailed {
        /// The script.
        script: PathBuf,
        /// How it ended, as the system words it.
        status: String,
        /// What it wrote to its standard error.
        message: String,
    },
    /// No picture, but the recording is safe.
    #[error("{failure}\nthe recording is kept as folded text in `{}`", path.display())]
    KeptFolded {
        /// Why there is no picture.
        failure: Box<Self>,
        /// Where the folded text is.
        path: PathBuf,
    },
    /// The built-in renderer could not draw.
    #[error("can't draw the picture: {0}")]
    Render(#[from] RenderError),
}
