//! Interpreters of garbage, their own tables of offsets among it: everything of them is read or
//! refused, and reading ends.

#[cfg(test)]
#[path = "support/counted.rs"]
mod counted;
#[cfg(test)]
#[path = "support/hostile.rs"]
mod hostile;

#[cfg(test)]
mod suite {
    use proptest::prelude::*;

    use crate::hostile::{Reach, read_all};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn an_interpreter_of_garbage_neither_panics_nor_hangs(
            input in prop::collection::vec(any::<u8>(), 9..120),
        ) {
            read_all(&input);
        }
    }

    /// What the property says is worth nothing where all interpreters are refused at once.
    #[test]
    fn readers_come_far_enough_to_be_tested() {
        for minor in 0..7 {
            let read = |seed: u16| {
                let [low, high] = seed.to_le_bytes();
                read_all(&[minor, low, high, 1, 2, 3, low, 5, high])
            };
            let reached: Vec<Reach> = (0..400).map(read).collect();
            let count = |is: fn(&Reach) -> bool| reached.iter().filter(|reach| is(reach)).count();
            let counts = [
                count(|reach| reach.has_layout),
                count(|reach| reach.threads > 2),
                count(|reach| reach.frames > 10),
                count(|reach| reach.circles > 0),
                count(|reach| reach.codes > 0),
                count(|reach| reach.values > 0),
                count(|reach| reach.holders > 0),
            ];
            assert!(counts.iter().all(|count| *count >= 10), "3.{}: {counts:?}", minor + 9);
        }
    }
}
