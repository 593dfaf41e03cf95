"""The table of connections: a row each, laid out at fixed columns for a terminal, a pipe or a picture.

On a narrow terminal things give way in a known order, and the Selling Partner ID never does: the marketplaces
("DE FR +8"), the gaps, the access level, then names and places take several lines; last the marketplaces go, and
the date.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby, zip_longest
from types import MappingProxyType
from typing import NamedTuple

from sp_connect import words
from sp_connect.models import Connection, Scope, Status
from sp_connect.terminal.text import literal
from sp_connect.views import drawing, signs
from sp_connect.views.drawing import GAP, NARROW_GAP, Drawing, Line, Run

SELLER, PLACE, ACCOUNT, CODES = "Seller", "Region", "Selling Partner ID", "Marketplaces"
LEVEL, RENEW, STATUS = "Access level", "Renew by", "Status"

IN_TWO_LINES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {ACCOUNT: ("Selling", "Partner ID"), CODES: ("Sells", "in")}
)
"""Heads that are wider than what stands below them."""

WIDEST_CODES, ROOM_TO_WRAP, FEW_CODES = 32, 14, 8
"""Eleven country codes on one line; from where on all are told, on several lines; and "DE FR +8"."""

WIDEST_NAME, USUAL_NAME, LEAST_NAME = 32, 24, 8
"""A longer name takes several lines, so that the eye finds the way; it gives way to codes, and where room is scarce."""

STEPS: Sequence[tuple[int, bool, bool, frozenset[str]]] = (
    (GAP, True, False, frozenset()),
    (NARROW_GAP, False, False, frozenset()),
    (GAP, True, False, frozenset({LEVEL})),
    (NARROW_GAP, False, False, frozenset({LEVEL})),
    (NARROW_GAP, False, True, frozenset({LEVEL})),
    (NARROW_GAP, False, True, frozenset({LEVEL, CODES})),
    (NARROW_GAP, False, True, frozenset({LEVEL, CODES, RENEW})),
)
"""Steps in which a table shrinks: the gap; "DE FR +8" to "DE +9"; names and places wrap; columns go."""


class Row(NamedTuple):
    """A table row of one connection, in the order of its columns. `style` is that of the status."""

    seller: str
    place: str
    account: str
    codes: tuple[str, ...]
    level: str
    renew: str
    status: str
    style: str


class Place(NamedTuple):
    """Where things lie: how wide each column is, and where it begins."""

    widths: Mapping[str, int]
    begins: Mapping[str, int]
    width: int


def told(
    connections: Sequence[Connection],
    now: datetime,
    doubtful: Collection[Scope] = frozenset(),
    *,
    ascii_only: bool = False,
) -> list[Row]:
    """Table rows of connections; the `doubtful` ones are marked as not checked.

    Of thousands of connections most say the same: their countries, levels, days and states are each put together once.
    """

    @cache
    def codes(countries: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(literal, countries))

    @cache
    def state(status: Status, days_left: int | None) -> tuple[str, str]:
        sign = signs.of(status)
        return f"{sign.glyph(ascii_only=ascii_only)} {signs.told(status, days_left)}", sign.style

    unknown = f"{signs.UNCHECKED.glyph(ascii_only=ascii_only)} not checked", signs.UNCHECKED.style
    day, level = cache(words.day_if_known), cache(literal)
    return [
        Row(
            one.scope.seller,
            one.scope.place,
            literal(one.selling_partner_id),
            codes(one.sells_in),
            level(one.access_level),
            day(one.renew_by and one.renew_by.date()),
            *(unknown if one.scope in doubtful else state(one.status(now), one.days_left(now))),
        )
        for one in connections
    ]


def drawn(rows: Sequence[Row], width: int | None = None, *, apart: bool = False) -> Drawing:
    """The table within `width`, if that can be; a block for each seller, whose name stands in its first line.

    `apart` gives every row its own name and one line, however wide.
    """
    place = _placed(rows, width, apart=apart)
    if apart:
        return Drawing(_heads(place), [_block([row], place) for row in rows], [], place.width)
    sellers = (list(group) for _, group in groupby(rows, key=lambda row: row.seller))
    return Drawing(_heads(place), [_block(theirs, place) for theirs in sellers], [], place.width)


def shortened(codes: Sequence[str], room: int) -> str:
    """As many country codes as `room` has, one at least, then how many more there are: "DE FR +8"."""
    for shown in range(len(codes), 0, -1):
        rest = len(codes) - shown
        said = " ".join([*codes[:shown], *([f"+{rest}"] if rest else [])])
        if drawing.cells(said) <= room or shown == 1:
            return said
    return ""


def _placed(rows: Sequence[Row], width: int | None, *, apart: bool) -> Place:
    widths, gap = _widest(rows), GAP
    if not apart:
        widths[SELLER] = min(widths[SELLER], WIDEST_NAME)
        widths[CODES] = min(widths[CODES], WIDEST_CODES)
    if width is not None:
        widths, gap = _fitting(rows, widths, width)
    for head in IN_TWO_LINES:
        more = len(head) - widths.get(head, len(head))
        if more > 0 and (width is None or _total(widths, gap) + more <= width):
            widths[head] += more
    begins, end = {}, 0
    for head, wide in widths.items():
        begins[head] = end
        end += wide + gap
    return Place(widths, begins, end - gap)


def _fitting(rows: Sequence[Row], full: Mapping[str, int], width: int) -> tuple[dict[str, int], int]:
    """The first of STEPS that fits, or the last; what it leaves of the width goes to the columns that it narrowed."""
    usual = min(full[SELLER], USUAL_NAME)
    few = min(full[CODES], FEW_CODES)
    fewest = min(few, max((len(shortened(codes, 0)) for codes in {row.codes for row in rows}), default=0))
    fewest = max(fewest, len(IN_TWO_LINES[CODES][0]))
    named = {word for place in {row.place for row in rows} for word in place.split()}
    broken = {SELLER: min(usual, LEAST_NAME), PLACE: max([len(PLACE), *map(len, named)])}
    for gap, has_few, is_broken, left_out in STEPS:
        narrow = {**full, SELLER: usual, CODES: few if has_few else fewest, **(broken if is_broken else {})}
        widths = {head: wide for head, wide in narrow.items() if head not in left_out}
        if _total(widths, gap) <= width:
            break
    wishes = ((PLACE, full[PLACE]), (SELLER, usual), (CODES, few), (CODES, full[CODES]), (SELLER, full[SELLER]))
    for head, wanted in wishes:
        more = min(width - _total(widths, gap), wanted - widths.get(head, wanted))
        if more > 0:
            widths[head] += more
    return widths, gap


def _total(widths: Mapping[str, int], gap: int) -> int:
    return sum(widths.values()) + gap * (len(widths) - 1)


def _widest(rows: Sequence[Row]) -> dict[str, int]:
    """How wide each column would be with nothing in its way; the access level is one where it says something."""
    cells: dict[str, set[str]] = {
        SELLER: {row.seller for row in rows},
        PLACE: {row.place for row in rows},
        ACCOUNT: {row.account for row in rows},
        CODES: {" ".join(codes) for codes in {row.codes for row in rows}},
        LEVEL: {row.level for row in rows},
        RENEW: {row.renew for row in rows},
        STATUS: {row.status for row in rows},
    }
    if cells[LEVEL] <= {"default"}:
        del cells[LEVEL]
    return {head: max(map(drawing.cells, [*found, *IN_TWO_LINES.get(head, (head,))])) for head, found in cells.items()}


def _heads(place: Place) -> list[Line]:
    pairs = {head: ("", head) if len(head) <= wide else IN_TWO_LINES[head] for head, wide in place.widths.items()}
    lines = [[Run(place.begins[head], pair[i], "dim") for head, pair in pairs.items() if pair[i]] for i in (0, 1)]
    return [line for line in lines if line]


def _block(rows: Sequence[Row], place: Place) -> list[Line]:
    """The lines of one seller."""
    names: list[Line] = [[Run(0, part, "bold")] for part in drawing.folded(rows[0].seller, place.widths[SELLER])]
    lines = [line for row in rows for line in _lines(row, place)]
    return [[*name, *line] for name, line in zip_longest(names, lines, fillvalue=())]


def _lines(row: Row, place: Place) -> list[Line]:
    """The lines of one connection, without its seller."""
    begins = place.begins
    places = _broken(tuple(row.place.split()), place.widths[PLACE])
    codes = _codes(row.codes, place.widths[CODES]) if CODES in begins else ()
    line = [Run(begins[PLACE], places[0]), Run(begins[ACCOUNT], row.account, "bold")]
    if codes:
        line.append(Run(begins[CODES], codes[0]))
    if LEVEL in begins:
        line.append(Run(begins[LEVEL], row.level))
    if RENEW in begins:
        line.append(Run(begins[RENEW], row.renew))
    line.append(Run(begins[STATUS], row.status, row.style))
    below = [
        [Run(begins[head], parts[i]) for head, parts in ((PLACE, places), (CODES, codes)) if i < len(parts)]
        for i in range(1, max(len(places), len(codes)))
    ]
    return [line, *below]


@cache
def _codes(codes: tuple[str, ...], room: int) -> tuple[str, ...]:
    """Thousands of accounts sell in the same few countries."""
    whole = " ".join(codes)
    if drawing.cells(whole) <= room:
        return (whole,) if whole else ()
    return _broken(codes, room) if room >= ROOM_TO_WRAP else (shortened(codes, room),)


@cache
def _broken(parts: tuple[str, ...], room: int) -> tuple[str, ...]:
    """The words on as few lines as hold them."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]} {part}" if lines else part
        lines[-1:] = [longer] if drawing.cells(longer) <= room or not lines else [lines[-1], part]
    return tuple(lines)
