//! `_native.Recording`: the engine of `pyflame-sampler` as Python sees it.

use std::time::Duration;

use pyflame_sampler::{Options, RecordingHandle};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::exceptions;
use crate::profile::Profile;

/// A recording by signals of one thread or of all threads.
#[pyclass(module = "pyflame._native")]
#[derive(Debug)]
pub(crate) struct Recording {
    options: Options,
    handle: Option<RecordingHandle>,
}

#[pymethods]
impl Recording {
    #[new]
    #[pyo3(signature = (interval_ns, thread=None))]
    fn new(interval_ns: u64, thread: Option<u32>) -> Self {
        let mut options = Options::default();
        options.interval = Duration::from_nanos(interval_ns);
        options.thread = thread;
        Self { options, handle: None }
    }

    /// Start to record.
    ///
    /// Raises:
    ///     pyflame.exceptions.SignalsUnavailable: With the reason.
    fn start(&mut self) -> PyResult<()> {
        let handle = RecordingHandle::start(self.options.clone())
            .map_err(|error| exceptions::of_start(&error))?;
        self.handle = Some(handle);
        Ok(())
    }

    /// Stop to record; returns what was recorded.
    fn stop(&mut self) -> PyResult<Profile> {
        let handle = self.handle.take().ok_or_else(|| PyRuntimeError::new_err("not started"))?;
        let recorded = handle.stop().map_err(|error| exceptions::of_stop(&error))?;
        Ok(Profile::recorded(recorded.profile, recorded.seen_ns))
    }
}
