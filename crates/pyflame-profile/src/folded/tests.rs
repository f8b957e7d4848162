//! Properties of the folded format: what is written is read back as it was.

use proptest::prelude::*;

use super::{escape_frame, parse_folded, unescape_frame};
use crate::any_profile::any_profile_in_any_unit;
use crate::{Function, Measure, Profile, Unit, View};

fn frame() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "f",
        ";",
        "%3B",
        "%",
        "25",
        "\n",
        "\r",
        " (",
        ")",
        ":",
        "12",
        "a.py",
        " ",
        "\u{e4}",
        "[waiting]",
        "[uncaptured]",
        "0",
    ]);
    prop::collection::vec(parts, 1..6).prop_map(|parts| parts.concat())
}

fn view() -> impl Strategy<Value = View> {
    let measure = prop::sample::select(vec![Measure::Wall, Measure::Cpu]);
    (measure, any::<bool>(), any::<bool>()).prop_map(|(measure, by_line, thread_roots)| View {
        measure,
        by_line,
        thread_roots,
    })
}

fn sorted_lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn value_of(profile: &Profile, measure: Measure) -> u64 {
    match measure {
        Measure::Wall => profile.totals().wall_ns,
        Measure::Cpu => profile.totals().cpu_ns,
    }
}

/// Times are written in microseconds.
fn divisor(unit: Unit) -> u64 {
    match unit {
        Unit::Nanoseconds => 1000,
        Unit::Count => 1,
    }
}

proptest! {
    #[test]
    fn escaping_is_undone_by_unescaping(text in ".*") {
        let escaped = escape_frame(&text).into_owned();
        prop_assert_eq!(unescape_frame(&escaped).into_owned(), text);
    }

    #[test]
    fn escaped_frames_hold_nothing_that_splits_a_line(text in ".*") {
        let escaped = escape_frame(&text);
        prop_assert!(!escaped.contains([';', '\n', '\r']));
    }

    #[test]
    fn reading_folded_text_and_folding_it_again_is_the_identity(
        stacks in prop::collection::vec((prop::collection::vec(frame(), 1..5), 1_u64..1000), 1..20),
    ) {
        let line = |(frames, count): &(Vec<String>, u64)| {
            let frames: Vec<_> = frames.iter().map(|f| escape_frame(f).into_owned()).collect();
            format!("{} {count}\n", frames.join(";"))
        };
        let text = stacks.iter().map(line).collect::<Vec<_>>().concat();
        let (first, errors) = parse_folded(&text);
        let readable = stacks.len() - errors.len();
        let folded = View::default().folded(&first);
        let (second, errors) = parse_folded(&folded);
        prop_assert_eq!(errors, vec![]);
        prop_assert!(folded.lines().count() <= readable);
        prop_assert_eq!(View::default().folded(&second), folded);
        prop_assert_eq!(second.totals(), first.totals());
    }

    /// What has no frames comes first where it is the tree's own, and among the others where it was
    /// read as a frame of that name; the lines are the same.
    #[test]
    fn what_a_profile_is_folded_to_is_read_as_it_was_written(
        profile in any_profile_in_any_unit(),
        view in view(),
    ) {
        let folded = view.folded(&profile);
        let (read, errors) = parse_folded(&folded);
        prop_assert_eq!(errors, vec![]);
        let again = View::default().folded(&read);
        prop_assert_eq!(sorted_lines(&again), sorted_lines(&folded));
        if !folded.starts_with("[no Python frames]") {
            prop_assert_eq!(again, folded);
        }
        let place = |function: &Function| (function.name.clone(), function.file.clone());
        let known: Vec<_> = profile.functions().map(place).collect();
        for function in read.functions().filter(|function| !function.file.is_empty()) {
            prop_assert!(known.contains(&place(function)), "{function:?}");
        }
        let value = value_of(&profile, view.measure) / divisor(profile.meta.unit);
        prop_assert_eq!(read.totals().wall_ns, value, "no time is lost to rounding");
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).*") {
        let _ = parse_folded(&text);
    }
}

#[test]
fn bad_lines_are_named_and_left_out() {
    let (profile, errors) = parse_folded("a;b 1\n\nc\nd x\n 5\ne -1\na;b 2\n");
    assert_eq!(profile.totals().samples, 3);
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [3, 4, 5, 6]);
}
