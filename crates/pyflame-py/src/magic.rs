//! The magics of IPython as Python sees them: a line in, how to record and to show out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use pyflame_cli::{
    MAGIC_HELP, Magic, MagicDefaults, MagicOptions, MagicRequest, Picture, ThreadChoice, cell_html,
    cell_page, cell_text, closing_line, version_line,
};
use pyflame_render::{SourceLines, TextOptions};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use crate::exceptions;
use crate::profile::Profile;
use crate::text::Text;

/// The lines of each cell, by the name that frames have for it.
type Sources = BTreeMap<String, Vec<Text>>;

/// The line of a magic that has been understood and checked.
#[pyclass(frozen, module = "pyflame._native")]
pub(crate) struct MagicCommand {
    options: Box<MagicOptions>,
}

/// What the line of a magic asks for.
#[derive(IntoPyObject)]
pub(crate) enum MagicAnswer {
    Text(String),
    Record(MagicCommand),
}

/// Understand the line behind ``%%pyflame`` (``is_cell``) or ``%pyflame``.
///
/// Args:
///     line: What was typed.
///     is_cell: Whether the code stands below the line, and not in it.
///     script: The flamegraph script for a line that names none.
///     script_args: Arguments for a flamegraph script that come before those of the line.
///     interval_ns: The interval for a line that says none.
///
/// Returns:
///     A text to show (``--help``, ``--version``), or what to record.
///
/// Raises:
///     pyflame.exceptions.UsageError: With a message that names what is wrong.
#[pyfunction]
#[pyo3(signature = (line, *, is_cell, script = None, script_args = Vec::new(), interval_ns))]
#[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
pub(crate) fn parse_magic(
    line: Text,
    is_cell: bool,
    script: Option<OsString>,
    script_args: Vec<String>,
    interval_ns: u64,
) -> PyResult<MagicAnswer> {
    let cwd = std::env::current_dir().map_err(|error| PyOSError::new_err(error.to_string()))?;
    let defaults =
        MagicDefaults { script, script_args, interval: Duration::from_nanos(interval_ns) };
    let magic = if is_cell { Magic::Cell } else { Magic::Line };
    match MagicRequest::new(&line.0, magic, defaults, &cwd) {
        Ok(MagicRequest::Help) => Ok(MagicAnswer::Text(MAGIC_HELP.to_owned())),
        Ok(MagicRequest::Version) => Ok(MagicAnswer::Text(format!("{}\n", version_line()))),
        Ok(MagicRequest::Record(options)) => Ok(MagicAnswer::Record(MagicCommand { options })),
        Err(error) => match error.help() {
            Some(help) => Ok(MagicAnswer::Text(format!("{}\n", help.trim_end()))),
            None => Err(exceptions::of_usage(&error)),
        },
    }
}

#[pymethods]
impl MagicCommand {
    /// The statement of ``%pyflame``, as it was typed.
    #[getter]
    fn statement(&self) -> &str {
        &self.options.statement
    }

    /// Mean time between two samples, in nanoseconds.
    #[getter]
    fn interval_ns(&self) -> u128 {
        self.options.interval.as_nanos()
    }

    /// Whether only the thread that runs the cell is sampled.
    #[getter]
    fn current_thread_only(&self) -> bool {
        self.options.threads == ThreadChoice::Main
    }

    /// ``auto``, ``signal`` or ``fallback``.
    #[getter]
    fn engine(&self) -> &'static str {
        self.options.engine.name()
    }

    /// Write the file that was asked for, if one was.
    ///
    /// Returns:
    ///     The line that says so, unless there is nothing to say.
    fn save(
        &self,
        py: Python<'_>,
        profile: &Profile,
        sources: Sources,
    ) -> PyResult<Option<String>> {
        let Some(mut destination) = self.options.destination.clone() else { return Ok(None) };
        destination.picture = with_sources(&destination.picture, sources);
        py.detach(|| destination.save(profile.inner()))
            .map_err(|error| exceptions::of_save(&error))?;
        let line = || closing_line(profile.inner(), &destination.shown);
        Ok((!self.options.quiet).then(line))
    }

    /// The picture as a notebook shows it.
    ///
    /// Args:
    ///     profile: What was recorded.
    ///     sources: The lines of cells.
    ///     built_in: Whether to draw without the external script.
    #[pyo3(signature = (profile, sources, *, built_in = false))]
    fn html(
        &self,
        py: Python<'_>,
        profile: &Profile,
        sources: Sources,
        built_in: bool,
    ) -> PyResult<String> {
        let mut picture = with_sources(&self.options.picture, sources);
        if built_in {
            picture.script = None;
        }
        py.detach(|| cell_html(&picture, profile.inner()))
            .map_err(|error| exceptions::of_save(&error))
    }

    /// The picture as a page of PDF, in base64. The external script has no part in it.
    fn page(&self, py: Python<'_>, profile: &Profile) -> PyResult<String> {
        py.detach(|| cell_page(&self.options.picture, profile.inner()))
            .map_err(|error| exceptions::of_save(&error))
    }

    /// The widest frames as text.
    ///
    /// Args:
    ///     profile: What was recorded.
    ///     colour: Whether a terminal shows it that knows colours.
    ///     width: Characters in a line.
    #[pyo3(signature = (profile, *, colour = false, width = 100))]
    fn text(&self, profile: &Profile, colour: bool, width: usize) -> String {
        let mut options = TextOptions::default();
        options.has_colour = colour;
        options.width = width;
        cell_text(&self.options.picture, profile.inner(), &options)
    }
}

fn with_sources(picture: &Picture, sources: Sources) -> Picture {
    let mut lines = SourceLines::default();
    for (file, text) in sources {
        lines.insert(file, text.into_iter().map(|line| line.0).collect());
    }
    let mut picture = picture.clone();
    picture.style.sources = lines;
    picture
}
