//! The head of the picture: heading, facts, legend.
//!
//! The script shows details of a frame in the rows of the facts and the legend, and its buttons
//! at the right end of the heading's row.

use std::io::Write;

use pyflame_profile::Category;

use super::{HEADER, Picture, escaped};
use crate::figure::{push_count, push_share};
use crate::palette::{LEGEND, Painter, UNCHANGED};

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
        if self.has_legend {
            self.write_legend(out)?;
        } else if self.tree.differential {
            self.write_legend_of_changes(out)?;
        }
        writeln!(out, "</g>\n</svg>\n</g>")
    }

    /// The caller's facts, and ours: what the picture leaves out.
    fn facts(&self) -> String {
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

    /// Names the categories that occur.
    fn write_legend(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut x = 0;
        for (category, name) in LEGEND {
            if self.occurs(category) {
                let paint = Painter::sample(category);
                x += write_entry(out, x, paint.class, &paint.fill, name)?;
            }
        }
        Ok(())
    }

    fn write_legend_of_changes(&self, out: &mut impl Write) -> std::io::Result<()> {
        let (red, blue) = ("rgb(255,80,80)", "rgb(80,80,255)");
        let (more, less) = if self.options.negate { (blue, red) } else { (red, blue) };
        let x = write_entry(out, 0, "", more, "more")?;
        let x = x + write_entry(out, x, "", less, "less")?;
        write_entry(out, x, "", UNCHANGED, "the same")?;
        Ok(())
    }

    /// The root alone does not make threads worth a line.
    fn occurs(&self, category: Category) -> bool {
        self.layout
            .frames
            .iter()
            .any(|placed| placed.depth > 0 && self.tree.label(placed.node).category == category)
    }
}

/// Writes one entry and returns its width.
fn write_entry(
    out: &mut impl Write,
    x: u32,
    class: &str,
    fill: &str,
    name: &str,
) -> std::io::Result<u32> {
    writeln!(
        out,
        "<g transform=\"translate({x} 58)\">\
         <rect class=\"{class}\" width=\"12\" height=\"12\" rx=\"3\" fill=\"{fill}\"/>\
         <text class=\"quiet\" x=\"17\" y=\"10.5\" fill=\"#6b6f76\">{name}</text></g>"
    )?;
    Ok(34 + legend_width(name))
}
