"""The processes of a recorded program: each records itself and tells the command that waits.

A process comes to be in two ways. A fork has everything that its parent had and starts a recording
of its own (``os.register_at_fork``). A program that is executed has nothing but its environment;
``pyflame.pth`` beside this package looks there at the start of every interpreter (:func:`join`). It
is silent where our extension can't be imported, as in subinterpreters from 3.12 on. How either ends
does not matter: what is recorded leaves it as it goes.
"""

from __future__ import annotations

import atexit
import os
import sys

from pyflame._recorder import KNOWS_QUALIFIED_NAMES, Recorder
from pyflame.exceptions import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyflame._native import Outbox
    from pyflame._recorder import Window

VARIABLE = "PYFLAME_RECORDED_BY"
"""Tells executed programs how to record themselves, and where."""


class RecordedProcess:
    """Records this process, and the forks of it.

    Args:
        outbox: Where what is recorded goes.
        interval_ns: Mean time between two samples.
        engine: ``auto``, ``signal`` or ``fallback``.
        main_thread_only: Whether only the thread that starts the recording is sampled.
        program: What runs, as a person would name it.
        window: When to begin and when to end.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        interval_ns: int,
        engine: str,
        main_thread_only: bool,
        program: str,
        window: Window = (None, None),
    ) -> None:
        self._outbox = outbox
        self._interval_ns = interval_ns
        self._engine = engine
        self._main_thread_only = main_thread_only
        self._program = program
        self._window = window
        self.qualifies = KNOWS_QUALIFIED_NAMES
        """Whether processes learn qualified names themselves, where code objects have none; to be
        set before the start. It takes the time of compiling what was run, so it is better done by
        who waits, if that is a Python that needs such names as well."""
        self._process = os.getpid()
        self._recorder = self._new_recorder()
        self._begun: _Begun | None = None

    def start(self) -> None:
        """Start to record.

        Raises:
            SignalsUnavailable: When the signal engine was asked for and can't be used.
        """
        self._outbox.name(self._program)
        self._recorder.qualifies = self.qualifies and not KNOWS_QUALIFIED_NAMES
        self._recorder.start()

    def include_children(self, memory: str) -> None:
        """Record children as well, those that are executed by way of ``memory``."""
        begins_ns, ends_ns = self._window
        times = (self._interval_ns, begins_ns or 0, ends_ns or 0)
        flags = (int(self._main_thread_only), int(self.qualifies))
        words = [self._engine, *flags, *times, memory]
        _tell_executed(":".join(map(str, words)))
        os.register_at_fork(after_in_child=self._begin_anew)

    def finish(self) -> None:
        """Hand everything over, once; a recording that never started has nothing to hand over."""
        if self._recorder.started and self._process == os.getpid():
            self._name_worker()
            self._outbox.finish(self._recorder.stop())

    def discard(self) -> None:
        """Leave nothing of this process."""
        if self._recorder.started:
            self._recorder.stop()
        self._outbox.discard()

    def _new_recorder(self) -> Recorder:
        return Recorder(
            self._interval_ns,
            engine=self._engine,
            current_thread_only=self._main_thread_only,
            program=self._program,
            outbox=self._outbox,
            window=self._window,
        )

    def _begin_anew(self) -> None:
        """Record a fork of this process, in which nothing is recorded yet."""
        was_recorded = self._recorder.started
        self._recorder.forget()
        if not was_recorded:
            return
        try:
            self._outbox = self._outbox.of_fork()
            self._process = os.getpid()
            self._recorder = self._new_recorder()
            self.start()
        except (Error, OSError, RuntimeError):
            return  # The fork is to live as it would without us.
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            # Called once the worker knows its name and has forgotten its parent's finalizers. The
            # registry holds nothing by itself, and workers of workers inherit it: so what is
            # registered lives until it has been called, or until the next fork.
            self._begun = _Begun()
            util.register_after_fork(self._begun, lambda _: self._follow_worker())

    def _follow_worker(self) -> None:
        """Finish where a worker of ``multiprocessing`` does, which runs no exit functions."""
        self._begun = None
        util = sys.modules["multiprocessing.util"]
        self._name_worker()
        util.Finalize(None, self.finish, exitpriority=-1000)

    def _name_worker(self) -> None:
        """Tell the name that ``multiprocessing`` has given this process, if it is a worker."""
        module = sys.modules.get("multiprocessing.process")
        if module is not None and module.parent_process() is not None:
            self._outbox.name(f"{self._program} {module.current_process().name}")


class _Begun:
    """Stands for a process that has begun and may turn out to be a worker."""


def _tell_executed(value: str) -> None:
    """Put the variable into the environment of all programs that this process executes.

    It is in the C library's environment and not in ``os.environ``, where the program could see it.
    Where a program is given an environment of its own, it is added to that.
    """
    import _posixsubprocess
    import posix

    from pyflame import _native

    os.putenv(VARIABLE, value)
    # Modules/_posixsubprocess.c and Modules/posixmodule.c, 3.9 to 3.15.
    for module, name, position in (
        (_posixsubprocess, "fork_exec", 5),
        (posix, "posix_spawn", 2),
        (posix, "posix_spawnp", 2),
        (posix, "execve", 2),
    ):
        original = vars(module)[name]
        executing = _native._Executing(original, position, VARIABLE, value)
        vars(module)[name] = executing
        for copy in (os, sys.modules.get("subprocess")):
            for its_name in (name, f"_{name}"):
                if copy is not None and vars(copy).get(its_name) is original:
                    vars(copy)[its_name] = executing


def stop_telling() -> None:
    """Let the next program that is executed know nothing of a recording."""
    os.unsetenv(VARIABLE)


def join() -> None:
    """Record this process if it was executed by a recorded one. Never raises."""
    if not _is_main_interpreter():
        # The process records itself already, and its children are to be told as before.
        vars(os.environ)["_data"].pop(VARIABLE.encode(), None)
        return
    try:
        recorded = _joined(os.environ.pop(VARIABLE, ""))
        if recorded is not None:
            recorded.start()
            atexit.register(recorded.finish)
    except (Error, OSError, RuntimeError, ValueError):
        return  # The program is to live as it would without us.


def _is_main_interpreter() -> bool:
    """Whether this is not one that a program has made within its process; ``site`` runs there, too.

    From 3.12 on, such an interpreter does not come this far: it can't import our extension.
    """
    if sys.version_info >= (3, 12):
        return True
    try:
        import _xxsubinterpreters as interpreters  # type: ignore[import-not-found]
    except ImportError:
        return True
    return bool(interpreters.get_current() == interpreters.get_main())


def _joined(told: str) -> RecordedProcess | None:
    program = _program()
    if not told or program == "multiprocessing.resource_tracker":
        return None  # The one that does nothing but wait for the others to end.
    from pyflame import _native

    engine, main_thread_only, qualifies, interval_ns, begins_ns, ends_ns, memory = told.split(
        ":", 6
    )
    recorded = RecordedProcess(
        _native.Outbox.connect(memory),
        interval_ns=int(interval_ns),
        engine=engine,
        main_thread_only=main_thread_only == "1",
        program=program,
        window=(int(begins_ns) or None, int(ends_ns) or None),
    )
    recorded.qualifies = qualifies == "1"
    recorded.include_children(memory)
    return recorded


def _program() -> str:
    """What this interpreter was started to run, as a person would name it."""
    first = sys.argv[0] if sys.argv else ""
    if first not in ("-m", "-c"):
        return os.path.basename(first) or "python"
    try:
        with open("/proc/self/cmdline", "rb") as stream:
            words = os.fsdecode(stream.read()).split("\0")
    except OSError:
        return first
    # The option may be the last letter of several (`-Im`), and its value part of the same word.
    letter = first[1]
    for index, word in enumerate(words[1:], 1):
        if word.startswith("-") and not word.startswith("--") and letter in word:
            value = word.partition(letter)[2] or words[index + 1]
            break
    else:
        return first
    if letter == "m":
        return f"-m {value}"
    # How `multiprocessing` starts its helpers; from 3.14 on, another import stands before it.
    helper, _, function = value.partition("from multiprocessing.")[2].partition(" import ")
    if function.startswith(("main", "spawn_main")):
        return f"multiprocessing.{helper}"
    return f"-c {' '.join(value.split())[:40]}"
