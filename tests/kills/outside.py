"""What a home and its secret store hold, read by somebody who is not the process that was killed."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import rtoml
import secretstorage
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]
from secretstorage.util import open_session

from sp_connect.models import Secret
from sp_connect.simulator.world import World
from sp_connect.stores.home import identity
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.cli.program import PASSPHRASE
from tests.secret_service import Session

SERVICE = "sp-connect/"
PARTS = "sp-connect/parts "
HALF_WRITTEN = ".sp-connect-*"


Secrets = Mapping[str, str]
"""Values by the names that the program gives them: `seller/acme/eu/REF`."""


class Store(Protocol):
    """The secret stores of a home from outside."""

    name: str

    def secrets(self, home: Path) -> Secrets:
        """All that the store in use holds. One that lies in parts is whole, or else each part is one of them."""
        ...

    def elsewhere(self, home: Path) -> Secrets:
        """What the store holds that is not in use."""
        ...

    def items(self) -> Secrets:
        """What lies outside of the home, as it is."""
        ...

    def put_back(self, items: Secrets) -> None:
        """Makes that what it was."""
        ...


class SealedFiles:
    """The vault of a home, under the passphrase of the tests."""

    name = "vault"

    def secrets(self, home: Path) -> Secrets:
        no_keyring = KeyringStore("keyring.backends.fail.Keyring", patience=1)
        vault = Vault(home / "vault", lambda: Secret(PASSPHRASE), no_keyring)
        found = vault.contents()
        assert not found.damages
        return {str(name): vault.fetch(name).reveal() for name in found.names}

    def elsewhere(self, home: Path) -> Secrets:  # noqa: ARG002 - as every store
        return {}

    def items(self) -> Secrets:
        return {}

    def put_back(self, items: Secrets) -> None:
        """A copy of the home is all."""


class Keyring:
    """The keyring of a session; and the vault, where config.toml of a home names it."""

    name = "keyring"

    def __init__(self, session: Session) -> None:
        self._bus = open_dbus_connection(bus=session["DBUS_SESSION_BUS_ADDRESS"])
        # One agreed key for all its items: to agree on one takes as long as all else.
        self._collection = secretstorage.Collection(self._bus, session=open_session(self._bus))

    def close(self) -> None:
        self._bus.close()

    def secrets(self, home: Path) -> Secrets:
        return SealedFiles().secrets(home) if _names_the_vault(home) else self._whole()

    def elsewhere(self, home: Path) -> Secrets:
        return self._whole() if _names_the_vault(home) else SealedFiles().secrets(home)

    def items(self) -> Secrets:
        items = {}
        for item in self._collection.get_all_items():
            attributes = item.get_attributes()
            assert "service" in attributes, f"{item.get_label()} is not one of ours: {attributes}"
            items[attributes["service"].removeprefix(SERVICE)] = item.get_secret().decode()
        return {name: value for name, value in items.items() if not name.startswith(f"app/{identity.OWNER}/")}

    def _whole(self) -> Secrets:
        items = dict(self.items())
        for service, value in list(items.items()):
            if value.startswith(PARTS):
                names = [f"{service} part {number + 1}" for number in range(int(value.split()[1]))]
                if all(name in items for name in names):
                    items[service] = "".join(items.pop(name) for name in names)
        return items

    def put_back(self, items: Secrets) -> None:
        for item in self._collection.get_all_items():
            item.delete()
        for service, value in items.items():
            where = {"service": f"{SERVICE}{service}", "username": "sp-connect"}
            self._collection.create_item(service, {**where, "application": "Python keyring library"}, value.encode())


def _names_the_vault(home: Path) -> bool:
    config = home / "config.toml"
    return config.exists() and rtoml.loads(config.read_text()).get("store") == "vault"


class Place(NamedTuple):
    """What one connection is of."""

    seller: str
    region: str
    country: str | None


class Kept(NamedTuple):
    """A connection as its record and its token say. `token` is the very one that there was, another, or no good one."""

    place: Place
    account: str
    app: str
    standing: str
    sells_in: frozenset[str]
    token: Literal["as before", "new", "refused", "missing"]

    @property
    def is_good(self) -> bool:
        return self.token in {"as before", "new"}


class State(NamedTuple):
    """Everything in a home that counts. An app is its name, its client secret, and the old one if it is kept."""

    store: str | None
    apps: frozenset[tuple[str | None, ...]]
    connections: frozenset[Kept]
    invites: frozenset[tuple[Place, str]]
    profiles: frozenset[str]

    @property
    def good(self) -> frozenset[Kept]:
        return frozenset(one for one in self.connections if one.is_good)


def read(home: Path, secrets: Secrets, world: World, before: frozenset[str]) -> State:
    """The state of a home. `before` are the tokens that there were to begin with. Every TOML file is parsed."""
    tables = {path.relative_to(home): rtoml.loads(path.read_text()) for path in home.rglob("*.toml")}
    apps = tables.get(Path("config.toml"), {}).get("apps", {})
    good = {one.refresh_token: one for one in world.authorizations() if world.is_good(one)}
    connections = set()
    for row, name, _ in _records(home):
        place = Place(name.split("/")[1], row["region"], row.get("country"))
        token = secrets.get(name)
        given = good.get(token or "")
        fits = (
            given is not None
            and given.account.selling_partner_id == row["selling_partner_id"]
            and given.region == place.region
            and given.application_id == apps[row["app"]]["application_id"]
        )
        found: Literal["as before", "new", "refused", "missing"] = "refused"
        if token is None:
            found = "missing"
        elif fits:
            found = "as before" if token in before else "new"
        sells_in = frozenset(one["country"] for one in row["marketplaces"])
        kept = Kept(place, row["selling_partner_id"], row["app"], row["standing"], sells_in, found)
        connections.add(kept)
    invites = {
        (Place(one["seller"], one["region"], one.get("country")), one.get("closed", "pending"))
        for path, one in tables.items()
        if path.parent == Path("invites")
    }
    browsers = home / "browsers"
    return State(
        tables.get(Path("config.toml"), {}).get("store"),
        frozenset((name, *(secrets.get(one) for one in _client_secrets(name, app))) for name, app in apps.items()),
        frozenset(connections),
        frozenset(invites),
        frozenset(path.name for path in browsers.iterdir() if path.is_dir()) if browsers.is_dir() else frozenset(),
    )


def leftovers(home: Path, store: Store) -> list[str]:
    """What should not stay: changes not finished, files half-written, secrets that no record names, or not there."""
    apps = rtoml.loads((home / "config.toml").read_text())["apps"] if (home / "config.toml").exists() else {}
    named = {one for name, app in apps.items() for one in _client_secrets(name, app)}
    for _, refresh, access in _records(home):
        named |= {refresh, access}
    journal = home.glob("unfinished/*")
    files = [str(path) for path in (*journal, *home.rglob(HALF_WRITTEN))]
    return [*files, *sorted(set(store.secrets(home)) - named), *store.elsewhere(home)]


def see_that_no_lock_is_held(home: Path) -> None:
    """Raises BlockingIOError for a lock that somebody still has."""
    for path in home.rglob("lock*"):
        if path.is_file():
            with path.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _client_secrets(app: str, table: Mapping[str, Any]) -> list[str]:
    """The names of an app's client secret and, where its record names one, of the secret before it."""
    refs = [table["secret_ref"], *filter(None, [table.get("old_secret_ref")])]
    return [f"app/{app}/client-secret/{ref}" for ref in refs]


def _records(home: Path) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Each connection's table, with the names of its refresh token and of its access token."""
    for path in sorted(home.glob("connections/*.toml")):
        table = rtoml.loads(path.read_text())
        assert table["seller"] == path.stem
        for row in table.get("connection", []):
            item = f"{row['region']}-{row['country']}" if "country" in row else row["region"]
            whose = f"seller/{path.stem}/{item}"
            yield row, f"{whose}/{row['secret_ref']}", f"{whose}-access-{row['app']}/{row['secret_ref']}"
