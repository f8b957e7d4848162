//! From profiles to whole files: at once, or appended as a recording goes on.

use std::io::{self, Write};

use pyflame_profile::Profile;
use thiserror::Error;

use crate::{Encoder, HEADER, NotContinued};

/// A recording with one profile in it, as bytes. Equal profiles give equal bytes.
pub fn write(profile: &Profile) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    Encoder::new(0).encode(profile, &mut bytes);
    bytes
}

/// As [`write()`], in a fraction of the time and some four times the size: nothing is packed.
pub fn write_hastily(profile: &Profile) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    let mut encoder = Encoder::new(0);
    encoder.packer.is_hasty = true;
    encoder.encode(profile, &mut bytes);
    bytes
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
