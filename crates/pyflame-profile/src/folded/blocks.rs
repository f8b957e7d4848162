//! Inputs cut into blocks of whole lines, so that several threads can read them.

use std::io::{self, Read};

/// Big enough that cutting costs nothing, small enough that two stay in a cache.
const BLOCK: usize = 1 << 20;

/// Whole lines, and where they come from.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) text: Vec<u8>,
    /// Position among all blocks.
    pub(super) number: usize,
    /// Which input, from 0.
    pub(super) input: usize,
}

/// Gives out the blocks of all inputs, one after the other.
pub(super) struct Blocks<'a> {
    inputs: Vec<Box<dyn Read + Send + 'a>>,
    input: usize,
    number: usize,
    /// The beginning of a line whose end was not in the last block.
    rest: Vec<u8>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(inputs: Vec<Box<dyn Read + Send + 'a>>) -> Self {
        Self { inputs, input: 0, number: 0, rest: Vec::new() }
    }

    /// The next block, in a buffer that was used before; `None` after the last.
    pub(super) fn next(&mut self, mut buffer: Vec<u8>) -> io::Result<Option<Block>> {
        while let Some(input) = self.inputs.get_mut(self.input) {
            buffer.clear();
            buffer.append(&mut self.rest);
            let ended = fill(input, &mut buffer)?;
            if ended {
                self.input += 1;
            } else if let Some(end) = memchr::memrchr(b'\n', &buffer) {
                self.rest.extend_from_slice(&buffer[end + 1..]);
                buffer.truncate(end + 1);
            } else {
                // A line that is longer than a block: go on until it ends.
                self.rest = std::mem::take(&mut buffer);
                continue;
            }
            if !buffer.is_empty() {
                self.number += 1;
                let input = if ended { self.input - 1 } else { self.input };
                return Ok(Some(Block { text: buffer, number: self.number - 1, input }));
            }
        }
        Ok(None)
    }
}

/// Reads another block's worth, and says whether the input ended.
fn fill(input: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let mut wanted = BLOCK;
    let start = buffer.len();
    buffer.resize(start + wanted, 0);
    let mut end = start;
    while wanted > 0 {
        match input.read(&mut buffer[end..]) {
            Ok(0) => {
                buffer.truncate(end);
                return Ok(true);
            }
            Ok(count) => {
                end += count;
                wanted -= count;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{BLOCK, Blocks};

    fn blocks(inputs: &[&str]) -> Vec<(String, usize)> {
        let inputs = inputs.iter().map(|text| Box::new(text.as_bytes()) as Box<dyn Read + Send>);
        let mut blocks = Blocks::new(inputs.collect());
        let mut all = Vec::new();
        while let Some(block) = blocks.next(Vec::new()).unwrap() {
            all.push((String::from_utf8(block.text).unwrap(), block.input));
        }
        all
    }

    #[test]
    fn blocks_end_where_lines_end() {
        let line = format!("{} 1\n", "x".repeat(BLOCK / 3));
        let all = blocks(&[&line.repeat(7)]);
        assert!(all.len() > 1 && all.iter().all(|(text, _)| text.ends_with('\n')));
        assert_eq!(all.iter().map(|(text, _)| text.as_str()).collect::<String>(), line.repeat(7));
    }

    #[test]
    fn a_line_longer_than_a_block_stays_whole() {
        let line = "y".repeat(3 * BLOCK + 5);
        assert_eq!(blocks(&[&line]), [(line, 0)]);
    }

    #[test]
    fn inputs_do_not_run_into_each_other() {
        assert_eq!(blocks(&["a 1", "", "b 2\n"]), [("a 1".into(), 0), ("b 2\n".into(), 2)]);
    }
}
