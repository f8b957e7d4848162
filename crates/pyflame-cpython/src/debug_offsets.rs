//! The table of offsets that an interpreter carries from 3.13 on.
//!
//! `_PyRuntime` starts with `_Py_DebugOffsets` (Include/internal/pycore_runtime.h in 3.13,
//! pycore_debug_offsets.h later): the cookie `xdebugpy`, the version as `PY_VERSION_HEX`, whether
//! the build is free-threaded, and then groups of 64-bit offsets. Fields are inserted in the
//! middle of groups, so the position of each is a matter of the minor version.

use thiserror::Error;

use crate::{Instruction, Layout, Memory, TopFrame, Unreadable};

/// Why the interpreter's own table of offsets is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DebugOffsetsError {
    /// The memory at `_PyRuntime` can't be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// There is no such table, or it is another version's.
    #[error("no table of offsets for this version at _PyRuntime")]
    NotATable,
    /// The interpreter is a free-threaded build.
    #[error("free-threaded builds of Python are not supported by the signal engine yet")]
    FreeThreaded,
    /// An offset is too large or not aligned.
    #[error("implausible offset {0} in the interpreter's table")]
    Implausible(u64),
}

impl Layout {
    /// This layout with what the interpreter whose `_PyRuntime` is at `runtime` says of itself.
    /// Before 3.13 interpreters say nothing, and the layout stays as it is.
    ///
    /// # Errors
    /// When the table is missing, is another version's, or says what can't be.
    pub fn with_debug_offsets(
        self,
        memory: &mut impl Memory,
        runtime: u64,
    ) -> Result<Self, DebugOffsetsError> {
        let Some(groups) = Groups::of(self.minor) else { return Ok(self) };
        let mut bytes = [0; WORDS * 8];
        memory.read(runtime, &mut bytes)?;
        let table = Table(&bytes);
        let version = table.word(1);
        if !bytes.starts_with(b"xdebugpy") || version >> 16 != 0x0300 | u64::from(self.minor) {
            return Err(DebugOffsetsError::NotATable);
        }
        if table.word(2) != 0 {
            return Err(DebugOffsetsError::FreeThreaded);
        }
        self.told_by(&table, &groups)
    }

    fn told_by(self, table: &Table<'_>, groups: &Groups) -> Result<Self, DebugOffsetsError> {
        let thread = groups.thread + groups.behind_current_frame;
        let mut layout = self;
        layout.interpreters_head = table.offset(RUNTIME + 2)?;
        layout.interpreter.next = table.offset(INTERPRETER + 2)?;
        layout.interpreter.threads_head = table.offset(INTERPRETER + 3)?;
        layout.thread.prev = table.offset(groups.thread + 1)?;
        layout.thread.next = table.offset(groups.thread + 2)?;
        layout.thread.interpreter = table.offset(groups.thread + 3)?;
        layout.thread.top = TopFrame::Direct(table.offset(groups.thread + 4)?);
        layout.thread.thread_id = table.offset(thread + 5)?;
        layout.thread.native_thread_id = Some(table.offset(thread + 6)?);
        layout.thread.datastack_chunk = Some(table.offset(thread + 7)?);
        layout.frame.previous = table.offset(groups.frame + 1)?;
        layout.frame.code = table.offset(groups.frame + 2)?;
        layout.frame.instruction = Instruction::Pointer(table.offset(groups.frame + 3)?);
        // The owner is a byte, and so the one offset that need not be aligned.
        layout.frame.owner = Some(table.plausible(groups.frame + 5)?);
        layout.code.filename = table.offset(groups.code + 1)?;
        layout.code.name = table.offset(groups.code + 3)?;
        layout.code.line_table = table.offset(groups.code + 4)?;
        layout.code.first_line = table.plausible(groups.code + 5)?;
        layout.code.instructions = Some(table.offset(groups.code + 9)?);
        layout.within_sizes()
    }

    /// Refuses offsets that lie outside the part of an object that we read.
    fn within_sizes(self) -> Result<Self, DebugOffsetsError> {
        let TopFrame::Direct(top) = self.thread.top else { return Ok(self) };
        let Instruction::Pointer(instruction) = self.frame.instruction else { return Ok(self) };
        let thread = [
            self.thread.prev,
            self.thread.next,
            self.thread.interpreter,
            top,
            self.thread.thread_id,
            self.thread.native_thread_id.unwrap_or(0),
            self.thread.datastack_chunk.map_or(0, |chunk| chunk + 8),
        ];
        let frame = [self.frame.previous, self.frame.code, instruction];
        let code = [self.code.filename, self.code.name, self.code.line_table, self.code.first_line];
        let fits = |offsets: &[u64], size: usize| {
            offsets.iter().find(|offset| *offset + 8 > size as u64).copied()
        };
        match fits(&thread, self.thread.size)
            .or_else(|| fits(&frame, self.frame.size))
            .or_else(|| fits(&code, self.code.size))
            .or_else(|| self.frame.owner.filter(|owner| *owner >= self.frame.size as u64))
        {
            Some(offset) => Err(DebugOffsetsError::Implausible(offset)),
            None => Ok(self),
        }
    }
}

/// Where the groups of one version start, in 64-bit words. Each starts with a size, but for
/// the first one, which follows cookie, version and `free_threaded`.
struct Groups {
    thread: usize,
    frame: usize,
    code: usize,
    /// How many fields 3.15 has inserted behind `current_frame`.
    behind_current_frame: usize,
}

impl Groups {
    fn of(minor: u8) -> Option<Self> {
        match minor {
            13 => Some(Self { thread: 19, frame: 28, code: 34, behind_current_frame: 0 }),
            14 => Some(Self { thread: 22, frame: 31, code: 39, behind_current_frame: 0 }),
            15 => Some(Self { thread: 22, frame: 39, code: 47, behind_current_frame: 3 }),
            _ => None,
        }
    }
}

/// The groups that start at the same place in all versions.
const RUNTIME: usize = 3;
const INTERPRETER: usize = 6;

/// How many words are read: up to the last offset that we use.
const WORDS: usize = 58;

struct Table<'a>(&'a [u8]);

impl Table<'_> {
    fn word(&self, index: usize) -> u64 {
        let bytes = self.0.get(index * 8..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    fn plausible(&self, index: usize) -> Result<u64, DebugOffsetsError> {
        // No structure of an interpreter comes near a megabyte.
        let offset = self.word(index);
        if offset < 1 << 20 { Ok(offset) } else { Err(DebugOffsetsError::Implausible(offset)) }
    }

    fn offset(&self, index: usize) -> Result<u64, DebugOffsetsError> {
        let offset = self.plausible(index)?;
        if offset % 8 == 0 { Ok(offset) } else { Err(DebugOffsetsError::Implausible(offset)) }
    }
}
