//! What a program says about the work that a thread is doing: pairs of a key and a value, such as
//! `request=7`.

/// A set of labels: distinct keys, each with a value, in order of the keys.
///
/// ```
/// use pyflame_profile::Labels;
///
/// let outer = Labels::from_iter([("request", "7"), ("part", "view")]);
/// let inner = outer.with([("part", "query")]);
/// assert_eq!(inner.get("request"), Some("7"));
/// assert_eq!(inner.get("part"), Some("query"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Vec<(Box<str>, Box<str>)>);

/// Names a set of labels within one profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelsId(pub(crate) u32);

impl LabelsId {
    /// No labels at all.
    pub const NONE: Self = Self(0);

    /// The position among the sets that were added, in order; `None` for the empty set.
    pub fn index(self) -> Option<usize> {
        (self.0 as usize).checked_sub(1)
    }
}

impl Labels {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let index = self.0.binary_search_by(|(known, _)| (**known).cmp(key)).ok()?;
        self.0.get(index).map(|(_, value)| &**value)
    }

    /// These labels and others; of two with the same key the other one holds.
    #[must_use]
    pub fn with<K: AsRef<str>, V: AsRef<str>>(
        &self,
        others: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut all = self.clone();
        for (key, value) in others {
            let (key, value) = (key.as_ref(), value.as_ref().into());
            match all.0.binary_search_by(|(known, _)| (**known).cmp(key)) {
                Ok(index) => all.0[index].1 = value,
                Err(index) => all.0.insert(index, (key.into(), value)),
            }
        }
        all
    }

    /// The pairs, in order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self::default().with(pairs)
    }
}
