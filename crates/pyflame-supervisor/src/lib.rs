//! What survives the program: a process that waits for it and keeps what is recorded.
//!
//! The command forks before any code of the program runs. The child becomes the program; the
//! parent, which runs no Python, stays as small as it is and does three things: it hands signals on
//! ([`wait_for`], [`Witness`]), takes what the program and its children have written into shared memory
//! ([`Inbox`]), and at the end says how the program ended, so that the command can end likewise.
//!
//! A process writes by an [`Outbox`]: a lane of the shared memory that belongs to it alone. There
//! is no lock and no descriptor in it, and what it has written is there whatever ends it: an
//! exception, `SIGKILL`, `exec`.
#![forbid(unsafe_code)]

mod ending;
mod gathered;
mod inbox;
mod lane;
mod outbox;
mod wait;
mod witness;

pub use ending::Ending;
pub use gathered::{Gathered, Recorded};
pub use inbox::Inbox;
pub use outbox::{ConnectError, Outbox};
pub use wait::{News, wait_for};
pub use witness::Witness;
