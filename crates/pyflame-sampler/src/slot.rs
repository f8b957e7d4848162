//! Where a thread puts its own stack: one slot for each thread that has been signalled.
//!
//! A slot passes between the sampling thread and the signal handler of one other thread. Who may
//! touch its desk follows from its phase:
//!
//! ```text
//! Idle ──request──▶ Requested ──handler starts──▶ Capturing ──handler ends──▶ Captured | Failed
//!   ▲  (sampler)     (nobody)                      (handler)                  (sampler)   │
//!   └──────────────────────────────── taken ──────────────────────────────────────────────┘
//! ```
//!
//! Slots are never freed, only used again, so a signal that arrives late finds a slot whatever
//! has happened since, sees that nothing is requested, and does nothing.
#![expect(unsafe_code, reason = "the desk changes hands between threads by the phase alone")]

use std::cell::UnsafeCell;
use std::ops::Range;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use pyflame_cpython::{Memory as _, RawFrame};

use crate::labels::{self, LabelIds};
use crate::live_memory::LiveMemory;
use crate::own_memory::BlockMemory;
use crate::python::Python;
use crate::{deaths, this_thread};

/// A slot; see the module.
///
/// It goes to and fro between the caches of two CPUs, so what every capture touches comes first
/// and shares a line.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Slot {
    phase: AtomicU32,
    /// Whose stack is asked for: a [`Whose`].
    whose: AtomicU64,
    desk: UnsafeCell<Desk>,
    index: usize,
}

// SAFETY: everything but the desk is atomic, and the desk is touched only by the side that the
// phase gives it to; each hand-over is a release store or exchange that the other side acquires.
unsafe impl Sync for Slot {}

/// What lies in a slot.
#[derive(Debug)]
#[repr(C)]
struct Desk {
    frames: Frames,
    /// How many code objects had died by then ([`deaths::count`]).
    deaths: u64,
    labels: LabelIds,
    /// The C stack of the thread, once that is known.
    c_stack: Range<u64>,
    memory: BlockMemory,
    /// How many captures there were for this thread.
    captures: u32,
}

/// The thread state whose stack a thread is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whose(u64);

impl Whose {
    /// For measurements: the handler then does everything but look at the stack.
    pub(crate) const NOBODY: Self = Self(0);
    const ONE_OF_SEVERAL: u64 = 1;

    /// The state at this address, the only one of its thread as far as is known.
    pub(crate) fn state(address: u64) -> Self {
        Self(address)
    }

    /// That state, where it is one of several that the thread has: it knows which is its own now.
    pub(crate) fn one_of_several(address: u64) -> Self {
        Self(address | Self::ONE_OF_SEVERAL)
    }
}

/// A captured stack, innermost frame first.
#[derive(Debug)]
pub(crate) struct Capture<'a> {
    /// The innermost frames, and after them, if some are left out, the outermost.
    pub(crate) frames: (&'a [RawFrame], &'a [RawFrame]),
    /// How many frames are left out between the two.
    pub(crate) left_out: usize,
    /// How many code objects had died by then.
    pub(crate) deaths: u64,
    /// What the program said about the thread's work.
    pub(crate) labels: LabelIds,
}

/// What the sampler finds in a slot.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// The handler has not run yet.
    Nothing,
    /// A stack.
    Stack(Capture<'a>),
    /// The handler did not believe what it saw.
    Failed,
}

/// Finding a stack takes longer than a thread of few captures could save by it.
const CAPTURES_BEFORE_LEARNING: u32 = 4;

const IDLE: u32 = 0;
const REQUESTED: u32 = 1;
const CAPTURING: u32 = 2;
const CAPTURED: u32 = 3;
const FAILED: u32 = 4;

impl Slot {
    /// Asks for a capture; returns false if one is asked for already.
    pub(crate) fn request(&self, whose: Whose) -> bool {
        if self.phase.load(Ordering::Acquire) != IDLE {
            return false;
        }
        self.whose.store(whose.0, Ordering::Relaxed);
        self.phase.store(REQUESTED, Ordering::Release);
        true
    }

    /// Says where the C stack of the thread lies, when it has been captured often enough for
    /// that to be worth while. Only for the sampling thread, right after [`Slot::take`].
    pub(crate) fn learn_c_stack(&self, find: impl FnOnce() -> Range<u64>) {
        if self.phase.load(Ordering::Acquire) != IDLE {
            return;
        }
        // SAFETY: an idle slot's desk is the sampler's, and only the one sampling thread is here.
        let desk = unsafe { &mut *self.desk.get() };
        desk.captures = desk.captures.saturating_add(1);
        if desk.captures == CAPTURES_BEFORE_LEARNING {
            desk.c_stack = find();
        }
    }

    /// Takes a request back, for when the thread could not be signalled or has ended; returns
    /// whether no handler had begun to answer.
    pub(crate) fn cancel(&self) -> bool {
        let (from, to) = (REQUESTED, IDLE);
        self.phase.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Looks what the handler has left, and hands it to `see`. Only for the sampling thread.
    pub(crate) fn take<T>(&self, see: impl FnOnce(Found<'_>) -> T) -> T {
        let phase = self.phase.load(Ordering::Acquire);
        if phase != CAPTURED && phase != FAILED {
            return see(Found::Nothing);
        }
        // SAFETY: in these two phases the desk is the sampler's, and only the one sampling
        // thread calls this function; the load above acquires what the handler wrote.
        let desk = unsafe { &mut *self.desk.get() };
        let result = if phase == FAILED {
            see(Found::Failed)
        } else if desk.frames.grow() {
            // The stack was deeper than the desk; there is room now, so have it taken again.
            see(Found::Failed)
        } else {
            see(Found::Stack(desk.frames.capture(desk.deaths, desk.labels)))
        };
        self.phase.store(IDLE, Ordering::Release);
        result
    }

    /// Forgets what is known of a thread that has ended. Only for the sampling thread.
    fn forget_thread(&self) {
        // SAFETY: as in `learn_c_stack`; the caller has seen that the slot is idle.
        let desk = unsafe { &mut *self.desk.get() };
        (desk.c_stack, desk.captures) = (0..0, 0);
    }

    /// Captures the stack of the calling thread, if that is asked for; the stack pointer is that of
    /// the code that was interrupted. Returns false where the stack was not believed.
    /// Async-signal-safe: the desk is there already, reading memory is a system call, and nothing
    /// else is called.
    pub(crate) fn capture(&self, python: &Python, stack_pointer: u64) -> bool {
        let (from, to) = (REQUESTED, CAPTURING);
        if self.phase.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return true;
        }
        // SAFETY: the exchange above has made this the one handler that the desk belongs to.
        let desk = unsafe { &mut *self.desk.get() };
        desk.frames.clear();
        let whose = Whose(self.whose.load(Ordering::Relaxed));
        let is_believed = whose == Whose::NOBODY || desk.walk(python, whose, stack_pointer);
        self.phase.store(if is_believed { CAPTURED } else { FAILED }, Ordering::Release);
        is_believed
    }

    /// The number by which a signal names this slot.
    pub(crate) fn index(&self) -> usize {
        self.index
    }
}

impl Desk {
    fn walk(&mut self, python: &Python, whose: Whose, stack_pointer: u64) -> bool {
        self.deaths = deaths::count();
        self.labels = LabelIds::default();
        self.memory.forget();
        let listed = whose.0 & !Whose::ONE_OF_SEVERAL;
        let current = python.current_thread();
        if current != listed {
            let is_shared = whose != Whose::state(listed);
            return self.walk_aside(python, if is_shared { current } else { listed });
        }
        let stacks = &python.stacks;
        // What is live of the C stack, if the thread is on it.
        let is_on_c_stack = self.c_stack.contains(&stack_pointer);
        let c_stack = if is_on_c_stack { stack_pointer..self.c_stack.end } else { 0..0 };
        // SAFETY: `listed` is in the interpreter's list of threads, and what the interpreter has
        // just said on this thread. `c_stack` lies in the mapping of the thread whose slot this is,
        // above where its stack reaches down to.
        let mut memory =
            unsafe { LiveMemory::new(&stacks.layout, listed, c_stack, &mut self.memory) };
        let frames = &mut self.frames;
        if stacks.walk(&mut memory, listed, |frame| frames.push(frame)).is_err() {
            return false;
        }
        let labels = labels::of_this_thread(listed);
        self.labels = labels.unwrap_or_default();
        labels.is_some()
    }

    /// The same of a state that is not both listed and the calling thread's by its own account:
    /// through the kernel alone, as it may be freed by now. (`PyThreadState_Delete` takes the state
    /// of any thread, and leaves that thread's account of it as it was, up to 3.11.)
    fn walk_aside(&mut self, python: &Python, state: u64) -> bool {
        let stacks = &python.stacks;
        let owner = self.memory.word(state.wrapping_add(stacks.layout.thread.thread_id));
        if owner != Ok(this_thread::pthread_self()) {
            return true; // A thread that runs no Python (any more): a stack without frames.
        }
        let frames = &mut self.frames;
        if stacks.walk(&mut self.memory, state, |frame| frames.push(frame)).is_err() {
            return false;
        }
        let labels = labels::of_resting_thread(&mut self.memory, state);
        self.labels = labels.unwrap_or_default();
        labels.is_some()
    }
}

/// Frames of a stack in a buffer of fixed length. The first half keeps the innermost frames, the
/// second half, used as a ring, the outermost.
#[derive(Debug)]
struct Frames {
    buffer: Box<[RawFrame]>,
    depth: usize,
}

/// Enough for nearly all stacks; deeper ones make their slot grow.
const FIRST_FRAMES: usize = 512;

/// Where growing ends: 16 MB for a slot. Of deeper stacks the middle is left out.
const MOST_FRAMES: usize = 1 << 20;

impl Frames {
    fn new() -> Self {
        Self { buffer: vec![RawFrame::default(); FIRST_FRAMES].into(), depth: 0 }
    }

    fn clear(&mut self) {
        self.depth = 0;
    }

    fn push(&mut self, frame: RawFrame) {
        let half = self.buffer.len() / 2;
        let index = if self.depth < half { self.depth } else { half + (self.depth - half) % half };
        if let Some(place) = self.buffer.get_mut(index) {
            *place = frame;
        }
        self.depth += 1;
    }

    /// Makes room for a stack as deep as the last one, if it had none; returns whether it has.
    fn grow(&mut self) -> bool {
        let size = self.buffer.len();
        let wanted = self.depth.next_power_of_two().saturating_mul(2).min(MOST_FRAMES);
        if self.depth <= size || size >= wanted {
            return false;
        }
        self.buffer = vec![RawFrame::default(); wanted].into();
        true
    }

    fn capture(&mut self, deaths: u64, labels: LabelIds) -> Capture<'_> {
        let size = self.buffer.len();
        let half = size / 2;
        if self.depth <= size {
            let frames = self.buffer.get(..self.depth).unwrap_or_default();
            return Capture { frames: (frames, &[]), left_out: 0, deaths, labels };
        }
        let (first, last) = self.buffer.split_at_mut(half);
        let oldest = (self.depth - half) % half;
        last.rotate_left(oldest);
        Capture { frames: (first, last), left_out: self.depth - size, deaths, labels }
    }
}

/// Every slot that was ever made, by its number.
static SLOTS: [AtomicPtr<Slot>; MOST_SLOTS] =
    [const { AtomicPtr::new(std::ptr::null_mut()) }; MOST_SLOTS];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// More threads at once than anybody samples.
const MOST_SLOTS: usize = 1 << 15;

/// The slots that no thread has at the moment. Belongs to the sampling thread.
#[derive(Debug)]
pub(crate) struct Slots {
    unused: Vec<&'static Slot>,
}

impl Slots {
    /// Every slot there is, for a new sampling thread.
    pub(crate) fn all() -> Self {
        let mut slots = Self { unused: Vec::new() };
        (0..COUNT.load(Ordering::Acquire)).for_each(|index| slots.release(numbered(index)));
        slots
    }

    /// A slot for a thread: an unused one or a new one; `None` if there are too many threads.
    pub(crate) fn acquire(&mut self) -> Option<&'static Slot> {
        if let Some(slot) = self.unused.pop() {
            return Some(slot);
        }
        let index = COUNT.load(Ordering::Relaxed);
        let place = SLOTS.get(index)?;
        let desk = Desk {
            memory: BlockMemory::new(),
            frames: Frames::new(),
            deaths: 0,
            labels: LabelIds::default(),
            c_stack: 0..0,
            captures: 0,
        };
        let slot: &'static Slot = Box::leak(Box::new(Slot {
            index,
            phase: AtomicU32::new(IDLE),
            whose: AtomicU64::new(0),
            desk: UnsafeCell::new(desk),
        }));
        place.store(std::ptr::from_ref(slot).cast_mut(), Ordering::Release);
        COUNT.store(index + 1, Ordering::Release);
        Some(slot)
    }

    /// Takes a slot back. One that a handler may still be in is not used again until the next
    /// sampling thread.
    pub(crate) fn release(&mut self, slot: Option<&'static Slot>) {
        let Some(slot) = slot else { return };
        slot.cancel();
        slot.take(|_| ());
        if slot.phase.load(Ordering::Acquire) == IDLE {
            slot.forget_thread();
            self.unused.push(slot);
        }
    }
}

/// The slot with this number. Async-signal-safe.
pub(crate) fn numbered(index: usize) -> Option<&'static Slot> {
    let slot = SLOTS.get(index)?.load(Ordering::Acquire);
    // SAFETY: a pointer in the table comes from `Box::leak` in `acquire` and stays valid.
    unsafe { slot.as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(code: u64) -> RawFrame {
        RawFrame { code, ..RawFrame::default() }
    }

    #[test]
    fn a_stack_deeper_than_the_desk_makes_it_grow() {
        let mut frames = Frames::new();
        (0..50_000).for_each(|code| frames.push(frame(code)));
        assert!(frames.grow());
        frames.clear();
        (0..50_000).for_each(|code| frames.push(frame(code)));
        assert!(!frames.grow());
        let capture = frames.capture(0, LabelIds::default());
        assert_eq!((capture.frames.0.len(), capture.left_out), (50_000, 0));
        assert!(capture.frames.0.iter().zip(0..).all(|(frame, code)| frame.code == code));
    }

    #[test]
    fn of_a_stack_too_deep_for_any_desk_both_ends_are_kept() {
        let mut frames = Frames { buffer: vec![RawFrame::default(); 8].into(), depth: 0 };
        (0..27).for_each(|code| frames.push(frame(code)));
        let capture = frames.capture(0, LabelIds::default());
        let codes = |frames: &[RawFrame]| frames.iter().map(|f| f.code).collect::<Vec<_>>();
        assert_eq!(codes(capture.frames.0), [0, 1, 2, 3]);
        assert_eq!(codes(capture.frames.1), [23, 24, 25, 26]);
        assert_eq!(capture.left_out, 19);
    }
}
