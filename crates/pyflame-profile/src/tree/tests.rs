//! Sums, places and reversal of trees.

use crate::{Label, Reading, Tree, View, parse_folded, read_tree};

fn tree(text: &str) -> Tree {
    View::default().tree(&parse_folded(text).0)
}

fn places(tree: &Tree) -> Vec<(String, u64, u64)> {
    let mut found = Vec::new();
    let mut pending = vec![Tree::ROOT];
    while let Some(node) = pending.pop() {
        let data = tree.node(node);
        found.push((tree.label(node).name.to_string(), data.start, data.total));
        pending.extend(data.children.iter().rev());
    }
    found
}

fn place(name: &str, start: u64, total: u64) -> (String, u64, u64) {
    (name.into(), start, total)
}

#[test]
fn callees_stand_right_of_their_callers_own_value() {
    let expected = [place("all", 0, 6), place("a", 0, 5), place("b", 2, 3), place("c", 5, 1)];
    assert_eq!(places(&tree("a 2\nc 1\na;b 3\n")), expected);
}

#[test]
fn a_reversed_tree_is_rooted_in_what_was_innermost() {
    let reversed = tree("a;b;c 2\nx;c 3\na 1\n").reversed();
    let expected = [
        place("all", 0, 6),
        place("a", 0, 1),
        place("c", 1, 5),
        place("b", 1, 2),
        place("a", 1, 2),
        place("x", 3, 3),
    ];
    assert_eq!(places(&reversed), expected);
}

#[test]
fn what_a_reader_left_out_is_missing_from_the_reversed_tree_as_well() {
    let reading = Reading { min_share: 0.2, ..Reading::default() };
    let (tree, _) = read_tree(vec![Box::new(&b"a;b 9\nc 1\n"[..])], &reading).unwrap();
    let reversed = tree.reversed();
    assert_eq!(reversed.left_out, tree.left_out);
    assert_eq!(places(&reversed), [place("all", 0, 10), place("b", 0, 9), place("a", 0, 9)]);
}

#[test]
fn reversing_twice_gives_the_same_folded_text() {
    let tree = tree("a;b;c 2\nx;c 3\na 1\na;b 7\n");
    assert_eq!(tree.reversed().reversed().folded(), tree.folded());
}

#[test]
fn a_differential_tree_sums_what_was_before() {
    let mut tree = tree("");
    let mut label = |name: &str| {
        let (name, file) = (name.into(), "".into());
        tree.label_id(Label { name, file, line: 0, category: crate::Category::Own })
    };
    let (a, b) = (label("a"), label("b"));
    let a = tree.child(Tree::ROOT, a);
    let b = tree.child(a, b);
    tree.add_before(b, 5);
    tree.add(b, 2, 2);
    tree.finish();
    assert_eq!((tree.node(a).total, tree.node(a).before, tree.node(a).self_before), (2, 5, 0));
}
