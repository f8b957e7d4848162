//! The extension module `pyflame._native`.
mod recording;
use pyo3::prelude::*;
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::recording::Recording;
}
