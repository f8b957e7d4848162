"""Views whose functions say by their names which request they belong to."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time

from allocator import bytes_in_use
from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from looks import facts_of_task, is_looked_at_since, until_looked_at, wakes_of


def is_shown(request):
    """Whether the toolbar is there; not for pages that look at the process."""
    return "off" not in request.GET


def busy(seconds):
    """Computes for so much CPU time of the calling thread, and is looked at before and after."""
    until_looked_at()
    compute(seconds)
    until_looked_at()


def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(200))


def compute_until_looked_at(seconds):
    """Of many requests at once, each that is recorded, without a look at all tasks."""
    compute(seconds)
    before = {task: slept(task) for task in LOOKING if slept(task)}
    while not before:
        before = wakes_of("pyflame")
        LOOKING[:] = before
    while not is_looked_at_since(before, 5):
        sum(range(10_000))


LOOKING = []


def slept(task):
    """How often a task has slept, if it is the one that looks."""
    facts = facts_of_task(task)
    return int(facts["voluntary_ctxt_switches"]) if facts and facts["Name"] == "pyflame" else 0


def counting_middleware(get_response):
    from asgiref.sync import iscoroutinefunction

    if iscoroutinefunction(get_response):

        async def middleware(request):
            return await get_response(request)

    else:

        def middleware(request):
            return get_response(request)

    return middleware


counting_middleware.async_capable = True


def page(request, title):
    return render(request, "page.html", {"title": title, "lines": range(20)})


def sync_view(request):
    in_sync_view(float(request.GET.get("seconds", 0.05)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return page(request, "sync")


def in_sync_view(seconds):
    busy(seconds)


async def async_view(request):
    began = time.perf_counter()
    in_async_view(float(request.GET.get("seconds", 0.05)))
    before = wakes_of("pyflame")
    # Where one thread has handed over to another and both want a CPU, both count, and as much less
    # is seen to be awaited: on a busy machine that may be as long as it all took.
    await asyncio.sleep(max(0.1, 2 * (time.perf_counter() - began)))
    while not is_looked_at_since(before):  # noqa: ASYNC110 - nobody tells of a look
        await asyncio.sleep(0.1)
    in_async_view(0.01)
    return page(request, "async")


def in_async_view(seconds):
    busy(seconds)


async def hop_view(request):
    await sync_to_async(in_hop)(0.05)
    await sync_to_async(in_hop, thread_sensitive=False)(0.05)
    await asyncio.to_thread(in_to_thread, 0.05)
    return page(request, "hop")


def in_hop(seconds):
    busy(seconds)


def in_to_thread(seconds):
    busy(seconds)


async def gather_view(request):
    await asyncio.gather(first_child(), second_child())
    return page(request, "gather")


async def first_child():
    for _ in range(5):
        in_first_child()
        await asyncio.sleep(0)


async def second_child():
    for _ in range(5):
        in_second_child()
        await asyncio.sleep(0)


def in_first_child():
    busy(0.01)


def in_second_child():
    busy(0.01)


def stream_view(request):
    in_stream_view()
    return StreamingHttpResponse(parts(), content_type="text/html")


def in_stream_view():
    busy(0.02)


def parts():
    for number in range(5):
        in_parts()
        yield f"<p>{number}</p>"


def in_parts():
    busy(0.06)


async def async_stream_view(request):
    return StreamingHttpResponse(async_parts(), content_type="text/html")


async def async_parts():
    for number in range(5):
        in_async_parts()
        await asyncio.sleep(0.005)
        yield f"<p>{number}</p>"


def in_async_parts():
    busy(0.06)


def failing_view(request):
    in_failing_view()
    raise ValueError("as asked")


def in_failing_view():
    busy(0.1)


def loops_view(request):
    """Does a fixed amount of work, so that what slows it shows in its time."""
    for _ in range(int(request.GET["loops"])):
        sum(range(200))
    return HttpResponse("<html><body>ten</body></html>")


def quick_view(request):
    return HttpResponse("<html><body>quick</body></html>")


def own_functions():
    """A function for each number, so that a stack says whose it is."""
    source = "\n".join(
        f"def only_{number}(seconds, work=compute):\n    work(seconds)\n" for number in range(64)
    )
    space = {"compute": compute}
    exec(compile(source, __file__, "exec"), space)
    return [space[f"only_{number}"] for number in range(64)]


ONLY = own_functions()


def numbered_view(request, number):
    ONLY[number](0.003)
    time.sleep(0.002)
    ONLY[number](0.003, compute_until_looked_at)
    return HttpResponse(f"<html><body>{number}</body></html>")


async def numbered_async_view(request, number):
    for work in (compute, compute_until_looked_at, compute):
        ONLY[number](0.001, work)
        await asyncio.sleep(0.001)
        await sync_to_async(ONLY[number], thread_sensitive=False)(0.001)
    return HttpResponse(f"<html><body>{number}</body></html>")


def state(request):
    """What is in the process besides requests."""
    gc.collect()
    with open("/proc/self/status") as status:
        facts = {name: value for name, _, value in (line.partition(":") for line in status)}
    return JsonResponse(
        {
            "tasks": task_names(),
            "rss_kb": int(facts["VmRSS"].split()[0]),
            "blocks": sys.getallocatedblocks(),
            "in_use": bytes_in_use(),
            "urgent": bool(int(facts["SigCgt"], 16) >> (signal.SIGURG - 1) & 1),
        }
    )


def task_names():
    """The names of the threads that the kernel knows."""
    names = []
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/comm") as name:
            names.append(name.read().strip())
    return names
