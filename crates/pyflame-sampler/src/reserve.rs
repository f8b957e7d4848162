//! Memory of our own for when the process has none left.
//!
//! Rust ends the process when an allocation fails (`std::alloc::handle_alloc_error`). A program that
//! has run into its limit (`setrlimit(2)`, a full container) may live on, as one that catches
//! `MemoryError` does, and must not die of ours. So what the system refuses is served from a pool
//! that is there from the start and takes no memory before it is written to. While memory is
//! scarce, nothing is looked at, and the time goes to a marker.
//!
//! The pool is for minutes of scarcity, not for good: it is handed out from one end to the other,
//! and begins anew once everything has been given back.
#![expect(unsafe_code, reason = "an allocator, and a mapping to ask for memory")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The system's allocator, and the pool where that has nothing left. To be declared as the
/// `#[global_allocator]` of whatever is loaded into a program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reserved;

/// Several times the largest table of an ordinary profile.
const SIZE: usize = 16 << 20;
const PAGE: usize = 4096;

#[repr(align(4096))]
struct Pool(UnsafeCell<MaybeUninit<[u8; SIZE]>>);

// SAFETY: bytes of the pool are only touched by who was given them by `take`, each to one owner.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool(UnsafeCell::new(MaybeUninit::uninit()));

/// What has been handed out: the number of blocks that are in use, and in the lower half how far the
/// pool has been used. One word, so that both change together.
static HANDED_OUT: AtomicU64 = AtomicU64::new(0);
const USED: u64 = u32::MAX as u64;

/// Whether the system has refused memory since it was last seen to have some.
static IS_SCARCE: AtomicBool = AtomicBool::new(false);

// SAFETY: what the system's allocator gives is handed on as it is. What `take` gives has the size
// and the alignment that were asked for and no other owner, and is told from the former by its
// address, so that each goes back to where it came from.
unsafe impl GlobalAlloc for Reserved {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of this function, which is the same.
        let block = unsafe { System.alloc(layout) };
        if block.is_null() { take(layout) } else { block }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            return block;
        }
        let block = take(layout);
        if !block.is_null() {
            // SAFETY: `take` gave so many bytes, and they may have been used before.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_from_pool(block) {
            give_back();
        } else {
            // SAFETY: the caller keeps the contract; what is not from the pool is the system's.
            unsafe { System.dealloc(block, layout) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !is_from_pool(block) {
            // SAFETY: as in `dealloc`.
            let grown = unsafe { System.realloc(block, layout, size) };
            if !grown.is_null() {
                return grown;
            }
        }
        // SAFETY: the caller has checked the size against this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the size is not zero, says the caller.
        let moved = unsafe { self.alloc(new) };
        if !moved.is_null() {
            // SAFETY: both have at least so many bytes, and they are two blocks.
            unsafe { moved.copy_from_nonoverlapping(block, layout.size().min(size)) };
            // SAFETY: the caller has handed `block` over.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}

fn start() -> usize {
    POOL.0.get().addr()
}

fn is_from_pool(block: *mut u8) -> bool {
    block.addr().wrapping_sub(start()) < SIZE
}

/// A block of the pool; null where there is no room for it.
fn take(layout: Layout) -> *mut u8 {
    IS_SCARCE.store(true, Ordering::Release);
    let (size, align) = (layout.size() as u64, layout.align() as u64);
    if layout.align() > PAGE {
        return null_mut();
    }
    let begin = |state: u64| (state & USED).next_multiple_of(align);
    let claimed = HANDED_OUT.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
        let end = begin(state).checked_add(size).filter(|end| *end <= SIZE as u64)?;
        Some((((state >> 32) + 1) << 32) | end)
    });
    let Ok(before) = claimed else { return null_mut() };
    let offset = usize::try_from(begin(before)).unwrap_or(SIZE);
    // SAFETY: the update has found that the block ends within the pool.
    unsafe { POOL.0.get().cast::<u8>().add(offset) }
}

fn give_back() {
    _ = HANDED_OUT.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
        let blocks = (state >> 32).saturating_sub(1);
        Some(if blocks == 0 { 0 } else { (blocks << 32) | (state & USED) })
    });
}

/// What the sampling thread knows of the process's memory.
#[derive(Debug, Default)]
pub(crate) struct Scarcity {
    /// When to ask again whether it is over, on the monotonic clock.
    again_ns: u64,
}

/// To ask costs two system calls, for which the program's own have to wait.
const ASK_EVERY_NS: u64 = 10_000_000;
/// What has to be free: more than we need in so much time.
const ENOUGH: usize = 1 << 20;

impl Scarcity {
    /// Whether the process is out of memory.
    pub(crate) fn lasts(&mut self, now_ns: u64) -> bool {
        if !is_scarce() {
            return false;
        }
        if now_ns >= self.again_ns {
            self.again_ns = now_ns + ASK_EVERY_NS;
            if has_enough() {
                IS_SCARCE.store(false, Ordering::Release);
                return false;
            }
        }
        true
    }
}

/// Whether the system has refused memory, and has not been seen to have some since.
pub(crate) fn is_scarce() -> bool {
    IS_SCARCE.load(Ordering::Acquire)
}

/// Whether the system would give memory now. It is asked for a mapping, which leaves the thresholds
/// of its allocator as they are, and which takes none as long as nobody writes to it.
fn has_enough() -> bool {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: an anonymous mapping at an address of the kernel's choice.
    let mapped = unsafe { libc::mmap(null_mut(), ENOUGH, access, kind, -1, 0) };
    if mapped == libc::MAP_FAILED {
        return false;
    }
    // SAFETY: it was mapped above with this size, and nobody else knows of it.
    _ = unsafe { libc::munmap(mapped, ENOUGH) };
    true
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    /// So much that no system has it.
    fn too_much() -> Layout {
        layout(isize::MAX as usize & !(PAGE - 1), PAGE)
    }

    #[test]
    fn blocks_lie_side_by_side_until_all_are_given_back() {
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let first = take(layout(3, 1));
        let second = take(layout(100, 64));
        assert!(is_from_pool(first) && is_from_pool(second));
        assert_eq!(second.addr() - first.addr(), 64);
        give_back();
        assert_eq!(take(layout(1, 1)).addr() - first.addr(), 164);
        give_back();
        give_back();
        assert_eq!(take(layout(8, 8)), first);
        assert!(take(layout(SIZE, 1)).is_null());
        assert!(take(layout(1, 2 * PAGE)).is_null());
        give_back();
        assert_eq!(HANDED_OUT.load(Ordering::Acquire), 0);
    }

    #[test]
    fn a_block_grows_out_of_the_pool_with_what_is_in_it() {
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let small = layout(16, 8);
        let block = take(small);
        // SAFETY: it has 16 bytes, and is given back as what it is.
        unsafe {
            block.write_bytes(7, 16);
            let grown = Reserved.realloc(block, small, 4096);
            assert!(!is_from_pool(grown));
            assert_eq!(std::slice::from_raw_parts(grown, 16), [7; 16]);
            Reserved.dealloc(grown, layout(4096, 8));
        }
        assert_eq!(HANDED_OUT.load(Ordering::Acquire), 0);
    }

    #[test]
    fn what_nobody_has_is_refused_and_noticed() {
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        IS_SCARCE.store(false, Ordering::Release);
        // SAFETY: the layout is a valid one.
        assert!(unsafe { Reserved.alloc(too_much()) }.is_null());
        assert!(is_scarce());
        let mut scarcity = Scarcity::default();
        assert!(!scarcity.lasts(1));
        assert!(!is_scarce());
    }
}
