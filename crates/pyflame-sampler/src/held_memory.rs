//! Memory that is there as long as it is looked at, read by plain loads.
#![expect(unsafe_code, reason = "plain loads from objects of the interpreter")]

use pyflame_cpython::{Memory, Unreadable};

/// Reads objects that are alive for certain, and data that stays for good.
///
/// What leads from a thread to the value of a context variable is such memory for the thread
/// itself: `pyflame_cpython::ContextReader` follows references only, from the thread's own state
/// on, and compares the type of each object before it reads on in it. So is a code object, with
/// what it refers to, for the thread that deallocates it.
#[derive(Debug)]
pub(crate) struct HeldMemory(());

impl HeldMemory {
    /// # Safety
    /// Only living objects are read, by a thread that keeps them alive, or static data.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

impl Memory for HeldMemory {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        if address < FIRST_PAGE {
            return Err(Unreadable { address });
        }
        // SAFETY: the caller of `new` says that the bytes are there; `into` is not a part of them,
        // as objects of the interpreter are not Rust's to lend.
        unsafe {
            std::ptr::copy_nonoverlapping(address as *const u8, into.as_mut_ptr(), into.len());
        }
        Ok(())
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
