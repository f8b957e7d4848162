//! Saved pieces of an interpreter's memory, with what the interpreter itself says they mean.
//!
//! An image holds the bytes that were read for one stack, and no more. It lets walker and decoders
//! be tested against every Python version without one at hand, and a stack that a user's
//! interpreter shows differently be looked at elsewhere. The form is text, a record a line:
//!
//! ```text
//! python 3.13
//! thread 55d0c0ffee00
//! code_type 55d0c0de0000
//! frame LINE FIRST_LINE NAME<tab>FILE      innermost first
//! memory ADDRESS BYTES                     both hexadecimal
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use thiserror::Error;

use crate::{CodeObject, Layout, Memory, StackReader, Unreadable};

/// A saved piece of memory; see the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Major and minor version of the interpreter.
    pub version: (u8, u8),
    /// Address of the thread state.
    pub thread: u64,
    /// Address of `PyCode_Type`.
    pub code_type: u64,
    /// The stack as the interpreter tells it, innermost frame first.
    pub frames: Vec<ImageFrame>,
    pieces: BTreeMap<u64, Vec<u8>>,
}

/// A frame, as the interpreter tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageFrame {
    /// The line that is executing.
    pub line: u32,
    /// First line of the function.
    pub first_line: u32,
    /// Qualified name; up to 3.10 the plain one.
    pub name: String,
    /// File name.
    pub file: String,
}

/// Why an image can't be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line} of the image is not understood: {text}")]
pub struct ImageError {
    /// Number of the line, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

impl Image {
    /// Reads the text form.
    ///
    /// # Errors
    /// When a line is none of the records.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let mut image = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            image.add(text).ok_or_else(|| ImageError { line, text: text.to_owned() })?;
        }
        Ok(image)
    }

    fn add(&mut self, text: &str) -> Option<()> {
        let (kind, rest) = text.split_once(' ')?;
        match kind {
            "python" => {
                let (major, minor) = rest.split_once('.')?;
                self.version = (major.parse().ok()?, minor.parse().ok()?);
            }
            "thread" => self.thread = u64::from_str_radix(rest, 16).ok()?,
            "code_type" => self.code_type = u64::from_str_radix(rest, 16).ok()?,
            "frame" => {
                let (line, rest) = rest.split_once(' ')?;
                let (first_line, rest) = rest.split_once(' ')?;
                let (name, file) = rest.split_once('\t')?;
                let (line, first_line) = (line.parse().ok()?, first_line.parse().ok()?);
                let (name, file) = (name.to_owned(), file.to_owned());
                self.frames.push(ImageFrame { line, first_line, name, file });
            }
            "memory" => {
                let (address, bytes) = rest.split_once(' ')?;
                let byte = |pair| u8::from_str_radix(bytes.get(pair..pair + 2)?, 16).ok();
                let bytes = (0..bytes.len()).step_by(2).map(byte).collect::<Option<_>>()?;
                self.pieces.insert(u64::from_str_radix(address, 16).ok()?, bytes);
            }
            _ => return None,
        }
        Some(())
    }

    /// Writes the text form.
    pub fn to_text(&self) -> String {
        let mut text = format!("python {}.{}\n", self.version.0, self.version.1);
        // Writing to a string can't fail.
        _ = writeln!(text, "thread {:x}\ncode_type {:x}", self.thread, self.code_type);
        for ImageFrame { line, first_line, name, file } in &self.frames {
            _ = writeln!(text, "frame {line} {first_line} {name}\t{file}");
        }
        for (address, bytes) in &self.pieces {
            _ = write!(text, "memory {address:x} ");
            for byte in bytes {
                _ = write!(text, "{byte:02x}");
            }
            text.push('\n');
        }
        text
    }

    /// Walks the stack and reads its code objects, as a profiler would; `None` where the stack
    /// is refused or a code object is none.
    pub fn read_stack(
        memory: &mut impl Memory,
        layout: Layout,
        code_type: u64,
        thread: u64,
    ) -> Option<Vec<ImageFrame>> {
        let mut raw = Vec::new();
        StackReader { layout }.walk(memory, thread, |frame| raw.push(frame)).ok()?;
        let mut frames = Vec::new();
        for frame in raw {
            let code = CodeObject::read(memory, &layout, code_type, frame.code).ok()?;
            if !code.is_trampoline && !code.is_incomplete(frame.offset, frame.is_generator) {
                let (line, first_line) = (code.line_at(frame.offset), code.first_line);
                frames.push(ImageFrame { line, first_line, name: code.name, file: code.filename });
            }
        }
        Some(frames)
    }

    /// Addresses and bytes, the bytes to be damaged by tests.
    pub fn pieces_mut(&mut self) -> impl Iterator<Item = (u64, &mut Vec<u8>)> {
        self.pieces.iter_mut().map(|(address, bytes)| (*address, bytes))
    }
}

impl Memory for Image {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        let unreadable = Unreadable { address };
        let (start, bytes) = self.pieces.range(..=address).next_back().ok_or(unreadable)?;
        let offset = usize::try_from(address - start).map_err(|_| unreadable)?;
        let end = offset.checked_add(into.len()).ok_or(unreadable)?;
        into.copy_from_slice(bytes.get(offset..end).ok_or(unreadable)?);
        Ok(())
    }
}

/// Memory that notes what is read of it.
#[derive(Debug)]
pub struct NotedMemory<M> {
    memory: M,
    pieces: BTreeMap<u64, Vec<u8>>,
}

impl<M: Memory> NotedMemory<M> {
    /// Notes what is read of `memory`.
    pub fn new(memory: M) -> Self {
        Self { memory, pieces: BTreeMap::new() }
    }

    /// Makes an image of what was read, joining pieces that touch.
    pub fn into_image(self, mut image: Image) -> Image {
        for (address, bytes) in self.pieces {
            if let Some((start, last)) = image.pieces.iter_mut().next_back()
                && let Ok(offset) = usize::try_from(address - start)
                && offset <= last.len()
            {
                // What is known already of the piece that follows is the same bytes.
                let known = last.len() - offset;
                last.extend_from_slice(bytes.get(known..).unwrap_or_default());
            } else {
                image.pieces.insert(address, bytes);
            }
        }
        image
    }
}

impl<M: Memory> Memory for NotedMemory<M> {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Unreadable> {
        self.memory.read(address, into)?;
        if into.is_empty() {
            return Ok(());
        }
        let piece = self.pieces.entry(address).or_default();
        if piece.len() < into.len() {
            *piece = into.to_vec();
        }
        Ok(())
    }
}
