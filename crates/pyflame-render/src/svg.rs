//! The picture, piece by piece, as one SVG 1.1 file.
//!
//! All geometry stands in presentation attributes and horizontal places are percentages of the
//! picture's width, so that the picture fits every width without a script and is complete where a
//! Content-Security-Policy takes neither scripts nor style sheets.

mod details;
mod frames;
mod header;

use std::io::{BufWriter, Write};

use pyflame_profile::{Tree, Unit};

use crate::layout::Layout;
use crate::palette::{dark_rules, patterns};
use crate::visible::push_escaped;
use crate::{Orientation, RenderError, SvgOptions};

/// Space left and right of the frames in a picture of fixed width, in pixels.
pub(crate) const SIDE: u32 = 10;
/// Rows above the frames: heading, facts or details, legend or figures.
const HEADER: u32 = 84;
const FOOTER: u32 = 12;
/// Height of the message that stands where frames would.
const MESSAGE: u32 = 72;

const SYSTEM_FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

const SCRIPT: [&str; 7] = [
    include_str!("assets/text.js"),
    include_str!("assets/frames.js"),
    include_str!("assets/details.js"),
    include_str!("assets/zoom.js"),
    include_str!("assets/search.js"),
    include_str!("assets/keyboard.js"),
    include_str!("assets/start.js"),
];

/// What every piece of the picture is drawn from.
struct Picture<'a> {
    tree: &'a Tree,
    options: &'a SvgOptions,
    layout: Layout,
}

/// Writes `tree` as an interactive flame graph.
///
/// # Errors
/// Fails where `out` does.
pub fn svg(tree: &Tree, options: &SvgOptions, out: &mut impl Write) -> Result<(), RenderError> {
    let share = options.min_width / (options.nominal_width() - f64::from(2 * SIDE)).max(1.0);
    let picture = Picture { tree, options, layout: Layout::new(tree, share) };
    let mut out = BufWriter::with_capacity(1 << 16, out);
    picture.write(&mut out)?;
    out.flush()?;
    Ok(())
}

impl Picture<'_> {
    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        self.open(out)?;
        write_style(out)?;
        out.write_all(patterns().as_bytes())?;
        writeln!(out, r##"<rect class="page" width="100%" height="100%" fill="#ffffff"/>"##)?;
        self.write_header(out)?;
        if self.layout.frames.is_empty() {
            self.write_message(out)?;
        } else {
            self.write_frames(out)?;
        }
        write_script(out)?;
        writeln!(out, "</svg>")
    }

    fn open(&self, out: &mut impl Write) -> std::io::Result<()> {
        let height = HEADER + self.stage_height() + FOOTER;
        let size = match self.options.width {
            Some(width) => format!(r#"width="{width}" height="{height}""#),
            None => format!(r#"width="100%" height="{height}""#),
        };
        let mut font = String::new();
        let family = if self.options.font.is_empty() { SYSTEM_FONT } else { &self.options.font };
        push_escaped(&mut font, family);
        let mut heading = String::new();
        push_escaped(&mut heading, self.options.heading());
        writeln!(
            out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pyflame\" {size} \
             font-family=\"{font}\" font-size=\"{}\" fill=\"#1c1c1e\">\n\
             <title>{heading}</title>",
            self.options.font_size
        )
    }

    fn stage_height(&self) -> u32 {
        match self.layout.rows {
            0 => MESSAGE,
            rows => rows.saturating_mul(self.options.frame_height),
        }
    }

    /// The `x` and `width` of everything that keeps to the margins.
    fn column(&self) -> String {
        match self.options.width {
            Some(width) => format!(r#"x="{SIDE}" width="{}""#, width.saturating_sub(2 * SIDE)),
            None => r#"x="1%" width="98%""#.into(),
        }
    }

    /// Upper edge of a frame within the stage.
    fn row_top(&self, depth: u32) -> u32 {
        let row = match self.options.orientation {
            Orientation::Icicle => depth,
            Orientation::Flame => self.layout.rows - 1 - depth,
        };
        row * self.options.frame_height
    }

    fn is_timed(&self) -> bool {
        self.tree.unit == Unit::Nanoseconds
    }

    fn write_message(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(
            out,
            "<svg {} y=\"{HEADER}\" height=\"{MESSAGE}\">\
             <rect class=\"box\" width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#f1f2f4\"/>\
             <text x=\"50%\" y=\"33\" text-anchor=\"middle\" font-weight=\"600\">\
             Nothing was sampled</text>\
             <text class=\"quiet\" x=\"50%\" y=\"52\" text-anchor=\"middle\" fill=\"#6b6f76\">\
             There was no time for a sample.</text></svg>",
            self.column()
        )
    }
}

fn write_style(out: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        out,
        "<style><![CDATA[\n{}\n@media (prefers-color-scheme: dark) {{\n{}{}}}\n]]></style>",
        include_str!("assets/picture.css"),
        include_str!("assets/dark.css"),
        dark_rules()
    )
}

fn write_script(out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "<script><![CDATA[\n(function () {{\n'use strict';")?;
    for part in SCRIPT {
        out.write_all(part.as_bytes())?;
    }
    writeln!(out, "}}());\n]]></script>")
}
