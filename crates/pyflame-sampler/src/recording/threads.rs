//! The threads of a recording, and up to when the time of each is accounted for.

use pyflame_cpython::RawFrame;
use pyflame_profile::{Sample, StackId, State, Thread, ThreadId, Totals};

use super::{Look, Recording};

/// A thread as one recording follows it.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) thread: ThreadId,
    /// When the roster first saw it: another time is another thread of the same id.
    pub(super) seen_ns: u64,
    /// Up to when its time is accounted for.
    pub(super) accounted_ns: u64,
    /// Up to which reading of its CPU clock its CPU time is accounted for.
    pub(super) accounted_cpu_ns: u64,
    /// Its last CPU reading.
    pub(super) cpu_ns: u64,
    pub(super) path: Path,
    /// The stack it stands still with: its number and what that is in the profile.
    pub(super) still: Option<(u64, StackId)>,
}

/// The last stack of a thread, outermost frame first, each with the stack that ends in it. What a
/// new stack has in common with it need not be looked up again.
#[derive(Debug, Default)]
pub(super) struct Path {
    pub(super) frames: Vec<RawFrame>,
    pub(super) stacks: Vec<StackId>,
    pub(super) generation: u64,
}

impl Recording {
    /// Takes note that a thread's time is accounted for up to this look; returns whose it is and
    /// what the look stands for.
    pub(super) fn account(&mut self, look: Look, state: State) -> (ThreadId, Totals) {
        let followed = self.follow(look);
        let wall_ns = look.at_ns.saturating_sub(followed.accounted_ns);
        followed.accounted_ns = followed.accounted_ns.max(look.at_ns);
        followed.cpu_ns = followed.cpu_ns.max(look.cpu_ns);
        let mut cpu_ns = 0;
        if state != State::Waiting {
            cpu_ns = followed.cpu_ns.saturating_sub(followed.accounted_cpu_ns);
            followed.accounted_cpu_ns = followed.cpu_ns;
        }
        (followed.thread, Sample { state, wall_ns, cpu_ns }.into())
    }

    /// The thread of a look, followed from now on if it is new.
    pub(super) fn follow(&mut self, look: Look) -> &mut Followed {
        let (profile, seen_ns) = (&mut self.profile, &mut self.seen_ns);
        let gap_ns = look.at_ns.saturating_sub(self.previous_tick_ns.min(look.at_ns));
        let mut begin = || {
            let native_id = u64::from(look.native_id);
            seen_ns.push(look.seen_ns);
            Followed {
                thread: profile.add_thread(Thread { name: "".into(), native_id }),
                seen_ns: look.seen_ns,
                // It began since the look before: half way, unless it has run for longer.
                accounted_ns: look.at_ns - gap_ns.min(look.cpu_ns.max(gap_ns / 2)),
                accounted_cpu_ns: 0,
                cpu_ns: 0,
                path: Path::default(),
                still: None,
            }
        };
        let followed = self.threads.entry(look.native_id).or_insert_with(&mut begin);
        if followed.seen_ns != look.seen_ns {
            *followed = begin();
        }
        followed
    }
}
