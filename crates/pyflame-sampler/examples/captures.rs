//! A library for Python that has a stack captured a number of times, so that the instructions of
//! the signal handler can be counted: `python tests/cost` builds it and says how many there are.
#![expect(unsafe_code, reason = "a name for Python's ctypes to find")]

/// Captures the stack of the main thread, which calls this and holds the GIL (`ctypes.PyDLL`), that
/// many times. Returns how many frames it has, or -1 and the reason on standard error.
// SAFETY: no other library that is loaded has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn pyflame_captures(times: u32) -> i64 {
    use std::io::Write as _;

    match pyflame_sampler::captures(times) {
        Ok(depth) => i64::try_from(depth).unwrap_or(i64::MAX),
        Err(error) => {
            _ = writeln!(std::io::stderr(), "{error}");
            -1
        }
    }
}
