//! Recordings that are written while they grow.

use proptest::prelude::*;
use pyflame_profile::{Labels, Sample, StackId, State};

use super::profiles::{dump, example, parts};
use crate::{Encoder, HEADER, NotContinued, Writer, read};

proptest! {
    #[test]
    fn a_recording_that_grew_is_the_same_as_one_written_at_once(
        parts in parts(), steps in prop::collection::vec(0..20_usize, 0..5),
    ) {
        let mut steps = steps;
        steps.sort_unstable();
        let mut writer = Writer::new(Vec::new()).unwrap();
        for step in steps {
            writer.append(&parts.profile(step)).unwrap();
        }
        writer.append(&parts.whole()).unwrap();
        let bytes = writer.into_inner();
        let reading = read(&bytes).unwrap();
        prop_assert!(reading.lost.is_empty());
        // Threads are in order of their first sample here, and so may be in another one.
        let sorted = |text: String| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.iter_mut().filter(|line| line.starts_with("thread ")).for_each(|line| {
                *line = line.split(' ').skip(2).collect::<Vec<_>>().join(" ");
            });
            lines.sort();
            lines
        };
        prop_assert_eq!(sorted(dump(&reading.into_profile())), sorted(dump(&parts.whole())));
    }
}

#[test]
fn nothing_new_is_nothing_written() {
    let mut encoder = Encoder::new(0);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    encoder.append(&example(3), &mut first).unwrap();
    encoder.append(&example(3), &mut second).unwrap();
    assert!(!first.is_empty() && second.is_empty());
    encoder.append(&example(4), &mut second).unwrap();
    assert!(second.len() < 80, "one increment and the facts: {}", second.len());
}

#[test]
fn names_and_labels_that_are_learnt_late_replace_those_that_were_written() {
    let mut profile = example(4);
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.append(&profile).unwrap();
    let (key, _) = profile.samples().nth(1).unwrap();
    profile.rename_thread(key.thread, "Thread-7");
    profile.set_labels(key.labels, Labels::from_iter([("request", "8")]));
    writer.append(&profile).unwrap();
    let read_back = read(&writer.into_inner()).unwrap().into_profile();
    assert_eq!(dump(&read_back), dump(&profile));
}

#[test]
fn a_profile_that_is_another_one_is_refused_and_nothing_is_written() {
    let mut encoder = Encoder::new(0);
    encoder.append(&example(3), &mut Vec::new()).unwrap();
    let mut bytes = Vec::new();
    assert_eq!(encoder.append(&example(2), &mut bytes), Err(NotContinued));
    let mut other = example(1);
    let main = other.samples().next().unwrap().0.thread;
    let sample = Sample { state: State::Running, wall_ns: 1, cpu_ns: 1 };
    (0..2).for_each(|_| other.record(main, StackId::EMPTY, sample));
    assert_eq!(encoder.append(&other, &mut bytes), Err(NotContinued));
    assert!(bytes.is_empty());
    encoder.append(&example(4), &mut bytes).unwrap();
}

#[test]
fn processes_that_write_into_one_file_are_parts_of_their_own() {
    let mut bytes = HEADER.to_vec();
    let (mut parent, mut child) = (Encoder::new(1), Encoder::new(2));
    parent.append(&example(2), &mut bytes).unwrap();
    child.append(&example(1), &mut bytes).unwrap();
    parent.append(&example(4), &mut bytes).unwrap();
    child.append(&example(3), &mut bytes).unwrap();
    let reading = read(&bytes).unwrap();
    assert!(reading.lost.is_empty());
    let parts: Vec<String> = reading.parts.iter().map(dump).collect();
    assert_eq!(parts, [dump(&example(4)), dump(&example(3))]);
}

#[test]
fn much_is_written_in_several_chunks() {
    let line = |number| format!("main;a_function_with_the_number_{number} (f{number}.py:1) 1\n");
    let text: String = (0..60_000).map(line).collect();
    let (profile, _) = pyflame_profile::parse_folded(&text);
    let bytes = crate::write(&profile);
    let chunks = bytes.windows(4).filter(|bytes| bytes == b"\x8fpyc").count();
    assert!(chunks > 2, "{chunks}");
    assert_eq!(dump(&read(&bytes).unwrap().into_profile()), dump(&profile));
}
