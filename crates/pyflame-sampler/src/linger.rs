//! Whether the sampling thread may end, agreed upon without a lock.
//!
//! After the last of short recordings, such as those of requests, the thread stays for a second, so
//! that the next one need not start it. Then it ends by itself. Whoever wants it again and the
//! thread that wants to end decide by one exchange who was first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Shared by the sampling thread and those who ask it for recordings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Linger(Arc<AtomicU8>);

/// How long the thread stays.
pub(crate) const LINGER_NS: u64 = 1_000_000_000;

const IN_USE: u8 = 0;
const LINGERING: u8 = 1;
const ENDED: u8 = 2;

impl Linger {
    /// Lets the thread end when nobody has wanted it for a while.
    pub(crate) fn begin(&self) {
        self.0.store(LINGERING, Ordering::Release);
    }

    /// Whether it may end if it is not wanted soon. Only for the thread itself.
    pub(crate) fn is_lingering(&self) -> bool {
        self.0.load(Ordering::Acquire) == LINGERING
    }

    /// Wants the thread again; returns false if it has ended.
    pub(crate) fn take_up(&self) -> bool {
        self.change(IN_USE) || self.0.load(Ordering::Acquire) == IN_USE
    }

    /// Ends the thread unless somebody wants it; returns whether it is to end.
    pub(crate) fn end(&self) -> bool {
        self.change(ENDED)
    }

    fn change(&self, to: u8) -> bool {
        self.0.compare_exchange(LINGERING, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Linger;

    #[test]
    fn who_is_first_decides() {
        let linger = Linger::default();
        assert!(!linger.end(), "it is in use");
        assert!(linger.take_up());
        linger.begin();
        assert!(linger.take_up());
        assert!(!linger.end(), "it was taken up");
        linger.begin();
        assert!(linger.end());
        assert!(!linger.take_up(), "it has ended");
    }
}
