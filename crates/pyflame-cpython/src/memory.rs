//! Where the bytes of an interpreter come from.

use thiserror::Error;

/// An address whose bytes can't be had: not mapped, or outside a saved image.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("memory at {address:#x} is not readable")]
pub struct Unreadable {
    /// The address that was asked for.
    pub address: u64,
}

/// Memory that holds an interpreter. Reading never faults.
///
/// All interpreters supported here are 64-bit and little-endian, as x86-64 and aarch64 are.
pub trait Memory {
    /// Fills `into` with the bytes from `address` on.
    ///
    /// # Errors
    /// When any of the bytes is not readable; `into` is then unspecified.
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable>;

    /// Reads `N` bytes.
    ///
    /// # Errors
    /// As [`Memory::read`].
    fn bytes<const N: usize>(&mut self, address: u64) -> Result<[u8; N], Unreadable> {
        let mut bytes = [0; N];
        self.read(address, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads an unsigned 64-bit number, for example a pointer.
    ///
    /// # Errors
    /// As [`Memory::read`].
    fn word(&mut self, address: u64) -> Result<u64, Unreadable> {
        self.bytes(address).map(u64::from_le_bytes)
    }

    /// Reads 64-bit numbers at the given offsets of a structure whose first `size` bytes are
    /// there; where an offset leads beyond them, 0.
    ///
    /// # Errors
    /// As [`Memory::read`]; also for structures of more than 128 bytes.
    fn words<const N: usize>(
        &mut self,
        address: u64,
        size: usize,
        offsets: [u64; N],
    ) -> Result<[u64; N], Unreadable> {
        let mut bytes = [0; 128];
        let bytes = bytes.get_mut(..size).ok_or(Unreadable { address })?;
        self.read(address, bytes)?;
        Ok(offsets.map(|offset| word_at(bytes, offset)))
    }
}

/// A 64-bit number inside bytes that were read; 0 where they end before it.
pub(crate) fn word_at(bytes: &[u8], offset: u64) -> u64 {
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
    rest.and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
