//! Captures the stacks of this process's Python threads, each by its own thread or while that
//! thread does not run Python.
//!
//! You give [`Options`] and hold the GIL; you get a [`RecordingHandle`], and when you stop it a
//! profile. In between a sampling thread that never takes the GIL looks at the threads at jittered
//! times (the module `eye` has the rule), aggregates as it goes, and leaves nothing behind.
//!
//! This is the one crate with unsafe code. A byte of the interpreter is loaded only where it is
//! known to be there (`live_memory`); all others come through a system call that answers where a
//! load would crash. What the bytes mean is `pyflame-cpython`'s knowledge.
//!
//! Linux only: it stands on `process_vm_readv`, on signals that carry a value to one thread, and
//! on CPU clocks that can be read from outside.

mod c_stack;
mod clock;
mod code_cache;
mod deaths;
mod descriptors;
mod desk;
mod detached;
mod engine;
mod eye;
mod forking;
mod gil;
mod held_memory;
mod interrupted;
mod labels;
mod linger;
mod live_memory;
#[cfg(feature = "measure")]
mod measure;
mod outlet;
mod own_memory;
mod pending_call;
mod python;
mod recording;
mod reserve;
mod roster;
mod sampling_thread;
mod schedule;
mod self_check;
mod shared_memory;
mod signal;
mod slot;
mod snapshot;
mod task;
mod this_thread;
mod ticker;
mod wake;

pub use clock::monotonic_ns;
pub use engine::{RecordingHandle, Taking, is_checked, pause_for_fork, resume_after_fork};
pub use labels::{LabelError, LabelIds, LabelPlace, LabelReader};
#[cfg(feature = "measure")]
pub use measure::captures;
pub use outlet::{Outlet, Pace};
pub use pyflame_cpython::ContextTypes;
pub use recording::{Options, Recorded};
pub use reserve::Reserved;
pub use self_check::{OwnFrame, read_code, save_image};
pub use shared_memory::SharedMemory;

use pyflame_cpython::{CodeError, DebugOffsetsError};
use thiserror::Error;

/// Why stacks can't be captured by signals in this process.
#[derive(Debug, Error)]
pub enum StartError {
    /// The process does not run CPython, or one that hides its symbols.
    #[error("this is not CPython")]
    NotCPython,
    /// A version that did not exist when this was written.
    #[error("the memory layout of Python {0}.{1} is not known to this version of pyflame")]
    UnknownVersion(u8, u8),
    /// The interpreter says of itself what we don't understand.
    #[error(transparent)]
    Layout(#[from] DebugOffsetsError),
    /// The system call by which memory is read is not allowed.
    #[error("process_vm_readv is not allowed here (a container's seccomp policy?)")]
    MemoryForbidden,
    /// The program has handlers for every signal.
    #[error("every signal is taken by the program")]
    NoFreeSignal,
    /// The system call by which a thread is signalled is not allowed.
    #[error("rt_tgsigqueueinfo is not allowed here (a container's seccomp policy?)")]
    SignalForbidden,
    /// A signal arrived without what it was to carry, or not at all: the kernel queues no more
    /// signals of this user, and drops what comes with them.
    #[error("the self-check failed: signals do not arrive as they are sent (see `ulimit -i`)")]
    SignalLost,
    /// A code object of the calling thread can't be read.
    #[error("the self-check failed: {0}")]
    Code(#[from] CodeError),
    /// The calling thread's own stack makes no sense to us.
    #[error("the self-check failed: the stack of this thread is not understood")]
    Inconsistent,
    /// The calling thread is not where the threads of its interpreter are, or under other ids: an
    /// embedding program has made its thread state on another thread, or the layout is a wrong one.
    #[error("the self-check failed: this thread is not among the interpreter's threads")]
    NotListed,
    /// The type of code objects has its deallocator elsewhere.
    #[error("the self-check failed: the type of code objects is not laid out as known")]
    CodeType,
    /// What we capture is not what the interpreter says.
    #[error("the self-check failed: captured {captured} where Python says {expected}")]
    SelfCheck {
        /// The first frame that differs, as captured.
        captured: String,
        /// The same frame, as `sys._getframe()` tells it.
        expected: String,
    },
    /// The kernel's clocks of threads move in steps, so that a thread which runs would look as if it
    /// stood still.
    #[error("the CPU clocks of threads are too coarse here to tell who runs")]
    CoarseClock,
    /// The sampling thread could not be started.
    #[error("failed to start the sampling thread: {0}")]
    NoThread(std::io::Error),
    /// The sampling thread has ended by itself: a defect of pyflame.
    #[error("the sampling thread has ended unexpectedly")]
    ThreadEnded,
}

/// Why a recording, or a part of it, can't be handed over.
#[derive(Debug, Error)]
pub enum StopError {
    /// This process was forked while the recording was going on in its parent.
    #[error("the recording was started in another process, from which this one was forked")]
    ForkedChild,
    /// The part was never begun, or has been handed over already.
    #[error("this part of the recording is not followed")]
    NotFollowed,
    /// The sampling thread has ended by itself: a defect of pyflame.
    #[error("the sampling thread has ended unexpectedly")]
    ThreadEnded,
}
