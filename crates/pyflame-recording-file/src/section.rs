//! What the payload of a chunk of rows consists of: sections, each a number that says which, a
//! length and as many bytes. Readers pass over those that they don't know, and over what follows
//! the last field that they know of a section without rows.

use crate::cursor::{Cursor, Senseless};
use crate::varint::put;

/// Which rows a section has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Strings,
    Functions,
    Frames,
    Stacks,
    Threads,
    Labels,
    Samples,
    Meta,
    Process,
}

impl Section {
    const ALL: [Self; 9] = [
        Self::Strings,
        Self::Functions,
        Self::Frames,
        Self::Stacks,
        Self::Threads,
        Self::Labels,
        Self::Samples,
        Self::Meta,
        Self::Process,
    ];

    fn code(self) -> u64 {
        match self {
            Self::Strings => 1,
            Self::Functions => 2,
            Self::Frames => 3,
            Self::Stacks => 4,
            Self::Threads => 5,
            Self::Labels => 6,
            Self::Samples => 7,
            Self::Meta => 8,
            Self::Process => 9,
        }
    }

    /// Appends a section, unless it is empty.
    pub(crate) fn put(self, out: &mut Vec<u8>, bytes: &[u8]) {
        if !bytes.is_empty() {
            put(out, self.code());
            put(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
    }

    /// The next section; `None` for one that is not known.
    pub(crate) fn take<'a>(
        cursor: &mut Cursor<'a>,
    ) -> Result<(Option<Self>, Cursor<'a>), Senseless> {
        let code = cursor.number()?;
        let content = Cursor::new(cursor.bytes()?);
        Ok((Self::ALL.into_iter().find(|section| section.code() == code), content))
    }
}
