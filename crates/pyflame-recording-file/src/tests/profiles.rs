//! Profiles to write: random ones, and a text that says everything that is in one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use pyflame_profile::{
    Category, Engine, Frame, Function, Gaps, Labels, LabelsId, Meta, Process, Profile, SampleKey,
    State, Thread, Totals, Unit,
};

/// Everything that can be seen of a profile, in order.
pub(super) fn dump(profile: &Profile) -> String {
    let mut text = format!("{:?}\n", profile.meta);
    let mut sampled: Vec<usize> = profile.samples().map(|(key, _)| key.thread.index()).collect();
    sampled.sort_unstable();
    sampled.dedup();
    for index in &sampled {
        writeln!(text, "{}", thread(profile, *index)).unwrap();
    }
    for (key, totals) in profile.samples() {
        let thread = sampled.iter().position(|index| *index == key.thread.index()).unwrap();
        let labels: Option<Vec<_>> = profile.labels(key.labels).map(|set| set.iter().collect());
        writeln!(text, "thread {thread} {:?} {labels:?} {totals:?}", key.state).unwrap();
        for frame in profile.stacks().frames(key.stack) {
            writeln!(text, "  {:?}", profile.frame(frame).unwrap()).unwrap();
        }
    }
    text
}

/// A thread, and whose it is.
fn thread(profile: &Profile, index: usize) -> String {
    let thread = &profile.threads()[index];
    let process = thread.process.and_then(|process| profile.process(process));
    format!("{:?} {} {process:?}", thread.name, thread.native_id)
}

/// What a profile holds whatever the order is.
pub(super) fn sums(profile: &Profile) -> (Meta, BTreeMap<String, Totals>) {
    let mut sums: BTreeMap<String, Totals> = BTreeMap::new();
    for (key, totals) in profile.samples() {
        let labels = profile.labels(key.labels).cloned().unwrap_or_default();
        let frames = profile.stacks().frames(key.stack).map(|frame| profile.frame(frame));
        let frames: Vec<_> = frames.collect();
        let thread = thread(profile, key.thread.index());
        let key = format!("{thread} {labels:?} {:?} {frames:?}", key.state);
        sums.entry(key).or_default().add(totals);
    }
    (profile.meta.clone(), sums)
}

const PROCESSES: usize = 3;

pub(super) const STATES: [State; 3] = [State::Running, State::Ready, State::Waiting];

fn text() -> impl Strategy<Value = Box<str>> {
    prop_oneof![Just(String::new()), "[a-c]{1,2}", ".{0,12}"].prop_map(String::into_boxed_str)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..300_u64, any::<u64>()]
}

fn meta() -> impl Strategy<Value = Meta> {
    let engine = prop::sample::select(vec![Engine::Signal, Engine::Fallback, Engine::Imported]);
    let unit = prop::sample::select(vec![Unit::Nanoseconds, Unit::Count]);
    let duration = || (number(), 0..1_000_000_000_u32).prop_map(|(s, ns)| Duration::new(s, ns));
    let words = (text(), engine, text());
    let counts = (number(), number(), number(), number(), number());
    (words, duration(), duration(), counts, unit).prop_map(
        |((program, engine, engine_note), interval, duration, counts, unit)| {
            let (ticks, uncaptured, retaken, longest_ns, squares_us2) = counts;
            let gaps = Gaps { longest_ns, squares_us2 };
            let meta = Meta { program, engine, engine_note, interval, duration, ..Meta::default() };
            Meta { ticks, uncaptured, retaken, gaps, unit, ..meta }
        },
    )
}

/// One sample: its thread, its labels, its frames as functions and lines, its state, its totals.
#[derive(Clone, Debug)]
pub(super) struct Row {
    thread: usize,
    labels: usize,
    frames: Vec<(usize, u32)>,
    state: State,
    totals: Totals,
}

/// What random profiles are made of.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    meta: Meta,
    /// Name, native id, and whose it is where processes are known.
    threads: Vec<(Box<str>, u64, Option<usize>)>,
    functions: Vec<(Box<str>, Box<str>, u32, Category)>,
    labels: Vec<Vec<(Box<str>, Box<str>)>>,
    pub(super) rows: Vec<Row>,
}

pub(super) fn parts() -> impl Strategy<Value = Parts> {
    let category = prop::sample::select(Category::ALL.to_vec());
    let functions = prop::collection::vec((text(), text(), any::<u32>(), category), 1..6);
    let whose = prop::option::of(0..PROCESSES);
    let threads = prop::collection::vec((text(), number(), whose), 1..4);
    let labels = prop::collection::vec(prop::collection::vec((text(), text()), 0..3), 0..4);
    let frames = prop::collection::vec((0..6_usize, prop_oneof![0..4_u32, any::<u32>()]), 0..8);
    let state = prop::sample::select(STATES.to_vec());
    let totals = (number(), number(), number());
    let row = (0..4_usize, 0..5_usize, frames, state, totals).prop_map(
        |(thread, labels, frames, state, (samples, wall_ns, cpu_ns))| {
            let totals = Totals { samples, wall_ns, cpu_ns };
            Row { thread, labels, frames, state, totals }
        },
    );
    (meta(), threads, functions, labels, prop::collection::vec(row, 0..20)).prop_map(
        |(meta, threads, functions, labels, rows)| Parts { meta, threads, functions, labels, rows },
    )
}

impl Parts {
    /// The profile after the first `count` samples.
    pub(super) fn profile(&self, count: usize) -> Profile {
        self.made(count, false)
    }

    fn made(&self, count: usize, has_processes: bool) -> Profile {
        let mut profile = Profile::default();
        let mut whose = vec![None; PROCESSES];
        if has_processes {
            let names = [("main.py", 10), ("worker", 11), ("worker", 12)];
            whose = names
                .map(|(name, pid)| Process { name: name.into(), pid, parent_pid: 10 })
                .map(|process| Some(profile.add_process(process)))
                .to_vec();
        }
        profile.meta = self.meta.clone();
        profile.meta.ticks = count as u64;
        let threads: Vec<_> = self
            .threads
            .iter()
            .map(|(name, id, index)| {
                let process = index.and_then(|index| whose[index]);
                Thread { process, ..Thread::new(name, *id) }
            })
            .map(|thread| profile.add_thread(thread))
            .collect();
        let mut labels = vec![LabelsId::NONE];
        labels.extend(self.labels.iter().map(|set| {
            let pairs = set.iter().map(|(key, value)| (key.clone(), value.clone()));
            profile.add_labels(pairs.collect::<Labels>())
        }));
        for row in self.rows.iter().take(count) {
            let frames: Vec<_> = row
                .frames
                .iter()
                .map(|&(function, line)| {
                    let index = function % self.functions.len();
                    let (name, file, first_line, category) = self.functions[index].clone();
                    let function = Function { name, file, first_line, category };
                    let function = profile.add_function(function);
                    profile.add_frame(Frame { function, line })
                })
                .collect();
            let key = SampleKey {
                thread: threads[row.thread % threads.len()],
                stack: profile.add_stack(frames),
                state: row.state,
                labels: labels[row.labels % labels.len()],
            };
            profile.record_totals(key, row.totals);
        }
        profile
    }

    pub(super) fn whole(&self) -> Profile {
        self.profile(self.rows.len())
    }

    /// The whole profile, of threads that belong to processes, or some of them.
    pub(super) fn with_processes(&self) -> Profile {
        self.made(self.rows.len(), true)
    }
}

/// A profile with something in every table, written as it grows: the chunks' ends are returned.
pub(super) fn recording() -> (Vec<u8>, Vec<usize>) {
    let mut bytes = crate::HEADER.to_vec();
    let mut encoder = crate::Encoder::new(3);
    let mut ends = vec![bytes.len()];
    for count in 1..=4 {
        encoder.append(&example(count), &mut bytes).unwrap();
        ends.push(bytes.len());
    }
    (bytes, ends)
}

/// The recording of a small web server, after `count` of its four looks.
pub(super) fn example(count: u64) -> Profile {
    let mut profile = Profile::default();
    profile.meta.program = "serve.py".into();
    profile.meta.interval = Duration::from_millis(1);
    profile.meta.duration = Duration::from_micros(1_000 * count + 7);
    (profile.meta.ticks, profile.meta.retaken) = (count, 1);
    let main = profile.add_thread(Thread::new("MainThread", 4100));
    let worker = profile.add_thread(Thread::new("worker \u{e9}", 4107));
    let request = profile.add_labels(Labels::from_iter([("request", "7"), ("view", "/items")]));
    let mut frame = |name: &str, file: &str, first_line, line| {
        let function = profile.add_function(Function::new(name, file, first_line));
        profile.add_frame(Frame { function, line })
    };
    let serve = frame("serve", "/srv/app/serve.py", 10, 12);
    let wait = frame("poll", "/usr/lib/python3.13/selectors.py", 398, 402);
    let view = frame("items", "/srv/app/views.py", 31, 44);
    let query = frame("Query.run", "/srv/venv/lib/python3.13/site-packages/db/query.py", 5, 9);
    let stacks = [
        (main, State::Waiting, LabelsId::NONE, vec![serve, wait]),
        (worker, State::Running, request, vec![serve, view]),
        (worker, State::Ready, request, vec![serve, view, query]),
        (main, State::Waiting, LabelsId::NONE, vec![serve, wait]),
    ];
    for (look, (thread, state, labels, frames)) in (1_u64..=count).zip(stacks) {
        let stack = profile.add_stack(frames);
        let cpu_ns = if state == State::Running { 1_000_100 } else { 0 };
        let totals = Totals { samples: 1, wall_ns: 1_000_000 + look, cpu_ns };
        profile.record_totals(SampleKey { thread, stack, state, labels }, totals);
    }
    profile
}
