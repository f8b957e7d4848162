"""Code objects that are made, run once and freed, so that their addresses are used again.

Each piece has a file name of its own, which tells what its functions are called: a frame that is
given the code that was at its address before is found out by its name.
"""

import sys
import time

SOURCE = """
def function_{0}(x):
    def closure_{1}():
        return x + {0}
    return [closure_{1}() for _ in range(20)]

class Class_{1}:
    value_{0} = function_{0}(1)

result = function_{0}(2) and (lambda: function_{0}(3))()
"""


EXPRESSION = "(lambda x: sum(x + {0} for _ in range(30)))({0})"


def made(file):
    """The source of a file: for the judge, too."""
    number = int(file.split(" ")[1].rstrip(">"))
    if file.endswith(" expression>"):
        return EXPRESSION.format(number)
    # The names vary, and so do the sizes of what is allocated between.
    return SOURCE.format(number, number * 7 % 13) + "\n" * (number % 5)


def churn(number):
    names = {}
    file = f"<made {number}>"
    exec(compile(made(file), file, "exec"), names)
    return names["result"]


def evaluate(number):
    file = f"<made {number} expression>"
    return eval(compile(made(file), file, "eval"))


def run(seconds):
    end = time.perf_counter() + seconds
    number = 0
    while True:
        number += 1
        # From 3.12 on the interpreter keeps all names that it has ever seen.
        churn(number % 997)
        evaluate(number % 997)
        if time.perf_counter() >= end:
            return number


if __name__ == "__main__":
    print(f"{run(float(sys.argv[1])):,} rounds")
