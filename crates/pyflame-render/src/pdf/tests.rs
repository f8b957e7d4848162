//! Whole pages: they show what they are given, whatever it is, and have not changed by accident.

use std::path::PathBuf;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use pyflame_profile::Tree;

use super::pdf;
use crate::SvgOptions;
use crate::svg::tests::{counted, options, recorded};

const BLESS: &str = "PYFLAME_BLESS";

fn draw(tree: &Tree, options: &SvgOptions) -> Vec<u8> {
    let mut out = Vec::new();
    pdf(tree, options, &mut out).unwrap();
    out
}

/// The operators of the page, a line each; characters beyond ASCII are Latin-1.
fn content(file: &[u8]) -> String {
    let after = |mark: &[u8], from: usize| {
        from + file[from..].windows(mark.len()).position(|here| here == mark).unwrap() + mark.len()
    };
    // The page's content is the first stream.
    let start = after(b"stream\n", 0);
    let end = after(b"\nendstream", start);
    let bytes = decompress_to_vec_zlib_with_limit(&file[start..end], 1 << 20).unwrap();
    bytes.into_iter().map(char::from).collect()
}

fn objects(file: &[u8]) -> String {
    file.iter().copied().map(char::from).collect()
}

fn assert_golden(name: &str, tree: &Tree, options: &SvgOptions) {
    let page = content(&draw(tree, options)) + "\n";
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/pdf/tests/golden");
    let file = folder.join(format!("{name}.txt"));
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        page == golden,
        "the page differs from {}; look at it in two readers, and if it is right, run again with \
         {BLESS}=1\n{page}",
        file.display()
    );
}

#[test]
fn a_recording_shows_every_category() {
    assert_golden("recording", &recorded(), &options(&["--title=app.py", "--width=720"]));
}

#[test]
fn an_icicle_has_its_background_and_its_colours() {
    let tree = counted("main;parse;read 3\nmain;parse 2\nmain;write 4\nidle 1\n");
    let arguments = ["--inverted", "--width=600", "--colors=hot", "--bgcolors=yellow"];
    assert_golden("icicle", &tree, &options(&arguments));
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let options = SvgOptions::default();
    assert_eq!(draw(&recorded(), &options), draw(&recorded(), &options));
}

#[test]
fn an_empty_tree_gives_a_page_that_says_so() {
    let page = content(&draw(&counted(""), &SvgOptions::default()));
    assert!(page.contains("(Nothing was sampled) Tj"), "{page}");
    let nothing = ["None of it", "All waited."];
    let page = draw(&counted(""), &SvgOptions { nothing, ..SvgOptions::default() });
    assert!(content(&page).contains("(All waited.) Tj"));
}

#[test]
fn text_cannot_become_operators_nor_leave_its_frame() {
    let page =
        content(&draw(&counted("a) Tj ET Q (\\;\u{4e2d}\u{7f} 1\n"), &options(&["--width=400"])));
    assert!(page.contains("(a\\) Tj ET Q \\(\\\\) Tj"), "{page}");
    assert!(page.contains("(??) Tj"), "{page}");
    let name = "long_name_".repeat(100);
    let page = content(&draw(&counted(&format!("{name} 1\n")), &options(&["--width=200"])));
    // "long_name_long_name_long_", 161.4 pixels wide of 180, and the ellipsis, 12 pixels.
    let name = "6C6F6E675F6E616D655F".repeat(2) + "6C6F6E675F";
    assert!(page.contains(&format!("<{name}85> Tj")), "{page}");
}

#[test]
fn the_notes_and_the_title_are_in_the_file() {
    let file = draw(&counted("a 1\n"), &options(&["--title=x (1)", "--notes=why"]));
    let objects = objects(&file);
    assert!(objects.contains("/Title(x (1))/Producer(pyflame)/Subject(why)"), "{objects}");
}

#[test]
fn a_very_deep_stack_makes_larger_units_and_not_a_longer_page() {
    let names: Vec<String> = (0..3_000).map(|index| format!("f{index}")).collect();
    let file = draw(&counted(&format!("{} 1\n", names.join(";"))), &SvgOptions::default());
    // 3,001 rows of 16 pixels and the header are 48,112 pixels, 36,084 points.
    assert!(objects(&file).contains("/MediaBox[0 0 300 12028]/UserUnit 3"));
}

#[test]
fn what_is_reversed_is_drawn_reversed() {
    let reversed = draw(&counted("a;b 1\n"), &options(&["--reverse"]));
    assert_eq!(reversed, draw(&counted("b;a 1\n"), &SvgOptions::default()));
}
