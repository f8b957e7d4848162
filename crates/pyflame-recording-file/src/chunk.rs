//! A chunk: a head of fixed length, and a payload.
//!
//! ```text
//! 0   8F 70 79 63   marker
//! 4   kind          1 byte
//! 5   part          4 bytes, like all that follow with the lowest first
//! 9   length        of the payload
//! 13  checksum      CRC-32 of the payload
//! 17  checksum      CRC-32 of the 17 bytes before it
//! 21  payload
//! ```
//!
//! The head has a checksum of its own so that a length is believed only where it was written: a
//! reader gets past a damaged payload, and finds the next chunk behind a damaged head.

use crate::header::MAGIC;

const MARKER: [u8; 4] = *b"\x8fpyc";
const HEAD: usize = 21;

/// A chunk with rows of tables and sums. Readers pass over the kinds that they don't know.
pub(crate) const ROWS: u8 = 1;

/// Appends a chunk.
pub(crate) fn put(out: &mut Vec<u8>, kind: u8, part: u32, payload: &[u8]) {
    let start = out.len();
    out.extend_from_slice(&MARKER);
    out.push(kind);
    out.extend_from_slice(&part.to_le_bytes());
    // The encoder's chunks are a megabyte and one function's names; no name has four gigabytes.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    let checksum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(payload);
}

/// What stands at some place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// A chunk as it was written.
    Chunk {
        kind: u8,
        part: u32,
        payload: &'a [u8],
        /// Of the whole chunk.
        length: usize,
    },
    /// A chunk whose payload is not what was written; its head is.
    Damaged { length: usize },
    /// The beginning of a chunk whose end is missing.
    CutOff,
    /// Something else.
    Nothing,
}

/// Looks at what `bytes` begin with.
pub(crate) fn look(bytes: &[u8]) -> Place<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        let is_start = !bytes.is_empty() && MARKER.starts_with(&bytes[..bytes.len().min(4)]);
        return if is_start { Place::CutOff } else { Place::Nothing };
    };
    let (facts, checksum) = head.split_at(HEAD - 4);
    if !facts.starts_with(&MARKER) || crc32fast::hash(facts).to_le_bytes() != checksum {
        return Place::Nothing;
    }
    let number =
        |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let length = number(9) as usize;
    let Some(payload) = rest.get(..length) else { return Place::CutOff };
    let length = HEAD + length;
    if crc32fast::hash(payload) != number(13) {
        return Place::Damaged { length };
    }
    Place::Chunk { kind: head[4], part: number(5), payload, length }
}

/// How far it is from the first byte of `bytes`, which is of no use, to the next place where a
/// chunk or a file may begin; to the end if there is none.
pub(crate) fn next_start(bytes: &[u8]) -> usize {
    let may_begin = |rest: &[u8]| rest.starts_with(&MARKER) || rest.starts_with(&MAGIC);
    (1..bytes.len()).find(|&at| may_begin(&bytes[at..])).unwrap_or(bytes.len())
}
