//! Looks up one context variable in the context that a thread is in.
//!
//! `PyThreadState.context` is a `PyContext`, whose variables are in an immutable hash trie
//! (`Include/internal/pycore_context.h`, `pycore_hamt.h`, `Python/hamt.c`; these structures are
//! the same from 3.9 to 3.15). Each level of the trie is chosen by the next five bits of the
//! variable's hash. Its nodes are of three types: a bitmap with an entry for each bit that is set,
//! an array of 32 nodes, and, below 32 equal bits, a list of keys that collide. The last can't be
//! met unless another variable has the same hash in all of its bits; it is an error here.
//!
//! The thread state holds the context, that holds the trie, each node holds what is below it, and
//! a field is changed before what it held is let go of (`Py_SETREF`). So while the thread does not
//! run, every address on the way is that of a living object; each object's type is compared before
//! it is followed.

use thiserror::Error;

use crate::layout::OB_TYPE;
use crate::{Layout, Memory, Unreadable};

/// Why a context variable can't be looked up.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ContextError {
    /// An address leads to memory that is not there.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// An object on the way is not of the type that it must be.
    #[error("the object at {0:#x} is not what is expected in a context")]
    UnexpectedType(u64),
    /// Further down than a trie reaches.
    #[error("the context has no end")]
    Endless,
}

/// Addresses of the types that a context is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextTypes {
    /// `PyContext_Type`.
    pub context: u64,
    /// `_PyHamt_Type`.
    pub trie: u64,
    /// `_PyHamt_BitmapNode_Type`.
    pub bitmap_node: u64,
    /// `_PyHamt_ArrayNode_Type`.
    pub array_node: u64,
}

/// Looks up one context variable.
#[derive(Clone, Copy, Debug)]
pub struct ContextReader {
    /// Where a thread state has its context.
    context_offset: u64,
    types: ContextTypes,
    variable: u64,
    hash: u32,
}

/// `PyContext.ctx_vars`.
const VARIABLES: u64 = 24;
/// `PyHamtObject.h_root`.
const ROOT: u64 = 16;
/// `PyHamtNode_Bitmap.b_bitmap` and `b_array`.
const BITMAP: u64 = 24;
const ENTRIES: u64 = 32;
/// `PyHamtNode_Array.a_array`.
const CHILDREN: u64 = 16;

/// Five bits of the hash for each level, of 32.
const LEVELS: u32 = 7;

impl ContextReader {
    /// A reader for the variable at `variable`, of which `hash()` says `hash`.
    pub fn new(layout: &Layout, types: ContextTypes, variable: u64, hash: i64) -> Self {
        Self { context_offset: layout.thread.context, types, variable, hash: folded(hash) }
    }

    /// The address of the variable's value in the context of the thread whose state is at
    /// `thread`; `None` where it has none. The thread must not run meanwhile.
    ///
    /// # Errors
    /// When what is found is not a context.
    pub fn value(
        &self,
        memory: &mut impl Memory,
        thread: u64,
    ) -> Result<Option<u64>, ContextError> {
        let context = memory.word(thread.wrapping_add(self.context_offset))?;
        if context == 0 {
            return Ok(None);
        }
        let trie = expect(memory, context, self.types.context, VARIABLES)?;
        let mut node = expect(memory, trie, self.types.trie, ROOT)?;
        for level in 0..LEVELS {
            let place = self.hash >> (5 * level) & 31;
            let kind = memory.word(node.wrapping_add(OB_TYPE as u64))?;
            if kind == self.types.bitmap_node {
                let bitmap = memory.word(node.wrapping_add(BITMAP))? & 0xffff_ffff;
                let before = (bitmap & ((1 << place) - 1)).count_ones();
                if bitmap >> place & 1 == 0 {
                    return Ok(None);
                }
                let entry = node.wrapping_add(ENTRIES + 16 * u64::from(before));
                let key = memory.word(entry)?;
                let value = memory.word(entry.wrapping_add(8))?;
                if key != 0 {
                    return Ok((key == self.variable).then_some(value));
                }
                node = value;
            } else if kind == self.types.array_node {
                node = memory.word(node.wrapping_add(CHILDREN + 8 * u64::from(place)))?;
                if node == 0 {
                    return Ok(None);
                }
            } else {
                return Err(ContextError::UnexpectedType(node));
            }
        }
        Err(ContextError::Endless)
    }
}

/// Reads the field of an object that must be of the given type.
fn expect(
    memory: &mut impl Memory,
    object: u64,
    kind: u64,
    field: u64,
) -> Result<u64, ContextError> {
    if memory.word(object.wrapping_add(OB_TYPE as u64))? != kind {
        return Err(ContextError::UnexpectedType(object));
    }
    Ok(memory.word(object.wrapping_add(field))?)
}

/// The 32 bits by which the trie sorts (Python/hamt.c, `hamt_hash`).
fn folded(hash: i64) -> u32 {
    let bits = hash.cast_unsigned();
    let xored =
        u32::try_from(bits & 0xffff_ffff).unwrap_or(0) ^ u32::try_from(bits >> 32).unwrap_or(0);
    // An `int32_t` of -1 means an error there.
    if xored == u32::MAX { u32::MAX - 1 } else { xored }
}

#[cfg(test)]
mod tests;
