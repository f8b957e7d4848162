//! The frames: a rectangle each, and a label on those that have room for one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use pyflame_profile::Category;

use super::details::{short_place, shown_name};
use super::{HEADER, Picture, SIDE, escaped};
use crate::Orientation;
use crate::layout::Placed;
use crate::name_attributes::FrameAttributes;
use crate::palette::Paint;
use crate::visible::{push_escaped, shorten};

/// Places are written in units of a ten-millionth of a percent: exact enough for the script to
/// zoom into the narrowest frame.
const FULL: u128 = 1_000_000_000;
/// From this share on a frame gets an edge; on narrower ones the edge would be all there is.
const EDGE_FROM: u128 = FULL / 400;
/// From this share on a frame gets a label in a picture that takes any width.
const LABEL_FROM: u128 = FULL / 60;
/// The widest picture whose labels are drawn in full without the script's help.
const WIDEST: f64 = 3000.0;

/// Keeps text readable on a hatch.
const HALO: &str = r##" class="halo" font-style="italic" font-weight="600" paint-order="stroke" stroke="#ffe3e3" stroke-width="3">"##;

/// A frame's stretch of the full width, in units of [`FULL`].
#[derive(Clone, Copy)]
struct Stretch {
    start: u128,
    width: u128,
}

impl Picture<'_> {
    pub(super) fn write_frames(&self, out: &mut impl Write) -> std::io::Result<()> {
        let (column, height) = (self.column(), self.stage_height());
        writeln!(out, r#"<svg class="stage" {column} y="{HEADER}" height="{height}">"#)?;
        let root = match self.options.orientation {
            Orientation::Flame => "bottom",
            Orientation::Icicle => "top",
        };
        writeln!(out, r#"<g class="frames" data-root="{root}">"#)?;
        let mut text = String::new();
        for (paint, frames) in self.frames_by_paint() {
            text.clear();
            text.push_str("<g");
            if !paint.class.is_empty() {
                push_attribute(&mut text, "class", paint.class);
            }
            push_attribute(&mut text, "fill", &paint.fill);
            text.push('>');
            for placed in frames {
                self.push_frame(&mut text, placed);
                out.write_all(text.as_bytes())?;
                text.clear();
            }
            writeln!(out, "</g>")?;
        }
        writeln!(out, "</g>")?;
        // Colours that stay bright on a dark page keep dark labels.
        let bright = if self.has_legend { "" } else { " bright" };
        writeln!(out, "<g class=\"labels{bright}\" pointer-events=\"none\">")?;
        for placed in &self.layout.frames {
            text.clear();
            self.push_label(&mut text, *placed);
            out.write_all(text.as_bytes())?;
        }
        writeln!(out, "</g>\n</svg>")
    }

    /// Browsers open a picture a third faster when frames of one colour stand in one group: it is
    /// the number of attributes that they take time for. The order among frames of one group is
    /// that of the layout; the script finds the whole order again by the places.
    fn frames_by_paint(&self) -> BTreeMap<&Paint, Vec<Placed>> {
        let mut groups: BTreeMap<&Paint, Vec<Placed>> = BTreeMap::new();
        for (placed, paint) in self.layout.frames.iter().zip(&self.paints) {
            groups.entry(paint).or_default().push(*placed);
        }
        groups
    }

    fn push_frame(&self, out: &mut String, placed: Placed) {
        let (node, label) = (self.tree.node(placed.node), self.tree.label(placed.node));
        let all = &self.options.name_attributes;
        let attributes = all.of(&label.name).or_else(|| all.of(&label.text()));
        let link = attributes.filter(|attributes| attributes.href.is_some());
        if let Some(link) = link {
            push_link(out, link);
        }
        self.push_rect(out, placed, attributes);
        match attributes.and_then(|attributes| attributes.title.as_ref()) {
            Some(title) => push_escaped(out, title),
            None => self.push_details(out, label, node),
        }
        out.push_str("</title></rect>");
        if link.is_some() {
            out.push_str("</a>");
        }
    }

    /// A line ends inside the tag and not after it, where it would be one more node of text.
    fn push_rect(&self, out: &mut String, placed: Placed, attributes: Option<&FrameAttributes>) {
        let stretch = self.stretch(placed);
        out.push_str("<rect\nx=\"");
        push_percent(out, stretch.start);
        let _ = write!(out, r#"" y="{}" width=""#, self.row_top(placed.depth));
        push_percent(out, stretch.width);
        let _ = write!(out, r#"" height="{}""#, self.options.frame_height - 1);
        if stretch.width >= EDGE_FROM {
            out.push_str(r##" stroke="#ffffff""##);
        }
        if let Some(attributes) = attributes {
            if let Some(id) = &attributes.id {
                push_attribute(out, "id", id);
            }
            if let Some(class) = &attributes.class {
                push_attribute(out, "class", class);
            }
            let taken = ["class", "id", "x", "y", "width", "height", "stroke"];
            push_attributes(out, &attributes.extra, &taken);
        }
        out.push_str("><title>");
    }

    /// A label stands in a box of its frame's size, which cuts it off at the frame's end at
    /// whatever width the picture is shown.
    fn push_label(&self, out: &mut String, placed: Placed) {
        let label = self.tree.label(placed.node);
        let stretch = self.stretch(placed);
        let room = self.characters(stretch);
        if room < 3 {
            return;
        }
        let height = self.options.frame_height;
        out.push_str("<svg x=\"");
        push_percent(out, stretch.start);
        let _ = write!(out, r#"" y="{}" width=""#, self.row_top(placed.depth));
        push_percent(out, stretch.width);
        let baseline = (f64::from(height) - 1.0) / 2.0 + self.options.font_size * 0.35;
        let _ = write!(out, r#"" height="{}"><text x="4" y="{baseline:.1}""#, height - 1);
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

    fn stretch(&self, placed: Placed) -> Stretch {
        let total = u128::from(self.layout.total.max(1));
        let scaled = |value: u64| u128::from(value) * FULL / total;
        let node = self.tree.node(placed.node);
        let start = scaled(node.start);
        // The root stands for everything, also where that is more than the tree holds.
        let end = if placed.depth == 0 { self.layout.total } else { node.start + node.total };
        // Both ends are rounded and not the width, so that neighbours touch.
        Stretch { start, width: scaled(end).saturating_sub(start) }
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

fn push_link(out: &mut String, link: &FrameAttributes) {
    out.push_str("<a");
    push_attribute(out, "xlink:href", link.href.as_deref().unwrap_or_default());
    push_attribute(out, "target", link.target.as_deref().unwrap_or("_top"));
    push_attributes(out, &link.link_extra, &["xlink:href", "href", "target"]);
    out.push('>');
}

/// Writes attributes but those that are `taken`: none may occur twice.
fn push_attributes(out: &mut String, attributes: &[(String, String)], taken: &[&str]) {
    for (index, (name, value)) in attributes.iter().enumerate() {
        let earlier = attributes.iter().take(index).any(|other| other.0 == *name);
        if !earlier && !taken.contains(&name.as_str()) {
            push_attribute(out, name, value);
        }
    }
}

fn push_attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, r#" {name}="{}""#, escaped(value));
}

/// Writes units of [`FULL`] as a percentage, without zeros at the end.
fn push_percent(out: &mut String, value: u128) {
    let (whole, fraction) = (value / 10_000_000, value % 10_000_000);
    let _ = write!(out, "{whole}");
    if fraction != 0 {
        let digits = format!(".{fraction:07}");
        out.push_str(digits.trim_end_matches('0'));
    }
    out.push('%');
}

#[cfg(test)]
mod tests {
    use super::push_percent;

    #[test]
    fn percentages_are_exact_and_short() {
        let percent = |value| {
            let mut out = String::new();
            push_percent(&mut out, value);
            out
        };
        let values = [0, 1, 123_450_000, 1_000_000_000].map(percent);
        assert_eq!(values, ["0%", "0.0000001%", "12.345%", "100%"]);
    }
}
