//! The memory of the calling thread's own stack, read by plain loads where these can't fault.
//!
//! A system call for each page would cost more than the signal itself once caches are cold
//! (2 to 3 µs each). Of most of what a walk reads, though, the thread that walks knows that it is
//! there:
//!
//! - its thread state, which only the thread itself frees, after it has let go of it;
//! - the chunks of its data stack, which nobody else maps or unmaps. `datastack_chunk` is moved
//!   back before a chunk is unmapped (Python/pystate.c, `_PyThreadState_PopFrame`), and a new
//!   chunk is zeroed memory until it is filled in, which makes it a chunk of no size;
//! - its C stack, as far as the kernel has told that it reaches;
//! - up to 3.10 all frames: each holds a reference to its caller's, and a frame is linked before
//!   the call that publishes it and unlinked after its return (Objects/genobject.c,
//!   `gen_send_ex`; Python/ceval.c).
//!
//! Everything else (the frames of generators, and whatever garbage a half-made frame leads to)
//! is read through the kernel, as [`BlockMemory`] does.
#![expect(unsafe_code, reason = "plain loads from memory that belongs to the interpreter")]

use std::ops::Range;

use pyflame_cpython::{Layout, Memory, Unreadable};

use crate::own_memory::BlockMemory;

/// See the module. Valid on the thread that made it, and only until that runs on.
#[derive(Debug)]
pub(crate) struct LiveMemory<'a> {
    thread: Range<u64>,
    c_stack: Range<u64>,
    /// The chunk of the data stack in which the last frame was found, and the one before it.
    chunk: Chunk,
    are_frames_held: bool,
    elsewhere: &'a mut BlockMemory,
}

/// A `_PyStackChunk` (Include/cpython/pystate.h): a pointer to the chunk before, the size in
/// bytes, the top of all but the newest, and then data.
#[derive(Clone, Debug, Default)]
struct Chunk {
    memory: Range<u64>,
    previous: u64,
}

/// Offset of the data in a chunk.
const CHUNK_HEAD: usize = 24;

/// A larger chunk than one frame can ask for.
const MAX_CHUNK: u64 = 1 << 32;

impl<'a> LiveMemory<'a> {
    /// The memory of the calling thread, whose thread state is at `thread` and whose C stack lies
    /// within `c_stack`.
    ///
    /// # Safety
    /// `thread` is what `PyGILState_GetThisThreadState` says on this very thread, `c_stack` is
    /// readable for as long as the thread lives, and `layout` is that of this interpreter.
    pub(crate) unsafe fn new(
        layout: &Layout,
        thread: u64,
        c_stack: Range<u64>,
        elsewhere: &'a mut BlockMemory,
    ) -> Self {
        let size = layout.thread.size as u64;
        let mut memory = Self {
            thread: thread..thread + size,
            c_stack,
            chunk: Chunk::default(),
            are_frames_held: layout.minor <= 10,
            elsewhere,
        };
        if let Some(offset) = layout.thread.datastack_chunk {
            // SAFETY: the field is inside the thread state, which is there.
            memory.chunk.previous = u64::from_le_bytes(unsafe { load(thread + offset) });
        }
        memory
    }

    /// Whether `address` is inside the chunk at hand, or the one before it: frames get older
    /// along a walk, and so no chunk is ever passed over.
    fn is_on_data_stack(&mut self, address: u64, size: u64) -> bool {
        if is_inside(&self.chunk.memory, address, size) {
            return true;
        }
        if self.chunk.previous == 0 {
            return false;
        }
        // SAFETY: it is a chunk of this thread's list, all of which are there.
        let head: [u8; CHUNK_HEAD] = unsafe { load(self.chunk.previous) };
        let word = |at: usize| {
            head.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |w| u64::from_le_bytes(*w))
        };
        let (start, size_in_bytes) = (self.chunk.previous, word(8));
        let memory = start..start.saturating_add(size_in_bytes);
        if size_in_bytes > MAX_CHUNK || !is_inside(&memory, address, size) {
            return false;
        }
        self.chunk = Chunk { memory, previous: word(0) };
        true
    }
}

impl Memory for LiveMemory<'_> {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let size = into.len() as u64;
        let is_live = is_inside(&self.thread, address, size)
            || is_inside(&self.c_stack, address, size)
            || self.are_frames_held
            || self.is_on_data_stack(address, size);
        if !is_live {
            return self.elsewhere.read(address, into);
        }
        // SAFETY: all of the bytes are inside memory that the module's first words show to be
        // there; which of its cases it is has just been checked.
        unsafe { copy(address, into) };
        Ok(())
    }
}

fn is_inside(memory: &Range<u64>, address: u64, size: u64) -> bool {
    memory.start <= address && address.checked_add(size).is_some_and(|end| end <= memory.end)
}

/// Copies `N` bytes from anywhere.
///
/// # Safety
/// All of the bytes are readable.
unsafe fn load<const N: usize>(address: u64) -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: the caller says that the bytes are readable.
    unsafe { copy(address, &mut bytes) };
    bytes
}

/// Copies bytes from anywhere.
///
/// # Safety
/// All of the bytes are readable.
unsafe fn copy(address: u64, into: &mut [u8]) {
    let from = address as *const u8;
    // SAFETY: the caller says that the bytes are readable; `into` is a place of our own, which
    // no object of the interpreter overlaps.
    unsafe { std::ptr::copy_nonoverlapping(from, into.as_mut_ptr(), into.len()) };
}
