//! Files that nobody wrote by accident: every checksum fits.

use proptest::prelude::*;
use pyflame_profile::Gaps;

use super::profiles::{dump, example};
use crate::chunk::{self, ROWS};
use crate::section::Section;
use crate::varint::{put, put_text};
use crate::{HEADER, Reason, read};

fn pack(payload: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(payload, 6)
}

fn forged(payload: &[u8]) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    chunk::put(&mut bytes, ROWS, 0, &pack(payload));
    bytes
}

fn reason(payload: &[u8]) -> Option<Reason> {
    let reading = read(&forged(payload)).unwrap();
    reading.lost.damage.first().map(|damage| damage.reason)
}

fn section(section: Section, numbers: &[u64]) -> Vec<u8> {
    let mut out = Vec::new();
    section.put(&mut out, &varints(numbers));
    out
}

fn varints(numbers: &[u64]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in numbers {
        put(&mut out, *number);
    }
    out
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let _ = read(&[HEADER.as_slice(), &bytes].concat());
        let _ = read(&forged(&bytes));
    }

    #[test]
    fn no_rows_make_the_reader_panic(
        rows in prop::collection::vec((1..11_u64, prop::collection::vec(0..5_u64, 0..12)), 0..8),
    ) {
        let mut payload = Vec::new();
        for (code, numbers) in rows {
            let content = varints(&numbers);
            put(&mut payload, code);
            put(&mut payload, content.len() as u64);
            payload.extend(content);
        }
        let profile = read(&forged(&payload)).unwrap().into_profile();
        pyflame_profile::View::default().tree(&profile);
    }
}

#[test]
fn kinds_sections_and_fields_of_a_later_version_are_passed_over() {
    let mut payload = Vec::new();
    for (code, content) in [(99, "whatever"), (1, "\0\x04main")] {
        put(&mut payload, code);
        put_text(&mut payload, content);
    }
    payload.extend(section(Section::Functions, &[0, 0, 0, 7, 99]));
    payload.extend(section(Section::Frames, &[0, 0, 8]));
    payload.extend(section(Section::Stacks, &[1, 1, 0]));
    payload.extend(section(Section::Threads, &[0, 0, 5]));
    payload.extend(section(Section::Samples, &[0, 0, 0, 2, 3, 4, 5]));
    payload.extend(section(Section::Meta, &[0, 9, 0, 0, 0, 1, 0, 6, 7, 8, 0, 3, 9, 42]));
    payload.extend(section(Section::Process, &[7, 6, 0, 42, 42]));
    let mut bytes = forged(&payload);
    chunk::put(&mut bytes, 77, 5, b"of a kind that is not known");
    let reading = read(&bytes).unwrap();
    assert!(reading.lost.is_empty(), "{}", reading.lost);
    assert_eq!(reading.parts.len(), 1);
    let profile = reading.into_profile();
    assert_eq!((profile.meta.ticks, profile.totals().cpu_ns), (6, 5));
    assert_eq!(profile.meta.gaps, Gaps { longest_ns: 3, squares_us2: 9 });
    assert_eq!(profile.functions().next().unwrap().first_line, 7);
    assert_eq!(profile.threads()[0].process.and_then(|id| profile.process(id)).unwrap().pid, 7);
}

#[test]
fn rows_that_make_no_sense_are_said_and_those_before_them_kept() {
    let strings = section(Section::Strings, &[0, 0, 0]);
    for (rows, said) in [
        (section(Section::Strings, &[0, 5]), "it ends too soon"),
        (section(Section::Stacks, &[1, 0, 0]), "a stack calls itself"),
        (section(Section::Stacks, &[1, 2, 0]), "a stack calls itself"),
        (section(Section::Frames, &[0, 1, 0]), "a number is too large"),
        (section(Section::Samples, &[0, 0, 3, 0, 1, 1, 1]), "a state is not known"),
        (section(Section::Meta, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]), "a unit is not known"),
        (
            section(Section::Meta, &[0, 0, 0, 0, 1_000_000_000]),
            "a duration has too many nanoseconds",
        ),
        (
            [&*strings, &section(Section::Labels, &[0, 0])].concat(),
            "the empty set of labels has labels",
        ),
        (
            [&*strings, &section(Section::Labels, &[1, 2, 0, 0, 1, 0])].concat(),
            "labels are not in order of their keys",
        ),
        ([&*strings, &strings].concat(), "a row was there before"),
    ] {
        assert_eq!(reason(&rows), Some(Reason::Senseless(said)));
    }
    let mut bytes = crate::write(&example(4));
    chunk::put(&mut bytes, ROWS, 0, &pack(&section(Section::Samples, &[0, 0, 9])));
    let reading = read(&bytes).unwrap();
    assert!(!reading.lost.is_empty());
    assert_eq!(dump(&reading.into_profile()), dump(&example(4)));
}

#[test]
fn huge_numbers_allocate_nothing_and_sums_do_not_overflow() {
    let most = u64::from(u32::MAX);
    let sample = |stack| [most, most, 0, stack, u64::MAX, u64::MAX, u64::MAX];
    let payload = [
        section(Section::Strings, &[most]),
        section(Section::Functions, &[most, most, most, most, u64::MAX]),
        section(Section::Stacks, &[most, most, 0]),
        section(Section::Labels, &[most, 0]),
        section(Section::Samples, &[sample(2 * most), sample(0)].concat()),
        section(
            Section::Meta,
            &[0, 0, 0, u64::MAX, 0, u64::MAX, 999_999_999, most, most, u64::MAX, 0],
        ),
    ]
    .concat();
    let mut twice = forged(&payload);
    twice.extend(twice.clone());
    let reading = read(&twice).unwrap();
    assert_eq!(reading.lost.orphans, u64::MAX);
    let profile = reading.into_profile();
    assert_eq!(profile.totals().samples, u64::MAX);
    assert_eq!(profile.meta.duration, std::time::Duration::MAX);
}

#[test]
fn a_long_name_that_every_row_refers_to_is_bounded() {
    let mut strings = Vec::new();
    put(&mut strings, 0);
    put_text(&mut strings, &"x".repeat(1 << 20));
    let (mut payload, mut functions) = (Vec::new(), vec![0]);
    Section::Strings.put(&mut payload, &strings);
    for line in 0..2_000 {
        functions.extend(varints(&[0, 0, line, 0]));
    }
    Section::Functions.put(&mut payload, &functions);
    assert_eq!(reason(&payload), Some(Reason::Senseless("its names are too large")));
}

#[test]
fn a_bomb_is_not_unpacked() {
    let payload = section(Section::Strings, &vec![0; 12 << 20]);
    assert_eq!(reason(&payload), Some(Reason::Packing));
}
