//! Whether what we capture is what the interpreter itself says, on this very interpreter.
//!
//! Before the first recording of a process the calling thread's stack is held against the one that
//! `sys._getframe()` tells, twice. First it is read through the kernel, for which a wrong address is an
//! error: a patched build, or a layout that is not what the table says, is found here. Only then does
//! the thread signal itself, and the handler, which loads from where that layout leads it, captures
//! the stack again.

use pyflame_cpython::{CodeError, CodeObject, Image, ImageFrame, NotedMemory};

use crate::desk::Whose;
use crate::live_memory;
use crate::own_memory::{BlockMemory, OwnMemory};
use crate::python::Python;
use crate::roster::{PthreadId, Roster};
use crate::signal::{Sent, Signal};
use crate::slot::{Found, Slots};
use crate::task::Task;
use crate::{StartError, deaths, this_thread};

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
    /// The instruction that is executing, in bytes from the first one (`f_lasti`).
    pub offset: i32,
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
    python: &'static Python,
    signal: Signal,
    expected: &[OwnFrame],
) -> Result<(), StartError> {
    through_the_kernel(python, expected)?;
    by_the_handler(python, signal, expected)
}

/// The comparison without a single plain load. What the handler is going to load is there then.
fn through_the_kernel(python: &'static Python, expected: &[OwnFrame]) -> Result<(), StartError> {
    let thread = python.current_thread();
    let mut raw = Vec::new();
    let mut memory = BlockMemory::new();
    python
        .stacks
        .walk(&mut memory, thread, |frame| raw.push(frame))
        .map_err(|_| StartError::Inconsistent)?;
    compare(&frames(python, &raw, expected.len())?, expected)?;
    if !deaths::is_at_its_place(python) {
        return Err(StartError::CodeType);
    }
    if !live_memory::is_there(&python.stacks.layout, thread) {
        return Err(StartError::Inconsistent);
    }
    let roster = Roster::new(python, PthreadId::of_this_thread(python));
    // A reading is in vain where another thread comes or goes just then.
    let is_listed = (0..MOST_READINGS).any(|_| roster.lists_this_thread(thread));
    if is_listed { Ok(()) } else { Err(StartError::NotListed) }
}

/// How often the list of threads is read at most.
const MOST_READINGS: u32 = 16;

fn by_the_handler(
    python: &Python,
    signal: Signal,
    expected: &[OwnFrame],
) -> Result<(), StartError> {
    let mut slots = Slots::all();
    let slot = slots.acquire().ok_or(StartError::ThreadEnded)?;
    slot.request(Whose::state(python.current_thread()));
    // A signal to oneself is handled before the call that sends it returns.
    if signal.send(this_thread::native_id(), slot, || true) != Sent::OnItsWay {
        slot.cancel();
        return Err(StartError::SignalForbidden);
    }
    let captured = slot.take(|found| match found {
        Found::Nothing => Ok(None),
        Found::Late | Found::Failed => Err(StartError::Inconsistent),
        Found::Stack(capture) => frames(python, capture.frames.0, expected.len()).map(Some),
    });
    slots.release(Some(slot));
    match captured? {
        Some(captured) => compare(&captured, expected),
        None if Task::new(this_thread::native_id()).blocks(signal.number()) => Ok(()), // As it may.
        None => Err(StartError::SignalLost),
    }
}

fn frames(
    python: &Python,
    raw: &[pyflame_cpython::RawFrame],
    count: usize,
) -> Result<Vec<OwnFrame>, StartError> {
    let mut frames = Vec::with_capacity(count);
    for frame in raw {
        if frames.len() == count {
            break;
        }
        let code = read(python, frame.code)?;
        if !code.is_trampoline && !code.is_incomplete(frame.offset, frame.is_generator) {
            let line = code.line_at(frame.offset);
            let CodeObject { name, filename: file, first_line, .. } = code;
            frames.push(OwnFrame { name, file, first_line, line, offset: frame.offset });
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
            format!("{} ({}:{}, byte {})", frame.name, frame.file, frame.line, frame.offset)
        })
    };
    let is_other = |index: &usize| captured.get(*index) != expected.get(*index);
    let index = (0..expected.len()).find(is_other).unwrap_or(expected.len());
    Err(StartError::SelfCheck { captured: show(captured, index), expected: show(expected, index) })
}
