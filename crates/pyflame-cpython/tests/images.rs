//! Stacks from saved memory of every Python version are what the interpreter said they were.
//!
//! `tests/make_image.py` makes the images, which are part of the repository.

#[cfg(test)]
mod suite {
    use std::path::PathBuf;

    use proptest::prelude::*;
    use pyflame_cpython::{Image, Layout};

    const MINORS: std::ops::RangeInclusive<u8> = 9..=15;

    fn image(minor: u8) -> Image {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/images");
        let path = folder.join(format!("3.{minor}.image"));
        let text = std::fs::read_to_string(&path).expect("the image is part of the repository");
        Image::parse(&text).expect("images are made by make_image.py")
    }

    fn read(image: &Image) -> Option<Vec<pyflame_cpython::ImageFrame>> {
        let (major, minor) = image.version;
        let layout = Layout::of(major, minor).expect("images are of known versions");
        Image::read_stack(&mut image.clone(), layout, image.code_type, image.thread)
    }

    #[test]
    fn every_version_reads_as_the_interpreter_said() {
        for minor in MINORS {
            let image = image(minor);
            assert!(image.frames.len() > 10, "3.{minor}: the image holds a real stack");
            assert_eq!(read(&image).as_ref(), Some(&image.frames), "3.{minor}");
        }
    }

    #[test]
    fn an_image_is_written_as_it_was_read() {
        let image = image(13);
        assert_eq!(Image::parse(&image.to_text()), Ok(image));
    }

    proptest! {
        /// A stack that is damaged at random is refused or read differently, and reading it ends.
        #[test]
        fn damaged_memory_neither_panics_nor_hangs(
            minor in MINORS,
            damages in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..12),
        ) {
            let mut image = image(minor);
            let mut pieces: Vec<_> = image.pieces_mut().collect();
            for (piece, byte, value) in damages {
                let piece = piece.get_mut(&mut pieces);
                let index = byte.index(piece.len());
                piece[index] = value;
            }
            _ = read(&image);
        }

        /// Memory in which every link leads somewhere is walked for as long as it must be.
        #[test]
        fn memory_of_garbage_ends(minor in MINORS, seed in any::<u64>()) {
            let mut image = image(minor);
            let mut random = seed | 1;
            let addresses: Vec<u64> = vec![image.thread, image.code_type];
            for piece in image.pieces_mut() {
                for word in piece.chunks_exact_mut(8) {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    if random % 16 == 0 {
                        let index = (random >> 32) as usize % addresses.len();
                        word.copy_from_slice(&addresses[index].to_le_bytes());
                    }
                }
            }
            _ = read(&image);
        }
    }
}
