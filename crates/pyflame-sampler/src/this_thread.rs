//! The calling thread: under which ids the kernel and the C library know it, and where it runs.
#![expect(unsafe_code, reason = "asking for them is a call into libc")]

/// The kernel's id of the calling thread.
pub(crate) fn native_id() -> u32 {
    // SAFETY: has no preconditions.
    unsafe { libc::gettid() }.cast_unsigned()
}

/// The C library's id of the calling thread, which is the address of its structure.
pub(crate) fn pthread_self() -> u64 {
    // SAFETY: has no preconditions.
    unsafe { libc::pthread_self() as u64 }
}

/// The CPU that the calling thread is on.
pub(crate) fn current_cpu() -> i32 {
    // SAFETY: has no preconditions.
    unsafe { libc::sched_getcpu() }
}
