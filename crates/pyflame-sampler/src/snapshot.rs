//! Pieces of this process's memory, copied as nearly at once as can be, and again to compare.
//!
//! What was read of a thread's stack at one look lies mostly where it will at the next. So a
//! snapshot begins with the blocks that served the last time, all copied by one system call in
//! about a microsecond; what is missing among them is fetched when it is asked for. What a walk
//! has used is kept in mind, and can be copied once more to see whether any of it has changed.
#![expect(unsafe_code, reason = "process_vm_readv is a call into libc")]

use pyflame_cpython::{Memory, Unreadable};
use rustc_hash::FxHashMap;

/// Small, so that little is copied in vain; whole blocks of a page are readable, or none.
const BLOCK: usize = 512;
const MASK: u64 = BLOCK as u64 - 1;

/// As many blocks as are copied by one call (`UIO_MAXIOV`).
const AT_ONCE: usize = 1024;

/// Larger stacks are refused: 8 MB, or some 80,000 frames.
const MOST_BLOCKS: usize = 1 << 14;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    addresses: Vec<u64>,
    places: FxHashMap<u64, usize>,
    bytes: Vec<[u8; BLOCK]>,
    again: Vec<[u8; BLOCK]>,
    used: Vec<Used>,
    last: usize,
}

/// A part of a block that was read.
#[derive(Clone, Copy, Debug)]
struct Used {
    block: usize,
    start: usize,
    end: usize,
}

impl Used {
    fn of(self, blocks: &[[u8; BLOCK]]) -> Option<&[u8]> {
        blocks.get(self.block)?.get(self.start..self.end)
    }
}

impl Snapshot {
    /// Copies these blocks, and forgets all that was before.
    pub(crate) fn begin(&mut self, blocks: &[u64]) {
        self.addresses.clear();
        self.places.clear();
        self.used.clear();
        self.last = 0;
        // Where some of it has gone, what is asked for tells what is there.
        if copy(blocks, &mut self.bytes) {
            self.addresses.extend_from_slice(blocks);
            self.places.extend(blocks.iter().zip(0..).map(|(address, place)| (*address, place)));
        } else {
            self.bytes.clear();
        }
    }

    /// Whether more was asked for than a snapshot holds.
    pub(crate) fn is_full(&self) -> bool {
        self.addresses.len() == MOST_BLOCKS
    }

    /// Copies again what was read, and says whether it is the same.
    pub(crate) fn is_unchanged(&mut self) -> bool {
        copy(&self.addresses, &mut self.again)
            && self.used.iter().all(|part| part.of(&self.bytes) == part.of(&self.again))
    }

    /// The blocks that were read, in the order of their addresses.
    pub(crate) fn used_blocks(&self, into: &mut Vec<u64>) {
        into.clear();
        into.extend(self.used.iter().filter_map(|part| self.addresses.get(part.block)));
        into.sort_unstable();
        into.dedup();
    }

    /// The place of a block, which is fetched if it is not there.
    fn block(&mut self, address: u64) -> Result<usize, Unreadable> {
        if self.addresses.get(self.last) == Some(&address) {
            return Ok(self.last);
        }
        if let Some(place) = self.places.get(&address) {
            self.last = *place;
            return Ok(self.last);
        }
        let mut block = Vec::new();
        if self.is_full() || !copy(&[address], &mut block) {
            return Err(Unreadable { address });
        }
        self.last = self.addresses.len();
        self.places.insert(address, self.last);
        self.addresses.push(address);
        self.bytes.append(&mut block);
        Ok(self.last)
    }
}

impl Memory for Snapshot {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let mut address = address;
        let mut rest = into;
        while !rest.is_empty() {
            let block = self.block(address & !MASK)?;
            let start = usize::try_from(address & MASK).unwrap_or(0);
            let count = rest.len().min(BLOCK - start);
            let (part, others) = rest.split_at_mut(count);
            let bytes = self.bytes.get(block).and_then(|block| block.get(start..start + count));
            part.copy_from_slice(bytes.ok_or(Unreadable { address })?);
            self.used.push(Used { block, start, end: start + count });
            address = address.wrapping_add(count as u64);
            rest = others;
        }
        Ok(())
    }
}

/// Copies blocks of this process's memory; false if any is not readable.
fn copy(addresses: &[u64], into: &mut Vec<[u8; BLOCK]>) -> bool {
    into.resize(addresses.len(), [0; BLOCK]);
    addresses
        .chunks(AT_ONCE)
        .zip(into.chunks_mut(AT_ONCE))
        .all(|(part, into)| copy_part(part, into))
}

/// Copies at most [`AT_ONCE`] blocks into as many.
fn copy_part(addresses: &[u64], into: &mut [[u8; BLOCK]]) -> bool {
    // Neighbours in one piece: the kernel looks up the pages of each piece.
    let mut pieces: Vec<libc::iovec> = Vec::with_capacity(addresses.len());
    let mut end = 0;
    for address in addresses {
        match pieces.last_mut() {
            Some(piece) if end == *address => piece.iov_len += BLOCK,
            _ => pieces.push(libc::iovec { iov_base: *address as *mut _, iov_len: BLOCK }),
        }
        end = address.wrapping_add(BLOCK as u64);
    }
    let size = size_of_val(into);
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: size };
    let count = pieces.len() as libc::c_ulong;
    // SAFETY: `local` describes `into`, which is ours to write for this call; `pieces` are `count`
    // descriptions. The kernel checks every byte that they name and reports what it can't read.
    let copied = unsafe {
        libc::process_vm_readv(libc::gettid(), &raw const local, 1, pieces.as_ptr(), count, 0)
    };
    usize::try_from(copied) == Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_what_was_read_is_noticed_and_no_other() {
        let mut words = vec![7_u64; 512];
        let address = words.as_ptr() as u64;
        let mut snapshot = Snapshot::default();
        snapshot.begin(&[]);
        assert_eq!(snapshot.word(address + 8 * 100), Ok(7));
        assert_eq!(snapshot.word(address + 8 * 200), Ok(7));
        if let Some(word) = words.get_mut(101) {
            *word = 8;
        }
        assert!(snapshot.is_unchanged());
        if let Some(word) = words.get_mut(200) {
            *word = 8;
        }
        assert!(!snapshot.is_unchanged());
        let mut blocks = Vec::new();
        snapshot.used_blocks(&mut blocks);
        snapshot.begin(&blocks);
        assert_eq!(snapshot.word(address + 8 * 200), Ok(8));
        assert!(snapshot.is_unchanged());
    }

    #[test]
    fn memory_that_has_gone_is_an_error() {
        let mut snapshot = Snapshot::default();
        snapshot.begin(&[0, 512]);
        assert_eq!(snapshot.word(8), Err(Unreadable { address: 0 }));
    }
}
