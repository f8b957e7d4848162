//! The picture, piece by piece, as one SVG 1.1 file.
//!
//! All geometry stands in presentation attributes and horizontal places are percentages of the
//! picture's width, so that the picture fits every width without a script and is complete where a
//! Content-Security-Policy takes neither scripts nor style sheets.

mod details;
mod frames;
mod header;
mod labels;

use std::io::{self, BufWriter, Write};

use pyflame_profile::{Tree, Unit};

use crate::encoding::AsciiWriter;
use crate::figure::Figures;
use crate::layout::Layout;
use crate::palette::{Paint, Painter, dark_rules, patterns};
use crate::visible::push_escaped;
use crate::{Medium, Orientation, RenderError, SvgOptions};

pub(crate) use details::{short_place, shown_name};

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
    /// The fill of each frame of the layout.
    paints: Vec<Paint>,
    figures: Figures<'a>,
    has_legend: bool,
}

/// Writes `tree` as an interactive flame graph.
///
/// # Errors
/// Fails where `out` does, and where the options name a file of colours that can't be used.
pub fn svg(tree: &Tree, options: &SvgOptions, out: &mut impl Write) -> Result<(), RenderError> {
    if options.reverse {
        let reversed = tree.reversed();
        let mut options = options.clone();
        options.reverse = false;
        return svg(&reversed, &options, out);
    }
    let mut painter = Painter::new(tree, options)?;
    let picture = Picture::new(tree, options, &mut painter);
    let written = match &options.encoding {
        Some(name) if !name.eq_ignore_ascii_case("utf-8") => {
            picture.write_buffered(&mut AsciiWriter::new(out))
        }
        _ => picture.write_buffered(out),
    };
    written.map_err(RenderError::Write)?;
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

    fn write_buffered(&self, out: &mut impl Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        self.write(&mut out)?;
        out.flush()
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.open(out)?;
        self.write_style(out)?;
        out.write_all(patterns().as_bytes())?;
        self.write_page(out)?;
        self.write_header(out)?;
        if self.layout.frames.is_empty() {
            self.write_message(out)?;
        } else {
            self.write_frames(out)?;
        }
        if self.options.medium == Medium::Page {
            write_script(out)?;
        }
        writeln!(out, "</svg>")
    }

    fn open(&self, out: &mut impl Write) -> io::Result<()> {
        let options = self.options;
        let height = HEADER + self.stage_height() + FOOTER;
        let size = match options.width {
            Some(width) => format!(r#"width="{width}" height="{height}""#),
            None => format!(r#"width="100%" height="{height}""#),
        };
        let family = if options.font.is_empty() { SYSTEM_FONT } else { &options.font };
        let encoding = options.encoding.as_deref().unwrap_or("UTF-8");
        writeln!(
            out,
            "<?xml version=\"1.0\" encoding=\"{encoding}\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" \
             xmlns:xlink=\"http://www.w3.org/1999/xlink\" class=\"pyflame\" {size} \
             font-family=\"{}\" font-size=\"{}\" fill=\"#1c1c1e\"{}>\n\
             <title>{}</title>{}",
            escaped(family),
            options.font_size,
            match options.name_type.as_str() {
                "" => String::new(),
                name_type => format!(r#" data-name-type="{}""#, escaped(name_type)),
            },
            escaped(options.heading()),
            match options.notes.as_str() {
                "" => String::new(),
                // Two hyphens would end the comment (XML 1.0, section 2.5).
                notes => format!("\n<!-- NOTES: {} -->", escaped(notes).replace("--", "- - ")),
            },
        )
    }

    fn write_style(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "<style><![CDATA[\n{}", include_str!("assets/picture.css"))?;
        if self.options.background.is_none() {
            let (dark, rules) = (include_str!("assets/dark.css"), dark_rules());
            writeln!(out, "@media (prefers-color-scheme: dark) {{\n{dark}{rules}}}")?;
        }
        writeln!(out, "]]></style>")
    }

    fn write_page(&self, out: &mut impl Write) -> io::Result<()> {
        if let Some(page) = &self.options.background {
            writeln!(
                out,
                "<defs><linearGradient id=\"pyflame-page\" x1=\"0\" x2=\"0\" y1=\"0\" y2=\"1\">\
                 <stop offset=\"5%\" stop-color=\"{}\"/><stop offset=\"95%\" stop-color=\"{}\"/>\
                 </linearGradient></defs>",
                page.top, page.bottom
            )?;
        }
        let fill = self.options.background.as_ref().map_or("#ffffff", |_| "url(#pyflame-page)");
        writeln!(out, r#"<rect class="page" width="100%" height="100%" fill="{fill}"/>"#)
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

    fn write_message(&self, out: &mut impl Write) -> io::Result<()> {
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

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    push_escaped(&mut escaped, text);
    escaped
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

fn write_script(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<script><![CDATA[\n(function () {{\n'use strict';")?;
    for part in SCRIPT {
        out.write_all(part.as_bytes())?;
    }
    writeln!(out, "}}());\n]]></script>")
}

#[cfg(test)]
mod tests;
