"""Labels: what the work of a context belongs to, as the engine sees it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import pyflame
import pytest
from gaps import most_off
from looks import busy, spin
from pyflame import _native
from pyflame._label import _LABELS


def functions(profile):
    return {
        frame.split(" (")[0] for line in profile.folded().split("\n") for frame in line.split(";")
    }


def recorded(work):
    with pyflame.Profiler(interval=0.001, threads="all") as profiler:
        work()
    return profiler.profile


def alpha():
    busy()


def beta():
    busy()


def test_samples_are_told_apart_by_the_labels_of_their_context():
    def work():
        nonlocal spent
        with pyflame.label(part="a"):
            spent -= time.thread_time()
            busy(0.3)
            spent += time.thread_time()
        beta()

    spent = 0.0
    profile = recorded(work)
    marked = profile.filter(labels={"part": "a"})
    assert "busy" in functions(marked)
    assert "beta" not in functions(marked)
    assert abs(marked.cpu_time - spent) <= most_off(profile.longest_gap)
    assert profile.filter(labels={"part": "b"}).samples == 0


def test_labels_within_labels_add_up_and_the_inner_value_holds():
    def work():
        with pyflame.label(request=1, part="view"):
            alpha()
            with pyflame.label(part="query", table="x"):
                beta()
            alpha()

    profile = recorded(work)
    parts = profile.split("part")
    assert [value for value in parts if value is not None] == ["query", "view"]
    assert "beta" in functions(parts["query"])
    assert "alpha" not in functions(parts["query"])
    assert "alpha" in functions(parts["view"])
    whole = profile.filter(labels={"request": "1"})
    assert whole.samples == parts["query"].samples + parts["view"].samples
    assert profile.filter(labels={"request": "1", "table": "x"}).samples == parts["query"].samples


def test_a_profile_without_that_label_is_one_part():
    profile = pyflame.Profile.from_folded("main;parse 3\n")
    assert [*profile.split("part")] == [None]
    assert profile.split("part")[None].folded() == "main;parse 3\n"


def test_tasks_of_one_event_loop_are_told_apart():
    async def one(name):
        with pyflame.label(task=name):
            for _ in range(3):
                alpha() if name == "a" else beta()
                await asyncio.sleep(0)

    async def both():
        await asyncio.gather(one("a"), one("b"))

    parts = recorded(lambda: asyncio.run(both())).split("task")
    assert "alpha" in functions(parts["a"])
    assert "beta" not in functions(parts["a"])
    assert "beta" in functions(parts["b"])
    assert "alpha" not in functions(parts["b"])


def test_labels_follow_a_context_into_another_thread():
    def work():
        with pyflame.label(job="here"):
            context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(alpha,))
        other = threading.Thread(target=contextvars.Context().run, args=(beta,))
        for each in (thread, other):
            each.start()
        for each in (thread, other):
            each.join()

    marked = recorded(work).filter(labels={"job": "here"})
    assert "alpha" in functions(marked)
    assert "beta" not in functions(marked)


def test_a_sleeping_thread_has_the_labels_it_fell_asleep_with():
    def work():
        with pyflame.label(job="sleep"):
            begun, begun_cpu = time.monotonic(), time.thread_time()
            time.sleep(0.3)
            slept.extend([time.monotonic() - begun, time.thread_time() - begun_cpu])
        time.sleep(0.3)

    slept = []
    profile = recorded(work)
    marked = profile.filter(labels={"job": "sleep"})
    wall, cpu = slept
    assert abs(marked.wall_time - wall) <= most_off(profile.longest_gap)
    assert marked.cpu_time <= cpu + most_off(profile.longest_gap)


@pytest.mark.parametrize("others", [0, 1, 15, 16, 17, 31, 32, 100, 1000, 20_000])
def test_the_label_is_found_among_any_number_of_context_variables(others):
    context = contextvars.Context()
    for number in range(others):
        context.run(contextvars.ContextVar(f"v{number}").set, number)

    def work():
        with pyflame.label(job="many"):
            alpha()
        beta()

    profile = recorded(lambda: context.run(work))
    # On a loaded machine the last intervals can pass without a look; that is no matter of labels.
    end = "[uncaptured: the end, which no sample followed]"
    assert not [
        stack
        for stack in profile.folded().splitlines()
        if "[uncaptured" in stack and end not in stack
    ]
    marked = profile.filter(labels={"job": "many"})
    assert "alpha" in functions(marked)
    assert "beta" not in functions(marked)


def test_as_a_decorator_of_functions_and_coroutine_functions():
    @pyflame.label(job="plain")
    def plain():
        alpha()
        return 1

    @pyflame.label(job="coroutine")
    async def coroutine():
        await asyncio.sleep(0)
        beta()
        return 2

    results = []
    profile = recorded(lambda: results.extend([plain(), asyncio.run(coroutine())]))
    assert results == [1, 2]
    assert "alpha" in functions(profile.filter(labels={"job": "plain"}))
    assert "beta" in functions(profile.filter(labels={"job": "coroutine"}))
    with pytest.raises(TypeError, match="is a generator function"):

        @pyflame.label(job="generator")
        def generator():
            yield 1


def test_one_object_may_be_entered_again_inside_itself():
    mark = pyflame.label(job="same")
    with mark, mark:
        assert _LABELS.get().pairs == {"job": "same"}
    assert _LABELS.get() is None


def test_a_block_that_is_left_in_another_context_harms_nobody():
    def generator():
        with pyflame.label(job="generator"):
            yield

    values = generator()
    contextvars.copy_context().run(next, values)
    contextvars.copy_context().run(values.close)
    assert _LABELS.get() is None


def test_equal_labels_are_one_and_distinct_scopes_are_not():
    def work():
        for _ in range(30):
            with pyflame.label(part="a"):
                busy(0.001, wakes=1)

    profile = recorded(work)
    assert [value for value in profile.split("part") if value is not None] == ["a"]


class TestScopes:
    """Pieces of work that are handed over one by one while others go on."""

    @staticmethod
    def take(recording, labels):
        recording.end(labels)
        profile, covered, _ = recording.take(labels, "a scope", [], [])
        return profile, covered

    @staticmethod
    def scope(recording, **pairs):
        labels = _native.LabelSet(None, pairs, is_scope=True)
        recording.follow(labels)
        return labels

    def test_each_scope_gets_its_own_samples_and_those_of_labels_within(self):
        with pyflame.label(warm="up"):
            pass
        recording = _native.ScopedRecording(1_000_000)
        recording.start()
        first, second = self.scope(recording, request="1"), self.scope(recording, request="2")
        token = _LABELS.set(first)
        alpha()
        with pyflame.label(part="inner"):
            spent = -time.thread_time()
            busy(0.3)
            spent += time.thread_time()
        _LABELS.reset(token)
        beta()
        token = _LABELS.set(second)
        beta()
        _LABELS.reset(token)
        profile, covered = self.take(recording, first)
        assert "alpha" in functions(profile)
        assert "beta" not in functions(profile)
        assert profile.filter(labels={"request": "1"}).samples == profile.samples
        inner = profile.filter(labels={"part": "inner"})
        assert abs(inner.cpu_time - spent) <= most_off(profile.longest_gap)
        # The first sample stands for some time before the scope, too.
        assert 0 <= profile.wall_time - covered + 1e-6 <= most_off(profile.longest_gap)
        rest, _ = self.take(recording, second)
        assert "beta" in functions(rest)
        assert "alpha" not in functions(rest)
        with pytest.raises(pyflame.exceptions.ProfilerStateError, match="not followed"):
            self.take(recording, first)
        recording.stop()

    def test_what_no_thread_worked_on_is_not_covered(self):
        recording = _native.ScopedRecording(1_000_000)
        recording.start()
        labels = self.scope(recording, request="1")

        async def view():
            token = _LABELS.set(labels)
            times = [time.monotonic()]
            alpha()
            times.append(time.monotonic())
            await asyncio.sleep(0.3)
            times.append(time.monotonic())
            alpha()
            times.append(time.monotonic())
            _LABELS.reset(token)
            return times

        first, second, third, fourth = asyncio.run(view())
        profile, covered = self.take(recording, labels)
        recording.stop()
        assert profile.duration >= fourth - first
        worked = (second - first) + (fourth - third)
        assert abs(covered - worked) <= most_off(profile.longest_gap, visits=2)

    def test_no_cpu_time_is_lost_between_samples(self):
        recording = _native.ScopedRecording(2_000_000)
        recording.start()
        labels = self.scope(recording, request="1")
        token = _LABELS.set(labels)
        started = time.thread_time()
        for _ in range(150):
            spin(0.001)
            time.sleep(0.001)
        spent = time.thread_time() - started
        _LABELS.reset(token)
        profile, _ = self.take(recording, labels)
        recording.stop()
        assert abs(profile.cpu_time - spent) <= most_off(profile.longest_gap)

    def test_labels_are_forgotten_with_their_scope_though_others_go_on(self):
        recording = _native.ScopedRecording(1_000_000)
        recording.start()
        endless = self.scope(recording, request="endless")
        before = _native._labels_known()
        for number in range(300):
            labels = self.scope(recording, request=str(number))
            token = _LABELS.set(labels)
            for part in range(10):
                with pyflame.label(part=part):
                    pass
                with pyflame.label(part=part):
                    pass
            _LABELS.reset(token)
            assert _native._labels_known() == before + 11
            self.take(recording, labels)
            del labels, token
            assert _native._labels_known() == before
        self.take(recording, endless)
        recording.stop()

    def test_labels_in_use_outlive_their_scope(self):
        recording = _native.ScopedRecording(1_000_000)
        recording.start()
        before = _native._labels_known()
        labels = self.scope(recording, request="1")
        within = _native.LabelSet(labels, {"part": "background"})
        self.take(recording, labels)
        del labels
        assert _native._labels_known() == before + 1
        assert within.pairs == {"request": "1", "part": "background"}
        del within
        assert _native._labels_known() == before
        recording.stop()


def test_labels_are_forgotten_though_there_always_is_a_recording():
    before = _native._labels_known()
    older = pyflame.Profiler()
    older.start()
    for number in range(30):
        newer = pyflame.Profiler()
        newer.start()
        with pyflame.label(request=number):
            pass
        older.stop()
        older = newer
        # Those that this recording can have seen, and those of the one that has just ended.
        assert _native._labels_known() <= before + 2
    older.stop()
    assert _native._labels_known() == before
