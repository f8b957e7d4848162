//! What happens to a profile after the recording: runner frames go, names come.

use crate::{Frame, Function, Profile, Sample, State, Thread, View};

fn record(profile: &mut Profile, names: &[&str]) {
    let thread = match profile.threads() {
        [] => profile.add_thread(Thread { name: "MainThread".into(), native_id: 1 }),
        _ => profile.samples().next().unwrap().0,
    };
    let frames: Vec<_> = names
        .iter()
        .map(|name| {
            let function = profile.add_function(Function::new(name, "", 0));
            profile.add_frame(Frame { function, line: 1 })
        })
        .collect();
    let stack = profile.add_stack(frames);
    profile.record(thread, stack, Sample { state: State::Running, wall_ns: 1000, cpu_ns: 0 });
}

#[test]
fn what_a_runner_called_is_kept_and_the_runner_is_not() {
    let mut profile = Profile::default();
    record(&mut profile, &["boot", "run", "main", "work"]);
    record(&mut profile, &["boot", "run", "boot", "run", "nested"]);
    record(&mut profile, &["atexit"]);
    record(&mut profile, &["boot", "run"]);
    profile.keep_below(|function| &*function.name == "run");
    let folded = View::default().folded(&profile);
    assert_eq!(folded, "[no Python frames] 1\natexit 1\nmain;work 1\nnested 1\n");
    assert_eq!(profile.totals().samples, 4);
}

#[test]
fn threads_that_share_a_reused_id_get_their_names_in_order() {
    let mut profile = Profile::default();
    for native_id in [7, 8, 7, 7] {
        profile.add_thread(Thread { name: "?".into(), native_id });
    }
    let names = [(7, "first".into()), (9, "other".into()), (7, "second".into())];
    profile.name_threads(&names);
    let names: Vec<_> = profile.threads().iter().map(|thread| &*thread.name).collect();
    assert_eq!(names, ["first", "?", "second", "?"]);
}
