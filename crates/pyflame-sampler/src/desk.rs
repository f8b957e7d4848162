//! What lies in a slot: a captured stack, and what the capture of one needs.
//!
//! The handler fills it on its own thread, so nothing here allocates, locks or calls Python while
//! it does; the sampling thread empties it, and makes more room where that was too small.
#![expect(unsafe_code, reason = "the handler loads from the calling thread's own state")]

use std::mem::offset_of;
use std::ops::Range;

use pyflame_cpython::{Memory as _, RawFrame};

use crate::interrupted::Interrupted;
use crate::labels::{self, LabelIds};
use crate::live_memory::LiveMemory;
use crate::own_memory::BlockMemory;
use crate::python::Python;
use crate::{deaths, gil, this_thread};

/// What lies in a slot, in the order that suits the caches (see [`crate::slot::Slot`]).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Desk {
    frames: Frames,
    /// How many code objects had died by then ([`deaths::count`]).
    deaths: u64,
    /// The C stack of the thread, once that is known.
    c_stack: Range<u64>,
    /// Written only where they are others than at the capture before.
    labels: LabelIds,
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
    const WITH_GIL: u64 = 2;

    /// The state at this address, the only one of its thread as far as is known.
    pub(crate) fn state(address: u64) -> Self {
        Self(address)
    }

    /// That state, where it is one of several that the thread has: it knows which is its own now.
    pub(crate) fn one_of_several(address: u64) -> Self {
        Self(address | Self::ONE_OF_SEVERAL)
    }

    /// That state, which has the main interpreter's GIL: wanted is a stack with which it still does.
    pub(crate) fn with_gil(address: u64) -> Self {
        Self(address | Self::WITH_GIL)
    }

    fn address(self) -> u64 {
        self.0 & !(Self::ONE_OF_SEVERAL | Self::WITH_GIL)
    }

    /// Whether the thread has let go of the GIL since it was asked, for a system call that is what took
    /// the signal.
    fn is_late(self, interrupted: Interrupted) -> bool {
        self.0 & Self::WITH_GIL != 0
            && gil::main().is_some_and(|gil| !gil.is_held_by(self.address()))
            && interrupted.is_system_call()
    }
}

/// What came of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A stack.
    Stack,
    /// None, as a system call without the GIL came first.
    Late,
    /// None that is believed.
    Refused,
}

impl From<Whose> for u64 {
    fn from(whose: Whose) -> Self {
        whose.0
    }
}

impl From<u64> for Whose {
    fn from(word: u64) -> Self {
        Self(word)
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

/// Finding a stack takes longer than a thread of few captures could save by it.
const CAPTURES_BEFORE_LEARNING: u32 = 4;

impl Desk {
    /// Where what every capture writes ends, and where what most only read does.
    pub(crate) const WRITTEN: usize = offset_of!(Self, labels);
    pub(crate) const READ: usize = offset_of!(Self, captures);

    pub(crate) fn new() -> Self {
        Self {
            frames: Frames::new(),
            deaths: 0,
            c_stack: 0..0,
            labels: LabelIds::default(),
            memory: BlockMemory::new(),
            captures: 0,
        }
    }

    /// Counts a capture, and once there were enough, finds where the C stack of the thread lies.
    pub(crate) fn learn_c_stack(&mut self, find: impl FnOnce() -> Range<u64>) {
        self.captures = self.captures.saturating_add(1);
        if self.captures == CAPTURES_BEFORE_LEARNING {
            self.c_stack = find();
        }
    }

    /// Forgets what is known of a thread that has ended.
    pub(crate) fn forget_thread(&mut self) {
        (self.c_stack, self.captures) = (0..0, 0);
    }

    /// What was captured; `None` where there was no room for it, which is made.
    pub(crate) fn captured(&mut self) -> Option<Capture<'_>> {
        if self.frames.grow() {
            return None;
        }
        Some(self.frames.capture(self.deaths, self.labels))
    }

    /// Captures the stack of the calling thread. Async-signal-safe.
    pub(crate) fn capture(
        &mut self,
        python: &Python,
        whose: Whose,
        interrupted: Interrupted,
    ) -> Outcome {
        self.frames.clear();
        if whose == Whose::NOBODY {
            return Outcome::Stack;
        }
        if whose.is_late(interrupted) {
            return Outcome::Late;
        }
        let Some(labels) = self.walk(python, whose, interrupted) else { return Outcome::Refused };
        if self.labels != labels {
            self.labels = labels;
        }
        Outcome::Stack
    }

    /// Fills in the frames, and returns the labels; `None` where either is not believed.
    fn walk(
        &mut self,
        python: &Python,
        whose: Whose,
        interrupted: Interrupted,
    ) -> Option<LabelIds> {
        self.deaths = deaths::count();
        self.memory.forget();
        let listed = whose.address();
        let current = python.current_thread();
        if current != listed {
            let is_shared = whose == Whose::one_of_several(listed);
            return self.walk_aside(python, if is_shared { current } else { listed });
        }
        let stacks = &python.stacks;
        // What is live of the C stack, if the thread is on it.
        let stack_pointer = interrupted.stack_pointer;
        let is_on_c_stack = self.c_stack.contains(&stack_pointer);
        let c_stack = if is_on_c_stack { stack_pointer..self.c_stack.end } else { 0..0 };
        // SAFETY: `listed` is what the interpreter has just said on this very thread, and was in its
        // list of threads when it was first asked for it (`Eye::signal`), or the thread has the GIL,
        // without which nobody frees a state. `c_stack` lies in the mapping of the thread whose
        // slot this is, above where its stack reaches down to. That `layout` is this interpreter's, is
        // what `self_check` has found out before the first request.
        let mut memory =
            unsafe { LiveMemory::new(&stacks.layout, listed, c_stack, &mut self.memory) };
        let frames = &mut self.frames;
        stacks.walk(&mut memory, listed, |frame| frames.push(frame)).ok()?;
        labels::of_this_thread(listed)
    }

    /// The same of a state that is not both listed and the calling thread's by its own account:
    /// through the kernel alone, as it may be freed by now. (`PyThreadState_Delete` takes the state
    /// of any thread, and leaves that thread's account of it as it was, up to 3.11.)
    fn walk_aside(&mut self, python: &Python, state: u64) -> Option<LabelIds> {
        let stacks = &python.stacks;
        let owner = self.memory.word(state.wrapping_add(stacks.layout.thread.thread_id));
        if owner != Ok(this_thread::pthread_self()) {
            // A thread that runs no Python (any more): a stack without frames.
            return Some(LabelIds::default());
        }
        let frames = &mut self.frames;
        stacks.walk(&mut self.memory, state, |frame| frames.push(frame)).ok()?;
        labels::of_resting_thread(&mut self.memory, state)
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
