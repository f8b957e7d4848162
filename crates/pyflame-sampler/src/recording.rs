//! One recording: the samples that it has asked for, aggregated as they come.
//!
//! Each sample of a thread stands for the time since that thread's previous one. CPU time goes to
//! samples that found the thread running, or stopped where it ran: what a thread spent between
//! two samples that found it waiting is kept for the next one of the other kind, for it certainly
//! was not spent waiting. What is left of it at the end is shown under a marker.

use std::sync::Arc;
use std::time::Duration;

use pyflame_cpython::RawFrame;
use pyflame_profile::{
    Category, Frame, FrameId, Function, Labels, LabelsId, Meta, Profile, SampleKey, StackId, State,
    ThreadId, ThreadName,
};
use rustc_hash::FxHashMap;

use crate::code_cache::{Code, CodeCache};
use crate::desk::Capture;
use crate::labels::LabelIds;
use crate::outlet::{Outlet, Pace};
use crate::roster::Still;
use crate::schedule::Schedule;
use crate::self_check::OwnFrame;
use scopes::Scopes;
use threads::{Followed, Path};

mod scopes;
mod threads;

/// What to record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Mean time between two looks.
    pub interval: Duration,
    /// The kernel's id of the one thread to record, or all threads.
    pub thread: Option<u32>,
    /// When to begin, on the monotonic clock; at once where it is not said.
    pub begins_ns: Option<u64>,
    /// When to end, on the monotonic clock; what comes after it is not recorded.
    pub ends_ns: Option<u64>,
    /// The innermost frames of the calling thread as the interpreter tells them, innermost first;
    /// before the first recording of a process, what is captured is held against them.
    pub own_stack: Vec<OwnFrame>,
    /// Records only what belongs to scopes that are followed, to be handed over one by one.
    pub by_scope: bool,
    /// Measures what the signals alone cost: threads are signalled, but no stack is looked at.
    pub empty_signals: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(1),
            thread: None,
            begins_ns: None,
            ends_ns: None,
            own_stack: Vec::new(),
            by_scope: false,
            empty_signals: false,
        }
    }
}

/// A recorded profile, and what is known of its threads.
#[derive(Debug, Default)]
pub struct Recorded {
    /// The samples.
    pub profile: Profile,
    /// For each thread of the profile the time at which it was first seen, in nanoseconds on the
    /// monotonic clock: with the native id it tells a thread from a later one of the same id.
    pub seen_ns: Vec<u64>,
    /// For each set of labels of the profile its number, by which the pairs are to be found.
    pub label_numbers: Vec<u64>,
    /// How much of a scope's time some thread worked on it or waited within it; for a whole
    /// recording zero.
    pub covered: Duration,
}

/// A recording in progress. Belongs to the sampling thread.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) number: u64,
    pub(crate) options: Options,
    pub(crate) schedule: Schedule,
    outlet: Option<(Box<dyn Outlet>, Pace)>,
    profile: Profile,
    /// Names of threads that have not been seen yet.
    names: FxHashMap<u64, Box<str>>,
    threads: FxHashMap<u32, Followed>,
    seen_ns: Vec<u64>,
    frames: FxHashMap<(u64, u32), Option<FrameId>>,
    scopes: Scopes,
    started_ns: u64,
    previous_tick_ns: u64,
    phase: Phase,
}

/// Whether a recording is taking samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not yet.
    Before,
    /// It is.
    Within,
    /// Not any more, since that time.
    Over(u64),
}

/// What identifies a thread, and its clocks at a look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) native_id: u32,
    /// When the thread was first seen.
    pub(crate) seen_ns: u64,
    /// When the look was wanted.
    pub(crate) at_ns: u64,
    /// The thread's CPU time by then.
    pub(crate) cpu_ns: u64,
}

impl Recording {
    pub(crate) fn new(
        number: u64,
        options: Options,
        outlet: Option<Box<dyn Outlet>>,
        now_ns: u64,
    ) -> Self {
        let interval_ns = u64::try_from(options.interval.as_nanos()).unwrap_or(u64::MAX);
        let mut profile = Profile::default();
        profile.meta = Meta { interval: options.interval, ..Meta::default() };
        Self {
            number,
            schedule: Schedule::new(interval_ns, now_ns, now_ns.wrapping_mul(0x9e37_79b9) ^ number),
            outlet: outlet.map(|outlet| (outlet, Pace::new(now_ns))),
            options,
            profile,
            names: FxHashMap::default(),
            threads: FxHashMap::default(),
            seen_ns: Vec::new(),
            frames: FxHashMap::default(),
            scopes: Scopes::default(),
            started_ns: now_ns,
            previous_tick_ns: now_ns,
            phase: Phase::Before,
        }
    }

    /// When it was asked for, or began.
    pub(crate) fn started_ns(&self) -> u64 {
        self.started_ns
    }

    /// When there is something to do for it.
    pub(crate) fn next_ns(&self) -> u64 {
        match self.phase {
            Phase::Before => self.options.begins_ns.unwrap_or(0),
            Phase::Over(_) => u64::MAX,
            Phase::Within => {
                let publish_ns = self.outlet.as_ref().map_or(u64::MAX, |(_, pace)| pace.next_ns());
                let ends_ns = self.options.ends_ns.unwrap_or(u64::MAX);
                self.schedule.next_ns().min(publish_ns).min(ends_ns)
            }
        }
    }

    /// Whether the threads are to be looked at now, where `is_awaited` says that one of them has
    /// not answered the last look.
    pub(crate) fn is_due(&mut self, now_ns: u64, is_awaited: bool) -> bool {
        self.phase == Phase::Within && self.schedule.is_due(now_ns, is_awaited)
    }

    /// Whether the time has come to begin, or to end.
    pub(crate) fn is_to_change(&self, now_ns: u64) -> bool {
        self.is_to_begin(now_ns) || self.ends(now_ns).is_some()
    }

    fn is_to_begin(&self, now_ns: u64) -> bool {
        let has_come = self.options.begins_ns.is_none_or(|begins_ns| begins_ns <= now_ns);
        has_come && self.phase == Phase::Before
    }

    /// Begins if the time has come; returns whether that is so, and threads are to be followed.
    pub(crate) fn begins(&mut self, now_ns: u64) -> bool {
        if !self.is_to_begin(now_ns) {
            return false;
        }
        self.phase = Phase::Within;
        self.schedule.begin(now_ns);
        (self.started_ns, self.previous_tick_ns) = (now_ns, now_ns);
        true
    }

    /// Whether the time to end has come, and when it was.
    pub(crate) fn ends(&self, now_ns: u64) -> Option<u64> {
        let ends_ns = self.options.ends_ns.filter(|ends_ns| *ends_ns <= now_ns);
        ends_ns.filter(|_| self.phase == Phase::Within)
    }

    /// Whether it takes samples, so that its end has to be accounted for.
    pub(crate) fn is_within(&self) -> bool {
        self.phase == Phase::Within
    }

    /// Ends without being handed over: what came before that time is all there will be.
    pub(crate) fn end(&mut self, ends_ns: u64) {
        self.phase = Phase::Over(ends_ns);
        let recorded_ns = ends_ns.saturating_sub(self.started_ns);
        self.profile.meta.duration = Duration::from_nanos(recorded_ns);
        if let Some((outlet, _)) = &mut self.outlet {
            outlet.publish(&self.profile);
        }
    }

    /// Lets out of the process what is new, if the time has come for that.
    pub(crate) fn publish(&mut self, now_ns: u64) {
        if let Some((outlet, pace)) = &mut self.outlet
            && self.phase == Phase::Within
            && pace.is_due(now_ns)
        {
            let recorded_ns = now_ns.saturating_sub(self.started_ns);
            self.profile.meta.duration = Duration::from_nanos(recorded_ns);
            outlet.publish(&self.profile);
        }
    }

    /// Takes note of a thread's name. At the end all names are given anew, by whoever knows better
    /// which thread bore an id when; this one is for a recording that has no proper end.
    pub(crate) fn name_thread(&mut self, name: ThreadName) {
        let native_id = u32::try_from(name.native_id).unwrap_or(0);
        match self.known_thread(native_id) {
            Some(thread) => self.profile.rename_thread(thread, &name.name),
            None => _ = self.names.insert(name.native_id, name.name),
        }
    }

    /// Whether this recording is about that thread.
    pub(crate) fn wants(&self, native_id: u32) -> bool {
        self.options.thread.is_none_or(|only| only == native_id)
    }

    /// Begins to follow a thread that was there before the recording.
    pub(crate) fn follow_from_now(&mut self, look: Look) {
        if !self.options.by_scope {
            self.thread(look); // In the order in which the program has begun them.
        }
        let followed = self.follow(look);
        followed.accounted_ns = look.at_ns;
        followed.accounted_cpu_ns = look.cpu_ns;
        followed.cpu_ns = look.cpu_ns;
    }

    /// Counts a look at all threads.
    pub(crate) fn tick(&mut self, now_ns: u64) {
        self.profile.meta.ticks += 1;
        self.previous_tick_ns = now_ns;
    }

    /// Takes note that a thread has not answered the look before this one yet.
    pub(crate) fn merge_looks(&mut self) {
        self.schedule.merge_last();
    }

    /// Counts a capture that was taken again.
    pub(crate) fn count_retake(&mut self) {
        self.profile.meta.retaken += 1;
    }

    /// Takes a stack that the thread itself captured while it ran.
    pub(crate) fn running(&mut self, look: Look, capture: &Capture<'_>, codes: &mut CodeCache) {
        if !self.wants_labels(capture.labels) {
            self.pass(look);
            return;
        }
        let (inner, outer) = capture.frames;
        let stack = if capture.left_out == 0 {
            self.stack(look, inner.iter().rev(), capture.deaths, codes)
        } else {
            let stack = self.stack(look, outer.iter().rev(), capture.deaths, codes);
            let marker = format!("[{} frames left out]", capture.left_out);
            let marker = self.profile.add_marker(&marker, Category::Uncaptured);
            let mut stack = self.profile.push_frame(stack, marker);
            for frame in inner.iter().rev() {
                let id = self.frame(*frame, capture.deaths, codes);
                stack = id.map_or(stack, |id| self.profile.push_frame(stack, id));
            }
            stack
        };
        self.record(look, stack, State::Running, capture.labels);
    }

    /// Takes the stack of a thread that stands still.
    pub(crate) fn still(&mut self, look: Look, still: &Still, state: State, codes: &mut CodeCache) {
        if !self.wants_labels(still.labels) {
            self.pass(look);
            return;
        }
        let known = self.follow(look).still.filter(|known| known.0 == still.number);
        let stack = if let Some((_, stack)) = known {
            stack
        } else {
            let stack = self.stack(look, still.frames.iter().rev(), still.deaths, codes);
            self.follow(look).still = Some((still.number, stack));
            stack
        };
        self.record(look, stack, state, still.labels);
    }

    /// Counts a sample whose stack is not known, and why.
    pub(crate) fn uncaptured(&mut self, look: Look, reason: &str) {
        let marker = self.profile.add_marker(&uncaptured(reason), Category::Uncaptured);
        let stack = self.profile.push_frame(StackId::EMPTY, marker);
        self.profile.meta.uncaptured += 1;
        let nobody = LabelIds::default();
        if self.wants_labels(nobody) {
            self.record(look, stack, State::Running, nobody);
        } else {
            self.pass(look);
        }
    }

    /// Takes note of a thread that runs at the end of the recording. Up to two intervals without
    /// a sample are as it should be; more is a time of which nothing is known.
    pub(crate) fn ran_on(&mut self, look: Look) {
        let interval_ns = u64::try_from(self.options.interval.as_nanos()).unwrap_or(u64::MAX);
        let accounted_ns = self.follow(look).accounted_ns;
        if look.at_ns.saturating_sub(accounted_ns) > interval_ns.saturating_mul(2) {
            self.uncaptured(look, UNSEEN_END);
        }
    }

    /// Ends the recording.
    pub(crate) fn finish(mut self, now_ns: u64) -> Recorded {
        let threads = std::mem::take(&mut self.threads).into_values().collect();
        self.close_threads(threads);
        let recorded_ns = match self.phase {
            Phase::Before => 0,
            Phase::Within => now_ns.saturating_sub(self.started_ns),
            Phase::Over(ends_ns) => ends_ns.saturating_sub(self.started_ns),
        };
        self.profile.meta.duration = Duration::from_nanos(recorded_ns);
        Recorded {
            profile: self.profile,
            seen_ns: self.seen_ns,
            label_numbers: self.scopes.numbers(),
            covered: Duration::ZERO,
        }
    }

    fn record(&mut self, look: Look, stack: StackId, state: State, ids: LabelIds) {
        let (thread, totals) = (self.thread(look), self.account(look, state));
        if self.options.by_scope && state == State::Waiting {
            self.keep_cpu(look, ids);
        }
        self.scopes.cover(ids, look.at_ns.saturating_sub(totals.wall_ns), look.at_ns);
        let labels = self.labels(ids);
        self.profile.meta.gaps.add_sample(totals.wall_ns);
        self.profile.record_totals(SampleKey { thread, stack, state, labels }, totals);
    }

    /// The labels in the profile, whose pairs are filled in at the end.
    fn labels(&mut self, ids: LabelIds) -> LabelsId {
        let profile = &mut self.profile;
        self.scopes.labels(ids, || profile.add_labels(Labels::default()))
    }

    /// The stack of frames that are given outermost first.
    fn stack<'a>(
        &mut self,
        look: Look,
        frames: impl Iterator<Item = &'a RawFrame>,
        deaths: u64,
        codes: &mut CodeCache,
    ) -> StackId {
        let mut path = std::mem::take(&mut self.follow(look).path);
        if path.deaths != deaths {
            path = Path { deaths, ..Path::default() };
        }
        let mut is_known = true;
        let mut stack = StackId::EMPTY;
        for (depth, frame) in frames.enumerate() {
            is_known = is_known && path.frames.get(depth) == Some(frame);
            if is_known {
                stack = path.stacks.get(depth).copied().unwrap_or(stack);
            } else {
                path.frames.truncate(depth);
                path.stacks.truncate(depth);
                stack = self.push(stack, *frame, deaths, codes);
                path.frames.push(*frame);
                path.stacks.push(stack);
            }
        }
        self.follow(look).path = path;
        stack
    }

    fn push(
        &mut self,
        caller: StackId,
        frame: RawFrame,
        deaths: u64,
        codes: &mut CodeCache,
    ) -> StackId {
        match self.frame(frame, deaths, codes) {
            Some(id) => self.profile.push_frame(caller, id),
            None => caller,
        }
    }

    /// The frame in the profile; `None` for what the interpreter has put between Python frames.
    fn frame(&mut self, raw: RawFrame, deaths: u64, codes: &mut CodeCache) -> Option<FrameId> {
        let Some(code) = codes.at(raw.code, deaths) else {
            self.profile.meta.uncaptured += 1;
            return Some(
                self.profile.add_marker("[uncaptured: unknown code]", Category::Uncaptured),
            );
        };
        let line = code.object.line_at(raw.offset);
        if self.frames.len() > MOST_FRAMES {
            self.frames.clear(); // Code made and dropped in a loop: its numbers never come again.
        }
        // Where Python shows no frame yet, we show none: the time is the caller's.
        if code.object.is_incomplete(raw.offset, raw.is_generator) {
            return None;
        }
        let key = (code.number, line);
        if let Some(frame) = self.frames.get(&key) {
            return *frame;
        }
        let frame = self.add_frame(&code, line);
        self.frames.insert(key, frame);
        frame
    }

    fn add_frame(&mut self, code: &Arc<Code>, line: u32) -> Option<FrameId> {
        let object = &code.object;
        if object.is_trampoline {
            return None;
        }
        let function = Function::new(&object.name, &object.filename, object.first_line);
        let function = self.profile.add_function(function);
        Some(self.profile.add_frame(Frame { function, line }))
    }
}

/// The name of a marker.
fn uncaptured(reason: &str) -> String {
    format!("[uncaptured: {reason}]")
}

const UNSEEN_END: &str = "the end, which no sample followed";

/// The stack under which CPU time is shown that passed between samples.
fn unseen_cpu(profile: &mut Profile) -> StackId {
    let marker = profile.add_marker("[uncaptured: CPU time between samples]", Category::Uncaptured);
    profile.push_frame(StackId::EMPTY, marker)
}

fn unlabelled(thread: ThreadId, stack: StackId) -> SampleKey {
    SampleKey { thread, stack, state: State::Running, labels: LabelsId::NONE }
}

const MOST_FRAMES: usize = 1 << 18;
