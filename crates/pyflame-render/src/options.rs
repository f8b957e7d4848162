//! What a caller can choose about a picture.

use std::path::PathBuf;

use crate::RenderError;
use crate::flamegraph_args;
use crate::name_attributes::NameAttributes;
use crate::palette::{Background, Palette, Variation};
use crate::picture::SIDE;
use crate::source::SourceLines;

/// Which way stacks grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// Callers at the bottom, callees above them: a flame graph.
    #[default]
    Flame,
    /// Callers at the top, callees below them: an icicle graph.
    Icicle,
}

/// What shows a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// A browser, as a page.
    #[default]
    Page,
    /// A browser, as an image of a page: there, scripts and hover titles do nothing, and are left
    /// out.
    Image,
}

/// From which width on a frame is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinWidth {
    /// Pixels, of 1,200 in a picture that takes any width.
    Pixels(f64),
    /// Percent of the whole.
    Percent(f64),
}

/// The width of a picture where it must have one and nobody says which.
pub(crate) const USUAL_WIDTH: u32 = 1200;

/// There are two reasons, and a profile does not say which: what the caller took out, since it is
/// around the work and not part of it, is no longer there.
const NOTHING: [&str; 2] =
    ["Nothing was sampled", "It was over too soon, or only Python's own work around it was seen."];

/// How a picture is drawn. Lengths are CSS pixels.
///
/// ```
/// use pyflame_render::{Orientation, SvgOptions};
/// let mut options = SvgOptions::default();
/// options.title = "train.py".into();
/// options.orientation = Orientation::Icicle;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SvgOptions {
    /// The heading; empty for "Flame Graph" or what fits the other options.
    pub title: String,
    /// The line below the heading, for the facts of the recording.
    pub subtitle: String,
    /// A comment in the file; must not hold `<` or `>`.
    pub notes: String,
    /// What stands where frames would, if there are none: a headline, and a line below it.
    pub nothing: [&'static str; 2],
    /// Which way stacks grow.
    pub orientation: Orientation,
    /// Draws what was innermost at the root, [`Tree::reversed`](pyflame_profile::Tree::reversed).
    pub reverse: bool,
    /// The tree is in order of time. Readers place frames so; the renderer only titles it.
    pub flame_chart: bool,
    /// Width of the picture; `None` fills the width of whatever shows it.
    pub width: Option<u32>,
    /// What shows the picture.
    pub medium: Medium,
    /// Source of the lines that hover titles name, for files that nobody can open.
    pub sources: SourceLines,
    /// Height of a frame, the gap to the next one included.
    pub frame_height: u32,
    /// Narrower frames are left out, and counted below the heading.
    pub min_width: MinWidth,
    /// Name of the font; empty for the system's own.
    pub font: String,
    /// Size of the text on frames.
    pub font_size: f64,
    /// Average width of a character as a share of the font's size.
    pub font_width: f64,
    /// What a tree of counts counts.
    pub count_name: String,
    /// What stands before the name in the details of a frame.
    pub name_type: String,
    /// What shown values are multiplied with.
    pub factor: f64,
    /// What the full width stands for, where that is more than the sum of the values.
    pub total: Option<f64>,
    /// The colours of frames.
    pub palette: Palette,
    /// What makes the colours of one palette differ; [`Palette::Python`] has its own way.
    pub variation: Variation,
    /// Shows less as red and more as blue in a differential picture.
    pub negate: bool,
    /// The page behind the frames; `None` follows the viewer's preference for light or dark.
    pub background: Option<Background>,
    /// A file that colours are taken from and added to, so that pictures agree on them.
    pub palette_file: Option<PathBuf>,
    /// Attributes of the frames of single functions.
    pub name_attributes: NameAttributes,
    /// What the file says its encoding is; whatever it is, only ASCII is written then.
    pub encoding: Option<String>,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self {
            title: String::new(),
            subtitle: String::new(),
            notes: String::new(),
            nothing: NOTHING,
            orientation: Orientation::Flame,
            reverse: false,
            flame_chart: false,
            width: None,
            medium: Medium::Page,
            sources: SourceLines::default(),
            frame_height: 16,
            min_width: MinWidth::Pixels(0.1),
            font: String::new(),
            font_size: 12.0,
            font_width: 0.59,
            count_name: "samples".into(),
            name_type: String::new(),
            factor: 1.0,
            total: None,
            palette: Palette::Python,
            variation: Variation::Name,
            negate: false,
            background: None,
            palette_file: None,
            name_attributes: NameAttributes::default(),
            encoding: None,
        }
    }
}

impl SvgOptions {
    /// Reads the argument list of flamegraph.pl as Perl's `Getopt::Long` reads it: any case, unique
    /// abbreviations, `-o v`, `--o v`, `--o=v`.
    ///
    /// The meaning is the script's. Three defaults are not: the width is whatever shows the
    /// picture has, the palette is [`Palette::Python`], and the page follows the viewer.
    ///
    /// # Errors
    /// Fails for what the script does not know or can't use, and for what it would take in
    /// silence and draw wrongly (an unknown palette); names the option and the value.
    ///
    /// ```
    /// use pyflame_render::SvgOptions;
    /// let arguments = ["-title", "slow.py", "--minw=0.5%"].map(String::from);
    /// assert_eq!(SvgOptions::parse_flamegraph_args(&arguments)?.title, "slow.py");
    /// # Ok::<(), pyflame_render::RenderError>(())
    /// ```
    pub fn parse_flamegraph_args(arguments: &[String]) -> Result<Self, RenderError> {
        flamegraph_args::parse(arguments)
    }

    /// The narrowest share of the whole that is drawn. Readers of huge inputs need not keep what
    /// is below it.
    pub fn min_share(&self) -> f64 {
        match self.min_width {
            MinWidth::Pixels(pixels) => {
                let width = self.width.unwrap_or(USUAL_WIDTH);
                let frames = f64::from(width) - f64::from(2 * SIDE);
                pixels / frames.max(1.0)
            }
            MinWidth::Percent(percent) => percent / 100.0,
        }
    }

    /// The heading that is drawn.
    pub(crate) fn heading(&self) -> &str {
        match (self.title.as_str(), self.flame_chart, self.orientation) {
            ("", true, _) => "Flame Chart",
            ("", _, Orientation::Flame) => "Flame Graph",
            ("", _, Orientation::Icicle) => "Icicle Graph",
            (title, ..) => title,
        }
    }
}
