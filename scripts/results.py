"""How jobs ended: what their runners counted, what was skipped, and the closing summary."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from job import Job

# The closing lines of pytest, nextest, cargo test, and of our own programs.
_PYTEST = re.compile(r"^=*\s*((?:\d+ [a-z]+,? ?)+) in [\d.]+s", re.MULTILINE)
_NEXTEST = re.compile(r"^\s*Summary \[.*?\] .*?tests? run: (.*)$", re.MULTILINE)
_CARGO = re.compile(r"^test result: \w+\. (.*?); finished", re.MULTILINE)
_OWN = re.compile(
    r"^(?:\w+: )?(\d+ passed, \d+ failed(?:, \d+ (?:skipped|not run))?)", re.MULTILINE
)
# What the stress test could not run, in whole or in part.
_NOT_RUN = re.compile(r"^stress: .*? (?:not run|run in part): (.*)$", re.MULTILINE)


@dataclass
class Counts:
    """Tests that passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def words(self) -> str:
        """All three, for a line of the summary."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


@dataclass(frozen=True)
class Outcome:
    """How one job ended."""

    name: str
    kind: str
    """`passed`, `failed` or `not tested`."""
    reason: str = ""
    counts: Counts | None = None
    seconds: float = 0.0
    is_fetch: bool = False

    @property
    def line(self) -> str:
        """What the summary says of it."""
        words = [self.kind, f"in {self.seconds:.0f} s"] if self.seconds else [self.kind]
        line = f"{self.name}: {' '.join(words)}"
        line += f" ({self.reason})" if self.reason else ""
        return f"{line}: {self.counts.words}" if self.counts else line


def counts_of(text: str) -> Counts | None:
    """What the runners in some output counted, all together; None where none has said."""
    found = _PYTEST.findall(text)[-1:] or _NEXTEST.findall(text) or _CARGO.findall(text)
    found = found or _OWN.findall(text)[-1:]
    if not found:
        return None
    counts = Counts()
    for number, word in re.findall(r"(\d+) ([a-z]+(?: run)?)", " ".join(found)):
        if word in {"passed", "xfailed"}:
            counts.passed += int(number)
        elif word in {"failed", "error", "errors", "xpassed"} or word.startswith("timed"):
            counts.failed += int(number)
        elif word in {"skipped", "ignored", "not run"}:
            counts.skipped += int(number)
    return counts


def judge(job: Job, text: str, reason: str, seconds: float, *, is_strict: bool) -> Outcome:
    """What the end of a job and its output amount to."""
    counts = counts_of(text) if job.counts_tests else None
    if not reason and job.counts_tests and (counts is None or counts.passed == 0):
        reason = "no test ran"
    elif reason == "ended with status 5" and job.counts_tests:
        reason = "selected no test"
    elif not reason and is_strict:
        reason = _left_out(job, text)
    kind = "failed" if reason else "passed"
    return Outcome(job.name, kind, reason, counts, seconds, job.is_fetch)


def _left_out(job: Job, text: str) -> str:
    """What the stress test has left out, and may not; pytest's own skips fail by themselves."""
    programs = set(re.findall(r"(\w+) \(", " ".join(_NOT_RUN.findall(text))))
    names = sorted(programs - set(job.may_lack))
    return f"could not run {', '.join(names)}" if names else ""


@dataclass
class Summary:
    """All that ended so far."""

    is_strict: bool
    """Whether what was not tested counts as failed."""
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> Outcome:
        """Notes how a job ended; where nothing may go untested, not tested is failed."""
        if self.is_strict and outcome.kind == "not tested":
            outcome = Outcome(outcome.name, "failed", f"not tested: {outcome.reason}")
        self.outcomes.append(outcome)
        return outcome

    def ended(self, name: str) -> Outcome | None:
        """How a job ended, if it has."""
        return next((outcome for outcome in self.outcomes if outcome.name == name), None)

    def close(self, seconds: float) -> int:
        """Prints the summary; the last line is the one to look at."""
        print(f"\n=== summary, after {seconds / 60:.1f} minutes")
        fetched = [each for each in self.outcomes if each.is_fetch and each.kind == "passed"]
        if fetched:
            spent = sum(each.seconds for each in fetched)
            print(f"fetched: {len(fetched)} things in {spent:.0f} s")
        for kind in ("passed", "not tested", "failed"):
            for outcome in self.outcomes:
                if outcome.kind == kind and outcome not in fetched:
                    print(outcome.line)
        tested = [each for each in self.outcomes if each not in fetched]
        failed = sum(each.kind == "failed" for each in tested)
        passed = sum(each.kind == "passed" for each in tested)
        print(f"{passed} passed, {failed} failed", flush=True)
        return 1 if failed else 0
