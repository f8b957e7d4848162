"""What `%%pyflame` costs a cell: run with a Python that has pyflame and nbclient.

A short cell is timed by the client, from request to reply, so that everything counts that a person
would wait for; a long one by itself. With and without take turns, and what is compared is the
median of the ratios of neighbours.
"""

from __future__ import annotations

import argparse
import statistics
import time

import machine
import nbformat
from nbclient import NotebookClient

WORK = """\
def work(rounds):
    total = 0.0
    for n in range(1, rounds):
        total += (n * 1.5) % 7 / n
    return total
"""
TIMED = """\
import time
started, cpu_started = time.perf_counter(), time.thread_time()
work({rounds})
print(time.perf_counter() - started, time.thread_time() - cpu_started)
"""


class Notebook:
    """A notebook whose cells are run one by one."""

    def __init__(self) -> None:
        """Prepare a notebook without cells."""
        self.client = NotebookClient(nbformat.v4.new_notebook(), kernel_name="python3")

    def run(self, source: str) -> tuple[float, str]:
        """Seconds until a cell is done, and what it printed."""
        cell = nbformat.v4.new_code_cell(source)
        self.client.nb.cells.append(cell)
        started = time.perf_counter()
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        seconds = time.perf_counter() - started
        return seconds, "".join(out.get("text", "") for out in cell.outputs)


def main() -> None:
    """Measures both and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short-rounds", type=int, default=40)
    parser.add_argument("--long-rounds", type=int, default=7)
    parser.add_argument("--long-seconds", type=float, default=10.0)
    wanted = parser.parse_args()
    print(machine.with_python())
    notebook = Notebook()
    notebook.client.reset_execution_trackers()
    with notebook.client.setup_kernel():
        notebook.run("%load_ext pyflame")
        notebook.run(WORK)
        first, _ = notebook.run("%%pyflame\nwork(50_000)")
        print(f"first %%pyflame of a kernel: {first * 1e3:.0f} ms")
        added = []
        for _ in range(wanted.short_rounds):
            plain, _ = notebook.run("work(50_000)")
            recorded, _ = notebook.run("%%pyflame\nwork(50_000)")
            added.append(recorded - plain)
        print(f"added to a cell of {plain * 1e3:.0f} ms: {statistics.median(added) * 1e3:.1f} ms")
        rounds = 1_000_000
        _, text = notebook.run(TIMED.format(rounds=rounds))
        rounds = int(rounds * wanted.long_seconds / float(text.split()[0]))
        ratios = []
        for _ in range(wanted.long_rounds):
            _, plain_text = notebook.run(TIMED.format(rounds=rounds))
            _, text = notebook.run("%%pyflame\n" + TIMED.format(rounds=rounds))
            pairs = zip(text.split(), plain_text.split())
            ratios.append([float(recorded) / float(plain) for recorded, plain in pairs])
        for what, of_kind in zip(("time", "CPU time of its thread"), zip(*ratios)):
            slower = (statistics.median(of_kind) - 1) * 100
            print(f"a numeric cell of {wanted.long_seconds:.0f} s, {what}: {slower:+.2f} %")


if __name__ == "__main__":
    main()
