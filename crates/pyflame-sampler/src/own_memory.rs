//! This process's own memory, read so that a wrong address is an error and not a fault.
//!
//! `process_vm_readv` on ourselves copies like a load would, but answers `EFAULT` where a load
//! would raise `SIGSEGV`. It needs no privilege for one's own process, is a plain system call and
//! so may be used in a signal handler, and takes 0.4 to 0.5 µs for up to a page with warm caches,
//! several times that with cold ones. The process is named by the calling thread, as its
//! main thread may have ended, and has no memory then (`mm_access` of kernel/fork.c): the main thread
//! of a child of a fork is whichever thread forked.
#![expect(unsafe_code, reason = "process_vm_readv is a call into libc")]

use pyflame_cpython::{Memory, Unreadable};

/// Reads straight from this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnMemory;

impl Memory for OwnMemory {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let unreadable = Unreadable { address };
        let from = usize::try_from(address).map_err(|_| unreadable)?;
        let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        let remote = libc::iovec { iov_base: from as *mut libc::c_void, iov_len: into.len() };
        // SAFETY: `local` describes `into`, which is ours to write for this call. The kernel
        // checks every byte of `remote` and reports what it can't read.
        let copied = unsafe {
            libc::process_vm_readv(libc::gettid(), &raw const local, 1, &raw const remote, 1, 0)
        };
        if usize::try_from(copied) == Ok(into.len()) { Ok(()) } else { Err(unreadable) }
    }
}

impl OwnMemory {
    /// The words at some addresses, in one system call: that takes little longer than one of them.
    pub(crate) fn words<const N: usize>(addresses: [u64; N]) -> Result<[u64; N], Unreadable> {
        let mut words = [0_u64; N];
        let remote = addresses.map(|address| libc::iovec {
            iov_base: address as *mut libc::c_void,
            iov_len: size_of::<u64>(),
        });
        let local =
            libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: size_of_val(&words) };
        // SAFETY: `local` describes `words`, which is ours to write for this call. The kernel
        // checks every byte of `remote` and stops at what it can't read.
        let copied = unsafe {
            libc::process_vm_readv(libc::gettid(), &raw const local, 1, remote.as_ptr(), N as _, 0)
        };
        let copied = usize::try_from(copied).unwrap_or(0) / size_of::<u64>();
        addresses.get(copied).map_or(Ok(words), |address| Err(Unreadable { address: *address }))
    }
}

/// Bytes in a block: a page, so that a block is readable as a whole or not at all.
const BLOCK: usize = 4096;

/// How many blocks are kept: the thread state, the data stack, the C stack and the heap
/// (generators) alternate in a walk.
const BLOCKS: usize = 4;

/// This process's memory in whole pages, each read once until [`BlockMemory::forget`].
///
/// A frame takes about a hundred bytes and frames lie side by side, so most of a walk is answered
/// from the pages read for its first frames.
#[derive(Debug)]
pub(crate) struct BlockMemory {
    bases: [u64; BLOCKS],
    next: usize,
    blocks: Box<[[u8; BLOCK]; BLOCKS]>,
}

impl BlockMemory {
    pub(crate) fn new() -> Self {
        Self { bases: [NOTHING; BLOCKS], next: 0, blocks: Box::new([[0; BLOCK]; BLOCKS]) }
    }

    /// Makes the next reads see what the memory holds by then.
    pub(crate) fn forget(&mut self) {
        // Most stacks are read without; the line stays as it is in the caches of all CPUs.
        if self.bases != [NOTHING; BLOCKS] {
            self.bases = [NOTHING; BLOCKS];
        }
    }

    /// The position of the block that starts at `base`, read now if it isn't there.
    fn block(&mut self, base: u64) -> Result<usize, Unreadable> {
        if let Some(index) = self.bases.iter().position(|known| *known == base) {
            return Ok(index);
        }
        let index = self.next % BLOCKS;
        self.next = index + 1;
        self.bases[index] = NOTHING;
        OwnMemory.read(base, &mut self.blocks[index])?;
        self.bases[index] = base;
        Ok(index)
    }
}

/// No page starts here.
const NOTHING: u64 = u64::MAX;

impl Memory for BlockMemory {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let unreadable = Unreadable { address };
        let mut at = address;
        let mut rest = into;
        while !rest.is_empty() {
            let base = at & !(BLOCK as u64 - 1);
            let start = usize::try_from(at - base).map_err(|_| unreadable)?;
            let index = self.block(base)?;
            let bytes = &self.blocks[index][start..];
            let count = bytes.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&bytes[..count]);
            rest = later;
            at = at.checked_add(count as u64).ok_or(unreadable)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_mapped_is_an_error() {
        let mut byte = [0];
        assert_eq!(OwnMemory.read(8, &mut byte), Err(Unreadable { address: 8 }));
        assert!(BlockMemory::new().read(u64::MAX - 3, &mut [0; 8]).is_err());
    }

    #[test]
    fn words_come_together_or_the_first_that_can_not_be_read_is_named() {
        let data = [1_u64, 2, 3];
        let at = |index: usize| (&raw const data[index]) as u64;
        assert_eq!(OwnMemory::words([at(2), at(0)]), Ok([3, 1]));
        assert_eq!(OwnMemory::words([at(1), 8, at(0)]), Err(Unreadable { address: 8 }));
    }

    #[test]
    fn blocks_hold_what_memory_held_until_they_are_forgotten() {
        let mut data = vec![7_u8; 3 * BLOCK];
        let address = data.as_ptr() as u64;
        let mut memory = BlockMemory::new();
        let mut seen = vec![0; 2 * BLOCK];
        memory.read(address + 100, &mut seen).expect("readable");
        assert!(seen.iter().all(|byte| *byte == 7));
        data[101] = 8;
        assert_eq!(memory.bytes(address + 101), Ok([7]));
        memory.forget();
        assert_eq!(memory.bytes(address + 101), Ok([8]));
    }
}
