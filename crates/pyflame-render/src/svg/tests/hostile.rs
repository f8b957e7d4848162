//! Names that want to break the picture or whoever looks at it.

use proptest::prelude::*;
use pyflame_profile::{Category, Label, Tree, Unit};
use roxmltree::Document;

use super::{counted, draw, options};
use crate::SvgOptions;

/// A stack of these names, each in a file that is named like it.
fn stack(names: &[&str]) -> Tree {
    stack_of(names, &[])
}

/// The same, with a value for each frame of its own; 1 for the innermost.
fn stack_of(names: &[&str], values: &[u64]) -> Tree {
    let mut tree = Tree::new(Unit::Count);
    let mut node = Tree::ROOT;
    for (index, name) in names.iter().enumerate() {
        let (name, file) = ((*name).into(), (*name).into());
        let label = tree.label_id(Label { name, file, line: 1, category: Category::Own });
        node = tree.child(node, label);
        tree.add(node, values.get(index).copied().unwrap_or(0), 1);
    }
    tree.add(node, 1, 1);
    tree.finish();
    tree
}

/// Elements and attributes that could make something happen.
fn can_act(node: roxmltree::Node<'_, '_>) -> bool {
    let element = node.tag_name().name();
    matches!(element, "foreignObject" | "iframe" | "image" | "use" | "animate" | "set")
        || node.attributes().any(|attribute| attribute.name().starts_with("on"))
}

fn assert_harmless(picture: &str) {
    let document = Document::parse(picture).unwrap();
    let elements: Vec<_> = document.descendants().filter(roxmltree::Node::is_element).collect();
    assert!(!elements.iter().any(|element| can_act(*element)));
    assert_eq!(
        elements
            .iter()
            .filter(|e| e.has_tag_name(("http://www.w3.org/2000/svg", "script")))
            .count(),
        1
    );
}

/// The name that each frame's hover title begins with, from the lowest row up.
fn shown(picture: &str) -> Vec<String> {
    let document = Document::parse(picture).unwrap();
    let is_frame = |node: &roxmltree::Node<'_, '_>| {
        let mut around = node.ancestors().skip(1);
        node.tag_name().name() == "rect"
            && around.any(|group| group.attribute("class") == Some("frames"))
    };
    let frames = document.descendants().filter(|node| is_frame(node));
    let title = |frame: roxmltree::Node<'_, '_>| {
        let title = frame.first_element_child().and_then(|title| title.text()).unwrap();
        let y: i64 = frame.attribute("y").unwrap().parse().unwrap();
        (-y, title.lines().next().unwrap().to_owned())
    };
    let mut titles: Vec<_> = frames.map(title).collect();
    titles.sort();
    titles.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn markup_is_shown_as_text() {
    let names = [
        "<script>alert(1)</script>",
        "\"/><image href=x onerror=alert(1)>",
        "]]><script>",
        "&amp;&lt;",
        "a;b",
        "<!--",
        "-->",
        "' onload='x",
        "\u{1f525}",
    ];
    let picture = draw(&stack(&names), &SvgOptions::default());
    assert_harmless(&picture);
    assert_eq!(&shown(&picture)[1..], names);
}

#[test]
fn what_can_not_be_seen_is_made_visible() {
    let picture = draw(&stack(&["a\0b\u{1b}c\nd\u{fffe}e\u{202e}f"]), &SvgOptions::default());
    assert_eq!(shown(&picture)[1], "a\u{2400}b\u{241b}c\u{240a}d\\ufffee\\u202ef");
}

#[test]
fn a_name_of_a_hundred_thousand_characters_is_cut_and_not_lost() {
    let name = "x".repeat(100_000);
    let picture = draw(&stack(&[&name]), &SvgOptions::default());
    assert!(shown(&picture)[1].starts_with(&name[..4000]));
    assert!(picture.len() < 100_000, "{}", picture.len());
}

#[test]
fn a_stack_of_fifty_thousand_frames_is_drawn() {
    let names: Vec<&str> = vec!["recurse"; 50_000];
    let picture = draw(&stack(&names), &SvgOptions::default());
    assert_eq!(picture.matches("recurse\n").count(), 50_000);
}

#[test]
fn a_share_too_small_for_its_digits_is_no_markup() {
    let tree = counted("a;b 1000000\na 1\n");
    let picture = draw(&tree, &SvgOptions::default());
    assert_harmless(&picture);
    assert!(picture.contains("&lt;0.01%"));
}

#[test]
fn texts_of_the_caller_are_as_harmless_as_names() {
    let evil = "\"><script>alert(1)</script>--\u{0}";
    let mut options = options(&["--colors=hot"]);
    options.title = evil.into();
    options.subtitle = evil.into();
    options.notes = evil.into();
    options.font = evil.into();
    options.count_name = evil.into();
    options.name_type = evil.into();
    assert_harmless(&draw(&stack(&["f"]), &options));
}

#[test]
fn attributes_of_a_file_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("attributes");
    let text = "f\thref=\"><script>\ttitle=<b>\tclass=\"x\tid=a\"b\tg_extra=id='2' data-x='<'\n";
    std::fs::write(&file, text).unwrap();
    let options = options(&["--nameattr", file.to_str().unwrap()]);
    let picture = draw(&stack(&["f"]), &options);
    assert_harmless(&picture);
    assert!(picture.contains("xlink:href=\"&quot;&gt;&lt;script&gt;\""));
}

proptest! {
    #[test]
    fn every_picture_is_well_formed(
        names in prop::collection::vec(any::<String>(), 1..8),
        values in prop::collection::vec(0_u64..1 << 40, 8),
        title in any::<String>(),
        width in prop::option::of(40_u32..3000),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut options = SvgOptions::default();
        (options.title, options.width) = (title, width);
        let picture = draw(&stack_of(&names, &values), &options);
        assert_harmless(&picture);
        prop_assert!(shown(&picture).len() <= names.len() + 1);
    }
}
