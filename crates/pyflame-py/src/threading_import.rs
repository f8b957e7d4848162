//! Wraps a method of `threading.Thread` at the moment in which the program imports `threading`.
//!
//! A program may look whether `threading` has been imported (`test_threading` of CPython does), so we
//! must not do that for it. As it is imported it calls `_thread.get_native_id`, for its main thread,
//! when the class `Thread` is complete (Lib/threading.py, `_MainThread`, 3.9 to 3.15): until then a
//! function of ours stands there. What it does is done without any Python code, so that no tracer or
//! profiler of the program's own shows it.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

/// What waits for the import.
struct Awaiting {
    wrapper: Py<PyAny>,
    method: String,
    modules: Py<PyDict>,
    low_level: Py<PyModule>,
}

static AWAITING: Mutex<Option<Awaiting>> = Mutex::new(None);
static ORIGINAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static STAND_IN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
const STOOD_IN_FOR: &str = "get_native_id";

/// Put ``wrapper`` in the place of a method of ``threading.Thread`` as soon as that is imported; what
/// was there becomes its ``pyflame_original``.
///
/// Args:
///     wrapper: A function.
///     method: The name of the method.
///     modules: ``sys.modules``.
///     low_level: The module ``_thread``.
#[pyfunction]
pub(crate) fn _wrap_when_imported<'py>(
    py: Python<'py>,
    wrapper: Py<PyAny>,
    method: String,
    modules: Py<PyDict>,
    low_level: &Bound<'py, PyModule>,
) -> PyResult<()> {
    let Some(original) = low_level.getattr_opt(STOOD_IN_FOR)? else { return Ok(()) };
    let awaiting = Awaiting { wrapper, method, modules, low_level: low_level.clone().unbind() };
    if exchange(Some(awaiting)).is_some() {
        return Ok(()); // Ours stands there already.
    }
    ORIGINAL.get_or_init(py, || original.unbind());
    let stand_in = STAND_IN.get_or_try_init(py, || {
        let stand_in = wrap_pyfunction!(get_native_id, py)?;
        stand_in.setattr("__module__", low_level.name()?)?;
        Ok::<_, PyErr>(stand_in.into_any().unbind())
    })?;
    low_level.setattr(STOOD_IN_FOR, stand_in)
}

/// Wait for the import no more; does nothing where it has come.
#[pyfunction]
pub(crate) fn _wrap_no_more(py: Python<'_>) -> PyResult<()> {
    exchange(None).map_or(Ok(()), |awaiting| awaiting.leave(py))
}

/// Return the id that the kernel knows the calling thread by.
#[pyfunction]
#[pyo3(text_signature = None)]
fn get_native_id(py: Python<'_>) -> PyResult<Py<PyAny>> {
    if let Some(awaiting) = exchange(None) {
        if let Ok(Some(class)) = awaiting.thread_class(py) {
            // Where something else than the real one bears its name, names are not learnt.
            _ = awaiting.wrap(&class);
            _ = awaiting.leave(py);
        } else {
            exchange(Some(awaiting)); // Somebody else has called.
        }
    }
    let original = ORIGINAL.get(py).map(|original| original.call0(py));
    original.unwrap_or_else(|| Ok(py.None()))
}

impl Awaiting {
    /// `threading.Thread`, once there is one.
    fn thread_class<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let module = self.modules.bind(py).get_item("threading")?;
        module.map_or(Ok(None), |module| module.getattr_opt("Thread"))
    }

    fn wrap(&self, class: &Bound<'_, PyAny>) -> PyResult<()> {
        let Some(original) = class.getattr_opt(&*self.method)? else { return Ok(()) };
        let wrapper = self.wrapper.bind(class.py());
        wrapper.setattr("pyflame_original", original)?;
        class.setattr(&*self.method, wrapper)
    }

    /// Puts back what stood there before, also where `threading` has taken ours.
    fn leave(&self, py: Python<'_>) -> PyResult<()> {
        let (Some(original), Some(stand_in)) = (ORIGINAL.get(py), STAND_IN.get(py)) else {
            return Ok(());
        };
        let threading = self.modules.bind(py).get_item("threading")?;
        for module in threading.iter().chain([self.low_level.bind(py).as_any()]) {
            if module.getattr_opt(STOOD_IN_FOR)?.is_some_and(|found| found.is(stand_in)) {
                module.setattr(STOOD_IN_FOR, original)?;
            }
        }
        Ok(())
    }
}

fn exchange(awaiting: Option<Awaiting>) -> Option<Awaiting> {
    std::mem::replace(&mut *AWAITING.lock().unwrap_or_else(PoisonError::into_inner), awaiting)
}
