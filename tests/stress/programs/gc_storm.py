"""Garbage in cycles, finalizers and weak references, with the collector at nearly every step."""

import gc
import sys
import time
import weakref


# called anywhere: Node.__del__, callback
class Node:
    def __init__(self, other=None):
        self.other = other
        self.itself = self

    def __del__(self):
        finalized(self)


def finalized(node):
    return node.other


def callback(reference):
    return reference()


def make(count):
    nodes = [Node() for _ in range(count)]
    references = [weakref.ref(node, callback) for node in nodes]
    for node in nodes:
        node.other = nodes
    return references


def run(seconds):
    end = time.perf_counter() + seconds
    thresholds = gc.get_threshold()
    gc.set_threshold(5, 3, 3)
    try:
        while True:
            make(30)
            gc.collect()
            if time.perf_counter() >= end:
                return
    finally:
        gc.set_threshold(*thresholds)


if __name__ == "__main__":
    run(float(sys.argv[1]))
