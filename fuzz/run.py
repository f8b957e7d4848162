"""Runs the fuzz targets for some seconds each, from the kept corpus: `python fuzz/run.py`.

Each target first runs every input of `corpus/TARGET`, whatever the time, and then what the fuzzer
makes of them, from a fixed seed. What it finds stays out of the checkout; a crash is named with
what runs it again. Built on stable Rust: the passes of LLVM that let the fuzzer see what an input
reaches are part of the compiler, and a C++ compiler builds the fuzzer.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
# As CONTRIBUTING.md has them; sums that overflow panic.
FLAGS = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
]
# One input takes milliseconds; so long is a loop without end, also on a busy machine.
INPUT_LIMIT_SECONDS = 60
MEMORY_LIMIT_MB = 2048
LONGEST_INPUT_BYTES = 4096
# Beyond its time, a target ends with its last input, and its corpus was run before.
END_LIMIT_SECONDS = 300
BUILD_LIMIT_SECONDS = 1800


def targets() -> list[str]:
    """The targets, which are the programs of the crate."""
    manifest = (HERE / "Cargo.toml").read_text(encoding="utf-8")
    return re.findall(r'^\[\[bin\]\]\nname = "(\w+)"', manifest, re.MULTILINE)


def build() -> Path:
    """Builds every target; returns the folder of the programs."""
    ask = [_found("rustc"), "--print", "host-tuple"]
    said = subprocess.run(ask, capture_output=True, text=True, check=True, timeout=60)
    host = said.stdout.strip()
    folder = Path(os.environ.get("CARGO_TARGET_DIR") or HERE / "target")
    words = ["build", "--locked", "--offline", "--release", "--quiet", "--target", host]
    words += ["--manifest-path", str(HERE / "Cargo.toml"), "--target-dir", str(folder)]
    environment = {**os.environ, "RUSTFLAGS": " ".join(FLAGS)}
    cargo = [_found("cargo"), *words]
    subprocess.run(cargo, env=environment, check=True, timeout=BUILD_LIMIT_SECONDS)
    return folder / host / "release"


def _found(command: str) -> str:
    path = shutil.which(command)
    if path is None:
        sys.exit(f"fuzzing needs {command}, which is not on PATH")
    return path


def fuzz(program: Path, seconds: int) -> str | None:
    """Runs one target; returns what is wrong, if something is."""
    kept = CORPUS / program.name
    count = len(list(kept.glob("*")))
    if not count:
        return f"there is no corpus in {kept}"
    # Kept after a crash, since what crashed lies in it.
    found = Path(tempfile.mkdtemp(prefix=f"fuzz-{program.name}-"))
    (found / "new").mkdir()
    options = {
        "seed": 1,
        "max_total_time": seconds,
        "timeout": INPUT_LIMIT_SECONDS,
        "rss_limit_mb": MEMORY_LIMIT_MB,
        "max_len": LONGEST_INPUT_BYTES,
        "artifact_prefix": f"{found}/",
        "print_final_stats": 1,
    }
    # What is new goes into the first folder.
    command = [str(program), *(f"-{name}={value}" for name, value in options.items())]
    try:
        ended = subprocess.run(
            [*command, str(found / "new"), str(kept)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds + END_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {seconds + END_LIMIT_SECONDS} s; {found} has what it found"
    said = ended.stdout.decode(errors="replace")
    runs = re.search(r"stat::number_of_executed_units: (\d+)", said)
    inputs = sorted(path for path in found.iterdir() if path.is_file())
    if ended.returncode or inputs:
        tail = "\n".join(said.splitlines()[-40:])
        again = " ".join([str(program), *map(str, inputs)]) if inputs else "nothing was kept"
        return (
            f"ended with status {ended.returncode}\n{tail}\nrun it again: {again}\n"
            "What it found becomes a unit test, and an input of the corpus."
        )
    shutil.rmtree(found)
    if runs is None or int(runs.group(1)) < count:
        return f"did not run its corpus of {count} inputs\n{said}"
    print(f"{program.name}: {runs.group(1)} runs, {count} of them kept inputs", flush=True)
    return None


def main() -> int:
    """Runs the targets that were asked for, by default all."""
    every = targets()
    parser = argparse.ArgumentParser(prog="python fuzz/run.py", description="Fuzzes the decoders.")
    parser.add_argument("--seconds", type=int, default=20, help="for each target (default: 20)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(every)}")
    wanted = parser.parse_args()
    for name in wanted.targets:
        if name not in every:
            parser.error(f"no target is called {name}; there are {', '.join(every)}")
    programs = build()
    wrong = {name: fuzz(programs / name, wanted.seconds) for name in wanted.targets or every}
    for name, reason in wrong.items():
        if reason is not None:
            print(f"{name}: {reason}", file=sys.stderr)
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
