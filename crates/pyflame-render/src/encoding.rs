//! UTF-8 written as ASCII, with references for everything beyond it.
//!
//! A picture that declares an encoding of its user's choice is right in any encoding that agrees
//! with ASCII, whatever encodings we know. References are not read inside CDATA sections; what
//! stands there is ours and ASCII.

use std::io::{self, Write};

/// Passes ASCII on and writes every other character as `&#xHEX;`.
#[derive(Debug)]
pub(crate) struct AsciiWriter<W> {
    out: W,
    /// The beginning of a character whose rest has not come yet.
    pending: Vec<u8>,
}

impl<W: Write> AsciiWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, pending: Vec::new() }
    }
}

impl<W: Write> Write for AsciiWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            let ascii = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            if self.pending.is_empty() && ascii > 0 {
                self.out.write_all(&rest[..ascii])?;
                rest = &rest[ascii..];
                continue;
            }
            self.pending.push(first);
            rest = &rest[1..];
            if let Ok(text) = std::str::from_utf8(&self.pending) {
                for character in text.chars() {
                    write!(self.out, "&#x{:x};", u32::from(character))?;
                }
                self.pending.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::AsciiWriter;

    #[test]
    fn characters_become_references_however_their_bytes_come() {
        let mut out = Vec::new();
        let mut writer = AsciiWriter::new(&mut out);
        for byte in "a\u{e4}\u{1f525}b".bytes() {
            writer.write_all(&[byte]).unwrap();
        }
        assert_eq!(out, b"a&#xe4;&#x1f525;b");
    }
}
