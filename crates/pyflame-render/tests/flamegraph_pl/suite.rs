//! Option by option.

use pyflame_profile::{Reading, read_tree};
use pyflame_render::{SvgOptions, svg};

use crate::{drawn, script};

/// Names of one length: the script sorts whole lines, so that a name which begins another one
/// would stand elsewhere with it, and sometimes in two pieces.
fn folded() -> String {
    let name = |n: u32| format!("function{:03}", n % 40);
    let line = |n: u32| {
        let depth = 1 + n % 9;
        let frames: Vec<String> = (0..depth).map(|d| name(n * (d + 1) / (d * d + 1) + d)).collect();
        format!("{} {}\n", frames.join(";"), n * n % 97 + 1)
    };
    (0..300).map(line).collect::<Vec<_>>().concat()
}

fn our_picture(folded: &str, arguments: &[&str]) -> String {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let mut options = SvgOptions::parse_flamegraph_args(&arguments).unwrap();
    let mut reading = Reading::default();
    reading.min_share = options.min_share();
    reading.in_time_order = options.flame_chart;
    reading.reverse = std::mem::take(&mut options.reverse);
    let (tree, _) = read_tree(vec![Box::new(folded.as_bytes())], &reading).unwrap();
    let mut out = Vec::new();
    svg(&tree, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Compares what can be compared. Their numbers are rounded to a tenth of a pixel, both ends on
/// their own; their cut labels end in two dots where ours end in one ellipsis and a letter more.
fn assert_same_as(folded: &str, arguments: &[&str], compare_fills: bool) {
    assert_same(folded, arguments, arguments, compare_fills);
}

/// The same of arguments that mean the same.
fn assert_same(folded: &str, arguments: &[&str], their_arguments: &[&str], compare_fills: bool) {
    let width = arguments.iter().find_map(|argument| argument.strip_prefix("--width="));
    let usual_width: &[&str] = if width.is_none() { &["--width=1200"] } else { &[] };
    let Some(theirs) = script::draw(folded, &[their_arguments, usual_width].concat()) else {
        return;
    };
    let upside_down = arguments.contains(&"--inverted");
    let width: f64 = width.unwrap_or("1200").parse().unwrap();
    let theirs = drawn::theirs(&theirs, upside_down);
    let ours = our_picture(folded, &[arguments, usual_width].concat());
    let ours = drawn::ours(&ours, width, upside_down);
    let names = |frames: &[drawn::Drawn]| -> Vec<(usize, String)> {
        frames.iter().map(|frame| (frame.depth, frame.name.clone())).collect()
    };
    assert_eq!(names(&ours), names(&theirs), "{arguments:?}");
    assert!(ours.len() > 3, "{arguments:?}");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let context = format!("{arguments:?}\n{ours:?}\n{theirs:?}");
        assert!((ours.x - theirs.x).abs() < 0.06, "{context}");
        assert!((ours.width - theirs.width).abs() < 0.11, "{context}");
        assert_eq!(ours.count, theirs.count, "{context}");
        assert!(ours.depth == 0 || is_same_label(&ours.label, &theirs.label), "{context}");
        assert!(!compare_fills || ours.fill == our_fill(&theirs.fill), "{context}");
    }
}

/// The script's colour, but for what did not change: white can't be seen on our white page.
fn our_fill(theirs: &str) -> &str {
    if theirs == "rgb(255,255,255)" { "rgb(228,229,233)" } else { theirs }
}

fn is_same_label(ours: &str, theirs: &str) -> bool {
    match (ours.strip_suffix('\u{2026}'), theirs.strip_suffix('\u{2026}')) {
        (Some(ours), Some(theirs)) => {
            ours.starts_with(theirs) && ours.chars().count() == theirs.chars().count() + 1
        }
        _ => ours == theirs,
    }
}

#[test]
fn options_that_change_frames_change_them_alike() {
    for arguments in [
        &[][..],
        &["--width=600"],
        &["--width=3000", "--height=24"],
        &["--minwidth=5"],
        &["--fontsize=20"],
        &["--fontsize=9.5", "--fontwidth=0.4"],
        &["--total=40000"],
        &["--total=10"],
        &["--factor=2.5", "--countname=bytes"],
        &["--inverted"],
        &["--reverse"],
        &["--reverse", "--inverted", "--minw=1"],
    ] {
        assert_same_as(&folded(), arguments, false);
    }
}

#[test]
fn a_share_as_least_width_is_that_share_of_the_frames_width() {
    // The script of the package does not know shares yet; 1,180 pixels have frames.
    assert_same(&folded(), &["--minwidth=0.5%"], &["--minwidth=5.9"], false);
}

#[test]
fn a_flame_chart_of_sorted_lines_is_their_flame_graph() {
    // The script of the package does not know charts yet, but sorts what it reads.
    let text = folded();
    let mut lines: Vec<_> = text.split_inclusive('\n').collect();
    lines.sort_unstable();
    assert_same(&lines.concat(), &["--flamechart"], &[], false);
}

#[test]
fn hashed_colours_are_the_same_in_every_palette() {
    let mut compared = 0;
    let palettes = [
        "hot", "mem", "io", "java", "js", "red", "green", "blue", "aqua", "yellow", "purple",
        "orange", "wakeup", "chain", "perl",
    ];
    for palette in palettes {
        let colors = format!("--colors={palette}");
        // Names of which old and new versions of the script think alike.
        let names = "org/a.js;x::y 3\norg/a.js;sys_read 2\norg/b.js;Perl_x 3\norg/b.js;malloc 2\n";
        // Palettes that the script does not know yet are black there.
        let Some(theirs) = script::draw(names, &["--hash", &colors]) else { return };
        if !theirs.contains("rgb(0,0,0)\" rx") {
            assert_same_as(names, &["--hash", &colors], true);
            compared += 1;
        }
    }
    assert!(compared >= 12, "only {compared} were compared");
}

#[test]
fn fractions_keep_their_widths() {
    assert_same_as("aaa;bbb 0.25\naaa;ccc 1.5\nddd 3\neee;fff 0.125\n", &[], false);
}

#[test]
fn a_differential_has_the_same_frames_and_colours() {
    let text = "aa;bb 10 20\naa;cc 30 5\ndd 7 7\nee;ff 1 40\nee 10 30\n";
    assert_same_as(text, &[], true);
    assert_same_as(text, &["--negate"], true);
    assert_same_as(text, &["--inverted", "--width=500"], true);
}

#[test]
fn lines_that_the_script_ignores_are_ignored() {
    assert_same_as("aaa;bbb 3\nno count\naaa;ccc -1\naaa;ddd x\n\neee 4\n", &[], false);
}

#[test]
fn markup_in_names_is_drawn_as_a_name() {
    // The script turns < and > into brackets of another kind; we show them.
    assert_same_as("a&b;\"c\" 3\na&b;'d' 4\n", &[], false);
}
