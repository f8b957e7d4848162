//! Interpreters of garbage: tables of offsets, thread states, frames and contexts that are laid out
//! as the table says, in memory where anything may stand, and with anything changed afterwards.
//!
//! Memory of nothing but garbage is refused at its first word. So what readers look for is laid
//! out first, wherever the offsets put it, be it on top of each other. All of it follows from a
//! few bytes, for the property test and for the fuzzer alike.

use std::collections::BTreeSet;

use pyflame_cpython::{
    CodeObject, ContextReader, ContextTypes, Gil, Instruction, Layout, Memory, StackError,
    StackReader, ThreadState, TopFrame, Unreadable, is_linked, threads,
};

use crate::counted::Counted;

/// Bytes of memory; all addresses that can be read.
const SIZE: usize = 1 << 15;
const WORDS: u64 = SIZE as u64 / 8;
/// How many words of a table of offsets are read, in every version.
const TABLE_WORDS: u64 = 58;
/// A stack has no address twice, and a circle is noticed within three times its length.
const MOST_FRAMES: usize = 3 * SIZE;
/// Beside frames, a thread state and what it is in are read.
const MOST_READS: usize = MOST_FRAMES + 100;

const CODE_TYPE: u64 = 0xc0de_0000;
const TYPES: ContextTypes = ContextTypes {
    context: 0xc0de_0100,
    trie: 0xc0de_0200,
    bitmap_node: 0xc0de_0300,
    array_node: 0xc0de_0400,
};
const VARIABLE: u64 = 0xc0de_0500;

/// How far the readers came with an interpreter.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// Whether its table of offsets was taken.
    pub(crate) has_layout: bool,
    /// Threads in its list, where that was read to its end.
    pub(crate) threads: usize,
    /// Frames of its deepest stack that was believed.
    pub(crate) frames: usize,
    /// Stacks that go in circles.
    pub(crate) circles: usize,
    /// Code objects that were read.
    pub(crate) codes: usize,
    /// Threads in whose context the variable has a value.
    pub(crate) values: usize,
    /// Threads that have the GIL.
    pub(crate) holders: usize,
}

/// Reads everything of the interpreter that follows from `input`.
///
/// # Panics
/// Where a reader does, or does not end, or says what contradicts itself.
pub(crate) fn read_all(input: &[u8]) -> Reach {
    let (head, changes) = input.split_at(input.len().min(9));
    let minor = 9 + head.first().copied().unwrap_or(0) % 7;
    let seed = head.iter().skip(1).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let mut memory = Garbage::new(seed);
    memory.put_table(minor);
    memory.change(changes);
    let layout = Layout::of(3, minor).expect("a known version");
    let runtime = memory.base;
    let layout = layout.with_debug_offsets(&mut Counted::new(&mut memory, 1), runtime);
    let Ok(layout) = layout else { return Reach::default() };
    assert_fits(&layout);
    memory.put_interpreter(&layout);
    memory.change(changes);
    let mut reach = Reach { has_layout: true, ..Reach::default() };
    read_interpreter(&mut memory, &layout, &mut reach);
    reach
}

/// What was taken of a table lies inside the objects that it is about.
fn assert_fits(layout: &Layout) {
    let (thread, frame, code) = (&layout.thread, &layout.frame, &layout.code);
    let fits = |offset: u64, size: usize| assert!(offset < size as u64, "{layout:?}");
    let TopFrame::Direct(top) = thread.top else { return };
    let (next, head) = (layout.interpreter.next, layout.interpreter.threads_head);
    for offset in [layout.interpreters_head, next, head, code.instructions.unwrap_or(0)] {
        fits(offset, 1 << 20);
    }
    for offset in [thread.prev, thread.next, thread.interpreter, top, thread.thread_id] {
        fits(offset + 7, thread.size);
    }
    fits(thread.datastack_chunk.map_or(0, |chunk| chunk + 15), thread.size);
    fits(frame.code.max(frame.previous) + 7, frame.size);
    fits(frame.owner.unwrap_or(0), frame.size);
    for offset in [code.filename, code.name, code.line_table, code.first_line] {
        fits(offset + 7, code.size);
    }
}

fn read_interpreter(memory: &mut Garbage, layout: &Layout, reach: &mut Reach) {
    let runtime = memory.base;
    let interpreter = memory.word(runtime.wrapping_add(layout.interpreters_head)).unwrap_or(0);
    let mut found: Vec<ThreadState> = Vec::new();
    let mut bounded = Counted::new(memory, SIZE + 1);
    let ended = threads(&mut bounded, layout, interpreter, |thread| found.push(thread));
    let addresses: BTreeSet<u64> = found.iter().map(|thread| thread.address).collect();
    assert_eq!(addresses.len(), found.len(), "no thread is in the list twice");
    if ended.is_ok() {
        reach.threads = found.len();
    }
    for thread in &found {
        let linked = is_linked(&mut Counted::new(memory, 3), layout, interpreter, thread);
        assert!(ended.is_err() || linked == Ok(true), "nothing has changed: {linked:?}");
        read_stack(memory, layout, thread.address, reach);
        read_context(memory, layout, thread.address, reach);
    }
    // A list that is refused at once must not keep the rest from being read.
    for _ in 0..4 {
        let anything = memory.anything();
        read_stack(memory, layout, anything, reach);
        read_context(memory, layout, anything, reach);
    }
    read_gil(memory, layout, interpreter, &found, reach);
}

fn read_stack(memory: &mut Garbage, layout: &Layout, thread: u64, reach: &mut Reach) {
    let mut frames = Vec::new();
    let mut bounded = Counted::new(memory, MOST_READS);
    let reader = StackReader { layout: *layout };
    let ended = reader.walk(&mut bounded, thread, |frame| frames.push(frame));
    assert!(frames.len() <= MOST_FRAMES);
    match ended {
        Ok(()) => {
            assert!(frames.len() <= SIZE, "no frame is in a stack twice");
            reach.frames = reach.frames.max(frames.len());
        }
        Err(StackError::Endless) => reach.circles += 1,
        Err(_) => {}
    }
    for frame in frames.iter().take(8) {
        let mut bounded = Counted::new(memory, 7);
        if let Ok(code) = CodeObject::read(&mut bounded, layout, CODE_TYPE, frame.code) {
            // Any line will do; it is looked up as a profiler does.
            let _ = code.line_at(frame.offset);
            reach.codes += 1;
        }
    }
}

fn read_context(memory: &mut Garbage, layout: &Layout, thread: u64, reach: &mut Reach) {
    let hash = memory.random.next().cast_signed();
    let reader = ContextReader::new(layout, TYPES, VARIABLE, hash);
    // The context and its trie, and four words of a node on each of seven levels.
    let value = reader.value(&mut Counted::new(memory, 5 + 7 * 4), thread);
    reach.values += usize::from(matches!(value, Ok(Some(_))));
}

fn read_gil(
    memory: &mut Garbage,
    layout: &Layout,
    interpreter: u64,
    threads: &[ThreadState],
    reach: &mut Reach,
) {
    for runtime in [memory.base, memory.anything()] {
        let mut bounded = Counted::new(memory, 7);
        let Ok(gil) = Gil::of(&mut bounded, layout, runtime, interpreter) else { continue };
        let Ok(Some(moment)) = gil.now(&mut bounded) else { continue };
        for thread in threads {
            let surely = moment.is_surely_held_by(thread.address);
            assert!(!surely || moment.is_held_by(thread.address));
            assert!(!surely || !moment.proves_absence_of(thread.address, &moment));
            reach.holders += usize::from(surely);
        }
    }
}

/// Memory that is garbage where nothing was put.
struct Garbage {
    base: u64,
    bytes: Vec<u8>,
    random: Random,
}

impl Garbage {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed | 1);
        // At the end of all addresses, sums of them wrap.
        let base = if random.below(4) == 0 { 0_u64.wrapping_sub(SIZE as u64) } else { 0x10_0000 };
        let mut garbage = Self { base, bytes: vec![0; SIZE], random };
        for index in 0..WORDS {
            let word = garbage.anything();
            garbage.put(base, index * 8, word);
        }
        garbage
    }

    /// What could stand in a word: null, an address, a type, a number.
    fn anything(&mut self) -> u64 {
        let (kind, low, high) = (self.random.below(256), self.random.next(), self.random.next());
        self.word_of(kind.to_le_bytes()[0], low.to_le_bytes()[0], high.to_le_bytes()[0])
    }

    fn word_of(&self, kind: u8, low: u8, high: u8) -> u64 {
        let number = u64::from(u16::from_le_bytes([low, high]));
        let types = [CODE_TYPE, TYPES.trie, TYPES.bitmap_node, TYPES.array_node, VARIABLE];
        match kind % 16 {
            0 | 1 => 0,
            2..=8 => self.base + number % WORDS * 8,
            9 => self.base + number % SIZE as u64,
            10..=12 => types[usize::from(low) % types.len()],
            13 => u64::from(low),
            14 => u64::MAX - u64::from(low),
            _ => number.wrapping_mul(0x0001_0203_0405_0607),
        }
    }

    /// Puts a word into an object, where there is memory.
    fn put(&mut self, object: u64, offset: u64, word: u64) {
        let start = object.wrapping_add(offset).wrapping_sub(self.base);
        let start = usize::try_from(start).unwrap_or(SIZE);
        if let Some(place) = self.bytes.get_mut(start..).and_then(|rest| rest.get_mut(..8)) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }

    fn put_byte(&mut self, object: u64, offset: u64, byte: u8) {
        let place = object.wrapping_add(offset).wrapping_sub(self.base);
        let place = usize::try_from(place).unwrap_or(SIZE);
        if let Some(place) = self.bytes.get_mut(place) {
            *place = byte;
        }
    }

    /// An aligned address, behind the table.
    fn place(&mut self) -> u64 {
        self.base + (TABLE_WORDS + self.random.below(WORDS - TABLE_WORDS)) * 8
    }

    /// Changes words, five bytes for each: where, and to what.
    fn change(&mut self, changes: &[u8]) {
        for change in changes.chunks_exact(5) {
            let index = u64::from(u16::from_le_bytes([change[0], change[1]])) % WORDS;
            let word = self.word_of(change[2], change[3], change[4]);
            self.put(self.base, index * 8, word);
        }
    }

    /// A table of offsets that may well be taken. The first part has what is said of threads, which
    /// are larger than frames.
    fn put_table(&mut self, minor: u8) {
        let free_threaded = u64::from(self.random.below(32) == 0);
        let cookie = u64::from_le_bytes(*b"xdebugpy");
        let version = (0x0300 | u64::from(minor)) << 16 | self.random.below(1 << 16);
        for (index, word) in (0..).zip([cookie, version, free_threaded]) {
            self.put(self.base, index * 8, word);
        }
        for index in 3..TABLE_WORDS {
            let sizes = if index < 28 { 30 } else { 9 };
            let offset = self.random.below(sizes) * 8;
            self.put(self.base, index * 8, offset);
        }
        let index = 3 + self.random.below(TABLE_WORDS - 3);
        match self.random.below(8) {
            0 => {
                let far = self.random.below(1 << 9) * 8;
                self.put(self.base, index * 8, far);
            }
            1 => {
                let anything = self.anything();
                self.put(self.base, index * 8, anything);
            }
            _ => {}
        }
    }

    /// A list of threads, each with a stack and a context.
    fn put_interpreter(&mut self, layout: &Layout) {
        let interpreter = self.place();
        self.put(self.base, layout.interpreters_head, interpreter);
        let offsets = &layout.thread;
        let count = 1 + self.random.below(4);
        let threads: Vec<u64> = (0..count).map(|_| self.place()).collect();
        for (index, thread) in threads.iter().copied().enumerate() {
            let newer = index.checked_sub(1).map_or(0, |newer| threads[newer]);
            let older = threads.get(index + 1).copied().unwrap_or(0);
            self.put_context(thread, offsets.context);
            self.put_stack(layout, thread);
            self.put(thread, offsets.prev, newer);
            self.put(thread, offsets.next, older);
            self.put(thread, offsets.interpreter, interpreter);
        }
        self.put(interpreter, layout.interpreter.threads_head, threads[0]);
        self.put_gil(layout, interpreter, threads[0]);
    }

    fn put_gil(&mut self, layout: &Layout, interpreter: u64, holder: u64) {
        use pyflame_cpython::GilPlace::{Interpreter, Runtime};
        let gil = match layout.gil {
            Runtime { gil, current } => {
                self.put(self.base, current, holder);
                // The newest interpreter is the main one.
                self.put(self.base, layout.interpreters_head + 8, interpreter);
                self.base.wrapping_add(gil)
            }
            Interpreter { pointer } => {
                let is_lost = self.random.below(4) == 0;
                let gil = if is_lost { self.anything() } else { self.place() };
                self.put(interpreter, pointer, gil);
                gil
            }
        };
        self.put(gil, 8, holder);
        self.put(gil, 16, 1);
    }

    /// A chain of frames, which ends or leads back into itself.
    fn put_stack(&mut self, layout: &Layout, thread: u64) {
        let count = 1 + self.random.below(32);
        let codes = [self.put_code(layout), self.put_code(layout)];
        let mut frames: Vec<u64> = (0..count).map(|_| self.place()).collect();
        let back = usize::try_from(self.random.below(2 * count)).unwrap_or(0);
        frames.push(frames.get(back).copied().unwrap_or(0));
        for (pair, code) in frames.windows(2).zip(codes.into_iter().cycle()) {
            self.put_frame(layout, pair[0], pair[1], code);
        }
        if let Some(chunk) = layout.thread.datastack_chunk {
            self.put(thread, chunk, self.base);
            self.put(thread, chunk + 8, self.base.saturating_add(SIZE as u64));
        }
        match layout.thread.top {
            TopFrame::Direct(top) => self.put(thread, top, frames[0]),
            TopFrame::CFrame { cframe, root, current_frame, .. } => {
                self.put(thread, cframe, thread.wrapping_add(root));
                self.put(thread, root + current_frame, frames[0]);
            }
        }
    }

    fn put_frame(&mut self, layout: &Layout, frame: u64, caller: u64, code: u64) {
        self.put(frame, layout.frame.code, code);
        let step = self.random.below(32) * 2;
        match layout.frame.instruction {
            Instruction::Index { offset, .. } => self.put(frame, offset, step),
            Instruction::Pointer(offset) => {
                let start = code.wrapping_add(layout.code.instructions.unwrap_or(0));
                self.put(frame, offset, start.wrapping_add(step));
            }
        }
        self.put(frame, layout.frame.previous, caller);
        if let Some(owner) = layout.frame.owner {
            // A thread, or a generator.
            let owned_by = u8::from(self.random.below(4) == 0);
            self.put_byte(frame, owner, owned_by);
        }
    }

    fn put_code(&mut self, layout: &Layout) -> u64 {
        let (code, text) = (self.place(), self.place());
        let length = self.random.below(24);
        self.put(text, 16, length);
        // A compact string of ASCII.
        self.put(text, 32, 0x64);
        for name in [layout.code.name, layout.code.filename] {
            self.put(code, name, text);
        }
        self.put(code, 8, CODE_TYPE);
        code
    }

    /// A context of a thread, whose trie ends, leads nowhere, or back into itself.
    fn put_context(&mut self, thread: u64, offset: u64) {
        let (context, trie, mut node) = (self.place(), self.place(), self.place());
        self.put(thread, offset, context);
        self.put(context, 8, TYPES.context);
        self.put(context, 24, trie);
        self.put(trie, 8, TYPES.trie);
        self.put(trie, 16, node);
        // Seven levels are too many.
        let levels = if self.random.below(5) == 0 { 8 } else { 1 + self.random.below(3) };
        for _ in 0..levels {
            let below = self.place();
            self.put_node(node, below);
            node = below;
        }
    }

    /// A node of a trie whose every entry is the same: a node below, or the variable.
    fn put_node(&mut self, node: u64, below: u64) {
        let is_array = self.random.below(2) == 0;
        let key = if self.random.below(2) == 0 { VARIABLE } else { 0 };
        let entry = if is_array { [below, below] } else { [key, below] };
        let start = if is_array { 16_u64 } else { 32 };
        for index in 0..32 {
            for (offset, word) in [0, 8].into_iter().zip(entry) {
                self.put(node, start + 16 * index + offset, word);
            }
        }
        if !is_array {
            self.put(node, 24, u64::from(u32::MAX));
        }
        let kind = if is_array { TYPES.array_node } else { TYPES.bitmap_node };
        self.put(node, 8, kind);
    }
}

impl Memory for Garbage {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let unreadable = Unreadable { address };
        let start = usize::try_from(address.wrapping_sub(self.base)).map_err(|_| unreadable)?;
        let rest = self.bytes.get(start..).ok_or(unreadable)?;
        into.copy_from_slice(rest.get(..into.len()).ok_or(unreadable)?);
        Ok(())
    }
}

/// Numbers that follow from a seed (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }
}
