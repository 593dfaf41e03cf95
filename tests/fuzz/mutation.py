"""Good inputs, spoilt: what hypothesis draws from, so that most of an input still means something to its reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from tests.fuzz.target import LONGEST

DEEDS = ("flip", "cut", "insert", "overwrite", "splice", "repeat")

_SIZE = 6
_MOST = 4


class Change(NamedTuple):
    """One change of an input. `at` and `length` are a place and a length, whatever their size; `what` is put in."""

    deed: str
    at: int
    length: int
    what: bytes


def inputs(samples: Sequence[bytes], words: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Samples with a few changes; now and then as they are, and bytes of any kind."""
    sample = st.sampled_from(samples)
    # Changes as bytes are drawn, and made smaller, in a third of the time that a list of records takes.
    plan = st.binary(min_size=_SIZE, max_size=_SIZE * _MOST)
    spoilt = st.builds(lambda data, other, plan: spoil(data, other, changes_of(plan, words)), sample, sample, plan)
    return st.one_of(spoilt, spoilt, spoilt, spoilt, sample, st.binary(max_size=200))


def changes_of(plan: bytes, words: Sequence[bytes]) -> Iterator[Change]:
    """The changes that bytes stand for, a few bytes each."""
    for start in range(0, len(plan) - _SIZE + 1, _SIZE):
        deed, high, low, length, word, more = plan[start : start + _SIZE]
        what = words[word % len(words)] if more % 2 else bytes([word, more])[: 1 + more // 2 % 2]
        yield Change(DEEDS[deed % len(DEEDS)], high * 256 + low, length, what)


def spoil(data: bytes, other: bytes, changes: Iterator[Change]) -> bytes:
    """`data` after its changes; a splice goes on with the end of `other`."""
    for deed, at, length, what in changes:
        start = at % (len(data) + 1)
        end = min(len(data), start + length % 64)
        if deed == "flip" and start < len(data):
            data = data[:start] + bytes([data[start] ^ 1 << length % 8]) + data[start + 1 :]
        elif deed == "cut":
            data = data[:start] + data[end:]
        elif deed == "insert":
            data = data[:start] + what + data[start:]
        elif deed == "overwrite":
            data = data[:start] + what + data[start + len(what) :]
        elif deed == "splice":
            data = data[:start] + other[at * length % (len(other) + 1) :]
        elif deed == "repeat":
            data = data[:end] + data[start:end] * (at % 8) + data[end:]
    return data[:LONGEST]
