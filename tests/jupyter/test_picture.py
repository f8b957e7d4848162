"""What the picture of a cell shows, and how large it gets."""

from __future__ import annotations

import re

import pytest

from jupyter.conftest import assert_share


def test_frames_of_the_kernel_are_gone(kernel):
    picture = kernel.run("%%pyflame\nspin(0.2)").picture
    places = [title[2] for title in picture.titles if len(title) > 2]
    assert places
    spinning = [place for place in places if re.match(r"In \[\d+\]:\d+$", place)]
    assert len(spinning) >= 2, places
    # What there is beside the cell is what it calls, or what shows its value.
    roots = picture.tree.splitlines()[2].split("  ")
    assert "In [" in roots[-1], picture.tree


def test_a_cell_is_called_like_its_prompt_and_says_its_hottest_lines(kernel, tmp_path):
    path = tmp_path / "x.pyflame"
    ran = kernel.run(f"%%pyflame -q -o {path}\nx = 1\nspin(0.2)\n\n\ny = 2")
    picture = ran.picture
    _, _, place, lines = picture.title(f"In [{ran.number}]")
    assert place == f"In [{ran.number}]:1"
    assert_share(lines, 3, "spin(0.2)", kernel.value("took"), path)


def test_functions_belong_to_the_cells_that_define_them(kernel, tmp_path):
    earlier = kernel.run("# a comment\ndef earlier():\n    spin(0.1)  # hot")
    path = tmp_path / "x.pyflame"
    ran = kernel.run(f"%%pyflame -q -o {path}\ndef now():\n    earlier()\nnow()")
    _, _, place, lines = ran.picture.title("earlier")
    assert place == f"In [{earlier.number}]:2"
    assert_share(lines, 3, "spin(0.1)  # hot", kernel.value("took"), path)
    assert ran.picture.title("now")[2] == f"In [{ran.number}]:2"


def test_inner_functions_have_their_full_names(kernel):
    ran = kernel.run(
        "%%pyflame\ndef outer():\n    def inner():\n        spin(0.1)\n    inner()\nouter()"
    )
    assert "outer.<locals>.inner" in ran.picture.names


def test_statements_inside_of_a_cell_keep_its_line_numbers(kernel):
    ran = kernel.run("x = 1\n%pyflame spin(0.1)\ny = 2")
    assert ran.picture.title(f"In [{ran.number}]")[3].startswith("line 2: ")
    ran = kernel.run("%%time\n\n%%pyflame\nx = 1\nspin(0.1)")
    assert ran.picture.title(f"In [{ran.number}]")[3].startswith("line 5: ")


def test_all_threads_that_the_cell_starts_are_in_and_none_of_the_kernels(kernel):
    ran = kernel.run(
        "%%pyflame\nimport threading\n"
        "new = lambda n: threading.Thread(target=spin, args=(0.2,), name=f'worker {n}')\n"
        "threads = [new(1), new(2)]\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()"
    )
    lines = ran.picture.tree.splitlines()
    assert ran.picture.names >= {"MainThread", "worker 1", "worker 2"}
    assert "3 threads" in lines[0]
    assert ran.picture.names.isdisjoint({"IOPub", "Heartbeat", "Control", "all threads"})
    assert kernel.run("%%pyflame\nspin(0.1)").picture.names.isdisjoint({"MainThread", "IOPub"})


def test_threads_of_earlier_cells_that_work_for_this_one_are_in(kernel):
    kernel.run(
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n"
        "pool.submit(int).result()"
    )
    ran = kernel.run("%%pyflame\npool.submit(spin, 0.2).result()")
    kernel.run("pool.shutdown()")
    assert "spin" in ran.picture.names


def test_the_still_picture_stands_for_itself(kernel):
    picture = kernel.run("%%pyflame\nspin(0.1)").picture
    assert "<script" not in picture.still
    assert "In [" in picture.still
    assert "spin" in picture.still


def test_paper_gets_a_page(kernel):
    paper = kernel.run("%%pyflame\nspin(0.1)").picture.paper
    assert paper.startswith(b"%PDF-1.7")
    assert len(paper) < 5_000


def test_text_says_where_the_time_went(kernel):
    ran = kernel.run("%%pyflame\nspin(0.3)")
    heading, columns, first, second = ran.picture.tree.splitlines()[:4]
    assert re.match(rf"In \[{ran.number}\] · [\d,]+ samples · [\d.]+ m?s wall", heading)
    assert columns.split() == ["total", "self"]
    assert first.split()[-2:] == ["In", f"[{ran.number}]"]
    assert re.search(r"\d ms +\d+(\.\d+)?% +\d+(\.\d+)?% .*spin  In \[1\]:4$", second)
    assert "\x1b" not in ran.picture.tree


def test_a_fast_cell_has_a_small_picture_that_says_so(kernel):
    # Of what takes less than an hour, nothing is sampled.
    ran = kernel.run("%%pyflame -s 3600\npass")
    assert "Nothing was sampled" in ran.picture.page
    assert "Nothing was sampled" in ran.picture.still
    assert "Nothing was sampled" in ran.picture.tree
    assert ran.picture.size < 25_000


def test_a_usual_output_is_small(kernel):
    assert kernel.run("%%pyflame\nspin(0.3)").picture.size < 80_000


def test_an_output_has_a_limit_and_says_what_it_leaves_out(kernel):
    kernel.run(
        "def compute():\n    end = time.thread_time() + 0.002\n"
        "    while time.thread_time() < end: pass\n"
        "for n in range(2000):\n    exec(f'def function_with_a_long_name_{n}():\\n    compute()')"
    )
    ran = kernel.run(
        "%%pyflame -r 5000\nfor n in range(600): globals()[f'function_with_a_long_name_{n}']()\n"
    )
    found = re.search(r"([\d,]+) frames too narrow to draw", ran.picture.page)
    assert ran.picture.size < 200_000
    assert found, "all of them were drawn"


@pytest.mark.parametrize("engine", ["signal", "fallback"])
def test_both_engines_cut_the_same_frames(kernel, engine):
    ran = kernel.run(f"%%pyflame --engine {engine}\nspin(0.2)")
    assert f"In [{ran.number}]" in ran.picture.tree.splitlines()[2]
    assert ("fallback engine" in ran.picture.tree) is (engine == "fallback")
