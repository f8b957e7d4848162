//! The rows of one chunk while it is made, section by section.
//!
//! Rows of strings, functions, frames and stacks have consecutive numbers, of which a section
//! says the first. What mostly grows by one from row to row is written as a difference: that is
//! the same byte over and over, which packs to nothing.

use pyflame_profile::{Function, Meta, Process, State, Totals};

use crate::codes;
use crate::section::Section;
use crate::varint::{put, put_difference, put_text};

#[derive(Debug, Default)]
pub(crate) struct Rows {
    strings: Vec<u8>,
    functions: Vec<u8>,
    frames: Vec<u8>,
    stacks: Vec<u8>,
    threads: Vec<u8>,
    labels: Vec<u8>,
    samples: Vec<u8>,
    meta: Vec<u8>,
    process: Vec<u8>,
    last_function: u32,
    last_frame: u32,
    last_stack: u32,
    /// How long the names are that a reader copies out of the strings, once for each row.
    pub(crate) copied: usize,
}

/// The numbers of what samples have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleRow {
    pub(crate) thread: u32,
    /// 0 for the empty set.
    pub(crate) labels: u32,
    pub(crate) state: State,
    /// 0 for the empty stack.
    pub(crate) stack: u32,
}

impl Rows {
    pub(crate) fn string(&mut self, number: u32, text: &str) {
        begin(&mut self.strings, number);
        put_text(&mut self.strings, text);
    }

    pub(crate) fn function(&mut self, number: u32, name: u32, file: u32, function: &Function) {
        begin(&mut self.functions, number);
        put(&mut self.functions, name.into());
        put(&mut self.functions, file.into());
        put(&mut self.functions, function.first_line.into());
        put(&mut self.functions, codes::of_category(function.category));
    }

    pub(crate) fn frame(&mut self, number: u32, function: u32, line: u32) {
        begin(&mut self.frames, number);
        put_difference(&mut self.frames, self.last_function, function);
        put(&mut self.frames, line.into());
        self.last_function = function;
    }

    /// `caller` is 0 for the empty stack, else a number smaller than `number`.
    pub(crate) fn stack(&mut self, number: u32, caller: u32, frame: u32) {
        begin(&mut self.stacks, number);
        put(&mut self.stacks, u64::from(number - caller));
        put_difference(&mut self.stacks, self.last_frame, frame);
        self.last_frame = frame;
    }

    pub(crate) fn thread(&mut self, number: u32, name: u32, native_id: u64) {
        put(&mut self.threads, number.into());
        put(&mut self.threads, name.into());
        put(&mut self.threads, native_id);
    }

    /// `pairs` are the numbers of the keys and values of `labels`.
    pub(crate) fn labels(&mut self, number: u32, pairs: &[(u32, u32)]) {
        put(&mut self.labels, number.into());
        put(&mut self.labels, pairs.len() as u64);
        for &(key, value) in pairs {
            put(&mut self.labels, key.into());
            put(&mut self.labels, value.into());
        }
    }

    pub(crate) fn sample(&mut self, key: SampleRow, more: Totals) {
        put(&mut self.samples, key.thread.into());
        put(&mut self.samples, key.labels.into());
        put(&mut self.samples, codes::of_state(key.state));
        put_difference(&mut self.samples, self.last_stack, key.stack);
        put(&mut self.samples, more.samples);
        put(&mut self.samples, more.wall_ns);
        put(&mut self.samples, more.cpu_ns);
        self.last_stack = key.stack;
    }

    pub(crate) fn meta(&mut self, meta: &Meta) {
        let out = &mut self.meta;
        put_text(out, &meta.program);
        put(out, codes::of_engine(meta.engine));
        put_text(out, &meta.engine_note);
        for duration in [meta.interval, meta.duration] {
            put(out, duration.as_secs());
            put(out, duration.subsec_nanos().into());
        }
        put(out, meta.ticks);
        put(out, meta.uncaptured);
        put(out, meta.retaken);
        put(out, codes::of_unit(meta.unit));
        put(out, meta.gaps.longest_ns);
        put(out, meta.gaps.squares_us2);
    }

    pub(crate) fn process(&mut self, process: &Process, name: u32) {
        put(&mut self.process, process.pid.into());
        put(&mut self.process, process.parent_pid.into());
        put(&mut self.process, name.into());
    }

    /// How many bytes there are, about.
    pub(crate) fn size(&self) -> usize {
        self.sections().iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// The payload of a chunk, not packed; what a row refers to stands before it.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(self.size() + 64);
        for (section, bytes) in self.sections() {
            section.put(&mut payload, bytes);
        }
        payload
    }

    fn sections(&self) -> [(Section, &[u8]); 9] {
        [
            (Section::Strings, &self.strings),
            (Section::Functions, &self.functions),
            (Section::Frames, &self.frames),
            (Section::Stacks, &self.stacks),
            (Section::Threads, &self.threads),
            (Section::Labels, &self.labels),
            (Section::Samples, &self.samples),
            (Section::Meta, &self.meta),
            (Section::Process, &self.process),
        ]
    }
}

fn begin(section: &mut Vec<u8>, number: u32) {
    if section.is_empty() {
        put(section, number.into());
    }
}
