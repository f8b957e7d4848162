use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use pyflame_profile::{Frame, Function, Process, Profile, Sample, State, Thread};

use super::*;
use crate::Typed;

fn typed(words: &[&str]) -> TypedDrawing {
    match Typed::parse(words).unwrap() {
        Typed::Draw(typed) => *typed,
        other => panic!("{other:?}"),
    }
}

fn refusal(words: &[&str]) -> String {
    Drawing::new(typed(words), Path::new("/"), true).unwrap_err().to_string()
}

/// Runs a command in a folder with the given files, and returns what it wrote and said.
fn run<C: AsRef<[u8]>>(
    files: &[(&str, C)],
    words: &[&str],
) -> Result<(String, Vec<String>), DrawError> {
    let folder = tempfile::tempdir().unwrap();
    let place = |word: &str| folder.path().join(word).into_os_string();
    for (name, text) in files {
        fs::write(place(name), text).unwrap();
    }
    let mut words: Vec<OsString> = words.iter().map(Into::into).collect();
    for word in &mut words {
        if word.to_string_lossy().contains('.') {
            *word = place(&word.to_string_lossy());
        }
    }
    let Typed::Draw(typed) = Typed::parse(words).unwrap() else { panic!("a drawing") };
    let drawing = Drawing::new(*typed, folder.path(), true).unwrap();
    let output = drawing.output.clone().expect("tests write files");
    let result = drawing.run(|_| ());
    assert_eq!(result.is_ok(), output.exists(), "a file if and only if it went well");
    let here = format!("{}/", folder.path().display());
    let tidy = |text: String| text.replace(&here, "");
    let drawn = result?;
    Ok((tidy(fs::read_to_string(output).unwrap()), drawn.messages.into_iter().map(tidy).collect()))
}

#[test]
fn several_inputs_are_summed_up() {
    let files = [("a.txt", "main;x 1\nmain;y 2\n"), ("b.txt", "main;y 3\nrest 1\n")];
    let (text, said) = run(&files, &["render", "a.txt", "b.txt", "-o", "sum.folded"]).unwrap();
    assert_eq!(text, "main;x 1\nmain;y 5\nrest 1\n");
    assert_eq!(said, ["pyflame: 4 lines -> sum.folded"]);
}

#[test]
fn what_cannot_be_read_is_said_and_left_out() {
    let files = [("a.txt", "main 1\nnonsense\n"), ("b.txt", "main 2\n\n;; x\n")];
    let (text, said) = run(&files, &["render", "-q", "a.txt", "b.txt", "-o", "c.txt"]).unwrap();
    assert_eq!(text, "main 3\n");
    assert!(said[0].starts_with("pyflame: warning: a.txt: line 2: "), "{said:?}");
    assert!(said[1].starts_with("pyflame: warning: b.txt: line 3: "), "{said:?}");
}

#[test]
fn nothing_readable_is_an_error_and_no_file() {
    let message = |text| {
        run(&[("a.txt", text)], &["render", "a.txt", "-o", "c.svg"]).unwrap_err().to_string()
    };
    assert!(message("<svg/>\n").contains("a.txt` is no recording and no folded text: line 1: "));
    assert!(message("\n").contains("there is no line with a stack in it"));
    assert!(message("").ends_with("a.txt` is no recording and no folded text: it is empty"));
}

#[test]
fn an_input_that_is_not_there_or_a_folder_is_named() {
    let missing = run::<&str>(&[], &["render", "none.txt", "-o", "c.svg"]).unwrap_err().to_string();
    assert!(missing.contains("none.txt`: No such file"), "{missing}");
    let folder = run::<&str>(&[], &["render", "./", "-o", "c.svg"]).unwrap_err().to_string();
    assert!(folder.contains("is a directory"), "{folder}");
}

#[test]
fn a_difference_is_scaled_unless_measured_values_are_wanted() {
    let files = [("a.txt", "x 1\ny 1\n"), ("b.txt", "x 30\nz 10\n")];
    let diff = |words: &[&str]| {
        let mut all = vec!["diff", "-q", "a.txt", "b.txt", "-o", "d.folded"];
        all.extend(words);
        run(&files, &all).unwrap().0
    };
    assert_eq!(diff(&[]), "x 20 30\ny 20 0\nz 0 10\n");
    assert_eq!(diff(&["--as-measured"]), "x 1 30\ny 1 0\nz 0 10\n");
    let widths = diff(&["--as-measured", "--widths", "before"]);
    assert_eq!(widths, "x 1 30\ny 1 0\nz 0 10\n", "text is always before and after");
}

#[test]
fn a_difference_says_what_both_come_to_and_whether_that_counts() {
    let files = [
        ("a.txt", b"x 30\ny 10\n".to_vec()),
        ("b.txt", b"x 30\n".to_vec()),
        ("c.pyflame", recording("c")),
    ];
    let has = |words: &[&str], facts: &str| {
        let words = [&["diff", "-o", "d.svg"], words].concat();
        let (picture, _) = run(&files, &words).unwrap();
        assert!(picture.contains(&format!(">{facts}<")), "{picture}");
    };
    let totals = "40 samples before, 30 samples after (25.0% less)";
    has(&["a.txt", "b.txt"], &format!("{totals}, shares compared"));
    has(&["a.txt", "b.txt", "--widths", "before"], &format!("{totals}, shares compared"));
    has(&["a.txt", "b.txt", "--as-measured"], &format!("{totals}, compared as measured"));
    has(&["a.txt", "b.txt", "-a", "--subtitle Mine"], "Mine");
    let time = "27.0 \u{b5}s before, 27.0 \u{b5}s after (the same), shares compared";
    has(&["c.pyflame", "c.pyflame"], time);
    let time = "CPU time: 9.00 \u{b5}s before, 9.00 \u{b5}s after (the same), shares compared";
    has(&["--mode=cpu", "c.pyflame", "c.pyflame"], time);
}

#[test]
fn what_has_gone_keeps_its_width_where_that_is_wanted() {
    let files = [("a.txt", "gone 30\nkept 30\n"), ("b.txt", "kept 60\n")];
    let words = ["diff", "a.txt", "b.txt", "-o", "d.svg", "--widths", "before"];
    let (picture, _) = run(&files, &words).unwrap();
    assert!(
        picture
            .contains("gone\n30 samples (50.0%) \u{b7} all of it self \u{b7} change \u{2212}50.0%")
    );
}

#[test]
fn a_difference_that_was_written_can_be_drawn() {
    let files = [("a.txt", "x 1\ny 1\n"), ("d.txt", "x 20 30\ny 20 0\nz 0 10\n")];
    let (picture, _) = run(&files, &["render", "d.txt", "-o", "d.svg"]).unwrap();
    assert!(picture.contains(">d.txt<") && picture.contains("3 lines"), "{picture}");
}

#[test]
fn a_picture_has_the_inputs_as_its_title_and_times_where_they_are_times() {
    let files = [("a.txt", "main 1500000\n"), ("b.txt", "main 500000\n")];
    let words = ["render", "--unit", "us", "a.txt", "b.txt", "-o", "d.svg"];
    let (picture, _) = run(&files, &words).unwrap();
    assert!(picture.contains(">a.txt and 1 more<") && picture.contains("2.00 s"), "{picture}");
    let (picture, _) = run(&files, &["diff", "a.txt", "b.txt", "-o", "d.svg"]).unwrap();
    assert!(picture.contains(">a.txt \u{2192} b.txt<"));
}

#[test]
fn lines_that_make_no_sense_are_refused_before_anything_is_read() {
    assert!(refusal(&["render"]).starts_with("nothing to draw: give recordings or folded"));
    let unknown = refusal(&["render", "a", "-a", "--titel x"]);
    assert!(unknown.ends_with("`--titel`; `pyflame -a --help` lists those there are"), "{unknown}");
    assert!(refusal(&["diff", "a"]).ends_with("was given 1"));
    assert!(refusal(&["render", "-", "-"]).contains("only once"));
    assert!(refusal(&["render", "a"]).starts_with("nowhere to write"));
    assert!(refusal(&["render", "a", "-o", "/x.png"]).contains("the format of `/x.png`"));
    assert!(refusal(&["render", "a", "-o", "/no/x.svg"]).contains("`/no` does not exist"));
    assert!(refusal(&["render", "a", "--unit", "s"]).contains("use samples or us"));
    assert!(refusal(&["render", "a", "-o", "-", "-p", "/none"]).contains("was not found"));
}

/// A recording of two threads, one of which waits.
fn recording(program: &str) -> Vec<u8> {
    let mut profile = Profile::default();
    profile.meta.program = program.into();
    let [main, worker] = [("MainThread", 1), ("Thread-1", 2)]
        .map(|(name, native_id)| profile.add_thread(Thread::new(name, native_id)));
    for (thread, function, line, state, cpu_ns) in [
        (main, "main", 2, State::Running, 4_000),
        (main, "main", 3, State::Running, 5_000),
        (worker, "wait", 7, State::Waiting, 0),
    ] {
        let function = profile.add_function(Function::new(function, "a.py", 1));
        let frame = profile.add_frame(Frame { function, line });
        let stack = profile.add_stack([frame]);
        profile.record(thread, stack, Sample { state, wall_ns: 9_000, cpu_ns });
    }
    pyflame_recording_file::write(&profile)
}

#[test]
fn a_recording_is_shown_in_every_way_that_a_run_is() {
    let files = [("a.pyflame", recording("serve.py"))];
    let folded = |words: &[&str]| {
        let words = [&["render", "-q", "a.pyflame", "-o", "a.folded"], words].concat();
        run(&files, &words).unwrap().0
    };
    let waiting = "Thread-1;wait (a.py:1);[waiting] 9\n";
    assert_eq!(folded(&[]), format!("MainThread;main (a.py:1) 18\n{waiting}"));
    assert_eq!(folded(&["--mode", "cpu"]), "MainThread;main (a.py:1) 9\n");
    assert_eq!(folded(&["--threads", "main"]), "main (a.py:1) 18\n");
    assert_eq!(folded(&["--threads=main", "--by-line"]), "main (a.py:2) 9\nmain (a.py:3) 9\n");
    let (picture, said) = run(&files, &["render", "a.pyflame", "-o", "a.svg"]).unwrap();
    assert!(picture.contains(">serve.py<") && picture.contains("3 samples \u{b7} 2 threads"));
    assert_eq!(said, ["pyflame: 3 samples -> a.svg"]);
}

#[test]
fn what_folded_text_lacks_is_not_silently_left_out() {
    let files = [("a.txt", "main 1\n")];
    for option in ["--mode=cpu", "--threads=main", "--by-line"] {
        let message = run(&files, &["render", "a.txt", option, "-o", "a.svg"]).unwrap_err();
        let name = option.split('=').next().unwrap();
        assert!(message.to_string().starts_with(&format!("`{name}` is for recordings")));
    }
}

#[test]
fn a_damaged_recording_is_drawn_and_what_is_lost_is_said() {
    let whole = recording("serve.py");
    let files = [("a.pyflame", [whole.clone(), whole[..40].to_vec()].concat())];
    let (text, said) = run(&files, &["render", "-q", "a.pyflame", "-o", "a.folded"]).unwrap();
    assert!(text.starts_with("MainThread;main (a.py:1) 18\n"));
    let warning = "pyflame: warning: a.pyflame is damaged: 31 bytes can't be read: at byte";
    assert!(said[0].starts_with(warning) && said.len() == 1, "{said:?}");
    let nothing = [("a.pyflame", &whole[..40])];
    let message = run(&nothing, &["render", "a.pyflame", "-o", "a.svg"]).unwrap_err().to_string();
    assert!(message.starts_with("nothing is left of"), "{message}");
}

/// A recording of a run of a second of two processes with consecutive ids, as a script that forks.
fn run_of_two(pid: u32) -> Vec<u8> {
    let mut run = Profile::default();
    for (name, pid) in [("a.py", pid), ("worker", pid + 1)] {
        let mut profile = pyflame_recording_file::read(&recording("a.py")).unwrap().into_profile();
        profile.set_process(Process { name: name.into(), pid, parent_pid: pid - 1 });
        (profile.meta.duration, profile.meta.ticks) = (Duration::from_secs(1), 1_000);
        run.merge(&profile);
    }
    (run.meta.duration, run.meta.ticks) = (Duration::from_secs(1), 1_000);
    pyflame_recording_file::write(&run)
}

#[test]
fn runs_of_one_program_are_drawn_as_one_that_lasted_for_both() {
    let files = [("a.pyflame", run_of_two(10)), ("b.pyflame", run_of_two(20))];
    let words = ["render", "--threads=main", "a.pyflame", "b.pyflame", "-o"];
    let (text, _) = run(&files, &[&words[..], &["sum.folded"]].concat()).unwrap();
    let main = "main (a.py:1) 36\n";
    assert_eq!(text, format!("a.py (pid 10);{main}worker (pid 11);{main}"));
    let (picture, _) = run(&files, &[&words[..], &["sum.svg"]].concat()).unwrap();
    let facts = "8 samples \u{b7} 2.00 s wall \u{b7} 1,000 Hz \u{b7} 2 processes \u{b7} 2 threads";
    assert!(picture.contains(facts), "{picture}");
    let words = ["diff", "--threads=main", "a.pyflame", "b.pyflame", "-o", "d.folded"];
    let both = "main (a.py:1) 18 18\n";
    let (text, _) = run(&files, &words).unwrap();
    assert_eq!(text, format!("a.py (pid 10);{both}worker (pid 11);{both}"));
}

#[test]
fn recordings_are_summed_up_and_compared_with_their_like_only() {
    let files =
        [("a.pyflame", recording("a")), ("b.pyflame", recording("b")), ("c.txt", "x 1\n".into())];
    let words = ["render", "a.pyflame", "b.pyflame", "--threads=main", "-o", "sum.folded"];
    let (text, said) = run(&files, &words).unwrap();
    assert_eq!(
        (text.as_str(), said[0].as_str()),
        ("main (a.py:1) 36\n", "pyflame: 4 samples -> sum.folded")
    );
    let refused = |words: &[&str]| run(&files, words).unwrap_err().to_string();
    assert!(refused(&["render", "a.pyflame", "c.txt", "-o", "d.svg"]).contains("is folded text"));
    assert!(refused(&["diff", "a.pyflame", "c.txt", "-o", "d.svg"]).contains("count the same"));
    assert!(refusal(&["diff", "a", "b", "-o", "/d.pyflame"]).contains("a difference is none"));
    let words = ["diff", "--mode=cpu", "a.pyflame", "b.pyflame", "-o", "d.folded"];
    assert_eq!(run(&files, &words).unwrap().0, "MainThread;main (a.py:1) 9 9\n");
}
