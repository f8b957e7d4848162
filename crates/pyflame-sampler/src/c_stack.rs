//! Where the C stacks of threads lie.
//!
//! `/proc/thread-self/maps` has a line for each mapping (proc(5)), also when the main thread has
//! ended and `/proc/self/maps` is empty. That of the main thread's stack ends in `[stack]`. The stack
//! of any other thread is a mapping of its own with a guard page below it and, in glibc and musl, the
//! thread's structure at its upper end: the address of that is what `pthread_self()` returns.

use std::io::{BufRead as _, BufReader};
use std::ops::Range;

use crate::descriptors;

/// The C stack of a thread, as far as it is mapped now; empty where that can't be told.
pub(crate) fn of_thread(is_main: bool, pthread: u64) -> Range<u64> {
    let Ok(maps) = descriptors::open("/proc/thread-self/maps") else { return 0..0 };
    let mut lines = BufReader::new(maps).lines().map_while(Result::ok);
    lines.find_map(|line| stack_in(&line, is_main, pthread)).unwrap_or(0..0)
}

/// The stack, if it is the mapping of this line.
fn stack_in(line: &str, is_main: bool, pthread: u64) -> Option<Range<u64>> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let start = u64::from_str_radix(start, 16).ok()?;
    let end = u64::from_str_radix(end, 16).ok()?;
    if !fields.next()?.starts_with("rw") {
        return None;
    }
    let is_named_stack = fields.nth(3) == Some("[stack]");
    if is_main {
        is_named_stack.then_some(start..end)
    } else {
        (start..end).contains(&pthread).then_some(start..pthread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_found_in_the_lines_of_maps() {
        let main = "7ffc0000-7ffd0000 rw-p 00000000 00:00 0                          [stack]";
        let thread = "7f100000-7f900000 rw-p 00000000 00:00 0 ";
        let guard = "7f0ff000-7f100000 ---p 00000000 00:00 0 ";
        assert_eq!(stack_in(main, true, 0), Some(0x7ffc_0000..0x7ffd_0000));
        assert_eq!(stack_in(thread, false, 0x7f8f_f6c0), Some(0x7f10_0000..0x7f8f_f6c0));
        assert_eq!(stack_in(thread, true, 0), None);
        assert_eq!(stack_in(guard, false, 0x7f0f_f800), None);
        assert_eq!(stack_in("", false, 0), None);
    }

    #[test]
    fn the_stack_of_this_test_is_found() {
        descriptors::leave_the_shared_table();
        let local = 0_u8;
        // A test runs in a thread that is not the main one.
        let address = std::ptr::from_ref(&local) as u64;
        let stack = of_thread(false, address);
        assert!(stack.start < address && stack.end == address);
    }
}
