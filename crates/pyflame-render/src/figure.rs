//! Numbers as people read them: times with a fitting unit, counts in groups of three, shares.

use std::cmp::Ordering;

use pyflame_profile::{Tree, Unit};

use crate::SvgOptions;

/// What a whole tree comes to and what another does, in words: a differential picture shows
/// neither.
///
/// ```
/// use pyflame_profile::{View, parse_folded};
/// use pyflame_render::{SvgOptions, change};
/// let tree = |text| View::default().tree(&parse_folded(text).0);
/// let change = change(&tree("a 8\n"), &tree("a 2\n"), &SvgOptions::default());
/// assert_eq!(change, "8 samples before, 2 samples after (75.0% less)");
/// ```
pub fn change(before: &Tree, after: &Tree, options: &SvgOptions) -> String {
    let scale = before.scale.max(after.scale);
    let figures = Figures {
        unit: after.unit,
        scale,
        factor: options.factor,
        count_name: &options.count_name,
    };
    let total = |tree: &Tree| tree.node(Tree::ROOT).total.saturating_mul(scale / tree.scale);
    let (old, new) = (total(before), total(after));
    let mut text = String::new();
    figures.push_value(&mut text, old);
    text.push_str(" before, ");
    figures.push_value(&mut text, new);
    text.push_str(" after");
    // From nothing, no share leads to anything.
    if old > 0 {
        push_more_or_less(&mut text, old, new);
    }
    text
}

/// In words: the letters of a page of PDF have no minus sign.
fn push_more_or_less(out: &mut String, old: u64, new: u64) {
    let word = match new.cmp(&old) {
        Ordering::Less => " less)",
        Ordering::Equal => return out.push_str(" (the same)"),
        Ordering::Greater => " more)",
    };
    out.push_str(" (");
    push_share(out, new.abs_diff(old), old);
    out.push_str(word);
}

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
    /// Appends a time to three digits, or a count with its name.
    pub(crate) fn push_value(&self, out: &mut String, value: u64) {
        let value = self.scaled(value);
        match self.unit {
            Unit::Nanoseconds => push_time(out, value),
            Unit::Count => {
                push_count(out, value);
                out.push(' ');
                out.push_str(self.count_name);
            }
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

/// Appends a time with the unit that needs no leading zeros, to three digits.
fn push_time(out: &mut String, ns: u64) {
    // Half a digit below the next unit is rounded up into it, hence 999.5 and not 1,000.
    let steps = [("ns", 1_u64), ("\u{b5}s", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];
    let fits = |&&(_, size): &&(&str, u64)| u128::from(ns) * 10 < u128::from(size) * 9_995;
    let (unit, size) = steps.iter().find(fits).copied().unwrap_or(steps[3]);
    push_three_digits(out, ns, size);
    out.push(' ');
    out.push_str(unit);
}

/// Appends `value / size` to three digits, in whole numbers throughout so that it is the same
/// everywhere.
fn push_three_digits(out: &mut String, value: u64, size: u64) {
    if size == 1 {
        return push_count(out, value);
    }
    for (decimals, digits) in [(2, 100), (1, 10)] {
        let scaled = rounded(value, digits, size);
        if scaled < 1_000 {
            return push_decimal(out, scaled, decimals);
        }
    }
    push_count(out, rounded(value, 1, size));
}

/// `value * factor / size`, rounded.
fn rounded(value: u64, factor: u64, size: u64) -> u64 {
    let half = u128::from(size) / 2;
    let result = (u128::from(value) * u128::from(factor) + half) / u128::from(size);
    u64::try_from(result).unwrap_or(u64::MAX)
}

/// Appends a number of which the last digits are decimals.
fn push_decimal(out: &mut String, value: u64, decimals: usize) {
    let size = 10_u64.pow(u32::try_from(decimals).unwrap_or(0));
    push_count(out, value / size);
    out.push('.');
    for place in (0..decimals).rev() {
        let place = 10_u64.pow(u32::try_from(place).unwrap_or(0));
        out.push(digit(value / place));
    }
}

/// Appends a count in groups of three digits.
pub(crate) fn push_count(out: &mut String, value: u64) {
    let digits = value.checked_ilog10().unwrap_or(0);
    for place in (0..=digits).rev() {
        out.push(digit(value / 10_u64.pow(place)));
        if place > 0 && place % 3 == 0 {
            out.push(',');
        }
    }
}

fn digit(value: u64) -> char {
    char::from(b'0' + u8::try_from(value % 10).unwrap_or(0))
}

/// Appends a share: one decimal from ten percent on, two below.
pub(crate) fn push_share(out: &mut String, part: u64, whole: u64) {
    if whole == 0 || part == 0 {
        return out.push_str("0%");
    }
    let (hundredths, tenths) = (rounded(part, 10_000, whole), rounded(part, 1_000, whole));
    match (hundredths, tenths) {
        (0, _) => return out.push_str("<0.01%"),
        (_, 1_000) => out.push_str("100"),
        (0..1_000, _) => push_decimal(out, hundredths, 2),
        _ => push_decimal(out, tenths, 1),
    }
    out.push('%');
}

/// Appends a change of a share, with its sign.
pub(crate) fn push_change(out: &mut String, now: u64, before: u64, whole: u64) {
    out.push(match now.cmp(&before) {
        Ordering::Less => '\u{2212}',
        Ordering::Equal => '\u{b1}',
        Ordering::Greater => '+',
    });
    push_share(out, now.abs_diff(before), whole);
}

#[cfg(test)]
mod tests {
    use pyflame_profile::{Tree, Unit};

    use super::{Figures, change, push_change, push_count, push_share, push_time};
    use crate::SvgOptions;

    fn pushed(push: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        push(&mut out);
        out
    }

    fn share(part: u64, whole: u64) -> String {
        pushed(|out| push_share(out, part, whole))
    }

    #[test]
    fn a_factor_and_a_scale_change_what_is_shown() {
        let unit = Unit::Count;
        let figures = Figures { unit, scale: 100, factor: 2.0, count_name: "bytes" };
        assert_eq!(pushed(|out| figures.push_value(out, 150_075)), "3,002 bytes");
    }

    #[test]
    fn a_change_has_its_sign() {
        for (now, before, text) in [(2, 1, "+10.0%"), (1, 2, "\u{2212}10.0%"), (2, 2, "\u{b1}0%")] {
            assert_eq!(pushed(|out| push_change(out, now, before, 10)), text);
        }
    }

    #[test]
    fn what_two_trees_come_to_is_said_in_their_unit() {
        let tree = |unit, scale, total| {
            let mut tree = Tree::new(unit);
            tree.scale = scale;
            tree.add(Tree::ROOT, total, 1);
            tree.finish();
            tree
        };
        let time = |ns| tree(Unit::Nanoseconds, 1, ns);
        let count = |scale, total| tree(Unit::Count, scale, total);
        for (before, after, text) in [
            (time(1_190_000_000), time(168_000_000), "1.19 s before, 168 ms after (85.9% less)"),
            (count(100, 150), count(1, 6), "2 samples before, 6 samples after (300.0% more)"),
            (count(1, 6), count(10, 60), "6 samples before, 6 samples after (the same)"),
            (count(1, 0), count(1, 6), "0 samples before, 6 samples after"),
        ] {
            assert_eq!(change(&before, &after, &SvgOptions::default()), text);
        }
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
            assert_eq!(pushed(|out| push_time(out, ns)), text, "{ns}");
        }
    }

    #[test]
    fn counts_are_grouped_by_three() {
        let counts = [0, 999, 1_000, 12_034_567].map(|count| pushed(|out| push_count(out, count)));
        assert_eq!(counts, ["0", "999", "1,000", "12,034,567"]);
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
