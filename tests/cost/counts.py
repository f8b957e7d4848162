"""Counts instructions: exact numbers, whatever else the machine does meanwhile.

Callgrind, a tool of valgrind, runs a program on a CPU of its own making and counts what it
executes. Time, load and the kernel are out of it: beside twenty busy processes, handler and
picture had the same count to the instruction, and the import one within 0.01 % (a longer
environment moves what lies behind it in memory). What would change the counts otherwise is fixed:
the seed of hashes, what bytecode there is, and which of its functions for strings glibc takes, as
it has others for other CPUs (a picture has 2.5 % less with those for the oldest).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
# Says that something hangs.
LIMIT_SECONDS = 300
BUILD_LIMIT_SECONDS = 1200
# What every program has in its environment, and nothing else.
FIXED = {
    "PYTHONHASHSEED": "0",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX512F,-AVX512VL,-ERMS,-FSRM",
}
# The interpreter itself and not its environment, which would be looked for and read at each start.
PYTHON = str(getattr(sys, "_base_executable", sys.executable))


def of_the_handler() -> int:
    """Of one capture by the signal handler, of the stack of `deep.py`."""
    library = _example("pyflame-sampler", "captures", "pyflame-sampler/measure") / "libcaptures.so"
    program = [PYTHON, "-I", "-S", str(Path(__file__).with_name("deep.py")), str(library)]
    # The first captures look for where the C stack lies; those that follow are all alike.
    few, many = (_count([*program, times], only="*on_signal*") for times in ("20", "120"))
    return (many - few) // 100


def of_a_picture() -> int:
    """Of drawing one picture of a fixed profile."""
    program = str(_example("pyflame-render", "pictures") / "pictures")
    few, many = (_count([program, times]) for times in ("1", "5"))
    return (many - few) // 4


def of_the_import() -> int:
    """Of `import pyflame` in a Python that has started, with bytecode at hand."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(os.environ["PYFLAME_WHEEL"]) as wheel:
            wheel.extractall(folder)
        # All modules have bytecode of this Python there, those of its library included.
        environment = {"PYTHONPYCACHEPREFIX": f"{folder}/bytecode", **FIXED}
        begin = f"import sys; sys.path.insert(0, {folder!r}); "
        counts = []
        for code in ("pass", "import pyflame"):
            words = ["-S", "-s", "-X", "frozen_modules", "-c", begin + code]
            _run([PYTHON, *words], environment)
            counts.append(_count([PYTHON, "-B", *words], environment=environment))
    return counts[1] - counts[0]


def _count(program: list[str], *, only: str = "", environment: dict[str, str] | None = None) -> int:
    """The instructions of a program, or of one function of it and all that it calls."""
    valgrind = shutil.which("valgrind")
    assert valgrind, "valgrind is needed to count instructions (Debian: apt install valgrind)"
    words = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    if only:
        words += ["--collect-atstart=no", f"--toggle-collect={only}"]
    said = _run([*words, *program], {**FIXED, **(environment or {})})
    count = int(re.search(r"Collected : (\d+)", said).group(1))
    assert count, f"nothing was counted: {said}"
    return count


def _example(package: str, name: str, *features: str) -> Path:
    """Builds an example as the product is built, and returns the folder that it is in."""
    words = ["build", "--locked", "--offline", "--release", "--quiet", "-p", package]
    words += ["--example", name, *(f"--features={feature}" for feature in features)]
    target = Path(os.environ.get("CARGO_TARGET_DIR") or CHECKOUT / "target")
    _run(["cargo", *words, "--target-dir", str(target)], dict(os.environ), BUILD_LIMIT_SECONDS)
    return target / "release" / "examples"


def _run(
    command: list[str], environment: dict[str, str], limit_seconds: float = LIMIT_SECONDS
) -> str:
    ended = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit_seconds,
        check=False,
    )
    assert ended.returncode == 0, f"{command}: {ended.returncode}\n{ended.stdout}"
    return ended.stdout
