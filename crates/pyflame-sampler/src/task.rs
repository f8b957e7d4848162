//! What the kernel says of one thread: whether it sleeps, and which signals it blocks.
//!
//! `/proc/self/task/TID/stat` has the state as the first field behind the name in parentheses,
//! and as the 37th the CPU on which the thread ran last; `status` has the blocked signals as a hexadecimal mask behind `SigBlk:`, and
//! those that wait for the thread behind `SigPnd:` (proc(5)).

use std::io::Read as _;

use crate::descriptors;

/// What a thread that is off the CPU is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It would run if it had a CPU; it ran on this one last.
    Runnable { cpu: i32 },
    /// It sleeps until something happens.
    Asleep,
}

/// What has become of a signal that was sent to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalState {
    /// It waits for the thread to run.
    OnItsWay,
    /// It waits, for the thread blocks it.
    HeldBack,
    /// It has been delivered, or the thread has fetched it.
    Gone,
}

/// One thread of this process, as the kernel knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task {
    native_id: u32,
}

impl Task {
    pub(crate) fn new(native_id: u32) -> Self {
        Self { native_id }
    }

    /// What a thread that is off the CPU is doing; `None` once it has ended.
    ///
    /// Where `/proc` can't be looked at (a service that has made an empty folder its root, a program
    /// that may open no file, another namespace's `/proc`), a thread that is off the CPU is taken to
    /// sleep, which is what most do. Whether it has ended, its clock tells, too.
    pub(crate) fn rest(self) -> Option<Rest> {
        let mut bytes = [0; 1024];
        let stat = descriptors::open(&self.file("stat"));
        match stat.and_then(|mut stat| stat.read(&mut bytes)) {
            Ok(count) => parse_rest(bytes.get(..count)?),
            Err(_) => Some(Rest::Asleep),
        }
    }

    /// Whether the thread blocks `signal`. Where that can't be known, it does not.
    pub(crate) fn blocks(self, signal: i32) -> bool {
        self.status().is_some_and(|status| parse_bit(&status, "SigBlk:", signal))
    }

    /// Where a `signal` is that was sent to the thread; on its way, where that can't be known.
    ///
    /// A handler blocks its own signal, too, but then none of it waits. So both must come from one
    /// reading, for which the kernel holds the lock of the thread's signals (`task_sig` in
    /// fs/proc/array.c): of two, the first can see a signal on its way, and the second its handler.
    pub(crate) fn signal(self, signal: i32) -> SignalState {
        self.status().map_or(SignalState::OnItsWay, |status| signal_state(&status, signal))
    }

    fn status(self) -> Option<String> {
        let mut status = String::new();
        let mut file = descriptors::open(&self.file("status")).ok()?;
        file.read_to_string(&mut status).ok()?;
        Some(status)
    }

    fn file(self, name: &str) -> String {
        format!("/proc/self/task/{}/{name}", self.native_id)
    }
}

fn parse_rest(stat: &[u8]) -> Option<Rest> {
    // A name can hold parentheses and blanks itself, so it ends at the last parenthesis.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = std::str::from_utf8(stat.get(end + 1..)?).ok()?.split_ascii_whitespace();
    match fields.next()? {
        "R" => Some(Rest::Runnable { cpu: fields.nth(35).and_then(|cpu| cpu.parse().ok())? }),
        "X" | "Z" => None,
        _ => Some(Rest::Asleep),
    }
}

fn signal_state(status: &str, signal: i32) -> SignalState {
    match (parse_bit(status, "SigPnd:", signal), parse_bit(status, "SigBlk:", signal)) {
        (false, _) => SignalState::Gone,
        (true, false) => SignalState::OnItsWay,
        (true, true) => SignalState::HeldBack,
    }
}

fn parse_bit(status: &str, field: &str, signal: i32) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_stands_behind_the_last_parenthesis() {
        assert_eq!(parse_rest(b"12 (a) R (b) S 1 2"), Some(Rest::Asleep));
        let numbers: Vec<_> = (4..=52).map(|field: u8| field.to_string()).collect();
        let runnable = parse_rest(format!("12 (python) R {}", numbers.join(" ")).as_bytes());
        assert_eq!(runnable, Some(Rest::Runnable { cpu: 39 }));
        assert_eq!(parse_rest(b"12 (python) Z 1"), None);
        assert_eq!(parse_rest(b"12 (python)"), None);
        assert_eq!(parse_rest(b""), None);
    }

    #[test]
    fn a_blocked_signal_is_a_bit_of_the_mask() {
        let status = "Name:\tx\nSigBlk:\t0000000000400000\n";
        assert!(parse_bit(status, "SigBlk:", 23));
        assert!(!parse_bit(status, "SigBlk:", 22));
        assert!(!parse_bit(status, "SigPnd:", 23));
    }

    #[test]
    fn a_signal_is_held_back_that_waits_and_is_blocked_at_once() {
        let status =
            |pending: &str, blocked: &str| format!("SigPnd:\t{pending}\nSigBlk:\t{blocked}\n");
        let state = |pending, blocked| signal_state(&status(pending, blocked), 23);
        assert_eq!(state("0000000000400000", "0000000000400000"), SignalState::HeldBack);
        assert_eq!(state("0000000000400000", "0000000000000000"), SignalState::OnItsWay);
        assert_eq!(state("0000000000000000", "0000000000400000"), SignalState::Gone);
    }
}
