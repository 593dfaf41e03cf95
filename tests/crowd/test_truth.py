"""The judge of the crowd: which reads overlapping writes explain, and which they cannot."""

from __future__ import annotations

import pytest

from tests.crowd.truth import Absent, Named, Place, Present, Read, State, Write

GONE, HERE = Absent(), Present()


def is_true(shown: State, at: tuple[float, float], *writes: Write) -> bool:
    return not Place(GONE, list(writes), [Read(*at, shown, "reader")]).untrue()


def test_a_read_after_a_write_shows_it_and_nothing_before_it() -> None:
    write = Write(1, 2, HERE)
    assert is_true(HERE, (3, 4), write)
    assert not is_true(GONE, (3, 4), write)


def test_a_read_before_a_write_shows_what_was_there_first() -> None:
    write = Write(3, 4, HERE)
    assert is_true(GONE, (1, 2), write)
    assert not is_true(HERE, (1, 2), write)


def test_a_read_while_a_write_is_under_way_may_show_either() -> None:
    write = Write(1, 4, HERE)
    assert is_true(GONE, (2, 3), write)
    assert is_true(HERE, (2, 3), write)


def test_of_two_writes_at_once_either_may_be_the_last() -> None:
    writes = Write(1, 4, HERE), Write(2, 3, GONE)
    assert is_true(HERE, (5, 6), *writes)
    assert is_true(GONE, (5, 6), *writes)


def test_of_two_writes_in_turn_the_second_is_the_last() -> None:
    writes = Write(1, 2, HERE), Write(3, 4, GONE)
    assert not is_true(HERE, (5, 6), *writes)
    assert is_true(GONE, (5, 6), *writes)


@pytest.mark.parametrize("shown", [HERE, GONE])
def test_a_killed_write_may_have_come_through_or_not(shown: State) -> None:
    assert is_true(shown, (5, 6), Write(1, 2, HERE, certain=False))


def test_a_killed_write_is_over_once_another_has_come_after_it() -> None:
    assert not is_true(HERE, (5, 6), Write(1, 2, HERE, certain=False), Write(3, 4, GONE))


def test_a_state_that_nobody_wrote_is_untrue() -> None:
    assert not is_true(Named("other"), (5, 6), Write(1, 2, HERE))


@pytest.mark.parametrize(
    ("shown", "fits"),
    [(Present(since=11.0), True), (Present(since=12.0), False), (Present(token_of=10.5), True), (HERE, True)],
)
def test_a_connection_is_shown_with_the_moment_that_its_write_told(shown: State, *, fits: bool) -> None:
    assert is_true(shown, (20, 21), Write(10, 13, Present(since=11.0))) == fits


@pytest.mark.parametrize(("moment", "fits"), [(5.0, False), (10.0, True), (13.5, False)])
def test_a_token_is_of_a_consent_that_was_given_while_its_write_ran(moment: float, *, fits: bool) -> None:
    assert is_true(Present(token_of=moment), (20, 21), Write(10, 13, HERE)) == fits
    assert is_true(Present(since=moment), (20, 21), Write(10, 13, HERE, certain=False)) == fits


def test_a_token_of_a_consent_that_another_has_replaced_is_untrue() -> None:
    writes = Write(10, 11, HERE), Write(12, 13, HERE)
    assert is_true(Present(token_of=12.5), (20, 21), *writes)
    assert not is_true(Present(token_of=10.5), (20, 21), *writes)


def test_what_an_invited_seller_gave_before_accept_began_is_its_token() -> None:
    assert is_true(Present(token_of=5.0), (20, 21), Write(10, 13, HERE, prepared=4.0))
