//! The pieces of work that a recording tells apart, each of which is handed over when it ends.
//!
//! One recording serves all requests of a server at once: a look at the threads costs the same
//! however many there are, and each sample goes to the one request that it belongs to.

use std::time::Duration;

use pyflame_profile::{
    Category, Gaps, LabelsId, Meta, Profile, SampleKey, StackId, State, Thread, Totals,
};
use rustc_hash::FxHashMap;

use super::{Look, Recorded, Recording, UNSEEN_END, uncaptured, unseen_cpu};
use crate::labels::LabelIds;

/// The scopes that are followed, and the labels of one recording.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    followed: FxHashMap<u64, Scope>,
    known: FxHashMap<u64, LabelsId>,
    /// The number and scope of each set of labels of the profile.
    ids: Vec<LabelIds>,
    /// The sets of labels of scopes that have ended, for others to use: some scope may always be
    /// followed, for as long as a server lives.
    free: Vec<LabelsId>,
}

/// A followed piece of work.
#[derive(Debug)]
struct Scope {
    /// When it began, on the monotonic clock.
    began_ns: u64,
    /// What the recording had counted by then.
    before: Meta,
    /// How much of its time some thread worked on it or waited within it.
    covered_ns: u64,
    /// CPU time that passed unseen between samples that found its threads waiting.
    unseen_cpu_ns: u64,
    /// Up to when its time is covered.
    covered_until_ns: u64,
    /// How long its samples stand for.
    gaps: Gaps,
}

impl Scopes {
    /// Follows the scope from now on.
    pub(crate) fn follow(&mut self, scope: u64, began_ns: u64, before: Meta) {
        let new = Scope {
            began_ns,
            before,
            covered_ns: 0,
            covered_until_ns: began_ns,
            gaps: Gaps::default(),
            unseen_cpu_ns: 0,
        };
        self.followed.insert(scope, new);
    }

    /// Whether samples with these labels are wanted.
    pub(crate) fn are_wanted(&self, ids: LabelIds) -> bool {
        self.followed.contains_key(&ids.scope)
    }

    /// Counts the time of a sample.
    pub(crate) fn cover(&mut self, ids: LabelIds, from_ns: u64, to_ns: u64) {
        let Some(scope) = self.followed.get_mut(&ids.scope) else { return };
        scope.gaps.add_sample(to_ns.saturating_sub(from_ns));
        let from_ns = from_ns.max(scope.covered_until_ns);
        scope.covered_ns += to_ns.saturating_sub(from_ns);
        scope.covered_until_ns = scope.covered_until_ns.max(to_ns);
    }

    /// Counts CPU time that no sample stands for.
    pub(crate) fn add_unseen_cpu(&mut self, ids: LabelIds, cpu_ns: u64) {
        if let Some(scope) = self.followed.get_mut(&ids.scope) {
            scope.unseen_cpu_ns += cpu_ns;
        }
    }

    /// The labels in the profile, made by `add` if they are new.
    pub(crate) fn labels(&mut self, ids: LabelIds, add: impl FnOnce() -> LabelsId) -> LabelsId {
        if ids.number == 0 {
            return LabelsId::NONE;
        }
        *self.known.entry(ids.number).or_insert_with(|| {
            let labels = self.free.pop().unwrap_or_else(add);
            match labels.index().and_then(|index| self.ids.get_mut(index)) {
                Some(place) => *place = ids,
                None => self.ids.push(ids),
            }
            labels
        })
    }

    /// Ends a scope; samples that come later are nobody's.
    fn take(&mut self, scope: u64) -> Option<Scope> {
        let ended = self.known.extract_if(|_, labels| is_within(&self.ids, *labels, scope));
        self.free.extend(ended.map(|(_, labels)| labels));
        self.followed.remove(&scope)
    }

    /// Whether labels of the profile belong to a scope.
    pub(crate) fn is_within(&self, labels: LabelsId, scope: u64) -> bool {
        is_within(&self.ids, labels, scope)
    }

    /// The numbers of the sets of labels, in the order of the profile's.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.ids.iter().map(|ids| ids.number).collect()
    }
}

impl Recording {
    /// Follows a scope from now on.
    pub(crate) fn follow_scope(&mut self, scope: u64, now_ns: u64) {
        self.scopes.follow(scope, now_ns, self.profile.meta.clone());
    }

    /// Ends a scope and hands over what belongs to it. What was lost meanwhile may belong to it,
    /// and is counted.
    pub(crate) fn take_scope(&mut self, scope: u64, now_ns: u64) -> Option<Recorded> {
        let labels = self.labels(LabelIds { number: scope, scope });
        let label_numbers = self.scopes.numbers();
        let scopes = &self.scopes;
        let mut profile = self.profile.split_off(|labels| scopes.is_within(labels, scope));
        let ended = self.scopes.take(scope)?;
        let (meta, before) = (&mut profile.meta, &ended.before);
        meta.ticks -= before.ticks;
        meta.uncaptured -= before.uncaptured;
        meta.retaken -= before.retaken;
        meta.gaps = ended.gaps;
        meta.duration = Duration::from_nanos(now_ns.saturating_sub(ended.began_ns));
        if ended.unseen_cpu_ns > 0 {
            let totals = Totals { samples: 0, wall_ns: 0, cpu_ns: ended.unseen_cpu_ns };
            let stack = unseen_cpu(&mut profile);
            mark(&mut profile, labels, stack, totals);
        }
        let mut covered = Duration::from_nanos(ended.covered_ns);
        // As with a whole recording, up to two intervals without a look are as it should be.
        let last_look_ns = self.previous_tick_ns.max(ended.began_ns);
        let end = Duration::from_nanos(now_ns.saturating_sub(last_look_ns));
        if end > 2 * self.options.interval {
            let wall_ns = u64::try_from(end.as_nanos()).unwrap_or(u64::MAX);
            let stack = unseen_end(&mut profile);
            let totals = Totals { samples: 1, wall_ns, cpu_ns: 0 };
            mark(&mut profile, labels, stack, totals);
            profile.meta.uncaptured += 1;
            profile.meta.gaps.add_sample(wall_ns);
            covered += end;
        }
        Some(Recorded { profile, seen_ns: self.seen_ns.clone(), label_numbers, covered })
    }

    /// Whether samples with these labels are part of this recording.
    pub(super) fn wants_labels(&self, ids: LabelIds) -> bool {
        !self.options.by_scope || self.scopes.are_wanted(ids)
    }

    /// Takes note of a look that no scope wants: the time up to it is nobody's.
    pub(super) fn pass(&mut self, look: Look) {
        self.account(look, State::Running);
    }

    /// Keeps the CPU time of a thread that waits for the scope it is in: its next sample may be
    /// another scope's.
    pub(super) fn keep_cpu(&mut self, look: Look, ids: LabelIds) {
        let followed = self.follow(look);
        let cpu_ns = followed.cpu_ns - followed.accounted_cpu_ns;
        followed.accounted_cpu_ns = followed.cpu_ns;
        self.scopes.add_unseen_cpu(ids, cpu_ns);
    }
}

/// Counts what is known of a scope, but not of which of its threads.
fn mark(profile: &mut Profile, labels: LabelsId, stack: StackId, totals: Totals) {
    let first = profile.samples().map(|(key, _)| key.thread).min();
    let thread = first.unwrap_or_else(|| profile.add_thread(Thread::default()));
    let key = SampleKey { thread, stack, state: State::Running, labels };
    profile.record_totals(key, totals);
}

/// The stack under which the end of a scope is shown, if the sampling thread had no CPU by then.
fn unseen_end(profile: &mut Profile) -> StackId {
    let marker = profile.add_marker(&uncaptured(UNSEEN_END), Category::Uncaptured);
    profile.push_frame(StackId::EMPTY, marker)
}

fn is_within(ids: &[LabelIds], labels: LabelsId, scope: u64) -> bool {
    labels.index().and_then(|index| ids.get(index)).is_some_and(|ids| ids.scope == scope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Options;

    fn recording() -> Recording {
        Recording::new(1, Options { by_scope: true, ..Options::default() }, None, 0)
    }

    #[test]
    fn the_end_that_no_look_saw_belongs_to_the_scope() {
        let mut recording = recording();
        recording.follow_scope(7, 0);
        let ids = LabelIds { number: 8, scope: 7 };
        let first = Look { native_id: 1, seen_ns: 0, at_ns: 0, cpu_ns: 0 };
        recording.follow_from_now(first);
        let look = Look { at_ns: 1_000_000, cpu_ns: 1_000_000, ..first };
        recording.tick(look.at_ns);
        recording.record(look, StackId::EMPTY, State::Running, ids);
        let taken = recording.take_scope(7, 5_000_000).unwrap();
        assert_eq!(taken.label_numbers, [8, 7]);
        let samples = taken.profile.samples().map(|(key, totals)| (key.labels, totals.wall_ns));
        let mut samples: Vec<_> = samples.map(|(l, ns)| (l.index().unwrap(), ns)).collect();
        samples.sort_unstable();
        assert_eq!(samples, [(0, 1_000_000), (1, 4_000_000)]);
        assert_eq!(taken.profile.threads().len(), 1);
        assert_eq!(taken.covered, taken.profile.meta.duration);
        let gaps = Gaps { longest_ns: 4_000_000, squares_us2: 17_000_000 };
        assert_eq!(taken.profile.meta.gaps, gaps);
    }

    #[test]
    fn scopes_that_have_ended_leave_no_labels_behind() {
        let mut recording = recording();
        recording.follow_scope(1, 0);
        for scope in 2..10_000 {
            recording.follow_scope(scope, 0);
            assert!(recording.take_scope(scope, 1).unwrap().label_numbers.len() < 3);
        }
    }
}
