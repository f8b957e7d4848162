//! One look at one thread: by its CPU clock, the rule decides how its stack is had.
//!
//! The same value as when the stack was last read: the thread has not run since, and that stack
//! still holds. Else the value is read again at once. If it moves, the thread is running: with the
//! GIL, it is signalled to capture its own stack; without (`detached`), it can't change its stack,
//! which is read from here. If it stands still, the thread is off the CPU: its stack is read from
//! here, too, and a third reading of the same value proves that nothing moved meanwhile. So no
//! stack is ever read from under a thread that runs Python, and no sleeping thread is woken. Nor is
//! a system call cut short, unless it begins in the microseconds that a signal is on its way.
//!
//! In these the thread goes on, and takes the signal at the end of the first system call, if one
//! comes before the interrupt does that is to hurry it: so such calls would be seen too often. Who had
//! the GIL when it was signalled, and answers at the end of a system call without it, is therefore asked
//! anew.

use pyflame_cpython::{Memory, RawFrame, StackReader, is_linked};
use pyflame_profile::State;

use crate::code_cache::CodeCache;
use crate::deaths;
use crate::desk::Whose;
use crate::detached::{self, Detached, Reading};
use crate::gil::{self, MainGil};
use crate::labels::{self, LabelIds};
use crate::own_memory::BlockMemory;
use crate::python::Python;
use crate::recording::{Look, Recording};
use crate::roster::{Mask, Request, Still, Thread};
use crate::signal::{Sent, Signal};
use crate::slot::{Slot, Slots};
use crate::snapshot::Snapshot;
use crate::task::{Rest, SignalState};
use crate::this_thread;

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
    pub(crate) signal: &'a mut Signal,
    pub(crate) memory: &'a mut BlockMemory,
    pub(crate) snapshot: &'a mut Snapshot,
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
            return self.running(thread, now_ns, again_ns, for_whom);
        }
        let Some(rest) = thread.task.rest() else { return Seen::Nobody };
        let deaths = deaths::count();
        if !self.is_listed(thread) {
            return Seen::OldList;
        }
        let frames = self.read(thread);
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
            // A sleeping thread is never signalled: that could end its sleep. (Where its GIL is
            // known, one without it is not signalled anyway.)
            None if rest == Rest::Asleep && thread.gil().is_none() => {
                let look = thread.look(now_ns, again_ns);
                for_whom.each(|recording| recording.uncaptured(look, INCONSISTENT));
                Seen::Thread
            }
            // It ran while it was read, or it was taken off the CPU between two instructions
            // that belong together. It knows best itself.
            _ => self.running(thread, now_ns, again_ns, for_whom),
        }
    }

    /// Has the stack of a thread that runs: it is read while the thread is without the GIL. With
    /// it, or where it is not known or does not stay so, the thread is signalled.
    fn running(
        &mut self,
        thread: &mut Thread,
        now_ns: u64,
        cpu_ns: u64,
        for_whom: &mut Recipients<'_>,
    ) -> Seen {
        let look = thread.look(now_ns, cpu_ns);
        for _ in 0..MOST_TURNS {
            // One that has been signalled already answers soon.
            let detached = if thread.request.is_some() || for_whom.are_empty_requests() {
                Detached::Unknown
            } else {
                self.detached(thread)
            };
            let gil = match detached {
                Detached::Stack(Reading { frames, labels, deaths }) => {
                    *self.stills += 1;
                    let (state, number) = (State::Running, *self.stills);
                    let still = Still { cpu_ns, state, frames, deaths, labels, number };
                    for_whom.each(|recording| recording.still(look, &still, state, self.codes));
                    return Seen::Thread;
                }
                Detached::OldList => return Seen::OldList,
                Detached::Attached(gil) => gil,
                Detached::Inconsistent => {
                    for_whom.each(|recording| recording.uncaptured(look, INCONSISTENT));
                    return Seen::Thread;
                }
                Detached::Restless => {
                    // By now we are in step with it.
                    detached::pause(RESTLESS_FOR_NS);
                    break;
                }
                Detached::Unknown => break,
            };
            if let Some(seen) = self.signal(thread, look, Some(gil), for_whom) {
                return seen;
            }
        }
        self.signal(thread, look, None, for_whom).unwrap_or(Seen::Thread)
    }

    /// Whether the thread's state is still the one that the list told.
    pub(crate) fn is_listed(&mut self, thread: &Thread) -> bool {
        let (interpreter, state) = &thread.state;
        self.memory.forget();
        let layout = &self.python.stacks.layout;
        is_linked(self.memory, layout, *interpreter, state).unwrap_or(false)
    }

    /// Reads the stack of a thread that does not run, innermost frame first, and its labels;
    /// `None` if they are not to be believed.
    fn read(&mut self, thread: &Thread) -> Option<(Vec<RawFrame>, LabelIds)> {
        self.memory.forget();
        read(&self.python.stacks, self.memory, thread.state.1.address)
    }

    /// Signals a thread, where its GIL is known only while it has that; `None` if it has not.
    fn signal(
        &mut self,
        thread: &mut Thread,
        look: Look,
        gil: Option<MainGil>,
        for_whom: &mut Recipients<'_>,
    ) -> Option<Seen> {
        let Look { at_ns: now_ns, cpu_ns, .. } = look;
        if let Some(request) = &mut thread.request {
            (request.wanted_ns, request.cpu_ns) = (now_ns, cpu_ns);
            request.is_overdue = true;
            for_whom.each(Recording::merge_looks);
            if now_ns < request.doubt_ns {
                return Some(Seen::Thread);
            }
            request.doubt_ns = now_ns + PATIENCE_NS;
            match thread.task.signal(self.signal.number()) {
                SignalState::HeldBack => {
                    thread.mask = thread.mask.blocked_for_longer(now_ns);
                    for_whom.each(|recording| recording.uncaptured(look, BLOCKED));
                }
                // It is not there any more, and nobody has begun to answer.
                SignalState::Gone if thread.slot.is_some_and(Slot::cancel) => {
                    thread.request = None;
                    for_whom.each(|recording| recording.uncaptured(look, LOST));
                }
                SignalState::OnItsWay | SignalState::Gone => {}
            }
            return Some(Seen::Thread);
        }
        if thread.slot.is_none() {
            thread.slot = self.slots.acquire();
        }
        let Some(slot) = thread.slot else {
            for_whom.each(|recording| recording.uncaptured(look, "too many threads"));
            return Some(Seen::Thread);
        };
        if self.is_blocked(thread, now_ns) {
            for_whom.each(|recording| recording.uncaptured(look, BLOCKED));
            return Some(Seen::Thread);
        }
        if !self.has_signal() {
            let reason = "the program took every signal";
            for_whom.each(|recording| recording.uncaptured(look, reason));
            return Some(Seen::Thread);
        }
        // With the GIL it keeps its state. Else the list, which may be a tenth of a second old, is
        // asked once more: what the handler loads from is to be there.
        if gil.is_none() && !for_whom.are_empty_requests() && !self.is_listed(thread) {
            return Some(Seen::OldList);
        }
        if !slot.request(thread.asked_for(for_whom, gil.is_some())) {
            return Some(Seen::Thread); // An answer came too late for its request; it goes next time.
        }
        let deaths = deaths::count();
        let address = thread.state.1.address;
        let is_time = || gil.is_none_or(|gil| gil.is_held_by(address));
        let sent = self.signal.send(thread.native_id, slot, is_time);
        if sent != Sent::OnItsWay {
            slot.cancel();
        }
        match sent {
            Sent::OnItsWay => {
                thread.late_answers_left = MOST_LATE_ANSWERS.min(thread.late_answers_left + 1);
                thread.request = Some(Request {
                    wanted_ns: now_ns,
                    cpu_ns,
                    deaths,
                    is_overdue: false,
                    doubt_ns: now_ns + PATIENCE_NS,
                    retakes: 0,
                    again_ns: None,
                });
                Some(Seen::Thread)
            }
            Sent::Gone => Some(Seen::Nobody),
            Sent::Withheld => None,
            Sent::Refused => {
                for_whom.each(|recording| recording.uncaptured(look, "the signal was refused"));
                Some(Seen::Thread)
            }
        }
    }

    /// Whether there is a signal with our handler: where the program has taken ours for itself,
    /// another one from now on.
    fn has_signal(&mut self) -> bool {
        self.signal.is_ours()
            || Signal::install().is_some_and(|signal| {
                *self.signal = signal;
                true
            })
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

/// The stack of the thread whose state is at `thread`, innermost frame first, and its labels;
/// `None` if they are not to be believed.
pub(crate) fn read(
    stacks: &StackReader,
    memory: &mut impl Memory,
    thread: u64,
) -> Option<(Vec<RawFrame>, LabelIds)> {
    let mut frames = Vec::new();
    stacks.walk(memory, thread, |frame| frames.push(frame)).ok()?;
    Some((frames, labels::of_resting_thread(memory, thread)?))
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
        Rest::Runnable { cpu } if cpu == this_thread::current_cpu() => {
            (State::Running, State::Ready)
        }
        Rest::Runnable { .. } => (State::Ready, State::Ready),
    }
}

pub(crate) const INCONSISTENT: &str = "the stack was never consistent";
const OUT_OF_MEMORY: &str = "the process is out of memory";
const BLOCKED: &str = "the thread blocks signals";
/// The program took it itself (`sigwait` for all signals), or the kernel has dropped what it carried
/// (`ulimit -i`).
const LOST: &str = "the signal was lost";

impl Thread {
    /// Counts a look that did not take place, for want of memory to note a stack in.
    pub(crate) fn pass_over(&self, now_ns: u64, for_whom: &mut Recipients<'_>) {
        if let Some(cpu_ns) = self.clock.cpu_ns() {
            let look = self.look(now_ns, cpu_ns);
            for_whom.each(|recording| recording.uncaptured(look, OUT_OF_MEMORY));
        }
    }

    /// The GIL that it needs to run Python, if it is known and so is its thread state.
    pub(crate) fn gil(&self) -> Option<MainGil> {
        gil::of(self.state.0).filter(|_| !self.is_shared)
    }

    /// What its handler is to look at, where it is asked while it has its GIL, or whatever it does.
    pub(crate) fn asked_for(&self, for_whom: &Recipients<'_>, has_gil: bool) -> Whose {
        match self.state.1.address {
            _ if for_whom.are_empty_requests() => Whose::NOBODY,
            address if self.is_shared => Whose::one_of_several(address),
            address if has_gil && self.late_answers_left > 0 => Whose::with_gil(address),
            address => Whose::state(address),
        }
    }

    pub(crate) fn look(&self, at_ns: u64, cpu_ns: u64) -> Look {
        Look { native_id: self.native_id, seen_ns: self.seen_ns, at_ns, cpu_ns }
    }
}

/// How often a thread is looked at that has the GIL, and has it no more when it is to be signalled.
const MOST_TURNS: u32 = 2;

/// Longer than most threads take to let go of the GIL, take it, and let go of it, which do that faster
/// than can be read.
const RESTLESS_FOR_NS: u32 = 25_000;

/// How often in a row a thread is asked anew for having answered late. Each request makes up for one
/// such answer, so that on average there is no more than one more signal for each sample.
const MOST_LATE_ANSWERS: u8 = 8;

/// For how long a thread may leave a request unanswered before its signal mask is asked for. A
/// thread that has given its answer, but not ended our handler yet, looks as if it blocked the next
/// signal: for less than a microsecond, unless the machine takes its CPU away just then.
const PATIENCE_NS: u64 = 5_000_000;

/// How long a thread that blocks our signal is believed to.
const BLOCKED_AT_FIRST_NS: u64 = 50_000;
const BLOCKED_AT_MOST_NS: u64 = 50_000_000;
