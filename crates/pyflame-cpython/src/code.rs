//! What a code object says about itself.
//!
//! Encodes `PyCodeObject` (Include/cpython/code.h). Strings and the line table are objects of
//! their own that live as long as the code object does.

use thiserror::Error;

use crate::layout::{OB_SIZE, OB_TYPE};
use crate::memory::word_at;
use crate::{Layout, Lines, Memory, TextError, Unreadable, read_text};

/// Why a code object can't be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CodeError {
    /// Its memory is not there.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// What is there is no code object.
    #[error("no code object at {0:#x}")]
    NotCode(u64),
    /// Its name or file name can't be read.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// A code object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeObject {
    /// Qualified name; up to 3.10 the plain one.
    pub name: String,
    /// The file it was compiled from.
    pub filename: String,
    /// The line of its `def`, or of its first statement.
    pub first_line: u32,
    /// Which instruction belongs to which line.
    pub lines: Lines,
    /// Whether the interpreter made it to get into or out of Python code (`<shim>`,
    /// `_Py_InitCleanup`); such code has no lines and is in no file.
    pub is_trampoline: bool,
    /// Offset in bytes of the first instruction that belongs to the function's body; what comes
    /// before it prepares the call. 0 up to 3.10, where nothing does.
    pub body_offset: i32,
}

/// A code object as it was found: its line table is that of its version still.
///
/// To take this down is a matter of some copies, where to understand it takes as long as the table
/// is.
#[derive(Clone, Debug)]
pub struct RawCode {
    name: String,
    filename: String,
    first_line: u32,
    line_table: Vec<u8>,
    /// Instructions before the body; `None` where the version does not say.
    body_units: Option<u64>,
}

/// A larger line table is passed over; CPython's own largest has about half a megabyte.
const MAX_LINE_TABLE: u64 = 1 << 26;

/// Offset of the bytes in a `bytes` object.
const BYTES_DATA: u64 = 32;

impl RawCode {
    /// Reads the code object at `address`; `code_type` is the address of `PyCode_Type`.
    ///
    /// # Errors
    /// When there is no code object, or not all of it is readable. A line table that is not
    /// readable is no error: the code then has no lines but its first.
    pub fn read(
        memory: &mut impl Memory,
        layout: &Layout,
        code_type: u64,
        address: u64,
    ) -> Result<Self, CodeError> {
        let mut bytes = [0; 256];
        let bytes = bytes.get_mut(..layout.code.size).ok_or(CodeError::NotCode(address))?;
        memory.read(address, bytes)?;
        if word_at(bytes, OB_TYPE as u64) != code_type {
            return Err(CodeError::NotCode(address));
        }
        let first_line = word_at(bytes, layout.code.first_line) & 0x7fff_ffff;
        let line_table = word_at(bytes, layout.code.line_table);
        Ok(Self {
            name: read_text(memory, &layout.text, word_at(bytes, layout.code.name))?,
            filename: read_text(memory, &layout.text, word_at(bytes, layout.code.filename))?,
            first_line: u32::try_from(first_line).unwrap_or(0),
            line_table: read_bytes(memory, line_table).unwrap_or_default(),
            body_units: layout.code.first_traceable.map(|offset| word_at(bytes, offset)),
        })
    }

    /// Understands it, as code of the version that `layout` is of.
    pub fn decode(self, layout: &Layout) -> CodeObject {
        let Self { name, filename, first_line, line_table, body_units } = self;
        let lines = Lines::decode(layout.lines, &line_table, first_line);
        let is_trampoline = body_units.is_some()
            && lines.ranges().all(|(_, line)| line.is_none())
            && (filename == name || filename.is_empty() || filename.starts_with('<'));
        let body_offset = (body_units.unwrap_or(0) & 0x3fff_ffff) * 2;
        let body_offset = i32::try_from(body_offset).unwrap_or(0);
        CodeObject { name, filename, first_line, lines, is_trampoline, body_offset }
    }
}

impl CodeObject {
    /// Reads and decodes the code object at `address`; `code_type` is the address of `PyCode_Type`.
    ///
    /// # Errors
    /// As [`RawCode::read`].
    pub fn read(
        memory: &mut impl Memory,
        layout: &Layout,
        code_type: u64,
        address: u64,
    ) -> Result<Self, CodeError> {
        Ok(RawCode::read(memory, layout, code_type, address)?.decode(layout))
    }

    /// Whether a frame at `offset` is one that Python itself does not show yet: its call is still
    /// being prepared (`_PyFrame_IsIncomplete`, Include/internal/pycore_frame.h).
    pub fn is_incomplete(&self, offset: i32, is_generator: bool) -> bool {
        !is_generator && offset < self.body_offset
    }

    /// The line of the instruction `offset` bytes from the start; before the first instruction
    /// the first line, and 0 for instructions without a line.
    pub fn line_at(&self, offset: i32) -> u32 {
        match u32::try_from(offset) {
            Ok(offset) => self.lines.at(offset).unwrap_or(0),
            Err(_) => self.first_line,
        }
    }
}

fn read_bytes(memory: &mut impl Memory, address: u64) -> Result<Vec<u8>, Unreadable> {
    let size = memory.word(address.wrapping_add(OB_SIZE as u64))?;
    if size > MAX_LINE_TABLE {
        return Err(Unreadable { address });
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    memory.read(address.wrapping_add(BYTES_DATA), &mut bytes)?;
    Ok(bytes)
}
