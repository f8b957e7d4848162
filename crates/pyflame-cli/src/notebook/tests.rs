use std::fmt::Write as _;
use std::time::Duration;

use pyflame_profile::{
    Category, Frame, Function, Measure, Profile, Sample, State, Thread, Unit, parse_folded,
};
use pyflame_render::TextOptions;

use super::{
    PAGE_BYTES, STILL_BYTES, attribute, base64, cell_html, cell_page, cell_text, height, in_lines,
};
use crate::Picture;

fn profile(folded: &str) -> Profile {
    let mut profile = parse_folded(folded).0;
    profile.meta.program = "In [7]".into();
    profile
}

/// What stands between the quotes of an attribute.
fn value<'a>(html: &'a str, attribute: &str) -> &'a str {
    let start = html.find(&format!("{attribute}='")).unwrap() + attribute.len() + 2;
    html[start..].split('\'').next().unwrap()
}

/// Stacks of very different names and widths.
fn many_frames(count: usize) -> String {
    let mut folded = String::new();
    for index in 0..count {
        let _ = writeln!(folded, "main;caller_{};callee_{index} {}", index / 9, index + 1);
    }
    folded
}

#[test]
fn the_picture_is_there_once_to_use_and_once_to_see() {
    let html = cell_html(&Picture::default(), &profile("main;it's & <it> 3\n")).unwrap();
    let page = value(&html, "srcdoc").replace("&#39;", "'").replace("&amp;", "&");
    assert!(page.contains("<script>") && page.contains("it&#39;s &amp; &lt;it&gt;"), "{page}");
    assert!(value(&html, "src").starts_with("data:image/svg+xml;base64,PD94bWwg"), "{html}");
    assert!(html.contains("Flame graph of In [7]"));
}

#[test]
fn the_output_is_as_small_as_promised_and_says_what_is_missing() {
    let html = cell_html(&Picture::default(), &profile(&many_frames(20_000))).unwrap();
    assert!(html.len() < 200_000, "{}", html.len());
    assert!(value(&html, "src").len() < STILL_BYTES * 4 / 3 + 100);
    let page = value(&html, "srcdoc");
    assert!(page.contains(" frames too narrow to draw ("));
    let drawn = page.matches("<rect\n").count();
    assert!((400..1_000).contains(&drawn), "{drawn}");
}

#[test]
fn frames_that_are_all_alike_go_together() {
    let folded: String = (0..5_000).fold(String::new(), |mut text, index| {
        let _ = writeln!(text, "function_with_a_name_{index} 1");
        text
    });
    let html = cell_html(&Picture::default(), &profile(&folded)).unwrap();
    assert!(html.len() < 200_000, "{}", html.len());
    assert!(html.contains("5,000 frames too narrow to draw (100%)"));
}

#[test]
fn no_line_is_blank_nor_too_long_for_docutils() {
    let html = cell_html(&Picture::default(), &profile(&many_frames(20_000))).unwrap();
    assert!(html.lines().all(|line| !line.trim().is_empty() && line.len() < 10_000));
    assert_eq!(attribute("a\n\n \nb'\n"), "a&#10;&#10; \nb&#39;&#10;");
    assert_eq!(
        in_lines(&"x".repeat(8_001)).split('\n').map(str::len).collect::<Vec<_>>(),
        [8_000, 1]
    );
}

#[test]
fn the_page_is_small_as_well() {
    let page = |count| cell_page(&Picture::default(), &profile(&many_frames(count))).unwrap();
    // "%PDF-1.7", and of the ninth byte what is left.
    assert!(page(9).starts_with("JVBERi0xLjcK"));
    assert!(page(9).len() < 4_000, "{}", page(9).len());
    let sizes = PAGE_BYTES / 2..PAGE_BYTES * 4 / 3 + 3;
    assert!(sizes.contains(&page(20_000).len()), "{}", page(20_000).len());
}

#[test]
fn a_recording_without_samples_has_a_small_picture_that_says_so() {
    let mut empty = profile("");
    empty.meta.duration = Duration::from_micros(420);
    let html = cell_html(&Picture::default(), &empty).unwrap();
    assert!(html.contains("Nothing was sampled") && html.contains("min-height:170px"));
    assert!(html.len() < 20_000, "{}", html.len());
    let text = cell_text(&Picture::default(), &empty, &TextOptions::default());
    assert!(text.contains("0.42 ms wall") && text.contains("Nothing was sampled"), "{text}");
    // So has a cell of any length in which nothing but the kernel was seen.
    empty.meta.duration = Duration::from_millis(56);
    let text = cell_text(&Picture::default(), &empty, &TextOptions::default());
    assert!(text.contains("too soon, or only Python's own work around it was seen"), "{text}");
}

/// A thread that slept, and what it spent on a CPU: as a sample, and between two of them.
fn sleeper(sampled_ns: u64, unseen_ns: u64) -> Profile {
    let mut profile = profile("");
    (profile.meta.unit, profile.meta.interval) = (Unit::Nanoseconds, Duration::from_millis(1));
    profile.meta.duration = Duration::from_millis(300);
    let thread = profile.add_thread(Thread::new("MainThread", 1));
    let function = profile.add_function(Function::new("sleep", "a.py", 1));
    let frame = profile.add_frame(Frame { function, line: 1 });
    let marker = profile.add_marker("[uncaptured: CPU time]", Category::Uncaptured);
    for (frame, state, cpu_ns) in
        [(frame, State::Waiting, sampled_ns), (marker, State::Running, unseen_ns)]
    {
        let stack = profile.add_stack([frame]);
        profile.record(thread, stack, Sample { state, wall_ns: 1_000_000, cpu_ns });
    }
    profile
}

#[test]
fn a_picture_of_cpu_time_says_so_also_where_there_is_none() {
    let mut cpu = Picture::default();
    cpu.view.measure = Measure::Cpu;
    let text = |profile| cell_text(&cpu, &profile, &TextOptions::default());
    let lines = [
        "In [7] \u{b7} CPU time: 0.03 ms in 300 ms wall \u{b7} 2 samples \u{b7} 0 Hz \u{b7} 1 thread",
        "No CPU time to show: Threads that only wait use none, or too little for a sample.",
    ];
    assert_eq!(text(sleeper(0, 33_000)), lines.join("\n"));
    let html = cell_html(&cpu, &sleeper(0, 33_000)).unwrap();
    assert!(html.contains("CPU time: 0.03 ms in") && html.contains("No CPU time to show"));
    // Of a known stack, or of more than a sample, nothing is held back.
    assert!(text(sleeper(1_000, 33_000)).ends_with("sleep  a.py:1"));
    assert!(text(sleeper(0, 1_000_000)).ends_with("[uncaptured: CPU time]"));
    assert!(text(profile("")).contains("Nothing was sampled"), "not even a thread that waits");
}

#[test]
fn the_text_begins_with_what_was_recorded() {
    let text = cell_text(&Picture::default(), &profile("f 3\n"), &TextOptions::default());
    assert!(text.starts_with("In [7] \u{b7} 3 samples\n"), "{text}");
    assert!(text.ends_with("\n3 samples    100%    100%  f"), "{text}");
}

#[test]
fn the_height_is_that_of_the_picture() {
    assert_eq!(height(r#"<svg width="1200" height="358" font"#), 358);
    assert_eq!(height("no picture"), 560);
}

#[test]
fn bytes_are_encoded_with_their_padding() {
    let cases =
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("\u{ff}\u{ff}", "w7/Dvw==")];
    for (bytes, text) in cases {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
}
