//! How the sampling thread sleeps, and how anything can wake it: a futex.
//!
//! Waking is one atomic addition and one system call, so a signal handler may do it. Waiting is
//! until an absolute time, so that an interruption does not stretch it (futex(2),
//! `FUTEX_WAIT_BITSET`).
#![expect(unsafe_code, reason = "futexes are system calls")]

use std::sync::atomic::{AtomicU32, Ordering};

/// Counts the calls for attention.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// The calls so far; pass it to [`wait_until`] after having looked at everything there is to do.
pub(crate) fn calls() -> u32 {
    CALLS.load(Ordering::Acquire)
}

/// Ends the wait of the sampling thread, or the next one if it is not waiting. Async-signal-safe.
pub(crate) fn call() {
    CALLS.fetch_add(1, Ordering::Release);
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word is a static, valid for the life of the process.
    _ = unsafe { libc::syscall(libc::SYS_futex, CALLS.as_ptr(), operation, 1) };
}

/// Waits until `deadline_ns` on the monotonic clock, or until somebody calls after `seen` was
/// read; may return early.
pub(crate) fn wait_until(deadline_ns: u64, seen: u32) {
    let deadline = libc::timespec {
        tv_sec: i64::try_from(deadline_ns / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(deadline_ns % 1_000_000_000).unwrap_or(0),
    };
    let operation = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word is a static and `deadline` outlives the call; the remaining arguments
    // are an ignored address and the mask that matches every wake-up.
    _ = unsafe {
        libc::syscall(
            libc::SYS_futex,
            CALLS.as_ptr(),
            operation,
            seen,
            &raw const deadline,
            std::ptr::null::<u32>(),
            u32::MAX,
        )
    };
}
