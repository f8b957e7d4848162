//! `pyflame.Profile`: a finished recording, to be looked at, merged, filtered and saved.

use std::collections::HashMap;
use std::path::PathBuf;

use pyflame_cli::{Destination, Format, interval_from_seconds};
use pyflame_profile::{Engine, Function, Host, Measure, ThreadName, parse_folded};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};

use crate::drawing::{Drawing, FlamegraphArgs, view};
use crate::exceptions;
use crate::text::Text;

/// What a recording holds: every stack that was seen, with the time that it stands for.
///
/// A profile comes from :meth:`pyflame.Profiler.stop`, :meth:`load` or :meth:`from_folded` and never
/// changes; :meth:`merge` and :meth:`filter` give new ones.
///
/// Examples:
///     >>> import pyflame
///     >>> profile = pyflame.Profile.from_folded("main;parse 3\nmain;write 1\n")
///     >>> profile.samples
///     4
///     >>> print(profile.folded(), end="")
///     main;parse 3
///     main;write 1
#[pyclass(frozen, module = "pyflame", name = "Profile")]
pub(crate) struct Profile {
    inner: pyflame_profile::Profile,
    /// When each thread was first seen, on the monotonic clock; what names are matched by.
    seen_ns: Vec<u64>,
}

/// The interval in nanoseconds that a number of seconds means.
///
/// Raises:
///     ValueError: When it is outside the limits.
#[pyfunction]
pub(crate) fn interval_ns(seconds: f64) -> PyResult<u128> {
    // By way of text, so that a message shows the number as Python's user wrote it.
    let interval = interval_from_seconds(&seconds.to_string())
        .map_err(|error| exceptions::of_interval(&error))?;
    Ok(interval.as_nanos())
}

impl From<pyflame_profile::Profile> for Profile {
    fn from(inner: pyflame_profile::Profile) -> Self {
        Self { inner, seen_ns: Vec::new() }
    }
}

impl Profile {
    pub(crate) fn recorded(inner: pyflame_profile::Profile, seen_ns: Vec<u64>) -> Self {
        Self { inner, seen_ns }
    }

    pub(crate) fn inner(&self) -> &pyflame_profile::Profile {
        &self.inner
    }
}

#[pymethods]
impl Profile {
    /// How many samples there are, over all threads.
    #[getter]
    fn samples(&self) -> u64 {
        self.inner.totals().samples
    }

    /// Seconds from start to stop.
    #[getter]
    fn duration(&self) -> f64 {
        self.inner.meta.duration.as_secs_f64()
    }

    /// Seconds that the samples stand for, summed over threads.
    #[getter]
    fn wall_time(&self) -> f64 {
        seconds(self.inner.totals().wall_ns)
    }

    /// Seconds that the threads spent on a CPU, by the samples.
    #[getter]
    fn cpu_time(&self) -> f64 {
        seconds(self.inner.totals().cpu_ns)
    }

    /// How often the threads were looked at, in hertz; 0 where it is not known.
    #[getter]
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
    fn rate(&self) -> f64 {
        match self.duration() {
            0.0 => 0.0,
            duration => self.inner.meta.ticks as f64 / duration,
        }
    }

    /// The interval that was asked for, in seconds; 0 where it is not known.
    #[getter]
    fn interval(&self) -> f64 {
        self.inner.meta.interval.as_secs_f64()
    }

    /// Names of the threads that have samples, in order of appearance.
    #[getter]
    fn threads<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut sampled = vec![false; self.inner.threads().len()];
        for (key, _) in self.inner.samples() {
            sampled[key.thread.index()] = true;
        }
        let threads = self.inner.threads().iter().zip(sampled);
        let names = threads.filter(|(_, sampled)| *sampled).map(|(thread, _)| &*thread.name);
        // Folded text names no threads.
        PyTuple::new(py, names.filter(|name| !name.is_empty()).collect::<Vec<_>>())
    }

    /// The processes that have samples, in order of appearance, each as its id, the id of the
    /// process that started it (0 where that is not known) and its name; empty where it is not
    /// known whose the threads are.
    #[getter]
    fn processes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let mut sampled = vec![false; self.inner.processes().len()];
        for (key, _) in self.inner.samples() {
            if let Some(process) = self.inner.process_of(key.thread) {
                sampled[process.index()] = true;
            }
        }
        let processes = self.inner.processes().iter().zip(sampled);
        let sampled = processes.filter(|(_, sampled)| *sampled);
        let facts = sampled.map(|(process, _)| (process.pid, process.parent_pid, &*process.name));
        PyTuple::new(py, facts.collect::<Vec<_>>())
    }

    /// How many samples stand for a stack that could not be captured.
    #[getter]
    fn uncaptured(&self) -> u64 {
        self.inner.meta.uncaptured
    }

    /// How many captures were taken anew at once because the first was not believed.
    #[getter]
    fn retaken(&self) -> u64 {
        self.inner.meta.retaken
    }

    /// The longest time in seconds that one sample stands for; 0.0 where that is not known.
    ///
    /// A stretch of work is measured at most so much too long or too short at each of its ends. On
    /// an idle machine it is about the interval; on a busy one, it says how busy.
    #[getter]
    fn longest_gap(&self) -> f64 {
        seconds(self.inner.meta.gaps.longest_ns)
    }

    /// How many samples of equal weight would tell as much about shares of the wall time.
    ///
    /// The share ``p`` of a function has a standard error of ``sqrt(p * (1 - p) / n)`` at most,
    /// where ``n`` is this number. It is the whole recording's, also in a part of it.
    #[getter]
    fn effective_samples(&self) -> f64 {
        self.inner.meta.gaps.effective_samples(self.inner.totals().wall_ns)
    }

    /// How the stacks were taken: ``signal``, ``fallback`` or ``imported``.
    #[getter]
    fn engine(&self) -> &'static str {
        match self.inner.meta.engine {
            Engine::Signal => "signal",
            Engine::Fallback => "fallback",
            Engine::Imported => "imported",
        }
    }

    /// Why this engine, where it was not asked for; empty otherwise.
    #[getter]
    fn engine_note(&self) -> &str {
        &self.inner.meta.engine_note
    }

    /// What was profiled, as a person would name it.
    #[getter]
    fn program(&self) -> &str {
        &self.inner.meta.program
    }

    /// Folded text, the format of flamegraph.pl: a line for each stack and its microseconds.
    ///
    /// Args:
    ///     mode: ``wall`` for time that passed, ``cpu`` for time on a CPU.
    ///     by_line: Whether a function's lines are told apart.
    #[pyo3(signature = (mode = "wall", *, by_line = false))]
    fn folded(&self, py: Python<'_>, mode: &str, by_line: bool) -> PyResult<String> {
        let view = view(mode, by_line)?;
        Ok(py.detach(|| view.folded(&self.inner)))
    }

    /// An interactive flame graph, as the text of an SVG file.
    ///
    /// Args:
    ///     title: The heading; by default the name of the program.
    ///     mode: ``wall`` for time that passed, ``cpu`` for time on a CPU.
    ///     by_line: Whether a function's lines are told apart.
    ///     flamegraph_script: A flamegraph.pl that draws instead of the built-in renderer; a bare
    ///         name is looked up on PATH.
    ///     flamegraph_args: Arguments in the style of flamegraph.pl: a list, or a string that is
    ///         split as a shell would.
    ///
    /// Raises:
    ///     pyflame.exceptions.MissingFlamegraphScript: When the script isn't there.
    ///     pyflame.exceptions.FlamegraphScriptFailed: When it can't draw.
    #[pyo3(signature = (
        title = None, mode = "wall", *, by_line = false, flamegraph_script = None,
        flamegraph_args = None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn svg(
        &self,
        py: Python<'_>,
        title: Option<Text>,
        mode: &str,
        by_line: bool,
        flamegraph_script: Option<PathBuf>,
        flamegraph_args: Option<FlamegraphArgs>,
    ) -> PyResult<String> {
        let drawing = Drawing { title, mode, by_line, flamegraph_script, flamegraph_args };
        let picture = drawing.picture()?;
        let bytes =
            py.detach(|| picture.draw(&self.inner)).map_err(|error| exceptions::of_save(&error))?;
        // Only an external script can write anything but UTF-8.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Write the profile to a file, which appears whole or not at all.
    ///
    /// Args:
    ///     path: Where to.
    ///     format: ``svg``, ``pdf`` for a page to print, ``folded``, or ``pyflame`` for a recording,
    ///         which :meth:`load` reads; by default what the extension of ``path`` says.
    ///     title: The heading; by default the name of the program.
    ///     mode: ``wall`` for time that passed, ``cpu`` for time on a CPU.
    ///     by_line: Whether a function's lines are told apart.
    ///     flamegraph_script: As for :meth:`svg`.
    ///     flamegraph_args: As for :meth:`svg`.
    ///
    /// Raises:
    ///     ValueError: When neither ``format`` nor the extension is one that we know.
    ///     OSError: When the file can't be written.
    ///     pyflame.exceptions.FlamegraphScriptFailed: When the script can't draw; the recording
    ///         is kept as folded text beside ``path`` then.
    #[pyo3(signature = (
        path, format = None, *, title = None, mode = "wall", by_line = false,
        flamegraph_script = None, flamegraph_args = None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    fn save(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: Option<&str>,
        title: Option<Text>,
        mode: &str,
        by_line: bool,
        flamegraph_script: Option<PathBuf>,
        flamegraph_args: Option<FlamegraphArgs>,
    ) -> PyResult<()> {
        let format = match format {
            Some(name) => Format::of_name(name),
            None => Format::of_path(&path),
        };
        let Some(format) = format else {
            return Err(PyValueError::new_err(format!(
                "the format for `{}` is not clear: use .svg, .pdf, .folded, .txt or .pyflame, or \
                 give format=\"svg\", \"pdf\", \"folded\" or \"pyflame\"",
                path.display()
            )));
        };
        let drawing = Drawing { title, mode, by_line, flamegraph_script, flamegraph_args };
        let picture = drawing.picture()?;
        let destination = Destination { shown: path.clone(), path, format, picture };
        py.detach(|| destination.save(&self.inner)).map_err(|error| exceptions::of_save(&error))
    }

    /// The profile as a recording: the bytes of a ``.pyflame`` file.
    ///
    /// They are small, hold everything that is known, and can be read by this and every later
    /// pyflame, on any machine. Equal profiles give equal bytes.
    ///
    /// Examples:
    ///     >>> import pyflame
    ///     >>> profile = pyflame.Profile.from_folded("main;parse 3\n")
    ///     >>> pyflame.Profile.from_bytes(profile.to_bytes()).folded()
    ///     'main;parse 3\n'
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| pyflame_recording_file::write(&self.inner)))
    }

    /// The recording in a fraction of the time that :meth:`to_bytes` takes, and some four times
    /// the size.
    fn _to_bytes_hastily<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        // Holding the GIL: to get it back can take longer than this does.
        PyBytes::new(py, &pyflame_recording_file::write_hastily(&self.inner))
    }

    /// Read a recording from the bytes of a ``.pyflame`` file.
    ///
    /// A recording that was cut off or damaged gives what is readable of it, and the warning
    /// :exc:`pyflame.exceptions.DamagedRecording`, which says what is lost.
    ///
    /// Raises:
    ///     pyflame.exceptions.InvalidRecording: When the bytes are no recording, or one of a later
    ///         version of the format.
    ///
    /// Examples:
    ///     >>> import pyflame
    ///     >>> pyflame.Profile.from_bytes(b"main;parse 3")
    ///     Traceback (most recent call last):
    ///     ...
    ///     pyflame.exceptions.InvalidRecording: this is no recording of pyflame: ...
    #[classmethod]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn from_bytes(_cls: &Bound<'_, PyType>, py: Python<'_>, data: PyBackedBytes) -> PyResult<Self> {
        read(py, &data, "the recording")
    }

    /// Read a recording that :meth:`save` or the command wrote (``-o x.pyflame``).
    ///
    /// Files that were appended to each other are read as one profile. A recording that was cut
    /// off or damaged gives what is readable of it, and the warning
    /// :exc:`pyflame.exceptions.DamagedRecording`, which says what is lost.
    ///
    /// Args:
    ///     path: Where it is; its name does not matter.
    ///
    /// Raises:
    ///     OSError: When the file can't be read.
    ///     pyflame.exceptions.InvalidRecording: When it is no recording, or one of a later version
    ///         of the format.
    ///
    /// Examples:
    ///     >>> import pyflame
    ///     >>> pyflame.Profile.from_folded("main;parse 3\n").save("monday.pyflame")
    ///     >>> pyflame.Profile.load("monday.pyflame").folded()
    ///     'main;parse 3\n'
    #[classmethod]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn load(_cls: &Bound<'_, PyType>, py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let shown = format!("`{}`", path.display());
        let bytes = py
            .detach(|| std::fs::read(&path))
            .map_err(|error| exceptions::of_io(&error, format!("can't read {shown}: {error}")))?;
        read(py, &bytes, &shown)
    }

    /// A new profile that holds this one and ``others``.
    ///
    /// Threads with the same name and native id become one.
    ///
    /// Examples:
    ///     >>> import pyflame
    ///     >>> a = pyflame.Profile.from_folded("main;parse 3\n")
    ///     >>> b = pyflame.Profile.from_folded("main;parse 2\n")
    ///     >>> a.merge(b).folded()
    ///     'main;parse 5\n'
    #[pyo3(signature = (*others))]
    fn merge(&self, others: Vec<PyRef<'_, Self>>) -> Self {
        let mut merged = self.inner.clone();
        for other in others {
            merged.merge(&other.inner);
        }
        merged.into()
    }

    /// A new profile with some of the samples only.
    ///
    /// Args:
    ///     threads: Names of the threads to keep; by default all.
    ///     labels: Keys and values that samples must carry to be kept (see
    ///         :class:`pyflame.label`); by default any.
    #[pyo3(signature = (threads = None, *, labels = None))]
    fn filter(&self, threads: Option<Vec<Text>>, labels: Option<HashMap<Text, Text>>) -> Self {
        let mut kept = self.inner.clone();
        if let Some(names) = threads {
            kept = kept.only_threads(|thread| names.iter().any(|name| *name.0 == *thread.name));
        }
        if let Some(pairs) = labels {
            kept = kept.only_labels(|labels| {
                pairs.iter().all(|(key, value)| labels.get(&key.0) == Some(&value.0))
            });
        }
        kept.into()
    }

    /// A profile for each value of a label, in order of the values; the one under None holds the
    /// samples without that label.
    ///
    /// Args:
    ///     label: The key to split by.
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn split<'py>(&self, py: Python<'py>, label: Text) -> PyResult<Bound<'py, PyDict>> {
        let parts = PyDict::new(py);
        let values = self.inner.label_values(&label.0);
        for value in values.into_iter().map(Some).chain([None]) {
            let part = self.inner.only_labels(|labels| labels.get(&label.0) == value);
            if part.totals().samples > 0 {
                parts.set_item(value, Self::from(part))?;
            }
        }
        Ok(parts)
    }

    /// Read folded text into a profile that counts instead of timing.
    ///
    /// Raises:
    ///     pyflame.exceptions.InvalidFoldedText: When a line can't be read; it is named.
    #[classmethod]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn from_folded(_cls: &Bound<'_, PyType>, text: Text) -> PyResult<Self> {
        let (profile, errors) = parse_folded(&text.0);
        match errors.first() {
            None => Ok(profile.into()),
            Some(error) => Err(exceptions::InvalidFoldedText::new_err(error.to_string())),
        }
    }

    /// Complete a recording with what only Python knows of it.
    ///
    /// Args:
    ///     program: What was profiled.
    ///     engine_note: Why this engine.
    ///     thread_names: Native id, name, and when they were learnt on the monotonic clock, for
    ///         each thread in order of that time.
    ///     runner_files: Frames of these files at the outer end of stacks are not the program's.
    ///     own_folder: The time of functions of files below it is their callers'.
    #[pyo3(signature = (*, program, engine_note, thread_names, runner_files, own_folder))]
    #[expect(clippy::needless_pass_by_value, reason = "a list from Python has no other form")]
    fn _completed(
        &self,
        program: Text,
        engine_note: &str,
        thread_names: Vec<(u64, Text, u64)>,
        runner_files: Vec<Text>,
        own_folder: Text,
    ) -> Self {
        let mut profile = self.inner.clone();
        profile.meta.program = program.0.into();
        profile.meta.engine_note = engine_note.into();
        profile.name_threads(names(thread_names), &self.seen_ns);
        let runner_files: Vec<String> = runner_files.into_iter().map(|file| file.0).collect();
        drop_ours(&mut profile, &runner_files, &own_folder.0);
        profile.into()
    }

    /// The profile of a piece of work without the tool that looks at it, and the seconds that
    /// the tool itself took meanwhile.
    ///
    /// Args:
    ///     folders: Functions of files below these are the tool's.
    #[expect(clippy::needless_pass_by_value, reason = "a list from Python has no other form")]
    fn _without_tool(&self, folders: Vec<Text>) -> (Self, f64) {
        let mut profile = self.inner.clone();
        let tool_s = drop_tool(&mut profile, &folders);
        (profile.into(), tool_s)
    }

    /// The profile without the server and the framework around the work.
    ///
    /// Args:
    ///     entry: File and first line of the function that does the work, if it is known.
    ///     bridge: Functions of files below this folder have other threads go on.
    #[expect(clippy::needless_pass_by_value, reason = "a tuple from Python has no other form")]
    fn _within(&self, entry: Option<(Text, u32)>, bridge: Text) -> Self {
        let is_work = |function: &Function| {
            entry.as_ref().is_some_and(|(file, line)| {
                *function.file == *file.0 && function.first_line == *line
            })
        };
        self.inner.within(is_work, |function| function.file.starts_with(&bridge.0)).into()
    }

    /// The profile with time in which no thread worked on what it is about.
    fn _with_absence(&self, name: &str, seconds: f64) -> Self {
        let mut profile = self.inner.clone();
        let wall = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        profile.add_absence(name, u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX));
        profile.into()
    }

    /// The profile without stacks that stand for less than so many seconds; a marker on what
    /// called them stands for their time.
    fn _pruned(&self, seconds: f64) -> Self {
        let wall = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.inner.pruned(u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX)).into()
    }

    /// Take a notebook's kernel away, and give cells the names that people know them by.
    ///
    /// Args:
    ///     host_files: Files of the kernel; of a folder, all.
    ///     service_files: Those of them whose functions are called by cells, to do something.
    ///     loop_files: Those of them that are its event loop's.
    ///     thread_file: The file that Python starts threads with.
    ///     loop_thread: The native id of the thread that runs the cell.
    ///     cells: What to call the files of cells; code of a cell outside of functions is called
    ///         like its file.
    #[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
    #[pyo3(signature = (*, host_files, service_files, loop_files, thread_file, loop_thread, cells))]
    #[expect(clippy::needless_pass_by_value, reason = "a list from Python has no other form")]
    fn _of_notebook(
        &self,
        host_files: Vec<Text>,
        service_files: Vec<Text>,
        loop_files: Vec<Text>,
        thread_file: Text,
        loop_thread: u64,
        cells: HashMap<String, String>,
    ) -> Self {
        let is_in = |places: &[Text], file: &str| {
            let is_place = |place: &Text| {
                file == place.0 || (place.0.ends_with('/') && file.starts_with(&place.0))
            };
            places.iter().any(is_place)
        };
        let mut profile = self.inner.clone();
        profile.drop_host(&Host {
            is_host: &|function| is_in(&host_files, &function.file),
            is_service: &|function| is_in(&service_files, &function.file),
            is_loop: &|function| is_in(&loop_files, &function.file),
            is_thread_start: &|function| *function.file == *thread_file.0,
            loop_thread,
        });
        profile.map_functions(|function| {
            let cell = cells.get(&*function.file)?;
            let mut function = Function { file: cell.as_str().into(), ..function.clone() };
            if &*function.name == "<module>" {
                function.name = function.file.clone();
                function.first_line = 1;
            }
            Some(function)
        });
        profile.into()
    }

    /// Every function that was seen, as name, file and first line.
    fn _functions(&self) -> Vec<(String, String, u32)> {
        let functions = self.inner.functions();
        functions.map(|f| (f.name.to_string(), f.file.to_string(), f.first_line)).collect()
    }

    /// The same profile with other function names, given by name, file and first line.
    #[expect(clippy::needless_pass_by_value, reason = "a dict from Python has no other form")]
    fn _renamed(&self, names: HashMap<(String, String, u32), String>) -> Self {
        let mut profile = self.inner.clone();
        profile.rename_functions(|f| {
            let key = (f.name.to_string(), f.file.to_string(), f.first_line);
            names.get(&key).map(|name| name.as_str().into())
        });
        profile.into()
    }

    fn __repr__(&self) -> String {
        format!("<pyflame.Profile: {}>", pyflame_cli::facts(&self.inner, Measure::Wall).join(", "))
    }
}

/// Reads a recording, which messages call `name`.
fn read(py: Python<'_>, bytes: &[u8], name: &str) -> PyResult<Profile> {
    let reading = py
        .detach(|| pyflame_recording_file::read(bytes))
        .map_err(|error| exceptions::InvalidRecording::new_err(error.to_string()))?;
    if !reading.lost.is_empty() {
        exceptions::warn_of_damage(py, &format!("{name} is damaged: {}", reading.lost))?;
    }
    Ok(py.detach(|| reading.into_profile()).into())
}

/// Takes the runner off the outer end of all stacks, and gives the time of functions of the package
/// to those who called them.
pub(crate) fn drop_ours(
    profile: &mut pyflame_profile::Profile,
    runner_files: &[String],
    own_folder: &str,
) {
    let is_own = |function: &Function| function.file.starts_with(own_folder);
    profile.drop_runner(|function| {
        is_own(function) || runner_files.iter().any(|file| **file == *function.file)
    });
    profile.drop_own(is_own);
}

/// Takes out what is of files below the folders; returns the seconds that went.
pub(crate) fn drop_tool(profile: &mut pyflame_profile::Profile, folders: &[Text]) -> f64 {
    let is_tool = |function: &Function| folders.iter().any(|f| function.file.starts_with(&f.0));
    seconds(profile.drop_tool(is_tool).wall_ns)
}

/// Native id, name, and when they were learnt on the monotonic clock, of each thread.
pub(crate) fn names(threads: Vec<(u64, Text, u64)>) -> Vec<ThreadName> {
    let name = |(native_id, name, learnt_ns): (u64, Text, u64)| ThreadName {
        native_id,
        name: name.0.into_boxed_str(),
        learnt_ns,
    };
    threads.into_iter().map(name).collect()
}

fn seconds(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
}
