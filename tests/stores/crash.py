"""Does one thing to a home and is killed on the way: `python -m tests.stores.crash HOME STORE DEED STEP`.

Each operation of a secret store and of the records is a step before it and one after it; the process kills
itself at the step of that number, and ends well where there is none.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sp_connect.models import Connection, Scope, Secret
from sp_connect.stores import secret_store
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from tests.stores.conftest import sealed
from tests.stores.samples import app, connection


@dataclass
class Steps:
    left: int

    def around(self, action: Callable[[], Any]) -> Any:
        self.step()
        answer = action()
        self.step()
        return answer

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Killed:
    """A secret store that counts steps."""

    def __init__(self, store: secret_store.SecretStore, steps: Steps) -> None:
        self._store, self._steps, self.name = store, steps, store.name

    def keep(self, name: Any, value: Secret) -> None:
        self._steps.around(lambda: self._store.keep(name, value))

    def keep_all(self, values: Mapping[Any, Secret]) -> None:
        self._steps.around(lambda: self._store.keep_all(values))

    def fetch(self, name: Any) -> Secret:
        return self._store.fetch(name)

    def forget(self, name: Any) -> None:
        self._steps.around(lambda: self._store.forget(name))

    def forget_all(self, names: Iterable[Any]) -> None:
        for name in names:  # a kill between any two is worse than around them all
            self.forget(name)

    def describe(self) -> secret_store.StoreDescription:
        return self._store.describe()


class KilledConnections(Connections):
    def __init__(self, folder: Path, steps: Steps) -> None:
        super().__init__(folder)
        self._steps = steps

    def put_all(self, connections: Iterable[Connection]) -> None:
        self._steps.around(lambda: super(KilledConnections, self).put_all(connections))

    def remove(self, scope: Scope) -> None:
        self._steps.around(lambda: super(KilledConnections, self).remove(scope))


class KilledApps(Apps):
    def __init__(self, path: Path, steps: Steps) -> None:
        super().__init__(path)
        self._steps = steps

    def put(self, app: Any) -> None:
        self._steps.around(lambda: super(KilledApps, self).put(app))

    def remove(self, name: str) -> None:
        self._steps.around(lambda: super(KilledApps, self).remove(name))


def store_of(home: Path, kind: str) -> secret_store.SecretStore:
    return sealed(home / "vault") if kind == "vault" else KeyringStore(None, patience=30, platform="linux")


def changes_of(home: Path, kind: str, step: int = 0) -> Transactions:
    steps = Steps(step)
    apps, connections = (
        KilledApps(home / "config.toml", steps),
        KilledConnections(home / "connections", steps),
    )
    return Transactions(
        home / "changes",
        home / "lock",
        apps,
        connections,
        Invites(home / "invites"),
        Killed(store_of(home, kind), steps),
    )


def more() -> list[Connection]:
    """What a file may bring beside acme's connection in Europe: more of acme, and other sellers."""
    places = [("acme", "na"), ("beta", "na"), ("beta", "eu"), ("gamma", "eu")]
    return [connection(*place, secret_ref="ref-more") for place in places]


DEEDS: dict[str, Callable[[Transactions], None]] = {
    "keep_connection": lambda changes: changes.keep_connection(connection(secret_ref="ref-new"), Secret("new")),
    "keep_connections": lambda changes: changes.keep_connections(
        [(connection(secret_ref="ref-new"), Secret("new")), *((one, Secret("more")) for one in more())]
    ),
    "drop_connection": lambda changes: changes.drop_connection(connection().scope),
    "keep_app": lambda changes: changes.keep_app(app(secret_ref="ref-new"), Secret("new")),
    "drop_app": lambda changes: changes.drop_app("default"),
}

if __name__ == "__main__":
    changes = changes_of(Path(sys.argv[1]), sys.argv[2], int(sys.argv[4]))
    with changes.writing():
        DEEDS[sys.argv[3]](changes)
