//! The fast reader agrees with the slow one, whatever it is given and however many threads read.

use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::{Reading, Report, Unreadable, read_tree};
use crate::{Category, NodeId, Tree, Unit, View, parse_folded};

fn read(inputs: &[&str], reading: &Reading) -> (Tree, Report) {
    let inputs = inputs.iter().map(|text| Box::new(text.as_bytes()) as _).collect();
    read_tree(inputs, reading).unwrap()
}

fn tree(text: &str) -> Tree {
    read(&[text], &Reading::default()).0
}

/// Depth, name, start, total, self, before, callers first.
fn frames(tree: &Tree) -> Vec<(u32, String, [u64; 4])> {
    let mut found = Vec::new();
    let mut pending: Vec<(NodeId, u32)> = vec![(Tree::ROOT, 0)];
    while let Some((node, depth)) = pending.pop() {
        let (data, label) = (tree.node(node), tree.label(node));
        let values = [data.start, data.total, data.self_value, data.before];
        found.push((depth, label.text(), values));
        pending.extend(data.children.iter().rev().map(|child| (*child, depth + 1)));
    }
    found
}

fn stacks() -> impl Strategy<Value = String> {
    let frame =
        prop::sample::select(vec!["a", "b", "ab", "c (x.py:1)", "c (x.py:2)", "%3B", "a b"]);
    let line = (prop::collection::vec(frame, 1..7), 0_u64..50);
    let line = line.prop_map(|(frames, count)| format!("{} {count}\n", frames.join(";")));
    prop::collection::vec(line, 1..60).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn it_reads_what_the_slow_reader_reads(text in stacks()) {
        let slow = View::default().tree(&parse_folded(&text).0);
        let fast = tree(&text);
        // Frames without a value are worth a node to the slow reader alone.
        let mut expected = frames(&slow);
        expected.retain(|(depth, _, values)| *depth == 0 || values[1] > 0);
        prop_assert_eq!(frames(&fast), expected);
        prop_assert_eq!(fast.folded(), slow.folded());
    }

    #[test]
    fn reversed_stacks_are_those_of_the_reversed_tree(text in stacks()) {
        let reading = Reading { reverse: true, ..Reading::default() };
        let text = text.replace(" (x.py:1)", "1").replace(" (x.py:2)", "2");
        let mut expected = frames(&tree(&text).reversed());
        expected.retain(|(depth, _, values)| *depth == 0 || values[1] > 0);
        prop_assert_eq!(frames(&read(&[&text], &reading).0), expected);
    }

    #[test]
    fn leaving_out_keeps_places_and_sums(text in stacks(), min_share in 0.0..0.5) {
        let all = frames(&tree(&text));
        let total = all[0].2[1];
        let reading = Reading { min_share, ..Reading::default() };
        let (some, _) = read(&[&text], &reading);
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let is_kept = |value: u64| value as f64 >= total as f64 * min_share;
        let kept: Vec<_> = all.iter().filter(|f| f.0 == 0 || is_kept(f.2[1])).cloned().collect();
        prop_assert_eq!(some.left_out.nodes, (all.len() - kept.len()) as u64);
        prop_assert_eq!(frames(&some), kept);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_tree(vec![Box::new(bytes.as_slice())], &Reading::default());
    }
}

/// Enough text for several blocks, with a bad line now and then.
fn long_text() -> String {
    let line = |n: u32| match n % 1000 {
        999 => "not a stack\n".to_owned(),
        _ => format!("main;f{};g{};{} {}\n", n % 7, n % 11, "x".repeat(200), n % 3 + 1),
    };
    (0..12_000).map(line).collect()
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let text = long_text();
    let results = [1, 2, 3].map(|workers| {
        let workers = NonZeroUsize::new(workers);
        let (tree, report) = read(&[&text, &text], &Reading { workers, ..Reading::default() });
        (frames(&tree), report)
    });
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}

#[test]
fn the_order_of_time_survives_threads() {
    let text = long_text();
    let results = [1, 3].map(|workers| {
        let workers = NonZeroUsize::new(workers);
        let reading = Reading { in_time_order: true, workers, ..Reading::default() };
        frames(&read(&[&text], &reading).0)
    });
    assert_eq!(results[0], results[1]);
}

#[test]
fn unreadable_lines_are_numbered_across_blocks_and_inputs() {
    let text = long_text();
    let (_, report) = read(&["a 1\nb\n", &text], &Reading::default());
    let reason = "no count at the end of the line";
    assert_eq!((report.lines, report.unreadable), (12_002, 13));
    assert_eq!(report.first_unreadable[0], Unreadable { input: 0, line: 2, reason });
    assert_eq!(report.first_unreadable[9], Unreadable { input: 1, line: 9_000, reason });
}

#[test]
fn in_order_of_time_only_neighbours_are_merged() {
    let reading = Reading { in_time_order: true, ..Reading::default() };
    let (tree, _) = read(&["a;b 1\na;b 2\na 1\na;b 3\nc 1\na 1\n"], &reading);
    let expected = [
        (0, "all", [0, 9, 0, 0]),
        (1, "a", [0, 7, 1, 0]),
        (2, "b", [0, 3, 3, 0]),
        (2, "b", [4, 3, 3, 0]),
        (1, "c", [7, 1, 1, 0]),
        (1, "a", [8, 1, 1, 0]),
    ];
    assert_eq!(frames(&tree), expected.map(|(depth, name, values)| (depth, name.into(), values)));
}

#[test]
fn two_counts_make_a_differential_tree() {
    let tree = tree("a;b 10 20\na;c 5 0\nd 1 1\n");
    assert!(tree.differential);
    let expected = [
        (0, "all", [0, 21, 0, 16]),
        (1, "a", [0, 20, 0, 15]),
        (2, "b", [0, 20, 20, 10]),
        (1, "d", [20, 1, 1, 1]),
    ];
    assert_eq!(frames(&tree), expected.map(|(depth, name, values)| (depth, name.into(), values)));
}

#[test]
fn fractions_are_kept_to_the_last_line() {
    let tree = tree("a 0.5\nb 2\nc 0.25\n");
    assert_eq!((tree.scale, tree.node(Tree::ROOT).total), (100, 275));
    assert_eq!(tree.folded(), "a 0.5\nb 2\nc 0.25\n");
}

#[test]
fn what_austin_measures_is_time() {
    let tree = tree("# austin: 3.6.0\n# mode: wall\n\nP1;T0:1;s.py:main:6 250\n");
    assert_eq!((tree.unit, tree.node(Tree::ROOT).total), (Unit::Nanoseconds, 250_000));
}

#[test]
fn roots_without_a_place_are_threads_where_functions_have_places() {
    let category = |text: &str| {
        let tree = tree(text);
        tree.label(tree.node(Tree::ROOT).children[0]).category
    };
    assert_eq!(category("MainThread;f (x.py:1) 1\n"), Category::Thread);
    assert_eq!(category("main;f 1\n"), Category::Own);
}

#[test]
fn sums_stop_at_the_greatest_number() {
    let tree = tree(&format!("a;b {max}\na;c {max}\nd 5\n", max = u64::MAX));
    assert_eq!((tree.node(Tree::ROOT).total, tree.len()), (u64::MAX, 3));
}

#[test]
fn a_stack_of_a_hundred_thousand_frames_is_read() {
    let text = format!("{} 3\n{} 4\n", vec!["f"; 100_000].join(";"), vec!["f"; 99_999].join(";"));
    assert_eq!(tree(&text).len(), 100_001);
}
