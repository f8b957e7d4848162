"""Runs every check and test of the project: Rust, Python on each interpreter, the stress test.

Everything runs, also after a failure, so that one run tells all that is wrong; only what needs a
wheel stops where the wheel can't be built. What could not be tested here is named at the end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import interpreters
from interpreters import CHECKOUT, SUPPORTED, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WHEELS = CHECKOUT / "target" / "wheels"
TESTS = CHECKOUT / "tests"
PYTEST = ["-m", "pytest", "-p", "no:cacheprovider"]
# What notebooks are tested with on which Python, and how far: a kernel differs with the Python that
# runs it, a front end does not.
JUPYTER = {
    "3.9": ("requirements-oldest.txt", ""),
    "3.11": ("requirements-kernel.txt", "test_cells.py"),
    "3.13": ("requirements.txt", ""),
    "3.15": ("requirements-kernel.txt", "test_cells.py"),
}
# What the Django panel is tested with: each Django on a Python that it supports, and the newest
# one on all newer ones.
DJANGO = {"3.10": "4.2", "3.11": "5.2", "3.12": "6.0", "3.13": "6.1", "3.14": "6.1", "3.15": "6.1"}
# Where its tests in a browser run, too: all of them, and those of the usual servers, which tell
# whether the oldest toolbar's page is what the newest one's is.
DJANGO_IN_BROWSER = {"3.10": ["-k", "runserver or uvicorn"], "3.13": []}
# Longer than any step takes on a slow machine; a hang must not hold up a machine for ever.
STEP_LIMIT_SECONDS = 1800


@dataclass
class Report:
    """What was run and how it ended."""

    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    not_tested: list[str] = field(default_factory=list)

    def run(self, name: str, command: Sequence[str]) -> bool:
        """Runs one step in the open and notes how it ended."""
        print(f"\n=== {name}", flush=True)
        started = time.monotonic()
        reason = _run(command)
        seconds = time.monotonic() - started
        if reason is None:
            self.passed.append(name)
            print(f"=== {name}: passed in {seconds:.0f} s", flush=True)
        else:
            self.failed.append(f"{name}: {reason}")
            print(f"=== {name}: {reason} after {seconds:.0f} s", flush=True)
        return reason is None

    def skip(self, name: str, reason: str) -> None:
        """Names what is not tested, and why."""
        self.not_tested.append(f"{name} ({reason})")
        print(f"\n=== not tested: {name} ({reason})", flush=True)

    def close(self) -> int:
        """Prints the summary; the last line is the one to look at."""
        print("\n=== summary")
        for kind, names in (("failed", self.failed), ("not tested", self.not_tested)):
            for name in names:
                print(f"{kind}: {name}")
        print(f"{len(self.passed)} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed else 0


def check_rust(report: Report) -> None:
    """Format, lints, unit tests, the examples in the documentation, its links, fuzz targets."""
    report.run("rust format", ["cargo", "fmt", "--all", "--check"])
    lint = ["cargo", "clippy", "--workspace", "--all-targets", "--quiet"]
    report.run("rust lints", [*lint, "--", "-D", "warnings"])
    nextest = shutil.which("cargo-nextest") is not None
    tests = ["nextest", "run"] if nextest else ["test", "--all-targets"]
    report.run("rust tests", ["cargo", *tests, "--workspace", "--no-fail-fast"])
    report.run("rust examples in docs", ["cargo", "test", "--doc", "--workspace", "--quiet"])
    report.run("rust docs", ["cargo", "doc", "--workspace", "--no-deps", "--quiet"])
    # They are no part of the workspace, and only compiled: without the fuzzer, which is in C++.
    fuzz = ["--manifest-path", "fuzz/Cargo.toml"]
    report.run("fuzz format", ["cargo", "fmt", *fuzz, "--check"])
    folder = os.environ.get("CARGO_TARGET_DIR", "target")
    lint = ["cargo", "clippy", *fuzz, "--no-default-features", "--target-dir", folder, "--quiet"]
    report.run("fuzz lints", [*lint, "--", "-D", "warnings"])


def check_python(report: Report) -> None:
    """Lints and types of the Python package, its tests and the scripts."""
    tools = CHECKOUT / "scripts" / "requirements.txt"
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    wheel = newest_wheel()
    if not report.run("python tools", [sys.executable, *install, "-r", str(tools)]):
        return
    report.run("python lints", [sys.executable, "-m", "ruff", "check"])
    report.run("python format", [sys.executable, "-m", "ruff", "format", "--check"])
    if sys.version_info < (3, 10):
        report.skip("python types", "mypy needs Python 3.10")
        return
    report.run("python types", [sys.executable, "-m", "mypy"])
    fresh = [*install, "--no-deps", "--force-reinstall", str(wheel)]
    if wheel is None or not report.run("python package", [sys.executable, *fresh]):
        report.skip("python stub", "there is no wheel")
        return
    report.run("python stub", [sys.executable, "-m", "mypy.stubtest", "pyflame._native"])


def build_wheel(report: Report) -> None:
    """One wheel for every interpreter, built as `pip install .` builds it."""
    shutil.rmtree(WHEELS, ignore_errors=True)
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(WHEELS)]
    if report.run("wheel", [sys.executable, *build, str(CHECKOUT)]):
        print(f"built {', '.join(path.name for path in WHEELS.glob('*.whl'))}", flush=True)


def newest_wheel() -> Path | None:
    """The wheel that the `wheel` step built."""
    return next(iter(WHEELS.glob("*.whl")), None)


def on_each_interpreter(
    report: Report,
    what: str,
    versions: Sequence[str],
    arguments: Sequence[str],
    requirements: Path | None = None,
) -> None:
    """Runs `python ARGUMENTS` on every interpreter that can be had, with the wheel installed.

    Where it has requirements of its own, it gets an environment of its own.
    """
    wheel = newest_wheel()
    for version in versions:
        name = f"{what} on {version}"
        if wheel is None:
            report.skip(name, "there is no wheel")
            continue
        try:
            interpreter = interpreters.find(version)
            if requirements is not None:
                interpreter = interpreter.for_tests(what, requirements)
            interpreter.prepare(wheel)
        except UnavailableError as reason:
            report.skip(name, str(reason))
            continue
        report.run(name, interpreter.command(arguments))


def check_browser(report: Report) -> None:
    """Pictures in a headless Chromium; they are the same whatever Python made them."""
    needs = CHECKOUT / "tests" / "browser" / "requirements.txt"
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(needs)]
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser")):
        report.skip("browser", "there is no Chromium")
    elif report.run("browser tools", [sys.executable, *install]):
        report.run("browser", [sys.executable, *PYTEST, "tests/browser"])


def check_jupyter(report: Report) -> None:
    """Notebooks: the oldest IPython on the oldest Python, the newest with its front ends, cells."""
    for version, (needs, tests) in JUPYTER.items():
        path = TESTS / "jupyter" / needs
        run_apart(report, f"jupyter on {version}", version, [path], [f"tests/jupyter/{tests}"])


def check_django(report: Report) -> None:
    """The panel of the Django Debug Toolbar on real servers, with each Django."""
    for version, django in DJANGO.items():
        name = f"django {django} on {version}"
        needs = [TESTS / "django" / f"requirements-{django}.txt"]
        tests = ["tests/django/test_requests.py"]
        if version in DJANGO_IN_BROWSER:
            needs.append(TESTS / "browser" / "requirements.txt")
            tests = ["tests/django", *DJANGO_IN_BROWSER[version]]
        run_apart(report, name, version, needs, tests)


def run_apart(
    report: Report, name: str, version: str, needs: Sequence[Path], tests: Sequence[str]
) -> None:
    """Runs tests in an environment of their own."""
    wheel = newest_wheel()
    if wheel is None:
        report.skip(name, "there is no wheel")
        return
    try:
        interpreter = interpreters.find(version).for_tests(name.partition(" ")[0], *needs)
        interpreter.prepare(wheel)
    except UnavailableError as reason:
        report.skip(name, str(reason))
        return
    report.run(name, interpreter.command([*PYTEST, *tests]))


def check_tests(report: Report, versions: Sequence[str]) -> None:
    """The Python tests: command, API, truth."""
    apart = ("browser", "django", "jupyter")
    ignored = [f"--ignore=tests/{folder}" for folder in apart]
    on_each_interpreter(report, "tests", versions, [*PYTEST, *ignored])


def check_stress(report: Report, versions: Sequence[str]) -> None:
    """The stress test, half a minute on each interpreter."""
    arguments = ["tests/stress", "--brief", "--seconds", "30"]
    requirements = CHECKOUT / "tests" / "stress" / "requirements.txt"
    on_each_interpreter(report, "stress", versions, arguments, requirements)


def _run(command: Sequence[str]) -> str | None:
    """Runs a command; the answer is None where it succeeded, else what went wrong."""
    # Bytecode written as root by an interpreter in a system would outlive the run.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "RUSTDOCFLAGS": "-D warnings"}
    environment.setdefault("PYO3_PYTHON", sys.executable)
    # A group of its own, so that the limit ends whatever the step has started.
    process = subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        status = process.wait(STEP_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return f"did not end within {STEP_LIMIT_SECONDS} s"
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return None if status == 0 else f"ended with status {status}"


STEPS: dict[str, Callable[[Report], None]] = {
    "rust": check_rust,
    "wheel": build_wheel,
    "python": check_python,
    "browser": check_browser,
    "django": check_django,
    "jupyter": check_jupyter,
}
STEPS_PER_INTERPRETER: dict[str, Callable[[Report, Sequence[str]], None]] = {
    "tests": check_tests,
    "stress": check_stress,
}


def main() -> int:
    """Runs the steps that were asked for, by default all."""
    every = [*STEPS, *STEPS_PER_INTERPRETER]
    parser = argparse.ArgumentParser(prog="./check", description="Runs every check and test.")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"one of {', '.join(every)}")
    parser.add_argument(
        "--python",
        action="append",
        choices=SUPPORTED,
        metavar="VERSION",
        help="only on this interpreter, for example 3.12; may be given again",
    )
    wanted = parser.parse_args()
    for step in wanted.steps:
        if step not in every:
            parser.error(f"no step is called {step}; there are {', '.join(every)}")
    report = Report()
    for step in every:
        if wanted.steps and step not in wanted.steps:
            continue
        if step in STEPS:
            STEPS[step](report)
        else:
            STEPS_PER_INTERPRETER[step](report, wanted.python or SUPPORTED)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
