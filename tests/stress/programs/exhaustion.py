"""No descriptor left, and no memory: the program gets its own errors, and goes on after them."""

import os
import resource
import sys
import threading
import time


def busy():
    return sum(number & 3 for number in range(500))


def without_descriptors():
    held = []
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        for _ in range(20):
            busy()
        thread = threading.Thread(target=busy)
        thread.start()
        thread.join()
        return len(held)
    finally:
        for descriptor in held:
            os.close(descriptor)


def without_memory():
    held = []
    try:
        while True:
            held.append(bytearray(1 << 22))
    except MemoryError:
        for _ in range(20):
            busy()
        return len(held)


def limited(which, most):
    soft, hard = resource.getrlimit(which)
    resource.setrlimit(which, (most, hard))
    return lambda: resource.setrlimit(which, (soft, hard))


def address_space():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def main():
    end = time.perf_counter() + float(sys.argv[1])
    files = blocks = rounds = 0
    while True:
        undo = limited(resource.RLIMIT_NOFILE, 200)
        files += without_descriptors()
        undo()
        undo = limited(resource.RLIMIT_AS, address_space() + (200 << 20))
        blocks += without_memory()
        undo()
        rounds += 1
        if time.perf_counter() >= end:
            break
    assert min(files, blocks) > rounds
    print(f"{rounds} times {files // rounds} files and {blocks // rounds} blocks of memory")


if __name__ == "__main__":
    main()
