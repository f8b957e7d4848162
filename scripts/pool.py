"""Runs jobs side by side: what measures comes last, and has the machine to itself."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from typing import TYPE_CHECKING

from results import Outcome
from running import Running

if TYPE_CHECKING:
    from collections.abc import Sequence

    from job import Job
    from results import Summary

# One more than there are CPUs, two of which are taken at most: jobs wait for servers, browsers and
# mirrors for a fifth of their time.
WORKERS = min(os.cpu_count() or 1, 2) + 1


class Pool:
    """Jobs that wait, jobs that run, and how the others ended."""

    def __init__(self, jobs: Sequence[Job], summary: Summary, workers: int, until: float) -> None:
        """With what is to run, so many at a time, and until when."""
        self._waiting = list(jobs)
        self._running: list[Running] = []
        self._summary = summary
        self._workers = workers
        # When the whole run must be over, by the monotonic clock.
        self._until = until
        self._done: queue.SimpleQueue[tuple[Running, Outcome]] = queue.SimpleQueue()

    def run(self) -> None:
        """Runs all; an interrupt ends what is running, and is passed on."""
        try:
            while self._waiting or self._running:
                self._settle()
                while (job := self._next()) is not None:
                    self._start(job)
                if self._running:
                    self._show(*self._done.get())
        except BaseException:
            # A second interrupt must not spare what the first one was to end.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for running in self._running:
                running.stop()
            raise

    def _settle(self) -> None:
        """Notes what can't be run: it is unavailable, or what it needs has not passed."""
        known = {job.name for job in self._waiting} | {each.job.name for each in self._running}
        for job in list(self._waiting):
            outcome = None
            if job.unavailable:
                outcome = Outcome(job.name, "not tested", job.unavailable)
            for need in job.needs:
                ended = self._summary.ended(need)
                if ended is None and need not in known:
                    ended = Outcome(need, "failed", "is no part of this run")
                if outcome is None and ended is not None and ended.kind != "passed":
                    outcome = Outcome(job.name, ended.kind, f"not run: {need} {ended.kind}")
            if outcome is not None:
                self._waiting.remove(job)
                known.discard(job.name)
                print(f"\n=== {self._summary.add(outcome).line}", flush=True)

    def _next(self) -> Job | None:
        """The first job that may begin now."""
        if len(self._running) >= self._workers or any(each.job.is_alone for each in self._running):
            return None
        lanes = {each.job.lane for each in self._running if each.job.lane}
        for job in self._waiting:
            is_ready = all(self._summary.ended(need) is not None for need in job.needs)
            if is_ready and not job.is_alone and job.lane not in lanes:
                return job
        if self._running or any(not job.is_alone for job in self._waiting):
            return None
        return next(iter(self._waiting), None)

    def _start(self, job: Job) -> None:
        self._waiting.remove(job)
        running = Running(job, min(job.limit_seconds, self._until - time.monotonic()))
        self._running.append(running)
        print(f"=== {job.name}: started", flush=True)
        threading.Thread(target=self._work, args=(running,), daemon=True).start()

    def _work(self, running: Running) -> None:
        try:
            outcome = running.run(is_strict=self._summary.is_strict)
        except Exception as error:  # noqa: BLE001 - one job must not take the others with it
            outcome = Outcome(running.job.name, "failed", f"could not be judged: {error!r}")
        self._done.put((running, outcome))

    def _show(self, running: Running, outcome: Outcome) -> None:
        """Prints all that a job has printed, in one piece, and how it ended."""
        self._running.remove(running)
        text = running.log.read_text(encoding="utf-8", errors="replace").rstrip()
        outcome = self._summary.add(outcome)
        if not outcome.is_fetch or outcome.kind != "passed":
            print(f"\n=== {outcome.name}\n{text}" if text else "", flush=True)
        print(f"=== {outcome.line}", flush=True)
