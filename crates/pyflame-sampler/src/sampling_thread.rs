//! The thread that samples, from its beginning to its very end.
//!
//! No signal of the program is delivered to it, and it wakes up when it asked to.
//!
//! A thread that has been joined is still one of its process for a moment: `pthread_join` returns
//! once the thread has let go of its memory (`mm_release`, kernel/fork.c), and only later the kernel
//! takes it off the process's list and count (`__unhash_process`, kernel/exit.c). CPython reads that
//! count after a fork, from `/proc/self/stat`, and warns if it is more than one.
#![expect(unsafe_code, reason = "the signal mask and system calls")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::this_thread;
use crate::ticker::Ticker;

/// The sampling thread, as those see it who have started it.
#[derive(Debug)]
pub(crate) struct SamplingThread {
    handle: JoinHandle<Option<Ticker>>,
    /// Its native id, which it tells before anything else.
    native_id: Arc<AtomicU32>,
}

impl SamplingThread {
    /// Starts it.
    pub(crate) fn spawn(
        run: impl FnOnce() -> Option<Ticker> + Send + 'static,
    ) -> std::io::Result<Self> {
        let _mask = SignalMask::block_all();
        let native_id = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&native_id);
        let handle = std::thread::Builder::new().name("pyflame".into()).spawn(move || {
            told.store(this_thread::native_id(), Ordering::Release);
            run()
        })?;
        Ok(Self { handle, native_id })
    }

    /// Waits until it has ended and the kernel counts it no more; returns what it leaves behind, if
    /// it was paused.
    pub(crate) fn join(self) -> Option<Ticker> {
        let ticker = self.handle.join().ok().flatten(); // It has nothing to say, not even a panic.
        let since = Instant::now();
        while is_counted(self.native_id.load(Ordering::Acquire)) && since.elapsed() < LONGEST {
            std::thread::yield_now();
        }
        ticker
    }
}

/// A thread that is joined needs microseconds for its last steps, and the time without a CPU that a
/// busy machine may add.
const LONGEST: Duration = Duration::from_millis(200);

/// Whether a thread is one of this process.
fn is_counted(native_id: u32) -> bool {
    // SAFETY: signal 0 is none: the call only tells whether there is such a thread (kill(2)).
    let status = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), native_id, 0) };
    status == 0
}

/// Makes the calling thread wake up when it asked to, also on a busy machine.
///
/// Timers fire at the nanosecond that was asked for and not up to 50 µs later (prctl(2)). And the
/// scheduler is asked for short time slices, which it serves sooner (from Linux 6.12 on,
/// `sched_runtime` of an ordinary thread; kernel/sched/fair.c, EEVDF). Neither needs a privilege,
/// nor matters where it is refused.
pub(crate) fn be_punctual() {
    // SAFETY: this option takes a number and concerns the calling thread only.
    _ = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_u64) };
    let attributes = SchedulingAttributes {
        size: 48,
        runtime_ns: SHORTEST_SLICE_NS,
        ..SchedulingAttributes::default()
    };
    // SAFETY: `attributes` is a `sched_attr` of the size that it says; 0 is the calling thread.
    _ = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
}

/// `struct sched_attr`, first version (include/uapi/linux/sched/types.h). All-zero but for its
/// size it describes an ordinary thread.
#[repr(C)]
#[derive(Debug, Default)]
struct SchedulingAttributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime_ns: u64,
    deadline_ns: u64,
    period_ns: u64,
}

/// The shortest slice that can be asked for.
const SHORTEST_SLICE_NS: u64 = 100_000;

/// Blocks all signals of the calling thread, and with it of threads it makes, until dropped.
struct SignalMask(libc::sigset_t);

impl SignalMask {
    fn block_all() -> Self {
        // SAFETY: all-zero is a valid signal set.
        let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
        let mut old = all;
        // SAFETY: `all` is a valid signal set.
        _ = unsafe { libc::sigfillset(&raw mut all) };
        // SAFETY: both sets are valid.
        _ = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut old) };
        Self(old)
    }
}

impl Drop for SignalMask {
    fn drop(&mut self) {
        // SAFETY: the set is the one that `block_all` was given by the kernel.
        _ = unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_was_joined_is_no_thread_of_the_process() {
        for _ in 0..2_000 {
            let thread = SamplingThread::spawn(|| None).unwrap();
            let native_id = Arc::clone(&thread.native_id);
            assert!(thread.join().is_none());
            let task = format!("/proc/self/task/{}", native_id.load(Ordering::Acquire));
            assert!(!std::path::Path::new(&task).exists());
        }
    }
}
