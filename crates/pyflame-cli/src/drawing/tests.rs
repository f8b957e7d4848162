use std::ffi::OsString;
use std::fs;
use std::path::Path;

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
fn run(files: &[(&str, &str)], words: &[&str]) -> Result<(String, Vec<String>), DrawError> {
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
    assert!(message("<svg/>\n").contains("is no folded text: line 1: "));
    assert!(message("").contains("there is no line with a stack in it"));
}

#[test]
fn an_input_that_is_not_there_or_a_folder_is_named() {
    let missing = run(&[], &["render", "none.txt", "-o", "c.svg"]).unwrap_err().to_string();
    assert!(missing.contains("none.txt`: No such file"), "{missing}");
    let folder = run(&[], &["render", "./", "-o", "c.svg"]).unwrap_err().to_string();
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
    assert!(refusal(&["render"]).starts_with("nothing to draw"));
    assert!(refusal(&["diff", "a"]).ends_with("was given 1"));
    assert!(refusal(&["render", "-", "-"]).contains("only once"));
    assert!(refusal(&["render", "a"]).starts_with("nowhere to write"));
    assert!(refusal(&["render", "a", "-o", "/x.png"]).contains("the format of `/x.png`"));
    assert!(refusal(&["render", "a", "-o", "/no/x.svg"]).contains("`/no` does not exist"));
    assert!(refusal(&["render", "a", "--unit", "s"]).contains("use samples or us"));
    assert!(refusal(&["render", "a", "-o", "-", "-p", "/none"]).contains("was not found"));
}
