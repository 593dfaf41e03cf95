"""Lines of text at fixed columns, for a terminal and for a picture.

Rich lays out a table in seconds where it has thousands of rows. What is drawn here is laid out already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from sp_connect.terminal.screen import Screen

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

GAP, NARROW_GAP = 3, 2
"""Spaces between two columns, and what they may shrink to."""


class Run(NamedTuple):
    """Some text of one style, which begins at a column."""

    column: int
    text: str
    style: str = ""


Line = list[Run]


class Drawing(NamedTuple):
    """The heads; the rows below their rule, each of one or more lines; and what is told under it all."""

    heads: Sequence[Line]
    rows: Sequence[Sequence[Line]]
    foot: Sequence[Line]
    width: int


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes: two a letter in some scripts."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def length(line: Line) -> int:
    """Where the line ends."""
    return max((run.column + cells(run.text) for run in line), default=0)


def folded(name: str, room: int) -> list[str]:
    """A name on as many lines as it takes, broken behind a dot, dash or underscore where one is near."""
    lines = []
    while len(name) > room:
        near = [at + 1 for at, letter in enumerate(name[:room]) if letter in "._-" and at >= room // 2]
        cut = near[-1] if near else room
        lines.append(name[:cut])
        name = name[cut:]
    return [*lines, name]


def side_by_side(items: Sequence[Line], width: int, gap: int = GAP) -> list[Line]:
    """Items on as few lines as hold them, each whole."""
    lines: list[Line] = []
    end = 0
    for item in items:
        if not lines or end + gap + length(item) > width:
            lines.append([])
        begin = end + gap if lines[-1] else 0
        lines[-1].extend(Run(begin + run.column, run.text, run.style) for run in item)
        end = begin + length(item)
    return lines


def shown(screen: Screen, drawing: Drawing) -> Shown:
    """The drawing as `screen` shows it, below the word that says if all of it is simulated."""
    rule = ("-" if screen.ascii_only else "─") * drawing.width
    title: list[Line] = [[Run(0, "SIMULATED", "bold yellow")]] if screen.simulated else []
    foot: list[Line] = [[], *drawing.foot] if drawing.foot else []
    return Shown([*title, *drawing.heads, [Run(0, rule)], *chain.from_iterable(drawing.rows), *foot])


class Shown:
    """Lines on a terminal, or in a pipe, where Rich need not be loaded for them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def plain(self) -> str:
        """The lines without their styles, and without the end of the last."""
        told = []
        for line in self._lines:
            end, plain = 0, ""
            for column, text, _ in line:
                plain += " " * (column - end) + text
                end = column + cells(text)
            told.append(plain.rstrip())
        return "\n".join(told)

    def __rich_console__(self, console: Console, _: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment
        from rich.style import Style

        styles: dict[str, Style] = {}
        for line in self._lines:
            end, plain = 0, ""
            for column, text, style in line:
                plain += " " * (column - end)
                end = column + cells(text)
                if not style or console.color_system is None:
                    plain += text
                    continue
                if style not in styles:
                    styles[style] = Style.parse(style)
                yield Segment(plain)
                yield Segment(text, styles[style])
                plain = ""
            yield Segment(f"{plain}\n")
