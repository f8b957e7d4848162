//! `_native.Recording`: the engine of `pyflame-sampler` as Python sees it.

use std::time::Duration;

use pyflame_sampler::{Options, RecordingHandle};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

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
    #[pyo3(signature = (interval_ns, thread=None, empty_signals=false))]
    fn new(interval_ns: u64, thread: Option<u32>, empty_signals: bool) -> Self {
        let mut options = Options::default();
        options.interval = Duration::from_nanos(interval_ns);
        options.thread = thread;
        options.empty_signals = empty_signals;
        Self { options, handle: None }
    }

    fn start(&mut self) -> PyResult<()> {
        let handle = RecordingHandle::start(self.options.clone())
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        self.handle = Some(handle);
        Ok(())
    }

    fn stop(&mut self) -> PyResult<(String, String)> {
        let handle = self.handle.take().ok_or_else(|| PyRuntimeError::new_err("not started"))?;
        let recorded = handle.stop().map_err(|e| PyRuntimeError::new_err(e.to_string()))?;
        let view = pyflame_profile::View::default();
        Ok((
            view.folded(&recorded.profile),
            format!("{:?} {:?}", recorded.profile.meta, recorded.profile.totals()),
        ))
    }
}
