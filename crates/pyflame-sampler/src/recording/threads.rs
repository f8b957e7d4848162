//! The threads of a recording, and up to when the time of each is accounted for.
//!
//! Threads come and go, one for each connection of some servers. What is known of those that have
//! ended is let go of now and then, so that there is never more of it than of those that live.

use pyflame_cpython::RawFrame;
use pyflame_profile::{Sample, StackId, State, Thread, ThreadId, Totals};

use super::{Look, Recording, unlabelled, unseen_cpu};

/// A thread as one recording follows it.
#[derive(Debug)]
pub(super) struct Followed {
    native_id: u32,
    /// What it is in the profile; in a recording by scope nothing before it works for one.
    thread: Option<ThreadId>,
    /// When the roster first saw it: another time is another thread of the same id.
    seen_ns: u64,
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
    /// How many code objects had died when it was captured. After another number of deaths the
    /// same address may be another code object's, whenever either capture is looked up.
    pub(super) deaths: u64,
}

impl Recording {
    /// Takes note that a thread's time is accounted for up to this look; returns what the look
    /// stands for.
    pub(super) fn account(&mut self, look: Look, state: State) -> Totals {
        let followed = self.follow(look);
        let wall_ns = look.at_ns.saturating_sub(followed.accounted_ns);
        followed.accounted_ns = followed.accounted_ns.max(look.at_ns);
        followed.cpu_ns = followed.cpu_ns.max(look.cpu_ns);
        let mut cpu_ns = 0;
        if state != State::Waiting {
            cpu_ns = followed.cpu_ns.saturating_sub(followed.accounted_cpu_ns);
            followed.accounted_cpu_ns = followed.cpu_ns;
        }
        Sample { state, wall_ns, cpu_ns }.into()
    }

    /// The thread of a look, followed from now on if it is new.
    pub(super) fn follow(&mut self, look: Look) -> &mut Followed {
        let gap_ns = look.at_ns.saturating_sub(self.previous_tick_ns.min(look.at_ns));
        let begin = || Followed {
            native_id: look.native_id,
            thread: None,
            seen_ns: look.seen_ns,
            // It began since the look before: half way, unless it has run for longer.
            accounted_ns: look.at_ns - gap_ns.min(look.cpu_ns.max(gap_ns / 2)),
            accounted_cpu_ns: 0,
            cpu_ns: 0,
            path: Path::default(),
            still: None,
        };
        let followed = self.threads.entry(look.native_id).or_insert_with(begin);
        if followed.seen_ns != look.seen_ns {
            *followed = begin();
        }
        followed
    }

    /// What the thread of a look is in the profile.
    pub(super) fn thread(&mut self, look: Look) -> ThreadId {
        if let Some(thread) = self.follow(look).thread {
            return thread;
        }
        let native_id = u64::from(look.native_id);
        let name = self.names.remove(&native_id).unwrap_or_default();
        let thread = self.profile.add_thread(Thread::new(&name, native_id));
        self.seen_ns.push(look.seen_ns);
        self.follow(look).thread = Some(thread);
        thread
    }

    /// What the thread that bears this id now is in the profile, if it is there.
    pub(super) fn known_thread(&self, native_id: u32) -> Option<ThreadId> {
        self.threads.get(&native_id)?.thread
    }

    /// Lets go of threads that have ended, if they are many: of those that live, `is_alive` knows
    /// the id and when it was first seen, and there are so many of them.
    pub(crate) fn forget_ended(&mut self, alive: usize, is_alive: impl Fn(u32, u64) -> bool) {
        if self.threads.len() <= 2 * alive + FEW_THREADS {
            return;
        }
        let ended =
            self.threads.extract_if(|_, thread| !is_alive(thread.native_id, thread.seen_ns));
        let ended = ended.map(|(_, followed)| followed).collect();
        self.close_threads(ended);
    }

    /// Shows the CPU time that no sample of these threads stands for. (A recording by scope has
    /// handed it over with the scopes.)
    pub(super) fn close_threads(&mut self, mut threads: Vec<Followed>) {
        if self.options.by_scope {
            return;
        }
        let stack = unseen_cpu(&mut self.profile);
        threads.sort_unstable_by_key(|followed| followed.thread);
        for followed in threads {
            let cpu_ns = followed.cpu_ns.saturating_sub(followed.accounted_cpu_ns);
            if let Some(thread) = followed.thread.filter(|_| cpu_ns > 0) {
                let totals = Totals { samples: 0, wall_ns: 0, cpu_ns };
                self.profile.record_totals(unlabelled(thread, stack), totals);
            }
        }
    }
}

/// So few that they need not be looked through.
const FEW_THREADS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::LabelIds;
    use crate::recording::Options;

    /// Has so many threads come and go, each alone, and `see` look at each.
    fn come_and_go(
        recording: &mut Recording,
        threads: u32,
        mut see: impl FnMut(&mut Recording, Look),
    ) {
        for native_id in 1..=threads {
            let now_ns = u64::from(native_id) * 1000;
            let look = Look { native_id, seen_ns: now_ns, at_ns: now_ns, cpu_ns: 10 };
            recording.tick(now_ns);
            see(recording, look);
            recording.forget_ended(1, |id, _| id == native_id);
            assert!(recording.threads.len() <= FEW_THREADS + 2);
        }
    }

    #[test]
    fn threads_that_no_scope_wants_leave_nothing_behind() {
        let options = Options { by_scope: true, ..Options::default() };
        let mut recording = Recording::new(1, options, None, 0);
        recording.follow_scope(7, 0);
        come_and_go(&mut recording, 10_000, Recording::pass);
        assert_eq!(recording.profile.threads().len(), 0);
        assert_eq!(recording.seen_ns.len(), 0);
    }

    #[test]
    fn the_cpu_time_of_threads_that_are_let_go_of_is_shown() {
        let mut recording = Recording::new(1, Options::default(), None, 0);
        come_and_go(&mut recording, 1_000, |recording, look| {
            recording.record(look, StackId::EMPTY, State::Waiting, LabelIds::default());
        });
        let recorded = recording.finish(2_000_000);
        assert_eq!(recorded.profile.totals().cpu_ns, 10 * 1_000);
        assert_eq!(recorded.seen_ns.len(), recorded.profile.threads().len());
    }

    #[test]
    fn a_later_thread_of_the_same_id_is_another_one() {
        let mut recording = Recording::new(1, Options::default(), None, 0);
        let first = Look { native_id: 5, seen_ns: 1, at_ns: 2, cpu_ns: 1 };
        let later = Look { native_id: 5, seen_ns: 3, at_ns: 4, cpu_ns: 1 };
        assert_ne!(recording.thread(first), recording.thread(later));
    }
}
