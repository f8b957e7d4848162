//! Any bytes as folded text: the reader takes or reports every line, both readers agree on the
//! sum, and the picture is well-formed XML with one script.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyflame_profile::{Reading, Tree, read_tree};
use pyflame_render::{SvgOptions, svg};
use roxmltree::Document;

fuzz_target!(|bytes: &[u8]| {
    let (tree, report) = read_tree(vec![Box::new(bytes)], &Reading::default()).expect("memory");
    assert!(report.stacks + report.unreadable <= report.lines);
    let mut sums = tree.iter().fold(0_u64, |sum, node| sum.saturating_add(node.self_value));
    sums = sums.saturating_add(tree.left_out.value);
    assert_eq!(sums, tree.node(Tree::ROOT).total);
    let mut picture = Vec::new();
    svg(&tree, &SvgOptions::default(), &mut picture).expect("memory");
    let picture = String::from_utf8(picture).expect("UTF-8");
    let document = Document::parse(&picture).expect("well-formed XML");
    let scripts = document.descendants().filter(|node| node.tag_name().name() == "script");
    assert_eq!(scripts.count(), 1);
});
