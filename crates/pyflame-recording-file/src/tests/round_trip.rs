//! What is written is read as it was.

use proptest::prelude::*;
use pyflame_profile::{Frame, Function, Process, Profile, Sample, State, Thread};

use super::profiles::{dump, example, parts, sums};
use crate::{HEADER, ReadError, Writer, read, write, write_hastily};

proptest! {
    #[test]
    fn a_profile_that_is_written_and_read_is_the_same(parts in parts()) {
        let profile = parts.whole();
        let reading = read(&write(&profile)).unwrap();
        prop_assert!(reading.lost.is_empty(), "{:?}", reading.lost);
        prop_assert_eq!(reading.parts.len(), 1);
        prop_assert_eq!(dump(&reading.into_profile()), dump(&profile));
        let hasty = read(&write_hastily(&profile)).unwrap();
        prop_assert!(hasty.lost.is_empty(), "{:?}", hasty.lost);
        prop_assert_eq!(dump(&hasty.into_profile()), dump(&profile));
    }

    #[test]
    fn a_profile_of_several_processes_is_read_as_it_was(parts in parts()) {
        let profile = parts.with_processes();
        for bytes in [write(&profile), write_hastily(&profile)] {
            let reading = read(&bytes).unwrap();
            prop_assert!(reading.lost.is_empty(), "{:?}", reading.lost);
            prop_assert!(reading.parts.iter().all(|part| part.processes().len() < 2));
            prop_assert_eq!(sums(&reading.into_profile()), sums(&profile));
        }
        // Whose parts stand one after the other already.
        let profile = read(&write(&profile)).unwrap().into_profile();
        let again = read(&write(&profile)).unwrap().into_profile();
        prop_assert_eq!(dump(&again), dump(&profile));
        prop_assert_eq!(write(&again), write(&profile));
    }

    #[test]
    fn equal_profiles_give_equal_bytes_and_what_was_read_is_one(parts in parts()) {
        let bytes = write(&parts.whole());
        prop_assert_eq!(&write(&parts.whole()), &bytes);
        prop_assert_eq!(write(&read(&bytes).unwrap().into_profile()), bytes);
    }
}

#[test]
fn files_appended_to_each_other_are_the_sum() {
    let (a, b) = (example(4), example(2));
    let mut merged = a.clone();
    merged.merge(&b);
    let reading = read(&[write(&a), write(&b)].concat()).unwrap();
    assert!(reading.lost.is_empty());
    assert_eq!(reading.parts.iter().map(dump).collect::<Vec<_>>(), [dump(&a), dump(&b)]);
    assert_eq!(dump(&reading.into_profile()), dump(&merged));
}

#[test]
fn a_recording_of_nothing_is_an_empty_profile() {
    assert_eq!(dump(&read(&HEADER).unwrap().into_profile()), dump(&Profile::default()));
    let written = read(&write(&Profile::default())).unwrap();
    assert_eq!(dump(&written.into_profile()), dump(&Profile::default()));
}

#[test]
fn what_no_sample_needs_is_not_written() {
    let mut profile = example(4);
    let bytes = write(&profile);
    profile.add_thread(Thread::new("idle", 9));
    profile.add_function(Function::new("unused", "/srv/unused.py", 1));
    assert_eq!(write(&profile), bytes);
    let part = profile.only_threads(|thread| &*thread.name == "MainThread");
    let read_back = read(&write(&part)).unwrap().into_profile();
    assert_eq!(dump(&read_back), dump(&part));
    assert_eq!(read_back.functions().count(), 2);
}

#[test]
fn a_process_is_known_as_long_as_all_threads_are_its_own() {
    let process = |pid| Process { name: "serve.py".into(), pid, parent_pid: 1 };
    let mut profile = example(4);
    profile.set_process(process(40));
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.append(&profile).unwrap();
    profile.set_process(Process { name: "serve.py 8000".into(), ..process(40) });
    writer.append(&profile).unwrap();
    let reading = read(&writer.into_inner()).unwrap();
    assert_eq!(dump(&reading.into_profile()), dump(&profile));
    let mut merged = profile.clone();
    let mut other = example(3);
    other.set_process(process(41));
    merged.merge(&other);
    let read_back = read(&write(&merged)).unwrap();
    assert_eq!(read_back.parts.len(), 2);
    assert_eq!(dump(&read_back.into_profile()), dump(&merged));
    let first = merged.threads()[0].process;
    let filtered = read(&write(&merged.only_threads(|thread| thread.process == first))).unwrap();
    assert_eq!(filtered.into_profile().processes(), profile.processes());
}

#[test]
fn parts_of_many_processes_are_packed_no_tighter_than_readers_unpack() {
    let mut merged = Profile::default();
    for pid in 1..=30 {
        let mut profile = example(4);
        let thread = profile.samples().next().unwrap().0.thread;
        let name = "x".repeat(300_000);
        let function = profile.add_function(Function::new(&name, "/srv/x.py", pid));
        let frame = profile.add_frame(Frame { function, line: 1 });
        let stack = profile.add_stack([frame]);
        let sample = Sample { state: State::Running, wall_ns: 1, cpu_ns: 1 };
        profile.record(thread, stack, sample);
        profile.set_process(Process { name: "worker".into(), pid, parent_pid: 1 });
        merged.merge(&profile);
    }
    let reading = read(&write(&merged)).unwrap();
    assert!(reading.lost.is_empty(), "{}", reading.lost);
    assert_eq!(dump(&reading.into_profile()), dump(&merged));
}

#[test]
fn a_process_without_samples_is_known() {
    let mut profile = Profile::default();
    profile.set_process(Process { name: "idle".into(), pid: 40, parent_pid: 1 });
    let read_back = read(&write(&profile)).unwrap().into_profile();
    assert_eq!(read_back.processes(), profile.processes());
}

#[test]
fn what_is_no_recording_or_of_another_version_is_refused() {
    assert_eq!(read(b"").unwrap_err(), ReadError::NotARecording);
    assert_eq!(read(&HEADER[..8]).unwrap_err(), ReadError::NotARecording);
    assert_eq!(read(b"main;work 3\n").unwrap_err(), ReadError::NotARecording);
    let mut later = write(&example(4));
    later[8] = 2;
    assert_eq!(read(&later).unwrap_err(), ReadError::UnknownVersion { version: 2 });
    assert!(read(&later).unwrap_err().to_string().contains("update pyflame"));
}
