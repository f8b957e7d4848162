//! What a program says about the work that a thread is doing, as the engine reads it.
//!
//! Labels are an object in a context variable, so they follow a piece of work wherever its context
//! goes: through `await`, and into the threads that `asyncio.to_thread` and asgiref's
//! `sync_to_async` choose. The object holds two numbers, and nothing else of it is read: its own,
//! which no other object of the process's life has, and that of its scope, which is a piece of
//! work that is told apart as a whole, with all labels that are set within it.
//!
//! Until a program uses labels, they cost one load of an atomic for each sample.
#![expect(unsafe_code, reason = "the context of the calling thread is read by plain loads")]

use std::sync::OnceLock;

use pyflame_cpython::{ContextError, ContextReader, ContextTypes, Memory};
use thiserror::Error;

use crate::StartError;
use crate::held_memory::HeldMemory;
use crate::own_memory::OwnMemory;
use crate::python::Python;

/// The labels of a thread at one moment; both numbers are 0 where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct LabelIds {
    /// Names the set of labels.
    pub number: u64,
    /// Names the scope in which it was set; 0 for none.
    pub scope: u64,
}

/// Where labels are found in this interpreter.
#[derive(Clone, Copy, Debug)]
pub struct LabelPlace {
    /// The types of contexts.
    pub types: ContextTypes,
    /// Address of the context variable, which is never freed.
    pub variable: u64,
    /// What `hash()` says of the variable.
    pub hash: i64,
    /// Address of the type of the variable's values.
    pub value_type: u64,
    /// Where a value has its [`LabelIds`], in bytes from its address.
    pub ids_offset: u64,
}

/// Why labels can't be read.
#[derive(Debug, Error)]
pub enum LabelError {
    /// The interpreter is not understood.
    #[error(transparent)]
    Interpreter(#[from] StartError),
    /// What the thread's context is, is not what a context is.
    #[error("labels can't be read: {0}")]
    Context(#[from] ContextError),
    /// What is read is not what was set.
    #[error("labels can't be read: found number {found} where {expected} was set")]
    Different {
        /// The number that was read.
        found: u64,
        /// The number that was set.
        expected: u64,
    },
}

/// Reads labels.
#[derive(Clone, Copy, Debug)]
pub struct LabelReader {
    context: ContextReader,
    value_type: u64,
    ids_offset: u64,
}

/// The reader, once labels are in use and it was found to read right.
static READER: OnceLock<LabelReader> = OnceLock::new();

impl LabelReader {
    /// A reader that is not used yet.
    ///
    /// # Errors
    /// When this is not a CPython that we know.
    pub fn new(place: LabelPlace) -> Result<Self, LabelError> {
        let layout = Python::find()?.stacks.layout;
        let context = ContextReader::new(&layout, place.types, place.variable, place.hash);
        Ok(Self { context, value_type: place.value_type, ids_offset: place.ids_offset })
    }

    /// Compares what is read of the calling thread with what it has set.
    ///
    /// # Errors
    /// When these differ: then labels must not be read at all.
    pub fn check(&self, expected: LabelIds) -> Result<(), LabelError> {
        let thread = Python::find()?.current_thread();
        // Through the kernel: where the reader is wrong, it must not crash.
        let found = self.read(&mut OwnMemory, thread)?;
        if found == expected {
            return Ok(());
        }
        Err(LabelError::Different { found: found.number, expected: expected.number })
    }

    /// Has every sample from now on carry its labels. The caller has seen that [`Self::check`]
    /// passes.
    pub fn use_from_now_on(self) {
        _ = READER.set(self); // Set by another thread is as good.
    }

    fn read(&self, memory: &mut impl Memory, thread: u64) -> Result<LabelIds, ContextError> {
        let Some(value) = self.context.value(memory, thread)? else {
            return Ok(LabelIds::default());
        };
        if memory.word(value.wrapping_add(OB_TYPE))? != self.value_type {
            return Err(ContextError::UnexpectedType(value));
        }
        let ids = value.wrapping_add(self.ids_offset);
        Ok(LabelIds { number: memory.word(ids)?, scope: memory.word(ids.wrapping_add(8))? })
    }
}

/// `PyObject.ob_type`.
const OB_TYPE: u64 = 8;

/// The labels of the calling thread, whose state is at `thread`; `None` where they can't be
/// read. Async-signal-safe: loads and nothing else.
pub(crate) fn of_this_thread(thread: u64) -> Option<LabelIds> {
    let Some(reader) = READER.get() else { return Some(LabelIds::default()) };
    // SAFETY: `thread` is the state of the calling thread, which holds its context; what the
    // reader then follows is held by that. See `pyflame_cpython::ContextReader`. That the context
    // is found where the layout says, `LabelReader::check` has seen before there was a reader.
    let mut memory = unsafe { HeldMemory::new() };
    reader.read(&mut memory, thread).ok()
}

/// The labels of a thread that does not run; `None` where they can't be read.
pub(crate) fn of_resting_thread(memory: &mut impl Memory, thread: u64) -> Option<LabelIds> {
    READER.get().map_or(Some(LabelIds::default()), |reader| reader.read(memory, thread).ok())
}
