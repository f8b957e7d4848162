//! Tells a signal that everybody got from one that only the command got.
//!
//! The kernel says who sent a signal, but not to how many. So one process stands by in which all
//! signals are blocked and stay pending: what was sent to the process group (kill(2) with a negative
//! id) is pending there, too (`ShdPnd` in proc(5)), and has reached the program.
//!
//! A group is signalled in one go, its newest members first (`__kill_pgrp_info` in kernel/signal.c,
//! `attach_pid` in kernel/pid.c). So when this process hears of a signal, the witness has it already,
//! whether it has had a CPU since or not.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, getppid};
use pyflame_sampler::SharedMemory;

/// A process with whose pending signals others are compared.
#[derive(Debug)]
pub struct Witness {
    /// Which signals it is to forget, and how often it has done so.
    to_forget: &'static AtomicU64,
    forgotten: &'static AtomicU64,
    supervisor: u32,
    pid: Option<Pid>,
    /// What was pending there when it was last looked at.
    lately: u64,
}

/// How long the witness may take to forget, on a machine that has no time for it; one that has been
/// stopped is of no use.
const PATIENCE: Duration = Duration::from_millis(500);

impl Witness {
    /// Nobody stands by yet. The calling process is the one that will ask.
    ///
    /// # Errors
    /// When the system refuses shared memory.
    pub fn new() -> io::Result<Self> {
        let (memory, _) = SharedMemory::create(2)?;
        let [to_forget, forgotten] = memory.words() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        Ok(Self { to_forget, forgotten, supervisor: std::process::id(), pid: None, lately: 0 })
    }

    /// Stands by, in a child of the process that asks, until that one ends.
    ///
    /// All signals must be blocked.
    ///
    /// # Errors
    /// When signals can't be waited for.
    pub fn stand_by(&self) -> io::Result<()> {
        set_pdeathsig(Signal::SIGKILL)?;
        let calls = SignalFd::with_flags(&SigSet::from(CALL), SfdFlags::SFD_CLOEXEC)?;
        let pending = SignalFd::with_flags(&SigSet::empty(), SfdFlags::SFD_NONBLOCK)?;
        while u32::try_from(getppid().as_raw()) == Ok(self.supervisor) {
            calls.read_signal()?;
            let mask = self.to_forget.load(Ordering::Acquire);
            let signals = Signal::iterator().filter(|signal| mask & bit(*signal as u32) != 0);
            pending.set_mask(&signals.collect())?;
            while pending.read_signal()?.is_some() {}
            self.forgotten.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    /// From now on the child `pid` stands by.
    pub fn is_there(&mut self, pid: i32) {
        self.pid = Some(Pid::from_raw(pid));
    }

    /// Whether the witness got a signal that has just come, too.
    pub(crate) fn got(&mut self, number: u32) -> bool {
        let got = self.pending() & bit(number);
        self.forget(got);
        got != 0
    }

    /// Has the witness forget what it got alone, or late, from somebody who signals one process after
    /// the other: that must not be taken for another time. Called when all that has come here has been
    /// asked for; what the witness got a moment ago may still be to come, and so has until next time.
    pub(crate) fn tidy(&mut self) {
        let pending = self.pending();
        let stale = pending & self.lately;
        self.forget(stale);
        self.lately = pending & !stale;
    }

    fn forget(&mut self, mask: u64) {
        let Some(pid) = self.pid.filter(|_| mask != 0) else { return };
        self.to_forget.store(mask, Ordering::Release);
        let before = self.forgotten.load(Ordering::Acquire);
        let since = Instant::now();
        _ = kill(pid, CALL);
        while self.forgotten.load(Ordering::Acquire) == before {
            if since.elapsed() > PATIENCE {
                // Without it, what everybody got comes twice; that is less harm than not at all.
                return self.dismiss();
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Ends the process that stands by.
    pub fn dismiss(&mut self) {
        if let Some(pid) = self.pid.take() {
            _ = kill(pid, Signal::SIGKILL);
            _ = waitpid(pid, None);
        }
    }

    /// The signals that the witness got, as a mask.
    fn pending(&self) -> u64 {
        let status = self.pid.map(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")));
        status.and_then(Result::ok).map_or(0, |status| parse_pending(&status))
    }
}

/// Calls the witness. Nobody sends it to a command that is not to hear it (`News::Asked`).
const CALL: Signal = Signal::SIGURG;

fn bit(number: u32) -> u64 {
    1_u64.checked_shl(number.wrapping_sub(1)).unwrap_or(0)
}

fn parse_pending(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_signals_are_a_mask() {
        let status = "SigPnd:\t0000000000000001\nShdPnd:\t0000000000004000\nSigBlk:\tffff\n";
        assert_eq!(parse_pending(status), 1 << (Signal::SIGTERM as u32 - 1));
        assert_eq!(parse_pending("Name:\tx\n"), 0);
    }

    #[test]
    fn nobody_has_got_anything() {
        let mut witness = Witness::new().unwrap();
        assert!(!witness.got(15));
        assert!(!witness.got(0));
        assert_eq!((bit(0), bit(1), bit(64), bit(65)), (0, 1, 1 << 63, 0));
    }
}
