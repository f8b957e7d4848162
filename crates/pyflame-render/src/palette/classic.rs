//! The palettes of flamegraph.pl: the same ranges, and for one name the same colour.
//!
//! Each takes three numbers in 0..1 and mixes red, green and blue from them. Where the script
//! seeds Perl's generator with the sum of a name's bytes, so do we: Perl's own `drand48` (perl
//! 5.20 and later) is the 48-bit linear congruential generator of POSIX.

use super::Palette;

/// What makes the colours of one palette differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variation {
    /// The name: one name has one colour in every picture.
    #[default]
    Name,
    /// A hash that weighs the first letters most, so that similar names have similar colours.
    Hash,
    /// Nothing: each frame has its own, the same ones in the same order in every picture.
    Random,
}

impl Variation {
    pub(super) fn values(self, name: &str, random: &mut Random) -> [f64; 3] {
        match self {
            Self::Name => [Random::of_name(name); 3],
            Self::Hash => {
                let reversed: Vec<u8> = name.bytes().rev().collect();
                let backwards = name_hash(&reversed);
                [name_hash(name.as_bytes()), backwards, backwards]
            }
            Self::Random => [random.next(), random.next(), random.next()],
        }
    }
}

/// The generator of `drand48`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self::seeded(0)
    }
}

impl Random {
    fn seeded(seed: u32) -> Self {
        Self(u64::from(seed) << 16 | 0x330e)
    }

    #[expect(clippy::cast_precision_loss, reason = "48 bits fit a double")]
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(0x5_deec_e66d).wrapping_add(0xb) & ((1 << 48) - 1);
        self.0 as f64 / (1_u64 << 48) as f64
    }

    fn of_name(name: &str) -> f64 {
        let sum = name.chars().fold(0_u32, |sum, character| sum.wrapping_add(u32::from(character)));
        Self::seeded(sum).next()
    }
}

/// The script's hash: the first three bytes, each weighing less than the one before.
fn name_hash(name: &[u8]) -> f64 {
    let (mut sum, mut weight, mut most) = (0.0, 1.0, 1.0);
    for (&byte, modulus) in without_module(name).iter().zip(10..=12_u8) {
        sum += f64::from(byte % modulus) / f64::from(modulus - 1) * weight;
        most += weight;
        weight *= 0.7;
    }
    1.0 - sum / most
}

/// A name may begin with a module and a backtick, of which the hash knows nothing.
fn without_module(name: &[u8]) -> &[u8] {
    let end = name.iter().skip(1).position(|byte| *byte == b'`');
    end.and_then(|end| name.get(end + 2..)).unwrap_or(name)
}

pub(super) fn fill(palette: Palette, name: &str, [first, second, third]: [f64; 3]) -> String {
    let rgb = match hue(palette, name) {
        Palette::Mem => [0, mix(190, 50, second), mix(0, 210, first)],
        Palette::Io => [mix(80, 60, first), mix(80, 60, first), mix(190, 55, second)],
        Palette::Red => [mix(200, 55, first), mix(50, 80, first), mix(50, 80, first)],
        Palette::Green => [mix(50, 60, first), mix(200, 55, first), mix(50, 60, first)],
        Palette::Blue => [mix(80, 60, first), mix(80, 60, first), mix(205, 50, first)],
        Palette::Yellow => [mix(175, 55, first), mix(175, 55, first), mix(50, 20, first)],
        Palette::Purple => [mix(190, 65, first), mix(80, 60, first), mix(190, 65, first)],
        Palette::Aqua => [mix(50, 60, first), mix(165, 55, first), mix(165, 55, first)],
        Palette::Orange => [mix(190, 65, first), mix(90, 65, first), 0],
        _ => [mix(205, 50, third), mix(0, 230, first), mix(0, 55, second)],
    };
    let [red, green, blue] = rgb;
    format!("rgb({red},{green},{blue})")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the sums stay below 256"
)]
fn mix(least: u8, range: u8, share: f64) -> u8 {
    least + (f64::from(range) * share) as u8
}

/// The plain palette that a palette by kind of frame uses for this one.
fn hue(palette: Palette, name: &str) -> Palette {
    let kernel = name.ends_with("_[k]");
    match palette {
        Palette::Wakeup => Palette::Aqua,
        Palette::Chain if name.contains("_[w]") => Palette::Aqua,
        Palette::Chain => Palette::Blue,
        Palette::Java if name.ends_with("_[j]") => Palette::Green,
        Palette::Java if name.ends_with("_[i]") => Palette::Aqua,
        Palette::Java if is_java(name) => Palette::Green,
        Palette::Js if name.ends_with("_[j]") && name.contains('/') => Palette::Green,
        Palette::Js if name.ends_with("_[j]") => Palette::Aqua,
        Palette::Java | Palette::Js | Palette::Perl if name.contains("::") => Palette::Yellow,
        Palette::Js if is_javascript(name) => Palette::Green,
        Palette::Js if name.contains(':') => Palette::Aqua,
        Palette::Js if name == " " => Palette::Green,
        Palette::Perl if name.contains("Perl") || name.contains(".pl") => Palette::Green,
        Palette::Java | Palette::Js | Palette::Perl if kernel => Palette::Orange,
        Palette::Java | Palette::Js | Palette::Perl => Palette::Red,
        plain => plain,
    }
}

fn is_java(name: &str) -> bool {
    let path = name.strip_prefix('L').unwrap_or(name);
    let package = [name, path].into_iter().any(|path| {
        path.split_once('/').is_some_and(|(first, _)| {
            matches!(first, "java" | "javax" | "jdk" | "net" | "org" | "com" | "io" | "sun")
        })
    });
    package || name.contains(":::")
}

fn is_javascript(name: &str) -> bool {
    name.find('/').is_some_and(|slash| name.get(slash..).is_some_and(|path| path.contains(".js")))
}

/// What did not change in a differential picture.
pub(crate) const UNCHANGED: &str = "rgb(228,229,233)";

/// Grey for no change, up to full red for more and full blue for less. (flamegraph.pl has white,
/// which can't be seen on a white page.)
pub(super) fn difference(now: u64, before: u64, greatest: u64, negate: bool) -> String {
    let change = now.abs_diff(before);
    let greatest = u128::from(greatest.max(1));
    let fade = 210 * (greatest - u128::from(change).min(greatest)) / greatest;
    match (change, (now > before) != negate) {
        (0, _) => UNCHANGED.into(),
        (_, true) => format!("rgb(255,{fade},{fade})"),
        (_, false) => format!("rgb({fade},{fade},255)"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, UNCHANGED, Variation, difference, fill, hue, name_hash};
    use crate::palette::Palette;

    /// `perl -e 'srand(1000); print rand(1)'` and so on, perl 5.36.
    #[test]
    fn the_generator_is_that_of_perl() {
        for (seed, expected) in [(0, 0.170_828_036_106_29), (1000, 0.973_136_701_694_788)] {
            let value = Random::seeded(seed).next();
            assert!((value - expected).abs() < 1e-12, "{seed}: {value}");
        }
        assert!((Random::of_name("main") - 0.778_599_984_319_047).abs() < 1e-12);
    }

    #[test]
    fn the_hash_weighs_the_first_letters_and_passes_over_a_module() {
        assert!((name_hash(b"libc`main") - name_hash(b"main")).abs() < 1e-12);
        assert!((name_hash(b"abcd") - name_hash(b"abcz")).abs() < 1e-12);
        assert!((name_hash(b"") - 1.0).abs() < 1e-12);
    }

    #[test]
    fn palettes_by_kind_of_frame_know_the_kinds() {
        let cases = [
            (Palette::Java, "org/foo/Bar", Palette::Green),
            (Palette::Java, "Lcom/x:::run", Palette::Green),
            (Palette::Java, "JVM::init", Palette::Yellow),
            (Palette::Java, "tcp_send_[k]", Palette::Orange),
            (Palette::Java, "malloc", Palette::Red),
            (Palette::Js, "/a/b.js:1", Palette::Green),
            (Palette::Js, "Builtin:x", Palette::Aqua),
            (Palette::Perl, "Perl_sv", Palette::Green),
            (Palette::Chain, "a_[w]", Palette::Aqua),
            (Palette::Chain, "a", Palette::Blue),
        ];
        for (palette, name, expected) in cases {
            assert_eq!(hue(palette, name), expected, "{palette:?} {name}");
        }
    }

    #[test]
    fn random_colours_are_the_same_in_every_picture() {
        let colours = || {
            let mut random = Random::default();
            [0; 3].map(|_| fill(Palette::Hot, "f", Variation::Random.values("f", &mut random)))
        };
        assert_eq!(colours(), colours());
        assert_ne!(colours()[0], colours()[1]);
    }

    #[test]
    fn a_difference_is_red_for_more_and_blue_for_less() {
        assert_eq!(difference(5, 5, 10, false), UNCHANGED);
        assert_eq!(difference(15, 5, 10, false), "rgb(255,0,0)");
        assert_eq!(difference(0, 5, 10, false), "rgb(105,105,255)");
        assert_eq!(difference(0, 5, 10, true), "rgb(255,105,105)");
    }
}
