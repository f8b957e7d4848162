//! The picture as one page of PDF 1.7 (ISO 32000-1), for paper and for what takes no SVG, such as
//! LaTeX.
//!
//! The page is as large as the picture. Its text is set in Helvetica, which every reader has (9.6.2.2,
//! the standard 14 fonts), so that no font is embedded; what the font can't show becomes `?`. There
//! is no date and no identifier in the file, so that equal profiles give equal bytes.

mod colour;
mod hatch;
mod helvetica;
mod page;

use std::io::Write;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{FunctionShadingType, PageLayout};
use pdf_writer::writers::Resources;
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Settings, TextStr};
use pyflame_profile::Tree;

use crate::picture::{Picture, draw};
use crate::{Background, RenderError, SvgOptions};
use colour::Colour;
use hatch::Hatch;
use helvetica::Face;
use page::Page;

/// CSS pixels are 1/96 of an inch, the units of PDF 1/72.
const POINTS_PER_PIXEL: f32 = 0.75;
/// The longest side of a page, in units, that all readers take (ISO 32000-1, annex C.2).
const LONGEST_SIDE: f32 = 14_400.0;
/// Of zlib, 0 to 10: smaller takes more time than it is worth.
const COMPRESSION: u8 = 9;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
const FIRST_FONT: i32 = 6;
const FIRST_HATCH: i32 = 10;
const BACKGROUND: Ref = Ref::new(12);
const GRADIENT: Ref = Ref::new(13);

/// The name of the shading behind the frames.
const BACKGROUND_NAME: Name<'_> = Name(b"P");

/// Writes `tree` as a flame graph to print: what [`svg`](crate::svg) draws, but for what only a
/// screen can do. The width is that of the options, or 1,200 pixels; their font and their links are
/// left out.
///
/// ```
/// use pyflame_profile::{View, parse_folded};
/// use pyflame_render::{SvgOptions, pdf};
///
/// let (profile, _) = parse_folded("main;parse 3\nmain;write 1\n");
/// let mut page = Vec::new();
/// pdf(&View::default().tree(&profile), &SvgOptions::default(), &mut page)?;
/// assert!(page.starts_with(b"%PDF-1.7"));
/// # Ok::<(), pyflame_render::RenderError>(())
/// ```
///
/// # Errors
/// Fails where `out` does, and where the options name a file of colours that can't be used.
pub fn pdf(tree: &Tree, options: &SvgOptions, out: &mut impl Write) -> Result<(), RenderError> {
    draw(tree, options, |picture| out.write_all(&file(picture)))
}

fn file(picture: &Picture<'_>) -> Vec<u8> {
    let page = Page::new(picture);
    let (width_px, height_px) = (page.width_px, page.height_px);
    let (points_per_unit, scale) = scale(width_px.max(height_px));
    let mut file = Pdf::with_settings(Settings { pretty: false });
    file.catalog(CATALOG).pages(PAGES).page_layout(PageLayout::SinglePage);
    file.pages(PAGES).kids([PAGE]).count(1);
    let mut object = file.page(PAGE);
    object.parent(PAGES).contents(CONTENT);
    object.media_box(Rect::new(0.0, 0.0, width_px * scale, height_px * scale));
    if points_per_unit > 1.0 {
        object.user_unit(points_per_unit);
    }
    write_resources(&mut object.resources(), picture);
    object.finish();
    let content = compress_to_vec_zlib(&page.content(scale), COMPRESSION);
    file.stream(CONTENT, &content).filter(Filter::FlateDecode);
    write_info(&mut file, picture.options);
    for (id, face) in (FIRST_FONT..).zip(Face::ALL) {
        let mut font = file.type1_font(Ref::new(id));
        font.base_font(face.font()).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (id, hatch) in (FIRST_HATCH..).zip(Hatch::ALL) {
        hatch.write(&mut file, Ref::new(id), scale);
    }
    if let Some(background) = &picture.options.background {
        write_gradient(&mut file, background, height_px);
    }
    file.finish()
}

fn write_info(file: &mut Pdf, options: &SvgOptions) {
    let mut info = file.document_info(INFO);
    info.title(TextStr(options.heading())).producer(TextStr("pyflame"));
    if !options.notes.is_empty() {
        info.subject(TextStr(&options.notes));
    }
}

/// How many points a unit of a page is that has a side of `longest_px`, and how many units a pixel.
fn scale(longest_px: f32) -> (f32, f32) {
    let unit = (longest_px * POINTS_PER_PIXEL / LONGEST_SIDE).ceil().max(1.0);
    (unit, POINTS_PER_PIXEL / unit)
}

/// Names of fonts, hatches and the background, as the content of the page calls them.
fn write_resources(resources: &mut Resources<'_>, picture: &Picture<'_>) {
    let mut fonts = resources.fonts();
    for (id, face) in (FIRST_FONT..).zip(Face::ALL) {
        fonts.pair(face.name(), Ref::new(id));
    }
    fonts.finish();
    let mut patterns = resources.patterns();
    for (id, hatch) in (FIRST_HATCH..).zip(Hatch::ALL) {
        patterns.pair(hatch.name(), Ref::new(id));
    }
    patterns.finish();
    if picture.options.background.is_some() {
        resources.shadings().pair(BACKGROUND_NAME, BACKGROUND);
    }
}

/// From the top of the page to its bottom, as far as SVG's gradient goes.
fn write_gradient(file: &mut Pdf, background: &Background, height_px: f32) {
    let (top, bottom) = (Colour::of(&background.top), Colour::of(&background.bottom));
    let mut function = file.exponential_function(GRADIENT);
    function.domain([0.0, 1.0]).n(1.0).c0(top.parts()).c1(bottom.parts());
    function.finish();
    let mut shading = file.function_shading(BACKGROUND);
    shading.shading_type(FunctionShadingType::Axial).color_space().device_rgb();
    shading.coords([0.0, height_px * 0.95, 0.0, height_px * 0.05]);
    shading.extend([true, true]).function(GRADIENT);
}

#[cfg(test)]
mod tests;
