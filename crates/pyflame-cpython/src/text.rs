//! Python strings in memory.
//!
//! Encodes Include/cpython/unicodeobject.h: `length` at 16, `state` at 32 with the width of a
//! character in bits 2 to 4, `compact` in bit 5 and `ascii` in bit 6; characters of 1, 2 or 4
//! bytes follow the structure. Names and file names are always compact.

use thiserror::Error;

use crate::layout::{OB_SIZE, TextLayout};
use crate::memory::word_at;
use crate::{Memory, Unreadable};

/// Why a string can't be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TextError {
    /// Its memory is not there.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// What is there is no compact string.
    #[error("no string at {0:#x}")]
    NotText(u64),
}

/// A longer name or path is cut: nobody reads it, and a length may be garbage.
const MAX_CHARACTERS: u64 = 1 << 16;

/// Reads the `str` at `address`. Lone surrogates, which file names can hold, become U+FFFD.
///
/// # Errors
/// When there is no string, or not all of it is readable.
pub fn read_text(
    memory: &mut impl Memory,
    layout: &TextLayout,
    address: u64,
) -> Result<String, TextError> {
    let head: [u8; 40] = memory.bytes(address)?;
    let length = word_at(&head, OB_SIZE as u64).min(MAX_CHARACTERS);
    let state = head[32];
    let (width, is_compact, is_ascii) = ((state >> 2) & 7, state & 0x20 != 0, state & 0x40 != 0);
    if !is_compact || !matches!(width, 1 | 2 | 4) || (is_ascii && width != 1) {
        return Err(TextError::NotText(address));
    }
    let data = if is_ascii { layout.ascii_data } else { layout.compact_data };
    let size = usize::try_from(length).unwrap_or(0) * usize::from(width);
    let mut bytes = vec![0; size];
    memory.read(address.wrapping_add(data), &mut bytes)?;
    let character = |code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    Ok(match width {
        1 if bytes.is_ascii() => String::from_utf8(bytes).unwrap_or_default(),
        1 => bytes.into_iter().map(char::from).collect(),
        2 => bytes
            .chunks_exact(2)
            .map(|pair| character(u32::from(u16::from_le_bytes([pair[0], pair[1]]))))
            .collect(),
        _ => bytes
            .chunks_exact(4)
            .map(|four| character(u32::from_le_bytes([four[0], four[1], four[2], four[3]])))
            .collect(),
    })
}
