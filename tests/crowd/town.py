"""The place where the crowd works: one home with a vault, apps with a port each, and one simulated Amazon.

A seller's company has the name that the seller began with. Of the companies that turn, Amazon gives another
refresh token at each refresh, and the one before it dies.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sp_connect.amazon import geography
from sp_connect.models import Secret
from sp_connect.simulator import accounts
from sp_connect.simulator.accounts import Account
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.ledger import Authorization
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import SimulatedApp, World
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from sp_connect.stores.home.vault import Vault
from tests import agency
from tests.cli.program import PASSPHRASE, Program

REGIONS = ("na", "eu")
CLIENT_SECRET = "amzn1.oa2-cs.v1." + "c" * 64


class TurningWorld(World):
    """An Amazon that gives the companies of `turning` another refresh token each time."""

    def __init__(self, apps: tuple[SimulatedApp, ...], turning: frozenset[str]) -> None:
        super().__init__(apps=apps)
        self._turning = turning
        self._one_at_a_time = threading.Lock()

    def refresh(self, app: SimulatedApp, refresh_token: str) -> Authorization:
        with self._one_at_a_time:
            given = (one for one in self.authorizations() if one.refresh_token == refresh_token)
            owner = next((one.account.slug for one in given), None)
            if owner in self._turning:
                self.faults.add(Fault("token", "rotate", times=1))
            try:
                return super().refresh(app, refresh_token)
            finally:
                self.faults.clear()


@dataclass(frozen=True)
class Town:
    """One home and who is in it. `listens` are the addresses of the apps, by name."""

    program: Program
    world: TurningWorld
    apps: dict[str, SimulatedApp]
    listens: dict[str, str]

    def account(self, company: str, region: str) -> Account:
        return next(one for one in accounts.someone(company) if one.region == region)

    def give(self, company: str, region: str, app: str) -> Authorization:
        """What a seller's console shows: an authorization of its own, with its refresh token."""
        host = geography.REGIONS[region].host
        assert host is not None
        return self.world.authorize(self.apps[app], self.account(company, region), host)


@dataclass(frozen=True)
class Stores:
    """The stores of a home, opened by this process to see what the others left."""

    apps: Apps
    connections: Connections
    vault: Vault
    changes: Transactions

    @classmethod
    def of(cls, home: Path) -> Stores:
        apps, connections = Apps(home / "config.toml"), Connections(home / "connections")
        vault = Vault(home / "vault", lambda: Secret(PASSPHRASE), KeyringStore(None, 1.0), agency.CHEAP)
        changes = Transactions(home / "unfinished", home / "lock", apps, connections, Invites(home / "invites"), vault)
        return cls(apps, connections, vault, changes)


@contextmanager
def built(home: Path, apps: int, turning: frozenset[str] = frozenset()) -> Iterator[Town]:
    """A town with so many apps, registered by the program itself."""
    known = {f"app-{number}": app(number) for number in range(apps)}
    listens = {name: f"127.0.0.1:{agency.free_port()}" for name in known}
    world = TurningWorld(tuple(known.values()), turning)
    relays = {one.redirect_uris[0]: listens[name] for name, one in known.items()}
    with Simulator(world, relays=relays) as simulator:
        env = {
            "SP_CONNECT_STORE": "vault",
            "SP_CONNECT_PASSPHRASE": PASSPHRASE,
            "SP_CONNECT_AMAZON_URL": simulator.base_url,
        }
        town = Town(Program(home, env, simulator), world, known, listens)
        for name in known:
            _register(town, name)
        yield town


def app(number: int) -> SimulatedApp:
    """One of the apps that this Amazon knows."""
    return SimulatedApp(
        application_id=f"amzn1.sp.solution.{number:08}-5175-4000-8000-simulated000",
        client_id=f"amzn1.application-oa2-client.{number:032}",
        client_secret=CLIENT_SECRET,
        redirect_uris=(f"https://agency.example/app-{number}",),
    )


def _register(town: Town, name: str) -> None:
    known = town.apps[name]
    ids = ["--application-id", known.application_id, "--client-id", known.client_id]
    where = ["--redirect-uri", known.redirect_uris[0], "--listen", town.listens[name]]
    done = town.program.run("app", "add", name, *ids, *where, "--client-secret-stdin", stdin=f"{CLIENT_SECRET}\n")
    assert done.code == 0, done.stderr
