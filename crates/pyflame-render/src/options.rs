//! What a caller can choose about a picture.

/// Which way stacks grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// Callers at the bottom, callees above them: a flame graph.
    #[default]
    Flame,
    /// Callers at the top, callees below them: an icicle graph.
    Icicle,
}

/// How a picture is drawn. Lengths are CSS pixels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SvgOptions {
    /// The heading; empty for "Flame Graph" or what fits the orientation.
    pub title: String,
    /// The line below the heading, for the facts of the recording.
    pub subtitle: String,
    /// Which way stacks grow.
    pub orientation: Orientation,
    /// Width of the picture; `None` fills the width of whatever shows it.
    pub width: Option<u32>,
    /// Height of a frame, the gap to the next one included.
    pub frame_height: u32,
    /// Frames that would be narrower than this are left out, see [`SvgOptions::nominal_width`].
    pub min_width: f64,
    /// Name of the font; empty for the system's own.
    pub font: String,
    /// Size of the text on frames.
    pub font_size: f64,
    /// Average width of a character as a share of the font's size.
    pub font_width: f64,
    /// What a tree of counts counts.
    pub count_name: String,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self {
            title: String::new(),
            subtitle: String::new(),
            orientation: Orientation::Flame,
            width: None,
            frame_height: 16,
            min_width: 0.1,
            font: String::new(),
            font_size: 12.0,
            font_width: 0.59,
            count_name: "samples".into(),
        }
    }
}

impl SvgOptions {
    /// The width that decides what is too narrow to be drawn: the picture's own, or 1,200 for a
    /// picture that takes any width.
    pub fn nominal_width(&self) -> f64 {
        f64::from(self.width.unwrap_or(1200))
    }

    /// The heading that is drawn.
    pub(crate) fn heading(&self) -> &str {
        match (self.title.as_str(), self.orientation) {
            ("", Orientation::Flame) => "Flame Graph",
            ("", Orientation::Icicle) => "Icicle Graph",
            (title, _) => title,
        }
    }
}
