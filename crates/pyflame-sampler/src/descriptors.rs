//! The sampling thread's own table of descriptors.
//!
//! Threads share one table, and a file gets the lowest number that is free. What we opened for a
//! microsecond to read it could get the number that the program is about to put something in the
//! place of (`dup2`), and then it would be the program's file that we read and close. So the
//! sampling thread leaves the table: it gets one of its own (close_range(2) with
//! `CLOSE_RANGE_UNSHARE`, Linux 5.9; before that unshare(2), which some containers forbid), and
//! closes all that is in it, for a pipe ends when nobody has it open any more. Where neither is
//! allowed, we open nothing at all, and what the C library opens is opened at the start.
#![expect(unsafe_code, reason = "tables of descriptors are a matter of system calls")]

use std::cell::Cell;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::os::fd::RawFd;

thread_local! {
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
}

/// Gives the calling thread a table of its own, with nothing in it. It must not use descriptors of
/// the process any more, standard error included. To be called while whoever starts the thread
/// waits for it.
pub(crate) fn leave_the_shared_table() {
    IS_OWN.set(IS_OWN.get() || unshare_empty() || unshare_and_empty());
    if !IS_OWN.get() {
        let_the_heap_shrink();
    }
}

/// Has the C library open now what it would open at a time of its own choice.
///
/// When a thread's heap shrinks for the first time in a process, glibc looks up whether memory may
/// be overcommitted, in `/proc/sys/vm/overcommit_memory` (`check_may_shrink_heap`, malloc/arena.c).
fn let_the_heap_shrink() {
    // Blocks of this size come from the heap whatever the program has set, and so much in all is
    // more than what a heap keeps at its end (M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, mallopt(3):
    // 128 KiB each, and up to twice the size of mapped blocks that the program has given back).
    const BLOCK: usize = 100_000;
    const BLOCKS: usize = 40;
    let blocks: Vec<Vec<u8>> = (0..BLOCKS).map(|_| black_box(Vec::with_capacity(BLOCK))).collect();
    drop(blocks);
}

/// Opens a file of `/proc` for reading.
///
/// # Errors
/// `Unsupported` where the calling thread has no table of its own.
pub(crate) fn open(path: &str) -> io::Result<File> {
    if IS_OWN.get() { File::open(path) } else { Err(io::ErrorKind::Unsupported.into()) }
}

fn unshare_empty() -> bool {
    // Include/uapi/linux/close_range.h.
    const CLOSE_RANGE_UNSHARE: libc::c_uint = 1 << 1;
    // SAFETY: the call takes numbers. What it closes is in the table that it makes for this thread.
    let status =
        unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, CLOSE_RANGE_UNSHARE) };
    status == 0
}

fn unshare_and_empty() -> bool {
    // SAFETY: the call takes a number, and changes nothing for other threads.
    if unsafe { libc::unshare(libc::CLONE_FILES) } != 0 {
        return false;
    }
    let Ok(entries) = std::fs::read_dir("/proc/thread-self/fd") else { return false };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers: Vec<RawFd> = names.filter_map(|name| name.parse().ok()).collect();
    for number in numbers {
        // SAFETY: the table is this thread's alone, and nothing that runs in it owns a descriptor:
        // those are copies. That of the folder has been closed by now, so its number is free.
        _ = unsafe { libc::close(number) };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;

    /// Leaves the table in a thread of its own; returns how many it has then, and what comes of
    /// opening a file.
    fn after(leave: fn()) -> (usize, bool) {
        let in_thread = move || {
            leave();
            // The folder is the only one.
            let count = std::fs::read_dir("/proc/thread-self/fd").map_or(0, Iterator::count);
            (count, open("/proc/thread-self/stat").is_ok())
        };
        std::thread::spawn(in_thread).join().expect("ends")
    }

    #[test]
    fn either_way_leads_to_an_empty_table() {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let was = writer.as_raw_fd();
        assert_eq!(after(leave_the_shared_table), (1, true));
        assert_eq!(after(|| IS_OWN.set(unshare_and_empty())), (1, true));
        // The others still have theirs.
        assert_eq!(writer.as_raw_fd(), was);
        drop(writer);
        assert_eq!(reader.read(&mut [0]).expect("the end"), 0);
    }

    #[test]
    fn nothing_is_opened_in_the_shared_table() {
        assert_eq!(open("/proc/self/stat").expect_err("shared").kind(), io::ErrorKind::Unsupported);
    }
}
