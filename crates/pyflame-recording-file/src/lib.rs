//! Recordings as files (`.pyflame`): compact, appended while they grow, readable after a crash.
//!
//! You give a [`Profile`] and get bytes ([`write()`]), or give it again and again while it grows and
//! get what is new ([`Writer`], [`Encoder`]). You give bytes, whatever they are, and get what is
//! readable and what is lost ([`read`]).
//!
//! A file is a header and a row of chunks. A chunk stands for itself: it says how long it is, has
//! checksums, and belongs to one of several numbered parts, so that the processes of a tree can
//! write into one file. It holds rows that are new in the tables of its part, and by how much the
//! sums have grown. `docs/recording-format.md` describes every byte, and says what later versions
//! may change.
//!
//! This crate is pure: no files and no clock. Bytes that are read are hostile: nothing is
//! allocated because a number says so, and what is unpacked is bounded by the size of the file.
//!
//! ```
//! let (profile, _) = pyflame_profile::parse_folded("main;work 3\nmain;rest 1\n");
//! let bytes = pyflame_recording_file::write(&profile);
//! let reading = pyflame_recording_file::read(&bytes)?;
//! assert!(reading.lost.is_empty());
//! assert_eq!(reading.into_profile().totals(), profile.totals());
//! # Ok::<(), pyflame_recording_file::ReadError>(())
//! ```
//!
//! [`Profile`]: pyflame_profile::Profile
#![forbid(unsafe_code)]

mod chunk;
mod codes;
mod cursor;
mod decoder;
mod encoder;
mod header;
mod lost;
mod numbered;
mod packing;
mod part;
mod reader;
mod rows;
mod section;
mod varint;
mod writer;

pub use decoder::Decoder;
pub use encoder::{Encoder, NotContinued};
pub use header::{HEADER, ReadError, is_recording};
pub use lost::{Damage, Lost, Reason};
pub use reader::{Reading, read};
pub use writer::{WriteError, Writer, write, write_hastily};

#[cfg(test)]
mod tests;
