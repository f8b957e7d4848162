//! Properties of sums: nothing is lost or made up, and the order of the summands does not matter
//! but for the numbering of tables and for which program a sum is named after.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use crate::any_profile::{any_profile, profile_of};
use crate::{Gaps, Process, Profile, Totals, View};

/// Each kind of sample and its totals, whatever the numbering.
fn sums(profile: &Profile) -> BTreeMap<String, Totals> {
    let mut sums = BTreeMap::<String, Totals>::new();
    for (key, totals) in profile.samples() {
        let thread = &profile.threads()[key.thread.index()];
        let process = thread.process.and_then(|process| profile.process(process));
        let labels = profile.labels(key.labels).cloned().unwrap_or_default();
        let frames: Vec<_> = profile
            .stacks()
            .frames(key.stack)
            .map(|frame| profile.frame(frame).expect("it is in the table"))
            .collect();
        let name = format!("{process:?} {thread:?} {labels:?} {:?} {frames:?}", key.state);
        let name = name.replace(&format!("{:?}", thread.process), "");
        sums.entry(name).or_default().add(totals);
    }
    sums
}

/// What is counted for a whole profile, whatever the order it was summed up in.
fn counts(profile: &Profile) -> ([u64; 2], Gaps) {
    ([profile.meta.uncaptured, profile.meta.retaken], profile.meta.gaps)
}

fn lasted(profile: &Profile) -> (Duration, u64) {
    (profile.meta.duration, profile.meta.ticks)
}

fn sum<'a>(parts: impl IntoIterator<Item = &'a Profile>) -> Profile {
    let mut sum = Profile::default();
    parts.into_iter().for_each(|part| sum.merge(part));
    sum
}

proptest! {
    #[test]
    fn a_sum_holds_what_its_parts_hold(one in any_profile(), other in any_profile()) {
        let mut totals = one.totals();
        totals.add(other.totals());
        let merged = sum([&one, &other]);
        prop_assert_eq!(merged.totals(), totals);
        let rows = merged.samples().fold(Totals::default(), |mut all, (_, totals)| {
            all.add(totals);
            all
        });
        prop_assert_eq!(rows, totals);
        let mut expected = sums(&one);
        for (name, totals) in sums(&other) {
            expected.entry(name).or_default().add(totals);
        }
        prop_assert_eq!(sums(&merged), expected);
    }

    #[test]
    fn the_order_of_two_parts_does_not_matter(one in any_profile(), other in any_profile()) {
        let (there, back) = (sum([&one, &other]), sum([&other, &one]));
        prop_assert_eq!(sums(&there), sums(&back));
        prop_assert_eq!(counts(&there), counts(&back));
        prop_assert_eq!(lasted(&there), lasted(&back));
        prop_assert_eq!(View::default().folded(&there), View::default().folded(&back));
    }

    #[test]
    fn parts_may_be_summed_up_in_any_grouping(
        one in any_profile(),
        two in any_profile(),
        three in any_profile(),
    ) {
        let left = sum([&sum([&one, &two]), &three]);
        let right = sum([&one, &sum([&two, &three])]);
        prop_assert_eq!(sums(&left), sums(&right));
        prop_assert_eq!(counts(&left), counts(&right));
        prop_assert_eq!(View::default().folded(&left), View::default().folded(&right));
    }

    /// Of three, two of which ran one after the other and one beside both, that can't be told from
    /// their durations alone.
    #[test]
    fn neither_does_the_grouping_change_how_long_runs_of_one_program_lasted(
        parts in prop::sample::select(vec![vec![], vec![7]]).prop_flat_map(|pids| {
            (profile_of(pids.clone()), profile_of(pids.clone()), profile_of(pids))
        }),
    ) {
        let (one, two, three) = parts;
        let left = sum([&sum([&one, &two]), &three]);
        let right = sum([&one, &sum([&two, &three])]);
        prop_assert_eq!(lasted(&left), lasted(&right));
    }
}

/// The exception that the documentation of merging names.
#[test]
fn of_parts_after_and_beside_each_other_those_of_one_process_come_first() {
    let part = |pid: u32, seconds: u64| {
        let mut part = Profile::default();
        part.add_process(Process { name: "worker".into(), pid, parent_pid: 1 });
        (part.meta.duration, part.meta.ticks) = (Duration::from_secs(seconds), seconds);
        part
    };
    let [one, two, three] = [part(7, 1), part(7, 1), part(8, 3)];
    let left = sum([&sum([&one, &two]), &three]);
    let right = sum([&one, &sum([&two, &three])]);
    assert_eq!(lasted(&left), (Duration::from_secs(3), 3));
    assert_eq!(lasted(&right), (Duration::from_secs(4), 4));
}
