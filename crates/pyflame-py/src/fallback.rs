//! One look at all threads through `sys._current_frames()`, for where signals can't be used.
//!
//! A look happens in one call, with the GIL held and no bytecode run in between, so that the
//! stacks of all threads belong to one moment. What it can't cure is that the looking thread must
//! wait for the GIL first: functions that give it up are seen too often, and the rate suffers.
//! A profile taken this way says so.
//!
//! CPU time is read from the thread's clock, whose id Linux makes of the native thread id:
//! `(~tid << 3) | 6` (`MAKE_THREAD_CPUCLOCK` of the kernel's posix-timers.h). An id made once
//! stays safe to ask when the thread is gone, which the pthread handle does not.

use std::time::{Duration, Instant};

use indexmap::IndexMap;
use pyflame_profile::{
    Engine, Frame, Function, FunctionId, Profile, Sample, StackId, State, Thread, ThreadId,
};
use pyflame_sampler::{Outlet as _, Pace};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use rustc_hash::FxBuildHasher;

use crate::supervisor::Outbox;
use crate::text::Text;

/// The shortest pause between two looks; without one, the program would hardly get the GIL back.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);

/// Code objects that are remembered, and so kept alive, before all of them are let go.
const MOST_REMEMBERED: usize = 20_000;

/// Looks at threads through ``sys._current_frames()``.
///
/// Args:
///     interval_ns: Mean time between two looks.
///     ident: The only thread to look at, or None for all but the one that looks.
#[pyclass(module = "pyflame._native")]
pub(crate) struct FallbackSampler {
    profile: Profile,
    interval: Duration,
    only: Option<u64>,
    clocks: Clocks,
    seen_ns: Vec<u64>,
    current_frames: Py<PyAny>,
    get_ident: Py<PyAny>,
    names: Names,
    watched: IndexMap<u64, Watched, FxBuildHasher>,
    remembered: IndexMap<usize, (Py<PyAny>, FunctionId), FxBuildHasher>,
    started: Instant,
    last_look: Instant,
    due: Instant,
    rng: fastrand::Rng,
    outbox: Option<pyflame_supervisor::Outbox>,
    pace: Pace,
}

/// A thread and what its clocks said at the last look.
struct Watched {
    thread: ThreadId,
    clock: Option<i64>,
    wall: Instant,
    cpu_ns: u64,
}

#[pymethods]
impl FallbackSampler {
    #[new]
    #[pyo3(signature = (interval_ns, ident = None, outbox = None))]
    fn new(
        py: Python<'_>,
        interval_ns: u64,
        ident: Option<u64>,
        outbox: Option<&Outbox>,
    ) -> PyResult<Self> {
        let interval = Duration::from_nanos(interval_ns);
        let mut profile = Profile::default();
        profile.meta.engine = Engine::Fallback;
        profile.meta.interval = interval;
        let now = Instant::now();
        let mut sampler = Self {
            profile,
            interval,
            only: ident,
            clocks: Clocks::new(py)?,
            seen_ns: Vec::new(),
            current_frames: py.import("sys")?.getattr("_current_frames")?.unbind(),
            get_ident: py.import("_thread")?.getattr("get_ident")?.unbind(),
            names: Names::new(py),
            watched: IndexMap::default(),
            remembered: IndexMap::default(),
            started: now,
            last_look: now,
            due: now,
            rng: fastrand::Rng::new(),
            outbox: outbox.map(|outbox| outbox.inner().clone()),
            pace: Pace::new(0),
        };
        for (ident, _) in sampler.frames(py)? {
            // What a thread did before the start is not part of the recording.
            let clock = sampler.clocks.of_thread(py, ident);
            let cpu_ns = clock.and_then(|clock| sampler.clocks.read(py, clock)).unwrap_or(0);
            sampler.watch(py, ident, clock, cpu_ns);
        }
        Ok(sampler)
    }

    /// Look once; returns the seconds to wait before the next look.
    fn look(&mut self, py: Python<'_>) -> PyResult<f64> {
        let now = Instant::now();
        let own: u64 = self.get_ident.call0(py)?.extract(py)?;
        for (ident, frame) in self.frames(py)? {
            if ident == own {
                continue;
            }
            let stack = self.stack(&frame)?;
            self.record(py, ident, stack, now);
        }
        self.profile.meta.ticks += 1;
        self.last_look = now;
        self.publish();
        Ok(self.pause())
    }

    /// Seconds to wait before the first look.
    fn pause(&mut self) -> f64 {
        // Anything from half to one and a half intervals, so that no rhythm of the program's is
        // met in step. Looks that are overdue are not made up for: one that is late stands for
        // the time since the last.
        self.due += self.interval.mul_f64(0.5 + self.rng.f64());
        let now = Instant::now();
        if self.due < now {
            self.due = now;
        }
        (self.due - now).max(SHORTEST_PAUSE).as_secs_f64()
    }

    /// The profile of everything that was seen.
    fn finish(&mut self) -> crate::profile::Profile {
        self.profile.meta.duration = self.started.elapsed();
        self.remembered.clear();
        let seen_ns = std::mem::take(&mut self.seen_ns);
        crate::profile::Profile::recorded(std::mem::take(&mut self.profile), seen_ns)
    }
}

impl FallbackSampler {
    /// Lets what is new out of the process, if the time has come for that.
    fn publish(&mut self) {
        let recorded = self.started.elapsed();
        let recorded_ns = u64::try_from(recorded.as_nanos()).unwrap_or(u64::MAX);
        if let Some(outbox) = &mut self.outbox
            && self.pace.is_due(recorded_ns)
        {
            self.profile.meta.duration = recorded;
            outbox.publish(&self.profile);
        }
    }

    /// The innermost frame of each thread that is looked at.
    fn frames<'py>(&self, py: Python<'py>) -> PyResult<Vec<(u64, Bound<'py, PyAny>)>> {
        let frames = self.current_frames.bind(py).call0()?;
        let mut found = Vec::new();
        for (ident, frame) in frames.cast::<PyDict>()? {
            let ident = ident.extract()?;
            if self.only.is_none_or(|only| only == ident) {
                found.push((ident, frame));
            }
        }
        Ok(found)
    }

    /// Walks from the innermost frame out; any depth.
    fn stack(&mut self, innermost: &Bound<'_, PyAny>) -> PyResult<StackId> {
        let py = innermost.py();
        let mut frames = Vec::new();
        let mut next = Some(innermost.clone());
        while let Some(frame) = next {
            let function = self.function(&frame.getattr(self.names.code.bind(py))?)?;
            // An instruction that belongs to no line has None.
            let line = frame.getattr(self.names.line.bind(py))?.extract().unwrap_or(0);
            frames.push(self.profile.add_frame(Frame { function, line }));
            let caller = frame.getattr(self.names.caller.bind(py))?;
            next = (!caller.is_none()).then_some(caller);
        }
        Ok(self.profile.add_stack(frames.into_iter().rev()))
    }

    /// A code object is known again by its address, which is its own as long as we hold it.
    fn function(&mut self, code: &Bound<'_, PyAny>) -> PyResult<FunctionId> {
        let address = code.as_ptr().addr();
        if let Some((_, function)) = self.remembered.get(&address) {
            return Ok(*function);
        }
        let py = code.py();
        let name = code
            .getattr_opt(self.names.qualified_name.bind(py))?
            .map_or_else(|| code.getattr(self.names.name.bind(py)), Ok)?;
        let (name, file): (Text, Text) =
            (name.extract()?, code.getattr(self.names.file.bind(py))?.extract()?);
        let first_line = code.getattr(self.names.first_line.bind(py))?.extract().unwrap_or(0);
        let function = Function::new(&name.0, &file.0, first_line);
        let function = self.profile.add_function(function);
        if self.remembered.len() >= MOST_REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(address, (code.clone().unbind(), function));
        Ok(function)
    }

    fn record(&mut self, py: Python<'_>, ident: u64, stack: StackId, now: Instant) {
        let known = self.watched.get(&ident).map(|watched| (watched.clock, watched.cpu_ns));
        let cpu_ns = match known {
            Some((Some(clock), _)) => self.clocks.read(py, clock),
            Some((None, cpu_ns)) => Some(cpu_ns),
            None => None,
        };
        // A clock that is gone means that the thread is, and that another has its identifier.
        let cpu_ns = cpu_ns.unwrap_or_else(|| {
            let clock = self.clocks.of_thread(py, ident);
            self.watch(py, ident, clock, 0);
            clock.and_then(|clock| self.clocks.read(py, clock)).unwrap_or(0)
        });
        let Some(watched) = self.watched.get_mut(&ident) else { return };
        let wall = now.saturating_duration_since(watched.wall);
        let wall_ns = u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX);
        let cpu_spent = cpu_ns.saturating_sub(watched.cpu_ns).min(wall_ns);
        (watched.wall, watched.cpu_ns) = (now, cpu_ns);
        // The looker has the GIL, so "now" nobody runs Python; what the thread did for most of
        // the time is the best that can be said. Without a clock, it is taken as running.
        let running = watched.clock.is_none() || cpu_spent.saturating_mul(2) >= wall_ns;
        let state = if running { State::Running } else { State::Waiting };
        self.profile.record(watched.thread, stack, Sample { state, wall_ns, cpu_ns: cpu_spent });
    }

    /// Begins to follow a thread. One that is new stands for the time since the last look.
    fn watch(&mut self, py: Python<'_>, ident: u64, clock: Option<i64>, cpu_ns: u64) {
        let native_id = clock.map_or(0, native_id);
        let name = format!("unnamed thread {}", self.profile.threads().len() + 1);
        let thread = self.profile.add_thread(Thread::new(&name, native_id));
        self.seen_ns.push(self.clocks.monotonic(py));
        let watched = Watched { thread, clock, wall: self.last_look, cpu_ns };
        self.watched.insert(ident, watched);
    }
}

/// Names of attributes, interned before the first look: `pyo3::intern!` lets go of the GIL when it
/// makes its string, in the middle of a stack.
struct Names {
    code: Py<PyString>,
    line: Py<PyString>,
    caller: Py<PyString>,
    qualified_name: Py<PyString>,
    name: Py<PyString>,
    file: Py<PyString>,
    first_line: Py<PyString>,
}

impl Names {
    fn new(py: Python<'_>) -> Self {
        let intern = |text| PyString::intern(py, text).unbind();
        Self {
            code: intern("f_code"),
            line: intern("f_lineno"),
            caller: intern("f_back"),
            qualified_name: intern("co_qualname"),
            name: intern("co_name"),
            file: intern("co_filename"),
            first_line: intern("co_firstlineno"),
        }
    }
}

/// Threads' CPU clocks, by way of the `time` module.
struct Clocks {
    id_of_thread: Option<Py<PyAny>>,
    read: Option<Py<PyAny>>,
    monotonic: Py<PyAny>,
}

impl Clocks {
    fn new(py: Python<'_>) -> PyResult<Self> {
        let time = py.import("time")?;
        let function = |name| time.getattr_opt(name).map(|found| found.map(Bound::unbind));
        // Not every platform has clocks of other threads.
        Ok(Self {
            id_of_thread: function("pthread_getcpuclockid")?,
            read: function("clock_gettime_ns")?,
            monotonic: time.getattr("monotonic_ns")?.unbind(),
        })
    }

    /// The clock of a thread that exists for sure: the caller has just seen its frame, and has
    /// held the GIL since, without which no thread ends.
    fn of_thread(&self, py: Python<'_>, ident: u64) -> Option<i64> {
        self.id_of_thread.as_ref()?.call1(py, (ident,)).ok()?.extract(py).ok()
    }

    fn monotonic(&self, py: Python<'_>) -> u64 {
        self.monotonic.call0(py).and_then(|now| now.extract(py)).unwrap_or(0)
    }

    fn read(&self, py: Python<'_>, clock: i64) -> Option<u64> {
        self.read.as_ref()?.call1(py, (clock,)).ok()?.extract(py).ok()
    }
}

fn native_id(clock: i64) -> u64 {
    u64::try_from(!(clock >> 3)).unwrap_or(0)
}
