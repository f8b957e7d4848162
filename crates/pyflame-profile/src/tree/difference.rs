//! Two trees compared: one tree that knows what every node was before.

use super::{Label, NodeId, Tree};

impl Tree {
    /// `after` with what its nodes were in `before`. Widths are those of `after`; nodes that are
    /// gone keep their old values and have no new ones.
    ///
    /// Two recordings seldom have the same length, so values of before are scaled to the total of
    /// after, unless `as_measured`.
    ///
    /// ```
    /// use pyflame_profile::{Tree, View, parse_folded};
    /// let tree = |text| View::default().tree(&parse_folded(text).0);
    /// let difference = Tree::difference(&tree("a 1\nb 1\n"), &tree("a 30\nb 10\n"), false);
    /// let a = difference.node(difference.node(Tree::ROOT).children[0]);
    /// assert_eq!((a.before, a.total), (20, 30));
    /// ```
    #[must_use]
    pub fn difference(before: &Self, after: &Self, as_measured: bool) -> Self {
        let mut tree = Self::new(after.unit);
        tree.scale = before.scale.max(after.scale);
        tree.differential = true;
        tree.left_out = after.left_out;
        let total =
            |of: &Self| u128::from(of.node(Self::ROOT).total) * u128::from(tree.scale / of.scale);
        let (old, new) = (total(before), total(after));
        let (scale_before, scale_after) = (tree.scale / before.scale, tree.scale / after.scale);
        tree.add_all(before, |tree, node, value| {
            let value = value.saturating_mul(scale_before);
            let scaled = u128::from(value) * new / old.max(1);
            let scaled =
                if as_measured { value } else { u64::try_from(scaled).unwrap_or(u64::MAX) };
            tree.add_before(node, scaled);
        });
        tree.add_all(after, |tree, node, value| {
            tree.add(node, value.saturating_mul(scale_after), 0);
        });
        tree.finish();
        tree
    }

    /// Makes every node of `other` that has a value of its own, and lets `add` give it to ours.
    fn add_all(&mut self, other: &Self, add: impl Fn(&mut Self, NodeId, u64)) {
        let mut pending = vec![(Self::ROOT, Self::ROOT)];
        while let Some((theirs, ours)) = pending.pop() {
            let node = other.node(theirs);
            if node.self_value > 0 {
                add(self, ours, node.self_value);
            }
            for &child in node.children.iter().rev() {
                let label: Label = other.label(child).clone();
                let label = self.label_id(label);
                pending.push((child, self.child(ours, label)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tree, View, parse_folded};

    fn tree(text: &str) -> Tree {
        View::default().tree(&parse_folded(text).0)
    }

    fn values(tree: &Tree) -> Vec<(String, u64, u64)> {
        let mut found: Vec<_> = Vec::new();
        let mut pending = vec![Tree::ROOT];
        while let Some(node) = pending.pop() {
            let data = tree.node(node);
            found.push((tree.label(node).name.to_string(), data.before, data.total));
            pending.extend(data.children.iter().rev());
        }
        found
    }

    #[test]
    fn what_is_gone_and_what_is_new_are_both_there() {
        let difference = Tree::difference(&tree("a;b 4\nc 1\n"), &tree("a;d 3\nc 2\n"), true);
        let expected = [("all", 5, 5), ("a", 4, 3), ("b", 4, 0), ("d", 0, 3), ("c", 1, 2)];
        assert_eq!(values(&difference), expected.map(|(n, b, t)| (n.to_owned(), b, t)));
    }

    #[test]
    fn a_recording_twice_as_long_is_no_difference() {
        let difference = Tree::difference(&tree("a;b 3\na 1\n"), &tree("a;b 6\na 2\n"), false);
        assert!(difference.iter().all(|node| node.before == node.total));
    }

    #[test]
    fn nothing_before_is_no_division_by_zero() {
        assert_eq!(Tree::difference(&tree(""), &tree("a 1\n"), false).node(Tree::ROOT).before, 0);
    }
}
