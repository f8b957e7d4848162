//! The source of files that nobody can open, such as the cells of a notebook.

use std::collections::BTreeMap;

/// How much of a line is shown.
const LONGEST: usize = 120;

/// Lines of source by file, as frames name the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLines(BTreeMap<String, Vec<String>>);

impl SourceLines {
    /// Adds the lines of a file, the first one first.
    pub fn insert(&mut self, file: String, lines: Vec<String>) {
        self.0.insert(file, lines);
    }

    /// A line, without the space around it; `None` where it is not known, or empty.
    pub(crate) fn line(&self, file: &str, line: u32) -> Option<&str> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = self.0.get(file)?.get(index)?.trim();
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
        text.get(..end).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::SourceLines;

    #[test]
    fn lines_count_from_one_and_stand_without_their_indentation() {
        let mut source = SourceLines::default();
        source.insert("In [7]".into(), vec!["def f():\n".into(), "    return 1\n".into()]);
        assert_eq!(source.line("In [7]", 2), Some("return 1"));
        assert_eq!(source.line("In [7]", 0), None);
        assert_eq!(source.line("In [7]", 3), None);
        assert_eq!(source.line("In [8]", 1), None);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let mut source = SourceLines::default();
        source.insert("x".into(), vec!["ü".repeat(500)]);
        assert_eq!(source.line("x", 1).map(|line| line.chars().count()), Some(120));
    }
}
