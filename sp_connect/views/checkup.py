"""Results of `doctor`: a line per check as it completes, or a table if nobody watches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from sp_connect import words
from sp_connect.findings import Finding, Result
from sp_connect.terminal import text
from sp_connect.terminal.screen import Screen
from sp_connect.views import signs, tables

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

SIGNS: Mapping[Result, signs.Sign] = MappingProxyType(
    {"ok": signs.CONNECTED, "warning": signs.DUE, "failed": signs.ENDED, "skipped": signs.UNCHECKED}
)
WORDS: Mapping[Result, str] = MappingProxyType(
    {"ok": "ok", "warning": "warning", "failed": "failed", "skipped": "not checked"}
)

NAME, TIME, GAP = 13, 7, 2
"""How wide the columns are: known before the first line is shown."""


def head(screen: Screen) -> None:
    """The heading above the lines: that everything is simulated, if it is."""
    if screen.simulated:
        screen.show(text.styled("SIMULATED", "bold yellow"))


def line(screen: Screen, finding: Finding) -> RenderableType:
    """One check: sign, name, what was found and how long it took; below it, with more room, what mends it."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table

    sign, word = SIGNS[finding.result], WORDS[finding.result]
    found = text.styled(finding.found, longest=None)
    if finding.result != "ok":
        found = text.styled(f"{word}: ", sign.style).append_text(text.styled(finding.found, "default", None))
    row = Table.grid(padding=(0, GAP, 0, 0), expand=True)
    row.add_column(width=1)
    row.add_column(width=NAME)
    row.add_column(ratio=1, overflow="fold")
    row.add_column(width=TIME, justify="right", style="dim")
    mark = text.styled(sign.glyph(ascii_only=screen.out.options.ascii_only), sign.style)
    row.add_row(mark, text.styled(name(finding), "bold" if finding.mend else ""), found, _seconds(finding))
    if not finding.mend:
        return row
    hint = text.styled("hint: ", "bold").append_text(text.styled(screen.typed(finding.mend), "not bold", None))
    return Group(row, Padding(hint, (0, 0, 0, 1 + GAP)))


def table(screen: Screen, found: Sequence[Finding]) -> Table:
    """All of them, each on a line that stands alone."""
    columns: tables.Columns = {
        "Check": [text.styled(name(one)) for one in found],
        "Result": [_result(screen, one) for one in found],
        "Seconds": [text.styled(_seconds(one)) for one in found],
        "Finding": [text.styled(one.found, longest=None) for one in found],
        "Hint": [text.styled(screen.typed(one.mend or ""), longest=None) for one in found],
    }
    return tables.filled(screen, columns)


def name(finding: Finding) -> str:
    """The check as people read it."""
    return finding.name.replace("-", " ")


def summary(found: Sequence[Finding]) -> str:
    """How many ended how: "18 checks: 16 ok, 1 warning, 1 not checked; 2 fixed."."""
    results = Counter(one.result for one in found)
    said = [f"{results[one]} {WORDS[one]}" for one in WORDS if results[one]]
    if results["warning"] > 1:
        said[said.index(f"{results['warning']} warning")] += "s"
    mended = sum(one.fixed and one.result == "ok" for one in found)
    return f"{words.count(len(found), 'check')}: {', '.join(said)}{f'; {mended} fixed' if mended else ''}."


def _result(screen: Screen, finding: Finding) -> Text:
    sign = SIGNS[finding.result]
    glyph = sign.glyph(ascii_only=screen.out.options.ascii_only)
    return text.styled(f"{glyph} {WORDS[finding.result]}", sign.style)


def _seconds(finding: Finding) -> str:
    return f"{finding.seconds:.2f} s"
