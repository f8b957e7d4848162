//! Any bytes as folded text, read and drawn with any options: the reader takes or reports every
//! line, both readers agree on the sum, the picture is well-formed XML with one script, and what
//! its frames say adds up to what was read.
#![no_main]

use std::num::NonZeroUsize;

use libfuzzer_sys::fuzz_target;
use pyflame_profile::{Reading, Report, Tree, Unit, parse_folded, read_tree};
use pyflame_render::{
    Background, Medium, MinWidth, Orientation, Palette, SvgOptions, Variation, svg,
};
use roxmltree::Document;

fuzz_target!(|input: (u64, &[u8])| {
    let (choices, bytes) = input;
    let mut choices = Choices(choices);
    let options = options(&mut choices);
    let reading = reading(&mut choices, &options);
    let (tree, report) = read_tree(vec![Box::new(bytes)], &reading).expect("memory");
    assert!(report.stacks + report.unreadable <= report.lines);
    let mut sum = tree.iter().fold(0_u64, |sum, node| sum.saturating_add(node.self_value));
    sum = sum.saturating_add(tree.left_out.value);
    assert_eq!(sum, tree.node(Tree::ROOT).total);
    check_other_reader(bytes, &tree, &report);
    check_picture(&tree, &options);
});

/// The reader of profiles knows no fractions, no second counts and no comments, and is stricter
/// about the blanks before a count; what it takes of text in which neither finds fault is the same.
fn check_other_reader(bytes: &[u8], tree: &Tree, report: &Report) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (profile, errors) = parse_folded(text);
    let has_comments = text.lines().any(|line| line.starts_with("# "));
    let is_plain = tree.unit == Unit::Count && tree.scale == 1 && !tree.differential;
    if is_plain && !has_comments && errors.is_empty() && report.unreadable == 0 {
        assert_eq!(profile.totals().wall_ns, tree.node(Tree::ROOT).total);
    }
}

fn check_picture(tree: &Tree, options: &SvgOptions) {
    let mut picture = Vec::new();
    svg(tree, options, &mut picture).expect("memory");
    let picture = String::from_utf8(picture).expect("UTF-8");
    let document = Document::parse(&picture).expect("well-formed XML");
    let scripts = document.descendants().filter(|node| node.tag_name().name() == "script");
    let is_page = options.medium == Medium::Page;
    assert_eq!(scripts.count(), usize::from(is_page));
    let is_exact = tree.unit == Unit::Count && tree.scale == 1 && options.factor == 1.0;
    let total = tree.node(Tree::ROOT).total;
    // A sum that has stopped at the greatest number is no sum of what is drawn.
    if !is_page || !is_exact || total == u64::MAX {
        return;
    }
    let frames = document.descendants().filter(|node| {
        let is_frame = |group: roxmltree::Node<'_, '_>| group.attribute("class") == Some("frames");
        node.tag_name().name() == "rect" && node.ancestors().skip(1).any(is_frame)
    });
    let (mut sum, mut whole) = (0, 0);
    for frame in frames {
        let title = frame.first_element_child().and_then(|title| title.text()).expect("a title");
        let (all, own) = figures(title);
        assert!(own <= all);
        sum += own;
        whole = whole.max(all);
    }
    assert!(sum <= total);
    let leaves_out = tree.left_out.nodes > 0 || options.min_width != MinWidth::Pixels(0.0);
    if !leaves_out {
        assert_eq!(sum, total);
    }
    if whole > 0 {
        assert_eq!(whole, total.max(options.total.map_or(0, |total| total as u64)));
    }
}

/// What a hover title says on its second line: the value of a frame, and how much of it is its own.
fn figures(title: &str) -> (u64, u64) {
    let line = title.lines().nth(1).expect("a line of figures");
    let number = |text: &str| -> u64 {
        let (digits, _) = text.split_once(' ').expect("a number and what it counts");
        digits.replace(',', "").parse().expect("a number")
    };
    let all = number(line);
    let own = line.split(" \u{b7} ").find_map(|part| match part {
        "all of it self" => Some(all),
        _ => part.strip_prefix("self ").map(number),
    });
    (all, own.unwrap_or(0))
}

fn reading(choices: &mut Choices, options: &SvgOptions) -> Reading {
    let mut reading = Reading::default();
    reading.in_time_order = options.flame_chart;
    reading.reverse = choices.one_in(4);
    reading.microseconds = choices.one_in(8);
    reading.workers = NonZeroUsize::new(choices.below(3));
    if choices.one_in(4) {
        reading.min_share = options.min_share();
    }
    reading
}

fn options(choices: &mut Choices) -> SvgOptions {
    let mut options = SvgOptions::default();
    let widths = [MinWidth::Pixels(0.0), MinWidth::Pixels(0.1), MinWidth::Percent(20.0)];
    options.min_width = widths[choices.below(3)];
    options.flame_chart = choices.one_in(4);
    options.reverse = choices.one_in(4);
    options.negate = choices.one_in(2);
    options.palette = Palette::NAMES[choices.below(Palette::NAMES.len())].1;
    options.variation = [Variation::Name, Variation::Hash][choices.below(2)];
    options.background = choices.one_in(2).then(|| Background::named("blue")).flatten();
    options.encoding = choices.one_in(4).then(|| "US-ASCII".into());
    options.width = choices.one_in(2).then_some(40 << choices.below(8));
    if choices.one_in(2) {
        options.orientation = Orientation::Icicle;
    }
    if choices.one_in(8) {
        options.medium = Medium::Image;
    }
    if choices.one_in(4) {
        options.total = Some(choices.below(1000) as f64);
    }
    if choices.one_in(8) {
        options.factor = 0.25;
    }
    options
}

/// A number that is taken apart into choices; where nothing is left of it, the first is chosen.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        let choice = self.0 % limit as u64;
        self.0 /= limit as u64;
        choice as usize
    }

    fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 1
    }
}
