//! The reading end: takes from all lanes, and frees those whose process is gone.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use pyflame_sampler::SharedMemory;

use crate::gathered::Gathered;
use crate::lane::{LANES, Lane, Lanes, WORDS, take_message};
use crate::outbox::{ConnectError, Outbox};

/// The shared memory, as the process has it that reads.
#[derive(Debug)]
pub struct Inbox {
    lanes: Lanes,
    /// Kept open for programs that are executed; closed in the program itself.
    file: Option<File>,
    path: PathBuf,
    /// For each lane: which process writes into it, and what it has begun to say.
    writers: Vec<(u64, Vec<u64>)>,
}

impl Inbox {
    /// Makes the shared memory. The calling process is the one that reads.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn new() -> io::Result<Self> {
        let (memory, file) = SharedMemory::create(WORDS)?;
        let lanes = Lanes::begin(memory.words(), std::process::id());
        let lanes = lanes.ok_or(io::ErrorKind::InvalidData)?;
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()).into();
        Ok(Self { lanes, file: Some(file), path, writers: vec![(0, Vec::new()); LANES] })
    }

    /// Where a program that is executed anew finds the memory, as long as the reader lives.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The outbox of the calling process, a fork of the one that reads, which is left without a
    /// descriptor of ours.
    ///
    /// # Errors
    /// When there is no lane.
    pub fn outbox(&mut self) -> Result<Outbox, ConnectError> {
        self.file = None;
        Outbox::new(self.lanes)
    }

    /// Takes what is there.
    pub(crate) fn take(&mut self, gathered: &mut Gathered) {
        gathered.turned_away = self.lanes.turned_away();
        for (lane, (number, words)) in self.lanes.iter().zip(&mut self.writers) {
            let Some((pid, parent_pid)) = lane.owner() else { continue };
            // Before what is left is read, so that nothing comes after that.
            let is_gone = is_gone(pid) || lane.unread() == 0 && is_zombie(pid);
            let now = lane.number();
            if now == 0 {
                continue; // It has only just come.
            }
            if *number != now {
                *number = now;
                words.clear();
                gathered.begin(now, pid, parent_pid);
            }
            take_from(lane, words, *number, gathered);
            if is_gone {
                gathered.end(*number);
                lane.free();
            }
        }
    }

    /// Whether a process has a lane.
    pub(crate) fn writes(&self, pid: i32) -> bool {
        let mut owners = self.lanes.iter().filter_map(Lane::owner);
        owners.any(|(owner, _)| i32::try_from(owner) == Ok(pid))
    }
}

fn take_from(lane: Lane, words: &mut Vec<u64>, number: u64, gathered: &mut Gathered) {
    lane.read(words);
    loop {
        match take_message(words) {
            Ok(Some((kind, bytes))) => gathered.take(number, kind, &bytes),
            Ok(None) => return,
            Err(()) => return words.clear(), // Somebody wrote over the memory.
        }
    }
}

/// Whether a process has ended, and whoever started it has not asked yet how: it has a process id as
/// long as that takes. To look costs more than to ask for the id alone; but who lives, writes.
///
/// `/proc/PID/stat` has the state of the main thread as the first field behind the name in
/// parentheses, and as the 18th the number of threads, of which others can outlive that one
/// (proc(5)).
fn is_zombie(pid: u32) -> bool {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    let end = stat.iter().rposition(|byte| *byte == b')').map_or(stat.len(), |end| end + 1);
    let mut fields = stat[end..].split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    matches!(fields.next(), Some(b"Z" | b"X")) && matches!(fields.nth(16), Some(b"0" | b"1"))
}

fn is_gone(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))
}
