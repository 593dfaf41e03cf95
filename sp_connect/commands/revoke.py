"""`revoke`: forgets a connection here, and tells where the seller ends the authorization at Amazon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer

from sp_connect import access, errors, words
from sp_connect.amazon import geography, services
from sp_connect.cli import flags
from sp_connect.cli.filters import Selection
from sp_connect.models import Connection
from sp_connect.runtime import Runtime
from sp_connect.views import data

WAIT_SECONDS = 15 * 60
PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """Which connections of a seller, and how. `every` is --all."""

    seller: str
    region: str | None
    country: str | None
    every: bool
    yes: bool
    wait: bool
    missing_ok: bool


def run(runtime: Runtime, options: Options) -> Iterator[Connection]:
    """Each connection, once it is forgotten here. Amazon has no call that ends an authorization (amazon.md section 6).

    Raises NoSuchConnection, WhichConnection, Aborted, NeedsFlag, RenewedMeanwhile, and StillAuthorized where waiting
    was in vain.
    """
    runtime.changes.finish()
    chosen = _chosen(runtime, options)
    if chosen and not options.yes:
        accounts = words.listed([f"{c.scope} ({c.selling_partner_id})" for c in chosen])
        runtime.prompt.confirm(f"Delete {accounts} from this machine?", "--yes")
    for connection in chosen:
        if options.wait:
            _wait_until_refused(runtime, connection)
        # A store that cannot be asked now could not forget either: that is raised before the record goes.
        try:
            access.see_token(runtime, connection.scope)
        except errors.MissingToken as error:
            runtime.screen.say(f"{error.message} If another store has it, it stays there.")
        except errors.NoSuchConnection:
            runtime.screen.story(f"another sp-connect has deleted {connection.scope} already")
        runtime.changes.write(partial(_drop, runtime, connection, ended=options.wait))
        yield connection


def _drop(runtime: Runtime, connection: Connection, *, ended: bool) -> None:
    """Deletes a connection; the lock is the caller's. Raises RenewedMeanwhile."""
    now = runtime.connections.get(connection.scope)
    if now is not None and not now.is_same_consent(connection):
        raise errors.RenewedMeanwhile(connection.scope)
    runtime.changes.drop_connection(connection.scope, ended=ended)


def _chosen(runtime: Runtime, options: Options) -> Sequence[Connection]:
    if not errors.is_name(options.seller):
        raise errors.BadName("a seller", options.seller)
    regions, countries = ([value] if value is not None else [] for value in (options.region, options.country))
    selection = Selection([options.seller], regions, countries)
    found = list(filter(selection.filter(runtime.now()), runtime.connections.of(options.seller)))
    if options.region is not None and options.country is None and not options.every:
        # A region names its own connection, not those of the countries kept separate in it: run twice, the same
        # line must not take another account.
        is_whole = geography.region_named(options.region).is_whole
        found = [c for c in found if not is_whole or c.scope.country is None]
    if not found and not options.missing_ok:
        raise selection.nothing(runtime.connections)
    if len(found) > 1 and not options.every:
        raise errors.WhichConnection([c.scope for c in found], "--all")
    return found


def _wait_until_refused(runtime: Runtime, connection: Connection) -> None:
    """Asks again and again until Amazon refuses the token, which proves the end. Raises StillAuthorized.

    A connection that another sp-connect forgets or connects anew meanwhile need not be waited for.
    """
    app = access.app(runtime, connection.app)
    access.refresh_token(runtime, connection.scope)
    tell_where(runtime, connection)
    runtime.screen.say(f"Waiting up to {words.span(WAIT_SECONDS)} until Amazon refuses the token; Ctrl-C gives up.")
    for _ in range(round(WAIT_SECONDS / PAUSE_SECONDS)):
        try:
            with runtime.changes.refreshing(connection.scope):
                now, answer = access.ask(runtime, connection.scope, app)
        except errors.NoSuchConnection:
            return
        except errors.AmazonTrouble as error:
            runtime.screen.story(error.message)
        else:
            if isinstance(answer, errors.Rejected) or not now.is_same_consent(connection):
                return
        runtime.sleep(PAUSE_SECONDS)
    raise errors.StillAuthorized(connection.scope, WAIT_SECONDS)


def tell_where(runtime: Runtime, connection: Connection) -> None:
    """Where the seller ends it; the menu path too, since the address is not verified for every host."""
    runtime.screen.say(
        f"At Amazon the seller ends {connection.scope} in Seller Central: Apps and Services, Manage Your Apps, "
        "Disable authorization."
    )
    runtime.screen.address(runtime.amazon.at(services.of(connection.scope).manage_url(connection.scope)))


def command(
    ctx: typer.Context,
    seller: flags.Seller,
    region: flags.AnyRegion = None,
    country: flags.AnyCountry = None,
    every: Annotated[
        bool,
        typer.Option("--all", metavar="", help="All connections of the seller that match the other flags."),
    ] = False,
    yes: flags.Yes = False,
    wait: Annotated[
        bool, typer.Option("--wait", metavar="", help="First wait until Amazon refuses the token.")
    ] = False,
    missing_ok: Annotated[
        bool, typer.Option("--missing-ok", metavar="", help="Exit 0 if there is no such connection.")
    ] = False,
    json: flags.Json = False,
) -> None:
    """Delete a connection and its tokens here, and show where the seller revokes it at Amazon."""
    runtime = ctx.obj.runtime()
    gone: list[Connection] = []
    try:
        for connection in run(runtime, Options(seller, region, country, every, yes, wait, missing_ok)):
            gone.append(connection)
            runtime.screen.say(f"Deleted {connection.scope} here: {connection.selling_partner_id}.")
            if not wait:
                tell_where(runtime, connection)
    except (errors.SpConnectError, KeyboardInterrupt):
        if json and gone:
            runtime.screen.json(_objects(runtime, gone))
        raise
    if not gone:
        runtime.screen.say("There was no such connection.")
    if json:
        runtime.screen.json(_objects(runtime, gone))


def _objects(runtime: Runtime, gone: Sequence[Connection]) -> list[dict[str, Any]]:
    return [data.revoked(c, runtime.amazon.at(services.of(c.scope).manage_url(c.scope)), runtime.now()) for c in gone]
