"""The table of all checks and tests: what each step runs, for how long at most, and beside what.

A limit is some ten times what a job takes on a quiet machine: it is there to end a hang where no
test's own limit does, and to name it. Tests are of three kinds, which their markers tell:
`measures` (needs the machine to itself), `anywhere` (the same on every Python), and all others, of
the version.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import environments
import installer
import interpreters
import supply
from interpreters import UnavailableError
from job import Job
from places import CACHE, CHECKOUT, WHEELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from environments import Environment

PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-rs")
TOOLS = ("tools", "scripts/requirements.txt")
# Tests of kind `anywhere` run on these: the oldest, the one that most have, the newest.
ANYWHERE = ("3.9", "3.13", "3.15")
# Doors and costs are those of this one: of each build of Python, the costs are others.
GUARDED = "3.13"
# What notebooks are tested with on which Python, and how far: a kernel differs with the Python that
# runs it, a front end does not.
JUPYTER = {
    "3.9": ("requirements-oldest.txt", ("tests/jupyter", "-m", "not browser"), 900),
    "3.11": ("requirements-kernel.txt", ("tests/jupyter/test_cells.py",), 400),
    "3.13": ("requirements.txt", ("tests/jupyter",), 1200),
    "3.15": ("requirements-kernel.txt", ("tests/jupyter/test_cells.py",), 400),
}
# What the Django panel is tested with: each Django on a Python that it supports, and the newest
# one on all newer ones.
DJANGO = {"3.10": "4.2", "3.11": "5.2", "3.12": "6.0", "3.13": "6.1", "3.14": "6.1", "3.15": "6.1"}
# Where its tests in a browser run, too: all of them, and those of the usual servers, which tell
# whether the oldest toolbar's page is what the newest one's is.
DJANGO_IN_BROWSER = {"3.10": ("-k", "runserver or uvicorn"), "3.13": ()}
# Proptests draw the same inputs in every run: a new one must not fail for an old mistake.
SEED = "20"


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    steps: tuple[str, ...]
    versions: tuple[str, ...]
    fetch_until: float
    """When no fetch may begin another attempt, by the monotonic clock."""
    is_quick: bool = False
    is_long: bool = False


class Table:
    """The jobs of a run, in the order in which they may begin."""

    def __init__(self, wanted: Wanted) -> None:
        """Of what was asked for."""
        self._wanted = wanted
        self._fetches: dict[str, Job] = {}
        self._own = interpreters.own_version()

    def jobs(self) -> list[Job]:
        """The jobs, those that fetch for them first."""
        jobs = [job for step in STEPS if step in self._wanted.steps for job in STEPS[step](self)]
        names = {job.name for job in jobs}
        if any("wheel" in job.needs for job in jobs) and "wheel" not in names:
            # A wheel that is there is taken as it is.
            if any(WHEELS.glob("*.whl")):
                jobs = [
                    dataclasses.replace(job, needs=tuple(n for n in job.needs if n != "wheel"))
                    for job in jobs
                ]
            else:
                jobs = [*self.wheel(), *jobs]
        needed = {need for job in jobs for need in job.needs}
        needed |= {
            need for name in needed & set(self._fetches) for need in self._fetches[name].needs
        }
        return [*(job for job in self._fetches.values() if job.name in needed), *jobs]

    # The steps.

    def wheel(self) -> Iterable[Job]:
        """One wheel for every interpreter, as `pip install .` builds it, but of locked crates."""
        profile = ("--profile", "quick") if self._wanted.is_quick else ("--release",)
        build: tuple[str, ...] = (
            "build",
            "--quiet",
            *profile,
            "--locked",
            "--offline",
            "--out",
            str(WHEELS),
        )
        # As for this machine alone, whatever its C library is.
        build += ("--compatibility", "linux", "--manifest-path", "crates/pyflame-py/Cargo.toml")
        tools, fetch = self._environment(self._own, *TOOLS)
        if isinstance(tools, str):
            yield _unavailable("wheel", tools)
            return
        maturin = tools.interpreter.inside([tools.program("maturin"), *build])
        needs = (*fetch, self._fetch("crates"))
        # It locks another folder than the checks of Rust do: they go on beside it.
        clear = ("rm", "-rf", str(WHEELS))
        yield Job("wheel", (clear, tuple(maturin)), 900, needs)

    def rust(self) -> Iterable[Job]:
        """Format, lints, unit tests, the examples in the documentation, its links, fuzz targets."""
        fuzz = ("--manifest-path", "fuzz/Cargo.toml")
        yield Job("rust format", (("cargo", "fmt", "--all", "--check"),), 60)
        yield Job("fuzz format", (("cargo", "fmt", *fuzz, "--check"),), 60)
        deny = ("--quiet", "--", "-D", "warnings")
        # What counts the handler's instructions is no part of the product, and no worse for that.
        feature = ("--features", "pyflame-sampler/measure")
        lint = ("clippy", "--workspace", "--all-targets", *feature, "--locked", *deny)
        yield self._cargo("rust lints", lint, 600)
        has_nextest = shutil.which("cargo-nextest") is not None
        tests = ("nextest", "run") if has_nextest else ("test", "--all-targets")
        yield self._cargo("rust tests", (*tests, "--workspace", "--no-fail-fast", "--locked"), 900)
        if self._wanted.is_quick:
            return
        examples = ("test", "--doc", "--workspace", "--locked")
        yield self._cargo("rust examples in docs", examples, 400)
        docs = ("doc", "--workspace", "--no-deps", "--quiet", "--locked")
        yield self._cargo("rust docs", docs, 400)
        # They are no part of the workspace, and only compiled here: without the fuzzer, in C++.
        folder = os.environ.get("CARGO_TARGET_DIR", "target")
        fuzz_lint = (
            "clippy",
            *fuzz,
            "--no-default-features",
            "--target-dir",
            folder,
            "--locked",
            *deny,
        )
        yield self._cargo("fuzz lints", fuzz_lint, 400)

    def python(self) -> Iterable[Job]:
        """Lints and types of the Python package, its tests and the scripts."""
        tools, fetch = self._environment(self._own, *TOOLS)
        if isinstance(tools, str):
            yield _unavailable("python lints", tools)
            return
        for name, words in (
            ("python lints", ("-m", "ruff", "check", "--no-cache")),
            ("python format", ("-m", "ruff", "format", "--check", "--no-cache")),
        ):
            yield Job(name, (tuple(tools.command(words)),), 120, fetch)
        if sys.version_info < (3, 10):
            yield _unavailable("python types", "mypy needs Python 3.10")
            return
        yield Job("python types", (tuple(tools.command(("-m", "mypy"))),), 180, fetch)
        stub = ("-m", "mypy.stubtest", "pyflame._native")
        yield self._python("python stub", self._own, ("stub", TOOLS[1]), stub, 180)

    def browser(self) -> Iterable[Job]:
        """Pictures in a headless Chromium; they are the same whatever Python made them."""
        lock = ("browser", "tests/browser/requirements.txt")
        words = (*PYTEST, "tests/browser")
        job = self._python("browser", self._own, lock, words, 900, counts_tests=True)
        # Its renderer is built by cargo.
        job = dataclasses.replace(job, needs=(*job.needs, self._fetch("crates")), lane="cargo")
        yield dataclasses.replace(job, unavailable=job.unavailable or _no_chromium())

    def django(self) -> Iterable[Job]:
        """The panel of the Django Debug Toolbar on real servers, with each Django."""
        for version, django in DJANGO.items():
            lock = ("django", f"tests/django/requirements-{django}.txt")
            words: tuple[str, ...] = (*PYTEST, "tests/django/test_requests.py")
            limit = 900
            obstacle = ""
            if version in DJANGO_IN_BROWSER:
                words = (*PYTEST, "tests/django", *DJANGO_IN_BROWSER[version])
                limit = 1500
                obstacle = _no_chromium()
            name = f"django {django} on {version}"
            job = self._python(name, version, lock, words, limit, counts_tests=True)
            yield dataclasses.replace(job, unavailable=job.unavailable or obstacle)

    def jupyter(self) -> Iterable[Job]:
        """Notebooks: the oldest IPython on the oldest Python, the newest with its front ends."""
        for version, (needs, where, limit) in JUPYTER.items():
            lock = ("jupyter", f"tests/jupyter/{needs}")
            words = (*PYTEST, *where)
            job = self._python(
                f"jupyter on {version}", version, lock, words, limit, counts_tests=True
            )
            obstacle = _no_chromium() if version == "3.13" else ""
            yield dataclasses.replace(job, unavailable=job.unavailable or obstacle)

    def tests(self) -> Iterable[Job]:
        """The Python tests: command, API, truth. By kind, where their markers tell it."""
        for version in self._wanted.versions:
            lock = ("tests", _usual_lock(version))
            apart = ("browser", "cost", "django", "doors", "jupyter")
            words = (*PYTEST, *(f"--ignore=tests/{folder}" for folder in apart))
            everywhere = version in ANYWHERE or self._wanted.is_long or self._wanted.is_quick
            kinds = "not measures" if everywhere else "not anywhere and not measures"
            words_of_kind = (*words, "-m", kinds)
            yield self._python(
                f"tests on {version}", version, lock, words_of_kind, 1200, counts_tests=True
            )
            measure = (*words, "-m", "measures")
            job = self._python(
                f"measures on {version}", version, lock, measure, 600, counts_tests=True
            )
            yield dataclasses.replace(job, is_alone=True)

    def doors(self) -> Iterable[Job]:
        """The ways in: the demo, the documents' commands, packages, odd machines."""
        yield from self._guard("doors", "tests/doors/requirements.txt", 1200)

    def cost(self) -> Iterable[Job]:
        """What recording costs, in instructions: the same on a busy machine."""
        yield from self._guard("cost", "tests/requirements.txt", 1200)

    def fuzz(self) -> Iterable[Job]:
        """Each fuzz target for some seconds, beginning with what earlier runs have found."""
        seconds = 600 if self._wanted.is_long else 20
        targets = len(list((CHECKOUT / "fuzz" / "fuzz_targets").glob("*.rs")))
        run = (sys.executable, "fuzz/run.py", "--seconds", str(seconds))
        limit = 600 + 2 * seconds * targets
        yield Job("fuzz", (run,), limit, (self._fetch("crates"),), lane="cargo")

    def stress(self) -> Iterable[Job]:
        """The stress test, a quarter of a minute on each interpreter, two programs at once."""
        words: tuple[str, ...] = ("tests/stress", "--brief", "--seconds", "15", "--jobs", "2")
        limit = 600
        if self._wanted.is_long:
            # An hour for all; then until as much has been made as the programs say.
            words = ("tests/stress", "--seconds", str(3600 // len(self._wanted.versions)))
            limit = 4 * 3600
        for version in self._wanted.versions:
            lock = ("stress", "tests/stress/requirements.txt")
            job = self._python(
                f"stress on {version}", version, lock, words, limit, counts_tests=True
            )
            # It would set the clock of the whole machine.
            yield dataclasses.replace(job, is_alone=True, may_lack=("clock_steps",))

    def truth(self) -> Iterable[Job]:
        """The truth tests, sixty times as long; in the long run only."""
        for version in self._wanted.versions:
            lock = ("tests", _usual_lock(version))
            name = f"truth on {version}"
            words = (*PYTEST, "tests/truth")
            job = self._python(name, version, lock, words, 4 * 3600, counts_tests=True)
            factor = {"PYFLAME_TRUTH_FACTOR": "60"}
            yield dataclasses.replace(job, is_alone=True, variables={**job.variables, **factor})

    def properties(self) -> Iterable[Job]:
        """The proptests on inputs that no run had before; in the long run only."""
        seed = str(random.SystemRandom().randrange(2**63))
        print(f"properties: PROPTEST_RNG_SEED={seed} draws these inputs again", flush=True)
        run = ("test", "--workspace", "--locked", "--release")
        job = self._cargo("properties", run, 3 * 3600)
        drawn = {"PROPTEST_RNG_SEED": seed, "PROPTEST_CASES": "4096"}
        yield dataclasses.replace(job, variables={**job.variables, **drawn}, counts_tests=True)

    # What they share.

    def _cargo(self, name: str, words: Sequence[str], limit_seconds: float) -> Job:
        """A job of cargo; all of them wait for the lock of one folder."""
        needs = (self._fetch("crates"), self._fetch("flamegraph"))
        told = {"PYFLAME_FLAMEGRAPH_PL": str(supply.FLAMEGRAPH_PL), "PROPTEST_RNG_SEED": SEED}
        counts = words[0] in {"test", "nextest"}
        return Job(
            name,
            (("cargo", *words),),
            limit_seconds,
            needs,
            lane="cargo",
            variables=told,
            counts_tests=counts,
        )

    def _python(
        self,
        name: str,
        version: str,
        lock: tuple[str, str],
        words: Sequence[str],
        limit_seconds: float,
        *,
        counts_tests: bool = False,
    ) -> Job:
        """A job of an interpreter that has the wheel installed, in an environment of its own."""
        environment, fetch = self._environment(version, *lock)
        if isinstance(environment, str):
            return _unavailable(name, environment)
        install = _supply("wheel", lock[0], version, lock[1])
        return Job(
            name,
            (install, tuple(environment.command(words))),
            limit_seconds,
            (*fetch, "wheel"),
            counts_tests=counts_tests,
        )

    def _guard(self, folder: str, lock: str, limit_seconds: float) -> Iterable[Job]:
        """Tests of what is the same on every Python, and builds something."""
        words = (*PYTEST, f"tests/{folder}")
        job = self._python(folder, GUARDED, (folder, lock), words, limit_seconds, counts_tests=True)
        told = {
            **{name: value for name, value in installer.environment().items() if "UV_" in name},
            "UV_OFFLINE": "1",
            "PYFLAME_UV": str(installer.UV),
            "PYFLAME_WHEEL": f"{WHEELS}/*.whl",
            "PYFLAME_CACHE": str(CACHE),
            "PYFLAME_FLAMEGRAPH_PL": str(supply.FLAMEGRAPH_PL),
        }
        fetches = (self._fetch("crates"), self._fetch("flamegraph"))
        needs = (*job.needs, *fetches)
        yield dataclasses.replace(job, variables=told, needs=needs, lane="cargo")

    def _environment(
        self, version: str, purpose: str, lock: str
    ) -> tuple[Environment | str, tuple[str, ...]]:
        """An environment, or why there can't be one, and the names of what fetches it."""
        try:
            interpreter = interpreters.find(version)
        except UnavailableError as reason:
            return str(reason), ()
        environment = environments.of(interpreter, purpose, CHECKOUT / lock)
        needs = (self._fetch("forky"),) if interpreter.system else ()
        return environment, (self._fetch("environment", purpose, version, lock, needs=needs),)

    def _fetch(self, *words: str, needs: tuple[str, ...] = ()) -> str:
        """The name of the job that brings something; made when it is first asked for."""
        purpose = f"{words[3]} for {words[1]} on {words[2]}" if len(words) > 3 else words[0]
        name = f"fetch {purpose}"
        until = str(self._wanted.fetch_until)
        command = _supply("--until", until, *words)
        # Ten minutes for new attempts, and what the last one takes.
        self._fetches.setdefault(name, Job(name, (command,), 1200, needs, is_fetch=True))
        return name


def _supply(*words: str) -> tuple[str, ...]:
    return ("env", f"PYFLAME_CACHE={CACHE}", sys.executable, "scripts/supply.py", *words)


def _unavailable(name: str, reason: str) -> Job:
    return Job(name, (), 1, unavailable=reason)


def _usual_lock(version: str) -> str:
    return "tests/requirements-3.9.txt" if version == "3.9" else "tests/requirements.txt"


def _no_chromium() -> str:
    named = os.environ.get("PYFLAME_CHROMIUM", "chromium")
    there = any(shutil.which(name) for name in (named, "chromium", "chromium-browser"))
    return "" if there else "there is no Chromium"


# In the order in which their jobs begin: what others wait for first, what takes long before what
# does not. What measures comes last of all, wherever it stands.
STEPS = {
    "wheel": Table.wheel,
    "rust": Table.rust,
    "python": Table.python,
    "browser": Table.browser,
    "django": Table.django,
    "jupyter": Table.jupyter,
    "tests": Table.tests,
    "doors": Table.doors,
    "cost": Table.cost,
    "fuzz": Table.fuzz,
    "stress": Table.stress,
    "truth": Table.truth,
    "properties": Table.properties,
}
# Only where they are named, or in the long run.
LONG_ONLY = ("truth", "properties")
QUICK = ("wheel", "rust", "python", "tests")
