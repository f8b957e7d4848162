//! The writing end: what a process says about itself while it lives.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pyflame_profile::Profile;
use pyflame_recording_file::Encoder;
use pyflame_sampler::{Outlet, SharedMemory};
use thiserror::Error;

use crate::lane::{Kind, Lane, Lanes, RING, message};

/// The lane of this process. Clones write into the same one, one after the other.
#[derive(Clone, Debug)]
pub struct Outbox {
    lanes: Lanes,
    writer: Arc<Mutex<Writer>>,
}

/// Why a process can't be recorded together with others.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The shared memory can't be opened: the command may have ended.
    #[error("the memory of the pyflame command can't be opened: {0}")]
    Memory(#[from] std::io::Error),
    /// The shared memory is that of another version.
    #[error("the pyflame command is of another version")]
    OtherVersion,
    /// There are as many processes as can be recorded at once.
    #[error("too many processes are being recorded")]
    NoLane,
}

#[derive(Debug)]
struct Writer {
    lane: Lane,
    reader: u32,
    encoder: Encoder,
    /// What there was no room for.
    backlog: VecDeque<u64>,
}

/// How long a reader may leave a full lane as it is before it is looked for.
const PATIENCE: Duration = Duration::from_millis(500);

impl Outbox {
    /// The outbox of a process to which the command has given the path of its memory.
    ///
    /// # Errors
    /// When there is no such memory, or no lane.
    pub fn connect(path: &Path) -> Result<Self, ConnectError> {
        let memory = SharedMemory::open(path)?;
        Self::new(Lanes::of(memory.words()).ok_or(ConnectError::OtherVersion)?)
    }

    /// An outbox for this process, which was forked from the one whose outbox this is.
    ///
    /// # Errors
    /// When there is no lane.
    pub fn of_fork(&self) -> Result<Self, ConnectError> {
        Self::new(self.lanes)
    }

    pub(crate) fn new(lanes: Lanes) -> Result<Self, ConnectError> {
        let pid = std::process::id();
        let lane = lanes.take(pid, std::os::unix::process::parent_id());
        let lane = lane.ok_or(ConnectError::NoLane)?;
        let part = u32::try_from(lane.number()).unwrap_or(u32::MAX);
        let writer = Writer {
            lane,
            reader: lanes.reader(),
            encoder: Encoder::new(part),
            backlog: VecDeque::new(),
        };
        Ok(Self { lanes, writer: Arc::new(Mutex::new(writer)) })
    }

    /// Says what this process is called.
    pub fn name(&self, name: &str) {
        self.write(|writer| writer.send(Kind::Name, name.as_bytes()));
    }

    /// Hands over the whole recording of this process, in place of what was published of it. Waits
    /// until it is taken, as long as there is somebody who takes it.
    pub fn finish(&self, profile: &Profile) {
        let recording = pyflame_recording_file::write_hastily(profile);
        self.write(|writer| {
            writer.send(Kind::Whole, &recording);
            writer.wait();
        });
    }

    /// Says that there is nothing to keep of this process.
    pub fn discard(&self) {
        self.write(|writer| {
            writer.send(Kind::Discard, &[]);
            writer.wait();
        });
    }

    fn write(&self, write: impl FnOnce(&mut Writer)) {
        write(&mut self.writer.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Outlet for Outbox {
    fn publish(&mut self, profile: &Profile) {
        // Nobody waits with this lock held while the sampling thread runs.
        self.write(|writer| {
            writer.flush();
            // What is not sent now is part of what is sent next.
            if !writer.backlog.is_empty() {
                return;
            }
            let mut chunks = Vec::new();
            if writer.encoder.append(profile, &mut chunks).is_ok() && !chunks.is_empty() {
                writer.send(Kind::Chunks, &chunks);
            }
        });
    }
}

impl Writer {
    fn send(&mut self, kind: Kind, bytes: &[u8]) {
        self.backlog.extend(message(kind, bytes));
        self.flush();
    }

    /// Writes as much as there is room for, and wakes the reader where it gets narrow.
    fn flush(&mut self) {
        let count = self.lane.write(self.backlog.iter().copied());
        self.backlog.drain(..count);
        if self.lane.unread() > RING / 2 {
            self.wake_reader();
        }
    }

    /// Waits until everything is written, unless nobody reads any more.
    fn wait(&mut self) {
        let mut read = (self.lane.read_so_far(), Instant::now());
        while !self.backlog.is_empty() {
            self.wake_reader();
            std::thread::sleep(Duration::from_micros(100));
            self.flush();
            let now = self.lane.read_so_far();
            if now != read.0 {
                read = (now, Instant::now());
            } else if read.1.elapsed() > PATIENCE && !self.has_reader() {
                self.backlog.clear();
            }
        }
    }

    fn has_reader(&self) -> bool {
        // A stopped one will go on; what has no permission to be signalled is there.
        !matches!(kill(self.reader_pid(), None), Err(nix::errno::Errno::ESRCH))
    }

    /// SIGURG: ignored by everyone who does not wait for it.
    fn wake_reader(&self) {
        _ = kill(self.reader_pid(), Signal::SIGURG);
    }

    fn reader_pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.reader).unwrap_or(i32::MAX))
    }
}
