"""An agency with one app and an empty home, as tests need it: real files, a real vault, the simulator over HTTP."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any, cast

from sp_connect import browser
from sp_connect.amazon.client import Amazon
from sp_connect.authorization.flow import Asking
from sp_connect.commands import connect
from sp_connect.commands.connect import Options
from sp_connect.models import App, Connection, Consent, Secret
from sp_connect.runtime import Runtime
from sp_connect.settings import Home
from sp_connect.simulator import seller
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.invites import Invites
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from sp_connect.stores.home.vault import Vault
from sp_connect.stores.migration import Migration
from sp_connect.terminal.prompt import Prompt
from sp_connect.terminal.screen import Screen

CHEAP = {"n": 16, "r": 8, "p": 1}
"""scrypt's cost in tests: what it protects opens nothing. Those of the vault's form keep the real one."""

VARIABLE = "SP_CONNECT_AMAZON_URL"
"""What leads the agency to its simulator: what it makes is marked so, and the program takes it with this set."""

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


_PORTS = range(20_000, 32_000)
"""Below the ports that systems give to who asks for any: nobody is given one of these before a test listens on it."""


def free_port(host: str = "127.0.0.1") -> int:
    """A port of a loopback address that nobody uses."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in SystemRandom().sample(_PORTS, 100):
        with socket.socket(family) as free, suppress(OSError):
            free.bind((host, port))
            return port
    raise AssertionError(f"a hundred ports of {host} are all in use")


@dataclass
class Clock:
    """A clock that only the test moves."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


Visit = Callable[[Consent, str], str | None]
"""What the seller does with a consent's page."""


@dataclass
class Agency:
    """One home, one simulated Amazon, and whoever clicks. `visits` are the sellers' answers, the last one for good."""

    folder: Path
    simulator: Simulator
    clock: Clock
    app: App
    runtime: Runtime
    stdout: io.StringIO
    stderr: io.StringIO
    visits: list[Visit] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.simulator.world

    def connect(
        self, name: str = "acme", region: str | Sequence[str] = "eu", *countries: str, **more: Any
    ) -> list[Connection]:
        """`connect`, with everything that it made."""
        return list(connect.run(self.runtime, self.options(name, region, *countries, **more)))

    def options(self, name: str = "acme", region: str | Sequence[str] = "eu", *countries: str, **more: Any) -> Options:
        wanted: dict[str, Any] = {
            "app": None,
            "default_app": "default",
            "expect_id": None,
            "replace": False,
        }
        asking = asking_for(more)
        regions = (region,) if isinstance(region, str) else tuple(region)
        return Options(seller=name, regions=regions, countries=countries, asking=asking, **(wanted | more))

    def said(self) -> str:
        return self.stderr.getvalue()

    def files(self) -> dict[str, bytes]:
        """Every file of the home and what is in it, locks and the simulator's own state left out."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and "lock" not in path.name
        }

    def visit(self, asked: Consent, address: str, once: browser.Once | None = None) -> str | None:  # noqa: ARG002
        """What `browser` does: the next of `visits`, in a thread, as a browser would."""
        act = self.visits.pop(0) if len(self.visits) > 1 else self.visits[0]
        return act(asked, address)


def writing(runtime: Runtime) -> AbstractContextManager[None]:
    """The writers' lock of a home, around what a test itself writes there."""
    return cast(Transactions, runtime.changes).writing()


def opener(visit: Visit) -> browser.Opener:
    """A browser in which the seller does `visit`, at Amazon's own address."""
    return lambda asked, address, once=None: visit(asked, address)  # noqa: ARG005 - another way to the same page


def asking_for(flags: dict[str, Any]) -> Asking:
    """How consents are asked for, as `flags` say it: those are taken out of them."""
    return Asking(**{"timeout": 20} | {name: flags.pop(name) for name in Asking._fields if name in flags})


def build(
    folder: Path, simulator: Simulator, clock: Clock, listen: str, stdout: io.StringIO, stderr: io.StringIO
) -> Agency:
    """The agency of `folder`, with its app registered and its secrets in a vault."""
    assert BUILT_IN.client_secret is not None
    screen, prompt = Screen(stdout, stderr, verbose=True), Prompt(io.StringIO(), stderr)
    apps, connections = Apps(folder / "config.toml"), Connections(folder / "connections")
    invites = Invites(folder / "invites")
    keyring = KeyringStore(None, 1.0)
    store = Vault(folder / "vault", lambda: Secret("correct horse"), keyring, CHEAP)

    def move_profiles(old: str, new: str) -> None:
        browser.move_profiles({}, folder / "browsers", old, new)

    changes = Transactions(folder / "unfinished", folder / "lock", apps, connections, invites, store, move_profiles)
    app = App(
        name="default",
        application_id=BUILT_IN.application_id,
        client_id=BUILT_IN.client_id,
        redirect_uri=BUILT_IN.redirect_uris[0],
        listen=listen,
        draft=False,
        access_level="default",
        secret_ref="5ec2e7",
        secret_set_at=clock(),
        simulated=True,
    )
    with changes.writing():
        changes.keep_app(app, Secret(BUILT_IN.client_secret))

    def open_browser(command: str | None, *, refused: bool) -> browser.Opener:  # noqa: ARG001 - runtime.Browser
        return made.visit

    record = Runtime(
        screen=screen,
        prompt=prompt,
        apps=apps,
        connections=connections,
        invites=invites,
        secrets=store,
        store_reason="the test says so",
        vault=store,
        migration=partial(Migration, apps, connections, changes, {"keyring": keyring, "vault": store}, folder, "vault"),
        changes=changes,
        amazon=Amazon(simulator.base_url, screen.story, sleep=lambda _: None, variable=VARIABLE),
        browser=open_browser,
        send_link=lambda _: None,
        refuse_profiles=lambda name: browser.refuse_profiles({}, folder / "browsers", name),
        now=clock,
        sleep=lambda _: None,
        home=Home(folder, folder),
        passphrase_file=None,
        preview_browser=lambda: browser.Preview("the test's own", None),
    )
    made = Agency(folder, simulator, clock, app, record, stdout, stderr, [as_expected])
    return made


def as_expected(asked: Consent, address: str) -> str | None:
    """A browser signed in as the very seller that is being connected."""
    return as_company(asked.scope.seller)(asked, address)


def as_company(name: str) -> Visit:
    """A browser signed in as `name`, whose seller confirms."""

    def visit(asked: Consent, address: str) -> str | None:
        threading.Thread(target=seller.confirm, args=(address, name, asked.app.listen), daemon=True).start()
        return None

    return visit


def nobody(asked: Consent, address: str) -> str | None:  # noqa: ARG001 - a Visit
    """A browser in which nobody clicks."""
    return None
