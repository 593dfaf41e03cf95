"""Records that a change writes once its secrets are saved; after a kill in between, the next run writes them.

It lies in the journal, beside the names of those secrets. A token that Amazon has given is good for a year, and
the one before it may be dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from sp_connect import errors
from sp_connect.models import Connection, SecretName
from sp_connect.stores.home import records
from sp_connect.stores.home.tables import Table, written_moment

if TYPE_CHECKING:
    from sp_connect.stores.books import Connections, Invites


class Row(NamedTuple):
    """A record, and the reference of the token before it, None where there is none."""

    record: Connection
    before: str | None


class Answer(NamedTuple):
    """The state of the consent that a record came from, and when it was given: an invite that has it is used then."""

    state: str
    at: datetime


class Pending(NamedTuple):
    """The records of a change, and the consent that it answers, if it is one's."""

    rows: tuple[Row, ...] = ()
    answer: Answer | None = None

    def tables(self) -> dict[str, Any]:
        """Its tables in the journal."""
        rows = [
            {"seller": row.record.scope.seller, "record": records.written(row.record)}
            | ({"before": row.before} if row.before is not None else {})
            for row in self.rows
        ]
        answer = {"state": self.answer.state, "at": written_moment(self.answer.at)} if self.answer else None
        return ({"pending": rows} if rows else {}) | ({"answer": answer} if answer else {})

    @classmethod
    def read(cls, table: Table) -> Pending:
        """Reads it from an entry of the journal. Raises Damaged."""
        rows = tuple(
            Row(records.read(one.table("record"), one.name("seller")), one.optional_text("before"))
            for one in table.tables("pending")
        )
        found = table.optional_table("answer")
        return cls(rows, Answer(found.text("state"), found.moment("at")) if found is not None else None)

    def without_rows(self) -> Pending:
        """A copy without records, once they are written."""
        return self._replace(rows=())

    def write(self, connections: Connections, invites: Invites, holds: Callable[[SecretName], bool]) -> None:
        """Writes the records whose tokens the store `holds`, unless another change was faster, and closes the invite.

        An owner whose file is damaged keeps no other waiting.
        """
        for _, rows in groupby(sorted(self.rows, key=_seller), _seller):
            with suppress(errors.Damaged):
                waiting = [row.record for row in rows if _waits(row, connections) and holds(row.record.secret_name)]
                if waiting:
                    connections.put_all(waiting)
        if self.answer is not None and _are_written(self.rows, connections):
            with suppress(errors.Damaged):
                invites.close(self.answer.state, self.answer.at)


NOTHING = Pending()


def _seller(row: Row) -> str:
    return row.record.scope.seller


def _waits(row: Row, connections: Connections) -> bool:
    now = connections.get(row.record.scope)
    return (now.secret_ref if now is not None else None) == row.before


def _are_written(rows: Iterable[Row], connections: Connections) -> bool:
    now = [(row.record.secret_ref, connections.get(row.record.scope)) for row in rows]
    return all(found is not None and found.secret_ref == ref for ref, found in now)
