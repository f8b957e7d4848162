//! What command lines mean, and what they are told when they mean nothing.

use std::path::Path;
use std::time::Duration;

use crate::{EngineChoice, Format, RunOptions, Target, ThreadChoice, Typed, UsageError};

fn parse(cwd: &Path, words: &[&str]) -> Result<RunOptions, UsageError> {
    match Typed::parse(words)? {
        Typed::Run(typed) => RunOptions::new(*typed, cwd),
        other => panic!("{other:?}"),
    }
}

fn meant(words: &[&str]) -> RunOptions {
    let folder = tempfile::tempdir().unwrap();
    parse(folder.path(), words).unwrap()
}

fn message(words: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    parse(folder.path(), words).unwrap_err().to_string()
}

#[test]
fn a_bare_command_gets_the_documented_defaults() {
    let options = meant(&["-c", "pass"]);
    assert_eq!(options.target, Target::Code("pass".into()));
    assert_eq!(options.interval, Duration::from_millis(1));
    assert_eq!(options.threads, ThreadChoice::All);
    assert_eq!(options.engine, EngineChoice::Auto);
    assert_eq!(options.destination.format, Format::Svg);
    assert!(!options.quiet);
}

#[test]
fn the_default_output_is_named_after_the_program_and_lies_where_it_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let name = |words: &[&str]| {
        let options = parse(folder.path(), words).unwrap();
        assert_eq!(options.destination.path.parent(), Some(folder.path()));
        options.destination.shown.display().to_string()
    };
    assert_eq!(name(&["-c", "pass"]), "command.svg");
    assert_eq!(name(&["-m", "http.server"]), "http.server.svg");
    assert_eq!(name(&["-"]), "stdin.svg");
    assert_eq!(name(&["--format", "folded", "-c", "pass"]), "command.folded");
    let script = folder.path().join("train.py");
    std::fs::write(&script, "").unwrap();
    assert_eq!(name(&[script.to_str().unwrap()]), "train.py.svg");
    let package = folder.path().join("package");
    std::fs::create_dir(&package).unwrap();
    std::fs::write(package.join("__main__.py"), "").unwrap();
    assert_eq!(name(&[&format!("{}/", package.display())]), "package.svg");
}

#[test]
fn the_extension_of_the_output_decides_unless_a_format_is_given() {
    let format = |words: &[&str]| meant(words).destination.format;
    assert_eq!(format(&["-o", "x.folded", "-c", ""]), Format::Folded);
    assert_eq!(format(&["-o", "x.pdf", "-c", ""]), Format::Pdf);
    assert_eq!(format(&["-o", "x", "--format=pdf", "-c", ""]), Format::Pdf);
    assert_eq!(format(&["-o", "x.folded", "--format=svg", "-c", ""]), Format::Svg);
    assert_eq!(format(&["-o", "x.png", "--format=svg", "-c", ""]), Format::Svg);
    assert_eq!(format(&["-o", "x.pyflame", "-c", ""]), Format::Recording);
    assert_eq!(format(&["-o", "x.svg", "--format=pyflame", "-c", ""]), Format::Recording);
    assert!(message(&["-o", "x.png", "-c", ""]).contains("format of `x.png` is not clear"));
}

#[test]
fn interval_and_rate_are_two_ways_to_say_one_thing() {
    assert_eq!(meant(&["-s", "0.01", "-c", ""]).interval, meant(&["-r", "100", "-c", ""]).interval);
    assert!(message(&["-s", "1", "-r", "1", "-c", ""]).contains("give one of them"));
}

#[test]
fn choices_that_do_not_exist_are_answered_with_those_that_do() {
    for (option, choices) in [
        ("--threads", "all or main"),
        ("--mode", "wall or cpu"),
        ("--format", "svg, pdf, folded or pyflame"),
        ("--engine", "auto, signal or fallback"),
    ] {
        let message = message(&[option, "some", "-c", ""]);
        assert_eq!(message, format!("`some` is no choice for {option}: use {choices}"));
    }
}

#[test]
fn what_can_not_run_is_named() {
    assert!(message(&["-q"]).starts_with("nothing to run"));
    assert!(message(&["no.py"]).starts_with("script `no.py` does not exist"));
    assert!(message(&["."]).starts_with("`.` is a folder without a `__main__.py`"));
}

#[test]
fn what_can_not_be_written_is_named() {
    assert!(message(&["-o", "-", "-c", ""]).contains("standard output belongs to the program"));
    assert!(message(&["-o", "/tmp", "-c", ""]).starts_with("output `/tmp` is a folder"));
    assert!(message(&["-o", "no/x.svg", "-c", ""]).contains("does not exist: create it"));
    assert!(message(&["-o", "/proc/x.svg", "-c", ""]).starts_with("output `/proc/x.svg` can't"));
}

#[test]
fn a_script_that_can_not_draw_is_named() {
    assert!(
        message(&["-p", "no-such-script", "-c", ""]).contains("`no-such-script` was not found")
    );
    assert!(message(&["-p", "./no.pl", "-c", ""]).contains("`./no.pl` was not found"));
    assert!(message(&["-p", "/etc/passwd", "-c", ""]).contains("`/etc/passwd` is not executable"));
    assert!(message(&["-p", "/tmp", "-c", ""]).contains("`/tmp` is not executable"));
    assert!(message(&["-p", "cat", "-o", "x.txt", "-c", ""]).contains("leave out one of them"));
    assert!(message(&["-p", "cat", "-o", "x.pyflame", "-c", ""]).contains("leave out one of them"));
    assert!(message(&["-a", "--title 'x", "-c", ""]).contains("a quote is not closed"));
}

#[test]
fn extra_arguments_are_split_as_a_shell_would_and_add_up() {
    let options = meant(&["-p", "cat", "-a", "--title 'a b'", "-a", "--hash", "-c", ""]);
    let script = options.destination.picture.script.unwrap();
    assert_eq!(script.args, ["--title", "a b", "--hash"]);
    assert!(script.path.is_absolute());
}

#[test]
fn extra_arguments_without_a_script_are_for_the_built_in_renderer() {
    let options = meant(&["-a", "--title 'My run' --inverted", "-c", ""]);
    assert_eq!(options.destination.picture.style.title, "My run");
    assert_eq!(message(&["-a", "--widht 3", "-c", ""]).lines().count(), 1);
    assert!(
        message(&["-a", "--widht 3", "-c", ""]).contains("unknown flamegraph.pl option `--widht`")
    );
}
