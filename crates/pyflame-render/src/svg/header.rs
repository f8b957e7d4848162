//! The head of the picture: heading, facts, legend.
//!
//! The script shows details of a frame in the rows of the facts and the legend, and its buttons
//! at the right end of the heading's row.

use std::io::Write;

use pyflame_profile::Category;

use super::{HEADER, Picture};
use crate::figure::{count, share};
use crate::palette::{LEGEND, paint};
use crate::visible::push_escaped;

/// Average width of a character of the legend, which is set in 12 px.
const LEGEND_CHARACTER: u32 = 7;

impl Picture<'_> {
    pub(super) fn write_header(&self, out: &mut impl Write) -> std::io::Result<()> {
        let column = self.column();
        let (mut heading, mut facts) = (String::new(), String::new());
        push_escaped(&mut heading, self.options.heading());
        push_escaped(&mut facts, &self.facts());
        writeln!(
            out,
            "<g class=\"header\">\n\
             <rect class=\"page\" width=\"100%\" height=\"{}\" fill=\"#ffffff\"/>\n\
             <svg {column} height=\"{HEADER}\" font-size=\"12\">\n\
             <text class=\"heading\" y=\"27\" font-size=\"17\" font-weight=\"650\">{heading}</text>\n\
             <text class=\"facts quiet\" y=\"48\" fill=\"#6b6f76\">{facts}</text>",
            HEADER - 6
        )?;
        self.write_legend(out)?;
        writeln!(out, "</svg>\n</g>")
    }

    /// The caller's facts, and ours: what the picture leaves out.
    fn facts(&self) -> String {
        let dropped = self.layout.dropped;
        let left_out = match dropped.frames {
            0 => return self.options.subtitle.clone(),
            1 => "1 frame".to_owned(),
            frames => format!("{} frames", count(frames)),
        };
        let share = share(dropped.value, self.layout.total);
        let separator = if self.options.subtitle.is_empty() { "" } else { " \u{b7} " };
        format!("{}{separator}{left_out} too narrow to draw ({share})", self.options.subtitle)
    }

    /// Names the categories that occur.
    fn write_legend(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, r#"<g class="legend">"#)?;
        let mut x = 0;
        for (category, name) in LEGEND {
            if !self.occurs(category) {
                continue;
            }
            let paint = paint(category, "");
            writeln!(
                out,
                "<g transform=\"translate({x} 58)\">\
                 <rect class=\"{}\" width=\"12\" height=\"12\" rx=\"3\" fill=\"{}\"/>\
                 <text class=\"quiet\" x=\"17\" y=\"10.5\" fill=\"#6b6f76\">{name}</text></g>",
                paint.class, paint.fill
            )?;
            x += 34 + LEGEND_CHARACTER * u32::try_from(name.len()).unwrap_or(0);
        }
        writeln!(out, "</g>")
    }

    /// The root alone does not make threads worth a line.
    fn occurs(&self, category: Category) -> bool {
        self.layout
            .frames
            .iter()
            .any(|placed| placed.depth > 0 && self.tree.label(placed.node).category == category)
    }
}
