//! Numbers as people read them: times with a fitting unit, counts in groups of three, shares.

use std::cmp::Ordering;

use pyflame_profile::Unit;

/// How the values of one picture are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures<'a> {
    pub(crate) unit: Unit,
    /// How many of a value make one of what is shown.
    pub(crate) scale: u64,
    /// What is shown is multiplied with this.
    pub(crate) factor: f64,
    /// Name of what is counted.
    pub(crate) count_name: &'a str,
}

impl Figures<'_> {
    /// A time to three digits, or a count with its name.
    pub(crate) fn value(&self, value: u64) -> String {
        let value = self.scaled(value);
        match self.unit {
            Unit::Nanoseconds => time(value),
            Unit::Count => format!("{} {}", count(value), self.count_name),
        }
    }

    /// Halves are rounded to even, as Perl's `%.0f` does.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::float_cmp,
        reason = "a figure for people; without a factor or fractions it is exact"
    )]
    fn scaled(&self, value: u64) -> u64 {
        if self.scale == 1 && self.factor == 1.0 {
            return value;
        }
        (value as f64 / self.scale as f64 * self.factor).round_ties_even() as u64
    }
}

/// A time with the unit that needs no leading zeros, to three digits.
fn time(ns: u64) -> String {
    // Half a digit below the next unit is rounded up into it, hence 999.5 and not 1,000.
    let steps = [("ns", 1_u64), ("\u{b5}s", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];
    let fits = |&&(_, size): &&(&str, u64)| u128::from(ns) * 10 < u128::from(size) * 9_995;
    let (unit, size) = steps.iter().find(fits).copied().unwrap_or(steps[3]);
    format!("{} {unit}", three_digits(ns, size))
}

/// `value / size` to three digits, in whole numbers throughout so that it is the same everywhere.
fn three_digits(value: u64, size: u64) -> String {
    let scaled = |digits: u64| {
        let half = u128::from(size) / 2;
        (u128::from(value) * u128::from(digits) + half) / u128::from(size)
    };
    let (whole, decimals, digits) = match (size, scaled(100), scaled(10)) {
        (1, ..) => (u128::from(value), 0, 0),
        (_, hundredths, _) if hundredths < 1_000 => (hundredths / 100, hundredths % 100, 2),
        (_, _, tenths) if tenths < 1_000 => (tenths / 10, tenths % 10, 1),
        _ => (scaled(1), 0, 0),
    };
    let whole = count(u64::try_from(whole).unwrap_or(u64::MAX));
    if digits == 0 { whole } else { format!("{whole}.{decimals:0digits$}") }
}

/// A count in groups of three digits.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share: one decimal from ten percent on, two below.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0%".into();
    }
    let whole = u128::from(whole);
    let hundredths = (u128::from(part) * 10_000 + whole / 2) / whole;
    let tenths = (u128::from(part) * 1_000 + whole / 2) / whole;
    match (part, hundredths, tenths) {
        (0, ..) => "0%".into(),
        (_, 0, _) => "<0.01%".into(),
        (_, _, 1_000) => "100%".into(),
        (_, hundredths, _) if hundredths < 1_000 => {
            format!("{}.{:02}%", hundredths / 100, hundredths % 100)
        }
        (_, _, tenths) => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

/// A change of a share, with its sign.
pub(crate) fn change(now: u64, before: u64, whole: u64) -> String {
    let sign = match now.cmp(&before) {
        Ordering::Less => "\u{2212}",
        Ordering::Equal => "\u{b1}",
        Ordering::Greater => "+",
    };
    format!("{sign}{}", share(now.abs_diff(before), whole))
}

#[cfg(test)]
mod tests {
    use pyflame_profile::Unit;

    use super::{Figures, change, count, share, time};

    #[test]
    fn a_factor_and_a_scale_change_what_is_shown() {
        let unit = Unit::Count;
        let figures = Figures { unit, scale: 100, factor: 2.0, count_name: "bytes" };
        assert_eq!(figures.value(150_075), "3,002 bytes");
    }

    #[test]
    fn a_change_has_its_sign() {
        assert_eq!(change(2, 1, 10), "+10.0%");
        assert_eq!(change(1, 2, 10), "\u{2212}10.0%");
        assert_eq!(change(2, 2, 10), "\u{b1}0%");
    }

    #[test]
    fn times_have_three_digits_and_the_unit_that_fits() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 \u{b5}s"),
            (45_640_000, "45.6 ms"),
            (999_400_000, "999 ms"),
            (999_500_000, "1.00 s"),
            (9_995_000_000, "10.0 s"),
            (1_230_000_000_000, "1,230 s"),
        ];
        for (ns, text) in cases {
            assert_eq!(time(ns), text, "{ns}");
        }
    }

    #[test]
    fn counts_are_grouped_by_three() {
        assert_eq!([0, 999, 1_000, 12_034_567].map(count), ["0", "999", "1,000", "12,034,567"]);
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing() {
        assert_eq!(share(0, 10), "0%");
        assert_eq!(share(1, 1_000_000), "<0.01%");
        assert_eq!(share(1, 1_000), "0.10%");
        assert_eq!(share(1, 3), "33.3%");
        assert_eq!(share(5, 5), "100%");
        assert_eq!(share(5, 0), "0%");
    }
}
