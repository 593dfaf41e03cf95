"""`relay`: the page at the app's redirect URI, as one file for any https server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sp_connect import pages
from sp_connect.authorization import loopback
from sp_connect.cli import flags
from sp_connect.runtime import Runtime
from sp_connect.stores.home import outputs


def run(runtime: Runtime, name: str) -> tuple[str, str]:
    """The page, and the redirect URI at which it belongs."""
    app = runtime.apps.get(name)
    loopback.check(app.listen)  # config.toml is edited by hand, and the page carries this in a script
    return pages.relay(app.listen), app.redirect_uri


def command(
    ctx: typer.Context,
    app: flags.AppName = "default",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", dir_okay=False, help="Write it to FILE; - is stdout.")
    ] = None,
) -> None:
    """Write the relay page: the https address that Amazon accepts, which sends the browser on to this program."""
    runtime = ctx.obj.runtime()
    page, redirect_uri = run(runtime, app)
    if out is None or outputs.is_stdout(out):
        runtime.screen.line(page.rstrip("\n"))
        return
    outputs.write(out, page, runtime.home.data / "unfinished", for_all=True)  # a web server reads it
    runtime.screen.say(
        f"{out} is written. Put it where {redirect_uri} shows it, and register that address at Amazon "
        "as OAuth Redirect URI and as OAuth Login URI of the app, both."
    )
