//! Draws profiles: a merged call tree becomes an interactive flame graph in one SVG file.
//!
//! You give a [`Tree`](pyflame_profile::Tree) and [`SvgOptions`]; you get a picture that stands
//! alone: it needs no other file, no network and no browser to be made. Where scripts may run it
//! zooms, searches and shows details; where they may not, it is drawn all the same, fits the
//! width it is given and names every frame on hover. The same tree and options give the same
//! bytes.
//!
//! For paper, [`pdf`] draws the same picture as one page; for a terminal, [`text`] writes the widest
//! frames of the same tree.
//!
//! This crate reads no profile and no clock; it knows nothing of how stacks are captured.
//!
//! ```
//! use pyflame_profile::{View, parse_folded};
//! use pyflame_render::{SvgOptions, svg};
//!
//! let (profile, _) = parse_folded("main;parse 3\nmain;write 1\n");
//! let mut options = SvgOptions::default();
//! options.title = "convert.py".into();
//! let mut picture = Vec::new();
//! svg(&View::default().tree(&profile), &options, &mut picture)?;
//! assert!(String::from_utf8(picture)?.contains("parse"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod encoding;
mod error;
mod figure;
mod flamegraph_args;
mod getopt;
mod layout;
mod name_attributes;
mod options;
mod palette;
mod pdf;
mod picture;
mod source;
mod svg;
mod text;
mod visible;

pub use error::RenderError;
pub use figure::change;
pub use name_attributes::{FrameAttributes, NameAttributes};
pub use options::{Medium, MinWidth, Orientation, SvgOptions};
pub use palette::{Background, Palette, Variation};
pub use pdf::pdf;
pub use source::SourceLines;
pub use svg::svg;
pub use text::{TextOptions, text};
