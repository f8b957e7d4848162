//! How a program ended.

use nix::sys::signal::Signal;

/// How a program ended, which is how the command is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a status.
    Exited(i32),
    /// By a signal.
    Signaled(Signal),
}

impl Ending {
    /// Ends this process likewise. Does not return.
    ///
    /// The signal has its default action (whoever calls this sees to that) and is let through. Where
    /// it does not end this process, because it was ignored from the start, the status is what a
    /// shell would make of it.
    pub fn repeat(self) -> ! {
        let status = match self {
            Self::Exited(status) => status,
            Self::Signaled(signal) => {
                let mut set = nix::sys::signal::SigSet::empty();
                set.add(signal);
                _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
                _ = nix::sys::signal::raise(signal);
                _ = set.thread_unblock();
                128 + signal as i32
            }
        };
        std::process::exit(status)
    }
}
