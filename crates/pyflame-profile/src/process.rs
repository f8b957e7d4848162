//! Whose threads they were, where a profile is of more than one process.

/// A process whose threads were sampled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// What a person would call it (`train.py`, `worker 3`).
    pub name: Box<str>,
    /// Its id; ids are reused after a process has ended.
    pub pid: u32,
    /// The id of the process that it was started by, or 0 where that is not known.
    pub parent_pid: u32,
}

/// Names a [`Process`] within one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessId(pub(crate) u32);

impl ProcessId {
    /// The process's position in [`crate::Profile::processes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
