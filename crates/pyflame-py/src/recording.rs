//! `_native.Recording`: the engine of `pyflame-sampler` as Python sees it, and what tests and
//! benchmarks ask of the same engine.

use std::time::Duration;

use pyflame_profile::ThreadName;
use pyflame_sampler::{
    Options, Outlet, OwnFrame, Recorded, RecordingHandle, StopError, Taking, is_checked, read_code,
    save_image,
};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCode;
use rustc_hash::FxHashMap;

use crate::exceptions;
use crate::label_registry::{KeptLabels, KeptScope, registry};
use crate::labels::LabelSet;
use crate::profile::{Profile, drop_tool, names};
use crate::supervisor::{Outbox, follow_forks};
use crate::text::Text;

/// A recording by signals of one thread or of all threads.
#[pyclass(module = "pyflame._native")]
#[derive(Debug)]
pub(crate) struct Recording {
    options: Options,
    outbox: Option<pyflame_supervisor::Outbox>,
    handle: Option<RecordingHandle>,
    labels: Option<KeptLabels>,
}

#[pymethods]
impl Recording {
    #[new]
    #[pyo3(signature = (interval_ns, thread=None, outbox=None, begins_ns=None, ends_ns=None))]
    fn new(
        interval_ns: u64,
        thread: Option<u32>,
        outbox: Option<&Outbox>,
        begins_ns: Option<u64>,
        ends_ns: Option<u64>,
    ) -> Self {
        let mut options = Options::default();
        options.interval = Duration::from_nanos(interval_ns);
        options.thread = thread;
        (options.begins_ns, options.ends_ns) = (begins_ns, ends_ns);
        let outbox = outbox.map(|outbox| outbox.inner().clone());
        Self { options, outbox, handle: None, labels: None }
    }

    /// Tell a thread's name, for a recording that comes to no end of its own. Does nothing where
    /// it has come to one.
    fn name_thread(&self, native_id: u64, name: Text, learnt_ns: u64) {
        if let Some(handle) = &self.handle {
            let name = ThreadName { native_id, name: name.0.into(), learnt_ns };
            _ = handle.name_thread(name);
        }
    }

    /// Start to record.
    ///
    /// Raises:
    ///     pyflame.exceptions.SignalsUnavailable: With the reason.
    fn start(&mut self, py: Python<'_>) -> PyResult<()> {
        self.start_engine(py)?;
        self.labels = Some(KeptLabels::new());
        Ok(())
    }

    /// Stop to record; returns what was recorded.
    fn stop(&mut self) -> PyResult<Profile> {
        let recorded = stop(&mut self.handle)?;
        let profile = labelled(recorded);
        self.labels = None;
        Ok(profile)
    }
}

/// A recording by signals of what belongs to scopes, each handed over when it ends.
#[pyclass(module = "pyflame._native")]
#[derive(Debug)]
pub(crate) struct ScopedRecording {
    recording: Recording,
    /// Scopes that have not been taken.
    followed: FxHashMap<u64, KeptScope>,
    /// Those of them that have ended.
    ended: FxHashMap<u64, Taking>,
}

#[pymethods]
impl ScopedRecording {
    #[new]
    fn new(interval_ns: u64) -> Self {
        let mut recording = Recording::new(interval_ns, None, None, None, None);
        recording.options.by_scope = true;
        Self { recording, followed: FxHashMap::default(), ended: FxHashMap::default() }
    }

    /// Start to record.
    ///
    /// Raises:
    ///     pyflame.exceptions.SignalsUnavailable: With the reason.
    fn start(&mut self, py: Python<'_>) -> PyResult<()> {
        self.recording.start_engine(py)
    }

    /// Follow a scope from now on.
    fn follow(&mut self, labels: &Bound<'_, LabelSet>) -> PyResult<()> {
        let scope = labels.get().scope();
        let followed = self.recording.handle()?.follow(scope);
        followed.map_err(|error| exceptions::of_stop(&error))?;
        self.followed.insert(scope, KeptScope::new(scope));
        Ok(())
    }

    /// End a scope; what belongs to it is handed over by :meth:`take`, a little later without a
    /// wait.
    fn end(&mut self, labels: &Bound<'_, LabelSet>) -> PyResult<()> {
        let scope = labels.get().scope();
        let taking =
            self.recording.handle()?.take(scope).map_err(|error| exceptions::of_stop(&error))?;
        self.ended.insert(scope, taking);
        Ok(())
    }

    /// Take what belongs to a scope that has ended.
    ///
    /// Args:
    ///     labels: The scope.
    ///     program: What it is, as a person would name it.
    ///     thread_names: Native id, name, and when they were learnt on the monotonic clock.
    ///     tool_folders: Functions of files below these are no part of it.
    ///
    /// Returns:
    ///     What was recorded; for how many seconds some thread worked on it or waited within it;
    ///     and how many seconds the tool took meanwhile, which are no part of it.
    #[expect(clippy::needless_pass_by_value, reason = "a list from Python has no other form")]
    fn take(
        &mut self,
        labels: &Bound<'_, LabelSet>,
        program: Text,
        thread_names: Vec<(u64, Text, u64)>,
        tool_folders: Vec<Text>,
    ) -> PyResult<(Profile, f64, f64)> {
        let scope = labels.get().scope();
        let _kept = self.followed.remove(&scope);
        let taking = self.ended.remove(&scope);
        let recorded = taking.ok_or(StopError::NotFollowed).and_then(Taking::receive);
        let Recorded { mut profile, seen_ns, label_numbers, covered } =
            recorded.map_err(|error| exceptions::of_stop(&error))?;
        fill_labels(&mut profile, label_numbers);
        profile.meta.program = program.0.into();
        profile.name_threads(names(thread_names), &seen_ns);
        let tool_s = drop_tool(&mut profile, &tool_folders);
        Ok((profile.into(), covered.as_secs_f64(), tool_s))
    }

    /// Stop to record.
    fn stop(&mut self) -> PyResult<()> {
        self.recording.stop().map(drop)
    }
}

impl Recording {
    fn start_engine(&mut self, py: Python<'_>) -> PyResult<()> {
        if !is_checked() {
            self.options.own_stack = own_stack(py, FRAMES_SHOWN)?;
        }
        follow_forks(py)?;
        let outlet = self.outbox.clone().map(|outbox| Box::new(outbox) as Box<dyn Outlet>);
        let handle = RecordingHandle::start_with(self.options.clone(), outlet)
            .map_err(|error| exceptions::of_start(&error))?;
        self.handle = Some(handle);
        Ok(())
    }

    fn handle(&self) -> PyResult<&RecordingHandle> {
        self.handle.as_ref().ok_or_else(|| PyRuntimeError::new_err("not started"))
    }
}

/// The profile, with the pairs that the numbers of labels stand for.
fn labelled(recorded: Recorded) -> Profile {
    let Recorded { mut profile, seen_ns, label_numbers, .. } = recorded;
    fill_labels(&mut profile, label_numbers);
    Profile::recorded(profile, seen_ns)
}

fn fill_labels(profile: &mut pyflame_profile::Profile, numbers: Vec<u64>) {
    let registry = registry();
    profile.fill_labels(numbers.into_iter().map(|number| registry.pairs(number)));
}

/// Signals without a look at any stack: what a sample costs at the very least.
#[pyclass(module = "pyflame._native")]
#[derive(Debug)]
pub(crate) struct EmptySignals(Recording);

#[pymethods]
impl EmptySignals {
    #[new]
    fn new(interval_ns: u64) -> Self {
        let mut recording = Recording::new(interval_ns, None, None, None, None);
        recording.options.empty_signals = true;
        Self(recording)
    }

    /// Start to signal every thread that runs.
    fn start(&mut self, py: Python<'_>) -> PyResult<()> {
        self.0.start(py)
    }

    /// Stop; returns how many signals were handled.
    fn stop(&mut self) -> PyResult<u64> {
        Ok(stop(&mut self.0.handle)?.profile.totals().samples)
    }
}

/// The qualified name, file name and first line of a code object, as the engine reads them.
#[pyfunction]
pub(crate) fn _code_facts(code: &Bound<'_, PyCode>) -> PyResult<(String, String, u32)> {
    let code = read_code(address(code)).map_err(|error| exceptions::of_start(&error))?;
    Ok((code.name, code.filename, code.first_line))
}

/// The memory that the calling thread's stack is read from, as the text of an image for tests.
#[pyfunction]
pub(crate) fn _memory_image(py: Python<'_>) -> PyResult<String> {
    save_image(own_stack(py, usize::MAX)?).map_err(|error| exceptions::of_start(&error))
}

/// The lines of a code object as the engine decodes them: start, end and line of each range.
#[pyfunction]
pub(crate) fn _code_lines(code: &Bound<'_, PyCode>) -> PyResult<Vec<(u32, u32, Option<u32>)>> {
    let object = read_code(address(code)).map_err(|error| exceptions::of_start(&error))?;
    let end = u32::try_from(code.getattr("co_code")?.len()?).unwrap_or(u32::MAX);
    let starts: Vec<_> = object.lines.ranges().collect();
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([end]);
    Ok(starts.iter().zip(ends).map(|(&(start, line), end)| (start, end, line)).collect())
}

fn address(code: &Bound<'_, PyCode>) -> u64 {
    code.as_ptr() as u64
}

fn stop(handle: &mut Option<RecordingHandle>) -> PyResult<Recorded> {
    let handle = handle.take().ok_or_else(|| PyRuntimeError::new_err("not started"))?;
    handle.stop().map_err(|error| exceptions::of_stop(&error))
}

/// How many frames the engine is shown to check itself: enough to tell a layout by.
const FRAMES_SHOWN: usize = 16;

/// The calling thread's innermost frames, up to `count`.
fn own_stack(py: Python<'_>, count: usize) -> PyResult<Vec<OwnFrame>> {
    let mut frames = Vec::new();
    let mut next = py.import("sys")?.call_method0("_getframe")?;
    while !next.is_none() && frames.len() < count {
        let code = next.getattr("f_code")?;
        let name = code.getattr("co_qualname").or_else(|_| code.getattr("co_name"))?;
        frames.push(OwnFrame {
            name: name.extract::<Text>()?.0,
            file: code.getattr("co_filename")?.extract::<Text>()?.0,
            first_line: code.getattr("co_firstlineno")?.extract()?,
            line: next.getattr("f_lineno")?.extract::<Option<u32>>()?.unwrap_or(0),
            offset: next.getattr("f_lasti")?.extract()?,
        });
        next = next.getattr("f_back")?;
    }
    Ok(frames)
}
