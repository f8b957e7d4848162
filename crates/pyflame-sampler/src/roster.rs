//! Which Python threads there are, as they come and go.
//!
//! New thread states are put at the head of their interpreter's list and carry ever larger ids,
//! so one look at the head tells whether any thread is new (Python/pystate.c,
//! `add_threadstate`). The list is read again then, and a few times a second for what else may
//! have changed. A thread that has ended no longer has a clock.
//!
//! Up to 3.10 a thread state names its thread by `pthread_self()` only. The C library keeps the
//! kernel's id inside the structure which that points to; where, is found by looking at two
//! threads whose ids are known.

use std::collections::hash_map::Entry;

use indexmap::IndexMap;
use pyflame_cpython::{Layout, Memory as _, RawFrame, ThreadState, TopFrame, threads};
use pyflame_profile::State;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::clock::ThreadClock;
use crate::labels::LabelIds;
use crate::own_memory::OwnMemory;
use crate::python::Python;
use crate::slot::{Slot, Slots};
use crate::task::Task;
use crate::this_thread;

/// A thread with a Python thread state.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) native_id: u32,
    /// Its thread state, and the interpreter that belongs to.
    pub(crate) state: (u64, ThreadState),
    /// Whether it has others, too, or seems to: in another interpreter, or because a thread has ended
    /// without its state and this one has got its ids, or because it is about to start a thread.
    /// Which of them it is on, it knows itself.
    pub(crate) is_shared: bool,
    pub(crate) clock: ThreadClock,
    pub(crate) task: Task,
    /// When it was first seen, on the monotonic clock.
    pub(crate) seen_ns: u64,
    /// Where it puts its own stack; once it has been signalled.
    pub(crate) slot: Option<&'static Slot>,
    /// What it has been asked and has not answered yet.
    pub(crate) request: Option<Request>,
    /// Its stack, if it has not run since that was read.
    pub(crate) still: Option<Still>,
    /// What is known of its signal mask.
    pub(crate) mask: Mask,
    /// How often it may still be asked anew for having answered late ([`Thread::asked_for`]).
    pub(crate) late_answers_left: u8,
    /// Where its stack was when it was last read while the thread was without the GIL.
    pub(crate) blocks: Vec<u64>,
}

/// Whether a thread lets our signal in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mask {
    /// Nobody has asked yet.
    Unknown,
    /// It does, or did when it was asked.
    Open,
    /// It does not; worth asking again after the given time, and if need be after as long again.
    Blocked {
        /// When to ask again, on the monotonic clock.
        until_ns: u64,
        /// For how long it was believed.
        for_ns: u64,
    },
}

/// A capture that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// The last time it was wanted, on the monotonic clock.
    pub(crate) wanted_ns: u64,
    /// The thread's CPU time by then.
    pub(crate) cpu_ns: u64,
    /// How many code objects had died when it was first wanted.
    pub(crate) deaths: u64,
    /// Whether it has been wanted again since.
    pub(crate) is_overdue: bool,
    /// When to ask whether the thread blocks the signal.
    pub(crate) doubt_ns: u64,
    /// How often a capture was not believed.
    pub(crate) retakes: u32,
    /// When to have it taken again, if the last one was not believed.
    pub(crate) again_ns: Option<u64>,
}

/// The stack of a thread that stands still.
#[derive(Debug)]
pub(crate) struct Still {
    /// Its CPU time; while that is the same, the thread has not run.
    pub(crate) cpu_ns: u64,
    /// What it is doing while it does not run.
    pub(crate) state: State,
    /// Its frames, innermost first.
    pub(crate) frames: Vec<RawFrame>,
    /// How many code objects had died by then. The thread holds those of its frames.
    pub(crate) deaths: u64,
    /// What the program says about the thread's work.
    pub(crate) labels: LabelIds,
    /// Names this stack among all that the thread ever stood still with.
    pub(crate) number: u64,
}

/// All Python threads of the process.
#[derive(Debug)]
pub(crate) struct Roster {
    python: &'static Python,
    pthread_id: PthreadId,
    threads: IndexMap<u32, Thread, FxBuildHasher>,
    /// Each interpreter with the address and id of its newest thread state.
    heads: Vec<(u64, u64, u64)>,
    is_stale: bool,
    listed_ns: u64,
}

/// How often the list is read again where nothing says that it must be.
const LIST_EVERY_NS: u64 = 100_000_000;

/// More interpreters than a process has.
const MAX_INTERPRETERS: usize = 1024;

impl Roster {
    pub(crate) fn new(python: &'static Python, pthread_id: PthreadId) -> Self {
        Self {
            python,
            pthread_id,
            threads: IndexMap::default(),
            heads: Vec::new(),
            is_stale: true,
            listed_ns: 0,
        }
    }

    /// Brings the list up to date where it has to be.
    pub(crate) fn refresh(&mut self, now_ns: u64, slots: &mut Slots) {
        let overdue = now_ns.saturating_sub(self.listed_ns) > LIST_EVERY_NS;
        if self.is_stale || overdue || self.has_new_head() {
            self.list(now_ns, slots);
        }
    }

    /// Whether the last Python thread has ended: an interpreter that lives has the thread state of
    /// its main thread, except in the child of a fork by another thread, which has only that one's.
    pub(crate) fn is_deserted(&mut self, now_ns: u64, slots: &mut Slots) -> bool {
        if now_ns.saturating_sub(self.listed_ns) > LIST_EVERY_NS {
            self.refresh(now_ns, slots);
        }
        !self.heads.is_empty() && self.heads.iter().all(|(_, newest, _)| *newest == 0)
    }

    /// Makes the next refresh read the list.
    pub(crate) fn mark_stale(&mut self) {
        self.is_stale = true;
    }

    /// Whether the calling thread is among all there are now, with its state at `thread`.
    pub(crate) fn lists_this_thread(&self, thread: u64) -> bool {
        let id = self.python.id_of_current_thread(thread);
        let is_it = |state: &ThreadState| {
            state.address == thread
                && Some(state.id) == id
                && state.thread_id == this_thread::pthread_self()
                && self.native_id(state) == Some(this_thread::native_id())
        };
        self.read().is_some_and(|(_, found)| found.iter().any(|(_, state)| is_it(state)))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.threads.len()
    }

    /// Whether the thread with this id is the one that was first seen then.
    pub(crate) fn has(&self, native_id: u32, seen_ns: u64) -> bool {
        self.threads.get(&native_id).is_some_and(|thread| thread.seen_ns == seen_ns)
    }

    /// The thread at a position; positions change when threads end.
    pub(crate) fn get(&mut self, position: usize) -> Option<&mut Thread> {
        self.threads.get_index_mut(position).map(|(_, thread)| thread)
    }

    /// Every thread.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Thread> {
        self.threads.values_mut()
    }

    /// Drops a thread that has ended.
    pub(crate) fn remove(&mut self, native_id: u32, slots: &mut Slots) {
        if let Some(thread) = self.threads.swap_remove(&native_id) {
            slots.release(thread.slot);
        }
    }

    fn has_new_head(&self) -> bool {
        let layout = &self.python.stacks.layout;
        let runtime = self.python.runtime + layout.interpreters_head;
        let Some(newest) = self.heads.first().map(|head| head.0) else { return true };
        self.heads.iter().any(|(interpreter, head, id)| {
            let threads = interpreter + layout.interpreter.threads_head;
            OwnMemory::words([runtime, threads, head + layout.thread.id])
                != Ok([newest, *head, *id])
        })
    }

    fn list(&mut self, now_ns: u64, slots: &mut Slots) {
        let Some((heads, found)) = self.read() else {
            return; // It changed under us; the next look reads it again.
        };
        self.is_stale = false;
        self.listed_ns = now_ns;
        self.heads = heads;
        let mut bound = self.bound(found);
        self.threads.retain(|native_id, thread| match bound.remove(native_id) {
            Some(Bound { state, is_shared }) if state.1.id == thread.state.1.id => {
                (thread.state, thread.is_shared) = (state, is_shared);
                true
            }
            other => {
                slots.release(thread.slot.take());
                // The id names another thread now, or the same with a new state.
                other.is_some_and(|bound| {
                    *thread = Thread::new(*native_id, bound, now_ns);
                    true
                })
            }
        });
        let mut new: Vec<_> = bound.into_iter().collect();
        new.sort_unstable_by_key(|(_, bound)| (bound.state.0, bound.state.1.id));
        for (native_id, bound) in new {
            self.threads.insert(native_id, Thread::new(native_id, bound, now_ns));
        }
    }

    /// The state of each thread, by the kernel's id.
    fn bound(&mut self, found: Vec<(u64, ThreadState)>) -> FxHashMap<u32, Bound> {
        let mut bound = FxHashMap::default();
        // A thread of the program's may have ended without its state, and left us its ids.
        let ours = this_thread::native_id();
        for (interpreter, state) in found {
            let Some(native_id) = self.native_id(&state) else {
                self.is_stale = true; // Its thread has not started yet; see again soon.
                continue;
            };
            match bound.entry(native_id) {
                _ if native_id == ours => {}
                // A thread can have a state in each of several interpreters. The first found
                // belongs to the oldest interpreter, in which the thread began.
                Entry::Vacant(entry) => {
                    entry.insert(Bound { state: (interpreter, state), is_shared: false });
                }
                Entry::Occupied(mut entry) => {
                    let first: &mut Bound = entry.get_mut();
                    first.is_shared = true;
                    let is_rival = first.state.0 == interpreter;
                    self.is_stale |= is_rival;
                    if is_rival && self.is_idle(&first.state.1) && !self.is_idle(&state) {
                        first.state.1 = state;
                    }
                }
            }
        }
        bound
    }

    /// Whether a thread state has no frames, where that is told by one word of it.
    fn is_idle(&self, state: &ThreadState) -> bool {
        match self.python.stacks.layout.thread.top {
            TopFrame::Direct(top) => OwnMemory.word(state.address + top) == Ok(0),
            TopFrame::CFrame { .. } => false,
        }
    }

    /// All interpreters with their newest threads, and all thread states, oldest first.
    #[expect(clippy::type_complexity, reason = "two lists that are made in one pass")]
    fn read(&self) -> Option<(Vec<(u64, u64, u64)>, Vec<(u64, ThreadState)>)> {
        let layout: &Layout = &self.python.stacks.layout;
        let mut heads = Vec::new();
        let mut found = Vec::new();
        let mut interpreter =
            OwnMemory.word(self.python.runtime + layout.interpreters_head).ok()?;
        for _ in 0..MAX_INTERPRETERS {
            if interpreter == 0 {
                found.reverse();
                return Some((heads, found));
            }
            let before = found.len();
            threads(&mut OwnMemory, layout, interpreter, |state| found.push((interpreter, state)))
                .ok()?;
            let newest = found.get(before).map_or((0, 0), |(_, state)| (state.address, state.id));
            heads.push((interpreter, newest.0, newest.1));
            interpreter = OwnMemory.word(interpreter + layout.interpreter.next).ok()?;
        }
        None
    }

    fn native_id(&self, state: &ThreadState) -> Option<u32> {
        let layout = &self.python.stacks.layout;
        let native_id = match layout.thread.native_thread_id {
            Some(_) => u32::try_from(state.native_id).ok()?,
            None => self.pthread_id.native_id(state.thread_id)?,
        };
        (native_id != 0).then_some(native_id)
    }
}

/// The state that a thread has, with its interpreter, and whether it has others.
struct Bound {
    state: (u64, ThreadState),
    is_shared: bool,
}

impl Thread {
    fn new(native_id: u32, Bound { state, is_shared }: Bound, now_ns: u64) -> Self {
        Self {
            native_id,
            state,
            is_shared,
            clock: ThreadClock::of(native_id),
            task: Task::new(native_id),
            seen_ns: now_ns,
            slot: None,
            request: None,
            still: None,
            mask: Mask::Unknown,
            late_answers_left: 0,
            blocks: Vec::new(),
        }
    }
}

/// Where the C library keeps the kernel's id of a thread, in bytes from `pthread_self()`.
#[derive(Clone, Debug)]
pub(crate) struct PthreadId {
    candidates: Vec<u64>,
}

impl PthreadId {
    /// What the structure of the calling thread allows; nothing where thread states have the id
    /// themselves.
    pub(crate) fn of_this_thread(python: &Python) -> Self {
        match python.stacks.layout.thread.native_thread_id {
            Some(_) => Self { candidates: Vec::new() },
            None => Self::learn(this_thread::pthread_self(), this_thread::native_id()),
        }
    }

    /// What the structure of one thread allows; the ids are those of that thread.
    fn learn(pthread: u64, native_id: u32) -> Self {
        // In blocks: the structure may end where nothing is mapped any more.
        let block = |start: u64| {
            let words = OwnMemory.bytes::<BLOCK>(pthread + start).unwrap_or([0; BLOCK]);
            let offsets = (start..).step_by(4).zip(words.as_chunks().0.to_vec());
            offsets.filter(|(_, word)| u32::from_le_bytes(*word) == native_id)
        };
        let found = (0..SEARCHED).step_by(BLOCK).flat_map(block);
        Self { candidates: found.map(|(offset, _)| offset).collect() }
    }

    /// Keeps what a second thread confirms.
    pub(crate) fn confirm(&mut self, pthread: u64, native_id: u32) {
        if self.candidates.is_empty() {
            return;
        }
        let other = Self::learn(pthread, native_id);
        self.candidates.retain(|offset| other.candidates.contains(offset));
    }

    fn native_id(&self, pthread: u64) -> Option<u32> {
        let offset = self.candidates.first()?;
        OwnMemory.bytes(pthread + offset).map(u32::from_le_bytes).ok()
    }
}

/// glibc keeps it at 720 on x86-64 and at 208 on aarch64, musl within the first hundred bytes.
const SEARCHED: u64 = 1536;
const BLOCK: usize = 64;
