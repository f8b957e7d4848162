//! Whether what we capture is what the interpreter itself says, on this very interpreter.
//!
//! Before the first recording of a process the calling thread signals itself, and the stack that
//! the handler captures is held against the one that `sys._getframe()` tells. A patched build, or
//! a layout that is not what the table says, is found here, before anything is made of it.

use pyflame_cpython::{CodeError, CodeObject, Image, ImageFrame, NotedMemory};

use crate::own_memory::OwnMemory;
use crate::python::Python;
use crate::signal::{Sent, Signal};
use crate::slot::{Found, Slots};
use crate::{StartError, this_thread};

/// A frame of the calling thread, as the interpreter tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFrame {
    /// Qualified name; up to 3.10 the plain one.
    pub name: String,
    /// File name.
    pub file: String,
    /// First line of the function.
    pub first_line: u32,
    /// The line that is executing.
    pub line: u32,
}

/// Reads what a code object says about itself, as a recording would. The caller holds the GIL
/// and a reference to the code object at `address`.
///
/// # Errors
/// When this is not a CPython that we know, or there is no code object.
pub fn read_code(address: u64) -> Result<CodeObject, StartError> {
    let python = Python::find()?;
    Ok(read(python, address)?)
}

/// Saves the memory from which the calling thread's stack is read, with what the interpreter says
/// the stack is, all frames of it, innermost first. The caller holds the GIL.
///
/// # Errors
/// When this is not a CPython that we know.
pub fn save_image(expected: Vec<OwnFrame>) -> Result<String, StartError> {
    let python = Python::find()?;
    let layout = python.stacks.layout;
    let thread = python.current_thread();
    let mut memory = NotedMemory::new(OwnMemory);
    // What is read here is what a test will read; whether it is right is for the test to say.
    _ = Image::read_stack(&mut memory, layout, python.code_type, thread);
    let frame = |frame: OwnFrame| ImageFrame {
        line: frame.line,
        first_line: frame.first_line,
        name: frame.name,
        file: frame.file,
    };
    let mut image = Image::default();
    image.version = (3, layout.minor);
    image.thread = thread;
    image.code_type = python.code_type;
    image.frames = expected.into_iter().map(frame).collect();
    Ok(memory.into_image(image).to_text())
}

/// Compares the calling thread's innermost frames with `expected`, innermost first.
pub(crate) fn run(
    python: &Python,
    signal: Signal,
    expected: &[OwnFrame],
) -> Result<(), StartError> {
    let mut slots = Slots::all();
    let slot = slots.acquire().ok_or(StartError::ThreadEnded)?;
    slot.request(false);
    // A signal to oneself is handled before the call that sends it returns.
    if signal.send(this_thread::native_id(), slot, || true) != Sent::OnItsWay {
        slot.cancel();
        return Err(StartError::SignalForbidden);
    }
    let captured = slot.take(|found| match found {
        Found::Nothing => Ok(None), // This thread blocks signals, as it may.
        Found::Failed => Err(StartError::Inconsistent),
        Found::Stack(capture) => frames(python, capture.frames.0, expected.len()).map(Some),
    });
    slots.release(Some(slot));
    match captured? {
        Some(captured) => compare(&captured, expected),
        None => Ok(()),
    }
}

fn frames(
    python: &Python,
    raw: &[pyflame_cpython::RawFrame],
    count: usize,
) -> Result<Vec<OwnFrame>, StartError> {
    let mut frames = Vec::with_capacity(count);
    for frame in raw {
        let code = read(python, frame.code)?;
        let is_shown = !code.is_trampoline && !code.is_incomplete(frame.offset, frame.is_generator);
        if is_shown && frames.len() < count {
            let line = code.line_at(frame.offset);
            let first_line = code.first_line;
            frames.push(OwnFrame { name: code.name, file: code.filename, first_line, line });
        }
    }
    Ok(frames)
}

fn read(python: &Python, address: u64) -> Result<CodeObject, CodeError> {
    CodeObject::read(&mut OwnMemory, &python.stacks.layout, python.code_type, address)
}

fn compare(captured: &[OwnFrame], expected: &[OwnFrame]) -> Result<(), StartError> {
    if captured == expected {
        return Ok(());
    }
    let show = |frames: &[OwnFrame], index: usize| {
        frames.get(index).map_or("nothing".to_owned(), |frame| {
            format!("{} ({}:{})", frame.name, frame.file, frame.line)
        })
    };
    let is_other = |index: &usize| captured.get(*index) != expected.get(*index);
    let index = (0..expected.len()).find(is_other).unwrap_or(expected.len());
    Err(StartError::SelfCheck { captured: show(captured, index), expected: show(expected, index) })
}
