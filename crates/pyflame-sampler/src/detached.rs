//! The stack of a thread that has let go of the GIL: it does not change until it is back.
//!
//! Such a thread may be inside a system call, and a signal could end that call early: a `write`
//! that has written a part returns how much, and what is left is lost where the program does not
//! look (`SA_RESTART` is for calls that have done nothing yet). So it is left in peace. Its stack is
//! read from outside, and believed where the thread has not had the GIL meanwhile:
//!
//! - Another thread was the last to have it, and it has not changed hands: that is proof.
//! - The thread was the last itself. It could take and release the GIL without a trace; but hardly
//!   so that its stack is torn in the same way in four copies, between which it is without the GIL.
//!
//! Only a thread that takes the GIL and releases it every few microseconds is signalled whether it
//! has it or not. docs/engine.md has the argument and the numbers.

use pyflame_cpython::{GilMoment, RawFrame};

use crate::eye::{self, Eye};
use crate::gil::MainGil;
use crate::labels::LabelIds;
use crate::roster::Thread;
use crate::{clock, deaths};

/// What comes of a thread that may be without the GIL.
pub(crate) enum Detached {
    /// It is, and this is its stack.
    Stack(Reading),
    /// It has the GIL.
    Attached(MainGil),
    /// Its thread state is not what the list said.
    OldList,
    /// It is without the GIL for no longer than a few microseconds at a time.
    Restless,
    /// It is, but its stack is never one to be believed.
    Inconsistent,
    /// Nothing is known of its GIL, or its stack is larger than anybody's.
    Unknown,
}

/// A stack that was read, and how many code objects had died before.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) frames: Vec<RawFrame>,
    pub(crate) labels: LabelIds,
    pub(crate) deaths: u64,
}

/// How often the memory of the stack must be found unchanged where a thread was the last to have
/// the GIL.
const COMPARISONS: u32 = 3;

/// How long the wait before each of them is at most. It differs, so that a thread that does the same
/// thing every few microseconds is not in step with them.
const LONGEST_PAUSE_NS: u32 = 2_000;

/// What is without the GIL for so long may be a system call that waits.
const LONG_NS: u64 = 25_000;

impl Eye<'_> {
    /// Finds out whether a thread holds the GIL, and reads its stack if not.
    ///
    /// What is found is what it does by the end of one reading. Where that is not known because the
    /// thread has had the GIL meanwhile, it is signalled, as that is the one way to know; but for a
    /// thread that has begun something long. To read until it succeeds, would make much of what
    /// takes long enough to be read, and little of all else.
    pub(crate) fn detached(&mut self, thread: &mut Thread) -> Detached {
        let Some(gil) = thread.gil() else { return Detached::Unknown };
        let state = thread.state.1.address;
        if gil.is_held_by(state) {
            return Detached::Attached(gil);
        }
        if let Some(found) = self.read_detached(thread, gil) {
            return found;
        }
        if !gil.is_soon_released_by(state) {
            return Detached::Attached(gil);
        }
        let until_ns = clock::monotonic_ns() + LONG_NS;
        let found = self.read_detached(thread, gil).filter(|_| {
            while clock::monotonic_ns() < until_ns && !gil.is_held_by(state) {
                std::hint::spin_loop();
            }
            self.snapshot.is_unchanged() && !gil.is_held_by(state)
        });
        found.unwrap_or(Detached::Restless)
    }

    /// The stack of a thread that does not hold the GIL; `None` if it takes it meanwhile.
    fn read_detached(&mut self, thread: &mut Thread, gil: MainGil) -> Option<Detached> {
        let state = thread.state.1.address;
        let deaths = deaths::count();
        let before = gil.now().filter(|now| !now.is_held_by(state))?;
        self.snapshot.begin(&thread.blocks);
        let read = eye::read(&self.python.stacks, self.snapshot, state);
        let is_unchanged = self.is_unchanged_since(before, state, gil);
        if read.is_some() {
            self.snapshot.used_blocks(&mut thread.blocks);
        }
        // A state that is in the list now has been there all the time.
        is_unchanged.then(|| match read {
            _ if !self.is_listed(thread) => Detached::OldList,
            Some((frames, labels)) => Detached::Stack(Reading { frames, labels, deaths }),
            None if self.snapshot.is_full() => Detached::Unknown,
            None => Detached::Inconsistent,
        })
    }

    /// Whether a thread has been without the GIL since `before`, when the snapshot was begun.
    fn is_unchanged_since(&mut self, before: GilMoment, thread: u64, gil: MainGil) -> bool {
        let without_gil = || gil.now().filter(|now| !now.is_held_by(thread));
        let Some(after) = without_gil() else { return false };
        before.proves_absence_of(thread, &after)
            || (0..COMPARISONS).all(|_| {
                pause(LONGEST_PAUSE_NS);
                self.snapshot.is_unchanged() && without_gil().is_some()
            })
    }
}

/// Waits for a time that nobody is in step with.
pub(crate) fn pause(at_most_ns: u32) {
    let until_ns = clock::monotonic_ns() + clock::some_of(at_most_ns);
    while clock::monotonic_ns() < until_ns {
        std::hint::spin_loop();
    }
}
