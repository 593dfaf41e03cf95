"""A drawing as an SVG for a README or a wiki: one file, light and dark, in the palette of the pages.

Plain `fill`s and no variables, so that programs which know no media query still show the light one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import chain

from sp_connect.terminal.text import REPLACEMENT, literal
from sp_connect.views import connections as table
from sp_connect.views import drawing, report, signs
from sp_connect.views import matrix as grids
from sp_connect.views.drawing import Drawing, Line, Run
from sp_connect.views.report import Report

COLUMNS = 100
"""The widest picture, in letters: more is too small to read in a README."""

LETTER, LINE, EDGE = 8.43, 22, 24
"""In pixels at 14: how far monospaced fonts advance a letter, a line's height, and the margin."""

LIGHT = {
    "paper": "#fbfaf8",
    "ink": "#1d2125",
    "soft": "#5a626b",
    "line": "#dcdfe3",
    "edge": "#858d95",
    "good": "#17692f",
    "warn": "#7d5200",
    "bad": "#a3231a",
    "note": "#0b5a67",
}
DARK = {
    "paper": "#14171a",
    "ink": "#e9ebed",
    "soft": "#a4adb6",
    "line": "#353b42",
    "edge": "#707982",
    "good": "#7fd494",
    "warn": "#e5b860",
    "bad": "#ff9d92",
    "note": "#7fd0dc",
}


def matrix(told: Report) -> str:
    """The matrix as a file."""
    return picture(grids.drawn(told.grid, COLUMNS), report.title(told), report.notes(told), report.known_on(told))


def connections(told: Report) -> str:
    """The table of `list` as a file."""
    shown = table.drawn(table.told(told.rows, told.now))
    return picture(shown, report.title(told), report.notes(told), report.known_on(told))


def picture(shown: Drawing, title: str, notes: Sequence[str] = (), date: str = "") -> str:
    """The whole file. `title` is what a reader who sees no pictures is told too; then come `date` and `notes`."""
    above: list[Line] = [[Run(0, note, "yellow")] for note in notes]
    if date:
        above = [[Run(0, title, "bold")], [Run(0, date, "dim")], *above, []]
    below: list[Line] = [[], *shown.foot] if shown.foot else []
    lines = [*above, *shown.heads, *chain.from_iterable(shown.rows), *below]
    width = max([shown.width, *map(drawing.length, lines)]) * LETTER + 2 * EDGE
    height = len(lines) * LINE + 2 * EDGE
    size = f'width="{width:.0f}" height="{height}"'
    told = _literal(title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width:.0f} {height}" role="img">',
        f"<title>{told}</title>",
        f"<style>{_style()}</style>",
        f'<rect class="paper" {size} rx="10"/>',
        *_rules(len(above) + len(shown.heads), shown, width),
        *(_text(line, number) for number, line in enumerate(lines) if line),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _style() -> str:
    font = 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'
    plain = f"text {{ font: 14px {font}; white-space: pre }} .strong {{ font-weight: 700 }}"
    return f"{plain} {_colours(LIGHT)} @media (prefers-color-scheme: dark) {{ {_colours(DARK)} }}"


def _colours(palette: dict[str, str]) -> str:
    lines = ("line", "edge")
    said = [f".{name} {{ {'stroke' if name in lines else 'fill'}: {colour} }}" for name, colour in palette.items()]
    return " ".join([*said, f".strong {{ fill: {palette['ink']} }}"])


def _rules(first: int, shown: Drawing, width: float) -> Iterator[str]:
    """A line below the heads, and one between two rows."""
    kind = "edge"
    for row in shown.rows:
        yield f'<path class="{kind}" d="M{EDGE} {EDGE + first * LINE}H{width - EDGE:.0f}"/>'
        first += len(row)
        kind = "line"


def _text(line: Line, number: int) -> str:
    y = EDGE + number * LINE + 15
    spans = "".join(
        f'<tspan class="{_kind(run.style)}" x="{EDGE + run.column * LETTER:.1f}">{_literal(run.text)}</tspan>'
        for run in line
        if run.text
    )
    return f'<text y="{y}">{spans}</text>'


def _kind(style: str) -> str:
    return {"": "ink", "bold": "strong"}.get(style) or signs.KINDS[style]


def _literal(plain: str) -> str:
    """Text for XML, which knows neither control characters nor these two."""
    return escape(literal(plain).translate({0xFFFE: REPLACEMENT, 0xFFFF: REPLACEMENT}))
