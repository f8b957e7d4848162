//! When to look: at jittered times around the asked mean.
//!
//! Looks at even times would beat in step with a program that does something every millisecond
//! and see the same part of it each time. So each gap is drawn evenly from half to one and a half
//! intervals. Deadlines add up from the start, so that lateness does not lower the rate.

/// The deadlines of one recording.
#[derive(Debug)]
pub(crate) struct Schedule {
    interval_ns: u64,
    next_ns: u64,
    random: u64,
}

impl Schedule {
    /// A schedule that starts at `now_ns`; `seed` tells one run's gaps from another's.
    pub(crate) fn new(interval_ns: u64, now_ns: u64, seed: u64) -> Self {
        let mut schedule = Self { interval_ns, next_ns: now_ns, random: seed | 1 };
        schedule.next_ns = now_ns + schedule.gap_ns();
        schedule
    }

    /// Starts anew.
    pub(crate) fn begin(&mut self, now_ns: u64) {
        self.next_ns = now_ns + self.gap_ns();
    }

    /// The next deadline.
    pub(crate) fn next_ns(&self) -> u64 {
        self.next_ns
    }

    /// Whether the deadline has come; if so, the next one is set.
    ///
    /// A few looks that were missed are made up for. Where the machine was away for longer,
    /// they are let go: each sample weighs the time it stands for anyway.
    pub(crate) fn is_due(&mut self, now_ns: u64) -> bool {
        if now_ns < self.next_ns {
            return false;
        }
        self.next_ns += self.gap_ns();
        if self.next_ns + 10 * self.interval_ns < now_ns {
            self.next_ns = now_ns + self.gap_ns();
        }
        true
    }

    fn gap_ns(&mut self) -> u64 {
        // xorshift64 (Marsaglia 2003): cheap, and even enough for jitter.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = self.random >> 32; // of 2^32
        let jitter = (u128::from(self.interval_ns) * u128::from(share)) >> 32;
        self.interval_ns / 2 + u64::try_from(jitter).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_the_asked_mean_and_spread() {
        let mut schedule = Schedule::new(1_000_000, 0, 42);
        let mut now = 0;
        for _ in 0..100_000 {
            let next = schedule.next_ns();
            assert!((500_000..=1_500_000).contains(&(next - now)));
            now = next;
            assert!(schedule.is_due(now));
        }
        // The mean of n even draws has a standard error of interval / sqrt(12 n).
        let error_ns = (now / 100_000).abs_diff(1_000_000);
        assert!(error_ns < 5 * 913, "the mean is off by {error_ns} ns");
    }

    #[test]
    fn a_long_absence_is_not_made_up_for() {
        let mut schedule = Schedule::new(1_000_000, 0, 7);
        assert!(schedule.is_due(1_000_000_000));
        assert!(schedule.next_ns() > 1_000_000_000);
    }
}
