//! The command line as Python sees it: words in, something to run and a place for the profile out.

use std::ffi::OsString;

use std::io::{IsTerminal as _, Write as _};

use pyflame_cli::{Drawing, HELP, RunOptions, Target, ThreadChoice, Typed, version_line};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::exceptions;

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
    Draw(DrawCommand),
}

/// A picture of what was recorded before: ``render`` or ``diff``.
#[pyclass(frozen, module = "pyflame._native")]
pub(crate) struct DrawCommand {
    drawing: Box<Drawing>,
}

/// Understand the words after the command's name.
///
/// Returns:
///     A text to show (``--help``, ``--version``), the program to run, or what to draw.
///
/// Raises:
///     pyflame.exceptions.UsageError: With a message that names what is wrong.
#[pyfunction]
pub(crate) fn parse_command(words: Vec<OsString>) -> PyResult<Request> {
    let cwd = || std::env::current_dir().map_err(|error| PyOSError::new_err(error.to_string()));
    let request = match Typed::parse(words).map_err(|error| exceptions::of_usage(&error))? {
        Typed::Help => return Ok(Request::Text(HELP.to_owned())),
        Typed::Version => return Ok(Request::Text(format!("{}\n", version_line()))),
        Typed::Run(typed) => RunOptions::new(*typed, &cwd()?)
            .map(|options| Request::Run(Command { options: Box::new(options) })),
        Typed::Draw(typed) => Drawing::new(*typed, &cwd()?, std::io::stdout().is_terminal())
            .map(|drawing| Request::Draw(DrawCommand { drawing: Box::new(drawing) })),
    };
    request.or_else(|error| match error.help() {
        Some(help) => Ok(Request::Text(format!("{}\n", help.trim_end()))),
        None => Err(exceptions::of_usage(&error)),
    })
}

#[pymethods]
impl DrawCommand {
    /// Read, draw and write; a terminal is told how far it is.
    ///
    /// Returns:
    ///     Lines for standard error: what could not be read, and what was done.
    ///
    /// Raises:
    ///     pyflame.exceptions.Error: If nothing was written.
    fn run(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        py.detach(|| {
            let mut progress = Progress::default();
            let drawn = self.drawing.run(|read| progress.tell(read));
            progress.wipe();
            drawn.map(|drawn| drawn.messages)
        })
        .map_err(|error| exceptions::of_draw(&error))
    }
}

/// A line that is written over and over, on a terminal only.
#[derive(Default)]
struct Progress {
    is_shown: bool,
}

impl Progress {
    fn tell(&mut self, bytes_read: u64) {
        let mut stderr = std::io::stderr();
        if stderr.is_terminal() {
            self.is_shown = true;
            // A terminal that has gone away needs no progress.
            _ = write!(stderr, "\rpyflame: {} MB read", bytes_read / 1_000_000);
        }
    }

    fn wipe(&self) {
        if self.is_shown {
            _ = write!(std::io::stderr(), "\r\x1b[K");
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

    /// Whether child processes are recorded as well.
    #[getter]
    fn children(&self) -> bool {
        self.options.children
    }

    /// How long to wait before recording begins, in nanoseconds.
    #[getter]
    fn delay_ns(&self) -> u128 {
        self.options.delay.as_nanos()
    }

    /// For how long to record, in nanoseconds; None for as long as the program runs.
    #[getter]
    fn duration_ns(&self) -> Option<u128> {
        self.options.duration.map(|duration| duration.as_nanos())
    }

    /// The descriptor that the output goes to, where that is none of a file of its own.
    #[getter]
    fn output_descriptor(&self) -> Option<i32> {
        self.options.destination.descriptor()
    }
}

impl Command {
    pub(crate) fn options(&self) -> &RunOptions {
        &self.options
    }
}
