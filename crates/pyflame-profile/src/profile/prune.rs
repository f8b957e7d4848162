//! Makes a profile smaller by leaving out what hardly shows.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::{Category, Profile, SampleKey, StackId};

impl Profile {
    /// The same profile without the frames that stand for less than `least_wall_ns` in their
    /// place, and without lines; the time of what is left out is under a marker on its caller.
    /// Functions, frames and stacks that are not needed any more are gone.
    #[must_use]
    pub fn pruned(&self, least_wall_ns: u64) -> Self {
        let mut wall_ns: IndexMap<StackId, u64, FxBuildHasher> = IndexMap::default();
        for (key, totals) in self.samples() {
            let mut stack = key.stack;
            while let Some((caller, _)) = self.stacks.pop(stack) {
                let sum = wall_ns.entry(stack).or_default();
                *sum = sum.saturating_add(totals.wall_ns);
                stack = caller;
            }
        }
        let mut pruned = Self {
            meta: self.meta.clone(),
            processes: self.processes.clone(),
            threads: self.threads.clone(),
            labels: self.labels.clone(),
            ..Self::default()
        };
        let marker = pruned.add_marker("[narrow frames left out]", Category::Uncaptured);
        // Where each stack has gone, and whether that stands for something narrow.
        let mut map: IndexMap<StackId, (StackId, bool), FxBuildHasher> = IndexMap::default();
        map.insert(StackId::EMPTY, (StackId::EMPTY, false));
        for (stack, caller, frame) in self.stacks.iter() {
            let Some(wall_ns) = wall_ns.get(&stack) else { continue };
            let (caller, is_narrow) = map[&caller];
            let to = if is_narrow {
                (caller, true)
            } else if *wall_ns < least_wall_ns {
                (pruned.push_frame(caller, marker), true)
            } else {
                let Some((function, _)) = self.frame(frame) else { continue };
                let function = pruned.add_function(function.clone());
                let frame = pruned.add_frame(crate::Frame { function, line: 0 });
                (pruned.push_frame(caller, frame), false)
            };
            map.insert(stack, to);
        }
        for (key, totals) in self.samples() {
            let stack = map.get(&key.stack).map_or(StackId::EMPTY, |to| to.0);
            pruned.record_totals(SampleKey { stack, ..key }, totals);
        }
        pruned
    }
}

#[cfg(test)]
mod tests {
    use crate::{View, parse_folded};

    #[test]
    fn narrow_frames_become_a_marker_on_their_caller() {
        let (profile, _) = parse_folded("a 5\na;b 90\na;c 3\na;d;e 4\nf 1\n");
        let folded = |least| View::default().folded(&profile.pruned(least));
        assert_eq!(folded(0), "a 5\na;b 90\na;c 3\na;d;e 4\nf 1\n");
        let expected = "[narrow frames left out] 1\na 5\na;[narrow frames left out] 7\na;b 90\n";
        assert_eq!(folded(5), expected);
        assert_eq!(folded(u64::MAX), "[narrow frames left out] 103\n");
    }
}
