"""The simulator inside the program, for `--simulate`: its app registered, its state kept, serving until the end."""

from __future__ import annotations

import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sp_connect.models import App, Secret
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, SimulatedApp, World
from sp_connect.stores import secrets
from sp_connect.stores.apps import Apps
from sp_connect.stores.changes import Changes

USUAL_PORT = 8723
PORTS = 100


def start(folder: Path, apps: Apps, changes: Changes, now: datetime) -> Simulator:
    """A simulator that knows the apps of this home, with its built-in one registered if there is none yet.

    It serves from daemon threads, so it ends with the process.
    """
    if not apps.all():
        _register(apps, changes, now)
    known = [
        SimulatedApp(app.application_id, app.client_id, None, (app.redirect_uri,), draft=app.draft)
        for app in apps.all()
        if app.application_id != BUILT_IN.application_id
    ]
    world = World(folder / "amazon.json", apps=(BUILT_IN, *known))
    simulator = Simulator(world, relays={app.redirect_uri: app.listen for app in apps.all()})
    simulator.start()
    return simulator


def _register(apps: Apps, changes: Changes, now: datetime) -> None:
    app = App(
        name="default",
        application_id=BUILT_IN.application_id,
        client_id=BUILT_IN.client_id,
        redirect_uri=BUILT_IN.redirect_uris[0],
        listen=f"127.0.0.1:{_free_port()}",
        draft=BUILT_IN.draft,
        access_level="default",
        secret_ref=secrets.new_ref(),
        secret_set_at=now,
    )
    assert BUILT_IN.client_secret is not None, "the built-in app has one"
    with changes.writing():
        if not apps.all():  # unless another process was first
            changes.keep_app(app, Secret(BUILT_IN.client_secret))


def _free_port() -> int:
    """The usual port if nothing has it: a first try of the program should not fail for someone else's server."""
    for port in range(USUAL_PORT, USUAL_PORT + PORTS):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    return USUAL_PORT
