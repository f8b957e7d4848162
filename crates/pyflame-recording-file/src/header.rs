//! What a file begins with: eight bytes that no text and no other format begins with, and the
//! version.
//!
//! The first byte is never the first of a character in UTF-8, and none in ASCII. The version goes
//! up only for a change that an older reader would misunderstand; everything else is added in
//! ways that it passes over (docs/recording-format.md).

use thiserror::Error;

/// The first bytes of every recording.
pub(crate) const MAGIC: [u8; 8] = *b"\x8fpyflame";
const VERSION: u8 = 1;

/// What a file begins with; chunks follow.
pub const HEADER: [u8; 9] = {
    let [a, b, c, d, e, f, g, h] = MAGIC;
    [a, b, c, d, e, f, g, h, VERSION]
};

/// Why nothing of a file is read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// It does not begin as recordings do.
    #[error("this is no recording of pyflame: it does not begin as one does")]
    NotARecording,
    /// It was written by a later pyflame.
    #[error(
        "the recording has version {version} of the format, and this pyflame reads version \
         {VERSION}: update pyflame, or write the recording anew with this one"
    )]
    UnknownVersion {
        /// What the file says.
        version: u8,
    },
}

/// Whether `bytes`, the beginning of a file, are that of a recording of any version.
///
/// ```
/// use pyflame_recording_file::{HEADER, is_recording};
/// assert!(is_recording(&HEADER));
/// assert!(!is_recording(b"main;work 3\n"));
/// ```
pub fn is_recording(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Checks a header; `bytes` begin with it.
pub(crate) fn check(bytes: &[u8]) -> Result<(), ReadError> {
    match (is_recording(bytes), bytes.get(MAGIC.len())) {
        (true, Some(&VERSION)) => Ok(()),
        (true, Some(&version)) => Err(ReadError::UnknownVersion { version }),
        _ => Err(ReadError::NotARecording),
    }
}
