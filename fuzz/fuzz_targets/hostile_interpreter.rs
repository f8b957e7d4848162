//! An interpreter of garbage, its own table of offsets among it: threads, stacks, code objects,
//! contexts and the GIL are read or refused, and reading ends.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

#[path = "../../crates/pyflame-cpython/tests/support/counted.rs"]
mod counted;
#[path = "../../crates/pyflame-cpython/tests/support/hostile.rs"]
mod hostile;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    // Of an interpreter whose table is refused, nothing is read that changes could lead on from.
    if hostile::read_all(bytes).has_layout { Corpus::Keep } else { Corpus::Reject }
});
