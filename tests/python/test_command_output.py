"""What a run leaves behind: a whole file, one closing line, nothing on standard output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from looks import UNTIL_LOOKED_AT
from pyflame import Profile
from started import LIMIT_SECONDS, Stream

# Busy for CPU time, as a machine may give a process none, and until either engine has looked.
BUSY = (
    UNTIL_LOOKED_AT
    + """
import threading, time
def busy(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(100))
    until_looked_at()
    until_looked_at(20, by=None)
"""
)


@pytest.fixture
def busy(runner):
    """A script that computes for a moment; returns its name."""
    runner.write("busy.py", BUSY + "busy(0.2)\n")
    return "busy.py"


def frames(folded: str) -> list[list[str]]:
    return [line.rsplit(" ", 1)[0].split(";") for line in folded.splitlines()]


@pytest.mark.anywhere
def test_a_picture_named_after_the_script(runner, busy):
    result = runner.pyflame(busy)
    assert result.stdout == ""
    assert runner.files() == ["busy.py", "busy.py.svg"]
    picture = (runner.folder / "busy.py.svg").read_text()
    assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    assert ">busy" in picture


@pytest.mark.anywhere
@pytest.mark.parametrize("engine", ["signal", "fallback"])
def test_one_closing_line(runner, busy, engine):
    line = runner.pyflame("--engine", engine, busy).stderr
    note = ", fallback engine" if engine == "fallback" else ""
    pattern = rf"pyflame: [\d,]+ samples in [\d.]+ m?s \([\d,]+ Hz\), 1 thread{note}"
    assert re.fullmatch(pattern + r"(, \d+ uncaptured)? -> busy\.py\.svg\n", line)


@pytest.mark.anywhere
def test_no_line_when_quiet(runner, busy):
    result = runner.pyflame("-q", busy)
    assert (result.stdout, result.stderr) == ("", "")


@pytest.mark.anywhere
def test_the_closing_line_survives_a_program_that_takes_the_streams(runner):
    code = "import sys; sys.stdout = sys.stderr = None"
    assert runner.pyflame("-c", code).stderr.endswith("-> command.svg\n")
    code = "import os; os.close(1); os.close(2)"
    assert runner.pyflame("-o", "x.svg", "-c", code).stderr.endswith("-> x.svg\n")
    assert "x.svg" in runner.files()


@pytest.mark.anywhere
def test_a_program_that_changes_its_folder(runner):
    runner.pyflame("-o", "x.svg", "-c", "import os; os.chdir('/')")
    assert runner.files() == ["x.svg"]


@pytest.mark.anywhere
def test_nothing_sampled_is_a_valid_picture_that_says_so(runner):
    result = runner.pyflame("--sample-interval", "3600", "-c", "pass")
    assert result.returncode == 0
    assert "nothing was sampled" in result.stderr
    picture = (runner.folder / "command.svg").read_text()
    ET.fromstring(picture)
    assert "othing was sampled" in picture


@pytest.mark.anywhere
def test_an_existing_file_is_replaced(runner, busy):
    runner.write("x.svg", "old" * 1_000_000)
    runner.pyflame("-o", "x.svg", busy)
    assert (runner.folder / "x.svg").read_text().rstrip().endswith("</svg>")


@pytest.mark.anywhere
def test_a_device_is_written_to(runner, busy):
    result = runner.pyflame("-q", "--format=folded", "-o", "/dev/stdout", busy)
    assert "busy (" in result.stdout


@pytest.mark.anywhere
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("form", ["folded", "pyflame"])
def test_a_stream_that_leads_to_a_file_is_written_behind_what_is_there(runner, stream, form):
    """It is not replaced, and those who share it go on behind the output."""
    runner.write("prints.py", f"{BUSY}import sys\nbusy(0.2)\nprint('program', file=sys.{stream})\n")
    command = ("-m", "pyflame", "-q", "--format", form, "-o", f"/dev/{stream}", "prints.py")
    path = runner.folder / "log"
    with path.open("wb", buffering=0) as log:
        file = path.stat().st_ino
        log.write(b"before\n")
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: log}
        subprocess.run(
            [sys.executable, *command],
            cwd=runner.folder,
            check=True,
            timeout=LIMIT_SECONDS,
            **streams,
        )
        log.write(b"after\n")
    written = path.read_bytes()
    assert path.stat().st_ino == file
    head, foot = b"before\nprogram\n", b"after\n"
    assert written.startswith(head)
    assert written.endswith(foot)
    output = written[len(head) : -len(foot)]
    assert "busy (" in (
        output.decode() if form == "folded" else Profile.from_bytes(output).folded()
    )
    assert runner.files() == ["log", "prints.py"]


@pytest.mark.anywhere
def test_a_descriptor_of_the_caller_is_written_to(runner, busy):
    """As a shell hands over ``>(command)``."""
    reader, writer = os.pipe()
    words = ("--format=folded", "-o", f"/dev/fd/{writer}", busy)
    command = runner.start_pyflame(*words, pass_fds=[writer])
    os.close(writer)
    assert b"busy (" in Stream(reader, "the descriptor").rest()
    os.close(reader)
    assert command.wait() == 0


@pytest.mark.anywhere
@pytest.mark.parametrize("stdout", [">&-", "1<busy.py"])
def test_standard_output_that_can_not_be_written_to_is_refused(runner, busy, stdout):
    command = f'exec "{sys.executable}" -m pyflame -o /dev/stdout {busy} {stdout}'
    result = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=runner.folder,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    assert result.returncode == 2
    assert result.stderr.startswith("pyflame: error: output `/dev/stdout` can't be written")


@pytest.mark.anywhere
def test_a_link_to_a_file_that_is_not_there_yet_stays_a_link(runner, busy):
    (runner.folder / "latest.svg").symlink_to("first.svg")
    runner.pyflame("-o", "latest.svg", busy)
    assert (runner.folder / "latest.svg").is_symlink()
    assert (runner.folder / "first.svg").read_text().rstrip().endswith("</svg>")


@pytest.mark.parametrize("engine", ["signal", "fallback"])
def test_stacks_begin_where_the_program_does(runner, engine):
    runner.write("package/__init__.py", "")
    runner.write("package/tool.py", BUSY + "busy(0.2)\n")
    runner.write("app/__main__.py", BUSY + "busy(0.2)\n")
    runner.write("bin/pyflame", "import sys\nfrom pyflame._command import main\nsys.exit(main())\n")
    command = ("-q", "--engine", engine, "-o", "x.folded")
    for words in (["package/tool.py"], ["-m", "package.tool"], ["app"], ["-c", BUSY + "busy(0.2)"]):
        for pyflame in (["-m", "pyflame"], ["bin/pyflame"]):
            runner.python(*pyflame, *command, *words)
            stacks = frames((runner.folder / "x.folded").read_text())
            assert any(frame.startswith("busy (") for stack in stacks for frame in stack)
            # Nothing of ours; the folders of the program and of the environment may be called so.
            seen = str(stacks).replace(str(runner.folder), "").replace(sys.prefix, "")
            assert "pyflame" not in seen
            # What is no frame has no root: "[uncaptured: ...]", "[no Python frames]".
            roots = {stack[0].split(" ")[0] for stack in stacks if stack[0][0] != "["}
            if "app" in words or "-m" in words:
                assert "<module>" in roots  # Beside it, there is the import of the module.
            else:
                # When the program has ended, the interpreter ends `threading`.
                assert roots - {"_shutdown"} == {"<module>"}


@pytest.mark.parametrize("engine", ["signal", "fallback"])
def test_threads_are_told_apart_and_followed_to_their_end(runner, engine):
    runner.write(
        "threads.py",
        BUSY + "thread = threading.Thread(target=busy, args=(0.3,), name='late one')\n"
        "thread.start()\n"
        "busy(0.1)\n",
    )
    result = runner.pyflame("--engine", engine, "-o", "x.folded", "threads.py")
    assert ", 2 threads" in result.stderr
    stacks = frames((runner.folder / "x.folded").read_text())
    assert {stack[0] for stack in stacks} == {"MainThread", "late one"}
    result = runner.pyflame("--engine", engine, "--threads=main", "-o", "x.folded", "threads.py")
    assert ", 1 thread" in result.stderr
    assert "late one" not in (runner.folder / "x.folded").read_text()


@pytest.mark.anywhere
def test_exit_functions_are_recorded(runner):
    runner.write("exits.py", BUSY + "import atexit\natexit.register(busy, 0.2)\n")
    runner.pyflame("-q", "-o", "x.folded", "exits.py")
    assert "busy (" in (runner.folder / "x.folded").read_text()


# Waits until it has been looked at, most of all while it waits.
WAITS = """
import threading
before = wakes_of("pyflame")
while not is_looked_at_since(before):
    threading.Event().wait(0.3)
"""


@pytest.mark.anywhere
def test_waiting_counts_in_wall_time_only(runner):
    code = UNTIL_LOOKED_AT + WAITS
    runner.pyflame("-q", "-o", "wall.folded", "-c", code)
    runner.pyflame("-q", "-o", "cpu.folded", "--mode=cpu", "-c", code)
    assert "[waiting]" in (runner.folder / "wall.folded").read_text()
    assert "[waiting]" not in (runner.folder / "cpu.folded").read_text()


@pytest.mark.anywhere
def test_a_picture_of_cpu_time_says_so(runner, busy):
    runner.pyflame("-q", "--mode=cpu", busy)
    picture = (runner.folder / "busy.py.svg").read_text()
    assert re.search(r">CPU time: [\d.]+ m?s in [\d.]+ m?s wall · [\d,]+ samples? · ", picture)


@pytest.mark.parametrize("end", ["", "os._exit(0)\n", "os.kill(os.getpid(), 9)\n"])
def test_qualified_names_on_every_python(runner, end):
    runner.write(
        "names.py",
        BUSY + "import os\n"
        "class Parser:\n"
        "    def parse(self):\n"
        "        def inner():\n"
        "            busy(0.2)\n"
        "        inner()\n"
        "Parser().parse()\n"
        "busy(0.1)\n"  # Of which all may be missing where the end is sudden.
         + end,
    )
    runner.pyflame("-q", "-o", "x.folded", "names.py")
    text = (runner.folder / "x.folded").read_text()
    assert ";Parser.parse (" in text
    assert ";Parser.parse.<locals>.inner (" in text


def script(runner, body: str) -> str:
    path = runner.write("draw", f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.anywhere
def test_an_external_script_draws(runner, busy):
    draw = script(runner, 'echo "<svg>$@</svg>"; cat')
    result = runner.pyflame("-p", draw, "-a", "--title 'a b' --hash", "-o", "x.svg", busy)
    assert result.returncode == 0
    lines = (runner.folder / "x.svg").read_text().splitlines()
    assert lines[0] == "<svg>--countname microseconds --title a b --hash</svg>"
    assert frames("\n".join(lines[1:]))


@pytest.mark.anywhere
def test_a_bare_script_name_is_looked_up_on_the_path(runner, busy):
    script(runner, "echo drawn")
    runner.pyflame("-p", "draw", "-o", "x.svg", busy, env={"PATH": str(runner.folder)})
    assert (runner.folder / "x.svg").read_text() == "drawn\n"


@pytest.mark.anywhere
def test_a_failing_script_is_quoted_and_the_recording_kept(runner, busy):
    draw = script(runner, "echo 'no such palette' >&2; exit 4")
    result = runner.pyflame("-p", draw, busy)
    assert result.returncode == 1
    assert "failed (exit status: 4 and drew nothing): no such palette" in result.stderr
    assert "kept as folded text in `busy.py.folded`" in result.stderr
    assert runner.files() == ["busy.py", "busy.py.folded", "draw"]
    assert "busy (" in (runner.folder / "busy.py.folded").read_text()


@pytest.mark.anywhere
@pytest.mark.parametrize(
    ("ending", "status"), [("sys.exit(7)", 7), ("sys.exit(0)", 1), ("1 / 0", 1), ("", 1)]
)
def test_a_failing_script_changes_no_status_but_0(runner, ending, status):
    draw = script(runner, "exit 4")
    runner.write("ends.py", f"{BUSY}import sys\nprint('out')\nbusy(0.1)\n{ending}\n")
    result = runner.pyflame("-p", draw, "ends.py")
    assert result.returncode == status
    assert result.stdout == "out\n"


@pytest.mark.anywhere
def test_a_folder_that_vanishes_is_reported(runner):
    (runner.folder / "out").mkdir()
    result = runner.pyflame("-o", "out/x.svg", "-c", "import os; os.rmdir('out')")
    assert result.returncode == 1
    assert result.stderr.startswith("pyflame: error: can't write `out/x.svg`: No such file")
