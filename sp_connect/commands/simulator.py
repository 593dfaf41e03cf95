"""`simulator`: the embedded Amazon on its own, for other programs' tests."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Annotated

import typer

from sp_connect import errors
from sp_connect.amazon import registration
from sp_connect.authorization import loopback
from sp_connect.cli import flags
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import APPS, BUILT_IN, SimulatedApp, World
from sp_connect.terminal.screen import Screen

FIRST = ("application_id", "client_id", "client_secret", "redirect_uris")
"""Keys of the first app that stand beside the list of all, where they were when it was the only one."""


def command(
    ctx: typer.Context,
    port: Annotated[
        int,
        typer.Option(
            "--port", min=0, max=65535, metavar="PORT", help="Where to listen on 127.0.0.1; 0 takes a free one."
        ),
    ] = 0,
    redirect_uri: Annotated[
        list[str] | None,
        typer.Option("--redirect-uri", metavar="URL", help="A further redirect URI of its app. Repeatable."),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="The address on which sp-connect listens, for the simulator's relay page.",
        ),
    ] = "127.0.0.1:8723",
    json: flags.Json = False,
) -> None:
    """Run the simulated Amazon until Ctrl-C, and print its address."""
    screen = ctx.obj.screen
    for address in redirect_uri or ():
        registration.check_redirect_uri(address)
    loopback.check(listen)
    addresses = tuple(dict.fromkeys((*(redirect_uri or ()), *BUILT_IN.redirect_uris)))
    apps = {name: replace(app, redirect_uris=addresses) for name, app in APPS.items()}
    try:
        simulator = Simulator(World(apps=tuple(apps.values())), port, relays={BUILT_IN.redirect_uris[0]: listen})
    except OSError as error:
        raise errors.SimulatorPortTaken(port, (error.strerror or "unknown reason").lower()) from None
    with simulator:
        if json:
            known = [_described(name, app) for name, app in apps.items()]
            first = {key: known[0][key] for key in FIRST}
            # The secrets are told as they are: they open nothing.
            screen.json({"url": simulator.base_url, **first, "apps": known}, hands_out=True)
        else:
            screen.line(simulator.base_url)
            screen.say("A simulated Amazon listens there until Ctrl-C. To use it from another terminal:")
            screen.say("  export SP_CONNECT_HOME=$(mktemp -d)")
            screen.say(f"  export SP_CONNECT_AMAZON_URL={simulator.base_url}")
            _tell(screen, apps["default"], "", listen)
            screen.say("A second app, with a wider access level, for sp-connect upgrade --app wider:")
            _tell(screen, apps["wider"], f"wider --access-level {apps['wider'].access_level} ", listen)
        forever = threading.Event()
        while not forever.wait(1):  # in steps: a Ctrl-C just before one is heard after it, on Windows after any
            pass


def _described(name: str, app: SimulatedApp) -> dict[str, object]:
    return {
        "name": name,
        "application_id": app.application_id,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uris": list(app.redirect_uris),
        "access_level": app.access_level,
    }


def _tell(screen: Screen, app: SimulatedApp, named: str, listen: str) -> None:
    """The command that registers an app of the simulator's."""
    screen.verbatim(f"  echo {app.client_secret} | sp-connect app add {named}--client-secret-stdin \\")
    screen.say(f"    --application-id {app.application_id} \\")
    screen.say(f"    --client-id {app.client_id} \\")
    screen.say(f"    --redirect-uri {BUILT_IN.redirect_uris[0]} --listen {listen}")
