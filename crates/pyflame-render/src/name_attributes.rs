//! Attributes of the frames of single functions: flamegraph.pl's `--nameattr` file.
//!
//! A line is `name<tab>attribute=value<tab>attribute=value…`. The script pastes `g_extra` and
//! `a_extra` into the picture as they are; we take them apart into attributes and write those
//! with everything escaped, so that no file can break the picture.

use std::collections::BTreeMap;
use std::path::Path;

use pyflame_profile::Label;

use crate::RenderError;

/// What one function's frames have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameAttributes {
    /// Hover text in place of the details.
    pub title: Option<String>,
    /// Where a click leads.
    pub href: Option<String>,
    /// Which window a click opens; `_top` where none is given.
    pub target: Option<String>,
    /// `id` of the frame.
    pub id: Option<String>,
    /// Further classes of the frame.
    pub class: Option<String>,
    /// Further attributes of the frame.
    pub extra: Vec<(String, String)>,
    /// Further attributes of the link.
    pub link_extra: Vec<(String, String)>,
}

/// The attributes of all functions that have some, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameAttributes(BTreeMap<String, FrameAttributes>);

impl NameAttributes {
    /// Reads a file.
    ///
    /// # Errors
    /// Fails where the file can't be read or a line has not the form above.
    pub fn read(path: &Path) -> Result<Self, RenderError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| RenderError::NameAttributes { path: path.into(), source })?;
        Self::parse(&text)
            .map_err(|line| RenderError::NameAttributesFormat { path: path.into(), line })
    }

    /// Reads the text of a file; the error is the number of the line that can't be read.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut all = BTreeMap::new();
        for (number, line) in (1_usize..).zip(text.lines()) {
            let (name, pairs) = line.split_once('\t').ok_or(number)?;
            let mut attributes = FrameAttributes::default();
            for pair in pairs.split('\t').filter(|pair| !pair.is_empty()) {
                let (key, value) = pair.split_once('=').ok_or(number)?;
                attributes.set(key, value).ok_or(number)?;
            }
            all.insert(name.to_owned(), attributes);
        }
        Ok(Self(all))
    }

    /// What the frames of a function have, named by its name alone or with its place.
    pub fn of(&self, label: &Label) -> Option<&FrameAttributes> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&*label.name).or_else(|| self.0.get(&label.text()))
    }
}

impl FrameAttributes {
    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        let target = match key {
            "title" => &mut self.title,
            "href" => &mut self.href,
            "target" => &mut self.target,
            "id" => &mut self.id,
            "class" => &mut self.class,
            "g_extra" => {
                self.extra = parse_markup(value)?;
                return Some(());
            }
            "a_extra" => {
                self.link_extra = parse_markup(value)?;
                return Some(());
            }
            // The script passes over what it does not know, too.
            _ => return Some(()),
        };
        *target = Some(value.to_owned());
        Some(())
    }
}

/// Takes `a="1" b='2'` apart; `None` where it is something else.
fn parse_markup(text: &str) -> Option<Vec<(String, String)>> {
    let mut attributes = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        let after = after.trim_start();
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, after) = after.get(1..)?.split_once(quote)?;
        is_attribute_name(name).then_some(())?;
        attributes.push((name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    Some(attributes)
}

fn is_attribute_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

#[cfg(test)]
mod tests {
    use pyflame_profile::{Category, Label};

    use super::{FrameAttributes, NameAttributes};

    fn of<'a>(all: &'a NameAttributes, name: &str) -> Option<&'a FrameAttributes> {
        let (name, file, category) = (name.into(), "x.py".into(), Category::Own);
        all.of(&Label { name, file, line: 3, category })
    }

    #[test]
    fn a_function_may_be_named_with_its_place() {
        let all =
            NameAttributes::parse("f (x.py:3)\tid=there\ng (x.py:9)\tid=elsewhere\n").unwrap();
        assert_eq!(of(&all, "f").and_then(|found| found.id.as_deref()), Some("there"));
        assert!(of(&all, "g").is_none());
    }

    #[test]
    fn pairs_become_attributes_of_the_name_before_the_first_tab() {
        let text = "a b\thref=http://x/?q=1\ttitle=say \"hi\"\tunknown=1\n";
        let all = NameAttributes::parse(text).unwrap();
        let attributes = of(&all, "a b").unwrap();
        assert_eq!(attributes.href.as_deref(), Some("http://x/?q=1"));
        assert_eq!(attributes.title.as_deref(), Some("say \"hi\""));
        assert!(of(&all, "a").is_none());
    }

    #[test]
    fn extra_markup_is_taken_apart() {
        let all = NameAttributes::parse("f\tg_extra=data-a=\"1\" role='x'\n").unwrap();
        let extra = &of(&all, "f").unwrap().extra;
        assert_eq!(extra, &[("data-a".into(), "1".into()), ("role".into(), "x".into())]);
    }

    #[test]
    fn a_line_of_another_form_is_named() {
        for (text, line) in [("f\n", 1), ("f\ta=1\nf\tb\n", 2), ("f\tg_extra=><script>\n", 1)] {
            assert_eq!(NameAttributes::parse(text), Err(line), "{text}");
        }
    }
}
