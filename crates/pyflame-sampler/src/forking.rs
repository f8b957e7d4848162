//! Whether a thread is still within the call by which it forks.
//!
//! `os.fork()` runs Python functions before it returns: what was registered by
//! `os.register_at_fork` (`PyOS_AfterFork_Parent`, Modules/posixmodule.c). While one of them runs,
//! the function that called `os.fork()` stands a few frames below it, at the instruction at which it
//! was when the fork began. (It is there still when `os.fork()` has returned, but below nothing.)

use std::time::{Duration, Instant};

use pyflame_cpython::RawFrame;

use crate::own_memory::BlockMemory;
use crate::python::Python;

/// A call that forks, by the calling thread.
#[derive(Debug)]
pub(crate) struct Forking {
    caller: Option<RawFrame>,
    since: Instant,
}

/// What a registered function calls itself is not deeper, and whoever calls `os.fork()` is not found
/// among its own callers.
const MOST_FRAMES: usize = 16;

/// Longer than functions take that are called at forks. A loop that calls `os.fork()` and other
/// functions by one and the same instruction seems to be forking all the time.
const LONGEST: Duration = Duration::from_millis(20);

impl Forking {
    /// Begins where the calling thread is; it holds the GIL, as it does below.
    pub(crate) fn begin(python: &Python) -> Self {
        Self { caller: innermost(python).into_iter().next(), since: Instant::now() }
    }

    /// Whether the calling thread is within it still.
    pub(crate) fn goes_on(&self, python: &Python) -> bool {
        self.since.elapsed() < LONGEST
            && self
                .caller
                .is_some_and(|caller| innermost(python).iter().skip(1).any(|f| *f == caller))
    }
}

/// The innermost frames of the calling thread; none where they can't be read.
fn innermost(python: &Python) -> Vec<RawFrame> {
    let mut frames = Vec::with_capacity(MOST_FRAMES);
    let walked = python.stacks.walk(&mut BlockMemory::new(), python.current_thread(), |frame| {
        if frames.len() < MOST_FRAMES {
            frames.push(frame);
        }
    });
    if walked.is_ok() { frames } else { Vec::new() }
}
