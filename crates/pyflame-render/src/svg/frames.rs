//! The frames: a rectangle each, and a label on those that have room for one.

use std::fmt::Write as _;
use std::io::Write;

use super::escaped;
use crate::figure::push_count;
use crate::layout::Placed;
use crate::name_attributes::FrameAttributes;
use crate::palette::Paint;
use crate::picture::{EDGE_FROM, FULL, HEADER, PER_CENT, Picture, Stretch};
use crate::visible::push_escaped;
use crate::{Medium, Orientation};

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
        // Browsers open a picture a third faster when frames of one colour stand in one group: it is
        // the number of attributes that they take time for. The script finds the order of all frames
        // again by the places.
        for (paint, frames) in self.frames_by_paint() {
            text.clear();
            text.push_str("<g");
            if !paint.class.is_empty() {
                push_attribute(&mut text, "class", paint.class);
            }
            push_attribute(&mut text, "fill", &paint.fill);
            text.push('>');
            let (packed, single): (Vec<_>, Vec<_>) =
                frames.into_iter().partition(|placed| self.is_packed(paint, *placed));
            for placed in single {
                self.push_frame(&mut text, placed);
                out.write_all(text.as_bytes())?;
                text.clear();
            }
            self.push_packed(&mut text, &packed);
            writeln!(out, "{text}</g>")?;
        }
        writeln!(out, "</g>")?;
        if self.options.medium == Medium::Page {
            self.write_untitled(out)?;
        }
        self.write_labels(out)?;
        writeln!(out, "</svg>")
    }

    /// Whether a frame is drawn together with others of its colour, and not as an element of its
    /// own, of which there would be too many. A hatch would be stretched with the box.
    fn is_packed(&self, paint: &Paint, placed: Placed) -> bool {
        let has_attributes =
            || self.options.name_attributes.of(self.tree.label(placed.node)).is_some();
        let is_hatched = paint.fill.starts_with("url(");
        self.layout.is_packed && !placed.titled && !is_hatched && !has_attributes()
    }

    /// Frames as one path, in a box that is stretched to the picture's width.
    fn push_packed(&self, out: &mut String, frames: &[Placed]) {
        if frames.is_empty() {
            return;
        }
        let height = self.stage_height();
        let _ = write!(
            out,
            "<svg class=\"packed\" width=\"100%\" height=\"{height}\" \
             viewBox=\"0 0 {FULL} {height}\" preserveAspectRatio=\"none\"><path d=\""
        );
        let row = self.options.frame_height - 1;
        for placed in frames {
            let Stretch { start, width } = self.stretch(*placed);
            let top = self.row_top(placed.depth);
            let _ = write!(out, "M{start} {top}h{width}v{row}h-{width}");
        }
        out.push_str("\"/></svg>");
    }

    /// The details of the frames that have no hover title, for the script: in the order of the
    /// elements, those drawn together last in each group, with an empty line after each.
    fn write_untitled(&self, out: &mut impl Write) -> std::io::Result<()> {
        let groups = self.frames_by_paint();
        let mut untitled = groups.iter().flat_map(|(&paint, frames)| {
            let of_kind = move |packed| {
                frames.iter().filter(move |placed| {
                    !placed.titled && self.is_packed(paint, **placed) == packed
                })
            };
            of_kind(false).chain(of_kind(true))
        });
        let Some(first) = untitled.next() else { return Ok(()) };
        writeln!(out, r#"<metadata class="details">"#)?;
        let mut text = String::new();
        for placed in std::iter::once(first).chain(untitled) {
            text.clear();
            let (label, node) = (self.tree.label(placed.node), self.tree.node(placed.node));
            self.push_details(&mut text, label, node);
            writeln!(out, "{text}\n")?;
        }
        writeln!(out, "</metadata>")
    }

    fn push_frame(&self, out: &mut String, placed: Placed) {
        let (node, label) = (self.tree.node(placed.node), self.tree.label(placed.node));
        let attributes = self.options.name_attributes.of(label);
        let link = attributes.filter(|attributes| attributes.href.is_some());
        if let Some(link) = link {
            push_link(out, link);
        }
        self.push_rect(out, placed, attributes);
        match attributes.and_then(|attributes| attributes.title.as_ref()) {
            _ if !placed.titled || self.options.medium == Medium::Image => out.push_str("/>"),
            Some(title) => {
                out.push_str("><title>");
                push_escaped(out, title);
                out.push_str("</title></rect>");
            }
            None => {
                out.push_str("><title>");
                self.push_details(out, label, node);
                out.push_str("</title></rect>");
            }
        }
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
pub(super) fn push_percent(out: &mut String, value: u64) {
    let (whole, mut fraction) = (value / PER_CENT, value % PER_CENT);
    push_count(out, whole);
    if fraction != 0 {
        out.push('.');
    }
    let mut place = PER_CENT;
    while fraction != 0 {
        place /= 10;
        push_count(out, fraction / place);
        fraction %= place;
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
