//! Pictures as they were when someone last looked at them.
//!
//! The style sheet and the script are left out: browsers' tests look after those.

use std::path::PathBuf;

use pyflame_profile::Tree;

use super::{counted, draw, options, recorded};
use crate::SvgOptions;

const BLESS: &str = "PYFLAME_BLESS";

fn assert_golden(name: &str, tree: &Tree, options: &SvgOptions) {
    let picture = without_sections(&draw(tree, options));
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/svg/tests/golden");
    let file = folder.join(format!("{name}.svg"));
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&file, &picture).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        picture == golden,
        "the picture differs from {}; look at both, and if the new one is right, run again with \
         {BLESS}=1\n{picture}",
        file.display()
    );
}

/// The picture without what stands in CDATA sections.
fn without_sections(picture: &str) -> String {
    let mut parts = picture.split("<![CDATA[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once("]]>").map_or("", |(_, rest)| rest))
}

#[test]
fn a_recording_shows_every_category() {
    let facts = "--subtitle=6 samples \u{b7} 20.0 ms wall \u{b7} 2 threads";
    assert_golden("recording", &recorded(), &options(&["--title=app.py", facts]));
}

#[test]
fn an_icicle_of_fixed_width_looks_as_flamegraph_pl_would_have_it() {
    let tree = counted("main;parse;read 3\nmain;parse 2\nmain;write 4\nidle 1\n");
    let arguments =
        ["--inverted", "--width=600", "--colors=hot", "--bgcolors=yellow", "--countname=calls"];
    assert_golden("icicle", &tree, &options(&arguments));
}

#[test]
fn a_differential_shows_what_became_more_and_less() {
    let mut tree = counted("main;grew 30\nmain;shrank 10\nmain;same 10\n");
    let main = tree.node(Tree::ROOT).children[0];
    let children = tree.node(main).children.clone();
    for (child, before) in children.into_iter().zip([10, 10, 30]) {
        tree.add_before(child, before);
    }
    tree.differential = true;
    tree.finish();
    assert_golden("differential", &tree, &SvgOptions::default());
}

#[test]
fn an_empty_recording_says_that_nothing_was_sampled() {
    assert_golden("empty", &counted(""), &SvgOptions::default());
}
