//! One look at one thread: by its CPU clock, the rule decides how its stack is had.
//!
//! The same value as when the stack was last read: the thread has not run since, and that stack
//! still holds. Else the value is read again at once. If it moves, the thread is running, and is
//! signalled to capture its own stack. If it stands still, the thread is off the CPU: its stack is
//! read from here, and a third reading of the same value proves that nothing moved meanwhile. So
//! no stack is ever read from under a running thread, and no sleeping thread is ever woken.

use pyflame_cpython::{RawFrame, is_linked};
use pyflame_profile::State;

use crate::clock;
use crate::code_cache::CodeCache;
use crate::deaths;
use crate::labels::{self, LabelIds};
use crate::own_memory::BlockMemory;
use crate::python::Python;
use crate::recording::{Look, Recording};
use crate::roster::{Mask, Request, Still, Thread};
use crate::signal::{Sent, Signal};
use crate::slot::Slots;
use crate::task::Rest;

/// What came of looking at a thread.
pub(crate) enum Seen {
    /// It is there.
    Thread,
    /// It is there, but its thread state is not what the list said.
    OldList,
    /// It has ended.
    Nobody,
}

/// The recordings that are due and want one thread.
pub(crate) struct Recipients<'a> {
    recordings: Vec<&'a mut Recording>,
}

impl<'a> Recipients<'a> {
    pub(crate) fn new(recordings: &'a mut [Recording], due: &[bool], native_id: u32) -> Self {
        let recordings = recordings
            .iter_mut()
            .zip(due)
            .filter(|(recording, due)| **due && recording.wants(native_id))
            .map(|(recording, _)| recording)
            .collect();
        Self { recordings }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.recordings.is_empty()
    }

    pub(crate) fn each(&mut self, mut give: impl FnMut(&mut Recording)) {
        self.recordings.iter_mut().for_each(|recording| give(recording));
    }

    pub(crate) fn are_empty_requests(&self) -> bool {
        self.recordings.iter().all(|recording| recording.options.empty_signals)
    }
}

/// What it takes to look at one thread.
pub(crate) struct Eye<'a> {
    pub(crate) python: &'a Python,
    pub(crate) slots: &'a mut Slots,
    pub(crate) signal: Signal,
    pub(crate) memory: &'a mut BlockMemory,
    pub(crate) codes: &'a mut CodeCache,
    pub(crate) stills: &'a mut u64,
}

impl Eye<'_> {
    pub(crate) fn look(
        &mut self,
        thread: &mut Thread,
        now_ns: u64,
        for_whom: &mut Recipients<'_>,
    ) -> Seen {
        let Some(cpu_ns) = thread.clock.cpu_ns() else { return Seen::Nobody };
        if let Some(still) = thread.still.as_ref().filter(|still| still.cpu_ns == cpu_ns) {
            let look = thread.look(now_ns, cpu_ns);
            for_whom.each(|recording| recording.still(look, still, still.state, self.codes));
            return Seen::Thread;
        }
        thread.still = None;
        let Some(again_ns) = thread.clock.cpu_ns() else { return Seen::Nobody };
        if again_ns != cpu_ns {
            return self.signal(thread, now_ns, again_ns, for_whom);
        }
        let Some(rest) = thread.task.rest() else { return Seen::Nobody };
        let deaths = deaths::count();
        let Some(frames) = self.read(thread) else { return Seen::OldList };
        let third_ns = thread.clock.cpu_ns();
        match frames {
            Some((frames, labels)) if third_ns == Some(cpu_ns) => {
                *self.stills += 1;
                let (now, state) = states(rest);
                let still = Still { cpu_ns, state, frames, deaths, labels, number: *self.stills };
                let look = thread.look(now_ns, cpu_ns);
                for_whom.each(|recording| recording.still(look, &still, now, self.codes));
                thread.still = Some(still);
                Seen::Thread
            }
            // A sleeping thread is never signalled: that could end its sleep.
            None if rest == Rest::Asleep => {
                let look = thread.look(now_ns, again_ns);
                for_whom.each(|recording| recording.uncaptured(look, INCONSISTENT));
                Seen::Thread
            }
            // It ran while it was read, or it was taken off the CPU between two instructions
            // that belong together. It knows best itself.
            _ => self.signal(thread, now_ns, again_ns, for_whom),
        }
    }

    /// Reads the stack of a thread that does not run, innermost frame first, and its labels.
    /// `None` if its thread state is gone, and nothing inside if they are not to be believed.
    #[expect(clippy::option_option, reason = "two different ways of not knowing")]
    fn read(&mut self, thread: &Thread) -> Option<Option<(Vec<RawFrame>, LabelIds)>> {
        let (interpreter, state) = &thread.state;
        let stacks = &self.python.stacks;
        self.memory.forget();
        if !is_linked(self.memory, &stacks.layout, *interpreter, state).unwrap_or(false) {
            return None;
        }
        let mut frames = Vec::new();
        let walked = stacks.walk(self.memory, state.address, |frame| frames.push(frame));
        let labels = labels::of_resting_thread(self.memory, state.address);
        Some(labels.filter(|_| walked.is_ok()).map(|labels| (frames, labels)))
    }

    fn signal(
        &mut self,
        thread: &mut Thread,
        now_ns: u64,
        cpu_ns: u64,
        for_whom: &mut Recipients<'_>,
    ) -> Seen {
        let look = thread.look(now_ns, cpu_ns);
        if let Some(request) = &mut thread.request {
            (request.wanted_ns, request.cpu_ns) = (now_ns, cpu_ns);
            request.unanswered += 1;
            if request.unanswered % PATIENCE == 0 && thread.task.holds_back(self.signal.number()) {
                thread.mask = thread.mask.blocked_for_longer(now_ns);
                for_whom.each(|recording| recording.uncaptured(look, BLOCKED));
            }
            return Seen::Thread;
        }
        if thread.slot.is_none() {
            thread.slot = self.slots.acquire();
        }
        let Some(slot) = thread.slot else {
            for_whom.each(|recording| recording.uncaptured(look, "too many threads"));
            return Seen::Thread;
        };
        if self.is_blocked(thread, now_ns) {
            for_whom.each(|recording| recording.uncaptured(look, BLOCKED));
            return Seen::Thread;
        }
        if !self.signal.is_ours() {
            let reason = "the program took every signal";
            for_whom.each(|recording| recording.uncaptured(look, reason));
            return Seen::Thread;
        }
        if !slot.request(for_whom.are_empty_requests()) {
            return Seen::Thread; // An answer came too late for its request; it goes next time.
        }
        let deaths = deaths::count();
        let sent = self.signal.send(thread.native_id, slot);
        if sent != Sent::OnItsWay {
            slot.cancel();
        }
        match sent {
            Sent::OnItsWay => {
                thread.request = Some(Request {
                    wanted_ns: now_ns,
                    cpu_ns,
                    deaths,
                    unanswered: 0,
                    retakes: 0,
                    again_ns: None,
                });
                Seen::Thread
            }
            Sent::Gone => Seen::Nobody,
            Sent::Refused => {
                for_whom.each(|recording| recording.uncaptured(look, "the signal was refused"));
                Seen::Thread
            }
        }
    }

    /// Whether the thread blocks our signal. It is asked when it is new, and again while it does.
    fn is_blocked(&self, thread: &mut Thread, now_ns: u64) -> bool {
        match thread.mask {
            Mask::Open => return false,
            Mask::Blocked { until_ns, .. } if now_ns < until_ns => return true,
            Mask::Unknown | Mask::Blocked { .. } => {}
        }
        let blocks = thread.task.blocks(self.signal.number());
        thread.mask = if blocks { thread.mask.blocked_for_longer(now_ns) } else { Mask::Open };
        blocks
    }
}

impl Mask {
    /// A thread that is just starting blocks signals for microseconds, one that does so on
    /// purpose for long: so the pauses between questions grow.
    fn blocked_for_longer(self, now_ns: u64) -> Self {
        let for_ns = match self {
            Self::Blocked { for_ns, .. } => (for_ns * 2).min(BLOCKED_AT_MOST_NS),
            Self::Unknown | Self::Open => BLOCKED_AT_FIRST_NS,
        };
        Self::Blocked { until_ns: now_ns + for_ns, for_ns }
    }
}

/// What a thread that is off the CPU is doing now, and what if it has not run by the next look.
fn states(rest: Rest) -> (State, State) {
    match rest {
        Rest::Asleep => (State::Waiting, State::Waiting),
        // We are on its CPU: it runs, but for us who had to wake up in order to look.
        Rest::Runnable { cpu } if cpu == clock::current_cpu() => (State::Running, State::Ready),
        Rest::Runnable { .. } => (State::Ready, State::Ready),
    }
}

pub(crate) const INCONSISTENT: &str = "the stack was never consistent";
const BLOCKED: &str = "the thread blocks signals";

impl Thread {
    pub(crate) fn look(&self, at_ns: u64, cpu_ns: u64) -> Look {
        Look { native_id: self.native_id, seen_ns: self.seen_ns, at_ns, cpu_ns }
    }
}

/// How often a thread may leave a request unanswered before its signal mask is asked for.
const PATIENCE: u32 = 8;

/// How long a thread that blocks our signal is believed to.
const BLOCKED_AT_FIRST_NS: u64 = 50_000;
const BLOCKED_AT_MOST_NS: u64 = 50_000_000;
