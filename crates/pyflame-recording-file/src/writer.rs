//! From profiles to whole files: at once, or appended as a recording goes on.

use std::io::{self, Write};
use std::time::Duration;

use indexmap::IndexMap;
use pyflame_profile::{Gaps, ProcessId, Profile, SampleKey, Totals};
use rustc_hash::FxBuildHasher;
use thiserror::Error;

use crate::packing::Packer;
use crate::{Encoder, HEADER, NotContinued};

type Samples = Vec<(SampleKey, Totals)>;

/// A recording with one profile in it, as bytes: a part for each process that has samples, in
/// order of appearance, and one for threads of which is not known whose they are. Equal profiles
/// give equal bytes.
pub fn write(profile: &Profile) -> Vec<u8> {
    write_with(profile, Packer::default())
}

/// As [`write()`], in a fraction of the time and some four times the size: nothing is packed.
pub fn write_hastily(profile: &Profile) -> Vec<u8> {
    write_with(profile, Packer::hasty())
}

fn write_with(profile: &Profile, mut packer: Packer) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    let groups = by_process(profile);
    if groups.is_empty() {
        Encoder::with_packer(0, packer).encode(profile, &mut bytes);
        return bytes;
    }
    let mut meta = profile.meta.clone();
    for (part, (process, samples)) in (0..).zip(groups) {
        // What readers allow is for the file, so the parts share what they may use of it.
        let mut encoder = Encoder::with_packer(part, packer);
        let process = process.and_then(|process| profile.process(process));
        encoder.encode_part(profile, (process, &samples), &meta, &mut bytes);
        packer = encoder.into_packer();
        // The sums stand in the first part, so that the parts together have them once.
        (meta.duration, meta.ticks) = (Duration::ZERO, 0);
        (meta.uncaptured, meta.retaken) = (0, 0);
        meta.gaps = Gaps::default();
    }
    bytes
}

/// The samples of each process and of none, in order of appearance; nothing where no process is
/// known.
fn by_process(profile: &Profile) -> IndexMap<Option<ProcessId>, Samples, FxBuildHasher> {
    let mut groups: IndexMap<_, Samples, _> = IndexMap::default();
    if !profile.processes().is_empty() {
        for (key, totals) in profile.samples() {
            groups.entry(profile.process_of(key.thread)).or_default().push((key, totals));
        }
    }
    groups
}

/// Writes a recording that grows: each call appends what is new, so that the file is complete up
/// to the last of them whatever happens later.
///
/// ```
/// use pyflame_profile::{Profile, parse_folded};
/// let mut writer = pyflame_recording_file::Writer::new(Vec::new())?;
/// let (mut profile, _) = parse_folded("main;work 3\n");
/// writer.append(&profile)?;
/// profile.merge(&parse_folded("main;work 2\n").0);
/// writer.append(&profile)?;
/// let reading = pyflame_recording_file::read(&writer.into_inner()).unwrap();
/// assert_eq!(reading.into_profile().totals().samples, 5);
/// # Ok::<(), pyflame_recording_file::WriteError>(())
/// ```
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
    encoder: Encoder,
}

/// Why nothing, or not everything, was appended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The sink could not take it.
    #[error("the recording can't be written: {0}")]
    Sink(#[from] io::Error),
    /// It was another profile.
    #[error(transparent)]
    NotContinued(#[from] NotContinued),
}

impl<W: Write> Writer<W> {
    /// Begins a recording.
    ///
    /// # Errors
    /// When `sink` can't be written to.
    pub fn new(mut sink: W) -> Result<Self, WriteError> {
        sink.write_all(&HEADER)?;
        Ok(Self { sink, encoder: Encoder::new(0) })
    }

    /// Appends what is new in `profile`, in one piece. See [`Encoder::append`].
    ///
    /// # Errors
    /// When `sink` can't be written to, after which the writer is of no use: what it could not
    /// write is missing. When the profile is another one.
    pub fn append(&mut self, profile: &Profile) -> Result<(), WriteError> {
        let mut bytes = Vec::new();
        self.encoder.append(profile, &mut bytes)?;
        self.sink.write_all(&bytes)?;
        Ok(())
    }

    /// The sink, with everything that was appended.
    pub fn into_inner(self) -> W {
        self.sink
    }
}
