"""faulthandler switched on and off under the profiler, with its watchdog thread and dumps."""

import faulthandler
import os
import signal
import sys
import time


def work():
    return sum(number * 3 for number in range(300))


def dump(output):
    faulthandler.dump_traceback(output)
    work()


def watch(output):
    # The watchdog's thread writes a traceback while this one sleeps; while it ran, 3.12 and 3.13
    # would crash all by themselves sooner or later.
    faulthandler.dump_traceback_later(0.001, file=output)
    time.sleep(0.004)
    faulthandler.cancel_dump_traceback_later()
    work()


def on_request(output):
    faulthandler.register(signal.SIGUSR1, file=output, all_threads=True)
    os.kill(os.getpid(), signal.SIGUSR1)
    work()
    faulthandler.unregister(signal.SIGUSR1)


def run(seconds):
    before = faulthandler.is_enabled()
    end = time.perf_counter() + seconds
    with open(os.devnull, "w") as output:
        while True:
            faulthandler.enable(output)
            dump(output)
            watch(output)
            on_request(output)
            faulthandler.disable()
            work()
            if time.perf_counter() >= end:
                break
    if before:
        faulthandler.enable()


if __name__ == "__main__":
    run(float(sys.argv[1]))
