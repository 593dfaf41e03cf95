"""One sign, one word and one colour for each state, so that colour is never needed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sp_connect import words
from sp_connect.models import Connection

if TYPE_CHECKING:
    from rich.text import Text


class Sign(NamedTuple):
    """A state's mark, its stand-in where the terminal's encoding lacks it, and its style."""

    mark: str
    ascii: str
    style: str

    def glyph(self, *, ascii_only: bool) -> str:
        return self.ascii if ascii_only else self.mark


CONNECTED = Sign("●", "*", "green")
DUE = Sign("▲", "!", "yellow")
ENDED = Sign("✕", "x", "red")
UNCHECKED = Sign("?", "?", "cyan")
ABSENT = Sign("·", ".", "dim")


def status(connection: Connection, now: datetime, *, ascii_only: bool = False) -> Text:
    """A connection's state as a table shows it: "● connected", "▲ due in 12 days"."""
    from rich.text import Text

    name = connection.status(now)
    sign = {"connected": CONNECTED, "due": DUE, "unchecked": UNCHECKED}.get(name, ENDED)
    said = f"due {words.in_days(connection.days_left(now))}" if name == "due" else name.replace("-", " ")
    return Text(f"{sign.glyph(ascii_only=ascii_only)} {said}", style=sign.style)
