//! What is meant: the typed words understood, completed with defaults and checked.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use pyflame_profile::Measure;

use crate::typed::TypedRun;
use crate::{
    Destination, FlamegraphScript, Format, Picture, Target, UsageError, check_output,
    interval_from_rate, interval_from_seconds, split_args,
};

const DEFAULT_INTERVAL: Duration = Duration::from_millis(1);

/// Everything about one run, ready to be carried out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunOptions {
    /// What to run.
    pub target: Target,
    /// The program's own arguments.
    pub args: Vec<OsString>,
    /// Mean time between two looks.
    pub interval: Duration,
    /// Which threads to look at.
    pub threads: ThreadChoice,
    /// How to take stacks.
    pub engine: EngineChoice,
    /// Whether child processes are recorded as well.
    pub children: bool,
    /// How long to wait before recording begins.
    pub delay: Duration,
    /// For how long to record; to the end of the program where it is not said.
    pub duration: Option<Duration>,
    /// Where the profile goes.
    pub destination: Destination,
    /// Whether to say nothing at the end.
    pub quiet: bool,
}

/// Which threads to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThreadChoice {
    /// All, found as they come and go.
    #[default]
    All,
    /// The one that runs the program's main module.
    Main,
}

/// How to take stacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// By signals; where they can't be used, by the fallback engine, which is then said.
    #[default]
    Auto,
    /// By signals or not at all.
    Signal,
    /// By a Python thread that holds the GIL.
    Fallback,
}

impl EngineChoice {
    /// The word for it on the command line and in Python.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Signal => "signal",
            Self::Fallback => "fallback",
        }
    }
}

impl RunOptions {
    /// Understands what was typed, for a program that starts in the folder `cwd`.
    ///
    /// # Errors
    /// With the first thing that can't be carried out: a value that means nothing, a script that
    /// is not there, an output that can't be written, a flamegraph script that can't be run.
    pub fn new(typed: TypedRun, cwd: &Path) -> Result<Self, UsageError> {
        // Before the target: `-a --help` needs none.
        let picture = picture(&typed, cwd)?;
        let target = Target::new(typed.target.as_ref().ok_or(UsageError::NothingToRun)?)?;
        let interval =
            interval(typed.interval.as_deref(), typed.rate.as_deref())?.unwrap_or(DEFAULT_INTERVAL);
        let (threads, engine) = (threads(typed.threads)?, engine(typed.engine)?);
        let format = format(typed.format)?;
        let destination = destination(typed.output, format, &target, picture, cwd)?;
        target.check()?;
        check_output(&destination.path, &destination.shown)?;
        let delay = seconds("--delay", typed.delay)?.unwrap_or_default();
        let duration = seconds("--duration", typed.duration)?;
        let (args, quiet, children) = (typed.args, typed.quiet, !typed.no_children);
        Ok(Self {
            target,
            args,
            interval,
            threads,
            engine,
            children,
            delay,
            duration,
            destination,
            quiet,
        })
    }
}

fn seconds(option: &'static str, typed: Option<OsString>) -> Result<Option<Duration>, UsageError> {
    let Some(value) = typed else { return Ok(None) };
    let seconds = value.to_str().and_then(|text| text.parse::<f64>().ok());
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match duration {
        Some(duration) => Ok(Some(duration)),
        None => Err(UsageError::BadChoice { option, value, choices: "a number of seconds" }),
    }
}

pub(crate) fn threads(typed: Option<OsString>) -> Result<ThreadChoice, UsageError> {
    choose("--threads", typed, "all or main", |name| match name {
        "all" => Some(ThreadChoice::All),
        "main" => Some(ThreadChoice::Main),
        _ => None,
    })
}

pub(crate) fn measure(typed: Option<OsString>) -> Result<Measure, UsageError> {
    choose("--mode", typed, "wall or cpu", |name| match name {
        "wall" => Some(Measure::Wall),
        "cpu" => Some(Measure::Cpu),
        _ => None,
    })
}

/// How to draw, as `-p`, `-a` and `--mode` say it.
pub(crate) fn picture(typed: &TypedRun, cwd: &Path) -> Result<Picture, UsageError> {
    let mut picture = Picture::default();
    if let Some(name) = &typed.script {
        picture.script = Some(FlamegraphScript::find(name, cwd)?);
    }
    picture.set_flamegraph_args(split_all(&typed.script_args)?)?;
    picture.view.measure = measure(typed.mode.clone())?;
    picture.view.by_line = typed.by_line;
    Ok(picture)
}

/// The interval that `-s` or `-r` say, if either was typed.
pub(crate) fn interval(
    seconds: Option<&OsStr>,
    rate: Option<&OsStr>,
) -> Result<Option<Duration>, UsageError> {
    match (seconds, rate) {
        (Some(_), Some(_)) => Err(UsageError::IntervalAndRate),
        (Some(seconds), None) => Ok(Some(interval_from_seconds(&seconds.to_string_lossy())?)),
        (None, Some(rate)) => Ok(Some(interval_from_rate(&rate.to_string_lossy())?)),
        (None, None) => Ok(None),
    }
}

pub(crate) fn engine(typed: Option<OsString>) -> Result<EngineChoice, UsageError> {
    choose("--engine", typed, "auto, signal or fallback", |name| {
        let all = [EngineChoice::Auto, EngineChoice::Signal, EngineChoice::Fallback];
        all.into_iter().find(|engine| engine.name() == name)
    })
}

pub(crate) fn format(typed: Option<OsString>) -> Result<Option<Format>, UsageError> {
    choose("--format", typed, Format::NAMES, |name| Format::of_name(name).map(Some))
}

pub(crate) fn choose<T: Default>(
    option: &'static str,
    value: Option<OsString>,
    choices: &'static str,
    meaning: impl Fn(&str) -> Option<T>,
) -> Result<T, UsageError> {
    let Some(value) = value else { return Ok(T::default()) };
    match value.to_str().and_then(meaning) {
        Some(meaning) => Ok(meaning),
        None => Err(UsageError::BadChoice { option, value, choices }),
    }
}

pub(crate) fn split_all(texts: &[OsString]) -> Result<Vec<String>, UsageError> {
    let mut args = Vec::new();
    for text in texts {
        let text = text.to_string_lossy();
        let split = split_args(&text);
        args.extend(split.ok_or_else(|| UsageError::UnclosedQuote { text: text.into_owned() })?);
    }
    Ok(args)
}

fn destination(
    output: Option<OsString>,
    format: Option<Format>,
    target: &Target,
    picture: Picture,
    cwd: &Path,
) -> Result<Destination, UsageError> {
    let Some(output) = output else {
        let format = format.unwrap_or_default();
        let mut name = target.base_name();
        name.push(".");
        name.push(format.extension());
        return written(name, format, picture, cwd);
    };
    chosen_destination(output, format, picture, cwd)
}

/// Where `-o` wants a profile to go.
pub(crate) fn chosen_destination(
    output: OsString,
    format: Option<Format>,
    picture: Picture,
    cwd: &Path,
) -> Result<Destination, UsageError> {
    if output == "-" {
        return Err(UsageError::OutputIsDash);
    }
    match format.or_else(|| Format::of_path(output.as_ref())) {
        Some(format) => written(output, format, picture, cwd),
        None => Err(UsageError::UnknownFormat { path: output.into() }),
    }
}

fn written(
    shown: OsString,
    format: Format,
    picture: Picture,
    cwd: &Path,
) -> Result<Destination, UsageError> {
    if picture.script.is_some() && format != Format::Svg {
        return Err(UsageError::ScriptWithoutPicture { path: shown.into() });
    }
    let path = cwd.join(&shown);
    Ok(Destination { path, shown: shown.into(), format, picture })
}

#[cfg(test)]
mod tests;
