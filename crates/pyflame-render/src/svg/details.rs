//! What a frame says about itself: its hover title, which the script reads as well.
//!
//! One fact a line, in this order: name, figures, place, lines; none of them is empty before the
//! last, because the script takes the title apart by lines.

use pyflame_profile::{Label, Node, Tree};

use crate::figure::{push_change, push_count, push_share};
use crate::picture::Picture;
use crate::visible::{push_escaped, shorten};

/// How much of a name is shown; browsers cut hover titles much sooner.
const LONGEST: usize = 4096;
/// How many lines of a function are named.
const HOTTEST: usize = 3;

impl Picture<'_> {
    /// Appends the title of a frame, escaped.
    pub(super) fn push_details(&self, out: &mut String, label: &Label, node: &Node) {
        push_shortened(out, shown_name(label));
        out.push('\n');
        push_escaped(out, &self.figures_of(node));
        if label.file.is_empty() {
            return;
        }
        out.push('\n');
        push_place(out, label);
        let lines = self.hottest_lines(label, node);
        if !lines.is_empty() {
            out.push('\n');
            push_escaped(out, &lines);
        }
    }

    fn figures_of(&self, node: &Node) -> String {
        let whole = self.layout.total;
        let mut text = String::with_capacity(80);
        let push_figure = |text: &mut String, value: u64| {
            self.figures.push_value(text, value);
            text.push_str(" (");
            push_share(text, value, whole);
            text.push(')');
        };
        // The root stands for everything, also where that is more than the tree holds.
        let is_root = std::ptr::eq(node, self.tree.node(Tree::ROOT));
        let total = if is_root { whole } else { node.total };
        push_figure(&mut text, total);
        if node.self_value == total {
            text.push_str(" \u{b7} all of it self");
        } else if node.self_value > 0 {
            text.push_str(" \u{b7} self ");
            push_figure(&mut text, node.self_value);
        }
        if self.is_timed() && node.samples > 0 {
            text.push_str(" \u{b7} ");
            push_count(&mut text, node.samples);
            text.push_str(if node.samples == 1 { " sample" } else { " samples" });
        }
        if self.tree.differential {
            text.push_str(" \u{b7} change ");
            let (now, before) = self.tree.later_and_earlier(node.total, node.before);
            push_change(&mut text, now, before, whole);
            text.push_str(", self ");
            let (now, before) = self.tree.later_and_earlier(node.self_value, node.self_before);
            push_change(&mut text, now, before, whole);
        }
        text
    }

    /// The lines that most of the value belongs to, the hottest first, with their source where
    /// nobody could look it up.
    fn hottest_lines(&self, label: &Label, node: &Node) -> String {
        let mut lines: Vec<(u32, u64)> = node.lines.iter().map(|(l, v)| (*l, *v)).collect();
        lines.sort_unstable_by_key(|&(line, value)| (std::cmp::Reverse(value), line));
        let mut text = String::new();
        for &(line, part) in lines.iter().take(HOTTEST) {
            text.push_str(if text.is_empty() { "line " } else { " \u{b7} line " });
            text.push_str(&line.to_string());
            text.push_str(": ");
            push_share(&mut text, part, node.total);
            if let Some(source) = self.options.sources.line(&label.file, line) {
                text.push_str(" `");
                text.push_str(source);
                text.push('`');
            }
        }
        text
    }
}

/// The name without the mark by which perf's collapsers tell kernel (`_[k]`), inlined (`_[i]`),
/// compiled (`_[j]`) and waking (`_[w]`) functions.
pub(crate) fn shown_name(label: &Label) -> &str {
    if label.name.is_empty() {
        return "[no name]";
    }
    let marks = ["_[k]", "_[i]", "_[j]", "_[w]"];
    marks.iter().find_map(|mark| label.name.strip_suffix(mark)).unwrap_or(&label.name)
}

fn push_place(out: &mut String, label: &Label) {
    push_shortened(out, &label.file);
    if !label.file.is_empty() && label.line != 0 {
        out.push(':');
        out.push_str(&label.line.to_string());
    }
}

fn push_shortened(out: &mut String, text: &str) {
    let (shown, cut) = shorten(text, LONGEST);
    push_escaped(out, shown);
    if cut {
        out.push('\u{2026}');
    }
}

/// The place as a label shows it: the last two parts of the path, and the line. What is named
/// like its file, as a cell of a notebook is, needs none.
pub(crate) fn short_place(label: &Label) -> String {
    if label.name == label.file {
        return String::new();
    }
    let parts = label.file.rmatch_indices(['/', '\\']);
    let start = parts.map(|(index, _)| index + 1).nth(1).unwrap_or(0);
    let file = label.file.get(start..).unwrap_or_default();
    match label.line {
        0 => file.to_owned(),
        line => format!("{file}:{line}"),
    }
}
