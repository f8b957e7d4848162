//! The GIL of the main interpreter, looked at from any thread by plain loads.
//!
//! It lies in `_PyRuntime` (up to 3.11 itself, later within the main interpreter's state, which is
//! a part of it), and `_PyRuntime` is data of an image that is never unloaded. Whether the offsets
//! are right is found out by a thread that holds the GIL: it must be seen as its holder. Where it
//! is not, or the GIL is elsewhere, nothing is known of who runs Python.
#![expect(unsafe_code, reason = "plain loads from the data of the interpreter's image")]

use std::sync::OnceLock;

use pyflame_cpython::{Gil, GilMoment, Memory as _};

use crate::clock;
use crate::held_memory::HeldMemory;
use crate::own_memory::OwnMemory;
use crate::python::Python;

/// The main interpreter's GIL, once it has been seen to say the truth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MainGil {
    gil: Gil,
    interpreter: u64,
}

static GIL: OnceLock<MainGil> = OnceLock::new();

/// A larger `_PyRuntime` than there is (from 3.12 on it contains the main interpreter).
const LARGEST_RUNTIME: u64 = 1 << 21;

/// Finds the GIL that the calling thread holds, if it is the main interpreter's.
pub(crate) fn find(python: &Python) {
    if GIL.get().is_none()
        && let Some(gil) = search(python)
    {
        _ = GIL.set(gil); // Set by another thread is as good.
    }
}

fn search(python: &Python) -> Option<MainGil> {
    let layout = &python.stacks.layout;
    let thread = python.current_thread();
    let interpreter = OwnMemory.word(thread + layout.thread.interpreter).ok()?;
    let gil = Gil::of(&mut OwnMemory, layout, python.runtime, interpreter).ok()?;
    let is_static = (python.runtime..python.runtime + LARGEST_RUNTIME).contains(&gil.address())
        && gil.address().is_multiple_of(8);
    // Through the kernel: where an offset is wrong, it must not crash.
    let now = gil.now(&mut OwnMemory).ok()??;
    (is_static && now.is_surely_held_by(thread)).then_some(MainGil { gil, interpreter })
}

/// The main interpreter's GIL, if it can be looked at. Async-signal-safe: one atomic load.
pub(crate) fn main() -> Option<&'static MainGil> {
    GIL.get()
}

/// The GIL that a thread of `interpreter` needs, if it can be looked at.
pub(crate) fn of(interpreter: u64) -> Option<MainGil> {
    main().filter(|gil| gil.interpreter == interpreter).copied()
}

impl MainGil {
    /// What is known of it now. Async-signal-safe: loads and nothing else.
    pub(crate) fn now(&self) -> Option<GilMoment> {
        // SAFETY: `search` has found every word that is read here readable, and in the data of the
        // image that `_PyRuntime` belongs to, which stays.
        let mut memory = unsafe { HeldMemory::new() };
        self.gil.now(&mut memory).ok().flatten()
    }

    /// Whether a thread may be running Python now.
    pub(crate) fn is_held_by(&self, thread: u64) -> bool {
        self.now().is_none_or(|now| now.is_held_by(thread))
    }

    /// Whether a thread is without it by now, or is so before long.
    pub(crate) fn is_soon_released_by(&self, thread: u64) -> bool {
        let until_ns = clock::monotonic_ns() + SOON_NS;
        loop {
            if !self.is_held_by(thread) {
                return true;
            }
            if clock::monotonic_ns() > until_ns {
                return false;
            }
            std::hint::spin_loop();
        }
    }
}

/// Longer than most threads have the GIL between two system calls that follow each other.
const SOON_NS: u64 = 5_000;
