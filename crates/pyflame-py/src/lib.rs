//! The extension module `pyflame._native`: what Python needs of the Rust crates, and no more.
//!
//! It converts and holds no logic of its own: a value comes in from Python, a crate does the work,
//! a value or a `pyflame.exceptions` error goes out. The package around it (`python/pyflame`)
//! is what users import; names that begin with an underscore are for that package alone.
#![forbid(unsafe_code)]
#![expect(clippy::doc_markdown, reason = "what Python sees is documented in Python's style")]

mod command;
mod drawing;
mod exceptions;
mod fallback;
mod label_registry;
mod labels;
mod magic;
mod profile;
mod recording;
mod supervisor;
mod text;
mod threading_import;
mod traceback;

/// A program that has run out of memory must not end because of us.
#[global_allocator]
static ALLOCATOR: pyflame_sampler::Reserved = pyflame_sampler::Reserved;

/// The native part of pyflame; use the package `pyflame`.
#[pyo3::pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::command::{Command, DrawCommand, parse_command};
    #[pymodule_export]
    use crate::fallback::FallbackSampler;
    #[pymodule_export]
    use crate::labels::{_labels_known, LabelSet, read_labels};
    #[pymodule_export]
    use crate::magic::{MagicCommand, parse_magic};
    #[pymodule_export]
    use crate::profile::{Profile, interval_ns};
    #[pymodule_export]
    use crate::recording::{
        _code_facts, _code_lines, _memory_image, EmptySignals, Recording, ScopedRecording,
    };
    #[pymodule_export]
    use crate::supervisor::{_Executing, _pause_for_fork, _resume_after_fork, Outbox, Supervisor};
    #[pymodule_export]
    use crate::threading_import::{_wrap_no_more, _wrap_when_imported};
    #[pymodule_export]
    use crate::traceback::print_exception;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
