//! How what is recorded leaves the process while the recording goes on.

use std::fmt::Debug;

use pyflame_profile::Profile;

/// Takes a recording out of the process as it grows, so that it outlives whatever ends it.
pub trait Outlet: Send + Debug {
    /// Takes what is new since the last call. Called by the sampling thread: it must not wait, take
    /// the GIL, or take a lock that a thread could hold which forks.
    fn publish(&mut self, profile: &Profile);
}

/// When a recording is published next.
///
/// Often in the beginning, so that of a process that lives for 20 ms most is there; then often
/// enough to lose no more than twice that time at a sudden end.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    next_ns: u64,
    gap_ns: u64,
}

const SHORTEST_GAP_NS: u64 = 1_000_000;
const LONGEST_GAP_NS: u64 = 40_000_000;

impl Pace {
    /// The pace of a recording that begins now, on the monotonic clock.
    pub fn new(now_ns: u64) -> Self {
        Self { next_ns: now_ns + SHORTEST_GAP_NS, gap_ns: SHORTEST_GAP_NS }
    }

    /// When something is to be published.
    pub fn next_ns(&self) -> u64 {
        self.next_ns
    }

    /// Whether the time has come; if so, the next one is set.
    pub fn is_due(&mut self, now_ns: u64) -> bool {
        if now_ns < self.next_ns {
            return false;
        }
        self.gap_ns = (self.gap_ns + self.gap_ns / 2).min(LONGEST_GAP_NS);
        self.next_ns = now_ns + self.gap_ns;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_grow_with_the_age_of_a_recording_up_to_a_limit() {
        let mut pace = Pace::new(0);
        let mut published = Vec::new();
        for now_ns in (0..1_000_000_000).step_by(1_000_000) {
            if pace.is_due(now_ns) {
                published.push(now_ns);
            }
        }
        assert_eq!(published[0], SHORTEST_GAP_NS);
        // Of a short life no more than half is missing, of a long one no more than 50 ms.
        for pair in published.windows(2) {
            assert!(pair[1] - pair[0] <= (2 * pair[0]).min(50_000_000), "{pair:?}");
        }
    }
}
