//! Payloads are packed with DEFLATE (RFC 1951), without zlib's frame: a chunk has its checksum.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::cursor::Senseless;

/// As small as one gets without taking twice the time; zlib's own default.
const LEVEL: u8 = 6;

pub(crate) fn pack(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, LEVEL)
}

/// How much the chunks of a file may be altogether when they are unpacked, and the names that
/// their rows share when every row has its own.
///
/// DEFLATE makes up to a thousand bytes of one, and a row in memory is some ten times its bytes: a
/// small file could fill any machine. Recordings unpack to three or four times their size, and
/// much more only where they are small (a million levels of one function calling itself).
pub(crate) struct Allowance {
    left: usize,
}

impl Allowance {
    pub(crate) fn of_file(length: usize) -> Self {
        Self { left: length.saturating_mul(32).saturating_add(16 << 20) }
    }

    /// Unpacks a payload; `None` where it is damaged or too large. What comes out counts, whatever
    /// comes of it.
    pub(crate) fn unpack(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        let unpacked = decompress_to_vec_with_limit(payload, self.left);
        let length = unpacked.as_ref().map_or_else(|error| error.output.len(), Vec::len);
        self.left = self.left.saturating_sub(length);
        unpacked.ok()
    }

    /// Counts bytes that are copied out of what was unpacked.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Senseless> {
        self.left = self.left.checked_sub(bytes).ok_or(Senseless("its names are too large"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, pack};

    #[test]
    fn what_unpacks_to_more_than_is_allowed_is_refused() {
        let bomb = pack(&vec![0; 20 << 20]);
        assert!(bomb.len() < 100_000);
        assert_eq!(Allowance::of_file(bomb.len()).unpack(&bomb), None);
    }

    #[test]
    fn many_small_ones_are_bounded_together() {
        let bomb = pack(&vec![0; 5 << 20]);
        let mut allowance = Allowance::of_file(3 * bomb.len());
        let unpacked = (0..4).map(|_| allowance.unpack(&bomb).is_some()).collect::<Vec<_>>();
        assert_eq!(unpacked, [true, true, true, false]);
        assert_eq!(allowance.unpack(&pack(b"x")), None, "nothing is left for the next");
    }
}
