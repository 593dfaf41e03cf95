"""`upgrade`: moves a connection to another app, such as one with a wider access level. The same account is required."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import typer

from sp_connect import access, errors
from sp_connect.amazon import services
from sp_connect.authorization import flow
from sp_connect.authorization.grant import Guard
from sp_connect.cli import flags
from sp_connect.models import Connection
from sp_connect.runtime import Runtime
from sp_connect.views import card, conversation


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `upgrade`. `app` is the new app."""

    seller: str
    region: str
    country: str | None
    app: str
    asking: flow.Asking


def run(runtime: Runtime, options: Options) -> Iterator[Connection]:
    """The connection once its new consent is kept; until then the old tokens stay, and afterwards they are forgotten.

    Raises NoSuchConnection, NoSuchApp, Usage if it is with that app already, and what `connect` raises.
    """
    manner = flow.manner(runtime, options.asking)
    runtime.changes.finish()
    before = access.find(runtime, options.seller, options.region, options.country)
    app, client_secret = access.app(runtime, options.app)
    if before.app == app.name:
        raise errors.Usage(
            f"{before.scope} is with the app {app.name} already. Nothing was changed.",
            "--app takes another one; sp-connect app list shows them",
        )
    wanted = flow.Wanted(before.scope, app, client_secret, Guard())
    again = f"sp-connect upgrade {before.scope.flags} --app {app.name}"
    try:
        for connection in flow.walk(runtime, manner, [wanted], lambda _: again):
            yield connection
            manage_url = services.of(connection.scope).manage_url(connection.scope)
            conversation.seat_is_kept(runtime.screen, before, at_amazon=runtime.amazon.at(manage_url))
    except errors.TimedOut as error:
        if not options.asking.paste:
            error.reword(
                hint=(
                    f"for a seller elsewhere: {again} --paste --timeout {errors.LONGEST_WAIT}; "
                    f"send the address that it prints, and paste the one that comes back. {error.hint}"
                )
            )
        raise


def command(
    ctx: typer.Context,
    seller: flags.Seller,
    region: flags.Region,
    app: flags.WiderApp,
    country: flags.Country = None,
    paste: flags.Paste = False,
    no_browser: flags.NoBrowser = False,
    browser: flags.Browser = None,
    timeout: flags.Timeout = 300,
    json: flags.Json = False,
) -> None:
    """Move a connection to another app, such as one with a wider access level, by a new consent.

    The same account is required. The old tokens are kept until the new ones are safe.
    """
    runtime = ctx.obj.runtime()
    options = Options(seller, region, country, app, flow.Asking(paste, no_browser, browser, timeout))
    card.tell_each(runtime.screen, run(runtime, options), runtime.now, as_json=json)
