//! The engine of a process: one sampling thread for any number of recordings.
//!
//! The thread, the signal handler and the note of dying code objects exist while something is
//! recorded and go with the last recording; after recordings by scope, a second later. A forked
//! child has none of the three and is told so.
#![expect(unsafe_code, reason = "pthread_atfork")]

use std::mem::ManuallyDrop;
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvError, Sender, TryRecvError, channel};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use pyflame_profile::ThreadName;

use crate::forking::Forking;
use crate::linger::Linger;
use crate::outlet::Outlet;
use crate::python::Python;
use crate::recording::{Options, Recorded, Recording};
use crate::roster::PthreadId;
use crate::sampling_thread::{self, SamplingThread};
use crate::self_check::{self, OwnFrame};
use crate::signal::Signal;
use crate::ticker::{Command, Ticker};
use crate::{
    StartError, StopError, clock, deaths, descriptors, gil, pending_call, this_thread, wake,
};

/// A recording in progress, as its owner sees it.
#[derive(Debug)]
pub struct RecordingHandle {
    number: u64,
    /// The process in which it was started.
    pid: u32,
    is_by_scope: bool,
    has_ended: bool,
}

/// The sampling thread, if there is one.
static ENGINE: Mutex<Option<Engine>> = Mutex::new(None);
static NUMBERS: AtomicU64 = AtomicU64::new(1);

#[derive(Debug)]
struct Engine {
    pid: u32,
    commands: Sender<Command>,
    recordings: u64,
    linger: Linger,
    thread: SamplingThread,
}

impl RecordingHandle {
    /// Starts a recording; it has begun when this returns. One by scope has perhaps not, as that
    /// would cost a page the wait for another thread; its scopes begin when they are followed.
    ///
    /// The caller must hold the GIL: it keeps code objects from being dropped while the note of
    /// their deaths is set up, and another thread from forking while a lock is held.
    ///
    /// # Errors
    /// When stacks can't be captured by signals here; the error says why.
    pub fn start(options: Options) -> Result<Self, StartError> {
        Self::start_with(options, None)
    }

    /// As [`Self::start`]; what is recorded leaves the process by `outlet` as it goes.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(
        options: Options,
        outlet: Option<Box<dyn Outlet>>,
    ) -> Result<Self, StartError> {
        resume(); // A start follows a fork closely.
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        let mut engine = engine();
        if engine.as_ref().is_some_and(|engine| engine.pid != pid) {
            // The parent's. Its thread does not exist here, so there is nothing to join.
            _ = ManuallyDrop::new(engine.take());
        }
        if let Some(ended) = engine.take_if(|engine| !engine.linger.take_up()) {
            ended.thread.join(); // It is on its last steps.
        }
        let is_new = engine.is_none();
        let running = match &mut *engine {
            Some(running) => running,
            none => none.insert(Engine::start(pid, &options.own_stack)?),
        };
        let is_by_scope = options.by_scope;
        let (started, wait) = channel();
        let recording = Recording::new(number, options, outlet, clock::monotonic_ns());
        let command = Command::Start(Box::new(recording), started);
        running.commands.send(command).map_err(|_| StartError::ThreadEnded)?;
        running.recordings += 1;
        wake::call();
        let handle = Self { number, pid, is_by_scope, has_ended: false };
        if is_by_scope {
            return Ok(handle);
        }
        let started = wait.recv().map_err(|_| StartError::ThreadEnded);
        if started.is_err() && is_new {
            *engine = None;
        }
        started.map(|()| handle)
    }

    /// Ends the recording. The caller holds the GIL, for the reasons that [`Self::start`] gives.
    ///
    /// # Errors
    /// When there is nothing to hand over: in a forked child, or after a defect of ours.
    pub fn stop(mut self) -> Result<Recorded, StopError> {
        self.end()
    }

    /// Follows a scope from now on, in a recording by scope.
    ///
    /// # Errors
    /// As [`Self::stop`].
    pub fn follow(&self, scope: u64) -> Result<(), StopError> {
        self.command(Command::Follow(self.number, scope, clock::monotonic_ns()))
    }

    /// Ends a scope that is followed; what belongs to it can be had from what is returned.
    ///
    /// # Errors
    /// As [`Self::stop`].
    pub fn take(&self, scope: u64) -> Result<Taking, StopError> {
        let (taken, wait) = channel();
        self.command(Command::Take(self.number, scope, clock::monotonic_ns(), taken))?;
        wake::call();
        Ok(Taking(Mutex::new(wait)))
    }

    /// Tells the recording a thread's name. At its end all names are given anew; this one is for a
    /// recording that has no proper end.
    ///
    /// # Errors
    /// As [`Self::stop`].
    pub fn name_thread(&self, name: ThreadName) -> Result<(), StopError> {
        self.command(Command::Name(self.number, name))
    }

    fn command(&self, command: Command) -> Result<(), StopError> {
        if self.pid != std::process::id() {
            return Err(StopError::ForkedChild);
        }
        resume();
        let engine = engine();
        let running = engine.as_ref().ok_or(StopError::ThreadEnded)?;
        running.commands.send(command).map_err(|_| StopError::ThreadEnded)
    }

    fn end(&mut self) -> Result<Recorded, StopError> {
        self.has_ended = true;
        if self.pid != std::process::id() {
            return Err(StopError::ForkedChild);
        }
        resume();
        let mut engine = engine();
        let running = engine.as_mut().ok_or(StopError::ThreadEnded)?;
        let (recorded, wait) = channel();
        _ = running.commands.send(Command::Stop(self.number, clock::monotonic_ns(), recorded));
        running.recordings -= 1;
        if self.is_by_scope {
            // What it holds has been taken, scope by scope; it ends before anything new begins.
            if running.recordings == 0 {
                running.linger.begin();
            }
            return Ok(Recorded::default());
        }
        wake::call();
        let recorded = wait.recv().map_err(|_| StopError::ThreadEnded);
        if running.recordings == 0
            && let Some(Engine { commands, thread, .. }) = engine.take()
        {
            drop(commands);
            wake::call();
            thread.join();
        }
        recorded
    }
}

/// Has the sampling thread, if there is one, end for the time of a fork. The caller holds the GIL.
///
/// A fork while another thread runs is something that CPython warns of (`warn_about_fork_with_threads`
/// of Modules/posixmodule.c, from 3.12 on), and rightly so: the child has whatever the other thread
/// had half done. So there is no other thread of ours then.
pub fn pause_for_fork() {
    let mut paused = paused();
    if paused.is_some() {
        return; // It has not been resumed since the last fork.
    }
    let Some(Engine { pid, commands, recordings, linger, thread }) = engine().take() else {
        return;
    };
    if pid != std::process::id() {
        // The parent's. Its thread does not exist here, so there is nothing to join.
        _ = ManuallyDrop::new((commands, linger, thread));
        return;
    }
    _ = commands.send(Command::Pause);
    wake::call();
    // Nothing is paused where it has just ended.
    if let Some(ticker) = thread.join() {
        let forking = Forking::begin(ticker.python());
        *paused = Some(Paused { pid, commands, recordings, linger, ticker, forking });
    }
}

/// Lets the sampling thread go on after a fork, in the parent. The caller holds the GIL.
///
/// CPython counts the threads of the parent after this function could be called from
/// `os.register_at_fork`. Where the calling thread is the only one, ours is therefore started once
/// `os.fork()` has returned, a few bytecodes later; where it is not, the warning is not about us.
pub fn resume_after_fork() {
    if paused().is_none() {
        return;
    }
    // A folder has two links more than folders in it; asking for that takes no descriptor.
    let links = std::fs::metadata("/proc/self/task").map_or(0, |folder| folder.nlink());
    if links != 3 || !pending_call::add(resume_later) {
        resume();
    }
}

extern "C" fn resume_later(_: *mut std::ffi::c_void) -> std::ffi::c_int {
    let goes_on =
        paused().as_ref().is_some_and(|paused| paused.forking.goes_on(paused.ticker.python()));
    if !goes_on || !pending_call::add(resume_later) {
        resume();
    }
    0
}

/// What is left of the sampling thread while a fork is under way.
struct Paused {
    pid: u32,
    commands: Sender<Command>,
    recordings: u64,
    linger: Linger,
    ticker: Ticker,
    forking: Forking,
}

static PAUSED: Mutex<Option<Paused>> = Mutex::new(None);

fn paused() -> MutexGuard<'static, Option<Paused>> {
    PAUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the sampling thread again, if it was paused in this process.
fn resume() {
    let Some(paused) = paused().take() else { return };
    if paused.pid != std::process::id() {
        // A forked child: what belongs to the recording is the parent's.
        _ = ManuallyDrop::new(paused);
        return;
    }
    let Paused { pid, commands, recordings, linger, ticker, forking: _ } = paused;
    let python = ticker.python();
    match SamplingThread::spawn(move || sample(ticker, python)) {
        Ok(thread) => *engine() = Some(Engine { pid, commands, recordings, linger, thread }),
        // Where no thread can be started any more, the recording has ended.
        Err(_) => deaths::stop(python),
    }
}

/// What the sampling thread does.
fn sample(ticker: Ticker, python: &'static Python) -> Option<Ticker> {
    descriptors::leave_the_shared_table();
    sampling_thread::be_punctual();
    let paused = ticker.run();
    if paused.is_none() {
        deaths::stop(python);
    }
    paused
}

/// Waits for an answer of the sampling thread: a moment without going to sleep, which would take
/// longer than most answers do.
fn receive<T>(answer: &Receiver<T>) -> Result<T, RecvError> {
    let until_ns = clock::monotonic_ns() + SPIN_NS;
    while clock::monotonic_ns() < until_ns {
        match answer.try_recv() {
            Ok(answer) => return Ok(answer),
            Err(TryRecvError::Disconnected) => return Err(RecvError),
            Err(TryRecvError::Empty) => std::hint::spin_loop(),
        }
    }
    answer.recv()
}

/// What going to sleep and waking up again takes, and a little more.
const SPIN_NS: u64 = 100_000;

/// A scope that has ended, on its way from the sampling thread. (The lock is for nothing but to
/// let it be handed from thread to thread.)
#[derive(Debug)]
pub struct Taking(Mutex<Receiver<Recorded>>);

impl Taking {
    /// Waits for what belongs to the scope. The caller holds the GIL.
    ///
    /// # Errors
    /// When the scope was not followed.
    pub fn receive(self) -> Result<Recorded, StopError> {
        let wait = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        receive(&wait).map_err(|_| StopError::NotFollowed)
    }
}

/// Whether what is captured has been held against the interpreter in this process: then
/// [`Options::own_stack`] is not needed any more.
pub fn is_checked() -> bool {
    IS_CHECKED.load(Ordering::Acquire)
}

fn engine() -> MutexGuard<'static, Option<Engine>> {
    ENGINE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    fn start(pid: u32, own_stack: &[OwnFrame]) -> Result<Self, StartError> {
        let python = Python::find()?;
        note_forks();
        let signal = Signal::install().ok_or(StartError::NoFreeSignal)?;
        if !IS_CHECKED.load(Ordering::Acquire) {
            check(python, signal, own_stack).inspect_err(|_| signal.uninstall())?;
            IS_CHECKED.store(true, Ordering::Release);
        }
        gil::find(python);
        deaths::start(python);
        let pthread_id = PthreadId::of_this_thread(python);
        let (commands, received) = channel();
        let linger = Linger::default();
        let its_linger = linger.clone();
        let thread = SamplingThread::spawn(move || {
            let mut pthread_id = pthread_id;
            pthread_id.confirm(this_thread::pthread_self(), this_thread::native_id());
            let ticker = Ticker::new(python, signal, pthread_id, received, its_linger);
            sample(ticker, python)
        });
        let thread = thread.map_err(|error| {
            signal.uninstall();
            deaths::stop(python);
            StartError::NoThread(error)
        })?;
        Ok(Self { pid, commands, recordings: 0, linger, thread })
    }
}

/// Finds out whether what we build on holds in this process.
fn check(
    python: &'static Python,
    signal: Signal,
    own_stack: &[OwnFrame],
) -> Result<(), StartError> {
    if !clock::is_fine() {
        return Err(StartError::CoarseClock);
    }
    self_check::run(python, signal, own_stack)
}

impl Drop for RecordingHandle {
    /// A recording that nobody asks for any more ends.
    fn drop(&mut self) {
        if !self.has_ended {
            _ = self.end();
        }
    }
}

/// Whether what we capture was found to be what the interpreter itself says.
static IS_CHECKED: AtomicBool = AtomicBool::new(false);

/// A forked child has no sampling thread that would empty what is noted.
fn note_forks() {
    static ONCE: Once = Once::new();
    extern "C" fn in_child() {
        deaths::forget_other_threads();
    }
    ONCE.call_once(|| {
        // SAFETY: the function only stores to atomics, which is allowed in a child of fork.
        _ = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}
