//! Line tables: which instruction belongs to which line.
//!
//! Three encodings, each walked once into the same short list of ranges:
//! `co_lnotab` of 3.9 and `co_linetable` of 3.10 (Objects/lnotab_notes.txt), and the location
//! table from 3.11 on (Objects/locations.md; InternalDocs/code_objects.md).

use crate::LineFormat;

/// The lines of one code object: ranges of instructions, ascending, each with its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    ranges: Vec<Range>,
}

/// Instructions from `start` up to the next range's start, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: u32,
    /// Line 0 exists: a module begins there, before its first statement.
    line: u32,
}

impl Lines {
    /// Decodes a table whatever it holds: what makes no sense ends it.
    pub fn decode(format: LineFormat, table: &[u8], first_line: u32) -> Self {
        let mut lines = Self::default();
        let mut line = Line(i64::from(first_line));
        match format {
            LineFormat::Lnotab => lines.decode_lnotab(table, &mut line),
            LineFormat::LineTable => lines.decode_line_table(table, &mut line),
            LineFormat::Locations => lines.decode_locations(table, &mut line),
        }
        lines
    }

    /// The line of the instruction `offset` bytes from the start; `None` where it has none.
    pub fn at(&self, offset: u32) -> Option<u32> {
        let after = self.ranges.partition_point(|range| range.start <= offset);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        range.line()
    }

    /// The ranges as `(start, line)`, offsets in bytes; `None` for instructions without a line.
    /// A range ends where the next one starts, and the last one with the code or the table.
    pub fn ranges(&self) -> impl Iterator<Item = (u32, Option<u32>)> + '_ {
        self.ranges.iter().map(|range| (range.start, range.line()))
    }

    fn push(&mut self, start: u32, line: u32) {
        match self.ranges.last_mut() {
            Some(last) if last.start == start => last.line = line,
            Some(last) if last.line == line => {}
            _ => self.ranges.push(Range { start, line }),
        }
    }

    /// Pairs of unsigned steps in bytes and signed steps in lines. A step in bytes comes before
    /// the step in lines beside it.
    fn decode_lnotab(&mut self, table: &[u8], line: &mut Line) {
        let mut offset = 0_u32;
        self.push(0, line.number());
        for pair in table.chunks_exact(2) {
            offset = offset.saturating_add(u32::from(pair[0]));
            line.step(i64::from(pair[1].cast_signed()));
            self.push(offset, line.number());
        }
    }

    /// Pairs of unsigned lengths in bytes and signed steps in lines; a range has the line after
    /// its step, and -128 says that it has none.
    fn decode_line_table(&mut self, table: &[u8], line: &mut Line) {
        let mut offset = 0_u32;
        for pair in table.chunks_exact(2) {
            let (length, step) = (u32::from(pair[0]), pair[1].cast_signed());
            if step != NO_STEP {
                line.step(i64::from(step));
            }
            if length > 0 {
                self.push(offset, if step == NO_STEP { NO_LINE } else { line.number() });
            }
            offset = offset.saturating_add(length);
        }
    }

    /// Entries that start with a byte whose top bit is set: a form in bits 3 to 6 and a length
    /// in code units, less one, in bits 0 to 2.
    fn decode_locations(&mut self, table: &[u8], line: &mut Line) {
        let mut bytes = table.iter().copied().peekable();
        let mut offset = 0_u32;
        while let Some(head) = bytes.next() {
            let mut has_line = true;
            match (head >> 3) & 0xf {
                15 => has_line = false,
                13 | 14 => line.step(signed(varint(&mut bytes))),
                form @ 10..=12 => line.step(i64::from(form) - 10),
                _ => {}
            }
            // Columns and end lines follow; none of their bytes has the top bit.
            while bytes.next_if(|byte| byte & 0x80 == 0).is_some() {}
            self.push(offset, if has_line { line.number() } else { NO_LINE });
            offset = offset.saturating_add((u32::from(head & 7) + 1) * 2);
        }
    }
}

/// What stands in a range for instructions that belong to no line.
const NO_LINE: u32 = u32::MAX;

/// What stands for it in a step of 3.10.
const NO_STEP: i8 = -128;

impl Range {
    fn line(self) -> Option<u32> {
        (self.line != NO_LINE).then_some(self.line)
    }
}

/// Steps add up beyond what a line can be only in garbage, which must not wrap.
struct Line(i64);

impl Line {
    fn step(&mut self, by: i64) {
        self.0 = self.0.saturating_add(by);
    }

    fn number(&self) -> u32 {
        u32::try_from(self.0).unwrap_or(0)
    }
}

/// Six bits a byte, lowest first, bit 6 set while more follow.
fn varint(bytes: &mut impl Iterator<Item = u8>) -> u64 {
    let mut value = 0;
    for shift in (0..60).step_by(6) {
        let Some(byte) = bytes.next() else { break };
        value |= u64::from(byte & 0x3f) << shift;
        if byte & 0x40 == 0 {
            break;
        }
    }
    value
}

/// The sign stands in the lowest bit.
fn signed(value: u64) -> i64 {
    let magnitude = (value >> 1).cast_signed();
    if value & 1 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_without_a_line_has_none() {
        let no_line = 0x80 | 15 << 3;
        let lines = Lines::decode(LineFormat::Locations, &[no_line, 0x80 | 11 << 3, 1, 2], 5);
        assert_eq!((lines.at(0), lines.at(2)), (None, Some(6)));
    }

    #[test]
    fn lines_can_go_back() {
        let lines = Lines::decode(LineFormat::Lnotab, &[4, 10, 6, 0xfb], 1);
        assert_eq!((lines.at(0), lines.at(4), lines.at(9), lines.at(10)), {
            (Some(1), Some(11), Some(11), Some(6))
        });
    }

    proptest! {
        #[test]
        fn any_bytes_decode_to_ascending_ranges(
            table in prop::collection::vec(any::<u8>(), 0..600),
            first_line in 0_u32..2_000_000_000,
        ) {
            for format in [LineFormat::Lnotab, LineFormat::LineTable, LineFormat::Locations] {
                let lines = Lines::decode(format, &table, first_line);
                prop_assert!(lines.ranges.windows(2).all(|pair| pair[0].start < pair[1].start));
            }
        }
    }
}
