//! Tries laid out by hand. Those that an interpreter makes are looked through by the Python tests.

use std::collections::BTreeMap;

use super::{ContextError, ContextReader, ContextTypes, folded};
use crate::{Layout, Memory, Unreadable};

/// Words at addresses; everything else is not there.
#[derive(Default)]
struct Words(BTreeMap<u64, u64>);

impl Words {
    fn put(&mut self, address: u64, words: &[(u64, u64)]) -> u64 {
        self.0.extend(words.iter().map(|(offset, word)| (address + offset, *word)));
        address
    }

    fn bitmap_node(&mut self, address: u64, bitmap: u64, entries: &[u64]) -> u64 {
        self.put(address, &[(8, TYPES.bitmap_node), (24, bitmap | 0xdead << 32)]);
        for (index, word) in (0..).zip(entries) {
            self.put(address, &[(32 + 8 * index, *word)]);
        }
        address
    }

    fn array_node(&mut self, address: u64, place: u64, child: u64) -> u64 {
        for other in 0..32 {
            self.put(address, &[(16 + 8 * other, 0)]);
        }
        self.put(address, &[(8, TYPES.array_node), (16 + 8 * place, child)])
    }

    fn context(&mut self, root: u64) {
        let trie = self.put(0x2000, &[(8, TYPES.trie), (16, root)]);
        let context = self.put(0x1000, &[(8, TYPES.context), (24, trie)]);
        self.put(THREAD, &[(layout().thread.context, context)]);
    }
}

impl Memory for Words {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let word = self.0.get(&address).ok_or(Unreadable { address })?;
        into.copy_from_slice(&word.to_le_bytes());
        Ok(())
    }
}

const TYPES: ContextTypes =
    ContextTypes { context: 0x10, trie: 0x20, bitmap_node: 0x30, array_node: 0x40 };
const THREAD: u64 = 0x500;
const VARIABLE: u64 = 0x8000;
const VALUE: u64 = 0x9000;
/// The first three levels go by 3, 4 and 5.
const HASH: i64 = 5 << 10 | 4 << 5 | 3;

fn layout() -> Layout {
    Layout::of(3, 13).unwrap()
}

fn value(memory: &mut Words) -> Result<Option<u64>, ContextError> {
    ContextReader::new(&layout(), TYPES, VARIABLE, HASH).value(memory, THREAD)
}

#[test]
fn a_thread_without_a_context_has_no_value() {
    let mut memory = Words::default();
    memory.put(THREAD, &[(layout().thread.context, 0)]);
    assert_eq!(value(&mut memory), Ok(None));
}

#[test]
fn a_variable_is_found_among_the_entries_of_a_bitmap() {
    let mut memory = Words::default();
    let root = memory.bitmap_node(0x3000, 0b1010, &[0x7000, 1, VARIABLE, VALUE]);
    memory.context(root);
    assert_eq!(value(&mut memory), Ok(Some(VALUE)));
    memory.bitmap_node(root, 0b0010, &[0x7000, 1]);
    assert_eq!(value(&mut memory), Ok(None));
    memory.bitmap_node(root, 0b1000, &[0x7000, 1]);
    assert_eq!(value(&mut memory), Ok(None), "another variable has its place");
}

#[test]
fn each_level_goes_by_the_next_five_bits() {
    let mut memory = Words::default();
    let leaf = memory.bitmap_node(0x5000, 1 << 5, &[VARIABLE, VALUE]);
    let inner = memory.bitmap_node(0x4000, 1 << 4, &[0, leaf]);
    let root = memory.array_node(0x3000, 3, inner);
    memory.context(root);
    assert_eq!(value(&mut memory), Ok(Some(VALUE)));
    memory.array_node(root, 2, inner);
    assert_eq!(value(&mut memory), Ok(None));
}

#[test]
fn what_is_no_context_is_refused() {
    let mut memory = Words::default();
    let root = memory.bitmap_node(0x3000, 1 << 3, &[0, 0x3000]);
    memory.context(root);
    memory.bitmap_node(root, u64::from(u32::MAX), &[0; 64]);
    for entry in 0..32 {
        memory.put(root, &[(32 + 16 * entry, 0), (40 + 16 * entry, root)]);
    }
    assert_eq!(value(&mut memory), Err(ContextError::Endless), "a node that is its own child");
    memory.put(root, &[(8, 0x50)]);
    assert_eq!(value(&mut memory), Err(ContextError::UnexpectedType(root)));
    memory.context(0x6000);
    assert!(matches!(value(&mut memory), Err(ContextError::Unreadable(_))));
    memory.put(0x1000, &[(8, 0x50)]);
    assert_eq!(value(&mut memory), Err(ContextError::UnexpectedType(0x1000)));
}

#[test]
fn hashes_are_folded_as_the_trie_does() {
    assert_eq!(folded(0x0123_4567_89ab_cdef), 0x0123_4567 ^ 0x89ab_cdef);
    assert_eq!(folded(-2), 1);
    assert_eq!(folded(0xffff_ffff), u32::MAX - 1, "-1 would be an error");
}
