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
    chunks: Decoder,
    whole: Option<Profile>,
    is_discarded: bool,
    has_ended: bool,
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
            chunks: Decoder::default(),
            whole: None,
            is_discarded: false,
            has_ended: false,
        });
    }

    pub(crate) fn take(&mut self, number: u64, kind: Kind, bytes: &[u8]) {
        let Some(process) = self.processes.get_mut(&number) else { return };
        match kind {
            Kind::Chunks => {
                process.chunks.take(bytes);
                self.chunks.extend_from_slice(bytes);
            }
            Kind::Whole => process.whole = read(bytes).ok().map(Reading::into_profile),
            Kind::Name => process.name = Some(String::from_utf8_lossy(bytes).into_owned()),
            Kind::Discard => process.is_discarded = true,
        }
    }

    pub(crate) fn end(&mut self, number: u64) {
        if let Some(process) = self.processes.get_mut(&number) {
            process.has_ended = true;
        }
    }

    /// Chunks that have come since this was last called.
    pub fn take_chunks(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.chunks)
    }

    /// What was recorded of each process, in the order in which they began.
    pub fn into_recorded(self) -> Vec<Recorded> {
        // A process says what it is called when it begins to be recorded.
        let is_kept = |process: &Told| process.name.is_some() && !process.is_discarded;
        let told = self.processes.into_values().filter(is_kept);
        told.map(Told::into_recorded).collect()
    }
}

impl Told {
    fn into_recorded(self) -> Recorded {
        let is_whole = self.whole.is_some();
        let mut profile = self.whole.unwrap_or_else(|| self.chunks.into_profile());
        let name = self.name.unwrap_or_default();
        let (pid, parent_pid) = (self.pid, self.parent_pid);
        profile.set_process(Process { name: name.into(), pid, parent_pid });
        Recorded { profile, is_whole, lives: !self.has_ended }
    }
}
