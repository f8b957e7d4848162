//! When to look: at jittered times around the asked mean.
//!
//! Looks at even times would beat in step with a program that does something every millisecond
//! and see the same part of it each time. So each gap is drawn evenly from half to one and a half
//! intervals. Deadlines add up from the start, so that lateness does not lower the rate.
//!
//! A signal takes 2 µs to arrive on one machine, and 20 to 100 on a virtual one where it leaves the
//! guest. A thread that is asked again meanwhile answers once, and two looks would be one sample:
//! so a look that is due before the last one was answered waits for that, for an interval at most.

/// The deadlines of one recording.
#[derive(Debug)]
pub(crate) struct Schedule {
    interval_ns: u64,
    next_ns: u64,
    /// When the last look was made.
    looked_ns: u64,
    /// A look that waits for answers is not made before.
    awaits_until_ns: u64,
    /// The time of looks that were let go and are still to be made up for.
    missed_ns: u64,
    random: u64,
}

/// So many looks that are late are made one right after the other.
const MOST_AT_ONCE: u64 = 10;

/// How often in an interval a look that waits for answers is tried again.
const TRIES: u64 = 4;

/// Of more looks that were missed than this, the rest is not made up for: the machine slept.
const MOST_MISSED: u64 = 1000;

/// By what part of itself a gap is shorter while something is to be made up for.
const HASTE: u64 = 4;

impl Schedule {
    /// A schedule that starts at `now_ns`; `seed` tells one run's gaps from another's.
    pub(crate) fn new(interval_ns: u64, now_ns: u64, seed: u64) -> Self {
        let mut schedule = Self {
            interval_ns,
            next_ns: now_ns,
            looked_ns: now_ns,
            awaits_until_ns: now_ns,
            missed_ns: 0,
            random: seed | 1,
        };
        schedule.next_ns = now_ns + schedule.gap_ns();
        schedule
    }

    /// Starts anew.
    pub(crate) fn begin(&mut self, now_ns: u64) {
        self.next_ns = now_ns + self.gap_ns();
    }

    /// When to ask next whether a look is due.
    pub(crate) fn next_ns(&self) -> u64 {
        self.next_ns.max(self.awaits_until_ns)
    }

    /// Whether the deadline has come, where `is_awaited` says that a thread has not answered the
    /// last look; if so, the next one is set.
    ///
    /// A few looks that were missed are made at once. Where the machine was away for longer, that
    /// would show one moment over and over: they are made up for little by little, by shorter gaps.
    /// Each sample weighs the time it stands for anyway.
    pub(crate) fn is_due(&mut self, now_ns: u64, is_awaited: bool) -> bool {
        if now_ns < self.next_ns {
            return false;
        }
        let latest_ns = self.looked_ns + self.interval_ns;
        if is_awaited && now_ns < latest_ns {
            self.awaits_until_ns = latest_ns.min(now_ns + self.interval_ns / TRIES);
            return false;
        }
        self.looked_ns = now_ns;
        self.next_ns += self.shortened_gap_ns();
        if self.next_ns + MOST_AT_ONCE * self.interval_ns < now_ns {
            let missed_ns = self.missed_ns + (now_ns - self.next_ns);
            self.missed_ns = missed_ns.min(MOST_MISSED * self.interval_ns);
            self.next_ns = now_ns + self.gap_ns();
        }
        true
    }

    fn shortened_gap_ns(&mut self) -> u64 {
        let gap_ns = self.gap_ns();
        let shorter_ns = self.missed_ns.min(gap_ns / HASTE);
        self.missed_ns -= shorter_ns;
        gap_ns - shorter_ns
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
            assert!(schedule.is_due(now, false));
        }
        // The mean of n even draws has a standard error of interval / sqrt(12 n).
        let error_ns = (now / 100_000).abs_diff(1_000_000);
        assert!(error_ns < 5 * 913, "the mean is off by {error_ns} ns");
    }

    /// How many looks there are up to `end_ns` by who comes in time from `now_ns` on, with an
    /// interval of a millisecond, and the shortest gap.
    fn looks(schedule: &mut Schedule, mut now_ns: u64, end_ns: u64) -> (u64, u64) {
        let (mut count, mut shortest_ns) = (0, u64::MAX);
        while now_ns < end_ns {
            assert!(schedule.is_due(now_ns, false));
            count += 1;
            shortest_ns = shortest_ns.min(schedule.next_ns() - now_ns);
            now_ns = schedule.next_ns();
        }
        (count, shortest_ns)
    }

    #[test]
    fn an_absence_is_made_up_for_little_by_little() {
        let mut schedule = Schedule::new(1_000_000, 0, 7);
        let (count, shortest_ns) = looks(&mut schedule, 100_000_000, 2_000_000_000);
        assert!((1_940..=2_060).contains(&count), "{count} of 2,000");
        assert!(shortest_ns >= 500_000 - 500_000 / HASTE);
    }

    #[test]
    fn after_an_absence_the_next_look_is_in_the_future() {
        let mut schedule = Schedule::new(1_000_000, 0, 7);
        assert!(schedule.is_due(1_000_000_000, false));
        assert!(schedule.next_ns() > 1_000_000_000);
    }

    #[test]
    fn a_look_waits_until_the_last_one_is_answered() {
        let mut schedule = Schedule::new(1_000_000, 0, 7);
        assert!(schedule.is_due(4_000_000, false)); // Late: the next ones are due at once.
        assert!(!schedule.is_due(4_000_000, true));
        assert_eq!(schedule.next_ns(), 4_250_000);
        assert!(schedule.is_due(4_250_000, false));
    }

    #[test]
    fn a_look_waits_for_an_interval_at_most() {
        let mut schedule = Schedule::new(1_000_000, 0, 7);
        assert!(schedule.is_due(4_000_000, false));
        assert!(!schedule.is_due(4_900_000, true));
        assert_eq!(schedule.next_ns(), 5_000_000);
        assert!(schedule.is_due(5_000_000, true));
    }

    #[test]
    fn a_long_absence_is_made_up_for_in_part() {
        let away_ns = 3_600_000_000_000;
        let mut schedule = Schedule::new(1_000_000, 0, 7);
        let (count, _) = looks(&mut schedule, away_ns, away_ns + 20_000_000_000);
        let expected = 20_000 + MOST_MISSED;
        assert!((expected - 200..=expected + 200).contains(&count), "{count} of {expected}");
    }
}
