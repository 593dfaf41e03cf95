"""`connect`: Amazon's consent page, the redirect, the tokens, the card. The main job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from sp_connect import errors, settings
from sp_connect.amazon import geography, registration
from sp_connect.authorization import flow, grant
from sp_connect.cli import flags
from sp_connect.models import Connection, Scope
from sp_connect.runtime import Runtime
from sp_connect.views import card, conversation


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `connect`. `app` None means the connection's own app if it exists, else `default_app`."""

    seller: str
    regions: tuple[str, ...]
    countries: tuple[str, ...]
    app: str | None
    default_app: str
    expect_id: str | None
    replace: bool
    asking: flow.Asking
    check: bool = True


def command(
    ctx: typer.Context,
    seller: flags.Seller,
    region: flags.EachRegion,
    country: flags.Countries = None,
    app: flags.OwnApp = None,
    expect_id: flags.ExpectId = None,
    replace: Annotated[
        bool, typer.Option("--replace", metavar="", help="Replace the connection even if the account differs.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            " /--no-check",
            metavar="",
            show_default=False,
            help="Save the tokens unchecked; verify checks later.",
        ),
    ] = True,
    paste: flags.Paste = False,
    no_browser: flags.NoBrowser = False,
    browser: flags.Browser = None,
    timeout: flags.Timeout = 300,
    keep_going: flags.KeepGoing = False,
    json: flags.Json = False,
) -> None:
    """Connect a seller: open Amazon's consent page, receive the answer, save the tokens.

    North America and Europe & India take one consent for the whole region; the Far East takes one for each
    country. A connection that exists is renewed, by the same account only.
    """
    session: flags.Session = ctx.obj
    runtime, default_app = session.runtime(), settings.default_app(session.environ)
    asking = flow.Asking(paste, no_browser, browser, timeout, keep_going)
    options = Options(seller, tuple(region), tuple(country or ()), app, default_app, expect_id, replace, asking, check)
    card.tell_each(runtime.screen, run(runtime, options), runtime.now, as_json=json)


def run(runtime: Runtime, options: Options) -> Iterator[Connection]:
    """Each connection as it is made. What fails among several is told at once and raised, summed up, at the end.

    Everything that can fail without Amazon is tried before anyone is asked to consent.
    """
    manner = flow.manner(runtime, options.asking)
    expected = None if options.expect_id is None else registration.selling_partner_id(options.expect_id)
    runtime.changes.finish()
    guard = grant.Guard(expected, options.replace, check=options.check)
    wanted = [
        flow.Wanted(
            scope,
            *flow.app_for(runtime, scope, options.app, options.default_app, replaces=options.replace),
            guard,
        )
        for scope in _scopes(runtime, options)
    ]

    def again(missing: Sequence[Scope]) -> str:
        regions = "".join(f" --region {region}" for region in dict.fromkeys(scope.region for scope in missing))
        countries = "".join(f" --country {scope.country}" for scope in missing if scope.country is not None)
        same = f"{f' --app {options.app}' if options.app else ''}{' --replace' if options.replace else ''}"
        same += "" if options.check else " --no-check"
        return f"sp-connect connect --seller {options.seller}{regions}{countries}{same}"

    yield from flow.walk(runtime, manner, wanted, again)


def _scopes(runtime: Runtime, options: Options) -> list[Scope]:
    """Where to connect. Of several, those that are connected already are left out, so that a run can be resumed."""
    regions = [geography.region_named(region) for region in options.regions]
    named = {country.region for country in geography.countries_named(options.countries, regions)}
    countries = list(options.countries)
    for region in dict.fromkeys(regions):
        if not region.is_whole and region.code not in named:
            countries.extend(_ask_countries(runtime, region))
    scopes = geography.places(options.seller, options.regions, countries)
    if len(scopes) == 1:
        return scopes
    if options.expect_id is not None:
        raise errors.OneIdForSeveral("connect")
    wanted = []
    for scope in scopes:
        before = runtime.connections.get(scope)
        if (
            before is not None
            and not options.replace
            and before.status(runtime.now()) in {"connected", "due", "unchecked"}
        ):
            conversation.skipped(runtime.screen, before)
        else:
            wanted.append(scope)
    return wanted


def _ask_countries(runtime: Runtime, region: geography.Region) -> tuple[str, ...]:
    """Asks for the countries; an empty answer means all. Raises NeedsFlag."""
    known = [country.code for country in geography.countries_of(region.code)]
    question = f"{region.name} is connected country by country. Which?"
    if not runtime.prompt.can_answer():
        named = " ".join(f"--country {code}" for code in known)
        raise errors.NeedsFlag(question, named, is_in_background=runtime.prompt.is_there())
    answer = runtime.prompt.answer(f"{question} {' '.join(known)} [all]", "--country")
    return tuple(answer.replace(",", " ").split())
