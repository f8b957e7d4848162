//! Memory that is there as long as it is looked at, read by plain loads.
#![expect(unsafe_code, reason = "plain loads from objects of the interpreter")]

use pyflame_cpython::{Memory, Unreadable};

use crate::own_memory::OwnMemory;

/// Reads words of objects that are alive for certain, and of data that stays for good.
///
/// What leads from a thread to the value of a context variable is such memory for the thread
/// itself: `pyflame_cpython::ContextReader` follows references only, from the thread's own state
/// on, and compares the type of each object before it reads on in it.
#[derive(Debug)]
pub(crate) struct HeldMemory(());

impl HeldMemory {
    /// # Safety
    /// Only words of living objects are read, by a thread that keeps them alive, or of static data.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

impl Memory for HeldMemory {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        OwnMemory.read(address, into)
    }

    #[inline]
    fn word(&mut self, address: u64) -> Result<u64, Unreadable> {
        if !address.is_multiple_of(8) || address < FIRST_PAGE {
            return Err(Unreadable { address });
        }
        // SAFETY: the caller of `new` says that the word is there; the check above has found the
        // address aligned. Volatile, as other threads write to some of these words.
        Ok(unsafe { std::ptr::read_volatile(address as *const u64) })
    }
}

/// No object is there; a null pointer and its fields are.
const FIRST_PAGE: u64 = 4096;
