"""A home with two secret stores, of which one has everything: a keyring of files, and a vault whose key it keeps.

`of` builds it anew each time, as another process would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sp_connect import errors
from sp_connect.models import App, Connection, Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.active import ActiveStore
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from sp_connect.stores.home.vault import Vault
from sp_connect.stores.migration import Migration
from sp_connect.stores.secret_store import SecretStore, StoreName
from tests.agency import CHEAP
from tests.stores.backends import Files
from tests.stores.samples import TOKEN, app, connection

KEY = "sp-connect/app/sp-connect-vault/key/"
"""How the keyring calls the key of a vault, before its id."""


@dataclass
class Home:
    """One home. `stores` are those that there are, `secrets` the one in use."""

    folder: Path
    apps: Apps
    connections: Connections
    vault: Vault
    stores: Mapping[StoreName, SecretStore]
    secrets: ActiveStore
    changes: Transactions
    moves: Migration

    def records(self) -> list[App | Connection]:
        return [*self.apps.all(), *self.connections.all()]

    def in_ring(self) -> set[str]:
        """The services of the keyring's items; a secret of several parts has several."""
        return set(Files.items(self.folder / "ring"))

    def in_vault(self) -> set[str]:
        return {f"sp-connect/{name}" for name in self.vault.contents().names}

    def values(self) -> dict[str, str | None]:
        """What each record's secret is, in the store in use; None where it is missing."""
        return {str(one.secret_name): fetched(self.secrets, one.secret_name) for one in self.records()}


def fetched(store: SecretStore, name: SecretName) -> str | None:
    try:
        return store.fetch(name).reveal()
    except errors.MissingToken:
        return None


def of(
    folder: Path,
    passphrase: str | None = None,
    variable: str | None = None,
    stores: Callable[[KeyringStore, Vault], Mapping[StoreName, SecretStore]] | None = None,
) -> Home:
    """The home of a folder; TESTS_RING leads to its `ring`. `stores` puts others in place of the two."""
    apps, connections = Apps(folder / "config.toml"), Connections(folder / "connections")
    keyring = KeyringStore("tests.stores.backends.Files", 30)
    vault = Vault(folder / "vault", lambda: None if passphrase is None else Secret(passphrase), keyring, CHEAP)
    there: Mapping[StoreName, SecretStore] = {"keyring": keyring, "vault": vault}
    if stores is not None:
        there = stores(keyring, vault)
    chosen = ActiveStore(there, lambda: secret_store.choose(variable, apps.store_choice()))
    invites = Invites(folder / "invites")
    changes = Transactions(folder / "unfinished", folder / "lock", apps, connections, invites, chosen)
    return Home(
        folder,
        apps,
        connections,
        vault,
        there,
        chosen,
        changes,
        Migration(apps, connections, changes, there, folder, variable),
    )


def furnished(folder: Path, store: StoreName, passphrase: str | None = None) -> Home:
    """A home with two apps and four connections, whose secrets are in a store that config.toml names."""
    home = of(folder, passphrase)
    home.apps.choose_store(store)
    kept = {
        connection("acme", "eu"): TOKEN,
        connection("acme", "fe", "JP", secret_ref="ref-two"): "Atzr|acme-in-japan",
        connection("beta", "na"): "Atzr|beta",
        connection("gamma", "eu"): "Atzr|gamma",
    }
    with home.changes.writing():
        home.changes.keep_app(app(), Secret("secret of default"))
        home.changes.keep_app(app("other"), Secret("secret of other"))
        home.changes.keep_connections([(one, Secret(value)) for one, value in kept.items()])
        home.secrets.keep(connection("acme", "eu").access_name, Secret("Atza|acme"))
    return home


@contextmanager
def unwatched(label: str, total: int) -> Iterator[Callable[[], None]]:  # noqa: ARG001 - a Watch
    yield lambda: None
