//! The labels of frames, as they stand where no script improves on them.

use std::fmt::Write as _;
use std::io::Write;

use pyflame_profile::Category;

use super::details::{short_place, shown_name};
use super::frames::push_percent;
use crate::layout::Placed;
use crate::picture::{FULL, Picture, SIDE, Stretch};
use crate::visible::{push_escaped, shorten};

/// From this share on a frame gets a label in a picture that takes any width.
const LABEL_FROM: u64 = FULL / 60;
/// The widest picture whose labels are drawn in full without the script's help.
const WIDEST: f64 = 3000.0;

/// Keeps text readable on a hatch.
const HALO: &str = r##" class="halo" font-style="italic" font-weight="600" paint-order="stroke" stroke="#ffe3e3" stroke-width="3">"##;

impl Picture<'_> {
    pub(super) fn write_labels(&self, out: &mut impl Write) -> std::io::Result<()> {
        // Colours that stay bright on a dark page keep dark labels.
        let bright = if self.has_legend { "" } else { " bright" };
        writeln!(out, "<g class=\"labels{bright}\" pointer-events=\"none\">")?;
        let height = self.options.frame_height - 1;
        let baseline = self.baseline();
        // The same for every label, and so made once.
        let inner = format!(r#"" height="{height}"><text x="4" y="{baseline:.1}""#);
        let mut text = String::new();
        for placed in &self.layout.frames {
            text.clear();
            self.push_label(&mut text, *placed, &inner);
            out.write_all(text.as_bytes())?;
        }
        writeln!(out, "</g>")
    }

    /// A label stands in a box of its frame's size, which cuts it off at the frame's end at
    /// whatever width the picture is shown.
    fn push_label(&self, out: &mut String, placed: Placed, inner: &str) {
        let label = self.tree.label(placed.node);
        let stretch = self.stretch(placed);
        let room = self.characters(stretch);
        if room < 3 {
            return;
        }
        out.push_str("<svg x=\"");
        push_percent(out, stretch.start);
        let _ = write!(out, r#"" y="{}" width=""#, self.row_top(placed.depth));
        push_percent(out, stretch.width);
        out.push_str(inner);
        out.push_str(match label.category {
            Category::Waiting => r#" font-style="italic">"#,
            Category::Uncaptured => HALO,
            _ => ">",
        });
        self.push_label_text(out, placed, room);
        out.push_str("</text></svg>\n");
    }

    fn push_label_text(&self, out: &mut String, placed: Placed, room: usize) {
        let label = self.tree.label(placed.node);
        let (name, cut) = shorten(shown_name(label), room);
        push_escaped(out, name);
        if cut {
            out.push('\u{2026}');
            return;
        }
        let left = room - name.chars().count();
        let place = short_place(label);
        if !place.is_empty() && place.chars().count() + 2 <= left {
            out.push_str(r#" <tspan class="place" dx="3" fill-opacity="0.62">"#);
            push_escaped(out, &place);
            out.push_str("</tspan>");
        }
    }

    /// How many characters of average width have room on a frame.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an estimate of some thousands at most"
    )]
    fn characters(&self, stretch: Stretch) -> usize {
        let picture = match self.options.width {
            Some(width) => f64::from(width.saturating_sub(2 * SIDE)),
            None if stretch.width < LABEL_FROM => return 0,
            None => WIDEST,
        };
        let width = picture * stretch.width as f64 / FULL as f64;
        (width / (self.options.font_size * self.options.font_width)) as usize
    }
}
