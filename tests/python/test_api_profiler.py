"""`pyflame.Profiler`: start and stop, with, decorators, threads."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
import time
import warnings

import pyflame
import pytest
from looks import busy
from pyflame import exceptions

ENGINES = ["signal", "fallback"]


@pytest.fixture(params=ENGINES)
def engine(request) -> str:
    return request.param


def test_start_and_stop_give_a_profile(engine):
    profiler = pyflame.Profiler(interval=0.002, engine=engine)
    assert not profiler.is_running
    profiler.start()
    assert profiler.is_running
    busy(0.2)
    profile = profiler.stop()
    assert profiler.profile is profile
    assert profile.engine == engine
    assert profile.interval == 0.002
    assert profile.samples > 0
    assert profile.duration >= 0.2
    assert 0 < profile.cpu_time <= profile.wall_time <= profile.duration
    # A look is a sample of each thread, and there may be one of the end, that no look saw.
    assert profile.samples <= round(profile.rate * profile.duration) + 1
    assert profile.threads == (threading.current_thread().name,)
    assert "busy (" in profile.folded()


def test_the_fallback_engine_tells_itself(engine):
    profiler = pyflame.Profiler(engine=engine)
    with profiler:
        busy(0.05)
    assert ("fallback" in repr(profiler.profile)) == (engine == "fallback")
    assert profiler.profile.engine_note == ""


def test_where_signals_can_not_be_used_the_fallback_engine_says_why(monkeypatch):
    class NoSignals:
        def __init__(self, *_: object) -> None:
            pass

        def start(self) -> None:
            raise exceptions.SignalsUnavailable("no signals today")

    monkeypatch.setattr("pyflame._recorder._native.Recording", NoSignals)
    with pyflame.Profiler() as profiler:
        busy(0.02)
    assert profiler.profile.engine == "fallback"
    assert profiler.profile.engine_note == "no signals today"
    with pytest.raises(exceptions.SignalsUnavailable):
        pyflame.Profiler(engine="signal").start()
    assert "_set_native_id" in vars(threading.Thread)


def test_misuse_is_told():
    profiler = pyflame.Profiler()
    with pytest.raises(exceptions.ProfilerStateError, match="nothing has been recorded"):
        _ = profiler.profile
    with pytest.raises(exceptions.ProfilerStateError, match="not running"):
        profiler.stop()
    profiler.start()
    with pytest.raises(exceptions.ProfilerStateError, match="running already"):
        profiler.start()
    profiler.stop()
    with pytest.raises(exceptions.ProfilerStateError, match="not running"):
        profiler.stop()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"interval": 0}, "above zero"),
        ({"interval": float("nan")}, "above zero"),
        ({"interval": 1e-9}, "the limit is 0.00001 s"),
        ({"threads": "some"}, '"current" or "all"'),
        ({"engine": "steam"}, '"auto", "signal" or "fallback"'),
    ],
)
def test_arguments_that_mean_nothing_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        pyflame.Profiler(**arguments)


def test_an_exception_passes_through_and_is_recorded(engine):
    profiler = pyflame.Profiler(engine=engine)

    def fail() -> None:
        with profiler:
            busy(0.05)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert "busy (" in profiler.profile.folded()


def test_only_the_thread_that_starts_it_is_recorded(engine):
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            busy(0.01)

    other = threading.Thread(target=work)
    other.start()
    with pyflame.Profiler(engine=engine) as profiler:
        busy(0.2)
    stop.set()
    other.join()
    assert profiler.profile.threads == (threading.current_thread().name,)


def test_all_threads_with_their_names(engine):
    with pyflame.Profiler(threads="all", engine=engine) as profiler:
        for name in ("first", "second", "first"):
            thread = threading.Thread(target=busy, args=(0.1,), name=name)
            thread.start()
            thread.join()
    profile = profiler.profile
    assert profile.threads == (threading.current_thread().name, "first", "second", "first")
    only = profile.filter(threads=["second"])
    assert only.threads == ("second",)
    assert 0 < only.samples < profile.samples
    assert "Event.wait" not in only.folded()


def test_a_name_that_is_given_late_counts(engine):
    def rename() -> None:
        threading.current_thread().name = "late"
        busy(0.1)

    with pyflame.Profiler(threads="all", engine=engine) as profiler:
        thread = threading.Thread(target=rename)
        thread.start()
        thread.join()
    assert "late" in profiler.profile.threads


def test_a_name_that_is_no_text_is_made_one(engine):
    with pyflame.Profiler(threads="all", engine=engine) as profiler:
        thread = threading.Thread(target=busy, args=(0.1,), name="a\udcff;b")
        thread.start()
        thread.join()
    assert profiler.profile.threads[-1] == "a\ufffd;b"
    assert "\na\ufffd%3Bb;" in profiler.profile.folded()


def test_profilers_in_several_threads_at_once(engine):
    profiles = {}

    def record(name: str) -> None:
        with pyflame.Profiler(engine=engine) as profiler:
            busy(0.2)
        profiles[name] = profiler.profile

    threads = [threading.Thread(target=record, args=(name,), name=name) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: profile.threads for name, profile in profiles.items()} == {
        name: (name,) for name in "abc"
    }


def test_profilers_within_each_other(engine):
    with pyflame.Profiler(engine=engine) as outer:
        busy(0.1)
        with pyflame.Profiler(engine=engine) as inner:
            busy(0.3)
    assert outer.profile.duration > inner.profile.duration
    assert inner.profile.samples
    assert outer.profile.samples


def test_a_decorated_function_is_itself(engine):
    profiler = pyflame.Profiler(engine=engine)

    @profiler
    def work(a: int, *, b: int = 1) -> int:
        """Works."""
        busy(0.05)
        return a + b

    assert work.__name__ == "work"
    assert work.__doc__ == "Works."
    assert work(1, b=2) == 3
    first = profiler.profile
    assert work(5) == 6
    assert profiler.profile.samples > first.samples
    assert profiler.profile.duration >= 0.1


def test_recursion_of_a_decorated_function_is_recorded_once(engine):
    profiler = pyflame.Profiler(engine=engine)

    @profiler
    def down(n: int) -> None:
        busy(0.02)
        if n:
            down(n - 1)

    before = time.perf_counter()
    down(5)
    assert profiler.profile.duration <= time.perf_counter() - before


def test_a_decorated_coroutine_is_recorded_to_its_end(engine):
    profiler = pyflame.Profiler(engine=engine)

    @profiler
    async def work() -> str:
        await asyncio.sleep(0)
        busy(0.1)
        return "done"

    async def together() -> list[str]:
        return await asyncio.gather(work(), work(), work())

    assert inspect.iscoroutinefunction(work)
    assert asyncio.run(together()) == ["done"] * 3
    assert profiler.profile.duration >= 0.3
    assert "busy (" in profiler.profile.folded()


def test_a_decorated_generator_is_refused():
    with pytest.raises(TypeError, match="decorate what consumes it"):

        @pyflame.Profiler()
        def numbers():
            yield 1


def test_a_decorated_function_that_fails_is_recorded(engine):
    profiler = pyflame.Profiler(engine=engine)

    @profiler
    def fail() -> None:
        busy(0.05)
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    assert profiler.profile.samples


def test_the_fallback_engine_leaves_threading_alone():
    with pyflame.Profiler(engine="fallback"):
        assert threading.active_count() == len(threading.enumerate()) == 1


def test_a_forked_child_may_stop_what_its_parent_started():
    profiler = pyflame.Profiler(engine="fallback")
    profiler.start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # From 3.12 on, forking with threads warns.
        child = os.fork()
    if child == 0:
        profiler.stop()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    profiler.stop()
