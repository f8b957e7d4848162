//! Where the memory of an image points into itself, so that it can be made to point elsewhere.

use pyflame_cpython::{Image, Memory};

/// How often a walk reads what is no frame: the thread state and what says where its stack is.
pub(crate) const BESIDE_FRAMES: usize = 8;

/// The addresses of all pieces, and every word that is an address of memory which is there: of a
/// frame, a code object, a string. In order, and as often as they are there.
pub(crate) fn links(image: &mut Image) -> Vec<u64> {
    let mut found = Vec::new();
    for (address, piece) in image.pieces_mut() {
        found.push(address);
        let words = piece.chunks_exact(8).filter_map(|word| word.first_chunk());
        found.extend(words.map(|word| u64::from_le_bytes(*word)));
    }
    found.retain(|address| image.bytes::<1>(*address).is_ok());
    found.sort_unstable();
    found
}

/// More frames can't be found in an image: none has two at one address, and a circle is noticed
/// within three times its length.
pub(crate) fn most_frames(image: &mut Image) -> usize {
    3 * image.pieces_mut().map(|(_, piece)| piece.len()).sum::<usize>()
}
