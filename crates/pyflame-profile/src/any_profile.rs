//! Profiles for tests of properties: any number of processes and threads, in every state, with
//! labels, in either unit.
//!
//! Names and ids are of few kinds, so that what is equal in two profiles meets often; and of such
//! kinds as a reader of text could take for something else.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    Category, Frame, FrameId, Function, Gaps, Labels, LabelsId, Process, Profile, SampleKey, State,
    Thread, Totals, Unit,
};

/// A sample: whose, of which labels, of which frames (function and line), in which state, and what
/// it counts.
type Row = (u64, u32, Vec<(usize, u32)>, State, Totals);

/// Names of functions and their files; the last is no function.
const FUNCTIONS: [(&str, &str); 7] = [
    ("f", "/a.py"),
    ("f", "/b (1).py"),
    ("Parser.parse", "/a.py"),
    ("<module>", "<string>"),
    ("g;%3B\n", "/a;b:1.py"),
    ("\u{e4} 12", "libc.so.6"),
    ("[uncaptured]", ""),
];
const THREADS: [&str; 4] = ["MainThread", "thread", "Thread-1 (run)", ""];

fn state() -> impl Strategy<Value = State> {
    // One that is added must be added here, too.
    let all = |state| match state {
        State::Running | State::Ready | State::Waiting => state,
    };
    prop::sample::select(vec![State::Running, State::Ready, State::Waiting]).prop_map(all)
}

fn row() -> impl Strategy<Value = Row> {
    let totals = (0..9_u64, 0..2_000_000_u64, 0..2_000_000_u64)
        .prop_map(|(samples, wall_ns, cpu_ns)| Totals { samples, wall_ns, cpu_ns });
    let frames = prop::collection::vec((0..FUNCTIONS.len(), 0..2_u32), 0..4);
    (0..THREADS.len() as u64, 0..3_u32, frames, state(), totals)
}

/// A profile of the processes with these ids; of none, where there are none.
pub(crate) fn profile_of(pids: Vec<u32>) -> impl Strategy<Value = Profile> {
    let counts = (0..5_u64, 0..5_u64, 0..5_u64, 0..5_u64);
    let gaps = (0..5_u64, 0..5_u64);
    let facts = (counts, gaps);
    (prop::collection::vec(row(), 0..12), facts).prop_map(move |(rows, (counts, gaps))| {
        let mut profile = Profile::default();
        let (seconds, ticks, uncaptured, retaken) = counts;
        profile.meta.duration = Duration::from_secs(seconds);
        (profile.meta.ticks, profile.meta.uncaptured, profile.meta.retaken) =
            (ticks, uncaptured, retaken);
        let (longest_ns, squares_us2) = gaps;
        profile.meta.gaps = Gaps { longest_ns, squares_us2 };
        add_threads(&mut profile, &pids);
        for row in rows {
            add_row(&mut profile, row);
        }
        profile
    })
}

/// A profile of time, of up to two processes.
pub(crate) fn any_profile() -> impl Strategy<Value = Profile> {
    let pids = prop::sample::select(vec![vec![], vec![7], vec![8], vec![7, 8]]);
    pids.prop_flat_map(profile_of)
}

/// A profile of time or of counts.
pub(crate) fn any_profile_in_any_unit() -> impl Strategy<Value = Profile> {
    let unit = prop::sample::select(vec![Unit::Nanoseconds, Unit::Count]);
    (any_profile(), unit).prop_map(|(mut profile, unit)| {
        profile.meta.unit = unit;
        profile
    })
}

fn add_threads(profile: &mut Profile, pids: &[u32]) {
    let named = |pid: u32| Process { name: "worker".into(), pid, parent_pid: 1 };
    let processes: Vec<_> = pids.iter().map(|pid| profile.add_process(named(*pid))).collect();
    for (index, name) in THREADS.into_iter().enumerate() {
        let process = processes.get(index % processes.len().max(1)).copied();
        profile.add_thread(Thread { process, ..Thread::new(name, index as u64 / 2) });
    }
}

fn add_row(profile: &mut Profile, (thread, labels, frames, state, totals): Row) {
    let frames: Vec<_> =
        frames.into_iter().map(|(function, line)| add_frame(profile, function, line)).collect();
    let labels = match labels {
        0 => LabelsId::NONE,
        number => profile.add_labels(Labels::from_iter([("view", number.to_string())])),
    };
    let thread = crate::ThreadId(u32::try_from(thread).expect("a small number"));
    let stack = profile.add_stack(frames);
    profile.record_totals(SampleKey { thread, stack, state, labels }, totals);
}

fn add_frame(profile: &mut Profile, function: usize, line: u32) -> FrameId {
    match FUNCTIONS[function] {
        (name, "") => profile.add_marker(name, Category::Uncaptured),
        (name, file) => {
            // Of a few, no line is known.
            let first_line = u32::try_from(function / 2).expect("a small number");
            let function = profile.add_function(Function::new(name, file, first_line));
            profile.add_frame(Frame { function, line })
        }
    }
}
