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

use pyflame_profile::Tree;

use crate::encoding::AsciiWriter;
use crate::palette::{dark_rules, patterns};
use crate::picture::{HEADER, MESSAGE, Picture, SIDE, draw};
use crate::visible::push_escaped;
use crate::{Medium, RenderError, SvgOptions};

pub(crate) use details::{short_place, shown_name};

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

/// Writes `tree` as an interactive flame graph.
///
/// # Errors
/// Fails where `out` does, and where the options name a file of colours that can't be used.
pub fn svg(tree: &Tree, options: &SvgOptions, out: &mut impl Write) -> Result<(), RenderError> {
    draw(tree, options, |picture| match &options.encoding {
        Some(name) if !name.eq_ignore_ascii_case("utf-8") => {
            picture.write_buffered(&mut AsciiWriter::new(out))
        }
        _ => picture.write_buffered(out),
    })
}

impl Picture<'_> {
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
        let height = self.height();
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

    /// The `x` and `width` of everything that keeps to the margins.
    fn column(&self) -> String {
        match self.options.width {
            Some(width) => format!(r#"x="{SIDE}" width="{}""#, width.saturating_sub(2 * SIDE)),
            None => r#"x="1%" width="98%""#.into(),
        }
    }

    fn write_message(&self, out: &mut impl Write) -> io::Result<()> {
        let [headline, below] = self.options.nothing.map(escaped);
        writeln!(
            out,
            "<svg {} y=\"{HEADER}\" height=\"{MESSAGE}\">\
             <rect class=\"box\" width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#f1f2f4\"/>\
             <text x=\"50%\" y=\"33\" text-anchor=\"middle\" font-weight=\"600\">\
             {headline}</text>\
             <text class=\"quiet\" x=\"50%\" y=\"52\" text-anchor=\"middle\" fill=\"#6b6f76\">\
             {below}</text></svg>",
            self.column(),
        )
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    push_escaped(&mut escaped, text);
    escaped
}

fn write_script(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<script><![CDATA[\n(function () {{\n'use strict';")?;
    for part in SCRIPT {
        out.write_all(part.as_bytes())?;
    }
    writeln!(out, "}}());\n]]></script>")
}

#[cfg(test)]
pub(crate) mod tests;
