//! Any bytes as a line table, in each of the three formats: ranges ascend, and each has the line
//! that is found at its start.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyflame_cpython::{LineFormat, Lines};

fuzz_target!(|input: (u32, &[u8])| {
    let (first_line, table) = input;
    for format in [LineFormat::Lnotab, LineFormat::LineTable, LineFormat::Locations] {
        let lines = Lines::decode(format, table, first_line);
        let mut last = None;
        for (start, line) in lines.ranges() {
            assert!(last < Some(start));
            assert_eq!(lines.at(start), line);
            last = Some(start);
        }
    }
});
