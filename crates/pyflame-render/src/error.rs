//! What can keep a picture from being drawn.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no picture.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The place that the picture is written to does not take it.
    #[error("failed to write the picture")]
    Write(#[source] io::Error),
    /// An argument that flamegraph.pl does not know.
    #[error("unknown flamegraph.pl option `{0}`; `pyflame -a --help` lists those there are")]
    UnknownOption(String),
    /// An abbreviation that several options begin with.
    #[error("flamegraph.pl option `{option}` is short for several: {candidates}; write it out")]
    AmbiguousOption {
        /// The option as given.
        option: String,
        /// What it could mean.
        candidates: String,
    },
    /// An option without the value that belongs to it.
    #[error("flamegraph.pl option `{0}` needs a value")]
    MissingValue(String),
    /// A value for an option that takes none.
    #[error("flamegraph.pl option `{0}` takes no value")]
    UnexpectedValue(String),
    /// A value that is not of the kind that the option takes.
    #[error("flamegraph.pl option `{option}` takes {expected}, not `{value}`")]
    InvalidValue {
        /// The option as given.
        option: String,
        /// What it takes.
        expected: &'static str,
        /// What it was given.
        value: String,
    },
    /// An argument that is no option: flamegraph.pl would read it as an input file.
    #[error("`{0}` is no flamegraph.pl option; the profile is the only input")]
    UnexpectedArgument(String),
    /// `--help` was asked for; the text lists the options.
    #[error("{0}")]
    Help(&'static str),
    /// A file of name attributes can't be read.
    #[error("failed to read the name attributes in `{path}`")]
    NameAttributes {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line of a file of name attributes is not `name<tab>attribute=value<tab>…`.
    #[error("`{path}` line {line}: expected a name, a tab and `attribute=value` pairs")]
    NameAttributesFormat {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
    },
    /// The file that colours are kept in can't be read or written.
    #[error("failed to keep colours in `{path}`")]
    PaletteFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
