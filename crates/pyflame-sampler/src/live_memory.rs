//! The memory of the calling thread's own stack, read by plain loads where these can't fault.
//!
//! A system call for each page would cost more than the signal itself once caches are cold
//! (2 to 3 µs each). Of most of what a walk reads, though, the thread that walks knows that it is
//! there:
//!
//! - its thread state, which the thread itself frees after it has let go of it. (Up to 3.11
//!   another one can, by `PyThreadState_Delete`; so it has to be listed still, see `eye`);
//! - the chunks of its data stack, which nobody else maps or unmaps. `datastack_chunk` is moved
//!   back before a chunk is unmapped (Python/pystate.c, `_PyThreadState_PopFrame`), and a new
//!   chunk is zeroed memory until it is filled in, which makes it a chunk of no size;
//! - its C stack, as far as the kernel has told that it reaches;
//! - up to 3.10 all frames: each holds a reference to its caller's, and a frame is linked before
//!   the call that publishes it and unlinked after its return (Objects/genobject.c,
//!   `gen_send_ex`; Python/ceval.c).
//!
//! Everything else (the frames of generators, and whatever garbage a half-made frame leads to)
//! is read through the kernel, as [`BlockMemory`] does. And that the layout leads to these places, is
//! found out through the kernel before the first load ([`is_there`]).
#![expect(unsafe_code, reason = "plain loads from memory that belongs to the interpreter")]

use std::ops::Range;

use pyflame_cpython::{Layout, Memory, Unreadable};

use crate::own_memory::{BlockMemory, OwnMemory};

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

/// A larger chunk than one frame can ask for.
const MAX_CHUNK: u64 = 1 << 32;

/// What a chunk has before its data.
const CHUNK_HEAD: u64 = 24;

/// More chunks than there is memory for.
const MOST_CHUNKS: usize = 1 << 22;

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
        let mut memory = Self {
            thread: thread..thread + layout.thread.extent(),
            c_stack,
            chunk: Chunk::default(),
            are_frames_held: layout.minor <= 10,
            elsewhere,
        };
        if let Some(offset) = layout.thread.datastack_chunk {
            // SAFETY: the field is inside the thread state, which is there.
            [memory.chunk.previous] = unsafe { load(thread + offset) };
        }
        memory
    }

    /// Whether `size` bytes from `address` on are there for certain, and well aligned.
    fn is_live(&mut self, address: u64, size: u64) -> bool {
        address.is_multiple_of(8)
            && (self.is_on_data_stack(address, size)
                || is_inside(&self.thread, address, size)
                || is_inside(&self.c_stack, address, size)
                || self.are_frames_held)
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
        let [previous, size_in_bytes] = unsafe { load(self.chunk.previous) };
        let start = self.chunk.previous;
        let memory = start..start.saturating_add(size_in_bytes);
        if size_in_bytes > MAX_CHUNK || !is_inside(&memory, address, size) {
            return false;
        }
        self.chunk = Chunk { memory, previous };
        true
    }
}

/// Whether what is loaded without a question on the calling thread, its state and its data stack, is
/// where `layout` says, by the kernel's word. To be asked before the first load: a wrong layout would
/// lead anywhere.
pub(crate) fn is_there(layout: &Layout, thread: u64) -> bool {
    if OwnMemory.word(thread.wrapping_add(layout.thread.extent() - 8)).is_err() {
        return false;
    }
    let Some(offset) = layout.thread.datastack_chunk else { return true };
    let mut chunk = OwnMemory.word(thread.wrapping_add(offset));
    for _ in 0..MOST_CHUNKS {
        match chunk {
            Ok(0) => return true,
            Ok(start) if is_chunk(start) => chunk = OwnMemory.word(start),
            _ => return false,
        }
    }
    false
}

fn is_chunk(start: u64) -> bool {
    let has_end = |size| OwnMemory.word(start.saturating_add(size - 8)).is_ok();
    let size = OwnMemory.word(start.wrapping_add(8));
    start.is_multiple_of(8)
        && size.is_ok_and(|size| (CHUNK_HEAD..=MAX_CHUNK).contains(&size) && has_end(size))
}

impl Memory for LiveMemory<'_> {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        self.elsewhere.read(address, into)
    }

    /// Not part of its callers, so that they share the lines of its code.
    #[inline(never)]
    fn word(&mut self, address: u64) -> Result<u64, Unreadable> {
        self.words(address, 8, [0]).map(|[word]| word)
    }

    #[inline]
    fn words<const N: usize>(
        &mut self,
        address: u64,
        size: usize,
        offsets: [u64; N],
    ) -> Result<[u64; N], Unreadable> {
        let last = (size as u64).checked_sub(8);
        let is_within = |offset: &u64| offset.is_multiple_of(8) && Some(*offset) <= last;
        if !self.is_live(address, size as u64) || !offsets.iter().all(is_within) {
            return self.words_elsewhere(address, size, offsets);
        }
        // SAFETY: `is_live` has found all of the bytes inside of one of the places which the module's
        // first words show to be there; up to 3.10 it asks for no place, since there it is only called
        // with what a living frame refers to. The address is a multiple of 8, and so is each offset,
        // behind which a word lies within `size`.
        Ok(offsets.map(|offset| unsafe { load_word(address + offset) }))
    }
}

impl LiveMemory<'_> {
    /// The same through the kernel. Apart, so that the code of a walk that needs none of it is short:
    /// between two samples, the program's own takes its place in the caches.
    #[cold]
    #[inline(never)]
    fn words_elsewhere<const N: usize>(
        &mut self,
        address: u64,
        size: usize,
        offsets: [u64; N],
    ) -> Result<[u64; N], Unreadable> {
        self.elsewhere.words(address, size, offsets)
    }
}

fn is_inside(memory: &Range<u64>, address: u64, size: u64) -> bool {
    memory.start <= address && address.checked_add(size).is_some_and(|end| end <= memory.end)
}

/// Loads `N` words from `address` on.
///
/// # Safety
/// All of them are readable, and `address` is a multiple of 8.
unsafe fn load<const N: usize>(address: u64) -> [u64; N] {
    // SAFETY: the caller says that the words are readable.
    std::array::from_fn(|index| unsafe { load_word(address + 8 * index as u64) })
}

/// Loads a word as it is now. Volatile, as other threads may write to some words of a thread state
/// meanwhile (`eval_breaker`), and none of them is part of a Rust object.
///
/// # Safety
/// It is readable, and `address` is a multiple of 8.
unsafe fn load_word(address: u64) -> u64 {
    // SAFETY: the caller says so.
    unsafe { std::ptr::read_volatile(address as *const u64) }
}
