//! Memory that may be read so many times and no more, so that a reader without an end is a test
//! that fails and not one that hangs.

use pyflame_cpython::{Memory, Unreadable};

/// Memory with a limit to how often it is read.
pub(crate) struct Counted<'a, M> {
    memory: &'a mut M,
    left: usize,
}

impl<'a, M: Memory> Counted<'a, M> {
    /// `memory`, to be read `most` times.
    pub(crate) fn new(memory: &'a mut M, most: usize) -> Self {
        Self { memory, left: most }
    }
}

impl<M: Memory> Memory for Counted<'_, M> {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        assert!(self.left > 0, "reading does not end");
        self.left -= 1;
        self.memory.read(address, into)
    }
}
