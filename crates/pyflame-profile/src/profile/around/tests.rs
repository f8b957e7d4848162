//! Stacks as a web server has them, written as `name@file`.

use crate::{Frame, Function, LabelsId, Profile, SampleKey, StackId, State, Thread, Totals, View};

const SERVER: &str = "serve@/usr/lib/python3.13/wsgiref.py;handle@/v/site-packages/django/h.py";
const TOOL: &str = "process@/v/site-packages/tool/m.py";

fn profile(stacks: &[(&str, State)]) -> Profile {
    let mut profile = Profile::default();
    let thread = profile.add_thread(Thread::new("MainThread", 1));
    for (stack, state) in stacks {
        let stack = stack.split(';').fold(StackId::EMPTY, |caller, frame| {
            let (name, file) = frame.split_once('@').unwrap();
            let function = profile.add_function(Function::new(name, file, 1));
            let frame = profile.add_frame(Frame { function, line: 1 });
            profile.push_frame(caller, frame)
        });
        let totals = Totals { samples: 1, wall_ns: 1000, cpu_ns: 0 };
        let labels = LabelsId::NONE;
        profile.record_totals(SampleKey { thread, stack, state: *state, labels }, totals);
    }
    profile
}

/// The names of each stack's functions.
fn names(profile: &Profile) -> Vec<String> {
    let folded = View::default().folded(profile);
    let name = |frame: &str| frame.split(" (").next().unwrap_or_default().to_owned();
    let stack = |line: &str| {
        let (stack, value) = line.rsplit_once(' ').unwrap();
        format!("{} {value}", stack.split(';').map(name).collect::<Vec<_>>().join(";"))
    };
    folded.lines().map(stack).collect()
}

#[test]
fn a_tools_frames_go_and_so_does_its_own_work() {
    let view = format!("{SERVER};{TOOL};view@/app/views.py");
    let query =
        format!("{view};execute@/v/site-packages/tool/sql.py;run@/v/site-packages/django/d.py");
    let noting =
        format!("{view};execute@/v/site-packages/tool/sql.py;stack@/usr/lib/python3.13/t.py");
    let mut profile = profile(&[
        (&view, State::Running),
        (&query, State::Running),
        (&noting, State::Running),
        (&format!("{SERVER};{TOOL}"), State::Running),
    ]);
    let gone = profile.drop_tool(|function| function.file.contains("/tool/"));
    assert_eq!((gone.samples, gone.wall_ns), (2, 2000));
    assert_eq!(names(&profile), ["serve;handle;view 1", "serve;handle;view;run 1"]);
}

#[test]
fn what_is_around_the_work_is_cut_off() {
    let view =
        format!("{SERVER};middleware@/app/m.py;handle@/v/site-packages/django/h.py;view@/app/v.py");
    let profile = profile(&[
        (&view, State::Running),
        (&format!("{view};view@/app/v.py;render@/v/site-packages/django/t.py"), State::Waiting),
        (&format!("{SERVER};middleware@/app/m.py"), State::Running),
        (SERVER, State::Running),
        (SERVER, State::Waiting),
        ("thread@/usr/lib/python3.13/threading.py;helper@/app/h.py", State::Running),
        (
            "middleware@/app/m.py;hop@/v/site-packages/bridge/h.py;wait@/lib/python3.13/t.py",
            State::Waiting,
        ),
        ("hop@/v/site-packages/bridge/h.py;helper@/app/h.py", State::Waiting),
        ("middleware@/app/m.py;hop@/v/site-packages/bridge/h.py;back@/app/b.py", State::Running),
    ]);
    let within = profile.within(
        |function| &*function.name == "view",
        |function| function.file.contains("/bridge/"),
    );
    let expected = [
        "[awaiting] 1",
        "[server and framework] 1",
        "back 1",
        "helper 1",
        "helper;[waiting] 1",
        "middleware 1",
        "view 1",
        "view;view;render;[waiting] 1",
    ];
    assert_eq!(names(&within), expected);
}

#[test]
fn time_that_no_thread_had_is_added_beside_the_threads() {
    let mut profile = profile(&[("view@/app/v.py", State::Running)]);
    profile.add_absence("[awaiting]", 5000);
    assert_eq!(names(&profile), ["[awaiting] 5", "view 1"]);
    assert_eq!(profile.totals().samples, 1);
    let mut empty = Profile::default();
    empty.add_absence("[awaiting]", 5000);
    assert_eq!(names(&empty), ["[awaiting] 5"]);
    assert_eq!(empty.threads().len(), 1);
}
