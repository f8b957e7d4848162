//! Colours as SVG names them (`#rrggbb`, `rgb(r,g,b)`), as the three parts of PDF's DeviceRGB.

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour([u8; 3]);

impl Colour {
    pub(super) const WHITE: Self = Self([255; 3]);
    /// What a file of colours calls by a name that we don't know.
    const UNKNOWN: Self = Self([200; 3]);

    pub(super) fn of(text: &str) -> Self {
        of_hex(text).or_else(|| of_numbers(text)).map_or(Self::UNKNOWN, Self)
    }

    /// From 0 to 1.
    pub(super) fn parts(self) -> [f32; 3] {
        // Three digits tell all 256 values apart.
        self.0.map(|part| (f32::from(part) / 0.255).round() / 1000.0)
    }

    /// As it looks on `ground` where it covers only `percent` of it. Transparency itself is more
    /// than every printer takes.
    pub(super) fn over(self, ground: Self, percent: u16) -> Self {
        let mut mixed = self.0;
        for (part, below) in mixed.iter_mut().zip(ground.0) {
            let sum = u16::from(*part) * percent + u16::from(below) * (100 - percent);
            *part = u8::try_from(sum / 100).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }
}

fn of_hex(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let all = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = all.to_be_bytes();
    Some([red, green, blue])
}

fn of_numbers(text: &str) -> Option<[u8; 3]> {
    let numbers = text.strip_prefix("rgb(")?.strip_suffix(')')?;
    let mut numbers = numbers.split(',').map(|number| number.trim().parse().ok());
    let parts = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::Colour;

    #[test]
    fn both_ways_to_write_a_colour_are_read_and_others_are_grey() {
        assert_eq!(Colour::of("#ff9266"), Colour([255, 146, 102]));
        assert_eq!(Colour::of("rgb(255, 80,80)"), Colour([255, 80, 80]));
        for unknown in ["red", "#ff", "#gggggg", "rgb(1,2)", "rgb(1,2,3,4)", "rgb(1,2,256)"] {
            assert_eq!(Colour::of(unknown), Colour::UNKNOWN, "{unknown}");
        }
    }

    #[test]
    fn parts_are_short_and_tell_all_values_apart() {
        assert_eq!(Colour([0, 1, 255]).parts().map(|part| part.to_string()), ["0", "0.004", "1"]);
        let apart = |value: u8| Colour([value; 3]).parts()[0] > Colour([value - 1; 3]).parts()[0];
        assert!((1..=255).all(apart));
    }

    #[test]
    fn a_mixed_colour_lies_between_both() {
        assert_eq!(Colour([0, 100, 200]).over(Colour::WHITE, 60), Colour([102, 162, 222]));
    }
}
