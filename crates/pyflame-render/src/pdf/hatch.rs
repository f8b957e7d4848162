//! The hatches of waiting and uncaptured time, as tiling patterns (ISO 32000-1, 8.7.3) with the
//! measures of `assets/patterns.svg`.
//!
//! A pattern holds the stripes alone, and the ground is a plain fill below it: readers that paint
//! tile by tile would leave hairlines between pieces of ground. For the same reason a stripe reaches
//! over the edges of its tile.

use pdf_writer::types::{PaintType, TilingType};
use pdf_writer::{Content, Name, Pdf, Rect, Ref};

use super::colour::Colour;

/// Stripes on a ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hatch {
    Waiting,
    Uncaptured,
}

/// How far a stripe reaches over each edge of its tile, in pixels.
const OVERLAP: f32 = 0.5;

impl Hatch {
    pub(super) const ALL: [Self; 2] = [Self::Waiting, Self::Uncaptured];

    /// What the fill of a frame refers to, if that is a hatch.
    pub(super) fn of(fill: &str) -> Option<Self> {
        match fill {
            "url(#pyflame-waiting)" => Some(Self::Waiting),
            "url(#pyflame-uncaptured)" => Some(Self::Uncaptured),
            _ => None,
        }
    }

    pub(super) fn name(self) -> Name<'static> {
        match self {
            Self::Waiting => Name(b"W"),
            Self::Uncaptured => Name(b"X"),
        }
    }

    pub(super) fn ground(self) -> Colour {
        match self {
            Self::Waiting => Colour::of("#dbe5ef"),
            Self::Uncaptured => Colour::of("#ffe3e3"),
        }
    }

    /// The stripes' colour, their width and their distance, and whether they fall to the right.
    fn stripes(self) -> (Colour, f32, f32, bool) {
        match self {
            Self::Waiting => (Colour::of("#cbd8e6"), 2.0, 7.0, false),
            Self::Uncaptured => (Colour::of("#e5484d"), 3.0, 8.0, true),
        }
    }

    pub(super) fn write(self, file: &mut Pdf, id: Ref, scale: f32) {
        let (colour, width_px, distance_px, falls) = self.stripes();
        let mut content = Content::new();
        let [red, green, blue] = colour.parts();
        content.set_fill_rgb(red, green, blue);
        content.rect(0.0, -OVERLAP, width_px, distance_px + 2.0 * OVERLAP).fill_nonzero();
        let content = content.finish();
        let mut pattern = file.tiling_pattern(id, &content);
        pattern.paint_type(PaintType::Colored).tiling_type(TilingType::NoDistortion);
        pattern.bbox(Rect::new(0.0, -OVERLAP, distance_px, distance_px + OVERLAP));
        pattern.x_step(distance_px).y_step(distance_px);
        // Turned by 45 degrees. SVG counts downwards and PDF upwards, so the sign is the other one.
        let (across, along) =
            (scale * std::f32::consts::FRAC_1_SQRT_2, if falls { 1.0 } else { -1.0 });
        pattern.matrix([across, along * across, -along * across, across, 0.0, 0.0]);
        pattern.resources();
    }
}
