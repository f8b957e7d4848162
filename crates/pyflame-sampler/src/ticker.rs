//! The sampling thread: looks at every wanted thread at jittered times, by the one rule.
//!
//! For each thread its CPU clock is read. The same value as when its stack was last read: it has
//! not run since, and that stack still holds. Otherwise the clock is read again at once. If it
//! moves, the thread is running, and is signalled to capture its own stack. If it stands still,
//! the thread is off the CPU: its stack is read from here, and a third reading of the same value
//! proves that nothing moved meanwhile. So no stack is ever read from under a running thread, and
//! no sleeping thread is ever woken.
//!
//! This thread never takes the GIL and blocks all signals.

use std::sync::mpsc::{Receiver, Sender};

use pyflame_cpython::is_linked;
use pyflame_profile::State;

use crate::clock::monotonic_ns;
use crate::code_cache::CodeCache;
use crate::own_memory::BlockMemory;
use crate::python::Python;
use crate::recording::{Look, Options, Recorded, Recording};
use crate::roster::{Mask, PthreadId, Request, Roster, Still, Thread};
use crate::signal::{Sent, Signal};
use crate::slot::{Found, Slots};
use crate::task::Rest;
use crate::{c_stack, clock, wake};

/// What the sampling thread is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Begin a recording, and say when it has begun.
    Start(u64, Options, Sender<()>),
    /// End a recording, which was asked for at that time, and hand it over.
    Stop(u64, u64, Sender<Recorded>),
}

/// The state of the sampling thread.
#[derive(Debug)]
pub(crate) struct Ticker {
    python: &'static Python,
    signal: Signal,
    roster: Roster,
    codes: CodeCache,
    recordings: Vec<Recording>,
    commands: Receiver<Command>,
    memory: BlockMemory,
    slots: Slots,
    stills: u64,
}

/// The longest sleep: what is known of dead code objects is not to pile up.
const LONGEST_SLEEP_NS: u64 = 50_000_000;

/// How soon a capture is looked for where the next look at the threads is farther away.
const COLLECT_AFTER_NS: u64 = 1_000_000;

/// How often a thread may leave a request unanswered before its signal mask is asked for.
const PATIENCE: u32 = 8;

/// How long a thread that blocks our signal is believed to.
const BLOCKED_AT_FIRST_NS: u64 = 50_000;
const BLOCKED_AT_MOST_NS: u64 = 50_000_000;

/// How long a thread gets to leave the place where its stack is not believed. With less, on a
/// busy CPU, it would be signalled again before it had executed a single instruction.
const RETAKE_AFTER_NS: u64 = 25_000;

/// How often a stack that is not believed is taken again.
const MOST_RETAKES: u32 = 32;

impl Ticker {
    pub(crate) fn new(
        python: &'static Python,
        signal: Signal,
        pthread_id: PthreadId,
        commands: Receiver<Command>,
    ) -> Self {
        Self {
            python,
            signal,
            roster: Roster::new(python, pthread_id),
            codes: CodeCache::new(python),
            recordings: Vec::new(),
            commands,
            memory: BlockMemory::new(),
            slots: Slots::all(),
            stills: 0,
        }
    }

    /// Works until there is nobody left who could ask for anything.
    pub(crate) fn run(mut self) {
        loop {
            let calls = wake::calls();
            loop {
                match self.commands.try_recv() {
                    Ok(command) => self.obey(command),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return self.leave(),
                }
            }
            let collect_ns = self.collect();
            let now_ns = monotonic_ns();
            let due: Vec<bool> =
                self.recordings.iter_mut().map(|r| r.schedule.is_due(now_ns)).collect();
            if due.contains(&true) {
                self.look(now_ns, &due);
                continue; // Looking takes time, and something may be due by now.
            }
            let next_ns = self.recordings.iter().map(|r| r.schedule.next_ns()).chain(collect_ns);
            wake::wait_until(next_ns.fold(now_ns + LONGEST_SLEEP_NS, u64::min), calls);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start(number, options, started) => {
                let now_ns = monotonic_ns();
                let mut recording = Recording::new(number, options, now_ns);
                self.roster.refresh(now_ns, &mut self.slots);
                for thread in self.roster.iter_mut() {
                    if recording.wants(thread.native_id)
                        && let Some(cpu_ns) = thread.clock.cpu_ns()
                    {
                        recording.follow_from_now(thread.look(now_ns, cpu_ns));
                    }
                }
                self.recordings.push(recording);
                _ = started.send(()); // Who asked may have gone; that is no error.
            }
            Command::Stop(number, asked_ns, recorded) => {
                self.collect();
                let position = self.recordings.iter().position(|r| r.number == number);
                if let Some(position) = position {
                    let mut recording = self.recordings.remove(position);
                    self.close(&mut recording, asked_ns);
                    _ = recorded.send(recording.finish(asked_ns));
                }
            }
        }
    }

    /// Accounts for the time since the last look at each thread: a thread that stands still is
    /// still there, and of the others too long a time must not be lost.
    fn close(&mut self, recording: &mut Recording, asked_ns: u64) {
        for thread in self.roster.iter_mut() {
            if !recording.wants(thread.native_id) {
                continue;
            }
            let Some(cpu_ns) = thread.clock.cpu_ns() else { continue };
            let look = thread.look(asked_ns, cpu_ns);
            match thread.still.as_ref().filter(|still| still.cpu_ns == cpu_ns) {
                Some(still) => recording.still(look, still, still.state, &mut self.codes),
                None => recording.ran_on(look),
            }
        }
    }

    /// Looks at every thread that a recording which is due wants.
    fn look(&mut self, now_ns: u64, due: &[bool]) {
        self.roster.refresh(now_ns, &mut self.slots);
        if !self.signal.is_ours() {
            self.replace_signal();
        }
        for (recording, _) in self.recordings.iter_mut().zip(due).filter(|(_, due)| **due) {
            recording.tick(now_ns);
        }
        let mut position = 0;
        while let Some(thread) = self.roster.get(position) {
            let native_id = thread.native_id;
            let mut for_whom = Recipients::new(&mut self.recordings, due, native_id);
            if for_whom.is_empty() {
                position += 1;
                continue;
            }
            let mut eye = Eye {
                python: self.python,
                slots: &mut self.slots,
                signal: self.signal,
                memory: &mut self.memory,
                codes: &mut self.codes,
                stills: &mut self.stills,
            };
            match eye.look(thread, now_ns, &mut for_whom) {
                Seen::Thread => position += 1,
                Seen::OldList => {
                    self.roster.mark_stale();
                    position += 1;
                }
                Seen::Nobody => self.roster.remove(native_id, &mut self.slots),
            }
        }
    }

    /// Takes what the threads have captured; returns when to do so again, if some have yet to.
    fn collect(&mut self) -> Option<u64> {
        let now_ns = monotonic_ns();
        let (mut oldest_ns, mut next_ns) = (u64::MAX, None);
        for thread in self.roster.iter_mut() {
            let Some(request) = thread.request else { continue };
            let everyone = vec![true; self.recordings.len()];
            let mut for_whom = Recipients::new(&mut self.recordings, &everyone, thread.native_id);
            thread.request = match request.again_ns {
                Some(again_ns) if again_ns > now_ns => Some(request),
                Some(_) => ask_again(self.signal, thread, request, &for_whom),
                None => take(thread, request, now_ns, &mut for_whom, &mut self.codes),
            };
            if let Some(request) = thread.request {
                let look_ns = request.again_ns.unwrap_or(now_ns + COLLECT_AFTER_NS);
                next_ns = Some(next_ns.map_or(look_ns, |next: u64| next.min(look_ns)));
                oldest_ns = oldest_ns.min(request.wanted_ns);
            }
        }
        // A capture still to come is later than its request.
        self.codes.absorb();
        self.codes.forget_dead(oldest_ns);
        next_ns
    }

    /// The program has taken our signal for itself: use another one from now on.
    fn replace_signal(&mut self) {
        if let Some(signal) = Signal::install() {
            self.signal = signal;
        }
    }

    fn leave(self) {
        self.signal.uninstall();
    }
}

/// Takes the answer to a request, if it is there; returns what is still to be answered.
fn take(
    thread: &Thread,
    request: Request,
    now_ns: u64,
    for_whom: &mut Recipients<'_>,
    codes: &mut CodeCache,
) -> Option<Request> {
    let look = thread.look(request.wanted_ns, request.cpu_ns);
    let is_believed = thread.slot?.take(|found| match found {
        Found::Nothing => None,
        Found::Failed => Some(false),
        Found::Stack(capture) => {
            for_whom.each(|recording| recording.running(look, &capture, codes));
            Some(true)
        }
    });
    match is_believed {
        None => Some(request),
        Some(true) => {
            let is_main = thread.native_id == std::process::id();
            let pthread = thread.state.1.thread_id;
            thread.slot?.learn_c_stack(|| c_stack::of_thread(is_main, pthread));
            None
        }
        Some(false) if request.retakes == MOST_RETAKES => {
            for_whom.each(|recording| recording.uncaptured(look, INCONSISTENT));
            None
        }
        Some(false) => {
            for_whom.each(Recording::count_retake);
            let retakes = request.retakes + 1;
            Some(Request { retakes, again_ns: Some(now_ns + RETAKE_AFTER_NS), ..request })
        }
    }
}

/// Has a stack that was not believed taken again.
fn ask_again(
    signal: Signal,
    thread: &Thread,
    request: Request,
    for_whom: &Recipients<'_>,
) -> Option<Request> {
    let slot = thread.slot?;
    slot.request(for_whom.are_empty_requests());
    if signal.send(thread.native_id, slot) == Sent::OnItsWay {
        return Some(Request { again_ns: None, ..request });
    }
    slot.cancel();
    None
}

/// What came of looking at a thread.
enum Seen {
    /// It is there.
    Thread,
    /// It is there, but its thread state is not what the list said.
    OldList,
    /// It has ended.
    Nobody,
}

/// The recordings that are due and want one thread.
struct Recipients<'a> {
    recordings: Vec<&'a mut Recording>,
}

impl<'a> Recipients<'a> {
    fn new(recordings: &'a mut [Recording], due: &[bool], native_id: u32) -> Self {
        let recordings = recordings
            .iter_mut()
            .zip(due)
            .filter(|(recording, due)| **due && recording.wants(native_id))
            .map(|(recording, _)| recording)
            .collect();
        Self { recordings }
    }

    fn is_empty(&self) -> bool {
        self.recordings.is_empty()
    }

    fn each(&mut self, mut give: impl FnMut(&mut Recording)) {
        self.recordings.iter_mut().for_each(|recording| give(recording));
    }

    fn are_empty_requests(&self) -> bool {
        self.recordings.iter().all(|recording| recording.options.empty_signals)
    }
}

/// What it takes to look at one thread.
struct Eye<'a> {
    python: &'a Python,
    slots: &'a mut Slots,
    signal: Signal,
    memory: &'a mut BlockMemory,
    codes: &'a mut CodeCache,
    stills: &'a mut u64,
}

impl Eye<'_> {
    fn look(&mut self, thread: &mut Thread, now_ns: u64, for_whom: &mut Recipients<'_>) -> Seen {
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
        let Some(frames) = self.read(thread) else { return Seen::OldList };
        let third_ns = thread.clock.cpu_ns();
        match frames {
            Some(frames) if third_ns == Some(cpu_ns) => {
                *self.stills += 1;
                let (now, state) = states(rest);
                let still = Still { cpu_ns, state, frames, number: *self.stills };
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

    /// Reads the stack of a thread that does not run, innermost frame first. `None` if its
    /// thread state is gone, and nothing inside if the stack is not to be believed.
    #[expect(clippy::option_option, reason = "two different ways of not knowing")]
    fn read(&mut self, thread: &Thread) -> Option<Option<Vec<pyflame_cpython::RawFrame>>> {
        let (interpreter, state) = &thread.state;
        let stacks = &self.python.stacks;
        self.memory.forget();
        if !is_linked(self.memory, &stacks.layout, *interpreter, state).unwrap_or(false) {
            return None;
        }
        let mut frames = Vec::new();
        let walked = stacks.walk(self.memory, state.address, |frame| frames.push(frame));
        Some(walked.is_ok().then_some(frames))
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
        let sent = self.signal.send(thread.native_id, slot);
        if sent != Sent::OnItsWay {
            slot.cancel();
        }
        match sent {
            Sent::OnItsWay => {
                thread.request = Some(Request {
                    wanted_ns: now_ns,
                    cpu_ns,
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

const INCONSISTENT: &str = "the stack was never consistent";
const BLOCKED: &str = "the thread blocks signals";

impl Thread {
    fn look(&self, at_ns: u64, cpu_ns: u64) -> Look {
        Look { native_id: self.native_id, seen_ns: self.seen_ns, at_ns, cpu_ns }
    }
}
