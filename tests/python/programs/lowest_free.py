"""Prints the numbers that a descriptor got though a lower one was free, beside restless threads."""

import os
import sys
import threading
import time

done = threading.Event()


def rest():
    while not done.is_set():
        time.sleep(0.00005)


restless = [threading.Thread(target=rest) for _ in range(4)]
for thread in restless:
    thread.start()
free = os.dup(0)
os.close(free)
strangers = set()
end = time.monotonic() + 2
while time.monotonic() < end:
    # As programs do that put one descriptor in the place of another, by its number.
    found = os.dup(0)
    os.close(found)
    if found != free:
        strangers.add(found)
done.set()
for thread in restless:
    thread.join()
sys.stdout.write(f"{sorted(strangers)}\n")
