"""The matrix: a row a seller, a column a region or country of the Far East, in each cell a sign.

`grid` is what is known; `drawn` lays it out for a terminal or a picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain, groupby, zip_longest
from typing import NamedTuple

from sp_connect.amazon import geography
from sp_connect.models import Connection, Status
from sp_connect.terminal.screen import PIPE_WIDTH
from sp_connect.views import drawing, signs
from sp_connect.views.drawing import Drawing, Line, Run

ROOM_FOR_NAMES, LEAST_ROOM = 12, 6
"""With less room for names than the first, the gaps shrink, then the heads; then names get the rest."""

WIDEST_NAME = 32
"""A longer name takes several lines on a terminal, so that the eye finds the way from a name to its signs."""

WIDEST_CELL, NARROW_CELL, NARROW = 14, 8, 60
"""The widest cell with several accounts on one line, and on a terminal narrower than the last value."""

HEADS = {
    "North America": ("North", "America"),
    "Europe & India": ("Europe", "& India"),
}
"""Heads in two lines. A word is never broken."""


class Column(NamedTuple):
    """One place. `key` is its region, or its country where the region is connected country by country."""

    key: str
    region: str
    place: str


class Part(NamedTuple):
    """One connection's state in a cell: the column's own, or that of a `country` which has a connection of its own.

    `status` None is not connected; `days_left` is that of what is due.
    """

    country: str | None
    status: Status | None
    days_left: int

    def sign(self, *, ascii_only: bool = False) -> str:
        """Its mark with what tells it from others: "●", "▲ 12d", "+IN", "✕IN"."""
        mark = signs.of(self.status).glyph(ascii_only=ascii_only)
        left = f" {self.days_left}d" if self.status == "due" else ""
        if self.country is None:
            return f"{mark}{left}"
        return f"{'+' if self.status == 'connected' else mark}{self.country}{left}"

    @property
    def style(self) -> str:
        """How its mark is drawn, as Rich writes it."""
        return signs.of(self.status).style

    @property
    def told(self) -> str:
        """The sign in words."""
        said = signs.told(self.status, self.days_left)
        return said if self.country is None else f"{geography.COUNTRIES[self.country].name} {said}"


Cell = tuple[Part, ...]
"""The column's own connection first, then those of its separate countries: nothing hides behind anything."""

NOTHING: Cell = (Part(None, None, 0),)


class Row(NamedTuple):
    """A seller, and its cell in each column."""

    seller: str
    cells: tuple[Cell, ...]


class Grid(NamedTuple):
    """All that is shown: each row has a cell for each column."""

    columns: Sequence[Column]
    rows: Sequence[Row]


class Entry(NamedTuple):
    """One line of the legend."""

    mark: str
    ascii: str
    style: str
    told: str


def columns(regions: Iterable[str] = (), countries: Sequence[str] = ()) -> tuple[Column, ...]:
    """The columns, in the order of the map; only those that `regions` and `countries` speak of, if any is given."""
    there = geography.countries_named(countries)
    wanted = {one.region for one in there} or {geography.region_named(one).code for one in regions}
    found = []
    for one in geography.REGIONS.values():
        if wanted and one.code not in wanted:
            continue
        if one.is_whole:
            found.append(Column(one.code, one.code, one.name))
        else:
            apart = geography.countries_of(one.code)
            found.extend(Column(c.code, one.code, c.name) for c in apart if not there or c in there)
    return tuple(found)


def grid(connections: Iterable[Connection], now: datetime, shown: Sequence[Column]) -> Grid:
    """The rows of `connections`, which are in the order of sellers."""
    position = {column.key: number for number, column in enumerate(shown)}
    rows = []
    for seller, group in groupby(connections, key=lambda connection: connection.scope.seller):
        cells = [NOTHING] * len(shown)
        for connection in group:
            region, country = connection.scope.region, connection.scope.country
            number = position.get(country or region, position.get(region))
            if number is None:
                continue
            is_apart = shown[number].key == region and country is not None
            status = connection.status(now)
            days_left = (connection.days_left(now) or 0) if status == "due" else 0
            part = Part(country if is_apart else None, status, days_left)
            cells[number] = (*cells[number], part) if is_apart else (part, *cells[number][1:])
        rows.append(Row(seller, tuple(cells)))
    return Grid(shown, rows)


def legend(shown: Grid) -> list[Entry]:
    """The legend: signs that occur, and separate country connections if there are any."""
    parts = {(part.country, part.status) for row in shown.rows for cell in row.cells for part in cell}
    told: dict[signs.Sign, list[str]] = {}
    for status in signs.IN_ORDER:
        if any(status == there for _, there in parts):
            told.setdefault(signs.of(status), []).append(signs.told(status))
    entries = [Entry(sign.mark, sign.ascii, sign.style, " or ".join(said)) for sign, said in told.items()]
    apart = min((country for country, _ in parts if country is not None), default=None)
    if apart is not None:
        sample = Part(apart, "connected", 0)  # a state of one client's would be taken for everybody's
        entries.append(Entry(sample.sign(), sample.sign(ascii_only=True), sample.style, "a connection of its own"))
    return entries


def drawn(shown: Grid, width: int, *, ascii_only: bool = False) -> Drawing:
    """The grid within `width`, if that can be. Nothing is cut: long names and crowded cells take several lines."""
    kinds = [dict.fromkeys(row.cells[i] for row in shown.rows) for i in range(len(shown.columns))]
    fits = WIDEST_CELL if width >= NARROW else NARROW_CELL
    lines_of = [{cell: _lines(cell, fits, ascii_only=ascii_only) for cell in kind} for kind in kinds]
    widest = [max([0, *(drawing.length(line) for lines in one.values() for line in lines)]) for one in lines_of]
    longest = max([len("Seller"), *(len(row.seller) for row in shown.rows)])
    place = _placed(shown.columns, widest, longest if width >= PIPE_WIDTH else min(longest, WIDEST_NAME), width)
    placed = [
        {cell: [_moved(line, begin) for line in lines] for cell, lines in one.items()}
        for begin, one in zip(place.begins, lines_of, strict=True)
    ]
    rows = []
    for row in shown.rows:
        names: list[Line] = [[Run(0, part, "bold")] for part in drawing.folded(row.seller, place.names)]
        cells = [one[cell] for one, cell in zip(placed, row.cells, strict=True)]
        rows.append([list(chain.from_iterable(lines)) for lines in zip_longest(names, *cells, fillvalue=[])])
    entries = [_entry(one, ascii_only=ascii_only) for one in legend(shown)]
    return Drawing(place.heads, rows, drawing.side_by_side(entries, width), place.width)


class _Place(NamedTuple):
    """Where things lie: the room for names, where each column begins, and the whole width."""

    heads: list[Line]
    names: int
    begins: list[int]
    width: int


def _placed(shown: Sequence[Column], widest: Sequence[int], longest: int, width: int) -> _Place:
    heads = [HEADS.get(column.place, ("", column.place)) for column in shown]
    gap, least = drawing.GAP, min(longest, ROOM_FOR_NAMES)

    def widths() -> list[int]:
        return [max(*map(len, head), wide) for head, wide in zip(heads, widest, strict=True)]

    def room() -> int:
        return width - sum(gap + wide for wide in widths())

    if room() < least:
        gap = drawing.NARROW_GAP
    if room() < least:
        heads = [("", column.key.upper()) for column in shown]
    names = max(LEAST_ROOM, min(longest, room()))
    begins, end = [], names
    for wide in widths():
        begins.append(end + gap)
        end += gap + wide
    titles = [(0, ("", "Seller")), *zip(begins, heads, strict=True)]
    lines: list[Line] = [[Run(at, head[i], "dim") for at, head in titles if head[i]] for i in (0, 1)]
    return _Place([line for line in lines if line], names, begins, end)


def _lines(cell: Cell, width: int, *, ascii_only: bool) -> list[Line]:
    """The signs of a cell, on one line unless they are many."""
    return drawing.side_by_side([[Run(0, part.sign(ascii_only=ascii_only), part.style)] for part in cell], width, 1)


def _moved(line: Line, by: int) -> Line:
    return [Run(by + run.column, run.text, run.style) for run in line]


def _entry(entry: Entry, *, ascii_only: bool) -> Line:
    mark = entry.ascii if ascii_only else entry.mark
    return [Run(0, mark, entry.style), Run(len(mark) + 1, entry.told)]
