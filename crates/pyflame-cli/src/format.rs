//! The formats that a profile is saved in, and the file extensions that mean them.

use std::path::Path;

/// A format that a profile is saved in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// An interactive flame graph.
    #[default]
    Svg,
    /// The same as a page, to print.
    Pdf,
    /// A line for each stack, for other tools.
    Folded,
    /// A recording, with everything that is known.
    Recording,
}

impl Format {
    /// The names of all formats, as a message lists them.
    pub(crate) const NAMES: &str = "svg, pdf, folded or pyflame";

    /// The format with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "svg" => Some(Self::Svg),
            "pdf" => Some(Self::Pdf),
            "folded" => Some(Self::Folded),
            "pyflame" => Some(Self::Recording),
            _ => None,
        }
    }

    /// The format that a file's extension means: a picture where there is no extension, nothing
    /// where it is one that we don't know.
    ///
    /// ```
    /// use pyflame_cli::Format;
    /// assert_eq!(Format::of_path("run.SVG".as_ref()), Some(Format::Svg));
    /// assert_eq!(Format::of_path("run.txt".as_ref()), Some(Format::Folded));
    /// assert_eq!(Format::of_path("/dev/stdout".as_ref()), Some(Format::Svg));
    /// assert_eq!(Format::of_path("run.png".as_ref()), None);
    /// ```
    pub fn of_path(path: &Path) -> Option<Self> {
        let Some(extension) = path.extension() else { return Some(Self::Svg) };
        match extension.to_str()?.to_ascii_lowercase().as_str() {
            "svg" => Some(Self::Svg),
            "pdf" => Some(Self::Pdf),
            "folded" | "txt" => Some(Self::Folded),
            "pyflame" => Some(Self::Recording),
            _ => None,
        }
    }

    /// The extension that files of this format get.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Pdf => "pdf",
            Self::Folded => "folded",
            Self::Recording => "pyflame",
        }
    }
}
