//! Stacks from saved memory of every Python version are what the interpreter said they were.
//!
//! `tests/make_image.py` makes the images, which are part of the repository.

#[cfg(test)]
#[path = "support/counted.rs"]
mod counted;
#[cfg(test)]
#[path = "support/links.rs"]
mod links;

#[cfg(test)]
mod suite {
    use std::path::PathBuf;

    use proptest::prelude::*;
    use pyflame_cpython::{Image, Layout, StackError, StackReader};

    use crate::counted::Counted;
    use crate::links::{BESIDE_FRAMES, links, most_frames};

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
                let (_, piece) = piece.get_mut(&mut pieces);
                let index = byte.index(piece.len());
                piece[index] = value;
            }
            _ = read(&image);
        }

        /// Memory in which links lead elsewhere is walked for as long as it must be.
        #[test]
        fn memory_of_garbage_ends(minor in MINORS, seed in any::<u64>(), one_in in 2_u64..200) {
            let mut image = tangled(&image(minor), seed, one_in);
            let most = most_frames(&mut image);
            let (frames, ended) = walked(&mut image);
            prop_assert!(frames <= most);
            prop_assert!(ended.is_err() || frames <= most / 3, "no frame is in a stack twice");
            _ = read(&image);
        }
    }

    /// What the property says is worth nothing where no link leads from a frame to a frame.
    #[test]
    fn tangled_memory_has_circles_and_long_stacks() {
        for minor in MINORS {
            let image = image(minor);
            let whole = walked(&mut image.clone()).0;
            let ends = (0..300).map(|seed| walked(&mut tangled(&image, seed << 20, 20)));
            let ends: Vec<_> = ends.collect();
            let circles = ends.iter().filter(|end| end.1 == Err(StackError::Endless)).count();
            let long = ends.iter().filter(|end| end.0 > whole).count();
            let shorter = ends.iter().filter(|end| end.1.is_ok() && end.0 < whole).count();
            let counts = [circles, long, shorter];
            assert!(counts.iter().all(|count| *count >= 3), "3.{minor}: {counts:?}");
        }
    }

    /// An image of which one in so many words is another link of it, and one in many is garbage.
    fn tangled(image: &Image, seed: u64, one_in: u64) -> Image {
        let mut image = image.clone();
        let links = links(&mut image);
        let mut random = seed | 1;
        for (_, piece) in image.pieces_mut() {
            for word in piece.chunks_exact_mut(8) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let is_link = word
                    .first_chunk()
                    .is_some_and(|word| links.binary_search(&u64::from_le_bytes(*word)).is_ok());
                if is_link && random.is_multiple_of(one_in) {
                    let index = (random >> 32) as usize % links.len();
                    word.copy_from_slice(&links[index].to_le_bytes());
                } else if random % 1024 == 1 {
                    word.copy_from_slice(&random.to_le_bytes());
                }
            }
        }
        image
    }

    /// How many frames a walk finds, and how it ends.
    fn walked(image: &mut Image) -> (usize, Result<(), StackError>) {
        let (major, minor) = image.version;
        let layout = Layout::of(major, minor).expect("images are of known versions");
        let (thread, most) = (image.thread, most_frames(image));
        let mut frames = 0;
        let mut bounded = Counted::new(image, most + BESIDE_FRAMES);
        let ended = StackReader { layout }.walk(&mut bounded, thread, |_| frames += 1);
        (frames, ended)
    }
}
