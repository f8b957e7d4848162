//! The two clocks of a sample: time that passes, and time that a thread spends on a CPU.
//!
//! The CPU clock of any thread of this process can be read without its help: the kernel names it
//! by the thread's id (`MAKE_THREAD_CPUCLOCK` in include/linux/posix-timers.h), and reading it
//! brings it up to date even while the thread runs (kernel/sched/core.c, `task_sched_runtime`).
//! So a clock that stands still between two readings is a thread that did not run.
#![expect(unsafe_code, reason = "reading a clock is a call into libc")]

use crate::this_thread;

/// Nanoseconds since some start that never jumps (`CLOCK_MONOTONIC`).
pub fn monotonic_ns() -> u64 {
    read(libc::CLOCK_MONOTONIC).unwrap_or(0)
}

/// A part of `longest_ns`, another one each time, so that nobody is in step with it.
pub(crate) fn some_of(longest_ns: u32) -> u64 {
    // Fibonacci hashing (Knuth, volume 3, 6.4): all bits of the time decide.
    let share = monotonic_ns().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    (u64::from(longest_ns) * share) >> 32
}

/// The CPU clock of one thread of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadClock(libc::clockid_t);

impl ThreadClock {
    pub(crate) fn of(native_id: u32) -> Self {
        // CPUCLOCK_PERTHREAD_MASK (4) and CPUCLOCK_SCHED (2), above them the id's complement.
        Self((!native_id.cast_signed() << 3) | 6)
    }

    /// CPU time of the thread so far, in nanoseconds; `None` once the thread has ended.
    pub(crate) fn cpu_ns(self) -> Option<u64> {
        read(self.0)
    }
}

/// Whether the CPU clock of a thread which runs, the calling one, is seen to move between two readings.
/// (gVisor's moves every 10 ms: `cpuStatsAt` of its pkg/sentry/kernel.)
pub(crate) fn is_fine() -> bool {
    let own = ThreadClock::of(this_thread::native_id());
    moves(|| own.cpu_ns())
}

/// Whether most readings of a clock differ from the one before.
fn moves(read: impl FnMut() -> Option<u64>) -> bool {
    const READINGS: usize = 64;
    let readings: Vec<_> = std::iter::repeat_with(read).take(READINGS).collect();
    readings.windows(2).filter(|pair| pair[0] != pair[1]).count() > READINGS / 2
}

/// Async-signal-safe.
fn read(clock: libc::clockid_t) -> Option<u64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the result.
    let status = unsafe { libc::clock_gettime(clock, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanoseconds = u64::try_from(time.tv_nsec).ok()?;
    (status == 0).then_some(seconds * 1_000_000_000 + nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_moves_in_steps_is_told_from_one_that_moves() {
        assert!(is_fine());
        let mut now_ns = 0;
        let coarse = || {
            now_ns += 700;
            Some(now_ns - now_ns % 10_000)
        };
        assert!(!moves(coarse));
    }
}
