"""The profilers that are compared: how each is installed, started, and read."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import stacks

if TYPE_CHECKING:
    from environments import Environment
    from interpreters import Interpreter
    from stacks import Seen

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Place:
    """Where a tool is installed, and what is run there."""

    environment: Environment
    folder: Path

    @property
    def interpreter(self) -> Interpreter:
        """The interpreter that its environment was made from, and its system."""
        return self.environment.interpreter

    @property
    def python(self) -> str:
        """The interpreter of its environment."""
        return self.environment.python

    def program(self, name: str) -> str:
        """A program that was installed there."""
        return self.environment.program(name)

    def output(self) -> Path:
        """What the tool writes; scalene gives every file this ending."""
        return self.folder / "output.json"


@dataclass(frozen=True)
class Tool:
    """One profiler, in one of its ways to work."""

    name: str
    needs: str
    """The file of its requirements, or nothing."""
    package: str
    """The package whose version is its version; none for what is a part of Python."""
    run: Callable[[Place, float], list[str]]
    """The command before the program's own words, at so many samples a second."""
    read: Callable[[Place, str], Seen]
    """What it wrote, and what was printed while it ran, as stacks."""
    attach: Callable[[Place, float, int, float], list[str]] | None = None
    """The command that looks at a process for so many seconds."""
    attached_status: int = 0
    """What it ends with when its time of looking at a process is over."""
    is_switched: bool = False
    """Whether `programs/units.py` can start and stop it from within."""
    has_samples: bool = True
    """False for what counts calls: it knows no rate and no stacks."""
    versions: tuple[str, ...] = ("3.11", "3.13", "3.15")
    elsewhere: str = ""
    """Why it is not measured on other versions."""


def text_of(place: Place) -> str:
    """What a tool wrote."""
    return place.output().read_text(encoding="utf-8", errors="replace")


def austin_text(place: Place) -> str:
    """Austin's own format as text, by the converter of its makers."""
    converted = place.folder / "austin.txt"
    command = [place.program("mojo2austin"), str(place.output()), str(converted)]
    subprocess.run(place.interpreter.inside(command), check=True, stdout=subprocess.DEVNULL)
    return converted.read_text(encoding="utf-8", errors="replace")


def read_by(place: Place, program: str) -> str:
    """What a program of Python prints of a tool's output, run where the tool is installed."""
    command = place.interpreter.inside([place.python, "-c", program, str(place.output())])
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def our_text(place: Place) -> str:
    """A recording of ours as JSON, by the version that was measured."""
    return read_by(place, OUR_READER)


OUR_READER = """
import json, pyflame, sys
profile = pyflame.Profile.load(sys.argv[1])
facts = {"samples": profile.samples, "uncaptured": profile.uncaptured}
print(json.dumps({**facts, "folded": profile.folded()}))
"""


def cprofile_text(place: Place) -> str:
    """File, name and seconds of each function, by the `pstats` of the version that was measured."""
    return read_by(place, PSTATS_READER)


PSTATS_READER = """
import json, pstats, sys
functions = pstats.Stats(sys.argv[1]).stats
print(json.dumps([[file, name, times[3]] for (file, _, name), times in functions.items()]))
"""


def py_spy(*more: str) -> Callable[[Place, float], list[str]]:
    """`py-spy record`, with threads that wait, as all others do."""

    def command(place: Place, rate: float) -> list[str]:
        look = ["record", "--format", "raw", "--full-filenames", "--idle", *more]
        return [
            *(place.program("py-spy"), *look, "--rate", f"{rate:.0f}"),
            *("-o", str(place.output()), "--", place.python),
        ]

    return command


def py_spy_attached(*more: str) -> Callable[[Place, float, int, float], list[str]]:
    """The same for a process that runs."""

    def command(place: Place, rate: float, pid: int, seconds: float) -> list[str]:
        look = ["record", "--format", "raw", "--idle", *more, "--rate", f"{rate:.0f}"]
        end = ["--duration", f"{seconds:.0f}", "-o", str(place.output()), "--pid", str(pid)]
        return [place.program("py-spy"), *look, *end]

    return command


def sampling(*more: str) -> Callable[[Place, float], list[str]]:
    """Python's own `profiling.sampling`, with all threads, as all others do."""

    def command(place: Place, rate: float) -> list[str]:
        look = ["-m", "profiling.sampling", "run", "--all-threads", "--collapsed", *more]
        return [place.python, *look, "-r", f"{rate:.0f}", "-o", str(place.output())]

    return command


def sampling_attached(*more: str) -> Callable[[Place, float, int, float], list[str]]:
    """The same for a process that runs."""

    def command(place: Place, rate: float, pid: int, seconds: float) -> list[str]:
        look = ["-m", "profiling.sampling", "attach", "--all-threads", "--collapsed", *more]
        end = ["-r", f"{rate:.0f}", "-d", f"{seconds:.0f}", "-o", str(place.output()), str(pid)]
        return [place.python, *look, *end]

    return command


OURS = Tool(
    "pyflame",
    "nothing",
    "pyflame",
    lambda place, rate: [
        *(place.python, "-m", "pyflame", "-q", "--rate", f"{rate:.0f}"),
        *("--format", "pyflame", "-o", str(place.output())),
    ],
    lambda place, _: stacks.of_ours(our_text(place)),
    is_switched=True,
    versions=("3.11", "3.13", "3.14", "3.15"),
)

TOOLS = (
    OURS,
    Tool(
        "pyflame 0.3.2",
        "pyflame-0.3.2",
        "pyflame",
        # What it hands to flamegraph.pl is what it saw.
        lambda place, rate: [
            *(place.python, "-m", "pyflame", "-s", str(1 / rate)),
            *("-p", "/bin/cat", "-o", str(place.output())),
        ],
        lambda place, _: stacks.of_old_pyflame(text_of(place)),
        is_switched=True,
    ),
    Tool(
        "py-spy",
        "py-spy",
        "py-spy",
        py_spy(),
        lambda place, said: stacks.of_py_spy(text_of(place), said),
        py_spy_attached(),
    ),
    Tool(
        "py-spy --nonblocking",
        "py-spy",
        "py-spy",
        py_spy("--nonblocking"),
        lambda place, said: stacks.of_py_spy(text_of(place), said),
        py_spy_attached("--nonblocking"),
    ),
    Tool(
        "austin",
        "austin",
        "austin-dist",
        lambda place, rate: [
            *(place.program("austin"), "-i", f"{1e6 / rate:.0f}us"),
            *("-o", str(place.output()), place.python),
        ],
        lambda place, said: stacks.of_austin(austin_text(place), said),
        lambda place, rate, pid, seconds: [
            *(place.program("austin"), "-i", f"{1e6 / rate:.0f}us", "-x", f"{seconds:.0f}"),
            *("-o", str(place.output()), "-p", str(pid)),
        ],
        attached_status=254,
        versions=("3.14",),
        elsewhere="its wheel wants the C library of the system of 3.14 and 3.15, and does not know "
        "the latter",
    ),
    Tool(
        "profiling.sampling",
        "nothing",
        "",
        sampling(),
        lambda place, said: stacks.of_sampling(text_of(place), said),
        sampling_attached(),
        versions=("3.15",),
        elsewhere="it is a part of Python 3.15",
    ),
    Tool(
        "profiling.sampling --blocking",
        "nothing",
        "",
        sampling("--blocking"),
        lambda place, said: stacks.of_sampling(text_of(place), said),
        sampling_attached("--blocking"),
        versions=("3.15",),
        elsewhere="it is a part of Python 3.15",
    ),
    Tool(
        "pyinstrument",
        "pyinstrument",
        "pyinstrument",
        lambda place, rate: [
            *(place.python, "-m", "pyinstrument", "-i", str(1 / rate), "--show-all"),
            *("-r", "json", "-o", str(place.output())),
        ],
        lambda place, _: stacks.of_pyinstrument(text_of(place)),
        is_switched=True,
    ),
    Tool(
        "scalene",
        "scalene",
        "scalene",
        # Everything that has a share; by default, what lies beside the program and has a hundredth.
        lambda place, rate: [
            *(place.python, "-m", "scalene", "run", "--cpu-only", "--profile-all"),
            *("--cpu-percent-threshold", "0", "--cpu-sampling-rate", str(1 / rate)),
            *("-o", str(place.output())),
        ],
        lambda place, _: stacks.of_scalene(text_of(place)),
    ),
    Tool(
        "cProfile",
        "nothing",
        "",
        lambda place, _: [place.python, "-m", "cProfile", "-o", str(place.output())],
        lambda place, _: stacks.of_cprofile(cprofile_text(place)),
        is_switched=True,
        has_samples=False,
    ),
)
