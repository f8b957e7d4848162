//! What has been gathered of each process, and the one profile that it becomes.

use std::collections::BTreeMap;

use pyflame_profile::{Process, Profile};
use pyflame_recording_file::{Decoder, Reading, read};

use crate::lane::Kind;

/// What is known of all processes so far.
#[derive(Debug, Default)]
pub struct Gathered {
    processes: BTreeMap<u64, Told>,
    /// How many processes could not be recorded since there were too many at once.
    pub turned_away: u64,
    /// Chunks as they came, for who keeps them as they come.
    pub(crate) chunks: Vec<u8>,
}

/// What one process has told.
#[derive(Debug)]
struct Told {
    pid: u32,
    parent_pid: u32,
    name: Option<String>,
    recording: Recording,
    is_discarded: bool,
    has_ended: bool,
}

/// What is there of a recording. Boxed, since a service can have any number of children, of whom
/// most have ended: of those nothing is kept that only more chunks would need.
#[derive(Debug)]
enum Recording {
    /// It grows.
    Chunks(Box<Decoder>),
    /// The process has ended, and this is what had come.
    CutOff(Box<Profile>),
    /// It has been handed over as a whole.
    Whole(Box<Profile>),
}

/// One process at the end.
#[derive(Debug)]
pub struct Recorded {
    /// What was recorded; its threads belong to the process.
    pub profile: Profile,
    /// Whether it is complete: else it is what was published up to some moment before its end.
    pub is_whole: bool,
    /// Whether it was there still when the program ended.
    pub lives: bool,
}

impl Gathered {
    pub(crate) fn begin(&mut self, number: u64, pid: u32, parent_pid: u32) {
        self.processes.entry(number).or_insert_with(|| Told {
            pid,
            parent_pid,
            name: None,
            recording: Recording::Chunks(Box::default()),
            is_discarded: false,
            has_ended: false,
        });
    }

    pub(crate) fn take(&mut self, number: u64, kind: Kind, bytes: &[u8]) {
        let Some(process) = self.processes.get_mut(&number) else { return };
        match kind {
            Kind::Chunks => {
                if let Recording::Chunks(chunks) = &mut process.recording {
                    chunks.take(bytes);
                }
                self.chunks.extend_from_slice(bytes);
            }
            Kind::Whole => {
                if let Ok(profile) = read(bytes).map(Reading::into_profile) {
                    process.recording = Recording::Whole(Box::new(profile));
                }
            }
            Kind::Name => process.name = Some(String::from_utf8_lossy(bytes).into_owned()),
            Kind::Discard => process.is_discarded = true,
        }
    }

    pub(crate) fn end(&mut self, number: u64) {
        if let Some(process) = self.processes.get_mut(&number) {
            process.has_ended = true;
            if let Recording::Chunks(chunks) = &mut process.recording {
                process.recording =
                    Recording::CutOff(Box::new(std::mem::take(chunks).into_profile()));
            }
        }
    }

    /// Chunks that have come since this was last called.
    pub fn take_chunks(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.chunks)
    }

    /// What has been recorded of each process so far, in the order in which they began.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.processes
            .values()
            .filter(|process| !process.is_discarded)
            .filter_map(Told::recorded)
            .collect()
    }
}

impl Told {
    fn recorded(&self) -> Option<Recorded> {
        // A process says what it is called when it begins to be recorded.
        let name = self.name.as_deref()?.into();
        let mut profile = match &self.recording {
            Recording::Chunks(chunks) => chunks.profile().clone(),
            Recording::CutOff(profile) | Recording::Whole(profile) => Profile::clone(profile),
        };
        profile.set_process(Process { name, pid: self.pid, parent_pid: self.parent_pid });
        let is_whole = matches!(self.recording, Recording::Whole(_));
        Some(Recorded { profile, is_whole, lives: !self.has_ended })
    }
}
