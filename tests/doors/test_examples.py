"""The examples do what they show.

The cells of `examples/notebook.ipynb` are run in IPython here; what a front end makes of such cells
is tested in tests/jupyter.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from typing import TYPE_CHECKING

import pytest
from doors.shell import CHECKOUT, LIMIT_SECONDS, frames_of

if TYPE_CHECKING:
    import subprocess

EXAMPLES = CHECKOUT / "examples"


def test_every_example_has_a_test():
    found = sorted(path.name for path in EXAMPLES.iterdir() if path.name != "__pycache__")
    assert found == ["almanac", "bookshop", "notebook.ipynb"]


def test_the_almanac_is_the_same_with_pyflame(shell):
    example = str(EXAMPLES / "almanac")
    plain = shell.python(example).succeeded()
    recorded = shell.pyflame("-o", "x.svg", example).succeeded()
    assert plain.stdout
    assert recorded.stdout == plain.stdout
    assert {"main", "MainThread"} <= set(frames_of(shell.folder / "x.svg"))


def test_the_bookshop_shows_the_flame_graph_of_a_request(shell, free_port):
    address = f"127.0.0.1:{free_port()}"
    # The server says that it serves before it listens, so the port is what is asked.
    server = shell.start(
        sys.executable, "-u", str(EXAMPLES / "bookshop"), address, env={"NO_COLOR": "1"}
    )
    shell.until(server, address)
    page = _get(address, server)
    assert "Flame graph" in page
    assert "djDebug" in page


def _get(address: str, server: subprocess.Popen) -> str:
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(address, timeout=LIMIT_SECONDS)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode()
        except ConnectionRefusedError:
            # It is about to listen, unless it has ended.
            assert server.poll() is None, server.stderr.read()
            time.sleep(0.01)
        finally:
            connection.close()
    pytest.fail(f"nobody listens on {address}")


def test_the_notebook_runs(shell):
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    # What each cell runs, and whether it is to fail, as one shows.
    cases = [
        ("".join(cell["source"]), all(out["output_type"] != "error" for out in cell["outputs"]))
        for cell in code
    ]
    assert any(source.startswith("%%pyflame") for source, _ in cases)
    program = f"""\
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for source, succeeds in {cases!r}:
    assert shell.run_cell(source).success == succeeds, source
"""
    shell.write("notebook.py", program)
    result = shell.python("notebook.py", env={"IPYTHONDIR": str(shell.folder)}).succeeded()
    assert " samples " in result.stdout
