"""One sign, one word and one colour for each state, so that colour is never needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sp_connect import words
from sp_connect.models import Connection, Status

if TYPE_CHECKING:
    from rich.text import Text


class Sign(NamedTuple):
    """A state's mark, its stand-in where the terminal's encoding lacks it, and its style."""

    mark: str
    ascii: str
    style: str

    def glyph(self, *, ascii_only: bool) -> str:
        """The mark, or what stands in for it."""
        return self.ascii if ascii_only else self.mark


CONNECTED = Sign("●", "*", "green")
DUE = Sign("▲", "!", "yellow")
ENDED = Sign("✕", "x", "red")
MISSING = Sign("∅", "o", "red")
UNCHECKED = Sign("?", "?", "cyan")
ABSENT = Sign("·", ".", "dim")
INVITED = Sign("○", "o", "cyan")

KINDS = MappingProxyType({"green": "good", "yellow": "warn", "red": "bad", "cyan": "note", "dim": "soft"})
"""Style sheet classes of the styles."""

_OF_STATUS: Mapping[Status | None, Sign] = MappingProxyType(
    {
        "connected": CONNECTED,
        "due": DUE,
        "expired": ENDED,
        "rejected": ENDED,
        "missing-token": MISSING,
        "unchecked": UNCHECKED,
        None: ABSENT,
    }
)

IN_ORDER = tuple(_OF_STATUS)
"""The states as a legend has them; None is not connected."""

URGENT = frozenset({DUE, ENDED, MISSING})
"""Statuses that only a new consent fixes."""


def of(status: Status | None) -> Sign:
    """The sign of a status; of None, the one for what is not connected."""
    return _OF_STATUS[status]


def told(status: Status | None, days_left: int | None = None) -> str:
    """A status in words: "connected", "due in 12 days", and "due" where no days are told."""
    if status is None:
        return "not connected"
    if status == "due" and days_left is not None:
        return f"due {words.in_days(days_left)}"
    return status.replace("-", " ")


def counted(statuses: Iterable[Status | None]) -> str:
    """How many of each there are: "8 due, 4 expired"."""
    found = Counter(statuses)
    return ", ".join(f"{found[one]} {told(one)}" for one in IN_ORDER if found[one])


def status(connection: Connection, now: datetime, *, ascii_only: bool = False) -> Text:
    """A connection's state as a table shows it: "● connected", "▲ due in 12 days"."""
    from rich.text import Text

    name = connection.status(now)
    sign = of(name)
    return Text(f"{sign.glyph(ascii_only=ascii_only)} {told(name, connection.days_left(now))}", style=sign.style)
