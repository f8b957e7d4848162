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
}
