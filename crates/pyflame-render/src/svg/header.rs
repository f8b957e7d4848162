//! The head of the picture: heading, facts, legend.
//!
//! The script shows details of a frame in the rows of the facts and the legend, and its buttons
//! at the right end of the heading's row.

use std::io::Write;

use super::escaped;
use crate::palette::Paint;
use crate::picture::{HEADER, Picture};

/// About how wide a word of the legend is, in pixels; it is set in 12 px.
fn legend_width(name: &str) -> u32 {
    name.chars().map(|character| if "fijlrt ".contains(character) { 4 } else { 7 }).sum()
}

impl Picture<'_> {
    pub(super) fn write_header(&self, out: &mut impl Write) -> std::io::Result<()> {
        let page = self.options.background.as_ref().map_or("#ffffff", |page| &page.top);
        let facts = escaped(&self.facts());
        writeln!(
            out,
            "<g class=\"header\">\n\
             <rect class=\"page\" width=\"100%\" height=\"{}\" fill=\"{page}\"/>\n\
             <svg {} height=\"{HEADER}\" font-size=\"12\">\n\
             <text class=\"heading\" y=\"27\" font-size=\"17\" font-weight=\"650\">{}</text>\n\
             <text class=\"facts quiet\" y=\"48\" fill=\"#6b6f76\">{facts}</text>",
            HEADER - 6,
            self.column(),
            escaped(self.options.heading()),
        )?;
        writeln!(out, r#"<g class="legend">"#)?;
        let mut x = 0;
        for (paint, name) in self.legend() {
            x += write_entry(out, x, &paint, name)?;
        }
        writeln!(out, "</g>\n</svg>\n</g>")
    }
}

/// Writes one entry and returns its width.
fn write_entry(out: &mut impl Write, x: u32, paint: &Paint, name: &str) -> std::io::Result<u32> {
    writeln!(
        out,
        "<g transform=\"translate({x} 58)\">\
         <rect class=\"{}\" width=\"12\" height=\"12\" rx=\"3\" fill=\"{}\"/>\
         <text class=\"quiet\" x=\"17\" y=\"10.5\" fill=\"#6b6f76\">{name}</text></g>",
        paint.class, paint.fill,
    )?;
    Ok(34 + legend_width(name))
}
