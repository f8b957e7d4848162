//! What the kernel says of one thread: whether it sleeps, and which signals it blocks.
//!
//! `/proc/self/task/TID/stat` has the state as the first field behind the name in parentheses,
//! and as the 37th the CPU on which the thread ran last; `status` has the blocked signals as a hexadecimal mask behind `SigBlk:`, and
//! those that wait for the thread behind `SigPnd:` (proc(5)).

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use crate::descriptors;

/// What a thread that is off the CPU is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It would run if it had a CPU; it ran on this one last.
    Runnable { cpu: i32 },
    /// It sleeps until something happens.
    Asleep,
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
    /// Where there is no `/proc`, as in a service that has made an empty folder its root, or where it
    /// can't be looked at in a way that the program does not notice, a thread that is off the CPU is
    /// taken to sleep, which is what most do.
    pub(crate) fn rest(self) -> Option<Rest> {
        let mut stat = match descriptors::open(&self.file("stat")) {
            Ok(stat) => stat,
            Err(error) => {
                let is_unknown = error.kind() == ErrorKind::Unsupported
                    || !Path::new("/proc/self/task").exists();
                return is_unknown.then_some(Rest::Asleep);
            }
        };
        let mut bytes = [0; 1024];
        let count = stat.read(&mut bytes).ok()?;
        parse_rest(bytes.get(..count)?)
    }

    /// Whether the thread blocks `signal`. Where that can't be known, it does not.
    pub(crate) fn blocks(self, signal: i32) -> bool {
        self.status().is_some_and(|status| parse_bit(&status, "SigBlk:", signal))
    }

    /// Whether a `signal` that was sent to the thread waits, for it is blocked.
    ///
    /// A handler blocks its own signal, too, but then none of it waits. So both must come from one
    /// reading, for which the kernel holds the lock of the thread's signals (`task_sig` in
    /// fs/proc/array.c): of two, the first can see a signal on its way, and the second its handler.
    pub(crate) fn holds_back(self, signal: i32) -> bool {
        self.status().is_some_and(|status| is_held_back(&status, signal))
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

fn is_held_back(status: &str, signal: i32) -> bool {
    parse_bit(status, "SigPnd:", signal) && parse_bit(status, "SigBlk:", signal)
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
        assert!(is_held_back(&status("0000000000400000", "0000000000400000"), 23));
        assert!(!is_held_back(&status("0000000000400000", "0000000000000000"), 23));
        assert!(!is_held_back(&status("0000000000000000", "0000000000400000"), 23));
    }
}
