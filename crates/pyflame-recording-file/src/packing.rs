//! Payloads are packed with DEFLATE (RFC 1951), without zlib's frame: a chunk has its checksum.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::cursor::Senseless;

/// As small as one gets without taking twice the time; zlib's own default.
const LEVEL: u8 = 6;

/// Shorter payloads are stored as they are: packing begins by clearing a third of a megabyte, which
/// takes longer than writing the few bytes that it saves. What a recording appends ten times a
/// second is mostly shorter.
const WORTH_PACKING: usize = 1024;

/// Packs the payloads of one writer, no tighter than readers unpack.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    /// Whether all payloads are stored as they are.
    is_hasty: bool,
    unpacked: usize,
    packed: usize,
}

impl Packer {
    /// One that stores payloads as they are.
    pub(crate) fn hasty() -> Self {
        Self { is_hasty: true, ..Self::default() }
    }

    /// Packs a payload; `copied` is what a reader will charge for it besides.
    pub(crate) fn pack(&mut self, payload: &[u8], copied: usize) -> Vec<u8> {
        self.unpacked += payload.len() + copied;
        let is_stored = self.is_hasty || payload.len() < WORTH_PACKING;
        let mut packed = if is_stored { stored(payload) } else { compress_to_vec(payload, LEVEL) };
        // Half of what a reader allows, since it counts what all writers of a file have written.
        if self.unpacked > (1 << 20) + 16 * (self.packed + packed.len()) {
            packed = stored(payload);
        }
        self.packed += packed.len();
        packed
    }
}

/// The payload in blocks that are not packed (RFC 1951, 3.2.4): whether it is the last, the length,
/// and the length with all its bits turned over.
fn stored(payload: &[u8]) -> Vec<u8> {
    let mut blocks = payload.chunks(usize::from(u16::MAX)).peekable();
    let mut out = Vec::with_capacity(payload.len() + 16);
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out
}

/// How much the chunks of a file may be altogether when they are unpacked, and the names that
/// their rows share when every row has its own.
///
/// DEFLATE makes up to a thousand bytes of one, and a row in memory is some thirty times its
/// bytes: a small file could fill any machine. Recordings unpack to some five times their size.
pub(crate) struct Allowance {
    left: usize,
}

impl Allowance {
    pub(crate) fn of_file(length: usize) -> Self {
        Self { left: length.saturating_mul(32).saturating_add(8 << 20) }
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
    use super::{Allowance, Packer};

    #[test]
    fn what_unpacks_to_more_than_is_allowed_is_refused() {
        let bomb = miniz_oxide::deflate::compress_to_vec(&vec![0; 12 << 20], 6);
        assert!(bomb.len() < 100_000);
        assert_eq!(Allowance::of_file(bomb.len()).unpack(&bomb), None);
    }

    #[test]
    fn many_small_ones_are_bounded_together() {
        let bomb = miniz_oxide::deflate::compress_to_vec(&vec![0; 5 << 19], 6);
        let mut allowance = Allowance::of_file(3 * bomb.len());
        let unpacked = (0..4).map(|_| allowance.unpack(&bomb).is_some()).collect::<Vec<_>>();
        assert_eq!(unpacked, [true, true, true, false]);
        assert!(allowance.unpack(&bomb).is_none(), "nothing is left for the next");
    }

    #[test]
    fn what_is_stored_is_read_as_if_it_were_packed() {
        for length in [1, 2, 65_534, 65_535, 65_536, 200_000] {
            let payload: Vec<u8> = (0..length).map(|byte: u32| byte.to_le_bytes()[0]).collect();
            let mut packer = Packer::hasty();
            let stored = packer.pack(&payload, 0);
            assert_eq!(Allowance::of_file(stored.len()).unpack(&stored), Some(payload));
        }
    }

    #[test]
    fn a_writer_packs_no_tighter_than_a_reader_unpacks() {
        let payload = vec![0; 1 << 20];
        let (mut first, mut second) = (Packer::default(), Packer::default());
        let packed: Vec<Vec<u8>> =
            (0..20).flat_map(|_| [first.pack(&payload, 9), second.pack(&payload, 0)]).collect();
        let length = packed.iter().map(Vec::len).sum();
        assert!(length < 8 << 20, "{length}");
        let mut allowance = Allowance::of_file(length);
        for chunk in packed {
            assert!(allowance.unpack(&chunk).is_some_and(|unpacked| unpacked == payload));
            allowance.charge(9).unwrap();
        }
    }
}
