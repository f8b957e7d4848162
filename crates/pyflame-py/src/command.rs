//! The command line as Python sees it: words in, something to run and a place for the profile out.

use std::ffi::OsString;

use pyflame_cli::{HELP, RunOptions, Target, ThreadChoice, Typed, closing_line, version_line};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::exceptions;
use crate::profile::Profile;

/// A command line that has been understood and checked.
#[pyclass(frozen, module = "pyflame._native")]
pub(crate) struct Command {
    options: Box<RunOptions>,
}

/// What the words after the command's name ask for: a text to show, or something to run.
#[derive(IntoPyObject)]
pub(crate) enum Request {
    Text(String),
    Run(Command),
}

/// Understand the words after the command's name.
///
/// Returns:
///     A text to show (``--help``, ``--version``) or the command to carry out.
///
/// Raises:
///     pyflame.exceptions.UsageError: With a message that names what is wrong.
#[pyfunction]
pub(crate) fn parse_command(words: Vec<OsString>) -> PyResult<Request> {
    match Typed::parse(words).map_err(|error| exceptions::of_usage(&error))? {
        Typed::Help => Ok(Request::Text(HELP.to_owned())),
        Typed::Version => Ok(Request::Text(format!("{}\n", version_line()))),
        Typed::Run(typed) => {
            let cwd =
                std::env::current_dir().map_err(|error| PyOSError::new_err(error.to_string()))?;
            match RunOptions::new(*typed, &cwd) {
                Ok(options) => Ok(Request::Run(Command { options: Box::new(options) })),
                Err(error) => match error.help() {
                    Some(help) => Ok(Request::Text(format!("{}\n", help.trim_end()))),
                    None => Err(exceptions::of_usage(&error)),
                },
            }
        }
    }
}

#[pymethods]
impl Command {
    /// How to run it: ``script``, ``module``, ``code`` or ``stdin``.
    #[getter]
    fn kind(&self) -> &'static str {
        match self.options.target {
            Target::Script(_) => "script",
            Target::Module(_) => "module",
            Target::Code(_) => "code",
            Target::Stdin => "stdin",
        }
    }

    /// The script's path, the module's name or the code; empty for standard input.
    #[getter]
    fn target(&self) -> OsString {
        match &self.options.target {
            Target::Script(path) => path.into(),
            Target::Module(name) => name.into(),
            Target::Code(code) => code.clone(),
            Target::Stdin => OsString::new(),
        }
    }

    /// The program's own arguments.
    #[getter]
    fn args(&self) -> Vec<OsString> {
        self.options.args.clone()
    }

    /// What the program is called in titles.
    #[getter]
    fn program(&self) -> String {
        self.options.target.program()
    }

    /// Mean time between two samples, in nanoseconds.
    #[getter]
    fn interval_ns(&self) -> u128 {
        self.options.interval.as_nanos()
    }

    /// Whether only the main thread is sampled.
    #[getter]
    fn main_thread_only(&self) -> bool {
        self.options.threads == ThreadChoice::Main
    }

    /// ``auto``, ``signal`` or ``fallback``.
    #[getter]
    fn engine(&self) -> &'static str {
        self.options.engine.name()
    }

    /// Whether there is to be no closing line.
    #[getter]
    fn quiet(&self) -> bool {
        self.options.quiet
    }

    /// Write the profile to where the command line wants it.
    fn save(&self, py: Python<'_>, profile: &Profile) -> PyResult<()> {
        py.detach(|| self.options.destination.save(profile.inner()))
            .map_err(|error| exceptions::of_save(&error))
    }

    /// The line that says what was recorded and where it went.
    fn closing_line(&self, profile: &Profile) -> String {
        closing_line(profile.inner(), &self.options.destination.shown)
    }
}
