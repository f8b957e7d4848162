//! Text in Helvetica: its bytes in WinAnsiEncoding (ISO 32000-1, annex D.2; that is Windows-1252),
//! and how wide it is by Adobe's metrics of the font (Core 14 AFM files, version 2.0).

use pdf_writer::Name;

use crate::visible::push_visible_text;

/// A font of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Regular,
    Bold,
    Oblique,
    BoldOblique,
}

impl Face {
    pub(super) const ALL: [Self; 4] = [Self::Regular, Self::Bold, Self::Oblique, Self::BoldOblique];

    /// As the page calls it.
    pub(super) fn name(self) -> Name<'static> {
        Name(match self {
            Self::Regular => b"R",
            Self::Bold => b"B",
            Self::Oblique => b"I",
            Self::BoldOblique => b"J",
        })
    }

    /// As readers know it.
    pub(super) fn font(self) -> Name<'static> {
        Name(match self {
            Self::Regular => b"Helvetica",
            Self::Bold => b"Helvetica-Bold",
            Self::Oblique => b"Helvetica-Oblique",
            Self::BoldOblique => b"Helvetica-BoldOblique",
        })
    }

    /// How wide encoded text is at a size of 1.
    pub(super) fn width(self, text: &[u8]) -> f32 {
        let widths = match self {
            Self::Regular | Self::Oblique => &REGULAR,
            Self::Bold | Self::BoldOblique => &BOLD,
        };
        let width = |byte: &u8| widths.get(usize::from(*byte).wrapping_sub(32)).copied();
        text.iter().filter_map(width).map(f32::from).sum::<f32>() / 1000.0
    }

    /// As much of `text` as is at most `room` wide at a size of 1, with an ellipsis where something
    /// is cut off; nothing where there is no room for two characters and the ellipsis.
    pub(super) fn shortened(self, text: &str, room: f32) -> Option<Vec<u8>> {
        let mut bytes = encoded(text);
        if self.width(&bytes) <= room {
            return Some(bytes);
        }
        let mut used = self.width(&[ELLIPSIS]);
        let mut fits = |byte: &u8| {
            used += self.width(&[*byte]);
            used <= room
        };
        let kept = bytes.iter().take_while(|byte| fits(byte)).count();
        bytes.truncate(kept);
        bytes.push(ELLIPSIS);
        (kept >= 2).then_some(bytes)
    }
}

/// `text` in the font's encoding.
pub(super) fn encoded(text: &str) -> Vec<u8> {
    let mut visible = String::with_capacity(text.len());
    push_visible_text(&mut visible, text);
    visible.replace('\u{2192}', "->").chars().map(byte).collect()
}

fn byte(character: char) -> u8 {
    match u8::try_from(character) {
        Ok(byte @ (0x20..=0x7e | 0xa0..)) => byte,
        _ => match WINDOWS.iter().position(|known| *known == character) {
            Some(index) => 0x80 + u8::try_from(index).unwrap_or(0),
            None => b'?',
        },
    }
}

const ELLIPSIS: u8 = 0x85;

/// The characters from 0x80 on, where Windows-1252 is not Latin-1; a space where it has none.
const WINDOWS: [char; 32] = [
    '€', ' ', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', ' ', 'Ž', ' ', ' ', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', ' ', 'ž', 'Ÿ',
];

/// Widths of the bytes from 32 on, in thousandths of the size.
#[rustfmt::skip]
const REGULAR: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::{Face, encoded};

    #[test]
    fn text_is_encoded_as_far_as_the_font_goes() {
        assert_eq!(encoded("a\u{b7}\u{e9}\u{2026}\u{178}"), b"a\xb7\xe9\x85\x9f");
        assert_eq!(encoded("a \u{2192} \u{4e2d}"), b"a -> ?");
        assert_eq!(encoded("a\u{202e}b\nc"), b"a\\u202eb?c");
    }

    #[test]
    fn widths_are_those_of_the_font() {
        // H 722, e 556, l 222, l 222, o 556.
        assert!((Face::Regular.width(b"Hello") - 2.278).abs() < 1e-6);
        // H 722, e 556, l 278, l 278, o 611.
        assert!((Face::BoldOblique.width(b"Hello") - 2.445).abs() < 1e-6);
    }

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis_within_its_room() {
        let shortened = |room| Face::Regular.shortened("function", room);
        assert_eq!(shortened(4.0).as_deref(), Some(b"function".as_slice()));
        assert_eq!(shortened(2.2).as_deref(), Some(b"fu\x85".as_slice()));
        assert_eq!(shortened(1.8), None);
        for text in ["function", "WWWW", "iiiiiiiiii"] {
            let shortened = Face::Bold.shortened(text, 2.9).unwrap();
            assert!(Face::Bold.width(&shortened) <= 2.9);
        }
    }
}
