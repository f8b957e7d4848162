//! Takes numbers and texts out of bytes that may be anything.

use std::num::TryFromIntError;

/// Why bytes make no sense: the part of a sentence after "a chunk makes no sense:".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Senseless(pub(crate) &'static str);

impl From<TryFromIntError> for Senseless {
    fn from(_: TryFromIntError) -> Self {
        Self("a number is too large")
    }
}

/// Bytes and how far they have been read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn number(&mut self) -> Result<u64, Senseless> {
        let mut value = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(Senseless("it ends too soon"))?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Senseless("a number is too large"))
    }

    pub(crate) fn small(&mut self) -> Result<u32, Senseless> {
        Ok(u32::try_from(self.number()?)?)
    }

    /// What [`crate::varint::put_difference`] wrote.
    pub(crate) fn small_from(&mut self, from: u32) -> Result<u32, Senseless> {
        let difference = self.number()?;
        let difference = (difference >> 1).cast_signed() ^ -(difference & 1).cast_signed();
        Ok(u32::try_from(i64::from(from).saturating_add(difference))?)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Senseless> {
        let length = usize::try_from(self.number()?)?;
        let parts = self.rest.split_at_checked(length).ok_or(Senseless("it ends too soon"))?;
        self.rest = parts.1;
        Ok(parts.0)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Senseless> {
        str::from_utf8(self.bytes()?).map_err(|_| Senseless("a text is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Cursor, Senseless};
    use crate::varint::{put, put_difference, put_text};

    proptest! {
        #[test]
        fn what_is_put_is_read(value: u64, from: u32, to: u32, text: String) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            put_difference(&mut bytes, from, to);
            put_text(&mut bytes, &text);
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.number(), Ok(value));
            prop_assert_eq!(cursor.small_from(from), Ok(to));
            prop_assert_eq!(cursor.text(), Ok(&*text));
            prop_assert!(cursor.is_at_end());
        }
    }

    #[test]
    fn numbers_and_lengths_that_lie_are_errors() {
        let number = |bytes: &[u8]| Cursor::new(bytes).number();
        assert_eq!(number(&[0x80]), Err(Senseless("it ends too soon")));
        assert_eq!(number(&[0xff; 12]), Err(Senseless("a number is too large")));
        let too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(number(&too_large), Err(Senseless("a number is too large")));
        assert!(Cursor::new(&[9, b'x']).text().is_err());
        assert!(Cursor::new(&[1, 0xff]).text().is_err());
        assert!(Cursor::new(&[3]).small_from(1).is_err(), "1 - 2 is not a row");
        assert!(Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).small().is_err());
    }
}
