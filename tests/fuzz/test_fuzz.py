"""Readers of foreign bytes, given many: each is read as what it says, or refused in our own words.

Here hypothesis spoils good inputs; `tests.fuzz.coverage` lets atheris look for paths that no input took before.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests import figures
from tests.fuzz import mutation, targets
from tests.fuzz.target import GOOD, Target, ready, words_of, workshop

INPUTS = 1000
"""Of each target."""

EVERY = pytest.mark.parametrize("target", targets.ALL.values(), ids=targets.ALL)


@EVERY
def test_spoilt_inputs_are_read_or_refused(target: Target) -> None:
    tried = 0
    with workshop() as folder, ready(target, folder) as (read, samples):

        @settings(
            max_examples=INPUTS,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(mutation.inputs(samples, words_of(target)))
        def look(data: bytes) -> None:
            nonlocal tried
            tried += 1
            read(data)

        look()
    assert tried >= INPUTS
    figures.record("fuzz inputs", tried)


@EVERY
def test_the_corpus_breaks_nothing_and_what_is_good_is_taken(target: Target) -> None:
    corpus = target.corpus()
    with workshop() as folder, target.opened(folder) as (take, samples):
        good = [*samples, *(data for name, data in corpus.items() if name.startswith(GOOD))]
        assert good
        for data in good:
            take(data)
    with workshop() as folder, ready(target, folder) as (read, _):
        for data in corpus.values():
            read(data)


@EVERY
def test_the_words_of_a_dictionary_are_short_and_are_those_that_atheris_is_given(target: Target) -> None:
    words = words_of(target)

    assert len(words) == len(set(words)) > 1
    assert all(words)
    assert all(line.startswith('"') and line.isascii() for line in target.dictionary.read_text().splitlines())


@pytest.mark.parametrize("deed", range(len(mutation.DEEDS)))
def test_each_deed_changes_an_input_in_its_own_way(deed: int) -> None:
    [change] = mutation.changes_of(bytes([deed, 0, 2, 3, 0, 1]), [b"word"])

    assert mutation.spoil(b"0123456789", b"abcdefghij", iter([change])) == SPOILT[mutation.DEEDS[deed]]


SPOILT = {
    "flip": b"01:3456789",
    "cut": b"0156789",
    "insert": b"01word23456789",
    "overwrite": b"01word6789",
    "splice": b"01ghij",
    "repeat": b"0123423423456789",
}
