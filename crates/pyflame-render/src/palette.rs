//! Which colour a frame gets.

mod python;

pub(crate) use python::{LEGEND, dark_rules, paint, patterns};

/// How a frame is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    /// The class by which the style sheet darkens it for a dark page.
    pub(crate) class: &'static str,
    /// The fill for a light page, and for every page that takes no style sheet.
    pub(crate) fill: &'static str,
}
