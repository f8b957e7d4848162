//! Where a thread puts its own stack: one slot for each thread that has been signalled.
//!
//! A slot passes between the sampling thread and the signal handler of one other thread. Who may
//! touch its desk follows from its phase:
//!
//! ```text
//! Idle ─request─▶ Requested ─handler starts─▶ Capturing ─handler ends─▶ Captured | Late | Failed
//!   ▲ (sampler)   (nobody)                    (handler)                        (sampler) │
//!   └────────────────────────────────── taken ───────────────────────────────────────────┘
//! ```
//!
//! Slots are never freed, only used again, so a signal that arrives late finds a slot whatever
//! has happened since. It does nothing there: either nothing is requested, or the slot has been given
//! to another thread, and has another name since.
#![expect(unsafe_code, reason = "the desk changes hands between threads by the phase alone")]

use std::cell::UnsafeCell;
use std::mem::offset_of;
use std::ops::Range;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::desk::{Capture, Desk, Outcome, Whose};
use crate::interrupted::Interrupted;
use crate::python::Python;

/// A slot; see the module.
///
/// It goes to and fro between the caches of two CPUs, so what every capture writes comes first and
/// shares a line, and what it only reads has the next one.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Slot {
    phase: AtomicU32,
    /// The name under which its present thread is signalled: its number, and in the other bits how
    /// many threads have had it.
    name: AtomicU32,
    /// Whose stack is asked for ([`Whose`]).
    whose: AtomicU64,
    desk: UnsafeCell<Desk>,
}

const LINE: usize = 64;
const _: () = assert!(offset_of!(Slot, desk) + Desk::WRITTEN == LINE);
const _: () = assert!(offset_of!(Slot, desk) + Desk::READ == 2 * LINE);

// SAFETY: everything but the desk is atomic, and the desk is touched only by the side that the
// phase gives it to; each hand-over is a release store or exchange that the other side acquires.
unsafe impl Sync for Slot {}

/// What the sampler finds in a slot.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// The handler has not run yet.
    Nothing,
    /// A stack.
    Stack(Capture<'a>),
    /// The thread had begun a system call without the GIL before the handler ran.
    Late,
    /// The handler did not believe what it saw.
    Failed,
}

const IDLE: u32 = 0;
const REQUESTED: u32 = 1;
const CAPTURING: u32 = 2;
const CAPTURED: u32 = 3;
const FAILED: u32 = 4;
const LATE: u32 = 5;

impl Slot {
    /// Asks for a capture; returns false if one is asked for already.
    pub(crate) fn request(&self, whose: Whose) -> bool {
        if self.phase.load(Ordering::Acquire) != IDLE {
            return false;
        }
        self.whose.store(whose.into(), Ordering::Relaxed);
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
        desk.learn_c_stack(find);
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
        if phase != CAPTURED && phase != LATE && phase != FAILED {
            return see(Found::Nothing);
        }
        // SAFETY: in these three phases the desk is the sampler's, and only the one sampling
        // thread calls this function; the load above acquires what the handler wrote.
        let desk = unsafe { &mut *self.desk.get() };
        let result = see(match phase {
            LATE => Found::Late,
            // Where the stack was deeper than the desk, there is room now: it is taken again.
            CAPTURED => desk.captured().map_or(Found::Failed, Found::Stack),
            _ => Found::Failed,
        });
        self.phase.store(IDLE, Ordering::Release);
        result
    }

    /// Forgets what is known of a thread that has ended. Only for the sampling thread.
    fn forget_thread(&self) {
        // SAFETY: as in `learn_c_stack`; the caller has seen that the slot is idle.
        let desk = unsafe { &mut *self.desk.get() };
        desk.forget_thread();
    }

    /// Captures the stack of the calling thread, if that is asked for. Returns false where it is to be
    /// asked for once more.
    /// Async-signal-safe: the desk is there already, memory is read by plain loads where it is known
    /// to be there and else by a system call, and of the interpreter only the function is called that
    /// reads a thread-local variable (`python`).
    pub(crate) fn capture(&self, python: &Python, interrupted: Interrupted) -> bool {
        let (from, to) = (REQUESTED, CAPTURING);
        if self.phase.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return true;
        }
        // SAFETY: the exchange above has made this the one handler that the desk belongs to.
        let desk = unsafe { &mut *self.desk.get() };
        let whose = Whose::from(self.whose.load(Ordering::Relaxed));
        let outcome = desk.capture(python, whose, interrupted);
        let phase = match outcome {
            Outcome::Stack => CAPTURED,
            Outcome::Late => LATE,
            Outcome::Refused => FAILED,
        };
        self.phase.store(phase, Ordering::Release);
        outcome == Outcome::Stack
    }

    /// What a signal calls this slot.
    pub(crate) fn name(&self) -> u32 {
        self.name.load(Ordering::Acquire)
    }
}

/// Every slot that was ever made, by its number.
static SLOTS: [AtomicPtr<Slot>; MOST_SLOTS] =
    [const { AtomicPtr::new(std::ptr::null_mut()) }; MOST_SLOTS];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// More threads at once than anybody samples.
const MOST_SLOTS: usize = 1 << 15;

/// A name for the next thread; after 131,072 of them it begins anew.
const NEXT_NAME: u32 = 1 << 15;

/// The slots that no thread has at the moment. Belongs to the sampling thread.
#[derive(Debug)]
pub(crate) struct Slots {
    unused: Vec<&'static Slot>,
    /// Those in which a handler still was when their threads were let go of.
    left: Vec<&'static Slot>,
}

impl Slots {
    /// Every slot there is, for a new sampling thread.
    pub(crate) fn all() -> Self {
        let mut slots = Self { unused: Vec::new(), left: Vec::new() };
        (0..COUNT.load(Ordering::Acquire)).for_each(|index| slots.release(numbered(index)));
        slots
    }

    /// A slot for a thread: an unused one or a new one; `None` if there are too many threads.
    pub(crate) fn acquire(&mut self) -> Option<&'static Slot> {
        if self.unused.is_empty() {
            // By now the handlers have long ended.
            for slot in std::mem::take(&mut self.left) {
                self.release(Some(slot));
            }
        }
        if let Some(slot) = self.unused.pop() {
            slot.name.fetch_add(NEXT_NAME, Ordering::AcqRel); // Wraps.
            return Some(slot);
        }
        let index = COUNT.load(Ordering::Relaxed);
        let place = SLOTS.get(index)?;
        let slot: &'static Slot = Box::leak(Box::new(Slot {
            phase: AtomicU32::new(IDLE),
            name: AtomicU32::new(u32::try_from(index).ok()?),
            whose: AtomicU64::new(0),
            desk: UnsafeCell::new(Desk::new()),
        }));
        place.store(std::ptr::from_ref(slot).cast_mut(), Ordering::Release);
        COUNT.store(index + 1, Ordering::Release);
        Some(slot)
    }

    /// Takes a slot back. One that a handler is still in is used again when that has ended.
    pub(crate) fn release(&mut self, slot: Option<&'static Slot>) {
        let Some(slot) = slot else { return };
        slot.cancel();
        slot.take(|_| ());
        if slot.phase.load(Ordering::Acquire) == IDLE {
            slot.forget_thread();
            self.unused.push(slot);
        } else {
            self.left.push(slot);
        }
    }
}

/// The slot that is called so now. Async-signal-safe.
pub(crate) fn named(name: u32) -> Option<&'static Slot> {
    numbered((name % NEXT_NAME) as usize).filter(|slot| slot.name() == name)
}

/// The slot with this number. Async-signal-safe.
fn numbered(index: usize) -> Option<&'static Slot> {
    let slot = SLOTS.get(index)?.load(Ordering::Acquire);
    // SAFETY: a pointer in the table comes from `Box::leak` in `acquire` and stays valid.
    unsafe { slot.as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_a_handler_was_in_is_used_again_after_its_end() {
        let mut slots = Slots { unused: Vec::new(), left: Vec::new() };
        let slot = slots.acquire().expect("there are few");
        assert!(slot.request(Whose::NOBODY));
        slot.phase.store(CAPTURING, Ordering::Release);
        slots.release(Some(slot));
        let other = slots.acquire().expect("there are few");
        assert!(!std::ptr::eq(other, slot));
        slot.phase.store(CAPTURED, Ordering::Release);
        assert!(slots.acquire().is_some_and(|again| std::ptr::eq(again, slot)));
    }

    #[test]
    fn a_signal_for_the_thread_that_had_a_slot_before_does_not_find_it() {
        let mut slots = Slots { unused: Vec::new(), left: Vec::new() };
        let slot = slots.acquire().expect("there are few");
        let late = slot.name();
        assert!(named(late).is_some_and(|found| std::ptr::eq(found, slot)));
        slots.release(Some(slot));
        let again = slots.acquire().expect("there are few");
        assert!(std::ptr::eq(again, slot));
        assert!(named(late).is_none());
        assert!(named(again.name()).is_some());
    }
}
