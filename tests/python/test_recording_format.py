"""docs/recording-format.md is true: a reader that was made from it alone reads what we write."""

from __future__ import annotations

import struct
import threading
import zlib
from collections import Counter

import pyflame
import pytest
from looks import busy

pytestmark = pytest.mark.anywhere


class Rows:
    """The numbers and texts of a section, one after the other."""

    def __init__(self, content):
        self.content = content
        self.place = 0

    def __bool__(self):
        return self.place < len(self.content)

    def take(self, length):
        self.place += length
        return self.content[self.place - length : self.place]

    def number(self):
        value = shift = 0
        while True:
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def numbers(self, count):
        return [self.number() for _ in range(count)]

    def difference(self):
        value = self.number()
        return value >> 1 if value % 2 == 0 else -(value + 1 >> 1)

    def text(self):
        return self.take(self.number()).decode()


def chunks(data):
    assert data[:9] == b"\x8fpyflame\x01"
    place = 9
    while place < len(data):
        head = data[place : place + 21]
        marker, kind, part, length, checksum, own = struct.unpack("<4sBIIII", head)
        payload = data[place + 21 : place + 21 + length]
        assert (marker, kind, part) == (b"\x8fpyc", 1, 0)
        assert (checksum, own) == (zlib.crc32(payload), zlib.crc32(head[:17]))
        yield Rows(zlib.decompress(payload, wbits=-15))
        place += 21 + length


def sections(data):
    for chunk in chunks(data):
        while chunk:
            code = chunk.number()
            yield code, Rows(chunk.take(chunk.number()))


class Reading:
    """The tables of a recording with one part, and its sums."""

    def __init__(self, data):
        self.strings, self.functions, self.frames, self.threads = [], [], [], {}
        self.stacks = [()]  # Each as its frames, outermost first.
        self.times, self.samples, self.meta = Counter(), 0, None
        readers = [self.string, self.function, self.frame, self.stack, self.thread, None]
        for code, rows in sections(data):
            if code <= 4:
                table = [self.strings, self.functions, self.frames, self.stacks][code - 1]
                assert rows.number() == len(table)
            if code == 7:
                self.take_samples(rows)
            elif code == 8:
                self.take_meta(rows)
            else:
                self.previous = 0
                while rows:
                    readers[code - 1](rows)

    def string(self, rows):
        self.strings.append(rows.text())

    def function(self, rows):
        name, file, first_line, _category = rows.numbers(4)
        self.functions.append((self.strings[name], self.strings[file], first_line))

    def frame(self, rows):
        self.previous += rows.difference()
        self.frames.append((self.functions[self.previous], rows.number()))

    def stack(self, rows):
        caller = self.stacks[len(self.stacks) - rows.number()]
        self.previous += rows.difference()
        self.stacks.append((*caller, self.frames[self.previous]))

    def thread(self, rows):
        number, name, native_id = rows.numbers(3)
        self.threads[number] = (self.strings[name], native_id)

    def take_samples(self, rows):
        stack = 0
        while rows:
            thread, labels, state = rows.numbers(3)
            stack += rows.difference()
            samples, wall, cpu = rows.numbers(3)
            assert (labels, state in {0, 1, 2}) == (0, True)
            self.samples += samples
            self.times[thread, stack, state] += wall
            self.times["cpu"] += cpu

    def take_meta(self, rows):
        program, engine, note = rows.text(), rows.number(), rows.text()
        interval, duration = (a + b / 1e9 for a, b in (rows.numbers(2), rows.numbers(2)))
        ticks, uncaptured, retaken, unit = rows.numbers(4)
        longest, self.squares = rows.numbers(2)
        assert not rows
        self.meta = (program, engine, note, interval, duration, uncaptured, retaken, longest, unit)
        self.ticks = ticks

    def functions_of_stacks(self):
        """The wall time of each stack as folded text has it, threads and states left out."""
        sums = Counter()
        for key, wall in self.times.items():
            if key != "cpu":
                stack = self.stacks[key[1]]
                sums[";".join(f"{n} ({f}:{line})" for (n, f, line), _ in stack)] += wall
        return sums


def test_a_reader_made_from_the_description_reads_what_we_write():
    def other():
        busy()

    with pyflame.Profiler(threads="all") as profiler:
        thread = threading.Thread(target=other, name="the other")
        thread.start()
        busy()
        thread.join()
    profile = profiler.profile
    reading = Reading(profile.to_bytes())
    assert reading.samples == profile.samples > 0
    assert tuple(name for name, _ in reading.threads.values()) == profile.threads
    assert reading.meta == (
        profile.program,
        ["signal", "fallback", "imported"].index(profile.engine),
        profile.engine_note,
        profile.interval,
        profile.duration,
        profile.uncaptured,
        profile.retaken,
        round(profile.longest_gap * 1e9),
        0,
    )
    wall = sum(value for key, value in reading.times.items() if key != "cpu") / 1e3
    assert profile.effective_samples == pytest.approx(wall**2 / reading.squares)
    assert abs(reading.ticks - profile.rate * profile.duration) < 0.5
    assert reading.times.pop("cpu") == round(profile.cpu_time * 1e9)
    assert sum(reading.times.values()) == round(profile.wall_time * 1e9)
    expected = Counter()
    for line in profile.folded().splitlines():
        frames, value = line.rsplit(" ", 1)
        frames = [frame for frame in frames.split(";") if frame.endswith(")") or "[unc" in frame]
        expected[";".join(frames)] += int(value)
    read = reading.functions_of_stacks()
    names = {frame.split(" (")[0] for stack in expected for frame in stack.split(";")}
    assert {"test_a_reader_made_from_the_description_reads_what_we_write.<locals>.other"} & names
    for stack, value in expected.items():
        if "[unc" not in stack and stack:
            assert abs(read[stack] / 1000 - value) < len(expected) + 1, stack


def test_counts_and_names_are_read_as_they_were():
    profile = pyflame.Profile.from_folded("main (a.py:1);\u00e9 (b.py:2) 3\nmain (a.py:1) 70000\n")
    reading = Reading(profile.to_bytes())
    assert reading.meta[-1] == 1
    assert reading.functions_of_stacks() == {
        "main (a.py:1)": 70_000,
        "main (a.py:1);\u00e9 (b.py:2)": 3,
    }
