//! Reads threads, frames and code objects out of the memory of a CPython interpreter.
//!
//! You give a [`Memory`] (this process, another one, a saved image) and the version of the
//! interpreter; you get the thread states of an interpreter ([`threads()`]), the stack of one of
//! them ([`StackReader`]), what a code object says about itself ([`CodeObject`]), and the value of a
//! context variable ([`ContextReader`]).
//!
//! Everything read is treated as hostile: each loop and each length has a bound, an address that
//! can't be read is an error and never a fault, and a stack that contradicts the interpreter's own
//! invariants is refused. When and how the memory is read so that it holds still is not decided
//! here but by `pyflame-sampler`. Nothing here allocates while a stack is walked, so it may run
//! in a signal handler.
//!
//! All that differs between Python 3.9 and 3.15 stands in one table, [`Layout`].
//!
//! ```
//! use pyflame_cpython::{Layout, Lines};
//!
//! let layout = Layout::of(3, 13).expect("3.13 is known");
//! // One entry: two code units on the first line, without columns.
//! let lines = Lines::decode(layout.lines, &[0x80 | 13 << 3 | 1, 0], 7);
//! assert_eq!(lines.at(2), Some(7));
//! ```
#![forbid(unsafe_code)]

mod code;
mod context;
mod debug_offsets;
mod gil;
mod image;
mod layout;
mod lines;
mod memory;
mod stack;
mod text;
mod threads;

pub use code::{CodeError, CodeObject, RawCode};
pub use context::{ContextError, ContextReader, ContextTypes};
pub use debug_offsets::DebugOffsetsError;
pub use gil::{Gil, GilMoment};
pub use image::{Image, ImageError, ImageFrame, NotedMemory};
pub use layout::{
    CodeLayout, FrameLayout, GilPlace, Instruction, InterpreterLayout, Layout, LineFormat,
    TextLayout, ThreadLayout, TopFrame,
};
pub use lines::Lines;
pub use memory::{Memory, Unreadable};
pub use stack::{RawFrame, StackError, StackReader};
pub use text::{TextError, read_text};
pub use threads::{ThreadState, ThreadsError, is_linked, read_thread, threads};
