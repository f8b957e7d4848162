//! What of a recording could not be read. A loss is counted and shown.

use std::fmt;

use thiserror::Error;

/// How many stretches a report names.
const NAMED: usize = 10;

/// What is lost of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// How many bytes could not be read.
    pub bytes: u64,
    /// The stretches in which they lie, the first ten.
    pub damage: Vec<Damage>,
    /// How many stretches there are beyond these.
    pub more_damage: u64,
    /// Samples that are there without their stack or their thread, which were in such a stretch.
    pub orphans: u64,
}

/// A stretch of a file that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins, in bytes from the beginning of the file.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a stretch of a file.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The file ends, or something else begins, before a chunk does: whoever wrote it was ended.
    #[error("a chunk is cut off")]
    CutOff,
    /// The contents of a chunk have changed since it was written.
    #[error("the checksum of a chunk does not fit")]
    Checksum,
    /// No chunk begins where one should.
    #[error("there is no chunk")]
    NoChunk,
    /// A chunk can't be unpacked, or becomes larger than a file of this size may.
    #[error("a chunk can't be unpacked, or is too large")]
    Packing,
    /// A chunk was written so, but not by a pyflame that we know.
    #[error("a chunk makes no sense: {0}")]
    Senseless(&'static str),
    /// From here on it is another file, appended, of a version that we don't read.
    #[error("a recording of a later version begins there")]
    UnknownVersion,
}

impl Lost {
    /// Whether everything could be read.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0 && self.damage.is_empty() && self.orphans == 0
    }

    pub(crate) fn add(&mut self, offset: usize, length: usize, reason: Reason) {
        self.bytes = self.bytes.saturating_add(length as u64);
        if self.damage.len() < NAMED {
            self.damage.push(Damage { offset: offset as u64, length: length as u64, reason });
        } else {
            self.more_damage += 1;
        }
    }
}

/// What is lost, in one line.
impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(first) = self.damage.first() {
            let stretches = self.damage.len() as u64 + self.more_damage;
            let first = format!("at byte {}, {}", first.offset, first.reason);
            parts.push(match stretches {
                1 => format!("{} bytes can't be read: {first}", self.bytes),
                _ => format!("{} bytes in {stretches} places can't be read: {first}", self.bytes),
            });
        }
        if self.orphans > 0 {
            parts.push(format!("{} samples are without their stack or thread", self.orphans));
        }
        f.write_str(&parts.join("; "))
    }
}
