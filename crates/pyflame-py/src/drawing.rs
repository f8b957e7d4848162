//! How a profile is drawn, as Python's keyword arguments say it.

use std::path::PathBuf;

use pyflame_cli::{FlamegraphScript, Picture, split_args};
use pyflame_profile::{Measure, View};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::exceptions;
use crate::text::Text;

/// The keyword arguments of `Profile.svg` and `Profile.save`.
pub(crate) struct Drawing<'a> {
    pub(crate) title: Option<Text>,
    pub(crate) mode: &'a str,
    pub(crate) by_line: bool,
    pub(crate) flamegraph_script: Option<PathBuf>,
    pub(crate) flamegraph_args: Option<FlamegraphArgs>,
}

/// Extra arguments for a flamegraph script: a string to split, or a list.
#[derive(FromPyObject)]
pub(crate) enum FlamegraphArgs {
    Text(String),
    List(Vec<String>),
}

impl Drawing<'_> {
    pub(crate) fn picture(self) -> PyResult<Picture> {
        let mut picture = Picture::default();
        picture.view = view(self.mode, self.by_line)?;
        picture.title = self.title.map(|title| title.0);
        let args = match self.flamegraph_args {
            None => Vec::new(),
            Some(FlamegraphArgs::List(args)) => args,
            Some(FlamegraphArgs::Text(text)) => split_args(&text).ok_or_else(|| {
                PyValueError::new_err(format!("a quote is not closed in flamegraph_args: {text}"))
            })?,
        };
        if let Some(script) = self.flamegraph_script {
            let cwd = std::env::current_dir()?;
            let script = FlamegraphScript::find(script.as_os_str(), &cwd)
                .map_err(|error| exceptions::of_script(&error))?;
            picture.script = Some(script);
        }
        picture
            .set_flamegraph_args(args)
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(picture)
    }
}

/// What of a profile is looked at: `mode` is `wall` or `cpu`.
pub(crate) fn view(mode: &str, by_line: bool) -> PyResult<View> {
    let mut view = View::default();
    view.by_line = by_line;
    view.measure = match mode {
        "wall" => Measure::Wall,
        "cpu" => Measure::Cpu,
        _ => {
            let message = format!("mode must be \"wall\" or \"cpu\", not {mode:?}");
            return Err(PyValueError::new_err(message));
        }
    };
    Ok(view)
}
