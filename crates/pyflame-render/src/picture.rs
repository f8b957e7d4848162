//! What every format draws, and where: one picture, laid out and painted.
//!
//! Lengths are CSS pixels, from the upper left corner of the page. Across, places are shares of the
//! width that the frames have, since an SVG picture takes any width.

use std::collections::BTreeMap;
use std::io;

use pyflame_profile::{Category, Tree, Unit};

use crate::figure::{Figures, push_count, push_share};
use crate::layout::{Layout, Placed};
use crate::palette::{LEGEND, Paint, Painter, UNCHANGED};
use crate::{Orientation, RenderError, SvgOptions};

/// Space left and right of the frames in a picture of fixed width.
pub(crate) const SIDE: u32 = 10;
/// Rows above the frames: heading, facts or details, legend or figures.
pub(crate) const HEADER: u32 = 84;
const FOOTER: u32 = 12;
/// Height of the message that stands where frames would.
pub(crate) const MESSAGE: u32 = 72;

/// Places are in units of a ten-millionth of a percent: exact enough for the script to zoom into
/// the narrowest frame.
pub(crate) const FULL: u64 = 100 * PER_CENT;
pub(crate) const PER_CENT: u64 = 10_000_000;
/// From this share on a frame gets an edge; on narrower ones the edge would be all there is.
pub(crate) const EDGE_FROM: u64 = FULL / 400;

/// What every piece of the picture is drawn from.
pub(crate) struct Picture<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) options: &'a SvgOptions,
    pub(crate) layout: Layout,
    /// The fill of each frame of the layout.
    paints: Vec<Paint>,
    pub(crate) figures: Figures<'a>,
    pub(crate) has_legend: bool,
}

/// A frame's stretch of the full width, in units of [`FULL`].
#[derive(Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) start: u64,
    pub(crate) width: u64,
}

/// Lays `tree` out and has it written.
///
/// # Errors
/// Fails where `write` does, and where the options name a file of colours that can't be used.
pub(crate) fn draw(
    tree: &Tree,
    options: &SvgOptions,
    write: impl FnOnce(&Picture<'_>) -> io::Result<()>,
) -> Result<(), RenderError> {
    if options.reverse {
        let mut options = options.clone();
        options.reverse = false;
        return draw(&tree.reversed(), &options, write);
    }
    let mut painter = Painter::new(tree, options)?;
    let picture = Picture::new(tree, options, &mut painter);
    write(&picture).map_err(RenderError::Write)?;
    painter.keep(options.palette_file.as_deref())
}

impl<'a> Picture<'a> {
    fn new(tree: &'a Tree, options: &'a SvgOptions, painter: &mut Painter) -> Self {
        let layout = Layout::new(tree, whole(tree, options), options.min_share());
        let paint = |node| painter.paint(tree.label(node), tree.node(node));
        let paints = layout.frames.iter().map(|placed| placed.node).map(paint).collect();
        let figures = Figures {
            unit: tree.unit,
            scale: tree.scale,
            factor: options.factor,
            count_name: &options.count_name,
        };
        Self { tree, options, layout, paints, figures, has_legend: painter.has_legend() }
    }

    pub(crate) fn height(&self) -> u32 {
        HEADER + self.stage_height() + FOOTER
    }

    pub(crate) fn stage_height(&self) -> u32 {
        match self.layout.rows {
            0 => MESSAGE,
            rows => rows.saturating_mul(self.options.frame_height),
        }
    }

    /// Upper edge of a frame within the stage.
    pub(crate) fn row_top(&self, depth: u32) -> u32 {
        let row = match self.options.orientation {
            Orientation::Icicle => depth,
            Orientation::Flame => self.layout.rows - 1 - depth,
        };
        row * self.options.frame_height
    }

    /// From the upper edge of a frame to the foot of its label's letters.
    pub(crate) fn baseline(&self) -> f64 {
        f64::from(self.options.frame_height - 1) / 2.0 + self.options.font_size * 0.35
    }

    pub(crate) fn is_timed(&self) -> bool {
        self.tree.unit == Unit::Nanoseconds
    }

    /// Frames of one colour together, which takes fewer bytes than a colour each. The order among
    /// frames of one group is that of the layout.
    pub(crate) fn frames_by_paint(&self) -> BTreeMap<&Paint, Vec<Placed>> {
        let mut groups: BTreeMap<&Paint, Vec<Placed>> = BTreeMap::new();
        for (placed, paint) in self.painted_frames() {
            groups.entry(paint).or_default().push(placed);
        }
        groups
    }

    /// The frames in the order of the layout.
    pub(crate) fn painted_frames(&self) -> impl Iterator<Item = (Placed, &Paint)> {
        self.layout.frames.iter().copied().zip(&self.paints)
    }

    pub(crate) fn stretch(&self, placed: Placed) -> Stretch {
        let scaled = |value| scale(value, self.layout.total.max(1));
        let node = self.tree.node(placed.node);
        let start = scaled(node.start);
        // The root stands for everything, also where that is more than the tree holds.
        let end = if placed.depth == 0 {
            self.layout.total
        } else {
            node.start.saturating_add(node.total)
        };
        // Both ends are rounded and not the width, so that neighbours touch.
        Stretch { start, width: scaled(end).saturating_sub(start) }
    }

    /// The caller's facts, and ours: what the picture leaves out.
    pub(crate) fn facts(&self) -> String {
        let mut facts = self.options.subtitle.clone();
        let missing = self.layout.left_out;
        if missing.nodes > 0 {
            facts.push_str(if facts.is_empty() { "" } else { " \u{b7} " });
            push_count(&mut facts, missing.nodes);
            facts.push_str(if missing.nodes == 1 { " frame" } else { " frames" });
            facts.push_str(" too narrow to draw (");
            push_share(&mut facts, missing.value, self.layout.total);
            facts.push(')');
        }
        facts
    }

    /// What the colours mean, as far as they occur.
    pub(crate) fn legend(&self) -> Vec<(Paint, &'static str)> {
        if self.has_legend {
            let occurring = LEGEND.into_iter().filter(|(category, _)| self.occurs(*category));
            occurring.map(|(category, name)| (Painter::sample(category), name)).collect()
        } else if self.tree.differential {
            let (red, blue) = ("rgb(255,80,80)", "rgb(80,80,255)");
            let (more, less) = if self.options.negate { (blue, red) } else { (red, blue) };
            let entries = [(more, "more"), (less, "less"), (UNCHANGED, "the same")];
            entries.map(|(fill, name)| (Paint::plain(fill), name)).into()
        } else {
            Vec::new()
        }
    }

    /// The root alone does not make threads worth a line.
    fn occurs(&self, category: Category) -> bool {
        self.layout
            .frames
            .iter()
            .any(|placed| placed.depth > 0 && self.tree.label(placed.node).category == category)
    }
}

/// What the full width stands for, in values of the tree; 0 for its own sum.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a total that someone typed has few digits"
)]
fn whole(tree: &Tree, options: &SvgOptions) -> u64 {
    options.total.map_or(0, |total| (total * tree.scale as f64) as u64)
}

/// `value` in units of [`FULL`].
fn scale(value: u64, total: u64) -> u64 {
    if let Some(product) = value.checked_mul(FULL) {
        return product / total;
    }
    // Of many seconds in nanoseconds, the product needs more bits.
    let exact = u128::from(value) * u128::from(FULL) / u128::from(total);
    u64::try_from(exact).unwrap_or(FULL)
}
