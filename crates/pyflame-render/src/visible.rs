//! Text that can stand in XML and shows what it holds.
//!
//! XML 1.0 (section 2.2) forbids most control characters and U+FFFE/U+FFFF even as references,
//! and the bidirectional controls of Unicode (UAX #9) can reorder what surrounds them. Names come
//! from programs that we did not write, so each of these is shown as a visible stand-in, and text
//! that runs from right to left is put between isolates.

use std::fmt::Write as _;

/// Appends `text` so that it can stand in XML content and between double quotes.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let isolated = !text.is_ascii() && text.chars().any(runs_right_to_left);
    if isolated {
        out.push('\u{2068}');
    }
    let mut rest = text;
    // Most text is plain, and is copied as it is.
    while let Some(plain) = rest.bytes().position(|byte| !is_plain(byte)) {
        let (before, special) = rest.split_at(plain);
        out.push_str(before);
        let mut characters = special.chars();
        match characters.next() {
            Some('&') => out.push_str("&amp;"),
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('"') => out.push_str("&quot;"),
            Some('\'') => out.push_str("&#39;"),
            Some(character) => push_visible(out, character),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    if isolated {
        out.push('\u{2069}');
    }
}

/// Appends `text` so that it can stand on a terminal.
pub(crate) fn push_visible_text(out: &mut String, text: &str) {
    for character in text.chars() {
        push_visible(out, character);
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')
}

fn push_visible(out: &mut String, character: char) {
    match character {
        // Unicode has a picture for each C0 control and for DEL.
        '\0'..='\u{1f}' => out.push(picture_of_control(u32::from(character))),
        '\u{7f}' => out.push('\u{2421}'),
        _ if reorders(character) || is_invisible_control(character) => {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        }
        _ => out.push(character),
    }
}

fn picture_of_control(code: u32) -> char {
    char::from_u32(0x2400 + code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Embeddings, overrides, isolates and marks: they act on text that is not theirs.
fn reorders(character: char) -> bool {
    matches!(character,
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// C1 controls, line and paragraph separators, the byte order mark and noncharacters.
fn is_invisible_control(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        || u32::from(character) & 0xfffe == 0xfffe
}

/// The blocks of the scripts that are written from right to left.
fn runs_right_to_left(character: char) -> bool {
    matches!(character,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Cuts `text` to at most `most` characters, the last of which is then an ellipsis.
pub(crate) fn shorten(text: &str, most: usize) -> (&str, bool) {
    if text.char_indices().nth(most).is_none() {
        return (text, false);
    }
    let end = text.char_indices().nth(most.saturating_sub(1)).map_or(0, |(end, _)| end);
    (text.get(..end).unwrap_or_default(), true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{push_escaped, shorten};

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        push_escaped(&mut out, text);
        out
    }

    #[test]
    fn markup_and_quotes_become_text() {
        assert_eq!(escaped("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
    }

    #[test]
    fn control_characters_are_shown_and_not_sent() {
        assert_eq!(escaped("a\0b\nc\u{7f}d\u{85}"), "a\u{2400}b\u{240a}c\u{2421}d\\u0085");
    }

    #[test]
    fn text_cannot_reorder_its_neighbours() {
        assert_eq!(escaped("a\u{202e}b"), "a\\u202eb");
        assert_eq!(escaped("\u{5d0}\u{5d1}"), "\u{2068}\u{5d0}\u{5d1}\u{2069}");
    }

    #[test]
    fn shortening_counts_characters_and_not_bytes() {
        assert_eq!(shorten("\u{e4}\u{e4}\u{e4}", 2), ("\u{e4}", true));
        assert_eq!(shorten("abc", 3), ("abc", false));
        assert_eq!(shorten("abc", 0), ("", true));
    }

    proptest! {
        #[test]
        fn escaped_text_holds_only_what_xml_allows(text in any::<String>()) {
            let escaped = escaped(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let forbidden = |c: char| c.is_control() || u32::from(c) & 0xfffe == 0xfffe;
            prop_assert!(!escaped.chars().any(forbidden));
        }
    }
}
