"""`renew`: walks the connections that need a new consent, one after another. The same account is required of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from sp_connect import access, errors, words
from sp_connect.authorization import flow
from sp_connect.authorization.grant import Guard
from sp_connect.cli import flags
from sp_connect.cli.filters import Selection
from sp_connect.models import DUE_WITHIN, Connection, Scope
from sp_connect.runtime import Runtime
from sp_connect.views import card


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `renew`. `due` counts days."""

    selection: Selection
    due: int
    asking: flow.Asking


def run(runtime: Runtime, options: Options) -> Iterator[Connection]:
    """Each connection as it is renewed, the most urgent first; what fails is told at once and raised at the end.

    Those whose year is over, ends within `due` days or ends on an unknown day, and those that Amazon refuses or
    whose token is gone: all that only a consent mends. Raises NoSuchConnection where the other filters leave none.
    """
    manner = flow.manner(runtime, options.asking)
    runtime.changes.finish()
    selection = options.selection
    rows, damages = selection.among(runtime.connections, runtime.now())
    if not rows and not damages and not selection.is_everything():
        raise selection.nothing(runtime.connections)
    due = sorted((one for one in rows if _needs_consent(runtime, one, options.due)), key=_urgency)
    if due:
        hopeless: dict[Scope, errors.SpConnectError] = {}
        wanted = list(_wanted(runtime, due, hopeless))
        yield from flow.walk(runtime, manner, wanted, lambda _: _again(options), hopeless, "renewed")
    elif rows:
        soonest = min(rows, key=_urgency)
        nothing = f"Nothing is due within {words.count(options.due, 'day')}" if options.due else "Nothing has ended"
        runtime.screen.say(f"{nothing}. The next is {soonest.scope}, on {words.day_if_known(soonest.renew_by)}.")
    elif not damages:
        runtime.screen.say("Nothing is connected yet.")
    errors.raise_all(damages, f"{words.count(len(damages), 'file')} could not be read.")


def _needs_consent(runtime: Runtime, connection: Connection, days: int) -> bool:
    return connection.ends_within(runtime.now(), days) or connection.standing in {"rejected", "missing-token"}


def _urgency(connection: Connection) -> datetime:
    """The sort key: the end of the year, with unknown ends last."""
    return connection.renew_by or datetime.max.replace(tzinfo=UTC)


def _wanted(
    runtime: Runtime, due: Sequence[Connection], hopeless: dict[Scope, errors.SpConnectError]
) -> Iterator[flow.Wanted]:
    """The consents to ask for; `hopeless` takes those whose app, or its client secret, is gone."""
    for one in due:
        try:
            yield flow.Wanted(one.scope, *access.app(runtime, one.app), Guard(), one)
        except (errors.NoSuchApp, errors.MissingToken) as error:
            hopeless[one.scope] = error


def _again(options: Options) -> str:
    return f"sp-connect renew{options.selection._replace(due=options.due).flags}"


def command(
    ctx: typer.Context,
    due: Annotated[
        int,
        typer.Option("--due", metavar="DAYS", min=0, max=3650, help="Renew what ends within DAYS days or has ended."),
    ] = DUE_WITHIN.days,
    seller: flags.Sellers = None,
    region: flags.Regions = None,
    country: flags.OnlyCountries = None,
    paste: flags.Paste = False,
    no_browser: flags.NoBrowser = False,
    browser: flags.Browser = None,
    timeout: flags.Timeout = 300,
    keep_going: flags.KeepGoing = False,
    json: flags.Json = False,
) -> None:
    """Renew what is due, one consent after another: for another year, by the same account only.

    Connections that Amazon refuses, or whose token is gone, are asked for too: only a consent mends them.
    """
    runtime = ctx.obj.runtime()
    asking = flow.Asking(paste, no_browser, browser, timeout, keep_going)
    options = Options(Selection(seller or (), region or (), country or ()), due, asking)
    card.tell_each(runtime.screen, run(runtime, options), runtime.now, as_json=json)
