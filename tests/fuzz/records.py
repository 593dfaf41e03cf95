"""The TOML files as targets: a seller's connections, the configuration, an invite, the journal.

What is accepted survives a change and a second look, keys included that this version does not know; what is
refused is left as it is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sp_connect import errors
from sp_connect.models import Connection, Secret, SecretName
from sp_connect.stores.home import toml
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from tests.fuzz.target import INVITE as INVITED
from tests.fuzz.target import STATE, Ready, Target, same
from tests.stores import backends
from tests.stores.samples import WHEN, app, connection

DAMAGED = (errors.Damaged, errors.StoreUnavailable)


_PLACE = {"country", "id", "name", "domain", "currency", "store_name", "participating", "suspended_listings"}
_APP = {"application_id", "client_id", "redirect_uri", "listen", "draft", "access_level", "secret_ref", "secret_set_at"}


def written(path: Path) -> dict[str, Any]:
    """What a file holds, as the standard library reads it: what is written here is TOML to others, too."""
    return tomllib.loads(path.read_bytes().decode("utf-8-sig"))


@contextmanager
def _seller(folder: Path) -> Iterator[Ready]:
    path, records = folder / "acme.toml", Connections(folder)

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            found = records.of("acme")
            before = toml.read(path)
            # As a renewal does, which knows nothing of keys that this version does not know.
            records.put_all([one._replace(extra={}) for one in found] or [connection()])
        except DAMAGED:
            assert path.read_bytes() == data
            raise
        after = records.of("acme")
        assert before is not None
        assert after == tuple(map(_of_whole_seconds, found or [connection()]))
        assert all(one.days_left(WHEN) for one in after if one.status(WHEN) != "expired")
        assert same([one.extra for one in after], [one.extra for one in found] or [{}])
        assert same(_unknown(written(path)), _unknown(before))

    yield Ready(read)


def _of_whole_seconds(record: Connection) -> Connection:
    """A record as it is written."""
    verified = record.verified_at and record.verified_at.replace(microsecond=0)
    asked = record.id_asked_at and record.id_asked_at.replace(microsecond=0)
    wrong = record.last_error and record.last_error._replace(at=record.last_error.at.replace(microsecond=0))
    authorized = record.authorized_at and record.authorized_at.replace(microsecond=0)
    return record._replace(authorized_at=authorized, verified_at=verified, id_asked_at=asked, last_error=wrong)


def _unknown(values: Mapping[str, Any]) -> dict[str, Any]:
    """The keys beside the connections, and those of each marketplace that this version does not know."""
    places = [
        [one["region"].strip().lower(), place["id"], {key: place[key] for key in place.keys() - _PLACE}]
        for one in values.get("connection", ())
        for place in one.get("marketplaces", ())
    ]
    return {key: values[key] for key in values.keys() - {"schema", "seller", "connection"}} | {
        "": [place for place in places if place[2]]
    }


@contextmanager
def _config(folder: Path) -> Iterator[Ready]:
    path = folder / "config.toml"
    apps = Apps(path)

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            apps.store_choice()
            apps.browser()
            found = apps.all()
            before = toml.read(path)
            apps.put(found[0]._replace(access_level="changed") if found else app())
        except DAMAGED:
            assert path.read_bytes() == data
            raise
        assert before is not None
        first, *others = apps.all()
        set_at = first.secret_set_at.replace(microsecond=0)
        assert first == (found[0]._replace(access_level="changed", secret_set_at=set_at) if found else app())
        assert others == [*found[1:]]
        assert same(_beside(toml.read(path) or {}), _beside(before))
        if _is_toml(data):
            assert same(_beside(written(path)), _beside(before))
        assert _comments(path.read_bytes())[-len(_comments(data)) :] == _comments(data) or not _comments(data)
        apps.remove(first.name)
        assert apps.all() == found[1:]

    yield Ready(read)


def _is_toml(data: bytes) -> bool:
    """Whether it is TOML to the standard library, too: rtoml knows TOML 1.1, in which a time may lack its seconds."""
    try:
        tomllib.loads(data.decode("utf-8-sig"))
    except ValueError:
        return False
    return True


def _beside(values: Mapping[str, Any]) -> dict[str, Any]:
    """What no app's known keys hold; that there is an app says nothing."""
    unknown = {name: {key: table[key] for key in table.keys() - _APP} for name, table in values.get("apps", {}).items()}
    return {key: values[key] for key in values.keys() - {"apps", "schema"}} | {
        "": {name: table for name, table in unknown.items() if table}
    }


def _comments(data: bytes) -> list[bytes]:
    return [line for line in data.splitlines() if line.startswith(b"#")]


@contextmanager
def _invite(folder: Path) -> Iterator[Ready]:
    invites = Invites(folder)
    invites.put([INVITED])
    [path] = folder.iterdir()

    def read(data: bytes) -> None:
        path.write_bytes(data)
        try:
            found = invites.find(STATE)
        except DAMAGED:
            assert path.read_bytes() == data
            raise
        assert found is not None
        assert invites.all() == ((found,), ())
        invites.put([found])
        again = invites.find(STATE)
        assert again == found._replace(
            created_at=found.created_at.replace(microsecond=0),
            expires_at=found.expires_at.replace(microsecond=0),
            closed_at=found.closed_at and found.closed_at.replace(microsecond=0),
        )
        assert written(path)
        found.status(WHEN)
        invites.rename(found.scope.seller, "bravo")
        invites.sweep(WHEN)
        assert [one.scope.seller for one in invites.all()[0]] in ([], ["bravo"])

    yield Ready(read, (path.read_bytes(),))


@contextmanager
def _journal(folder: Path) -> Iterator[Ready]:
    apps, connections = Apps(folder / "config.toml"), Connections(folder / "connections")
    store = KeyringStore("tests.stores.backends.Small", patience=30)
    changes = Transactions(
        folder / "unfinished", folder / "lock", apps, connections, Invites(folder / "invites"), store
    )
    with changes.writing():
        changes.keep_app(app(), Secret("amzn1.oa2-cs.hush"))
        for one in (connection(), connection("bravo", "na", secret_ref="ref-two")):
            changes.keep_connection(one, Secret("Atzr|hush"))
    store.keep(SecretName("seller", "acme", "eu", "ref-new"), Secret("Atzr|hush"))  # its record was not yet written
    home = {path: path.read_bytes() for path in folder.rglob("*.toml")}
    kept = dict(backends.Small.items)
    entry = folder / "unfinished" / "0123456789ab.toml"

    def read(data: bytes) -> None:
        backends.Small.items.clear()
        backends.Small.items.update(kept)
        for path, content in home.items():
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
        entry.write_bytes(data)
        damages = changes.journal.damages()
        with changes.writing():  # passes over what is damaged
            left = toml.read(entry) if not damages else None
        if damages:
            assert entry.read_bytes() == data
            assert backends.Small.items == kept
            raise damages[0]
        assert left is None or left["store"] != "keyring" or "moving_to" in left
        for name in [one.secret_name for one in apps.all()] + [one.secret_name for one in connections.all()]:
            assert store.fetch(name).reveal().endswith("hush")

    yield Ready(read)
    backends.Small.items.clear()


SELLER = Target("seller", _seller, DAMAGED, "toml")
CONFIG = Target("config", _config, DAMAGED, "toml")
INVITE = Target("invite", _invite, DAMAGED, "toml")
JOURNAL = Target("journal", _journal, DAMAGED, "toml")
