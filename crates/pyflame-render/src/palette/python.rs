//! Our own palette: a hue for whose code a frame is, a shade for its name.
//!
//! The program's own code is warm and loud, what it calls is cool and quiet. The shades of a hue
//! are steps in OKLCH, whose lightness is what the eye sees, light enough (dark enough on a dark
//! page) for every label to stand out by 4.5 to 1 or more, the least that WCAG 2.2 asks for.
//! Waiting and uncaptured time are hatched, so that colour is not the only sign.

use std::borrow::Cow;
use std::fmt::Write as _;

use pyflame_profile::Category;

use super::Paint;

const SHADES: usize = 8;

/// The shades of one category on light and on dark pages, each with its class.
struct Hue {
    classes: [&'static str; SHADES],
    light: [&'static str; SHADES],
    dark: [&'static str; SHADES],
}

const OWN: Hue = Hue {
    classes: ["o0", "o1", "o2", "o3", "o4", "o5", "o6", "o7"],
    light: ["#fd8868", "#ff9266", "#ff9d65", "#fe9651", "#ffa250", "#ffad51", "#f8a73d", "#fcb241"],
    dark: ["#9c432b", "#a24b28", "#a75325", "#994b08", "#9e5402", "#a25d00", "#935500", "#965e00"],
};

const PACKAGE: Hue = Hue {
    classes: ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"],
    light: ["#adb0eb", "#b7b5f2", "#c1bbf8", "#b9afea", "#c3b4f0", "#cdbaf6", "#c5aee8", "#cfb3ed"],
    dark: ["#4c4b89", "#55508f", "#5e5595", "#584a88", "#614f8d", "#6a5492", "#634986", "#6c4e8a"],
};

const STDLIB: Hue = Hue {
    classes: ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"],
    light: ["#9cd0bb", "#a0d7c5", "#a6decf", "#99d3c6", "#9ed9d0", "#a4e0da", "#98d4d1", "#9edbdb"],
    dark: ["#2e5b4b", "#326253", "#36685c", "#2a5e54", "#2f645d", "#346a65", "#285f5d", "#2e6566"],
};

const IMPORT: Hue = Hue {
    classes: ["i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7"],
    light: ["#d4ca99", "#d9d2a1", "#ded9a8", "#d0cf9e", "#d5d6a5", "#d9dead", "#cbd3a3", "#d0dbab"],
    dark: ["#564f2a", "#5b5530", "#5f5c37", "#54522e", "#585934", "#5d603b", "#515632", "#555d39"],
};

const NATIVE: Hue = Hue {
    classes: ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"],
    light: ["#e1afc5", "#e9b5ca", "#f1bcce", "#e6b1c0", "#eeb7c5", "#f6bec9", "#eab3bb", "#f2babf"],
    dark: ["#714359", "#78495d", "#804f61", "#764555", "#7d4b58", "#84515c", "#794750", "#804d53"],
};

const THREAD: Hue = Hue {
    classes: ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"],
    light: ["#cfd1d5", "#d6d8dc", "#dddfe3", "#d1d3d7", "#d8dade", "#dfe1e5", "#d3d6da", "#dadde1"],
    dark: ["#3e4146", "#44474c", "#494d52", "#404348", "#45494e", "#4b4f54", "#42454a", "#474b50"],
};

/// Hatched, in one shade: what waits is told apart by the frame it stands on.
const WAITING: Paint = Paint { class: "w", fill: Cow::Borrowed("url(#pyflame-waiting)") };
const UNCAPTURED: Paint = Paint { class: "x", fill: Cow::Borrowed("url(#pyflame-uncaptured)") };

/// The categories that a legend can name, in its order, and what it calls them.
pub(crate) const LEGEND: [(Category, &str); 8] = [
    (Category::Own, "own code"),
    (Category::Package, "packages"),
    (Category::Stdlib, "standard library"),
    (Category::Import, "imports"),
    (Category::Native, "native"),
    (Category::Thread, "threads"),
    (Category::Waiting, "waiting"),
    (Category::Uncaptured, "uncaptured"),
];

/// The fill of a frame; one name has one colour in every picture.
pub(super) fn paint(category: Category, name: &str) -> Paint {
    match hue(category) {
        Some(hue) => {
            let shade = shade(name);
            Paint { class: hue.classes[shade], fill: hue.light[shade].into() }
        }
        None if category == Category::Waiting => WAITING,
        None => UNCAPTURED,
    }
}

fn hue(category: Category) -> Option<&'static Hue> {
    match category {
        Category::Own => Some(&OWN),
        Category::Package => Some(&PACKAGE),
        Category::Stdlib => Some(&STDLIB),
        Category::Import => Some(&IMPORT),
        Category::Native => Some(&NATIVE),
        Category::Thread => Some(&THREAD),
        Category::Waiting | Category::Uncaptured => None,
    }
}

/// FNV-1a (Fowler, Noll, Vo) and Knuth's multiplicative mix, whose upper bits depend on all.
fn shade(name: &str) -> usize {
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash.wrapping_mul(0x9e37_79b1) >> 16) as usize % SHADES
}

/// The rules that darken the frames, for inside `@media (prefers-color-scheme: dark)`.
pub(crate) fn dark_rules() -> String {
    let mut rules = String::new();
    for hue in [&OWN, &PACKAGE, &STDLIB, &IMPORT, &NATIVE, &THREAD] {
        for (class, dark) in hue.classes.iter().zip(hue.dark) {
            // Writing to a string does not fail.
            let _ = writeln!(rules, "  .pyflame .{class} {{ fill: {dark}; }}");
        }
    }
    rules
}

/// The hatches that [`paint`] refers to.
pub(crate) fn patterns() -> &'static str {
    include_str!("../assets/patterns.svg")
}

#[cfg(test)]
mod tests {
    use pyflame_profile::Category;

    use super::{LEGEND, paint};

    #[test]
    fn the_legend_knows_every_category() {
        assert_eq!(LEGEND.map(|entry| entry.0), Category::ALL);
    }

    #[test]
    fn a_name_keeps_its_colour_within_a_category() {
        assert_eq!(paint(Category::Own, "f"), paint(Category::Own, "f"));
        assert_ne!(paint(Category::Own, "f"), paint(Category::Stdlib, "f"));
    }

    #[test]
    fn names_spread_over_all_shades() {
        let mut seen: Vec<_> =
            (0..100).map(|n| paint(Category::Own, &format!("f{n}")).fill).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 8);
    }
}
