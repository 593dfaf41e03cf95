"""Tables for spreadsheets: RFC 4180 in UTF-8, a line a row, the keys of the JSON as heads.

Text from Amazon is shown literally, and no cell begins what a spreadsheet takes for a formula (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from sp_connect.models import Connection, Invite
from sp_connect.terminal import text
from sp_connect.views import data
from sp_connect.views.matrix import Cell, Grid

FORMULA = re.compile(r"(?:^|(?<=;))(?=[\s\"]*[=+\-@|%＝＋－＠])")  # noqa: RUF001 - a spreadsheet reads the wide ones too
"""Where one would begin: in front, and behind a semicolon, for where spreadsheets take that for the separator."""


def connections(rows: Iterable[Connection], now: datetime) -> str:
    """A line for each connection; marketplaces are their countries, with spaces between. Absent values are empty."""
    heads = (
        *("seller", "region", "country", "selling_partner_id", "marketplaces", "app", "access_level", "status"),
        *("authorized_at", "renew_by", "verified_at", "id_confirmed"),
    )
    objects = (data.connection(row, now) for row in rows)
    told = (
        {
            **one,
            "marketplaces": " ".join(m["country"] for m in one["marketplaces"] if m["participating"]),
            "id_confirmed": "true" if one["id_confirmed"] else "false",
        }
        for one in objects
    )
    return table(heads, ([one[head] for head in heads] for one in told))


def matrix(shown: Grid) -> str:
    """A line for each seller, a column for each place; a status in each cell, and not-connected where there is none.

    A country with a connection of its own is told behind: "connected; IN rejected".
    """
    heads = ("seller", *(column.key for column in shown.columns))
    return table(heads, ([row.seller, *map(_statuses, row.cells)] for row in shown.rows))


def invites(rows: Iterable[Invite], now: datetime) -> str:
    """A line for each invite, with its link."""
    heads = ("seller", "region", "country", "app", "url", "created_at", "expires_at", "status")
    objects = (data.invite(row, now) for row in rows)
    return table(heads, ([one[head] for head in heads] for one in objects))


def table(heads: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """A head and a line for each row, without the last line's end."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")  # what `cut` and `while read` expect; spreadsheets take both
    writer.writerow(heads)
    writer.writerows([cell(value) for value in row] for row in rows)
    return written.getvalue().removesuffix("\n")


def _statuses(cell: Cell) -> str:
    return "; ".join(" ".join(filter(None, [part.country, part.status or "not-connected"])) for part in cell)


def cell(value: str | None) -> str:
    """A value as a spreadsheet shows it: with an apostrophe before what would begin a formula."""
    return FORMULA.sub("'", text.literal(value or "", None))
