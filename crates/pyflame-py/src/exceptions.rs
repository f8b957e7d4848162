//! Every error of the Rust crates as the Python exception that means the same to its catcher.
//!
//! The classes are defined in `python/pyflame/exceptions.py`, so that they are documented and
//! typed where users look; this file is the only place that maps to them.

use std::ffi::CString;

use pyflame_cli::{DrawError, IntervalError, SaveError, ScriptError, UsageError};
use pyflame_sampler::{StartError, StopError};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

mod python {
    pyo3::import_exception!(pyflame.exceptions, DamagedRecording);
    pyo3::import_exception!(pyflame.exceptions, FlamegraphScriptFailed);
    pyo3::import_exception!(pyflame.exceptions, InvalidFoldedText);
    pyo3::import_exception!(pyflame.exceptions, InvalidRecording);
    pyo3::import_exception!(pyflame.exceptions, MissingFlamegraphScript);
    pyo3::import_exception!(pyflame.exceptions, ProfilerStateError);
    pyo3::import_exception!(pyflame.exceptions, SignalsUnavailable);
    pyo3::import_exception!(pyflame.exceptions, UsageError);
}

pub(crate) use python::{InvalidFoldedText, InvalidRecording, SignalsUnavailable};

pub(crate) fn of_usage(error: &UsageError) -> PyErr {
    python::UsageError::new_err(error.to_string())
}

pub(crate) fn of_interval(error: &IntervalError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

pub(crate) fn of_script(error: &ScriptError) -> PyErr {
    python::MissingFlamegraphScript::new_err(error.to_string())
}

pub(crate) fn of_save(error: &SaveError) -> PyErr {
    match error {
        SaveError::Write { source, .. } => of_io(source, error.to_string()),
        _ => python::FlamegraphScriptFailed::new_err(error.to_string()),
    }
}

pub(crate) fn of_draw(error: &DrawError) -> PyErr {
    match error {
        DrawError::Save(error) => of_save(error),
        DrawError::Read { source, .. } | DrawError::Stdout { source } => {
            of_io(source, error.to_string())
        }
        DrawError::Recording { .. } | DrawError::NothingLeft { .. } => {
            InvalidRecording::new_err(error.to_string())
        }
        _ => InvalidFoldedText::new_err(error.to_string()),
    }
}

pub(crate) fn of_io(source: &std::io::Error, message: String) -> PyErr {
    match source.raw_os_error() {
        Some(errno) => PyOSError::new_err((errno, message)),
        None => PyOSError::new_err(message),
    }
}

/// Warns; where warnings are errors, that is the error.
pub(crate) fn warn_of_damage(py: Python<'_>, message: &str) -> PyResult<()> {
    let message = CString::new(message.replace('\0', "\u{fffd}"))?;
    PyErr::warn(py, &py.get_type::<python::DamagedRecording>(), &message, 1)
}

pub(crate) fn of_start(error: &StartError) -> PyErr {
    SignalsUnavailable::new_err(error.to_string())
}

pub(crate) fn of_stop(error: &StopError) -> PyErr {
    python::ProfilerStateError::new_err(error.to_string())
}
