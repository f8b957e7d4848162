//! Any bytes as a recording: as a file, as the chunks of a file, and as the rows of a chunk whose
//! checksums fit. What is read can be drawn, written and read again, and is the same then.
#![no_main]

use libfuzzer_sys::fuzz_target;
use miniz_oxide::deflate::compress_to_vec;
use pyflame_profile::View;
use pyflame_recording_file::{HEADER, read, write};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&[&HEADER[..], bytes].concat());
    // Two chunks, so that the second refers to what the first has.
    let (first, second) = bytes.split_at(bytes.len() / 2);
    check(&[&HEADER[..], &chunk(first), &chunk(second)].concat());
});

fn check(bytes: &[u8]) {
    let Ok(reading) = read(bytes) else { return };
    assert!(reading.lost.bytes <= bytes.len() as u64);
    let profile = reading.into_profile();
    let written = write(&profile);
    let again = read(&written).expect("what we write is a recording");
    assert!(again.lost.is_empty(), "{}", again.lost);
    let again = again.into_profile();
    assert_eq!(write(&again), written);
    assert_eq!(View::default().folded(&again), View::default().folded(&profile));
}

/// A chunk of rows as docs/recording-format.md describes it.
fn chunk(rows: &[u8]) -> Vec<u8> {
    let payload = compress_to_vec(rows, 0);
    let mut chunk = b"\x8fpyc\x01\0\0\0\0".to_vec();
    chunk.extend((payload.len() as u32).to_le_bytes());
    chunk.extend(crc32fast::hash(&payload).to_le_bytes());
    chunk.extend(crc32fast::hash(&chunk).to_le_bytes());
    chunk.extend(payload);
    chunk
}
