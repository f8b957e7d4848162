//! Whole pictures: they are XML whatever the names are, show what they are given, and have not
//! changed by accident.

mod golden;
mod hostile;

use pyflame_profile::{
    Category, Frame, Function, Profile, Sample, State, Thread, ThreadId, Tree, View, parse_folded,
};

use crate::{SvgOptions, svg};

fn draw(tree: &Tree, options: &SvgOptions) -> String {
    let mut out = Vec::new();
    svg(tree, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn counted(text: &str) -> Tree {
    View::default().tree(&parse_folded(text).0)
}

pub(crate) fn options(arguments: &[&str]) -> SvgOptions {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    SvgOptions::parse_flamegraph_args(&arguments).unwrap()
}

/// A recording with two threads and a frame of every kind.
pub(crate) fn recorded() -> Tree {
    let mut profile = Profile::default();
    let main = profile.add_thread(Thread::new("MainThread", 1));
    let worker = profile.add_thread(Thread::new("worker", 2));
    let app = ("<module>", "/home/me/app.py", 1, 30);
    let run = ("App.run", "/home/me/app.py", 10, 12);
    let slow = ("App.run", "/home/me/app.py", 10, 14);
    let get = ("get", "/venv/lib/python3.12/site-packages/requests/api.py", 62, 73);
    let loads = ("loads", "/usr/lib/python3.12/json/__init__.py", 299, 346);
    let import = ("_find_and_load", "<frozen importlib._bootstrap>", 1349, 1360);
    let native = ("scan_once", "_json.cpython-312-x86_64-linux-gnu.so", 0, 0);
    let mut record = Recorder { profile: &mut profile };
    record.sample(main, &[app, run], State::Running, 1_500_000);
    record.sample(main, &[app, slow, get], State::Waiting, 6_000_000);
    record.sample(main, &[app, run, loads, native], State::Running, 2_000_000);
    record.sample(main, &[app, import], State::Running, 1_000_000);
    record.sample(worker, &[run], State::Ready, 9_000_000);
    let marker = profile.add_marker("[uncaptured: unknown code]", Category::Uncaptured);
    let stack = profile.add_stack([marker]);
    let sample = Sample { state: State::Running, wall_ns: 500_000, cpu_ns: 0 };
    profile.record(worker, stack, sample);
    View::default().tree(&profile)
}

struct Recorder<'a> {
    profile: &'a mut Profile,
}

impl Recorder<'_> {
    fn sample(
        &mut self,
        thread: ThreadId,
        frames: &[(&str, &str, u32, u32)],
        state: State,
        wall_ns: u64,
    ) {
        let frames: Vec<_> = frames
            .iter()
            .map(|(name, file, first_line, line)| {
                let function = self.profile.add_function(Function::new(name, file, *first_line));
                self.profile.add_frame(Frame { function, line: *line })
            })
            .collect();
        let stack = self.profile.add_stack(frames);
        self.profile.record(thread, stack, Sample { state, wall_ns, cpu_ns: wall_ns });
    }
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let options = SvgOptions::default();
    assert_eq!(draw(&recorded(), &options), draw(&recorded(), &options));
}

#[test]
fn frames_that_are_left_out_are_counted_below_the_heading() {
    let tree = counted("a;b 1\na;c 1\na;d 9998\n");
    let picture = draw(&tree, &options(&["--minwidth=1%"]));
    assert!(picture.contains("2 frames too narrow to draw (0.02%)"));
}

#[test]
fn an_empty_tree_gives_a_picture_that_says_so() {
    let picture = draw(&counted(""), &SvgOptions::default());
    assert!(picture.contains("Nothing was sampled"));
    assert!(!picture.contains("class=\"frames\""));
    let nothing = ["None of <it>", "All waited."];
    let picture = draw(&counted(""), &SvgOptions { nothing, ..SvgOptions::default() });
    assert!(picture.contains(">None of &lt;it&gt;<") && picture.contains(">All waited.<"));
    assert!(!picture.contains("Nothing was sampled"));
}

#[test]
fn another_encoding_gets_ascii() {
    let tree = counted("caf\u{e9} 1\n");
    let picture = draw(&tree, &options(&["--encoding=ISO-8859-1"]));
    assert!(picture.starts_with("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"));
    assert!(picture.is_ascii() && picture.contains("caf&#xe9;"));
}

#[test]
fn every_frame_has_its_details_with_a_title_or_without() {
    let names = (0..300).map(|n| format!("f{n}")).collect::<Vec<_>>().join(";");
    let stacks = (0..50).map(|n| format!("g{n};{names} 1\n")).collect::<Vec<_>>().concat();
    let picture = draw(&counted(&stacks), &SvgOptions::default());
    let (titled, untitled) = picture.split_once("<metadata class=\"details\">").unwrap();
    assert_eq!(titled.matches("<title>").count(), 1 + 10_000);
    let untitled = untitled.split_once("</metadata>").unwrap().0.trim();
    assert_eq!(untitled.split("\n\n").count(), 1 + 50 * 301 - 10_000);
    assert!(untitled.split("\n\n").all(|details| details.lines().count() == 2));
}

#[test]
fn a_reversed_picture_has_the_innermost_at_its_root() {
    let tree = counted("a;b 1\n");
    let reversed = draw(&tree, &options(&["--reverse"]));
    assert_eq!(reversed, draw(&counted("b;a 1\n"), &SvgOptions::default()));
}

#[test]
fn colours_are_taken_from_and_added_to_the_palette_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("palette.map");
    std::fs::write(&file, "a->rgb(1,2,3)\n").unwrap();
    let mut options = options(&["--colors=hot"]);
    options.palette_file = Some(file.clone());
    let picture = draw(&counted("a;b 1\n"), &options);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(picture.contains("fill=\"rgb(1,2,3)\""));
    assert!(kept.contains("a->rgb(1,2,3)\n") && kept.contains("b->rgb("), "{kept}");
}

#[test]
fn the_scripts_of_the_picture_are_ascii_and_end_no_section() {
    let picture = draw(&counted("a 1\n"), &SvgOptions::default());
    let assets = picture.split("<![CDATA[").skip(1).map(|rest| rest.split("]]>").next().unwrap());
    let assets: Vec<&str> = assets.collect();
    assert_eq!(assets.len(), 2, "a style sheet and a script");
    assert!(assets.iter().all(|asset| asset.is_ascii() && !asset.contains("</")));
}
