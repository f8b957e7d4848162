//! What a recording holds: the one type between capture and every output.
//!
//! You give samples (a thread, a stack of frames, the time it stands for); you get a [`Profile`]
//! that has aggregated them as they came, so its memory grows with the number of distinct stacks
//! and not with time. From a profile you get a [`Tree`], which is what pictures are drawn from,
//! and folded text.
//!
//! This crate is pure: no clock and no files; threads only where much folded text is read by
//! [`read_tree`]. Capturing is `pyflame-sampler`'s work and
//! drawing is `pyflame-render`'s; both meet here.
//!
//! ```
//! use pyflame_profile::{Frame, Function, Profile, Sample, State, Thread, View};
//!
//! let mut profile = Profile::default();
//! let main = profile.add_thread(Thread::new("MainThread", 1));
//! let parse = profile.add_function(Function::new("Parser.parse", "/app/parser.py", 10));
//! let frame = profile.add_frame(Frame { function: parse, line: 12 });
//! let stack = profile.add_stack([frame]);
//! profile.record(main, stack, Sample { state: State::Running, wall_ns: 3_000, cpu_ns: 2_000 });
//!
//! let folded = View::default().folded(&profile);
//! assert_eq!(folded, "Parser.parse (/app/parser.py:10) 3\n");
//! ```
#![forbid(unsafe_code)]

#[cfg(test)]
mod any_profile;
mod category;
mod folded;
mod frame;
mod gaps;
mod host;
mod labels;
mod process;
mod profile;
mod sample;
mod stack;
mod tree;
mod view;

pub use category::Category;
pub use folded::{
    FoldedError, ReadError, Reading, Report, Unreadable, escape_frame, parse_folded, read_tree,
    unescape_frame,
};
pub use frame::{Frame, FrameId, Function, FunctionId};
pub use gaps::Gaps;
pub use host::Host;
pub use labels::{Labels, LabelsId};
pub use process::{Process, ProcessId};
pub use profile::{Engine, Meta, Profile, Unit};
pub use sample::{Sample, SampleKey, State, Thread, ThreadId, ThreadName, Totals};
pub use stack::{StackId, StackTable};
pub use tree::{Label, LabelId, LeftOut, Node, NodeId, Tree};
pub use view::{Measure, View};
