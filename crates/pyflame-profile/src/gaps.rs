//! How evenly a recording looked at its threads.
//!
//! A sample stands for the time since the one before it of its thread: the gap. On an idle machine
//! all gaps are about the interval that was asked for; where the sampling thread gets no CPU, some
//! are far longer. The longest one bounds by how much the time of a single stretch of work can be
//! wrong. The squares say how much all samples together tell about a share of the time: unequal
//! weights tell less than equal ones, by a factor that L. Kish named (*Survey Sampling*, 1965).

/// The sum and the largest of what single samples stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// The longest wall time that one sample stands for; zero where it is not known.
    pub longest_ns: u64,
    /// Sum of the squares of those times, each rounded to microseconds: nanoseconds would not fit.
    pub squares_us2: u64,
}

impl Gaps {
    /// Takes note of the wall time that one sample stands for.
    pub fn add_sample(&mut self, wall_ns: u64) {
        let microseconds = wall_ns.saturating_add(500) / 1000;
        let squares_us2 = microseconds.saturating_mul(microseconds);
        self.add(Self { longest_ns: wall_ns, squares_us2 });
    }

    /// Takes note of those of other samples; sums stop at the type's maximum instead of wrapping.
    pub fn add(&mut self, other: Self) {
        self.longest_ns = self.longest_ns.max(other.longest_ns);
        self.squares_us2 = self.squares_us2.saturating_add(other.squares_us2);
    }

    /// How many samples of equal weight would tell as much about shares of so much wall time.
    #[expect(clippy::cast_precision_loss, reason = "a figure of statistics")]
    pub fn effective_samples(&self, wall_ns: u64) -> f64 {
        if self.squares_us2 == 0 {
            return 0.0;
        }
        let microseconds = wall_ns as f64 / 1000.0;
        microseconds * microseconds / self.squares_us2 as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(walls_ns: &[u64]) -> (Gaps, u64) {
        let mut gaps = Gaps::default();
        for wall_ns in walls_ns {
            gaps.add_sample(*wall_ns);
        }
        (gaps, walls_ns.iter().sum())
    }

    #[test]
    fn equal_samples_count_whole() {
        let (gaps, wall_ns) = of(&[1_000_000; 40]);
        assert_eq!(gaps.longest_ns, 1_000_000);
        assert!((gaps.effective_samples(wall_ns) - 40.0).abs() < 1e-9);
    }

    #[test]
    fn a_long_sample_makes_the_others_count_less() {
        let (gaps, wall_ns) = of(&[1_000_000, 1_000_000, 8_000_000]);
        assert_eq!(gaps.longest_ns, 8_000_000);
        assert!((gaps.effective_samples(wall_ns) - 100.0 / 66.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_known_of_no_samples() {
        assert!(Gaps::default().effective_samples(0).abs() < f64::EPSILON);
    }

    #[test]
    fn sums_stop_at_the_maximum() {
        let (mut gaps, _) = of(&[u64::MAX]);
        gaps.add(gaps);
        assert_eq!(gaps, Gaps { longest_ns: u64::MAX, squares_us2: u64::MAX });
    }
}
