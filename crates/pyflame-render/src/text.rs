//! The tree as text for a terminal: the widest frames, the hottest callee first.
//!
//! A line is moved to the right only where a caller has more than one callee in sight, since
//! chains of calls would leave no room for names otherwise. Colours are those that every terminal
//! has (ECMA-48, SGR), in the meaning that pictures give them.

use std::cmp::Reverse;
use std::fmt::Write as _;

use pyflame_profile::{Category, Label, NodeId, Tree};

use crate::figure::{Figures, push_share};
use crate::svg::{short_place, shown_name};
use crate::visible::{push_visible_text, shorten};

/// How a tree is written as text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextOptions {
    /// Whether the terminal shows colours.
    pub has_colour: bool,
    /// Characters in a line.
    pub width: usize,
    /// How many frames are written at the most.
    pub most_frames: usize,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { has_colour: false, width: 100, most_frames: 24 }
    }
}

/// From this share of the whole on a frame is written.
const LEAST_PERCENT: u64 = 1;
/// Room for the share of a frame's total and for its own.
const SHARES: usize = 16;

struct Writer<'a> {
    tree: &'a Tree,
    options: &'a TextOptions,
    whole: u64,
    /// How long the longest total is.
    total_width: usize,
    is_shown: Vec<bool>,
    text: String,
}

/// Writes the widest frames of a tree, one a line; nothing where the tree is empty.
///
/// ```
/// use pyflame_profile::{View, parse_folded};
/// use pyflame_render::{TextOptions, text};
///
/// let (profile, _) = parse_folded("main;parse 3\nmain;write 1\n");
/// let text = text(&View::default().tree(&profile), &TextOptions::default());
/// let lines: Vec<&str> = text.lines().collect();
/// assert_eq!(lines[0], "    total            self");
/// assert_eq!(lines[1], "4 samples    100%      0%  main");
/// assert_eq!(lines[2], "3 samples   75.0%   75.0%  \u{251c} parse");
/// assert_eq!(lines[3], " 1 sample   25.0%   25.0%  \u{2514} write");
/// ```
pub fn text(tree: &Tree, options: &TextOptions) -> String {
    let whole = tree.node(Tree::ROOT).total;
    let is_shown = widest(tree, options);
    let mut writer = Writer { tree, options, whole, total_width: 0, is_shown, text: String::new() };
    writer.total_width = writer.widest_total();
    if whole > 0 {
        let width = writer.total_width;
        let _ = writeln!(writer.text, "{:>width$}{:>SHARES$}", "total", "self");
        writer.write();
        writer.write_rest();
    }
    writer.text
}

/// Whether each node is among the widest, by index.
fn widest(tree: &Tree, options: &TextOptions) -> Vec<bool> {
    let least = (tree.node(Tree::ROOT).total / 100).saturating_mul(LEAST_PERCENT).max(1);
    let totals: Vec<u64> = tree.iter().map(|node| node.total).collect();
    let mut order: Vec<usize> = (1..totals.len()).filter(|index| totals[*index] >= least).collect();
    // Stable, and callers have smaller indices: of equal ones, the caller is kept.
    order.sort_by_key(|index| Reverse(totals[*index]));
    let mut is_shown = vec![false; totals.len()];
    for index in order.into_iter().take(options.most_frames) {
        is_shown[index] = true;
    }
    is_shown
}

impl Writer<'_> {
    fn write(&mut self) {
        // By hand, and not by recursion: stacks can be deeper than ours.
        let mut pending = vec![(Tree::ROOT, String::new(), String::new())];
        while let Some((node, own, below)) = pending.pop() {
            if node != Tree::ROOT {
                self.write_frame(node, &own);
            }
            let children = self.children(node);
            let branches = children.len() > 1;
            for (place, child) in children.iter().enumerate().rev() {
                let (mark, line) = match (branches, place + 1 == children.len()) {
                    (false, _) => ("", ""),
                    (true, false) => ("\u{251c} ", "\u{2502} "),
                    (true, true) => ("\u{2514} ", "  "),
                };
                pending.push((*child, format!("{below}{mark}"), format!("{below}{line}")));
            }
        }
    }

    /// The callees in sight, the hottest first.
    fn children(&self, node: NodeId) -> Vec<NodeId> {
        let children = self.tree.node(node).children.iter().copied();
        let mut children: Vec<NodeId> =
            children.filter(|child| self.is_shown[child.index()]).collect();
        children.sort_by_key(|child| Reverse(self.tree.node(*child).total));
        children
    }

    fn write_frame(&mut self, id: NodeId, indent: &str) {
        let (node, label) = (self.tree.node(id), self.tree.label(id));
        let (mut share, mut own) = (String::new(), String::new());
        let (value, width) = (self.total(node.total), self.total_width);
        push_share(&mut share, node.total, self.whole);
        push_share(&mut own, node.self_value, self.whole);
        let is_hot = node.self_value.saturating_mul(10) >= self.whole;
        let own = self.coloured(if is_hot { "1" } else { "" }, &format!("{own:>7}"));
        let _ = write!(self.text, "{value:>width$} {share:>7} {own}  {indent}");
        let used = width + SHARES + 2 + indent.chars().count();
        self.push_name(label, self.options.width.saturating_sub(used).max(20));
        self.text.push('\n');
    }

    /// A total with its unit.
    fn total(&self, value: u64) -> String {
        let mut text = String::new();
        let count_name = if value == self.tree.scale { "sample" } else { "samples" };
        let (unit, scale) = (self.tree.unit, self.tree.scale);
        Figures { unit, scale, factor: 1.0, count_name }.push_value(&mut text, value);
        text
    }

    fn widest_total(&self) -> usize {
        let shown = self.tree.iter().zip(&self.is_shown).filter(|(_, is_shown)| **is_shown);
        let widths = shown.map(|(node, _)| self.total(node.total).chars().count());
        widths.max().unwrap_or(0).max("total".len())
    }

    fn push_name(&mut self, label: &Label, room: usize) {
        let name = visible(shown_name(label), room);
        let left = room.saturating_sub(name.chars().count() + 2);
        let name = self.coloured(colour(label.category), &name);
        self.text.push_str(&name);
        let place = short_place(label);
        if !place.is_empty() && place.chars().count() <= left {
            let place = self.coloured("2", &visible(&place, left));
            self.text.push_str("  ");
            self.text.push_str(&place);
        }
    }

    /// Says how much is not in sight.
    fn write_rest(&mut self) {
        let hidden = self.is_shown.iter().skip(1).filter(|is_shown| !**is_shown).count();
        if hidden > 0 {
            let frames = if hidden == 1 { "frame" } else { "frames" };
            let room = self.total_width + SHARES;
            let note = format!("{:room$}  \u{2026} {hidden} narrower {frames}", "");
            let note = self.coloured("2", &note);
            self.text.push_str(&note);
            self.text.push('\n');
        }
    }

    fn coloured(&self, colour: &str, text: &str) -> String {
        if colour.is_empty() || !self.options.has_colour {
            return text.to_owned();
        }
        format!("\u{1b}[{colour}m{text}\u{1b}[0m")
    }
}

fn colour(category: Category) -> &'static str {
    match category {
        Category::Own => "33",
        Category::Package => "35",
        Category::Stdlib | Category::Import => "32",
        Category::Native => "36",
        Category::Thread => "1",
        Category::Waiting => "2;3",
        Category::Uncaptured => "31",
    }
}

/// `text` in at most `room` characters, none of which a terminal would obey.
fn visible(text: &str, room: usize) -> String {
    let mut out = String::new();
    push_visible_text(&mut out, text);
    let (kept, cut) = shorten(&out, room);
    if cut { format!("{kept}\u{2026}") } else { out }
}

#[cfg(test)]
mod tests {
    use pyflame_profile::{View, parse_folded};

    use super::{TextOptions, text};

    fn written(folded: &str, options: &TextOptions) -> String {
        text(&View::default().tree(&parse_folded(folded).0), options)
    }

    fn names(text: &str) -> Vec<&str> {
        let name = |line: &'_ str| line.rfind("%  ").map_or(0, |end| end + 3);
        text.lines().skip(1).map(|line| line[name(line)..].trim_start()).collect()
    }

    #[test]
    fn nothing_is_written_of_an_empty_tree() {
        assert_eq!(written("", &TextOptions::default()), "");
    }

    #[test]
    fn chains_stay_where_they_are_and_branches_move_right_hottest_first() {
        let text = written("a;b;c;x 1\na;b;d;e 5\n", &TextOptions::default());
        assert_eq!(names(&text), ["a", "b", "├ d", "│ e", "└ c", "x"]);
        assert!(text.ends_with("└ c\n 1 sample   16.7%   16.7%    x\n"), "{text}");
    }

    #[test]
    fn narrow_frames_are_counted_instead() {
        let text = written("a 1000\nb 5\nc;d 5\n", &TextOptions::default());
        assert_eq!(names(&text), ["a", "… 3 narrower frames"]);
        let options = TextOptions { most_frames: 2, ..TextOptions::default() };
        assert_eq!(names(&written("a;b;c 3\n", &options)), ["a", "b", "… 1 narrower frame"]);
    }

    #[test]
    fn a_line_fits_the_width_and_obeys_nothing() {
        let options = TextOptions { width: 60, ..TextOptions::default() };
        let text = written(&format!("\u{1b}[31m{}(x.py:3) 3\n", "long".repeat(40)), &options);
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(!text.contains('\u{1b}') && text.contains("\u{241b}[31mlong"), "{text}");
    }

    #[test]
    fn colours_are_closed_again() {
        let options = TextOptions { has_colour: true, ..TextOptions::default() };
        let text = written("main (a.py:1) 3\n", &options);
        assert!(text.contains("\u{1b}[33mmain\u{1b}[0m  \u{1b}[2ma.py:1\u{1b}[0m\n"), "{text:?}");
    }
}
