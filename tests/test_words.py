"""Dates, spans and lists as they are said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sp_connect import words


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (datetime(2027, 11, 22, tzinfo=UTC), "22 Nov 2027"),
        (datetime(2026, 1, 1, 23, 59, tzinfo=UTC), "1 Jan 2026"),
        (datetime(2028, 2, 29, tzinfo=UTC), "29 Feb 2028"),
    ],
)
def test_a_day_has_its_number_month_and_year(when: datetime, said: str) -> None:
    assert words.day(when) == said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "today"),
        (1, "in 1 day"),
        (12, "in 12 days"),
        (365, "in 365 days"),
        (1234, "in 1,234 days"),
        (-1, "1 day ago"),
        (-3, "3 days ago"),
    ],
)
def test_days_are_counted_from_today(days: int, said: str) -> None:
    assert words.in_days(days) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 sellers"), (1, "1 seller"), (2, "2 sellers"), (1500, "1,500 sellers")]
)
def test_more_than_one_or_none_is_plural(number: int, said: str) -> None:
    assert words.count(number, "seller") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (45, "45 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (300, "5 minutes"),
        (3600, "60 minutes"),
    ],
)
def test_two_minutes_and_more_are_told_in_minutes(seconds: float, said: str) -> None:
    assert words.span(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86399, "23 hours ago"),
    ],
)
def test_what_is_past_is_told_in_minutes_and_hours(seconds: float, said: str) -> None:
    assert words.ago(seconds) == said


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([], ""),
        (["Japan"], "Japan"),
        (["Japan", "Australia"], "Japan and Australia"),
        (["Japan", "Australia", "Singapore"], "Japan, Australia and Singapore"),
        (("a", "b", "c", "d"), "a, b, c and d"),
    ],
)
def test_the_last_of_a_list_comes_after_and(items: list[str], said: str) -> None:
    assert words.listed(items) == said
