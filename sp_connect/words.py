"""How dates, spans and lists are said to people. Pure; English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date


def day(when: date) -> str:
    """A date as people write it: "22 Nov 2027"."""
    return f"{when.day} {when:%b %Y}"


def day_if_known(when: date | None) -> str:
    """A date as people write it, or "unknown"."""
    return "unknown" if when is None else day(when)


def in_days(days: int) -> str:
    """A distance in days: "in 12 days", "today", "3 days ago"."""
    if days == 0:
        return "today"
    return f"in {count(days, 'day')}" if days > 0 else f"{count(-days, 'day')} ago"


def count(number: int, noun: str) -> str:
    """A number with its noun: "1 seller", "2 sellers"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def span(seconds: float) -> str:
    """A time in words: "45 seconds", "5 minutes"."""
    return count(round(seconds), "second") if seconds < 120 else count(round(seconds / 60), "minute")


def ago(seconds: float) -> str:
    """How long ago something was, less than a day: "just now", "5 minutes ago", "3 hours ago"."""
    if seconds < 60:
        return "just now"
    minutes = int(seconds // 60)
    return f"{count(minutes, 'minute') if minutes < 60 else count(minutes // 60, 'hour')} ago"


def listed(items: Sequence[str], last: str = "and") -> str:
    """A list in a sentence: "Japan", "Japan and Australia", "Japan, Australia and Singapore"."""
    return f" {last} ".join(filter(None, [", ".join(items[:-1]), items[-1]])) if items else ""


def near(name: str, known: Iterable[str]) -> list[str]:
    """Those of `known` that somebody who typed `name` may have meant, the nearest first."""
    from difflib import get_close_matches

    return get_close_matches(name, list(known), n=3, cutoff=0.7)
