//! The sampling thread: looks at every wanted thread at jittered times, collects what threads
//! have captured, and hands samples to recordings. How a thread is looked at is `eye`'s rule.
//!
//! This thread never takes the GIL and blocks all signals.

use std::sync::mpsc::{Receiver, Sender};

use pyflame_profile::ThreadName;

use crate::clock::{self, monotonic_ns};
use crate::code_cache::CodeCache;
use crate::desk::Outcome;
use crate::eye::{Eye, INCONSISTENT, Recipients, Seen};
use crate::linger::{LINGER_NS, Linger};
use crate::own_memory::BlockMemory;
use crate::python::Python;
use crate::recording::{Recorded, Recording};
use crate::reserve::Scarcity;
use crate::roster::{PthreadId, Request, Roster, Thread};
use crate::signal::{Sent, Signal};
use crate::slot::{Found, Slots};
use crate::snapshot::Snapshot;
use crate::{c_stack, wake};

/// What the sampling thread is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Begin a recording, which was asked for at that time, and say when it has begun.
    Start(Box<Recording>, Sender<()>),
    /// Give a thread the name that was learnt for its id, in a recording.
    Name(u64, ThreadName),
    /// End the thread, and hand over everything for another one to go on with.
    Pause,
    /// End a recording, which was asked for at that time, and hand it over.
    Stop(u64, u64, Sender<Recorded>),
    /// Follow a scope in a recording from that time on.
    Follow(u64, u64, u64),
    /// End a scope of a recording, which was asked for at that time, and hand over what belongs
    /// to it.
    Take(u64, u64, u64, Sender<Recorded>),
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
    snapshot: Snapshot,
    slots: Slots,
    stills: u64,
    scarcity: Scarcity,
    linger: Linger,
    /// When something was recorded last, on the monotonic clock.
    recorded_ns: u64,
}

/// What the threads have yet to answer.
#[derive(Clone, Copy, Debug, Default)]
struct Unanswered {
    /// When to look for answers, or to ask again.
    next_ns: Option<u64>,
    /// Whether a thread has yet to answer the first look that asked it.
    is_new: bool,
}

/// The longest sleep: what is known of dead code objects is not to pile up.
const LONGEST_SLEEP_NS: u64 = 50_000_000;

/// How soon a capture is looked for where the next look at the threads is farther away. (One that is
/// not believed calls at once.) To wake up costs several times what a sample does.
const COLLECT_AFTER_NS: u64 = 10_000_000;

/// How long a thread gets to leave the place where its stack is not believed. With less, on a
/// busy CPU, it would be signalled again before it had executed a single instruction.
const RETAKE_AFTER_NS: u64 = 25_000;

/// Some time within which a thread is asked anew that has answered late.
const ANEW_WITHIN_NS: u32 = 25_000;

/// How often a stack that is not believed is taken again.
const MOST_RETAKES: u32 = 32;

impl Ticker {
    pub(crate) fn new(
        python: &'static Python,
        signal: Signal,
        pthread_id: PthreadId,
        commands: Receiver<Command>,
        linger: Linger,
    ) -> Self {
        Self {
            python,
            signal,
            roster: Roster::new(python, pthread_id),
            codes: CodeCache::new(python),
            recordings: Vec::new(),
            commands,
            memory: BlockMemory::new(),
            snapshot: Snapshot::default(),
            slots: Slots::all(),
            stills: 0,
            scarcity: Scarcity::default(),
            linger,
            recorded_ns: monotonic_ns(),
        }
    }

    /// The interpreter that it looks at.
    pub(crate) fn python(&self) -> &'static Python {
        self.python
    }

    /// Works until there is nobody left who could ask for anything.
    /// Returns itself if it was told to pause.
    pub(crate) fn run(mut self) -> Option<Self> {
        loop {
            let calls = wake::calls();
            loop {
                match self.commands.try_recv() {
                    Ok(Command::Pause) => return Some(self),
                    Ok(command) => self.obey(command),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                        self.leave();
                        return None;
                    }
                }
            }
            let unanswered = self.collect();
            let now_ns = monotonic_ns();
            if self.is_to_end(now_ns) {
                self.leave();
                return None;
            }
            self.begin_and_end(now_ns);
            self.publish(now_ns);
            let recordings = self.recordings.iter_mut();
            let due: Vec<bool> = recordings.map(|r| r.is_due(now_ns, unanswered.is_new)).collect();
            let is_due = due.contains(&true);
            if is_due {
                self.look(now_ns, &due);
            }
            if self.roster.is_deserted(now_ns, &mut self.slots) {
                self.end_recordings(now_ns);
                self.leave();
                return None;
            }
            if is_due {
                continue; // Looking takes time, and something may be due by now.
            }
            let next_ns = self.recordings.iter().map(Recording::next_ns).chain(unanswered.next_ns);
            wake::wait_until(next_ns.fold(now_ns + LONGEST_SLEEP_NS, u64::min), calls);
        }
    }

    /// Whether nobody has wanted anything for so long that the thread ends by itself.
    fn is_to_end(&mut self, now_ns: u64) -> bool {
        if !self.recordings.is_empty() || !self.linger.is_lingering() {
            self.recorded_ns = now_ns;
        }
        now_ns.saturating_sub(self.recorded_ns) > LINGER_NS && self.linger.end()
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Pause => {}
            Command::Start(mut recording, started) => {
                let asked_ns = recording.started_ns();
                if recording.begins(asked_ns) {
                    self.follow_threads(&mut recording, asked_ns);
                }
                self.recordings.push(*recording);
                _ = started.send(()); // Who asked may have gone; that is no error.
            }
            Command::Name(number, name) => {
                if let Some(recording) = self.recordings.iter_mut().find(|r| r.number == number) {
                    recording.name_thread(name);
                }
            }
            Command::Follow(number, scope, asked_ns) => {
                if let Some(recording) = self.recordings.iter_mut().find(|r| r.number == number) {
                    recording.follow_scope(scope, asked_ns);
                }
            }
            Command::Take(number, scope, asked_ns, taken) => {
                self.collect();
                let recording = self.recordings.iter_mut().find(|r| r.number == number);
                if let Some(part) = recording.and_then(|r| r.take_scope(scope, asked_ns)) {
                    _ = taken.send(part);
                }
            }
            Command::Stop(number, asked_ns, recorded) => {
                self.collect();
                let position = self.recordings.iter().position(|r| r.number == number);
                if let Some(position) = position {
                    let mut recording = self.recordings.remove(position);
                    if recording.is_within() {
                        self.close(&mut recording, asked_ns);
                    }
                    _ = recorded.send(recording.finish(asked_ns));
                }
            }
        }
    }

    /// Follows all threads from that time on.
    fn follow_threads(&mut self, recording: &mut Recording, from_ns: u64) {
        self.roster.refresh(monotonic_ns(), &mut self.slots);
        for thread in self.roster.iter_mut() {
            if recording.wants(thread.native_id)
                && let Some(cpu_ns) = thread.clock.cpu_ns()
            {
                recording.follow_from_now(thread.look(from_ns, cpu_ns));
            }
        }
    }

    /// Begins and ends recordings that have a time for that.
    fn begin_and_end(&mut self, now_ns: u64) {
        while let Some(position) = self.recordings.iter().position(|r| r.is_to_change(now_ns)) {
            let mut recording = self.recordings.remove(position);
            if recording.begins(now_ns) {
                self.follow_threads(&mut recording, now_ns);
            }
            if let Some(ends_ns) = recording.ends(now_ns) {
                self.close(&mut recording, ends_ns);
                recording.end(ends_ns);
            }
            self.recordings.insert(position, recording);
        }
    }

    /// Ends what is recorded, as there is nobody left who could ask for it.
    ///
    /// A process ends with its last thread (`start_thread` of the C library), which need not be the
    /// one that began it: a thread that forks is the only one of the child. Ours must not be what
    /// keeps such a process alive.
    fn end_recordings(&mut self, now_ns: u64) {
        self.collect();
        let mut recordings = std::mem::take(&mut self.recordings);
        for recording in recordings.iter_mut().filter(|recording| recording.is_within()) {
            self.close(recording, now_ns);
            recording.end(now_ns);
        }
    }

    /// Lets out of the process what has been recorded, where the time has come for that, and there
    /// is memory to write it down.
    fn publish(&mut self, now_ns: u64) {
        if self.scarcity.lasts(now_ns) {
            return;
        }
        for recording in &mut self.recordings {
            recording.publish(now_ns);
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
        for (recording, _) in self.recordings.iter_mut().zip(due).filter(|(_, due)| **due) {
            recording.tick(now_ns);
            let roster = &self.roster;
            recording.forget_ended(roster.len(), |id, seen_ns| roster.has(id, seen_ns));
        }
        let is_scarce = self.scarcity.lasts(now_ns);
        let mut position = 0;
        while let Some(thread) = self.roster.get(position) {
            let native_id = thread.native_id;
            let mut for_whom = Recipients::new(&mut self.recordings, due, native_id);
            if for_whom.is_empty() {
                position += 1;
                continue;
            }
            if is_scarce {
                thread.pass_over(now_ns, &mut for_whom);
                position += 1;
                continue;
            }
            let mut eye = Eye {
                python: self.python,
                slots: &mut self.slots,
                signal: &mut self.signal,
                memory: &mut self.memory,
                snapshot: &mut self.snapshot,
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

    /// Takes what the threads have captured; returns what they have yet to.
    fn collect(&mut self) -> Unanswered {
        let now_ns = monotonic_ns();
        let (mut deaths, mut unanswered) = (u64::MAX, Unanswered::default());
        for thread in self.roster.iter_mut() {
            let Some(request) = thread.request else { continue };
            let everyone: Vec<bool> = self.recordings.iter().map(Recording::is_within).collect();
            let mut for_whom = Recipients::new(&mut self.recordings, &everyone, thread.native_id);
            thread.request = match request.again_ns {
                Some(again_ns) if again_ns > now_ns => Some(request),
                Some(_) => ask_again(self.signal, thread, request, &mut for_whom),
                None => take(thread, request, now_ns, &mut for_whom, &mut self.codes),
            };
            if let Some(request) = thread.request {
                let look_ns = request.again_ns.unwrap_or(now_ns + COLLECT_AFTER_NS);
                let next_ns = unanswered.next_ns.map_or(look_ns, |next_ns| next_ns.min(look_ns));
                unanswered.next_ns = Some(next_ns);
                unanswered.is_new |= !request.is_overdue;
                deaths = deaths.min(request.deaths);
            }
        }
        // A capture still to come is later than its request.
        self.codes.absorb();
        self.codes.forget_dead(deaths);
        unanswered
    }

    fn leave(self) {
        self.signal.uninstall();
    }
}

/// Takes the answer to a request, if it is there; returns what is still to be answered.
fn take(
    thread: &mut Thread,
    request: Request,
    now_ns: u64,
    for_whom: &mut Recipients<'_>,
    codes: &mut CodeCache,
) -> Option<Request> {
    let look = thread.look(request.wanted_ns, request.cpu_ns);
    let outcome = thread.slot?.take(|found| match found {
        Found::Nothing => None,
        Found::Late => Some(Outcome::Late),
        Found::Failed => Some(Outcome::Refused),
        Found::Stack(capture) => {
            for_whom.each(|recording| recording.running(look, &capture, codes));
            Some(Outcome::Stack)
        }
    });
    match outcome {
        None => Some(request),
        Some(Outcome::Stack) => {
            thread.slot?.learn_c_stack(|| {
                let is_main = thread.native_id == std::process::id();
                c_stack::of_thread(is_main, thread.state.1.thread_id)
            });
            None
        }
        Some(Outcome::Late) => {
            thread.late_answers_left = thread.late_answers_left.saturating_sub(1);
            let again_ns = Some(now_ns + clock::some_of(ANEW_WITHIN_NS));
            Some(Request { again_ns, ..request })
        }
        Some(Outcome::Refused) if request.retakes == MOST_RETAKES => {
            for_whom.each(|recording| recording.uncaptured(look, INCONSISTENT));
            None
        }
        Some(Outcome::Refused) => {
            for_whom.each(Recording::count_retake);
            let retakes = request.retakes + 1;
            Some(Request { retakes, again_ns: Some(now_ns + RETAKE_AFTER_NS), ..request })
        }
    }
}

/// Has a stack taken again that was not believed, or was not that of the moment.
fn ask_again(
    signal: Signal,
    thread: &Thread,
    request: Request,
    for_whom: &mut Recipients<'_>,
) -> Option<Request> {
    let slot = thread.slot.filter(|_| signal.is_ours())?;
    // Without the GIL it is not signalled; the next look reads it, and the time goes there.
    let gil = thread.gil();
    slot.request(thread.asked_for(for_whom, gil.is_some()));
    let is_time = || gil.is_none_or(|gil| gil.is_held_by(thread.state.1.address));
    if signal.send(thread.native_id, slot, is_time) == Sent::OnItsWay {
        return Some(Request { again_ns: None, ..request });
    }
    slot.cancel();
    for_whom.each(Recording::merge_looks);
    None
}
