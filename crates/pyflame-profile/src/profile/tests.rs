//! What happens to a profile after the recording: runner frames go, names come.

use std::time::Duration;

use crate::{
    Frame, Function, Labels, LabelsId, Process, Profile, Sample, SampleKey, State, Thread,
    ThreadName, Totals, View,
};

fn record(profile: &mut Profile, names: &[&str]) {
    let functions: Vec<_> = names.iter().map(|name| Function::new(name, "", 0)).collect();
    record_functions(profile, &functions);
}

fn record_functions(profile: &mut Profile, functions: &[Function]) {
    let thread = match profile.threads() {
        [] => profile.add_thread(Thread::new("MainThread", 1)),
        _ => profile.samples().next().unwrap().0.thread,
    };
    let frames: Vec<_> = functions
        .iter()
        .map(|function| {
            let function = profile.add_function(function.clone());
            profile.add_frame(Frame { function, line: 1 })
        })
        .collect();
    let stack = profile.add_stack(frames);
    profile.record(thread, stack, Sample { state: State::Running, wall_ns: 1000, cpu_ns: 0 });
}

fn without_runner(stacks: &[&[&str]]) -> String {
    let mut profile = Profile::default();
    for stack in stacks {
        record(&mut profile, stack);
    }
    profile.drop_runner(|function| function.name.starts_with("run"));
    View::default().folded(&profile)
}

#[test]
fn what_a_runner_called_is_kept_and_the_runner_is_not() {
    assert_eq!(without_runner(&[&["run", "run it", "main", "work"]]), "main;work 1\n");
    assert_eq!(without_runner(&[&["exit"], &[]]), "[no Python frames] 1\nexit 1\n");
}

#[test]
fn a_runner_that_runs_nothing_leaves_no_sample() {
    assert_eq!(without_runner(&[&["run"], &["run", "run it"], &["main"]]), "main 1\n");
}

#[test]
fn a_runner_that_the_program_itself_calls_stays() {
    assert_eq!(without_runner(&[&["run", "main", "run", "more"]]), "main;run;more 1\n");
}

fn named(seen: &[(u64, u64)], names: &[(u64, &str, u64)]) -> Vec<String> {
    let mut profile = Profile::default();
    for (native_id, _) in seen {
        profile.add_thread(Thread::new("?", *native_id));
    }
    let names = names.iter().map(|&(native_id, name, learnt_ns)| ThreadName {
        native_id,
        name: name.into(),
        learnt_ns,
    });
    let seen_ns: Vec<u64> = seen.iter().map(|(_, seen_ns)| *seen_ns).collect();
    profile.name_threads(names.collect(), &seen_ns);
    profile.threads().iter().map(|thread| thread.name.to_string()).collect()
}

#[test]
fn the_time_of_own_functions_is_their_callers() {
    let mut profile = Profile::default();
    let function = |name| match name {
        "lock" => Function::new(name, "/usr/lib/python3.13/threading.py", 0),
        _ => Function::new(name, "", 0),
    };
    record_functions(&mut profile, &["main", "stop", "lock"].map(function));
    record_functions(&mut profile, &["main", "stop"].map(function));
    record_functions(&mut profile, &["main", "stop", "decorated", "lock"].map(function));
    profile.drop_own(|function| &*function.name == "stop");
    let folded = View::default().folded(&profile);
    let lock = "lock (/usr/lib/python3.13/threading.py)";
    assert_eq!(folded, format!("main 2\nmain;stop;decorated;{lock} 1\n"));
}

#[test]
fn threads_that_share_a_reused_id_get_their_own_names() {
    let names = [(7, "first", 10), (9, "other", 20), (7, "second", 30)];
    assert_eq!(named(&[(7, 11), (8, 12), (7, 31), (7, 50)], &names), ["first", "?", "second", "?"]);
}

#[test]
fn a_thread_that_was_never_seen_leaves_its_name_to_nobody() {
    let names = [(7, "never seen", 10), (7, "seen", 20)];
    assert_eq!(named(&[(7, 25)], &names), ["seen"]);
}

#[test]
fn a_thread_that_was_seen_before_it_said_its_name_gets_it_all_the_same() {
    let names = [(7, "first", 10), (7, "second", 30)];
    assert_eq!(named(&[(7, 9), (7, 28)], &names), ["first", "second"]);
}

fn labelled(samples: &[(&str, &[(&str, &str)])]) -> Profile {
    let mut profile = Profile::default();
    let thread = profile.add_thread(Thread::new("MainThread", 1));
    for (name, pairs) in samples {
        let function = profile.add_function(Function::new(name, "", 0));
        let frame = profile.add_frame(Frame { function, line: 1 });
        let stack = profile.add_stack([frame]);
        let labels = match pairs {
            [] => LabelsId::NONE,
            pairs => profile.add_labels(pairs.iter().copied().collect()),
        };
        let totals = Totals { samples: 1, wall_ns: 1000, cpu_ns: 0 };
        let key = SampleKey { thread, stack, state: State::Running, labels };
        profile.record_totals(key, totals);
    }
    profile
}

#[test]
fn a_profile_is_filtered_and_split_by_labels() {
    let profile = labelled(&[
        ("idle", &[]),
        ("view", &[("request", "1")]),
        ("query", &[("request", "1"), ("part", "db")]),
        ("view", &[("request", "2")]),
    ]);
    assert_eq!(profile.label_values("request").into_iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(profile.label_values("page").len(), 0);
    let folded =
        |keep: &dyn Fn(&Labels) -> bool| View::default().folded(&profile.only_labels(keep));
    assert_eq!(folded(&|labels| labels.get("request") == Some("1")), "query 1\nview 1\n");
    assert_eq!(folded(&|labels| labels.get("part").is_none()), "idle 1\nview 2\n");
    assert_eq!(folded(&Labels::is_empty), "idle 1\n");
}

#[test]
fn merging_makes_equal_labels_one() {
    let mut merged = labelled(&[("view", &[("request", "1")]), ("view", &[("request", "2")])]);
    merged.merge(&labelled(&[("view", &[("request", "2")]), ("view", &[])]));
    assert_eq!(merged.samples().count(), 3);
    let second = merged.only_labels(|labels| labels.get("request") == Some("2"));
    assert_eq!(View::default().folded(&second), "view 2\n");
}

#[test]
fn labels_learnt_late_take_the_place_of_the_empty_ones() {
    let mut profile = labelled(&[("view", &[]), ("view", &[("request", "?")])]);
    profile.fill_labels([Labels::from_iter([("request", "9")]), Labels::default()]);
    assert_eq!(profile.label_values("request").into_iter().collect::<Vec<_>>(), ["9"]);
}

fn of_process(pid: u32, seconds: u64) -> Profile {
    let mut profile = Profile::default();
    record(&mut profile, &["main"]);
    profile.set_process(Process { name: "worker".into(), pid, parent_pid: 1 });
    profile.meta.duration = Duration::from_secs(seconds);
    (profile.meta.ticks, profile.meta.uncaptured) = (100 * seconds, 1);
    profile
}

#[test]
fn equal_processes_become_one_and_threads_of_others_stay_apart() {
    let mut profile = of_process(7, 1);
    profile.merge(&of_process(8, 1));
    profile.merge(&of_process(7, 1));
    let pids: Vec<u32> = profile.processes().iter().map(|process| process.pid).collect();
    assert_eq!(pids, [7, 8]);
    let of_threads: Vec<_> = profile.threads().iter().map(|thread| thread.process).collect();
    assert_eq!(of_threads.iter().flatten().map(|id| id.index()).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((profile.sampled_processes(), profile.sampled_threads()), (2, 2));
    assert_eq!(
        profile.only_threads(|thread| thread.process == of_threads[1]).sampled_processes(),
        1
    );
}

#[test]
fn what_ran_beside_each_other_lasted_as_long_as_the_longest() {
    let mut beside = of_process(7, 2);
    beside.merge(&of_process(8, 5));
    let meta = &beside.meta;
    assert_eq!((meta.duration.as_secs(), meta.ticks, meta.uncaptured), (5, 500, 2));
    let mut after = of_process(7, 2);
    after.merge(&of_process(7, 5));
    assert_eq!((after.meta.duration.as_secs(), after.meta.ticks), (7, 700));
}

#[test]
fn what_is_made_of_a_profile_knows_its_processes() {
    let mut profile = of_process(7, 1);
    let processes = profile.processes().to_vec();
    assert_eq!(profile.pruned(0).processes(), processes);
    assert_eq!(profile.within(|_| false, |_| false).processes(), processes);
    assert_eq!(profile.split_off(|_| true).processes(), processes);
    profile.rename_functions(|_| None);
    assert_eq!(profile.processes(), processes);
    let process = profile.threads()[0].process.unwrap();
    profile.rename_process(process, "worker 7");
    assert_eq!(&*profile.process(process).unwrap().name, "worker 7");
    profile.add_absence("[awaiting]", 5);
    assert_eq!(profile.threads()[1].process, Some(process));
}
