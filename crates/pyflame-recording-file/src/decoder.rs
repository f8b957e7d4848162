//! Chunks of one part, taken in as they come: the other end of an [`Encoder`](crate::Encoder).

use pyflame_profile::Profile;

use crate::chunk::{self, Place};
use crate::packing::Allowance;
use crate::part::Part;

/// Puts the chunks of one part together again, without the file around them.
///
/// ```
/// use pyflame_profile::parse_folded;
/// use pyflame_recording_file::{Decoder, Encoder};
/// let mut encoder = Encoder::new(0);
/// let mut chunks = Vec::new();
/// encoder.append(&parse_folded("main;work 3\n").0, &mut chunks)?;
/// let mut decoder = Decoder::default();
/// decoder.take(&chunks);
/// assert_eq!(decoder.profile().totals().samples, 3);
/// # Ok::<(), pyflame_recording_file::NotContinued>(())
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    part: Part,
}

impl Decoder {
    /// Takes in whole chunks. What is no chunk of ours is passed over, to the end.
    pub fn take(&mut self, mut chunks: &[u8]) {
        while let Place::Chunk { kind, payload, length, .. } = chunk::look(chunks) {
            // They come one by one, each small: what may be unpacked does not add up.
            let mut allowance = Allowance::of_file(length);
            if kind == chunk::ROWS
                && let Some(rows) = allowance.unpack(payload)
            {
                _ = self.part.take(&rows, &mut allowance);
            }
            chunks = &chunks[length..];
        }
    }

    /// What has come so far.
    pub fn profile(&self) -> &Profile {
        &self.part.profile
    }

    /// What has come, when there is no more.
    pub fn into_profile(self) -> Profile {
        self.part.into_profile()
    }
}
