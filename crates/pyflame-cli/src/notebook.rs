//! What a notebook shows of a recording: HTML for its output, a page for LaTeX, and text where there
//! is neither.
//!
//! A notebook may be shown without being trusted. Then its HTML loses scripts, style sheets and
//! iframes, and keeps images with an address of their own data (JupyterLab's sanitizer, 4.x). So
//! the picture is there twice: interactive in an iframe, and still in an image, which a style sheet
//! hides beside the iframe. Whatever is taken away, one of them is left.
//!
//! nbconvert copies the HTML into Markdown and reStructuredText. There it ends at a blank line
//! (CommonMark 0.31, section 4.6), and a line of more than 10,000 characters is refused (docutils,
//! `line_length_limit`); so it has neither.
//!
//! Everything here is stored in the notebook's file, and so it has limits. A picture that is too
//! large loses its narrowest frames, and says how many.

use std::cmp::Reverse;

use pyflame_profile::{Profile, Tree};
use pyflame_render::{Medium, MinWidth, RenderError, SvgOptions, TextOptions, pdf, svg, text};

use crate::{Picture, SaveError, facts};

/// How large the interactive picture may be: some 400 frames of usual names beside the script.
const LIVE_BYTES: usize = 130_000;
/// How large the still picture may be, before it is encoded.
const STILL_BYTES: usize = 24_000;
/// The width that the still picture is drawn for; it is shown narrower where there is no room.
const STILL_WIDTH: u32 = 960;
/// How large the page may be, before it is encoded: some 500 frames.
const PAGE_BYTES: usize = 15_000;
/// The width that the page is drawn for. nbconvert's LaTeX shows it at 5.85 inches, by which its
/// letters become those of a footnote, 7 points high.
const PAGE_WIDTH: u32 = 720;
/// How long the lines of an image's address are.
const LINE: usize = 8_000;
/// An iframe does not know how high its page is. Between these it is as high as the picture.
const HEIGHTS: (u32, u32) = (170, 560);

/// The output of a cell as HTML.
///
/// # Errors
/// When an external script can't be run or fails.
pub fn cell_html(picture: &Picture, profile: &Profile) -> Result<String, SaveError> {
    let tree = picture.tree(profile);
    let mut options = picture.options(profile);
    // A script that has no frames has nothing to do.
    options.medium = if tree.is_empty() { Medium::Image } else { Medium::Page };
    let live = match &picture.script {
        Some(_) if !tree.is_empty() => picture.draw(profile)?,
        _ => drawn_within(&tree, &options, LIVE_BYTES, draw_svg)?,
    };
    let live = String::from_utf8_lossy(&live);
    let mut still = options.clone();
    still.medium = Medium::Image;
    still.width = Some(options.width.unwrap_or(STILL_WIDTH));
    let still = drawn_within(&tree, &still, STILL_BYTES, draw_svg)?;
    let title = attribute(&options.title);
    Ok(format!(
        "<div style='resize:vertical;overflow:auto'>\
         <iframe class='pyflame-live' title='Flame graph of {title}' style='display:block;\
         width:100%;height:100%;min-height:{height}px;border:0' srcdoc='{page}'></iframe>\
         <style>.pyflame-live~.pyflame-still{{display:none}}</style>\
         <img class='pyflame-still' alt='Flame graph of {title}' style='max-width:100%' \
         src='data:image/svg+xml;base64,{still}'></div>",
        height = height(&live).clamp(HEIGHTS.0, HEIGHTS.1),
        page = attribute(&format!("<!doctype html><style>body{{margin:0}}</style>{live}")),
        still = in_lines(&base64(&still)),
    ))
}

/// The output of a cell as a page of PDF, in base64, as notebooks store what is no text
/// (nbformat 4, "Display data").
///
/// # Errors
/// When the options name a file of colours that can't be used.
pub fn cell_page(picture: &Picture, profile: &Profile) -> Result<String, SaveError> {
    let mut options = picture.options(profile);
    options.width = Some(options.width.unwrap_or(PAGE_WIDTH));
    let page = drawn_within(&picture.tree(profile), &options, PAGE_BYTES, draw_pdf)?;
    Ok(base64(&page))
}

/// The output of a cell as text: what was recorded in a line, and the widest frames.
pub fn cell_text(picture: &Picture, profile: &Profile, options: &TextOptions) -> String {
    let SvgOptions { title, nothing, .. } = picture.options(profile);
    let facts = facts(profile, picture.view.measure).join(" \u{b7} ");
    let tree = picture.tree(profile);
    let frames = if tree.is_empty() { nothing.join(": ") } else { text(&tree, options) };
    format!("{title} \u{b7} {facts}\n{}", frames.trim_end())
}

fn draw_svg(tree: &Tree, options: &SvgOptions) -> Result<Vec<u8>, RenderError> {
    let mut picture = Vec::new();
    svg(tree, options, &mut picture)?;
    Ok(picture)
}

fn draw_pdf(tree: &Tree, options: &SvgOptions) -> Result<Vec<u8>, RenderError> {
    let mut page = Vec::new();
    pdf(tree, options, &mut page)?;
    Ok(page)
}

/// Draws as many of the widest frames as fit into about `most` bytes.
fn drawn_within(
    tree: &Tree,
    options: &SvgOptions,
    most: usize,
    draw: fn(&Tree, &SvgOptions) -> Result<Vec<u8>, RenderError>,
) -> Result<Vec<u8>, RenderError> {
    let reversed = options.reverse.then(|| tree.reversed());
    let tree = reversed.as_ref().unwrap_or(tree);
    let mut options = options.clone();
    options.reverse = false;
    let mut picture = draw(tree, &options)?;
    if picture.len() <= most {
        return Ok(picture);
    }
    let bare = draw(&Tree::new(tree.unit), &options)?;
    let mut totals: Vec<u64> = tree.iter().map(|node| node.total).collect();
    totals.sort_unstable_by_key(|total| Reverse(*total));
    let least = share(totals[0], options.min_share());
    let mut frames = totals.partition_point(|total| share(*total, 1.0) >= least).max(1);
    while picture.len() > most && frames > 1 {
        // By the size of a frame so far; fewer in each round, whatever that says.
        let room = most.saturating_sub(bare.len()).max(1);
        let used = picture.len().saturating_sub(bare.len()).max(1);
        frames = (frames * room / used).clamp(1, frames - 1);
        // Those of equal width stay or go together.
        options.min_width = MinWidth::Percent(percent(totals[frames] + 1, totals[0]));
        picture = draw(tree, &options)?;
    }
    Ok(picture)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate of how many frames there are")]
fn share(total: u64, share: f64) -> f64 {
    total as f64 * share
}

#[expect(clippy::cast_precision_loss, reason = "a threshold for drawing")]
fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole as f64
}

/// The height that a picture says it has.
fn height(svg: &str) -> u32 {
    let digits = svg.split_once(" height=\"").map_or("", |(_, rest)| rest);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().unwrap_or(HEIGHTS.1)
}

/// Text between single quotes, of which a picture has fewer than double ones; a blank line is joined
/// to the one before by a reference.
fn attribute(text: &str) -> String {
    let mut attribute = String::with_capacity(text.len() + text.len() / 16);
    for (index, line) in text.split('\n').enumerate() {
        let is_blank = line.trim().is_empty();
        attribute.push_str(if index == 0 {
            ""
        } else if is_blank {
            "&#10;"
        } else {
            "\n"
        });
        attribute.push_str(&line.replace('&', "&amp;").replace('\'', "&#39;"));
    }
    attribute
}

/// The address of an image in lines: browsers take line ends out of addresses (WHATWG URL, "basic URL
/// parser", step 3).
fn in_lines(base64: &str) -> String {
    let lines: Vec<&[u8]> = base64.as_bytes().chunks(LINE).collect();
    String::from_utf8_lossy(&lines.join(&b'\n')).into_owned()
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sextet = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > group.len() { '=' } else { char::from(sextet) });
        }
    }
    text
}

#[cfg(test)]
mod tests;
