//! The lanes of the shared memory: each is a ring of words with one writer and one reader.
//!
//! The first words say what it is. Then come the heads of all lanes, side by side, since the reader
//! looks at each of them, and a page takes memory from then on; and then the rings. A writer takes
//! a lane by exchanging its owner from 0 to itself, and gives it up by ending: the reader frees it
//! when the process is gone and everything has been read.
//!
//! Head and tail of a ring count words and never go back; only the writer moves the one and only
//! the reader the other. A message is a word with its kind and length in bytes, and the bytes,
//! padded to words. It may be larger than the ring.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the memory begins with: `pyflane` and the version of this layout.
const MAGIC: u64 = u64::from_le_bytes(*b"pyflane\x02");
/// Words before the heads of the lanes.
const HEAD: usize = 8;
/// How many processes can be recorded at once.
pub(crate) const LANES: usize = 128;
/// Words of a lane's head, a cache line for each side and one for the owner.
const LANE_HEAD: usize = 24;
/// Words of a ring: 256 KiB, several times what is published at once.
pub(crate) const RING: usize = 1 << 15;
/// Words before the rings, which begin with a page.
const RINGS: usize = (HEAD + LANES * LANE_HEAD).next_multiple_of(512);

/// How many words the memory has.
pub(crate) const WORDS: usize = RINGS + LANES * RING;

/// The words that concern all lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes(&'static [AtomicU64]);

impl Lanes {
    /// The lanes of memory that is all zero, which becomes theirs.
    pub(crate) fn begin(words: &'static [AtomicU64], reader: u32) -> Option<Self> {
        words.first()?.store(MAGIC, Ordering::Release);
        words.get(1)?.store(reader.into(), Ordering::Release);
        Self::of(words)
    }

    /// The lanes of memory that holds some.
    pub(crate) fn of(words: &'static [AtomicU64]) -> Option<Self> {
        let is_ours = words.len() == WORDS && words[0].load(Ordering::Acquire) == MAGIC;
        is_ours.then_some(Self(words))
    }

    /// The process that reads.
    pub(crate) fn reader(self) -> u32 {
        u32::try_from(self.0[1].load(Ordering::Acquire)).unwrap_or(0)
    }

    /// A number that no other process has got.
    fn next_number(self) -> u64 {
        self.0[2].fetch_add(1, Ordering::AcqRel) + 1
    }

    /// How many processes found no lane.
    pub(crate) fn turned_away(self) -> u64 {
        self.0[3].load(Ordering::Acquire)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Lane> {
        let heads = self.0[HEAD..RINGS].chunks_exact(LANE_HEAD);
        let rings = self.0[RINGS..].chunks_exact(RING);
        heads.zip(rings).map(|(head, ring)| Lane { head, ring })
    }

    /// Takes a free lane for a process.
    pub(crate) fn take(self, pid: u32, parent_pid: u32) -> Option<Lane> {
        let owner = u64::from(pid) | u64::from(parent_pid) << 32;
        let is_taken = |lane: &Lane| {
            let owner_now = &lane.head[OWNER];
            owner_now.compare_exchange(0, owner, Ordering::AcqRel, Ordering::Acquire).is_ok()
        };
        let Some(lane) = self.iter().find(is_taken) else {
            self.0[3].fetch_add(1, Ordering::AcqRel);
            return None;
        };
        lane.head[NUMBER].store(self.next_number(), Ordering::Release);
        Some(lane)
    }
}

const OWNER: usize = 0;
const NUMBER: usize = 1;
const WRITTEN: usize = 8;
const READ: usize = 16;

/// One lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    head: &'static [AtomicU64],
    ring: &'static [AtomicU64],
}

impl Lane {
    /// The process that writes and its parent; `None` if nobody does.
    pub(crate) fn owner(self) -> Option<(u32, u32)> {
        let owner = self.head[OWNER].load(Ordering::Acquire);
        let low = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or(0);
        (owner != 0).then(|| (low(owner), low(owner >> 32)))
    }

    /// Which process since the beginning that is, from 1; 0 for one that has just come.
    pub(crate) fn number(self) -> u64 {
        self.head[NUMBER].load(Ordering::Acquire)
    }

    /// Gives the lane to whoever comes next. For the reader, when the writer is gone.
    pub(crate) fn free(self) {
        let written = self.head[WRITTEN].load(Ordering::Acquire);
        self.head[READ].store(written, Ordering::Release);
        self.head[NUMBER].store(0, Ordering::Release);
        self.head[OWNER].store(0, Ordering::Release);
    }

    /// Words that have been written and not been read. At most a ring, whatever the memory says.
    pub(crate) fn unread(self) -> usize {
        let (written, read) = self.counts();
        usize::try_from(written.saturating_sub(read)).unwrap_or(RING).min(RING)
    }

    /// How many words the reader has read so far.
    pub(crate) fn read_so_far(self) -> u64 {
        self.head[READ].load(Ordering::Acquire)
    }

    /// Writes as many of `words` as there is room for; returns how many.
    pub(crate) fn write(self, words: impl Iterator<Item = u64>) -> usize {
        let room = RING - self.unread();
        let (written, _) = self.counts();
        let mut count = 0;
        for word in words.take(room) {
            self.place(written, count).store(word, Ordering::Relaxed);
            count += 1;
        }
        self.head[WRITTEN].store(written + count as u64, Ordering::Release);
        count
    }

    /// Moves what has been written to `into`.
    pub(crate) fn read(self, into: &mut Vec<u64>) {
        let count = self.unread();
        let (_, read) = self.counts();
        into.extend((0..count).map(|index| self.place(read, index).load(Ordering::Relaxed)));
        self.head[READ].store(read + count as u64, Ordering::Release);
    }

    fn counts(self) -> (u64, u64) {
        (self.head[WRITTEN].load(Ordering::Acquire), self.head[READ].load(Ordering::Acquire))
    }

    fn place(self, start: u64, index: usize) -> &'static AtomicU64 {
        let index = start.wrapping_add(index as u64) % RING as u64;
        &self.ring[usize::try_from(index).unwrap_or(0)]
    }
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Chunks of a recording: what is new.
    Chunks,
    /// A whole recording, which takes the place of all chunks.
    Whole,
    /// What the process is called.
    Name,
    /// There is nothing to keep of this process.
    Discard,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Chunks, Self::Whole, Self::Name, Self::Discard];
}

/// The words of a message.
pub(crate) fn message(kind: Kind, bytes: &[u8]) -> impl Iterator<Item = u64> {
    let head = (kind as u64) << 56 | bytes.len() as u64;
    std::iter::once(head).chain(bytes.chunks(8).map(|bytes| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    }))
}

/// Takes a whole message from the beginning of `words`, if there is one; an error if that can't be
/// the beginning of one.
pub(crate) fn take_message(words: &mut Vec<u64>) -> Result<Option<(Kind, Vec<u8>)>, ()> {
    let Some(&head) = words.first() else { return Ok(None) };
    let kind = usize::try_from(head >> 56).ok().and_then(|kind| Kind::ALL.get(kind)).ok_or(())?;
    let length = usize::try_from(head & 0x00ff_ffff_ffff_ffff).map_err(|_| ())?;
    let count = length.div_ceil(8);
    if words.len() <= count {
        return Ok(None);
    }
    let mut bytes: Vec<u8> = words[1..=count].iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.truncate(length);
    words.drain(..=count);
    Ok(Some((*kind, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes() -> Lanes {
        let words: Vec<AtomicU64> = (0..WORDS).map(|_| AtomicU64::new(0)).collect();
        Lanes::begin(words.leak(), 1).unwrap()
    }

    #[test]
    fn a_message_larger_than_the_ring_comes_through_in_pieces() {
        let lane = lanes().take(10, 1).unwrap();
        let sent: Vec<u8> = (0..=250).cycle().take(RING * 20 + 3).collect();
        let mut rest: std::collections::VecDeque<u64> = message(Kind::Whole, &sent).collect();
        let mut words = Vec::new();
        while !rest.is_empty() {
            let count = lane.write(rest.iter().copied());
            assert!(count > 0);
            rest.drain(..count);
            lane.read(&mut words);
        }
        assert_eq!(take_message(&mut words), Ok(Some((Kind::Whole, sent))));
        assert_eq!(words, []);
    }

    #[test]
    fn messages_are_told_apart_and_half_of_one_is_none() {
        let mut words: Vec<u64> = message(Kind::Name, b"worker").collect();
        words.extend(message(Kind::Chunks, b""));
        words.extend(message(Kind::Chunks, b"nine bytes"));
        words.pop();
        assert_eq!(take_message(&mut words), Ok(Some((Kind::Name, b"worker".to_vec()))));
        assert_eq!(take_message(&mut words), Ok(Some((Kind::Chunks, Vec::new()))));
        assert_eq!(take_message(&mut words), Ok(None));
        assert_eq!(take_message(&mut vec![u64::MAX]), Err(()));
    }

    #[test]
    fn a_lane_belongs_to_one_process_until_it_is_freed() {
        let lanes = lanes();
        let taken: Vec<Lane> = (1..).take(LANES).map(|pid| lanes.take(pid, 1).unwrap()).collect();
        assert!(lanes.take(1000, 1).is_none());
        assert_eq!(lanes.turned_away(), 1);
        assert_eq!(taken[4].owner(), Some((5, 1)));
        taken[4].write(message(Kind::Chunks, b"left unread"));
        taken[4].free();
        let again = lanes.take(1000, 7).unwrap();
        assert_eq!((again.owner(), again.unread()), (Some((1000, 7)), 0));
        assert_eq!(again.number(), LANES as u64 + 1);
    }

    #[test]
    fn counts_that_make_no_sense_are_bounded() {
        let lane = lanes().take(10, 1).unwrap();
        lane.head[WRITTEN].store(u64::MAX, Ordering::Release);
        assert_eq!(lane.unread(), RING);
        let mut words = Vec::new();
        lane.read(&mut words);
        assert_eq!(words.len(), RING);
    }
}
