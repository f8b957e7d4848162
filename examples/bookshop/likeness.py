"""Which books read alike, found out the slow way."""

from collections import Counter
from math import sqrt


def most_alike(chosen, others, count):
    """The books whose blurbs use the same words."""
    words = word_counts(chosen.blurb)
    scored = [
        (cosine(words, word_counts(other.blurb)), other.pk, other)
        for other in others
        if other.pk != chosen.pk
    ]
    scored.sort(key=lambda entry: entry[:2], reverse=True)
    return [other for _, _, other in scored[:count]]


def word_counts(text):
    """How often each word occurs."""
    return Counter(word.strip(".,").lower() for word in text.split())


def cosine(one, other):
    """How alike two counts are, from 0 to 1."""
    shared = sum(count * other[word] for word, count in one.items())
    return shared / (length(one) * length(other))


def length(counts):
    """The Euclidean length of a count of words."""
    return sqrt(sum(count * count for count in counts.values()))
