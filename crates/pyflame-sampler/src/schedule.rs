//! When to look: at jittered times around the asked mean.
//!
//! Looks at even times would beat in step with a program that does something every millisecond
//! and see the same part of it each time. So each gap is drawn evenly from half to one and a half
//! intervals. Deadlines add up from the start, so that lateness does not lower the rate; and the sum
//! of the gaps is held close to that of as many intervals, so that neither does chance: left alone, it
//! would be half a percent off after some thousand looks. It still wanders farther than an interval,
//! and looks come at every part of what takes one.
//!
//! A signal takes 2 µs to arrive on one machine, and 20 to 100 on a virtual one where it leaves the
//! guest. A thread that is asked again meanwhile answers once, and two looks would be one sample:
//! so a look that is due before the last one was answered waits for that, for an interval at most.
//! Where it was made nevertheless, another one is owed.

/// The deadlines of one recording.
#[derive(Debug)]
pub(crate) struct Schedule {
    interval_ns: u64,
    next_ns: u64,
    /// When the last look was made.
    looked_ns: u64,
    /// A look that waits for answers is not made before.
    awaits_until_ns: u64,
    /// The time for which looks are still to be made up for; below zero, for which there were more
    /// than asked for.
    owed_ns: i64,
    /// Whether the last look and the one before it were one sample.
    is_merged: bool,
    random: u64,
}

/// So many looks that are late are made one right after the other.
const MOST_AT_ONCE: u64 = 10;

/// How often in an interval a look that waits for answers is tried again.
const TRIES: u64 = 4;

/// Of more looks that were missed than this, the rest is not made up for: the machine slept, or the
/// thread did what no signal interrupts.
const MOST_MISSED: u64 = 1000;

/// By what part of itself a gap is shorter, or longer, at most to make up for others.
const HASTE: i64 = 4;

/// By what part of what is owed a gap is shorter. Of gaps that differ by a third of an interval
/// (standard deviation) the sum then strays by 0.8 intervals.
const PULL: i64 = 16;

impl Schedule {
    /// A schedule that starts at `now_ns`; `seed` tells one run's gaps from another's.
    pub(crate) fn new(interval_ns: u64, now_ns: u64, seed: u64) -> Self {
        let mut schedule = Self {
            interval_ns,
            next_ns: now_ns,
            looked_ns: now_ns,
            awaits_until_ns: now_ns,
            owed_ns: 0,
            is_merged: false,
            random: seed | 1,
        };
        schedule.begin(now_ns);
        schedule
    }

    /// Starts anew.
    pub(crate) fn begin(&mut self, now_ns: u64) {
        (self.owed_ns, self.is_merged) = (0, false);
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
        if std::mem::take(&mut self.is_merged) {
            self.owe(self.interval_ns);
        }
        self.looked_ns = now_ns;
        self.next_ns += self.gap_ns();
        if self.next_ns + MOST_AT_ONCE * self.interval_ns < now_ns {
            self.owe(now_ns - self.next_ns);
            self.next_ns = now_ns + self.gap_ns();
        }
        true
    }

    /// Takes note that a thread had not answered the look before the last one yet: the two are one
    /// sample.
    pub(crate) fn merge_last(&mut self) {
        self.is_merged = true;
    }

    /// Adds to what is to be made up for.
    fn owe(&mut self, time_ns: u64) {
        let most_ns = signed(self.interval_ns.saturating_mul(MOST_MISSED));
        self.owed_ns = self.owed_ns.saturating_add(signed(time_ns)).min(most_ns);
    }

    fn gap_ns(&mut self) -> u64 {
        let drawn_ns = self.drawn_gap_ns();
        let most_ns = signed(drawn_ns) / HASTE;
        let shorter_ns = (self.owed_ns / PULL).clamp(-most_ns, most_ns);
        let gap_ns = drawn_ns.saturating_add_signed(-shorter_ns);
        self.owed_ns += signed(gap_ns) - signed(self.interval_ns);
        gap_ns
    }

    fn drawn_gap_ns(&mut self) -> u64 {
        // xorshift64 (Marsaglia 2003): cheap, and even enough for jitter.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let share = self.random >> 32; // of 2^32
        let jitter = (u128::from(self.interval_ns) * u128::from(share)) >> 32;
        self.interval_ns / 2 + u64::try_from(jitter).unwrap_or(0)
    }
}

/// A time as a signed number; centuries are cut off.
fn signed(time_ns: u64) -> i64 {
    i64::try_from(time_ns).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_spread_and_their_sum_is_not() {
        let mut schedule = Schedule::new(1_000_000, 0, 42);
        let (mut now, mut short, mut phases) = (0, 0, [0_u32; 10]);
        for count in 1..=100_000_u64 {
            let next = schedule.next_ns();
            assert!((375_000..=1_875_000).contains(&(next - now)));
            short += u32::from(next - now < 750_000);
            now = next;
            phases[usize::try_from(now / 100_000 % 10).unwrap()] += 1;
            assert!(now.abs_diff(count * 1_000_000) < 5_000_000, "{now} ns after {count} gaps");
            assert!(schedule.is_due(now, false));
        }
        // A quarter of the draws; what is pulled changes some on both sides.
        assert!((24_000..=26_000).contains(&short), "{short} short gaps");
        // Five standard errors of independent draws.
        assert!(phases.iter().all(|count| count.abs_diff(10_000) < 475), "{phases:?}");
    }

    #[test]
    fn what_two_looks_share_is_made_up_for() {
        let mut schedule = Schedule::new(1_000_000, 0, 42);
        let mut looks = 0;
        while schedule.next_ns() < 1_000_000_000 {
            assert!(schedule.is_due(schedule.next_ns(), false));
            looks += 1;
            if looks % 10 == 0 {
                schedule.merge_last();
            }
        }
        let samples = looks - looks / 10;
        assert!((985..=1_015).contains(&samples), "{samples} of 1,000");
    }

    #[test]
    fn looks_that_are_never_answered_are_made_up_for_in_part() {
        let mut schedule = Schedule::new(1_000_000, 0, 42);
        for _ in 0..10_000 {
            assert!(schedule.is_due(schedule.next_ns(), false));
            schedule.merge_last();
        }
        let now_ns = schedule.next_ns();
        let (count, _) = looks(&mut schedule, now_ns, now_ns + 20_000_000_000);
        let expected = 20_000 + MOST_MISSED;
        assert!((expected - 10..=expected + 10).contains(&count), "{count} of {expected}");
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
        assert!(shortest_ns >= 375_000);
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
