//! Who holds the GIL, and whether it has changed hands.
//!
//! `struct _gil_runtime_state` (Include/internal/pycore_gil.h) is the same from 3.9 to 3.15. A
//! thread runs Python from the end of `take_gil` to the start of `drop_gil` (Python/ceval_gil.h,
//! from 3.12 on ceval_gil.c). `take_gil` sets `locked`, and where the thread is not `last_holder`
//! it makes it that and then counts in `switch_number`; `drop_gil` clears `locked`. So:
//!
//! - A thread that runs Python is found as the last holder of a locked GIL.
//! - Where another thread is the last holder at two moments, and the count is the same, a thread
//!   has not held the GIL in between: it would have had to become the last holder, and the other
//!   one again, and each of these is counted.
//!
//! Up to 3.11, `PyThreadState_Swap` lets a thread go on with another thread state without any of
//! this, as subinterpreters do. `_PyRuntime.gilstate.tstate_current` tells which one that is; and
//! nothing is said while there is more than one interpreter.

use crate::layout::GilPlace;
use crate::{Layout, Memory, Unreadable};

/// The GIL of one interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gil {
    address: u64,
    /// Up to 3.11: the address of `tstate_current`, and that of `interpreters.head`.
    swapped: Option<(u64, u64)>,
}

/// A GIL as it was at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GilMoment {
    switches: u64,
    last_holder: u64,
    /// Up to 3.11: the thread state with which its holder runs.
    current: Option<u64>,
    is_locked: bool,
}

/// `_gil_runtime_state.last_holder`, `.locked` (an `int`) and `.switch_number`.
const LAST_HOLDER: u64 = 8;
const LOCKED: u64 = 16;
const SWITCH_NUMBER: u64 = 24;

impl Gil {
    /// The GIL of an interpreter whose `_PyRuntime` is at `runtime`.
    ///
    /// # Errors
    /// When the interpreter is not readable.
    pub fn of(
        memory: &mut impl Memory,
        layout: &Layout,
        runtime: u64,
        interpreter: u64,
    ) -> Result<Self, Unreadable> {
        match layout.gil {
            GilPlace::Runtime { gil, current } => {
                let [gil, current, newest] =
                    [gil, current, layout.interpreters_head].map(|at| runtime.wrapping_add(at));
                Ok(Self { address: gil, swapped: Some((current, newest)) })
            }
            GilPlace::Interpreter { pointer } => {
                let address = memory.word(interpreter.wrapping_add(pointer))?;
                Ok(Self { address, swapped: None })
            }
        }
    }

    /// Its address.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// What is known of it now; `None` while that says nothing about who runs.
    ///
    /// # Errors
    /// When it is not readable.
    pub fn now(&self, memory: &mut impl Memory) -> Result<Option<GilMoment>, Unreadable> {
        let mut current = None;
        if let Some((state, newest)) = self.swapped {
            // The newest interpreter is the first in the list, and is followed by the main one.
            if memory.word(newest)? != memory.word(newest.wrapping_add(8))? {
                return Ok(None);
            }
            current = Some(memory.word(state)?);
        }
        // From 3.12 on the address was read from memory, and can be any.
        let mut field = |offset| memory.word(self.address.wrapping_add(offset));
        Ok(Some(GilMoment {
            current,
            switches: field(SWITCH_NUMBER)?,
            last_holder: field(LAST_HOLDER)?,
            is_locked: field(LOCKED)? & 0xffff_ffff != 0,
        }))
    }
}

impl GilMoment {
    /// Whether the thread whose state is at `thread` may be running Python.
    pub fn is_held_by(&self, thread: u64) -> bool {
        self.current == Some(thread) || self.is_locked && self.last_holder == thread
    }

    /// Whether `thread`, and nobody else, runs Python, by all signs that there are.
    pub fn is_surely_held_by(&self, thread: u64) -> bool {
        self.current.is_none_or(|current| current == thread)
            && self.is_locked
            && self.last_holder == thread
    }

    /// Whether `thread` has certainly not held the GIL from this moment to the `later` one, at
    /// neither of which [`Self::is_held_by`] is true of it.
    pub fn proves_absence_of(&self, thread: u64, later: &Self) -> bool {
        self.last_holder != thread
            && self.last_holder == later.last_holder
            && self.switches == later.switches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: u64 = 0x100;
    const OTHER: u64 = 0x200;

    fn held(last_holder: u64, switches: u64, is_locked: bool) -> GilMoment {
        GilMoment { switches, last_holder, current: None, is_locked }
    }

    #[test]
    fn the_last_holder_of_a_free_gil_does_not_run() {
        assert!(held(MAIN, 1, true).is_held_by(MAIN));
        assert!(!held(MAIN, 1, false).is_held_by(MAIN));
        assert!(!held(OTHER, 1, true).is_held_by(MAIN));
    }

    #[test]
    fn a_thread_state_that_was_swapped_in_runs() {
        let moment = GilMoment { current: Some(MAIN), ..held(OTHER, 1, true) };
        assert!(moment.is_held_by(MAIN));
        assert!(!moment.is_surely_held_by(MAIN));
    }

    /// Memory in which every word is the same.
    struct Full(u64);

    impl Memory for Full {
        fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
            // None is above the last word.
            address.checked_add(into.len() as u64 - 1).ok_or(Unreadable { address })?;
            into.chunks_exact_mut(8).for_each(|word| word.copy_from_slice(&self.0.to_le_bytes()));
            Ok(())
        }
    }

    #[test]
    fn a_gil_at_the_end_of_all_addresses_is_refused() {
        let last = u64::MAX - 16;
        for minor in 9..=15 {
            let layout = Layout::of(3, minor).unwrap();
            let gil = Gil::of(&mut Full(last), &layout, last, MAIN).unwrap();
            let now = gil.now(&mut Full(last));
            assert!(minor <= 11 || now.is_err(), "3.{minor}: {now:?}");
        }
    }

    #[test]
    fn absence_is_proven_by_another_holder_and_an_equal_count() {
        let before = held(OTHER, 7, true);
        assert!(before.proves_absence_of(MAIN, &held(OTHER, 7, false)));
        assert!(!before.proves_absence_of(MAIN, &held(OTHER, 9, true)));
        assert!(!held(MAIN, 7, false).proves_absence_of(MAIN, &held(MAIN, 7, false)));
    }
}
