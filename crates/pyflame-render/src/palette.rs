//! Which colour a frame gets.
//!
//! Special frames come first (separators, differences, colours kept in a file), then the palette.

mod background;
mod classic;
mod kept;
mod python;

use std::borrow::Cow;
use std::path::Path;

use pyflame_profile::{Label, Node, Tree};

use crate::{RenderError, SvgOptions};

pub use background::Background;
pub(crate) use classic::UNCHANGED;
pub use classic::Variation;
use kept::KeptColours;
pub(crate) use python::{LEGEND, dark_rules, patterns};

/// The colours of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Palette {
    /// Ours: whose code it is, at a glance.
    #[default]
    Python,
    /// Red to yellow.
    Hot,
    /// Greens, for memory.
    Mem,
    /// Blues, for input and output.
    Io,
    /// Aqua, for wake-ups.
    Wakeup,
    /// Blue, wakers aqua.
    Chain,
    /// By what the frames of a Java program look like.
    Java,
    /// By what the frames of a JavaScript program look like.
    Js,
    /// By what the frames of a Perl program look like.
    Perl,
    /// Reds.
    Red,
    /// Greens.
    Green,
    /// Blues.
    Blue,
    /// Aquas.
    Aqua,
    /// Yellows.
    Yellow,
    /// Purples.
    Purple,
    /// Oranges.
    Orange,
}

impl Palette {
    /// Every palette by the name that flamegraph.pl gives it.
    pub const NAMES: [(&'static str, Self); 16] = [
        ("python", Self::Python),
        ("hot", Self::Hot),
        ("mem", Self::Mem),
        ("io", Self::Io),
        ("wakeup", Self::Wakeup),
        ("chain", Self::Chain),
        ("java", Self::Java),
        ("js", Self::Js),
        ("perl", Self::Perl),
        ("red", Self::Red),
        ("green", Self::Green),
        ("blue", Self::Blue),
        ("aqua", Self::Aqua),
        ("yellow", Self::Yellow),
        ("purple", Self::Purple),
        ("orange", Self::Orange),
    ];

    /// The palette of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }
}

/// How a frame is filled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Paint {
    /// The class by which the style sheet darkens it for a dark page; empty for one colour only.
    pub(crate) class: &'static str,
    /// The fill for a light page, and for every page that takes no style sheet.
    pub(crate) fill: Cow<'static, str>,
}

impl Paint {
    pub(crate) fn plain(fill: impl Into<Cow<'static, str>>) -> Self {
        Self { class: "", fill: fill.into() }
    }
}

/// Paints the frames of one picture.
#[derive(Debug)]
pub(crate) struct Painter {
    palette: Palette,
    variation: Variation,
    /// The greatest change of a frame's own value, in a differential picture.
    greatest_change: Option<u64>,
    /// Swaps red and blue.
    negate: bool,
    kept: Option<KeptColours>,
    random: classic::Random,
}

impl Painter {
    pub(crate) fn new(tree: &Tree, options: &SvgOptions) -> Result<Self, RenderError> {
        let kept = options.palette_file.as_deref().map(KeptColours::read).transpose()?;
        Ok(Self {
            palette: options.palette,
            variation: options.variation,
            greatest_change: tree.differential.then(|| greatest_change(tree)),
            // What is less on the way back was more on the way.
            negate: options.negate != tree.backwards,
            kept,
            random: classic::Random::default(),
        })
    }

    /// Whether the legend of our own palette says what the colours mean.
    pub(crate) fn has_legend(&self) -> bool {
        self.palette == Palette::Python && self.greatest_change.is_none()
    }

    pub(crate) fn paint(&mut self, label: &Label, node: &Node) -> Paint {
        match (&*label.name, self.greatest_change) {
            ("--", _) => return Paint::plain("rgb(160,160,160)"),
            ("-", _) => return Paint::plain("rgb(200,200,200)"),
            (_, Some(greatest)) => {
                return Paint::plain(classic::difference(
                    node.self_value,
                    node.self_before,
                    greatest,
                    self.negate,
                ));
            }
            _ => {}
        }
        let Some(kept) = &self.kept else { return self.of_palette(label) };
        let name = label.text();
        if let Some(fill) = kept.get(&name) {
            return Paint::plain(fill.to_owned());
        }
        let paint = self.of_palette(label);
        if let Some(kept) = &mut self.kept {
            kept.keep(name, paint.fill.to_string());
        }
        paint
    }

    /// What a legend shows for a category.
    pub(crate) fn sample(category: pyflame_profile::Category) -> Paint {
        python::paint(category, "")
    }

    fn of_palette(&mut self, label: &Label) -> Paint {
        if self.palette == Palette::Python {
            return python::paint(label.category, &label.name);
        }
        let text = label.text();
        let name = if *label.name == *"all" { "" } else { &text };
        let variation = self.variation.values(name, &mut self.random);
        Paint::plain(classic::fill(self.palette, name, variation))
    }

    /// Writes the file of colours, where there is one.
    pub(crate) fn keep(&self, path: Option<&Path>) -> Result<(), RenderError> {
        match (&self.kept, path) {
            (Some(kept), Some(path)) => kept.write(path),
            _ => Ok(()),
        }
    }
}

fn greatest_change(tree: &Tree) -> u64 {
    tree.iter().map(|node| node.self_value.abs_diff(node.self_before)).max().unwrap_or(0)
}
