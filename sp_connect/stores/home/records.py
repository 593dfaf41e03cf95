"""The record of a connection as TOML has it: its tables, key by key, read with suspicion and written back.

Keys that this version does not know survive: those of a record, of its marketplaces and of the whole file. Touches no
file; `connections` and `pending` do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import NO_MORE, AmazonWords, Connection, LastError, Marketplace, Scope, Standing
from sp_connect.stores.home import toml
from sp_connect.stores.home.tables import FLAG, MOMENT, TABLE, TEXT, Row, Table, written_moment

Raw = Mapping[str, Any]
"""A table as it is in the file."""

Entry = tuple[Connection, Raw]
"""A connection, with the table that it was read from or is written as."""

_STANDINGS = get_args(Standing)
_REGIONS = {region: number for number, region in enumerate(geography.REGIONS)}
_COUNTRIES = {country: number for number, country in enumerate([None, *geography.COUNTRIES])}
_CONNECTION = Row(
    region=TEXT,
    country=TEXT.or_none(),
    selling_partner_id=TEXT,
    app=TEXT,
    access_level=TEXT,
    standing=TEXT,
    authorized_at=MOMENT.or_none(),
    verified_at=MOMENT.or_none(),
    secret_ref=TEXT,
    id_confirmed=FLAG.or_none(),
    id_asked_at=MOMENT.or_none(),
    id_doubt=TEXT.or_none(),
    last_error=TABLE.or_none(),
    simulated=FLAG.or_none(),
)
_KEYS = frozenset({*_CONNECTION.keys, "marketplaces"})
_MARKETPLACE = Row(
    country=TEXT,
    id=TEXT,
    name=TEXT,
    domain=TEXT.or_none(),
    currency=TEXT.or_none(),
    store_name=TEXT.or_none(),
    participating=FLAG,
    suspended_listings=FLAG,
)


def whole(seller: str, values: Raw | None, entries: Iterable[Entry]) -> Raw:
    """A seller's file: these connections in order, and what `values`, the file before it, holds beside."""
    placed = sorted(entries, key=_place)
    head = {"schema": schema(one for one, _ in placed), "seller": seller}
    return head | {**(values or {}), **head, "connection": [raw for _, raw in placed]}


def schema(connections: Iterable[Connection]) -> int:
    """The form of a file that holds these connections: the oldest that can."""
    return toml.SCHEMA_2 if any(one.authorized_at is None for one in connections) else toml.SCHEMA


def entries(path: Path, seller: str, values: Raw | None) -> list[Entry]:
    """Each connection of a seller's file, in order; none where there is no file. Raises Damaged."""
    if values is None:
        return []
    table = Table(path, "", values)
    if table.text("seller") != seller:
        raise table.damaged(f"it says seller {table.text('seller')!r}, its name {seller!r}")
    tables = table.tables("connection")
    raws = values.get("connection", [])
    found = [(read(one, seller), raw) for one, raw in zip(tables, raws, strict=True)]
    if values.get("schema", toml.SCHEMA) == toml.SCHEMA:
        for where, (record, _) in zip(tables, found, strict=True):
            if record.authorized_at is None:
                raise where.damaged("authorized_at is missing")
    found.sort(key=_place)
    for (one, _), (other, _) in pairwise(found):
        if one.scope == other.scope:
            raise table.damaged(f"it has two connections for {one.scope.place}")
    return found


def _place(entry: Entry) -> tuple[int, int]:
    scope = entry[0].scope
    return _REGIONS[scope.region], _COUNTRIES[scope.country]


def read(table: Table, seller: str) -> Connection:
    """A record of a seller from its table. Raises Damaged."""
    (
        region, country, account, app, level, standing, authorized_at, verified_at, secret,
        id_confirmed, id_asked_at, id_doubt, wrong, simulated,
    ) = table.row(_CONNECTION)  # fmt: skip
    if standing not in _STANDINGS:
        raise table.damaged(f"standing {standing!r} is not one of {', '.join(_STANDINGS)}")
    if "\0" in account:  # no environment can hold it, and `exec` puts the id into one
        raise table.damaged(f"selling_partner_id {account!r} holds a NUL character")
    authorized_at = table.utc("authorized_at", authorized_at) if authorized_at is not None else None
    id_asked_at = table.utc("id_asked_at", id_asked_at) if id_asked_at is not None else None
    is_later = id_asked_at is not None and (authorized_at is None or id_asked_at >= authorized_at)
    marketplaces = tuple(map(Marketplace._make, table.rows("marketplaces", _MARKETPLACE)))
    return Connection(
        scope=_scope(table, seller, region, country),
        selling_partner_id=account,
        app=table.name("app", app),
        access_level=level,
        standing=standing,
        authorized_at=authorized_at,
        verified_at=table.utc("verified_at", verified_at) if verified_at is not None else None,
        marketplaces=marketplaces,
        secret_ref=secret,
        # Version 0.9 keeps these keys when it writes another consent into the record: they say nothing of that one.
        id_confirmed=id_confirmed is True and is_later,
        id_asked_at=id_asked_at,
        id_doubt=id_doubt if is_later else None,
        # Version 0.9 keeps the key when the connection works again.
        last_error=_last_error(table) if wrong is not None and standing != "connected" else None,
        simulated=simulated is True,
        extra=table.beside(_KEYS),
    )


def _last_error(table: Table) -> LastError:
    wrong = table.table("last_error")
    said = wrong.optional_table("amazon")
    words = AmazonWords(*map(said.optional_text, AmazonWords._fields)) if said is not None else None
    return LastError(wrong.moment("at"), wrong.text("code"), wrong.text("message"), words)


def _scope(table: Table, seller: str, region: str, country: str | None) -> Scope:
    try:
        return geography.scope(seller, region, country)
    except errors.Usage as error:
        raise table.damaged(error.message.rstrip(".")) from None


def written(new: Connection, old: Connection | None = None, raw: Raw = NO_MORE) -> dict[str, Any]:
    """The table of a record, with the unknown keys that `old`, in its place, and its marketplaces had in `raw`."""
    kept = {one["id"]: one for one in raw.get("marketplaces", ())}
    fields = {
        "simulated": new.simulated or None,  # first, as in config.toml
        "region": new.scope.region,
        "country": new.scope.country,
        "selling_partner_id": new.selling_partner_id,
        "app": new.app,
        "access_level": new.access_level,
        "standing": new.standing,
        "authorized_at": new.authorized_at and written_moment(new.authorized_at),
        "verified_at": new.verified_at and written_moment(new.verified_at),
        "secret_ref": new.secret_ref,
        "id_confirmed": new.id_confirmed or None,
        "id_asked_at": new.id_asked_at and written_moment(new.id_asked_at),
        "id_doubt": new.id_doubt,
        "last_error": new.last_error and _error_table(new.last_error),
        **(old.extra if old is not None else {}),
        **new.extra,
        "marketplaces": [_marketplace_table(one, kept.get(one.id, {})) for one in new.marketplaces],
    }
    return _without_none(fields)


def _error_table(wrong: LastError) -> dict[str, Any]:
    fields = wrong._asdict() | {"at": written_moment(wrong.at)}
    return _without_none(fields | {"amazon": wrong.amazon and _without_none(wrong.amazon._asdict())})


def _without_none(fields: Raw) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _marketplace_table(marketplace: Marketplace, before: Raw) -> dict[str, Any]:
    fields = {
        "country": marketplace.country,
        "id": marketplace.id,
        "name": marketplace.name,
        "domain": marketplace.domain,
        "currency": marketplace.currency,
        "store_name": marketplace.store_name,
        "participating": marketplace.participating,
        "suspended_listings": marketplace.suspended_listings,
    }
    unknown = {key: value for key, value in before.items() if key not in fields}
    return _without_none(fields | unknown)
