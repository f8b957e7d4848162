//! Memory that several processes share, without a descriptor in those that write into it.
//!
//! What a process has written there outlives it, whatever ends it: the pages belong to an
//! anonymous file (memfd_create(2)), which lives as long as anybody has it open or mapped. The file
//! is sealed at its length, so that no page of a mapping can go away.
#![expect(unsafe_code, reason = "mmap and memfd_create are calls into libc")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::path::Path;
use std::sync::atomic::AtomicU64;

/// A mapping of a shared file, as words that every process may load and store.
#[derive(Clone, Copy, Debug)]
pub struct SharedMemory(&'static [AtomicU64]);

impl SharedMemory {
    /// Makes shared memory of `words` words, all zero. It takes pages only where it is written to.
    ///
    /// The file is what other processes open it by; it is closed in programs that are executed.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn create(words: usize) -> io::Result<(Self, File)> {
        // SAFETY: the name is a C string.
        let descriptor = unsafe {
            libc::memfd_create(c"pyflame".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING)
        };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was made just now and belongs to nobody else.
        let file = unsafe { File::from_raw_fd(descriptor) };
        file.set_len(words as u64 * 8)?;
        // SAFETY: takes numbers only.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, SEALS) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((Self::map(&file)?, file))
    }

    /// Maps what another process has made.
    ///
    /// # Errors
    /// When there is no such file, or one that could shrink under the mapping.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::map(&OpenOptions::new().read(true).write(true).open(path)?)
    }

    /// The words.
    pub fn words(&self) -> &'static [AtomicU64] {
        self.0
    }

    fn map(file: &File) -> io::Result<Self> {
        // SAFETY: takes numbers only.
        let seals = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) };
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if seals < 0 || seals & SEALS != SEALS || length == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // SAFETY: a new mapping at a place of the kernel's choice.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_NORESERVE,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the mapping is page-aligned, `length` bytes long, never unmapped, and can't lose
        // a page: the file is sealed, which was checked above. Everybody uses it by atomics.
        Ok(Self(unsafe { std::slice::from_raw_parts(start.cast(), length / 8) }))
    }
}

const SEALS: libc::c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn what_one_mapping_stores_another_loads() {
        let (ours, file) = SharedMemory::create(1024).unwrap();
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let theirs = SharedMemory::open(path.as_ref()).unwrap();
        assert_eq!(theirs.words().len(), 1024);
        ours.words()[1023].store(7, Ordering::Release);
        assert_eq!(theirs.words()[1023].load(Ordering::Acquire), 7);
    }

    #[test]
    fn a_file_that_could_shrink_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(4096).unwrap();
        assert!(SharedMemory::open(file.path()).is_err());
    }
}
