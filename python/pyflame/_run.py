"""Runs a program in this process so that it finds what it would find under ``python`` itself.

What a program can see of how it was started is made by ``Py_RunMain`` (Modules/main.c) and by
``PyRun_SimpleFile`` and ``PyRun_SimpleString`` (Python/pythonrun.c): the module ``__main__``,
``sys.argv`` and ``sys.orig_argv``, the first entry of ``sys.path``, and at the end the way in which
an uncaught exception is shown. This module does the same things in the same order. ``tests/python``
compares them with ``python`` on every version.

No frame of this file, nor of what calls it, is part of a profile (:func:`runner_files`) or of a
traceback (:func:`_below_runner`).
"""

from __future__ import annotations

import builtins
import io
import os
import sys

from pyflame import _native
from pyflame._processes import stop_telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType, ModuleType, TracebackType
    from typing import Any, Callable

    from pyflame._native import Command


def runner_files() -> list[str]:
    """Return the files whose frames, at the outer end of a stack, are not the program's.

    They are all of this package, ``runpy``, which runs it and perhaps the program, and the script
    that pip makes for the command.
    """
    files = {
        str(module.__file__)
        for name, module in tuple(sys.modules.items())
        if name.partition(".")[0] == __package__
    }
    # `runpy` may be imported later, and may be frozen (3.11 and newer).
    files |= {os.path.join(os.path.dirname(os.__file__), "runpy.py"), "<frozen runpy>"}
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        files.add(frame.f_code.co_filename)
        frame = frame.f_back
    return sorted(files)


class NotStarted(SystemExit):
    """Python could not find the program; ``code`` is what it says about that."""


def run(command: Command, on_start: Callable[[], None]) -> int:
    """Run the program of a command.

    Args:
        command: What to run.
        on_start: Called once, directly before the program's first instruction.

    Returns:
        The exit status of a program that came to its end or to an uncaught exception.

    Raises:
        SystemExit: The program's own.
        KeyboardInterrupt: The program's own, which has been shown; the interpreter will end the
            process by SIGINT when it sees it.
    """
    main = _fresh_main()
    if sys.version_info >= (3, 10):
        sys.orig_argv = [*_interpreter_words(sys.orig_argv), *_program_words(command)]
    try:
        if command.kind == "module":
            _run_module(command, main, on_start)
        elif command.kind == "code":
            _run_code(command, main, on_start)
        elif command.kind == "stdin":
            _run_stdin(command, main, on_start)
        elif _is_importable(command.target):
            _run_container(command, main, on_start)
        else:
            _run_script(command, main, on_start)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - what follows is the end of the program
        exception = error
    else:
        return 0
    exception.__traceback__ = _below_runner(exception.__traceback__)
    _native.print_exception(exception)
    if isinstance(exception, KeyboardInterrupt):
        _raise_silently(exception)
    return 1


def _run_script(command: Command, main: ModuleType, on_start: Callable[[], None]) -> None:
    path = command.target
    sys.argv = [path, *command.args]
    _set_first_path(os.path.dirname(os.path.realpath(path)))
    file = os.path.join(os.getcwd(), path)
    loaders: Any = sys.modules["_frozen_importlib_external"]
    if path.endswith(".pyc"):
        loader = loaders.SourcelessFileLoader("__main__", file)
        main.__loader__ = loader
        code = loader.get_code("__main__")
    else:
        main.__loader__ = loaders.SourceFileLoader("__main__", file)
        with io.open_code(file) as stream:
            source = stream.read()
        try:
            code = compile(source, file, "exec", dont_inherit=True)
        except Exception:
            # What Python says of a file that it can't compile depends on how it came to read it,
            # and nothing of the program has run yet: let it say it.
            _become_python(_program_words(command))
            raise
    _set_file(main, file)
    _execute(on_start, exec, code, vars(main))


def _run_container(command: Command, main: ModuleType, on_start: Callable[[], None]) -> None:
    """Run the ``__main__`` of a folder or archive."""
    path = command.target
    sys.argv = [path, *command.args]
    file = os.path.join(os.getcwd(), path)
    if _is_path_safe():
        sys.path.insert(0, file)
    else:
        sys.path[0] = file
    _run_by_name("__main__", main, on_start, alter_argv=False)


def _run_module(command: Command, main: ModuleType, on_start: Callable[[], None]) -> None:
    # `runpy` puts the module's file in place of "-m" once it has found it.
    sys.argv = ["-m", *command.args]
    _set_first_path(os.getcwd())
    _run_by_name(command.target, main, on_start, alter_argv=True)


def _run_by_name(
    name: str, main: ModuleType, on_start: Callable[[], None], *, alter_argv: bool
) -> None:
    import runpy

    run_as_main: Any = vars(runpy)["_run_module_as_main"]  # What `python -m` itself calls.
    try:
        _execute(on_start, run_as_main, name, alter_argv)
    except SystemExit as end:
        if main.__spec__ is None:
            raise NotStarted(end.code) from None
        raise


def _run_code(command: Command, main: ModuleType, on_start: Callable[[], None]) -> None:
    source = command.target
    sys.argv = ["-c", *command.args]
    _set_first_path("")
    if sys.version_info >= (3, 14) and source[:1].isspace():
        import textwrap

        source = textwrap.dedent(source)
    code = compile(source, "<string>", "exec", dont_inherit=True)
    if sys.version_info >= (3, 13):
        _let_tracebacks_show(code, source)
    _execute(on_start, exec, code, vars(main))


def _run_stdin(command: Command, main: ModuleType, on_start: Callable[[], None]) -> None:
    sys.argv = ["-", *command.args]
    _set_first_path("")
    with open(0, "rb", closefd=False) as stream:
        source = stream.read()
    code = compile(source, "<stdin>", "exec", dont_inherit=True)
    _set_file(main, "<stdin>")
    _execute(on_start, exec, code, vars(main))


def _execute(on_start: Callable[[], None], function: Callable[..., Any], *args: object) -> None:
    """Call ``function``, below whose frame the program starts."""
    on_start()
    function(*args)


def _program_words(command: Command) -> list[str]:
    """What ``python`` would have been told to run."""
    target = command.target
    if command.kind == "module":
        words = ["-m", target]
    elif command.kind == "code":
        words = ["-c", target]
    elif command.kind == "stdin":
        words = ["-"]
    else:
        words = ["--", target] if target.startswith("-") else [target]
    return words + command.args


def _interpreter_words(words: list[str]) -> list[str]:
    """The part of a command line of ``python`` before what it is to run: itself and its options.

    A program that starts itself anew takes ``sys.orig_argv`` for that, as Werkzeug's reloader
    does; with us in it, it would start a second pyflame, and what it does to its child would
    happen to the process that waits. How options are read is said by Python/getopt.c.
    """
    end = 1
    while end < len(words):
        word = words[end]
        if word in ("-", "--") or not word.startswith("-"):
            break
        end += 1
        if word.startswith("--"):
            end += word == "--check-hash-based-pycs"  # Its value is the next word.
            continue
        for place, letter in enumerate(word[1:], 1):
            if letter in "mc":  # What to run; other letters may stand before it (`-Im`).
                return words[: end - 1] + [word[:place]] * (place > 1)
            if letter in "WX":  # The rest of the word is its value, or else the next word.
                end += place == len(word) - 1
                break
    return words[:end]


def _fresh_main() -> ModuleType:
    """A module ``__main__`` as the interpreter makes it, in place of the one that runs us.

    With it, the program's classes can be pickled, and child processes find what to import.
    """
    ours = sys.modules["__main__"]
    main = type(sys)("__main__")
    if "__annotations__" in vars(ours):  # Up to Python 3.13, every __main__ has them.
        main.__annotations__ = {}
    vars(main)["__builtins__"] = builtins
    main.__loader__ = vars(sys.modules["_frozen_importlib"])["BuiltinImporter"]
    sys.modules["__main__"] = main
    return main


def _set_file(main: ModuleType, file: str) -> None:
    main.__file__ = file
    if sys.version_info < (3, 15):
        vars(main)["__cached__"] = None


def _set_first_path(entry: str) -> None:
    """Put ``entry`` where the interpreter has put the folder of what runs us."""
    if not _is_path_safe():
        sys.path[0] = entry


def _is_path_safe() -> bool:
    """Whether the interpreter was told to put nothing of its own at the head of ``sys.path``."""
    return bool(getattr(sys.flags, "safe_path", sys.flags.isolated))


def _is_importable(path: str) -> bool:
    """Whether ``path`` is a folder or archive, as ``pymain_get_importer`` finds out."""
    for hook in sys.path_hooks:
        try:
            hook(path)
        except ImportError:
            continue
        return True
    return False


def _let_tracebacks_show(code: CodeType, source: str) -> None:
    """Tell ``linecache`` the text of ``-c``, as ``python`` does from 3.13 on."""
    import linecache

    registry: dict[str, Any] = vars(linecache)
    # 3.13 goes by file name, later ones by code object.
    key = code if "_make_key" in registry else "<string>"
    registry["_register_code"](key, source, "<string>")


def _become_python(argv: list[str]) -> None:
    """Replace this process by ``python`` with the same options; returns where that can't be."""
    import subprocess

    if not sys.executable:
        return
    stop_telling()
    options: list[str] = vars(subprocess)["_args_from_interpreter_flags"]()
    try:
        os.execv(sys.executable, [sys.executable, *options, *argv])  # noqa: S606 - no shell
    except OSError:
        return


def _below_runner(traceback: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that is the program's."""
    rest = traceback
    while rest is not None:
        if rest.tb_frame.f_code is _execute.__code__:
            return rest.tb_next
        rest = rest.tb_next
    return None


def _raise_silently(exception: BaseException) -> None:
    """Raise what has been shown already, so that the interpreter learns of it all the same."""
    traceback = exception.__traceback__
    hook = vars(sys).get("excepthook")

    def show_nothing(*_: object) -> None:
        exception.__traceback__ = sys.last_traceback = traceback
        if hook is None:
            del sys.excepthook
        else:
            sys.excepthook = hook

    sys.excepthook = show_nothing
    raise exception
