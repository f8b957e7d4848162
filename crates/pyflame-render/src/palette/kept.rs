//! Colours that are kept from picture to picture: flamegraph.pl's `palette.map`.
//!
//! A line is `name->colour`. The file is read before and written after a picture.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;

use crate::RenderError;

#[derive(Debug, Default)]
pub(crate) struct KeptColours(BTreeMap<String, String>);

impl KeptColours {
    /// Reads the file; one that is not there yet holds nothing.
    pub(crate) fn read(path: &Path) -> Result<Self, RenderError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(RenderError::PaletteFile { path: path.into(), source }),
        }
    }

    fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once("->"));
        Self(pairs.map(|(name, colour)| (name.into(), colour.into())).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn keep(&mut self, name: String, colour: String) {
        self.0.insert(name, colour);
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), RenderError> {
        let text = self.0.iter().fold(String::new(), |mut text, (name, colour)| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}->{colour}");
            text
        });
        std::fs::write(path, text)
            .map_err(|source| RenderError::PaletteFile { path: path.into(), source })
    }
}
