"""The CSV files of `import` and `invite` as a target."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.bulk import csv_input, reading
from sp_connect.bulk.reading import Outcome, Row
from sp_connect.commands import invite
from tests.agency import NOON
from tests.fuzz.target import Ready, Target, check


@contextmanager
def _import(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    def read(data: bytes) -> None:
        failed: list[errors.OnLines] = []
        rows = reading.of_file(data, failed, NOON)
        for row in rows:
            check_row(row)
        check_lines([row.line for row in rows], failed)
        again: list[errors.OnLines] = []
        assert [row[1:] for row in reading.of_file(_saved(rows), again, NOON)] == [row[1:] for row in rows]
        assert not again
        outcome = Outcome()
        left = reading.without_twins(rows, lambda _: False, outcome)
        assert len({row.scope for row in left}) == len(left)
        told = [line for failure in outcome.failures for line in failure.lines]
        assert sorted([*told, *(row.line for row in left)]) == [row.line for row in rows]

    yield Ready(read)


@contextmanager
def _invites(folder: Path) -> Iterator[Ready]:  # noqa: ARG001 - nothing is kept
    def read(data: bytes) -> None:
        failed: list[errors.SpConnectError] = []
        rows = list(csv_input.rows(data, invite.COLUMNS, invite.OPTIONAL, failed))
        for _, cells in rows:
            assert {*invite.COLUMNS} <= cells.keys() <= {*invite.COLUMNS, *invite.OPTIONAL}
            assert all(len(cell) <= csv_input.LONGEST and cell == cell.strip() for cell in cells.values())
            assert not any("Atzr|" in cell for cell in cells.values())
        check_lines([line for line, _ in rows], failed)

    yield Ready(read)


def check_row(row: Row) -> None:
    """A row that is taken names only what there is."""
    scope = row.scope
    assert scope == geography.scope(scope.seller, scope.region, scope.country)
    assert errors.is_name(scope.seller)
    assert row.app is None or errors.is_name(row.app)
    assert row.selling_partner_id.isalnum()
    assert len(row.selling_partner_id) <= 64
    token = row.token.reveal()
    assert token.startswith("Atzr|")
    assert len(token) <= 2048
    assert token.isascii()
    assert token.isprintable()


def check_lines(taken: list[int], failed: list[errors.OnLines] | list[errors.SpConnectError]) -> None:
    """Each line is taken or named, none twice; a line below the first."""
    for failure in failed:
        check(failure)
        assert failure.message.startswith("Line ")
        assert "Atzr|" not in failure.told()
    lines = taken + [line for failure in failed if isinstance(failure, errors.OnLines) for line in failure.lines]
    assert len(lines) == len(set(lines)) == len(taken) + len(failed)
    assert all(line > 1 for line in lines)


def _saved(rows: list[Row]) -> bytes:
    """The rows as a spreadsheet would save them."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow((*reading.COLUMNS, *reading.OPTIONAL))
    for _, scope, account, app, token, begun, _ in rows:
        cells = (scope.seller, scope.region, account, token.reveal(), scope.country or "", app or "")
        writer.writerow((*cells, begun.isoformat() if begun else ""))
    return text.getvalue().encode()


IMPORT = Target("import", _import, (errors.Usage,), "sheet")
INVITES = Target("invites", _invites, (errors.Usage,), "sheet")
