//! The thread states of an interpreter: a doubly linked list, newest first.
//!
//! `PyInterpreterState.threads.head` and `PyThreadState.{prev,next}` (Python/pystate.c). The list
//! is changed under a lock that a reader from outside does not hold, so a walk is bounded, and
//! each state must point back at the one from which it was reached.

use thiserror::Error;

use crate::memory::word_at;
use crate::{Layout, Memory, Unreadable};

/// Why the list of threads can't be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ThreadsError {
    /// A part of it is not readable.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It changed while it was read; reading it again will do.
    #[error("the list of threads changed while it was read")]
    Changed,
}

/// A thread state: what identifies a Python thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadState {
    /// Address of the `PyThreadState`.
    pub address: u64,
    /// A number that no other thread state of the interpreter ever has.
    pub id: u64,
    /// `pthread_self()` of the thread.
    pub thread_id: u64,
    /// The kernel's id of the thread; 0 before 3.11.
    pub native_id: u64,
    /// The next newer and the next older thread state; 0 for none.
    pub neighbours: (u64, u64),
}

/// More threads than a process can have (the kernel's largest `pid_max`).
const MAX_THREADS: usize = 1 << 22;

/// Calls `found` with each thread state of `interpreter`, newest first.
///
/// # Errors
/// When the list is not readable or changes under the reader; what was found until then is
/// not to be relied on.
pub fn threads(
    memory: &mut impl Memory,
    layout: &Layout,
    interpreter: u64,
    mut found: impl FnMut(ThreadState),
) -> Result<(), ThreadsError> {
    let mut newer = 0;
    let mut address = memory.word(interpreter.wrapping_add(layout.interpreter.threads_head))?;
    for _ in 0..MAX_THREADS {
        if address == 0 {
            return Ok(());
        }
        let thread = read_thread(memory, layout, interpreter, address)?;
        if thread.neighbours.0 != newer {
            return Err(ThreadsError::Changed);
        }
        found(thread);
        newer = address;
        address = thread.neighbours.1;
    }
    Err(ThreadsError::Changed)
}

/// Reads one thread state, which must belong to `interpreter`.
///
/// # Errors
/// When it is not readable, or is not a thread state of `interpreter` (any more).
pub fn read_thread(
    memory: &mut impl Memory,
    layout: &Layout,
    interpreter: u64,
    address: u64,
) -> Result<ThreadState, ThreadsError> {
    let offsets = &layout.thread;
    let mut bytes = [0; MAX_SIZE];
    let bytes = bytes.get_mut(..offsets.size).ok_or(ThreadsError::Changed)?;
    memory.read(address, bytes)?;
    let word = |offset| word_at(bytes, offset);
    if word(offsets.interpreter) != interpreter {
        return Err(ThreadsError::Changed);
    }
    Ok(ThreadState {
        address,
        id: word(offsets.id),
        thread_id: word(offsets.thread_id),
        // An `unsigned long`, of which the kernel uses 32 bits.
        native_id: offsets.native_thread_id.map_or(0, word) & 0xffff_ffff,
        neighbours: (word(offsets.prev), word(offsets.next)),
    })
}

/// Whether `thread` is still the one that was read before and a member of the list: its
/// neighbours as they are now point at it.
///
/// # Errors
/// When a part of it is not readable.
pub fn is_linked(
    memory: &mut impl Memory,
    layout: &Layout,
    interpreter: u64,
    thread: &ThreadState,
) -> Result<bool, ThreadsError> {
    let now = read_thread(memory, layout, interpreter, thread.address)?;
    let (newer, older) = now.neighbours;
    let from_newer = if newer == 0 {
        interpreter.wrapping_add(layout.interpreter.threads_head)
    } else {
        newer.wrapping_add(layout.thread.next)
    };
    let same = now.id == thread.id && now.thread_id == thread.thread_id;
    Ok(same
        && memory.word(from_newer)? == thread.address
        && (older == 0 || memory.word(older.wrapping_add(layout.thread.prev))? == thread.address))
}

/// Room for the part of a thread state that is read, in every version.
const MAX_SIZE: usize = 320;
