"""An application: reads a small language with regular expressions and computes what it says."""

import re

TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*) | (?P<number>\d+(?:\.\d+)?) | (?P<name>[a-z_]\w*)
    | (?P<text>"(?:[^"\\]|\\.)*") | (?P<sign>\*\*|[-+*/()=;])
    """,
    re.VERBOSE,
)
SOURCE = "".join(
    f"""
# line {number}: (not read)
width_{number} = 3 * (4 + {number}) - 2 ** 3 / (1.5 + {number});
title_{number} = "a \\"quoted\\" title" ; area = width_{number} * 2 - -1;
"""
    for number in range(6)
)
POWERS = {"=": 0, ";": 0, ")": 0, "+": 1, "-": 1, "*": 2, "/": 2, "**": 3}


def tokens(source):
    place = 0
    while place < len(source):
        found = TOKEN.match(source, place)
        place = found.end()
        if found.lastgroup != "space":
            yield found.lastgroup, found[0]
    yield "sign", ";"


class Parser:
    def __init__(self, source):
        self.tokens = tokens(source)
        self.values = {}
        self.kind, self.word = next(self.tokens)

    def take(self):
        kind, word = self.kind, self.word
        self.kind, self.word = next(self.tokens, ("end", ""))
        return kind, word

    def statements(self):
        while self.kind == "name":
            _, name = self.take()
            self.take()
            self.values[name] = self.expression(0)
            self.take()
        return self.values

    def expression(self, power):
        left = self.operand()
        while self.kind == "sign" and POWERS[self.word] > power:
            _, sign = self.take()
            right = self.expression(POWERS[sign])
            left = self.result(sign, left, right)
        return left

    def operand(self):
        kind, word = self.take()
        if kind == "number":
            return float(word)
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", word[1:-1])
        if kind == "name":
            return self.values[word]
        if word == "-":
            return -self.operand()
        value = self.expression(0)
        self.take()
        return value

    def result(self, sign, left, right):
        if sign == "+":
            return left + right
        if sign == "-":
            return left - right
        if sign == "*":
            return left * right
        return left / right if sign == "/" else left**right


def cycle():
    return Parser(SOURCE).statements()
