//! From bytes, whatever they are, to profiles and a report of what is lost.

use indexmap::IndexMap;
use pyflame_profile::Profile;
use rustc_hash::FxBuildHasher;

use crate::chunk::{self, Place};
use crate::header::{self, HEADER, ReadError, is_recording};
use crate::lost::{Lost, Reason};
use crate::packing::Allowance;
use crate::part::Part;

/// What is readable of a recording.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reading {
    /// The parts, in order of appearance: one for each process that wrote into the file, and for
    /// each file where several were appended to each other.
    pub parts: Vec<Profile>,
    /// What is lost.
    pub lost: Lost,
}

impl Reading {
    /// All parts as one profile.
    pub fn into_profile(self) -> Profile {
        let mut parts = self.parts.into_iter();
        let mut profile = parts.next().unwrap_or_default();
        parts.for_each(|part| profile.merge(&part));
        profile
    }
}

/// Reads a recording, or as much of it as there is.
///
/// A chunk that is damaged is left out, and reading goes on behind it. What later chunks of the
/// same part take from its tables is missing then: samples whose stack was there are kept under
/// a frame `[lost]`.
///
/// # Errors
/// When `bytes` do not begin as a recording does, or are one of a version that we don't know.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    header::check(bytes)?;
    let mut reader = Reader {
        bytes,
        offset: 0,
        allowance: Allowance::of_file(bytes.len()),
        doubts: bytes.len().saturating_mul(4),
        parts: IndexMap::default(),
        reading: Reading::default(),
    };
    while reader.offset < bytes.len() {
        reader.step();
    }
    reader.close_parts();
    Ok(reader.reading)
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    allowance: Allowance,
    /// How many bytes of damaged chunks may be looked through for other chunks: each is summed up
    /// again then, and chunks that claim to be in each other would take the square of their time.
    doubts: usize,
    parts: IndexMap<u32, Part, FxBuildHasher>,
    reading: Reading,
}

impl Reader<'_> {
    /// Reads what stands at the offset, and moves it.
    fn step(&mut self) {
        let rest = &self.bytes[self.offset..];
        if is_recording(rest) {
            return self.begin_file(rest);
        }
        match chunk::look(rest) {
            Place::Chunk { kind, part, payload, length } => {
                // Other kinds are of a later version.
                if kind == chunk::ROWS
                    && let Err(reason) = self.take(part, payload)
                {
                    self.reading.lost.add(self.offset, length, reason);
                }
                self.offset += length;
            }
            Place::Damaged { length } => {
                let length = self.end_of_damaged(rest, length);
                self.lose(length, Reason::Checksum);
            }
            Place::CutOff => self.lose(chunk::next_start(rest), Reason::CutOff),
            Place::Nothing => self.lose(chunk::next_start(rest), Reason::NoChunk),
        }
    }

    /// Where a chunk ends that is not as it was written: where the next begins, which is before the
    /// end that it claims if its writer was ended and others have gone on.
    fn end_of_damaged(&mut self, rest: &[u8], length: usize) -> usize {
        match self.doubts.checked_sub(length) {
            Some(left) => {
                self.doubts = left;
                // What begins in it may end behind it.
                let chunk = &rest[..rest.len().min(length + HEADER.len())];
                chunk::next_start(chunk).min(length)
            }
            None => length,
        }
    }

    /// A file begins, the first or one that was appended to another.
    fn begin_file(&mut self, rest: &[u8]) {
        self.close_parts();
        match header::check(rest) {
            Ok(()) => self.offset += HEADER.len(),
            Err(ReadError::UnknownVersion { .. }) => self.lose(rest.len(), Reason::UnknownVersion),
            Err(ReadError::NotARecording) => self.lose(rest.len(), Reason::CutOff),
        }
    }

    fn take(&mut self, part: u32, payload: &[u8]) -> Result<(), Reason> {
        let payload = self.allowance.unpack(payload).ok_or(Reason::Packing)?;
        let part = self.parts.entry(part).or_default();
        part.take(&payload, &mut self.allowance).map_err(|why| Reason::Senseless(why.0))
    }

    fn lose(&mut self, length: usize, reason: Reason) {
        self.reading.lost.add(self.offset, length, reason);
        self.offset += length;
    }

    fn close_parts(&mut self) {
        for (_, part) in std::mem::take(&mut self.parts) {
            let orphans = &mut self.reading.lost.orphans;
            *orphans = orphans.saturating_add(part.orphans);
            self.reading.parts.push(part.into_profile());
        }
    }
}
