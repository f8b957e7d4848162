//! `_native.Supervisor`, the process that waits for the program, and `_native.Outbox`, by which
//! recorded processes reach it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use pyflame_cli::{Destination, Format, gathered_profile, supervised_line};
use pyflame_recording_file::HEADER;
use pyflame_supervisor::{ConnectError, Ending, Gathered, Inbox, News, Witness, wait_for};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyModule, PyTuple};

use crate::command::Command;
use crate::exceptions;
use crate::profile::{Profile, drop_ours};
use crate::text::Text;

/// By which a recorded process says what it has recorded, to the command that waits.
#[pyclass(frozen, module = "pyflame._native")]
#[derive(Debug)]
pub(crate) struct Outbox(pyflame_supervisor::Outbox);

#[pymethods]
impl Outbox {
    /// The outbox of a program that was executed by a recorded one.
    ///
    /// Args:
    ///     path: What :attr:`Supervisor.path` was there.
    ///
    /// Raises:
    ///     OSError: When there is nobody any more, or too many processes are recorded.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn connect(path: PathBuf) -> PyResult<Self> {
        made(pyflame_supervisor::Outbox::connect(&path))
    }

    /// One for this process, which was forked from that whose outbox this is.
    ///
    /// Raises:
    ///     OSError: When too many processes are recorded.
    fn of_fork(&self) -> PyResult<Self> {
        made(self.0.of_fork())
    }

    /// Say what this process is called.
    #[expect(clippy::needless_pass_by_value, reason = "extracted from Python")]
    fn name(&self, name: Text) {
        self.0.name(&name.0);
    }

    /// Hand over all that was recorded in this process.
    fn finish(&self, py: Python<'_>, profile: &Profile) {
        py.detach(|| self.0.finish(profile.inner()));
    }

    /// Say that nothing of this process is to be kept.
    fn discard(&self, py: Python<'_>) {
        py.detach(|| self.0.discard());
    }
}

impl Outbox {
    pub(crate) fn inner(&self) -> &pyflame_supervisor::Outbox {
        &self.0
    }
}

fn made(outbox: Result<pyflame_supervisor::Outbox, ConnectError>) -> PyResult<Outbox> {
    outbox.map(Outbox).map_err(|error| PyOSError::new_err(error.to_string()))
}

/// Waits for a program, keeps what is recorded of it and its children, and writes it.
///
/// Args:
///     runner_files: Frames of these files at the outer end of stacks are not the program's.
///     own_folder: The time of functions of files below it is their callers'.
///     ends_ns: When the recording ends, on the monotonic clock, if that is before the program does.
///     qualify: Returns a profile with qualified names, where code objects have none.
#[pyclass(module = "pyflame._native")]
#[derive(Debug)]
pub(crate) struct Supervisor {
    inbox: Inbox,
    witness: Witness,
    output: Output,
    ends_ns: Option<u64>,
}

#[pymethods]
impl Supervisor {
    #[new]
    #[pyo3(signature = (runner_files, own_folder, ends_ns=None, qualify=None))]
    fn new(
        runner_files: Vec<Text>,
        own_folder: Text,
        ends_ns: Option<u64>,
        qualify: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let made = Inbox::new().and_then(|inbox| Ok((inbox, Witness::new()?)));
        let (inbox, witness) = made.map_err(|error| {
            let message = format!("no memory can be shared with the program: {error}");
            exceptions::of_io(&error, message)
        })?;
        let runner_files = runner_files.into_iter().map(|file| file.0).collect();
        let output = Output { runner_files, own_folder: own_folder.0, qualify };
        Ok(Self { inbox, witness, output, ends_ns })
    }

    /// Where a program that a recorded one executes finds the memory.
    #[getter]
    fn path(&self) -> &OsStr {
        // As text: a path would import a score of modules into the program.
        self.inbox.path().as_os_str()
    }

    /// The outbox of this process, a fork of the one that is to wait.
    ///
    /// Raises:
    ///     OSError: When too many processes are recorded.
    fn outbox(&mut self) -> PyResult<Outbox> {
        made(self.inbox.outbox())
    }

    /// Let signals of this process pend, a child of the one that waits, until that one ends.
    ///
    /// All signals must be blocked.
    fn stand_by(&self, py: Python<'_>) -> PyResult<()> {
        let ended = py.detach(|| self.witness.stand_by());
        ended.map_err(|error| exceptions::of_io(&error, error.to_string()))
    }

    /// Wait for the process ``pid``, write what was recorded, and end as the program did.
    ///
    /// All signals must be blocked, and those that can end a process have their default action.
    ///
    /// Args:
    ///     command: What was asked for.
    ///     pid: The program, a child of this process.
    ///     witness: A child that stands by, or None.
    #[pyo3(signature = (command, pid, witness))]
    fn supervise(
        &mut self,
        py: Python<'_>,
        command: &Command,
        pid: i32,
        witness: Option<i32>,
    ) -> PyResult<()> {
        if let Some(pid) = witness {
            self.witness.is_there(pid);
        }
        let destination = &command.options().destination;
        let mut gathered = Gathered::default();
        let mut live = LiveFile::new(destination);
        let mut deadline = self.ends_ns.map(Deadline);
        // Where only a part of the run was wanted: how writing it went.
        let mut written = None;
        let (inbox, witness, output) = (&mut self.inbox, &mut self.witness, &self.output);
        let ending = py
            .detach(|| {
                wait_for(pid, inbox, witness, &mut gathered, |news, now| {
                    live.append(now);
                    if deadline.take_if(Deadline::has_passed).is_some() {
                        live.path = None;
                        written = Some(output.write(command, now, None));
                    } else if news == News::Asked && written.is_none() && live.path.is_none() {
                        output.write(command, now, None);
                    } // A live file has everything at any time.
                })
            })
            .map_err(|error| exceptions::of_io(&error, error.to_string()))?;
        witness.dismiss();
        let status = written.unwrap_or_else(|| self.output.write(command, &gathered, Some(ending)));
        match ending {
            Ending::Exited(0) => Ending::Exited(status).repeat(),
            ending => ending.repeat(),
        }
    }
}

/// When what was to be recorded is there: a little after the recorded processes have ended it.
#[derive(Clone, Copy, Debug)]
struct Deadline(u64);

impl Deadline {
    const GRACE_NS: u64 = 100_000_000;

    fn has_passed(&mut self) -> bool {
        pyflame_sampler::monotonic_ns() > self.0.saturating_add(Self::GRACE_NS)
    }
}

/// What becomes of what was recorded.
#[derive(Debug)]
struct Output {
    runner_files: Vec<String>,
    own_folder: String,
    qualify: Option<Py<PyAny>>,
}

impl Output {
    /// Writes what was recorded; returns the status that says whether that went well.
    fn write(&self, command: &Command, gathered: &Gathered, ending: Option<Ending>) -> i32 {
        let options = command.options();
        let mut recorded = gathered.recorded();
        for process in &mut recorded {
            drop_ours(&mut process.profile, &self.runner_files, &self.own_folder);
        }
        // What could not start has said so itself.
        let Some(profile) = gathered_profile(&recorded, &options.target.program()) else {
            return 0;
        };
        let profile = self.qualified(profile);
        let line = match options.destination.save(&profile) {
            Ok(()) if options.quiet => return 0,
            Ok(()) => {
                let shown = &options.destination.shown;
                supervised_line(&profile, &recorded, gathered.turned_away, ending, shown)
            }
            Err(error) => format!("pyflame: error: {error}"),
        };
        // Where nobody listens any more, nobody is told.
        _ = writeln!(std::io::stderr(), "{line}");
        i32::from(line.starts_with("pyflame: error"))
    }

    /// The profile with qualified names, as far as they can be learnt.
    fn qualified(&self, profile: pyflame_profile::Profile) -> pyflame_profile::Profile {
        let Some(qualify) = &self.qualify else { return profile };
        let learnt = Python::attach(|py| {
            let qualified = qualify.bind(py).call1((Profile::from(profile.clone()),))?;
            Ok::<_, PyErr>(qualified.cast::<Profile>()?.get().inner().clone())
        });
        learnt.unwrap_or(profile)
    }
}

/// A recording that is appended to its file as it grows, so that the file is readable whatever
/// happens, also to this process. At the end the whole profile takes its place.
#[derive(Debug)]
struct LiveFile {
    path: Option<PathBuf>,
    file: Option<File>,
}

impl LiveFile {
    fn new(destination: &Destination) -> Self {
        let is_live = destination.format == Format::Recording && destination.is_file();
        Self { path: is_live.then(|| destination.path.clone()), file: None }
    }

    fn append(&mut self, gathered: &mut Gathered) {
        let chunks = gathered.take_chunks();
        let Some(path) = &self.path else { return };
        if chunks.is_empty() {
            return;
        }
        let written = match &mut self.file {
            Some(file) => file.write_all(&chunks),
            None => File::create(path).and_then(|mut file| {
                file.write_all(&HEADER)?;
                file.write_all(&chunks)?;
                self.file = Some(file);
                Ok(())
            }),
        };
        if written.is_err() {
            self.path = None; // The end will try again, and say what is wrong.
        }
    }
}

/// Stands in for a function that executes programs, and adds a variable where they are given an
/// environment of their own.
///
/// It is no Python function, so that no traceback of the program has a frame of it.
///
/// Args:
///     original: The function.
///     position: Which of its arguments is the environment.
///     name: The variable.
///     value: Its value.
#[pyclass(frozen, module = "pyflame._native")]
#[derive(Debug)]
pub(crate) struct _Executing {
    original: Py<PyAny>,
    position: usize,
    name: String,
    value: String,
}

#[pymethods]
impl _Executing {
    #[new]
    fn new(original: Py<PyAny>, position: usize, name: String, value: String) -> Self {
        Self { original, position, name, value }
    }

    #[pyo3(signature = (*args, **options))]
    fn __call__<'py>(
        &self,
        args: &Bound<'py, PyTuple>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = args.py();
        let mut words: Vec<Bound<'py, PyAny>> = args.iter().collect();
        if let Some(environment) = words.get_mut(self.position) {
            // What is no environment is for the function itself to say.
            *environment = self.completed(environment).unwrap_or_else(|_| environment.clone());
        }
        self.original.bind(py).call(PyTuple::new(py, words)?, options)
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.original.bind(py).getattr(name)
    }
}

impl _Executing {
    /// The environment with the variable: a list of `KEY=value`, or a mapping; None is that of
    /// this process, which has it.
    fn completed<'py>(&self, environment: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = environment.py();
        if environment.is_none() {
            return Ok(environment.clone());
        }
        if let Ok(list) = environment.cast::<PyList>() {
            let more = list.get_slice(0, list.len());
            more.append(PyBytes::new(py, format!("{}={}", self.name, self.value).as_bytes()))?;
            return Ok(more.into_any());
        }
        let more = PyDict::new(py);
        more.update(environment.cast()?)?;
        more.set_item(&self.name, &self.value)?;
        Ok(more.into_any())
    }
}

/// Has the engine pause for every fork of this process, from now on.
pub(crate) fn follow_forks(py: Python<'_>) -> PyResult<()> {
    static FOLLOWED: PyOnceLock<()> = PyOnceLock::new();
    FOLLOWED.get_or_try_init(py, || {
        let native = PyModule::import(py, "pyflame._native")?;
        let hooks = PyDict::new(py);
        hooks.set_item("before", native.getattr("_pause_for_fork")?)?;
        hooks.set_item("after_in_parent", native.getattr("_resume_after_fork")?)?;
        py.import("os")?.call_method("register_at_fork", (), Some(&hooks))?;
        Ok::<_, PyErr>(())
    })?;
    Ok(())
}

/// End the sampling thread for the time of a fork.
#[pyfunction]
pub(crate) fn _pause_for_fork() {
    pyflame_sampler::pause_for_fork();
}

/// Let the sampling thread go on after a fork.
#[pyfunction]
pub(crate) fn _resume_after_fork() {
    pyflame_sampler::resume_after_fork();
}
