//! Has the calling thread capture its own stack by the signal handler, any number of times: what a
//! sample costs the thread that is sampled, without a sampling thread and without a clock.
//!
//! Only for the example `captures`, whose instructions are counted (tests/cost). The handler is called
//! and not signalled: under valgrind, signals don't carry what `rt_tgsigqueueinfo` gives them.

use crate::desk::Whose;
use crate::python::Python;
use crate::signal::Signal;
use crate::slot::{Found, Slots};
use crate::{StartError, c_stack, descriptors, gil};

/// Captures the stack of the main thread, which calls this and holds the GIL, that many times;
/// returns how many frames the last capture has.
///
/// # Errors
/// When stacks can't be captured here, or one was not.
pub fn captures(times: u32) -> Result<usize, StartError> {
    let python = Python::find()?;
    gil::find(python);
    let signal = Signal::install().ok_or(StartError::NoFreeSignal)?;
    let looked = std::thread::spawn(|| {
        descriptors::leave_the_shared_table();
        c_stack::of_thread(true, 0)
    });
    let stack = looked.join().map_err(|_| StartError::ThreadEnded)?;
    let mut slots = Slots::all();
    let slot = slots.acquire().ok_or(StartError::ThreadEnded)?;
    let mut depth = 0;
    for _ in 0..times {
        slot.request(Whose::with_gil(python.current_thread()));
        signal.handle(slot);
        depth = slot.take(|found| match found {
            Found::Stack(capture) => Ok(capture.frames.0.len()),
            Found::Nothing => Err(StartError::SignalLost),
            Found::Late | Found::Failed => Err(StartError::Inconsistent),
        })?;
        slot.learn_c_stack(|| stack.clone());
    }
    slots.release(Some(slot));
    signal.uninstall();
    Ok(depth)
}
