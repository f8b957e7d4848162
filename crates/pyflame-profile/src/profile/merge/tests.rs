//! Properties of sums: nothing is lost or made up, and the order of the summands does not matter
//! but for the numbering of tables and for which program a sum is named after.
//!
//! Names and ids are of few kinds, so that what is equal in two profiles meets often.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use crate::{
    Frame, Function, Labels, LabelsId, Process, Profile, SampleKey, State, Thread, Totals, View,
};

/// A sample: whose, of which labels, of which frames (function and line), in which state, and what
/// it counts.
type Row = (u64, u32, Vec<(u32, u32)>, bool, Totals);

fn row() -> impl Strategy<Value = Row> {
    let totals = (0..9_u64, 0..2_000_000_u64, 0..2_000_000_u64)
        .prop_map(|(samples, wall_ns, cpu_ns)| Totals { samples, wall_ns, cpu_ns });
    let frames = prop::collection::vec((0..3_u32, 0..2_u32), 0..4);
    (0..3_u64, 0..3_u32, frames, any::<bool>(), totals)
}

/// A profile of the processes with these ids; of none, where there are none.
fn profile(pids: Vec<u32>) -> impl Strategy<Value = Profile> {
    let counts = (0..5_u64, 0..5_u64, 0..5_u64, 0..5_u64);
    (prop::collection::vec(row(), 0..12), counts).prop_map(move |(rows, counts)| {
        let mut profile = Profile::default();
        let (seconds, ticks, uncaptured, retaken) = counts;
        profile.meta.duration = Duration::from_secs(seconds);
        (profile.meta.ticks, profile.meta.uncaptured, profile.meta.retaken) =
            (ticks, uncaptured, retaken);
        let named = |pid: u32| Process { name: "worker".into(), pid, parent_pid: 1 };
        let processes: Vec<_> = pids.iter().map(|pid| profile.add_process(named(*pid))).collect();
        let process = |id: u64| {
            let index = usize::try_from(id).expect("a small number");
            processes.get(index % processes.len().max(1)).copied()
        };
        let threads: Vec<_> = (0..3)
            .map(|id| Thread { process: process(id), ..Thread::new("thread", id / 2) })
            .map(|thread| profile.add_thread(thread))
            .collect();
        for (thread, labels, frames, is_running, totals) in rows {
            let frames: Vec<_> = frames
                .into_iter()
                .map(|(function, line)| {
                    let function = Function::new(&format!("f{function}"), "/a.py", function);
                    let function = profile.add_function(function);
                    profile.add_frame(Frame { function, line })
                })
                .collect();
            let labels = match labels {
                0 => LabelsId::NONE,
                number => profile.add_labels(Labels::from_iter([("view", number.to_string())])),
            };
            let key = SampleKey {
                thread: threads[usize::try_from(thread).expect("a small number")],
                stack: profile.add_stack(frames),
                state: if is_running { State::Running } else { State::Waiting },
                labels,
            };
            profile.record_totals(key, totals);
        }
        profile
    })
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let pids = prop::sample::select(vec![vec![], vec![7], vec![8], vec![7, 8]]);
    pids.prop_flat_map(profile)
}

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
fn counts(profile: &Profile) -> [u64; 2] {
    [profile.meta.uncaptured, profile.meta.retaken]
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
            (profile(pids.clone()), profile(pids.clone()), profile(pids))
        }),
    ) {
        let (one, two, three) = parts;
        let left = sum([&sum([&one, &two]), &three]);
        let right = sum([&one, &sum([&two, &three])]);
        prop_assert_eq!(lasted(&left), lasted(&right));
    }
}
