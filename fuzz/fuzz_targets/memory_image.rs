//! Memory of an interpreter, of any version, with any bytes of it changed, also so that it points
//! elsewhere into itself: its stack is read or refused, and reading ends.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use pyflame_cpython::{Image, Layout, StackReader};

#[path = "../../crates/pyflame-cpython/tests/support/counted.rs"]
mod counted;
#[path = "../../crates/pyflame-cpython/tests/support/links.rs"]
mod links;

const IMAGES: [&str; 7] = [
    include_str!("../../crates/pyflame-cpython/tests/images/3.9.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.10.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.11.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.12.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.13.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.14.image"),
    include_str!("../../crates/pyflame-cpython/tests/images/3.15.image"),
];

fuzz_target!(|bytes: &[u8]| {
    static PARSED: OnceLock<Vec<Image>> = OnceLock::new();
    let images = PARSED.get_or_init(|| {
        IMAGES.iter().map(|text| Image::parse(text).expect("ours are well formed")).collect()
    });
    let Some((which, changes)) = bytes.split_first() else { return };
    let mut image = images[usize::from(*which) % images.len()].clone();
    let links = links::links(&mut image);
    let mut pieces: Vec<_> = image.pieces_mut().collect();
    // A piece, a word of it, and what is to stand there.
    for change in changes.chunks_exact(11) {
        let count = pieces.len();
        let (_, piece) = &mut pieces[usize::from(change[0]) % count];
        let words = piece.len() / 8;
        if words > 0 {
            let start = usize::from(u16::from_le_bytes([change[1], change[2]])) % words * 8;
            piece[start..start + 8].copy_from_slice(&word(&change[3..], &links));
        }
    }
    let (major, minor) = image.version;
    let layout = Layout::of(major, minor).expect("images are of known versions");
    let (code_type, thread) = (image.code_type, image.thread);
    let most = links::most_frames(&mut image);
    let mut frames = 0;
    let mut bounded = counted::Counted::new(&mut image, most + links::BESIDE_FRAMES);
    let _ = StackReader { layout }.walk(&mut bounded, thread, |_| frames += 1);
    assert!(frames <= most);
    let read = Image::read_stack(&mut image, layout, code_type, thread);
    assert!(read.is_none_or(|read| read.len() <= frames));
});

/// The word itself; where it is a number that no address is, one of the memory's own links.
fn word(bytes: &[u8], links: &[u64]) -> [u8; 8] {
    let word = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let index = (256..1 << 16).contains(&word).then_some(word as usize % links.len());
    index.map_or(word, |index| links[index]).to_le_bytes()
}
