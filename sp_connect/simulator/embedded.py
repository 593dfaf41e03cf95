"""The simulator inside the program, for `--simulate`: its app registered, its state kept, its sellers who click."""

from __future__ import annotations

import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import App, Consent, Invite, Scope, Secret
from sp_connect.process import threads
from sp_connect.simulator import accounts, seller
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import APPS, SimulatedApp, World
from sp_connect.stores import secret_store
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.transactions import Transactions
from sp_connect.terminal.screen import Screen

USUAL_PORT = 8723
PORTS = 100


def start(folder: Path, apps: Apps, changes: Transactions, now: datetime) -> Simulator:
    """A simulator that knows the apps of this home, with its built-in ones registered if there is none yet.

    It serves from daemon threads, so it ends with the process.
    """
    if not apps.all():
        _register(apps, changes, now)
    ids = {app.application_id for app in APPS.values()}
    known = [
        SimulatedApp(app.application_id, app.client_id, None, (app.redirect_uri,), draft=app.draft)
        for app in apps.all()
        if app.application_id not in ids
    ]
    world = World(folder / "amazon.json", apps=(*APPS.values(), *known), lenient=True)
    simulator = Simulator(world, relays={app.redirect_uri: app.listen for app in apps.all()})
    simulator.start()
    return simulator


def confirm_aside(screen: Screen, asked: Consent, address: str, why: str) -> None:
    """The simulated seller confirms where no browser opens, `why` says why not; Usage if it sells nothing there.

    In a thread, because the listener keeps its browser waiting for the outcome.
    """
    _see_that_it_sells(asked.scope)
    reason = f" ({why})" if why else ""
    screen.say(f"No browser{reason}: the simulated seller of {asked.scope.seller} confirms.")

    def confirm() -> None:
        with suppress(errors.Unreachable):  # the program has ended before its seller
            _confirm(screen, address, asked.scope.seller, asked.app.listen)

    if threads.start(confirm) is None:
        raise errors.Exhausted("threads")


def click(screen: Screen, invite: Invite) -> None:
    """The simulated seller uses the link of an invite. Raises Usage if it sells nothing there."""
    _see_that_it_sells(invite.scope)
    _confirm(screen, invite.address, invite.scope.seller, "")


def _confirm(screen: Screen, address: str, company: str, listen: str) -> None:
    ended_on = seller.confirm(address, company, listen)
    if ended_on is not None:
        screen.say("The simulated seller's browser shows this address to copy:")
        # As Amazon would have it: the simulator's own port is another one in the next run.
        box = urlsplit(address).netloc
        screen.address(ended_on.replace(f"http://{box}/", "https://", 1))


def _see_that_it_sells(scope: Scope) -> None:
    host = geography.consent_host(scope)

    def sells(company: str) -> bool:
        return any(account.signs_in_at(host) for account in accounts.of_company(company))

    if not sells(scope.seller):
        other = next(filter(sells, ("acme", "newcomer")))  # whoever is not built in sells everywhere
        raise errors.Usage(
            f"In the simulation {scope.seller} sells nothing in {scope.place}.",
            f"{other} does: sp-connect --simulate connect {scope._replace(seller=other).flags}",
        )


def _register(apps: Apps, changes: Transactions, now: datetime) -> None:
    listen = f"127.0.0.1:{_free_port()}"

    def register() -> None:
        if apps.all():  # another process was first
            return
        for name, known in APPS.items():
            assert known.client_secret is not None, "the built-in apps have one"
            app = App(
                name=name,
                application_id=known.application_id,
                client_id=known.client_id,
                redirect_uri=known.redirect_uris[0],
                listen=listen,
                draft=known.draft,
                access_level=known.access_level,
                secret_ref=secret_store.new_ref(),
                secret_set_at=now,
            )
            changes.keep_app(app, Secret(known.client_secret))

    changes.write(register)


def _free_port() -> int:
    """The usual port if nothing has it: a first try of the program should not fail for someone else's server."""
    for port in range(USUAL_PORT, USUAL_PORT + PORTS):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    return USUAL_PORT
