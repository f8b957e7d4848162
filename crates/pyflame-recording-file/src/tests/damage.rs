//! Files that are cut off or changed: what is readable is read, and what is not is said.

use pyflame_profile::Profile;

use super::profiles::{dump, example, recording};
use crate::{HEADER, Reason, chunk, read};

#[test]
fn a_file_that_is_cut_off_anywhere_has_everything_up_to_the_last_whole_chunk() {
    let (bytes, ends) = recording();
    for length in HEADER.len()..=bytes.len() {
        let reading = read(&bytes[..length]).unwrap();
        let whole = ends.iter().rposition(|end| *end <= length).unwrap();
        let rest = length - ends[whole];
        assert_eq!(reading.lost.bytes, rest as u64, "cut off at {length}");
        assert_eq!(reading.lost.is_empty(), rest == 0);
        let expected = if whole == 0 { Profile::default() } else { example(whole as u64) };
        assert_eq!(dump(&reading.into_profile()), dump(&expected), "cut off at {length}");
    }
}

#[test]
fn a_bit_that_is_flipped_anywhere_is_noticed_and_loses_one_chunk_at_most() {
    let (bytes, ends) = recording();
    let all = read(&bytes).unwrap().into_profile().totals();
    for at in HEADER.len()..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let reading = read(&damaged).unwrap();
            let chunk = ends.iter().position(|end| at < *end).unwrap();
            let length = (ends[chunk] - ends[chunk - 1]) as u64;
            assert_eq!(reading.lost.bytes, length, "bit {bit} of byte {at}");
            assert_eq!(reading.lost.damage[0].offset, ends[chunk - 1] as u64);
            // Each chunk has one sample, and those of the others are kept.
            let totals = reading.into_profile().totals();
            assert_eq!(totals.samples, all.samples - 1, "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_header_that_is_damaged_is_no_recording() {
    let (bytes, _) = recording();
    for at in 0..HEADER.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x20;
        assert!(read(&damaged).is_err(), "byte {at}");
    }
}

#[test]
fn samples_whose_stack_was_lost_are_kept_and_counted() {
    let (bytes, ends) = recording();
    let without_first = [&bytes[..ends[0]], &bytes[ends[1]..]].concat();
    let reading = read(&without_first).unwrap();
    assert_eq!(reading.lost.bytes, 0, "nothing there is unreadable");
    assert!(reading.lost.orphans > 0 && !reading.lost.is_empty());
    let profile = reading.into_profile();
    assert_eq!(profile.totals().samples, 3);
    let lost = profile.functions().find(|function| &*function.name == "[lost]");
    assert!(lost.is_some());
}

#[test]
fn what_stands_between_chunks_is_passed_over() {
    let (bytes, ends) = recording();
    let rubbish = b"\x8f rubbish \x8fpy and more \x8f".as_slice();
    let mixed = [&bytes[..ends[2]], rubbish, &bytes[ends[2]..], &[0; 500]].concat();
    let reading = read(&mixed).unwrap();
    assert_eq!(reading.lost.bytes, (rubbish.len() + 500) as u64);
    assert_eq!(reading.lost.damage.len(), 2);
    assert_eq!(reading.lost.damage[0].reason, Reason::NoChunk);
    let said = reading.lost.to_string();
    assert!(said.starts_with("524 bytes in 2 places can't be read: at byte "), "{said}");
    assert_eq!(dump(&reading.into_profile()), dump(&example(4)));
}

#[test]
fn a_chunk_that_was_cut_off_loses_none_that_was_appended_later() {
    let (bytes, ends) = recording();
    for cut in ends[1] + 1..ends[2] {
        let mixed = [&bytes[..cut], &bytes].concat();
        let reading = read(&mixed).unwrap();
        assert_eq!(reading.lost.bytes, (cut - ends[1]) as u64);
        assert_eq!(reading.parts.len(), 2);
        assert_eq!(dump(&reading.parts[1]), dump(&example(4)));
    }
}

#[test]
fn chunks_that_claim_to_lie_in_each_other_are_not_summed_up_for_ever() {
    let mut bytes = HEADER.to_vec();
    for _ in 0..40_000 {
        let head = bytes.len();
        chunk::put(&mut bytes, chunk::ROWS, 0, b"");
        bytes[head + 9..head + 13].copy_from_slice(&700_000_u32.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[head..head + 17]);
        bytes[head + 17..].copy_from_slice(&checksum.to_le_bytes());
    }
    let lost = read(&bytes).unwrap().lost;
    assert_eq!(lost.bytes, (bytes.len() - HEADER.len()) as u64);
    let stretches = lost.damage.len() as u64 + lost.more_damage;
    assert!(stretches < 40_000, "most chunks are passed over with the one around them");
}

#[test]
fn very_many_losses_are_counted_and_the_first_are_named() {
    let (bytes, ends) = recording();
    let (first, chunk) = bytes[..ends[1]].split_at(ends[0]);
    let mut many = first.to_vec();
    for _ in 0..30 {
        many.extend_from_slice(&chunk[..chunk.len() - 1]);
    }
    let lost = read(&many).unwrap().lost;
    assert_eq!((lost.damage.len(), lost.more_damage), (10, 20));
}
