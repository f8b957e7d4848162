//! Strings of Python as strings of Rust.
//!
//! Python's may hold lone surrogates (PEP 383 puts the undecodable bytes of file names there),
//! Rust's can't. Each becomes U+FFFD, as in the engine, so that a name is the same however it
//! was learnt.

use pyo3::prelude::*;

/// A string from Python, whatever it holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Text(pub(crate) String);

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(string: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(text) = string.extract() {
            return Ok(Self(text));
        }
        let bytes: Vec<u8> =
            string.call_method1("encode", ("utf-16-le", "surrogatepass"))?.extract()?;
        let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let replaced = |unit: Result<char, _>| unit.unwrap_or(char::REPLACEMENT_CHARACTER);
        Ok(Self(char::decode_utf16(units).map(replaced).collect()))
    }
}
