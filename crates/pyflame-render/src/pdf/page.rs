//! The content of the page: the operators that paint it, piece by piece in SVG's order.
//!
//! Everything is placed in pixels from the upper left corner, as in the SVG picture; PDF counts from
//! the lower left one, to which [`Page`] translates.

use pdf_writer::types::{ColorSpaceOperand, TextRenderingMode};
use pdf_writer::{Content, Str};
use pyflame_profile::Category;

use super::BACKGROUND_NAME;
use super::colour::Colour;
use super::hatch::Hatch;
use super::helvetica::{Face, encoded};
use crate::layout::Placed;
use crate::options::USUAL_WIDTH;
use crate::palette::Paint;
use crate::picture::{EDGE_FROM, FULL, HEADER, MESSAGE, Picture, SIDE};
use crate::svg::{short_place, shown_name};

const INK: &str = "#1c1c1e";
const QUIET_INK: &str = "#6b6f76";
/// How strong the place beside a name is, in percent.
const PLACE_STRENGTH: u16 = 62;
/// Space between the edge of a frame and its label, and between a name and its place.
const INSET_PX: f32 = 4.0;
/// Size of the text in the header and the message.
const TEXT_PX: f32 = 12.0;
/// How far a control point of a quarter of a circle is from its end, as a share of the radius.
const ROUND: f32 = 0.552;

/// The page of one picture.
pub(super) struct Page<'a> {
    picture: &'a Picture<'a>,
    content: Content,
    pub(super) width_px: f32,
    pub(super) height_px: f32,
}

/// A rectangle, by its upper left corner.
#[derive(Clone, Copy)]
struct Area {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
}

#[expect(clippy::cast_precision_loss, reason = "lengths for the eye")]
fn pixels(length: u32) -> f32 {
    length as f32
}

/// A hundredth of a pixel is finer than paper shows, and takes few digits.
fn rounded(length: f32) -> f32 {
    (length * 100.0).round() / 100.0
}

impl<'a> Page<'a> {
    pub(super) fn new(picture: &'a Picture<'a>) -> Self {
        let width_px = pixels(picture.options.width.unwrap_or(USUAL_WIDTH).max(3 * SIDE));
        let height_px = pixels(picture.height());
        Self { picture, content: Content::new(), width_px, height_px }
    }

    /// Everything, at `scale` units a pixel.
    pub(super) fn content(mut self, scale: f32) -> Vec<u8> {
        self.content.transform([scale, 0.0, 0.0, scale, 0.0, 0.0]);
        self.draw_background();
        self.draw_header();
        if self.picture.layout.frames.is_empty() {
            self.draw_message();
        } else {
            self.draw_frames();
            self.draw_labels();
        }
        self.content.finish().into_vec()
    }

    fn draw_background(&mut self) {
        // Without one, it is the paper's.
        if self.picture.options.background.is_some() {
            self.content.save_state();
            self.content.rect(0.0, 0.0, self.width_px, self.height_px).clip_nonzero().end_path();
            self.content.shading(BACKGROUND_NAME).restore_state();
        }
    }

    fn draw_header(&mut self) {
        let (x, room) = (pixels(SIDE), self.column());
        let heading = self.picture.options.heading();
        self.draw_text((x, 27.0), (Face::Bold, 17.0), heading, room, INK);
        let facts = self.picture.facts();
        if !facts.is_empty() {
            self.draw_text((x, 48.0), (Face::Regular, TEXT_PX), &facts, room, QUIET_INK);
        }
        let mut x = x;
        for (paint, name) in self.picture.legend() {
            let area = Area { x, y: 58.0, width: 12.0, height: 12.0 };
            self.paint(&paint, |page| page.round_path(area, 3.0), Content::fill_nonzero);
            self.draw_text((x + 17.0, 68.5), (Face::Regular, TEXT_PX), name, room, QUIET_INK);
            x += rounded(34.0 + Face::Regular.width(name.as_bytes()) * TEXT_PX);
        }
    }

    fn draw_message(&mut self) {
        let (width, y) = (self.column(), pixels(HEADER));
        self.set_fill(Colour::of("#f1f2f4"));
        self.round_path(Area { x: pixels(SIDE), y, width, height: pixels(MESSAGE) }, 6.0);
        self.content.fill_nonzero();
        let lines = [(33.0, Face::Bold, INK), (52.0, Face::Regular, QUIET_INK)];
        for ((below, face, ink), text) in lines.into_iter().zip(self.picture.options.nothing) {
            let x = (self.width_px - face.width(text.as_bytes()) * TEXT_PX) / 2.0;
            self.draw_text((x, y + below), (face, TEXT_PX), text, width, ink);
        }
    }

    fn draw_frames(&mut self) {
        self.set_stroke(Colour::WHITE);
        for (paint, frames) in self.picture.frames_by_paint() {
            let is_edged = |placed: &Placed| self.picture.stretch(*placed).width >= EDGE_FROM;
            let (edged, plain): (Vec<_>, Vec<_>) = frames.into_iter().partition(is_edged);
            if !plain.is_empty() {
                self.paint(paint, |page| page.rectangles(&plain), Content::fill_nonzero);
            }
            if !edged.is_empty() {
                self.paint(paint, |page| page.rectangles(&edged), Content::fill_nonzero_and_stroke);
            }
        }
    }

    fn rectangles(&mut self, frames: &[Placed]) {
        for placed in frames {
            let Area { x, y, width, height } = self.area(*placed);
            let top = self.height_px - y;
            self.content.rect(rounded(x), top - height, rounded(width), height);
        }
    }

    fn draw_labels(&mut self) {
        let frames: Vec<(Placed, &Paint)> = self.picture.painted_frames().collect();
        for (placed, paint) in frames {
            self.draw_label(placed, paint);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a font's size, in pixels")]
    fn draw_label(&mut self, placed: Placed, paint: &Paint) {
        let label = self.picture.tree.label(placed.node);
        let size = self.picture.options.font_size as f32;
        let area = self.area(placed);
        let room = area.width - 1.5 * INSET_PX;
        let face = match label.category {
            Category::Waiting => Face::Oblique,
            Category::Uncaptured => Face::BoldOblique,
            _ => Face::Regular,
        };
        let name = shown_name(label);
        let Some(text) = face.shortened(name, room / size) else { return };
        let is_whole = text.len() == encoded(name).len();
        let at = (area.x + INSET_PX, area.y + self.picture.baseline() as f32);
        if label.category == Category::Uncaptured {
            self.draw_halo(at, (face, size), &text);
        }
        self.show(at, (face, size), &text, Colour::of(INK));
        let x = at.0 + face.width(&text) * size + 1.5 * INSET_PX;
        let place = encoded(&short_place(label));
        let end = x + Face::Regular.width(&place) * size;
        if is_whole && !place.is_empty() && end <= area.x + INSET_PX + room {
            let ink = Colour::of(INK).over(ground(paint), PLACE_STRENGTH);
            self.show((x, at.1), (Face::Regular, size), &place, ink);
        }
    }

    /// Keeps text readable on a hatch.
    fn draw_halo(&mut self, at: (f32, f32), font: (Face, f32), text: &[u8]) {
        self.content.save_state().set_line_width(3.0);
        self.content.set_text_rendering_mode(TextRenderingMode::Stroke);
        self.set_stroke(Hatch::Uncaptured.ground());
        self.show(at, font, text, Colour::of(INK));
        self.content.restore_state();
    }

    /// The column between the margins.
    fn column(&self) -> f32 {
        self.width_px - 2.0 * pixels(SIDE)
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "for the eye")]
    fn area(&self, placed: Placed) -> Area {
        let stretch = self.picture.stretch(placed);
        let across = |share: u64| (share as f64 / FULL as f64 * f64::from(self.column())) as f32;
        Area {
            x: pixels(SIDE) + across(stretch.start),
            y: pixels(HEADER + self.picture.row_top(placed.depth)),
            width: across(stretch.width),
            height: pixels(self.picture.options.frame_height - 1),
        }
    }

    /// Paints what `path` makes, by `operator`; a hatch is laid over its ground.
    fn paint(
        &mut self,
        paint: &Paint,
        path: impl Fn(&mut Self),
        operator: impl Fn(&mut Content) -> &mut Content,
    ) {
        self.set_fill(ground(paint));
        path(self);
        operator(&mut self.content);
        if let Some(hatch) = Hatch::of(&paint.fill) {
            self.content.set_fill_color_space(ColorSpaceOperand::Pattern);
            self.content.set_fill_pattern([], hatch.name());
            path(self);
            operator(&mut self.content);
        }
    }

    fn draw_text(&mut self, at: (f32, f32), font: (Face, f32), text: &str, room: f32, ink: &str) {
        if let Some(text) = font.0.shortened(text, room / font.1) {
            self.show(at, font, &text, Colour::of(ink));
        }
    }

    /// Text that is encoded; `at` is the left end of its baseline.
    fn show(&mut self, at: (f32, f32), (face, size): (Face, f32), text: &[u8], ink: Colour) {
        self.set_fill(ink);
        self.content.begin_text().set_font(face.name(), size);
        self.content.next_line(rounded(at.0), rounded(self.height_px - at.1));
        self.content.show(Str(text)).end_text();
    }

    fn round_path(&mut self, area: Area, radius: f32) {
        let (left, right) = (rounded(area.x), rounded(area.x + area.width));
        let (top, bottom) = (self.height_px - area.y, self.height_px - area.y - area.height);
        // Where the arcs end, and between that and the corner their control points.
        let (west, east) = (rounded(left + radius), rounded(right - radius));
        let (north, south) = (top - radius, bottom + radius);
        let control = radius * (1.0 - ROUND);
        let (left_in, right_in) = (rounded(left + control), rounded(right - control));
        let (top_in, bottom_in) = (rounded(top - control), rounded(bottom + control));
        let path = &mut self.content;
        path.move_to(west, top).line_to(east, top);
        path.cubic_to(right_in, top, right, top_in, right, north).line_to(right, south);
        path.cubic_to(right, bottom_in, right_in, bottom, east, bottom).line_to(west, bottom);
        path.cubic_to(left_in, bottom, left, bottom_in, left, south).line_to(left, north);
        path.cubic_to(left, top_in, left_in, top, west, top).close_path();
    }

    fn set_fill(&mut self, colour: Colour) {
        let [red, green, blue] = colour.parts();
        self.content.set_fill_rgb(red, green, blue);
    }

    fn set_stroke(&mut self, colour: Colour) {
        let [red, green, blue] = colour.parts();
        self.content.set_stroke_rgb(red, green, blue);
    }
}

/// The colour below what is drawn on a frame.
fn ground(paint: &Paint) -> Colour {
    Hatch::of(&paint.fill).map_or_else(|| Colour::of(&paint.fill), Hatch::ground)
}
