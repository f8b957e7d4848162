//! The page behind the frames, where one is chosen: flamegraph.pl's `--bgcolors`.

/// A page that is the same for every viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Background {
    pub(crate) top: String,
    pub(crate) bottom: String,
}

impl Background {
    /// A gradient by its name (`yellow`, `blue`, `green`, `grey`) or one colour as `#rrggbb`.
    pub fn named(name: &str) -> Option<Self> {
        let (top, bottom) = match name {
            "yellow" => ("#eeeeee", "#eeeeb0"),
            "blue" => ("#eeeeee", "#e0e0ff"),
            "green" => ("#eef2ee", "#e0ffe0"),
            "grey" | "gray" => ("#f8f8f8", "#e8e8e8"),
            colour if is_hex_colour(colour) => (colour, colour),
            _ => return None,
        };
        Some(Self { top: top.into(), bottom: bottom.into() })
    }
}

fn is_hex_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}
