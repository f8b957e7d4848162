//! Prints an uncaught exception exactly as the interpreter itself does at the end of a program.
//!
//! `PyErr_PrintEx(1)` is what `Py_RunMain` calls (Python/pythonrun.c): it sets `sys.last_exc` and
//! its elders, calls `sys.excepthook`, and copes with hooks that are gone, fail or exit.

use pyo3::prelude::*;

/// Print ``exception`` the way the interpreter prints one that ends a program.
#[pyfunction]
pub(crate) fn print_exception(exception: Bound<'_, PyAny>) {
    let py = exception.py();
    PyErr::from_value(exception).print_and_set_sys_last_vars(py);
}
