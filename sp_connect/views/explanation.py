"""Amazon's error codes, as a table of all and as a page of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from sp_connect.amazon import explanations
from sp_connect.amazon.explanations import Explanation
from sp_connect.terminal import text
from sp_connect.terminal.screen import PIPE_WIDTH, Screen
from sp_connect.views import tables

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

WHERE = MappingProxyType(
    {
        "consent-page": "on Amazon's consent page",
        "redirect": "in Amazon's redirect",
        "token-endpoint": "from the token endpoint",
        "api": "from the API",
    }
)

CERTAINTY = MappingProxyType(
    {
        "documented": "documented by Amazon",
        "seen": "seen by users, in public reports",
        "second-hand": "second hand: others quote Amazon on it",
        "unverified": "UNVERIFIED: no source settles it",
    }
)

Pairs = list[tuple[str, "Text"]]


def table(screen: Screen, rows: Sequence[Explanation]) -> Table:
    """Every code with what it means, under where it shows. Piped, each line stands alone."""
    piped = screen.out.width == PIPE_WIDTH
    lines = list(_lines(rows, piped=piped))
    columns: tables.Columns = dict(zip(("Code", "Where", "Meaning"), map(list, zip(*lines, strict=True)), strict=True))
    if not piped:
        del columns["Where"]
    made = tables.filled(screen, columns)
    for column in made.columns:
        column.no_wrap, column.overflow = False, "fold"
    if not piped:  # the first code of each row is never broken; further ones go below it
        first = max(len(row.codes[0]) for row in rows)
        made.columns[0].min_width = made.columns[0].max_width = first
        made.columns[1].max_width = max(1, screen.out.width - first - tables.GAP)
    return made


def _lines(rows: Sequence[Explanation], *, piped: bool) -> Iterator[tuple[Text, Text, Text]]:
    empty = text.styled("")
    for number, (where, group) in enumerate(groupby(rows, lambda row: WHERE[row.where])):
        if not piped:
            if number:
                yield empty, empty, empty
            yield text.styled(sentence(where, ""), "dim"), empty, empty
        for row in group:
            yield text.styled(", ".join(row.codes), "bold"), text.styled(where), text.styled(row.meaning)


def one(screen: Screen, explained: Explanation) -> Table:
    """One code: what it means, then each cause with what mends it."""
    code, *also = explained.codes
    pairs: Pairs = [("Code", text.styled(code, "bold"))]
    if also:
        pairs.append(("Also", text.styled(", ".join(also))))
    pairs += [("Where", text.styled(WHERE[explained.where])), ("Meaning", text.styled(explained.meaning))]
    pairs += _causes(explained)
    if explained.note:
        pairs += [_gap(), ("Note", text.styled(explained.note))]
    sections = ", ".join(explained.sources)
    known = f"{CERTAINTY[explained.certainty]} (docs/{explanations.FACTS}.md {sections})"
    return tables.facts(screen, [*pairs, _gap(), ("How sure", text.styled(known))])


def _causes(explained: Explanation) -> Iterator[tuple[str, Text]]:
    said = ""
    for cause in explained.causes:
        yield _gap()
        if cause.said not in {"", said}:
            yield "Amazon says", text.styled(cause.said)
        said = cause.said
        yield "Cause", text.styled(sentence(cause.what))
        command = cause.typed(app=explanations.USUAL_APP)
        if cause.mend:
            yield "Fix", text.styled(sentence(cause.mend, ":" if command else "."))
        if command:
            yield "" if cause.mend else "Fix", text.styled(command, "bold")


def _gap() -> tuple[str, Text]:
    return "", text.styled("")


def sentence(clause: str, end: str = ".") -> str:
    """A clause of the table as a sentence, or as the head of a command."""
    # A name keeps its first letter: sp-connect is written small.
    return (clause if clause.startswith("sp-connect") else clause[0].upper() + clause[1:]) + end
