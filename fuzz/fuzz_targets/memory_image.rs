//! Memory of an interpreter, of any version, with any bytes of it changed: its stack is read or
//! refused, and reading ends.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use pyflame_cpython::{Image, Layout};

const IMAGES: [&str; 7] = [
    include_str!("../../crates/pyflame-cpython/tests/images/3.9.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.10.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.11.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.12.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.13.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.14.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.15.image"),
];

/// More frames than an image of a few kilobytes can have without going in circles.
const MOST_FRAMES: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    static PARSED: OnceLock<Vec<Image>> = OnceLock::new();
    let images = PARSED.get_or_init(|| {
        IMAGES.iter().map(|text| Image::parse(text).expect("ours are well formed")).collect()
    });
    let Some((which, changes)) = bytes.split_first() else { return };
    let mut image = images[usize::from(*which) % images.len()].clone();
    let mut pieces: Vec<_> = image.pieces_mut().collect();
    // A piece, a word of it, and what is to stand there.
    for change in changes.chunks_exact(11) {
        let count = pieces.len();
        let piece = &mut pieces[usize::from(change[0]) % count];
        let words = piece.len() / 8;
        if words > 0 {
            let start = usize::from(u16::from_le_bytes([change[1], change[2]])) % words * 8;
            piece[start..start + 8].copy_from_slice(&change[3..11]);
        }
    }
    let (major, minor) = image.version;
    let layout = Layout::of(major, minor).expect("images are of known versions");
    let (code_type, thread) = (image.code_type, image.thread);
    if let Some(frames) = Image::read_stack(&mut image, layout, code_type, thread) {
        assert!(frames.len() < MOST_FRAMES);
    }
});
