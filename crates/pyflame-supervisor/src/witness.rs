//! Tells a signal that everybody got from one that only the command got.
//!
//! The kernel says who sent a signal, but not to how many. So one process stands by that does
//! nothing but count its signals: what was sent to the process group (kill(2) with a negative id),
//! or to each process of a service, reaches it as well, and has reached the program.
//!
//! A group is signalled in one go, its newest members first (`__kill_pgrp_info` in kernel/signal.c,
//! `attach_pid` in kernel/pid.c): when this process hears of it the witness has only to be scheduled.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getppid};
use pyflame_sampler::SharedMemory;

/// How often each signal has come, as the process has counted that stands by.
#[derive(Debug)]
pub struct Witness {
    counts: &'static [AtomicU64],
    /// What has been asked for of these.
    known: Vec<u64>,
    supervisor: u32,
    pid: Option<Pid>,
}

/// One more than the highest number of a signal (`_NSIG` of the kernel is 64).
const SIGNALS: usize = 65;

/// How long a signal may wait for what the witness says: it needs a CPU to count.
const PATIENCE: Duration = Duration::from_millis(5);

impl Witness {
    /// Nobody stands by yet. The calling process is the one that will ask.
    ///
    /// # Errors
    /// When the system refuses shared memory.
    pub fn new() -> io::Result<Self> {
        let (memory, _) = SharedMemory::create(SIGNALS)?;
        let (counts, known) = (memory.words(), vec![0; SIGNALS]);
        Ok(Self { counts, known, supervisor: std::process::id(), pid: None })
    }

    /// Stands by, in a child of the process that asks, until that one ends.
    ///
    /// All signals must be blocked.
    ///
    /// # Errors
    /// When signals can't be waited for.
    pub fn stand_by(&self) -> io::Result<()> {
        set_pdeathsig(Signal::SIGKILL)?;
        let signals = SignalFd::with_flags(&SigSet::all(), SfdFlags::SFD_CLOEXEC)?;
        while u32::try_from(getppid().as_raw()) == Ok(self.supervisor) {
            if let Some(info) = signals.read_signal()?
                && let Some(count) = self.counts.get(info.ssi_signo as usize)
            {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// From now on the child `pid` stands by.
    pub fn is_there(&mut self, pid: i32) {
        self.pid = Some(Pid::from_raw(pid));
    }

    /// Whether the witness got a signal that has just come, too.
    pub(crate) fn got(&mut self, number: u32) -> bool {
        let index = number as usize;
        let (Some(count), Some(known)) = (self.counts.get(index), self.known.get_mut(index)) else {
            return false;
        };
        let since = Instant::now();
        while self.pid.is_some() && since.elapsed() < PATIENCE {
            let now = count.load(Ordering::Relaxed);
            if now != *known {
                *known = now;
                return true;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        false
    }

    /// Ends the process that stands by.
    pub fn dismiss(&mut self) {
        if let Some(pid) = self.pid.take() {
            _ = kill(pid, Signal::SIGKILL);
            _ = waitpid(pid, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_is_known_once() {
        let mut witness = Witness::new().unwrap();
        witness.counts[15].fetch_add(1, Ordering::Relaxed);
        assert!(!witness.got(15), "nobody is there who could have counted");
        witness.is_there(1);
        assert_eq!((witness.got(15), witness.got(15)), (true, false));
        assert!(!witness.got(2));
        assert!(!witness.got(1 << 20));
        witness.pid = None;
    }
}
