"""authorizations.toml: the authorizations that were forgotten here, or replaced, and are still active at Amazon.

Amazon has no call that ends one (amazon.md section 6): until the seller does, or its year is over, it takes a seat of
its app. Writers hold the lock of `changes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import AUTHORIZATION_LIFE, Connection, Scope
from sp_connect.stores.home import files, toml
from sp_connect.stores.home.tables import Table, written_moment


class Authorization(NamedTuple):
    """An authorization that no connection represents any more. `authorized_at` is None if unknown."""

    scope: Scope
    selling_partner_id: str
    app: str
    authorized_at: datetime | None

    def is_of(self, connection: Connection) -> bool:
        """Whether a connection is of the same account, app and place, whatever its seller is called."""
        ours, theirs = ((one.scope[1:3], one.selling_partner_id, one.app) for one in (self, connection))
        return ours == theirs


class Authorizations:
    """Those of one file. An absent file holds none; every method may raise Damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def active(self, connections: Iterable[Connection], now: datetime) -> tuple[Authorization, ...]:
        """Those whose year is not over, and that none of `connections` stands for."""
        kept = [one for one in self._all() if one.authorized_at is None or now < one.authorized_at + AUTHORIZATION_LIFE]
        known = tuple(connections) if kept else ()
        return tuple(one for one in kept if not any(one.is_of(connection) for connection in known))

    def add(self, gone: Iterable[Connection]) -> None:
        """Remembers connections that are about to go, each once."""
        new = [Authorization(one.scope, one.selling_partner_id, one.app, one.authorized_at) for one in gone]
        if new:
            self._write([one for one in self._all() if one not in new] + new)

    def clear(self, connections: Iterable[Connection]) -> None:
        """Forgets those that a connection stands for again."""
        before, known = self._all(), tuple(connections)
        left = [one for one in before if not any(one.is_of(connection) for connection in known)]
        if len(left) < len(before):
            self._write(left)

    def rename(self, old: str, new: str) -> None:
        """Gives a seller's another name."""
        before = self._all()
        theirs = [one for one in before if one.scope.seller == old]
        if theirs:
            others = [one for one in before if one not in theirs]
            self._write(others + [one._replace(scope=one.scope._replace(seller=new)) for one in theirs])

    def _all(self) -> tuple[Authorization, ...]:
        values = toml.read(self._path)
        return tuple(map(_read, Table(self._path, "", values).tables("authorization"))) if values is not None else ()

    def _write(self, authorizations: Iterable[Authorization]) -> None:
        tables = [_table(one) for one in authorizations]
        if tables:
            toml.write(self._path, {"schema": toml.SCHEMA, "authorization": tables}, self._path.with_name("unfinished"))
        else:
            files.remove(self._path)


def seated(connections: Iterable[Connection], active: Iterable[Authorization], app: str) -> set[str]:
    """The accounts that take a seat of an app: each one, however many authorizations it gave (amazon.md 10.4)."""
    accounts = {one.selling_partner_id for one in connections if one.app == app}
    return accounts | {one.selling_partner_id for one in active if one.app == app}


def _read(table: Table) -> Authorization:
    try:
        scope = geography.scope(table.name("seller"), table.text("region"), table.optional_text("country"))
    except errors.Usage as error:
        raise table.damaged(error.message.rstrip(".")) from None
    account = table.text("selling_partner_id")
    return Authorization(scope, account, table.name("app"), table.optional_moment("authorized_at"))


def _table(one: Authorization) -> dict[str, Any]:
    fields = {
        "seller": one.scope.seller,
        "region": one.scope.region,
        "country": one.scope.country,
        "selling_partner_id": one.selling_partner_id,
        "app": one.app,
        "authorized_at": one.authorized_at and written_moment(one.authorized_at),
    }
    return {key: value for key, value in fields.items() if value is not None}
