//! One look at one thread, and the sums that many looks add up to.

use crate::{LabelsId, ProcessId, StackId};

/// A thread whose stacks were taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Thread {
    /// The name its program gave it, or one that we made up from the order of appearance.
    pub name: Box<str>,
    /// The kernel's id of the thread; ids are reused after a thread has ended.
    pub native_id: u64,
    /// Whose thread it is; `None` where that is not known, as in folded text, or where a profile is
    /// of one process and does not say which.
    pub process: Option<ProcessId>,
}

impl Thread {
    /// A thread of which is not known whose it is.
    pub fn new(name: &str, native_id: u64) -> Self {
        Self { name: name.into(), native_id, process: None }
    }
}

/// The name of a thread, as it was learnt from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadName {
    /// The kernel's id of the thread.
    pub native_id: u64,
    /// Its name.
    pub name: Box<str>,
    /// When the thread was known to have the id, in nanoseconds on the monotonic clock.
    pub learnt_ns: u64,
}

/// Names a [`Thread`] within one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(pub(crate) u32);

impl ThreadId {
    /// The thread's position in [`crate::Profile::threads`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the thread was doing at the moment of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// On a CPU.
    Running,
    /// Wanted a CPU and had none: preempted, the machine is busy.
    Ready,
    /// Asleep in the kernel: a lock (the GIL among them), input or output, `sleep`.
    Waiting,
}

/// One sample: the state of a thread and the time that the sample stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What the thread was doing.
    pub state: State,
    /// Wall time since the previous sample of this thread.
    pub wall_ns: u64,
    /// CPU time of this thread that the sample accounts for.
    pub cpu_ns: u64,
}

/// What the samples that are summed up together have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SampleKey {
    /// Whose stack it was.
    pub thread: ThreadId,
    /// The stack.
    pub stack: StackId,
    /// What the thread was doing.
    pub state: State,
    /// What the program said about it.
    pub labels: LabelsId,
}

/// Sums over samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many samples.
    pub samples: u64,
    /// Wall time; in a profile that counts instead of timing, the count.
    pub wall_ns: u64,
    /// CPU time.
    pub cpu_ns: u64,
}

impl Totals {
    /// Adds `other` to these sums; sums stop at the type's maximum instead of wrapping.
    pub fn add(&mut self, other: Self) {
        self.samples = self.samples.saturating_add(other.samples);
        self.wall_ns = self.wall_ns.saturating_add(other.wall_ns);
        self.cpu_ns = self.cpu_ns.saturating_add(other.cpu_ns);
    }
}

impl From<Sample> for Totals {
    fn from(sample: Sample) -> Self {
        Self { samples: 1, wall_ns: sample.wall_ns, cpu_ns: sample.cpu_ns }
    }
}
