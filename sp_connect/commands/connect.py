"""`connect`: Amazon's consent page, the redirect, the tokens, the card. The main job."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Annotated

import typer

from sp_connect import authorization, errors, words
from sp_connect.amazon import consent, geography
from sp_connect.browser import Opener
from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.models import App, Connection, Scope, Secret
from sp_connect.views import conversation, data

TICK = 0.2
"""Seconds between looks at the clock, so that Ctrl-C is heard on Windows too."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `connect` was asked for. `timeout` is the wait for each consent, in seconds.

    `app` None is the connection's own where there is one, else `default_app`.
    """

    seller: str
    region: str
    countries: tuple[str, ...]
    app: str | None
    default_app: str
    expect_id: str | None
    replace: bool
    paste: bool
    no_browser: bool
    browser: str | None
    timeout: int


def command(
    ctx: typer.Context,
    seller: flags.Seller,
    region: flags.Region,
    country: Annotated[
        list[str] | None,
        typer.Option(
            "--country",
            "-c",
            metavar="CC",
            help="A country of the Far East, or an account of its own. Repeatable.",
        ),
    ] = None,
    app: Annotated[
        str | None,
        typer.Option("--app", metavar="NAME", help="Your app, if you have several; else SP_CONNECT_APP, else default."),
    ] = None,
    expect_id: Annotated[
        str | None, typer.Option("--expect-id", metavar="ID", help="The Selling Partner ID that it must be.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", metavar="", help="Let another account take this one's place.")
    ] = False,
    paste: Annotated[
        bool,
        typer.Option("--paste", metavar="", help="Paste the address the browser ends on, instead of listening for it."),
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", metavar="", help="Only print the address.")] = False,
    browser: Annotated[
        str | None,
        typer.Option("--browser", metavar="COMMAND", help='Open with this, such as "firefox --private-window {url}".'),
    ] = None,
    timeout: Annotated[
        int,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            min=1,
            max=errors.LONGEST_WAIT,
            envvar="SP_CONNECT_TIMEOUT",
            help="How long to wait.",
        ),
    ] = 300,
    json: flags.Json = False,
) -> None:
    """Connect a seller: open Amazon's consent page, catch the answer, keep the tokens.

    North America and Europe & India take one consent for the whole region; the Far East takes one for each
    country. A connection that exists is renewed, by the same account only.
    """
    session: flags.Session = ctx.obj
    edges = session.edges()
    default_app = session.environ.get("SP_CONNECT_APP") or "default"
    options = Options(
        seller, region, tuple(country or ()), app, default_app, expect_id, replace, paste, no_browser, browser, timeout
    )
    made: list[Connection] = []
    try:
        for connection in run(edges, options):
            made.append(connection)
            if not json:
                from sp_connect.views import card

                edges.screen.show(card.card(edges.screen, connection, edges.now()))
                conversation.check(edges.screen, connection)
    except (errors.SpConnectError, KeyboardInterrupt):
        if json and made:
            edges.screen.json([data.connection(c, edges.now()) for c in made])
        raise
    if json:
        edges.screen.json([data.connection(c, edges.now()) for c in made])


@dataclass(frozen=True, slots=True)
class _Job:
    """What is the same for each consent of one run."""

    options: Options
    open_page: Opener
    guard: authorization.Guard
    apps: Mapping[Scope, tuple[App, Secret]]


def run(edges: Edges, options: Options) -> Iterator[Connection]:
    """Each connection as it is made. What fails among several is told at once and raised, summed up, at the end.

    Everything that can fail without Amazon is tried before anyone is asked to consent.
    """
    if options.paste and not edges.person.is_there():
        raise errors.Usage(
            "--paste waits for an address, and there is no terminal to paste it in.", "leave out --paste"
        )
    if options.browser is not None and options.no_browser:
        raise errors.Usage("--browser and --no-browser cannot both be meant.", "leave out one of them")
    scopes = _scopes(edges, options)
    apps = {scope: _app(edges, options, scope) for scope in scopes}
    open_page = edges.browser(options.browser, refused=options.no_browser)
    authorization.prove_ready(edges)

    job = _Job(options, open_page, authorization.Guard(options.expect_id, options.replace), apps)
    failed: dict[Scope, errors.SpConnectError] = {}
    made: list[Scope] = []
    for position, scope in enumerate(scopes, 1):
        try:
            outcome = _consent(edges, job, scope, f"{position} of {len(scopes)}: " if len(scopes) > 1 else "")
        except (errors.NotAuthorized, errors.AmazonTrouble, errors.ThisMachine) as error:
            if len(scopes) == 1:
                raise
            failed[scope] = error
            edges.screen.error(error)
            if isinstance(error, errors.TimedOut | errors.ClientRejected | errors.ThisMachine):
                break  # nobody is there any more, or the next consent would end the same way
            continue
        made.append(scope)
        yield outcome.connection
        if outcome.trouble is not None:
            outcome.trouble.hint = f"the token is kept, unchecked: sp-connect verify {scope.flags}"
            if len(scopes) == 1:
                raise outcome.trouble
            failed[scope] = outcome.trouble
    if failed:
        raise _summed_up(options, made, [scope for scope in scopes if scope not in made], list(failed.values()))


def _app(edges: Edges, options: Options, scope: Scope) -> tuple[App, Secret]:
    """The app for a consent, with its client secret. A renewal stays with its own app, since rights hang on it."""
    before = edges.connections.get(scope)
    if before is not None and not options.replace:
        if options.app not in {None, before.app}:
            raise errors.OtherApp(scope, before.app, str(options.app))
        app = edges.apps.get(before.app)
    else:
        app = edges.apps.get(options.app or options.default_app)
    return app, edges.secrets.fetch(app.secret_name)


def _scopes(edges: Edges, options: Options) -> list[Scope]:
    """Where to connect. Of several, those that are connected already are left out, so that a run can be resumed."""
    region = geography.region_named(options.region)
    countries: tuple[str | None, ...] = options.countries or (None,)
    if region.host is None and not options.countries:
        countries = _ask_countries(edges, region)
    scopes = list(dict.fromkeys(geography.scope(options.seller, region.code, country) for country in countries))
    if len(scopes) == 1:
        return scopes
    if options.expect_id is not None:
        raise errors.Usage(
            "--expect-id names one account, and each country has its own.", "connect one country at a time"
        )
    wanted = []
    for scope in scopes:
        before = edges.connections.get(scope)
        if (
            before is not None
            and not options.replace
            and before.status(edges.now()) in {"connected", "due", "unchecked"}
        ):
            conversation.skipped(edges.screen, before)
        else:
            wanted.append(scope)
    return wanted


def _ask_countries(edges: Edges, region: geography.Region) -> tuple[str | None, ...]:
    known = [country.code for country in geography.countries_of(region.code)]
    question = f"{region.name} is connected country by country. Which?"
    if not edges.person.is_there():
        raise errors.NeedsFlag(question, " ".join(f"--country {code}" for code in known))
    answer = edges.person.answer(f"{question} {' '.join(known)} [all]", "--country")
    return tuple(answer.replace(",", " ").split()) or tuple(known)


def _consent(edges: Edges, job: _Job, scope: Scope, counted: str) -> authorization.Outcome:
    """One consent, from the open door to the record. The door is open before the address exists."""
    inbox: queue.SimpleQueue[consent.Arrival] = queue.SimpleQueue()
    options, screen = job.options, edges.screen
    app, client_secret = job.apps[scope]
    with ExitStack() as stack:
        if not options.paste:
            from sp_connect import listener

            stack.enter_context(listener.door(app, inbox.put, edges.amazon.at, simulated=screen.simulated))
        before = edges.connections.get(scope)
        conversation.opening(screen, scope, counted, before, replaces=options.replace)
        asked = consent.begin(app, scope, away=options.paste)
        address = edges.amazon.at(asked.address)
        conversation.address(screen, address)
        obstacle = job.open_page(asked, address)
        if options.paste:
            conversation.paste_to_finish(screen, obstacle)
        elif obstacle is not None:
            conversation.open_elsewhere(screen, obstacle, app.listen, can_paste=edges.person.is_there())
        stack.enter_context(edges.person.pasting(lambda text: _take(edges, app, inbox, text)))
        stack.enter_context(conversation.waiting(screen, options.timeout))
        outcome = authorization.complete(edges, asked, client_secret, job.guard, _arriving(inbox, options.timeout))
    if outcome is None:
        raise errors.TimedOut(scope, options.timeout)
    return outcome


def _arriving(inbox: queue.SimpleQueue[consent.Arrival], seconds: float) -> Iterator[consent.Arrival]:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        arrived = None
        with suppress(queue.Empty):
            arrived = inbox.get(timeout=min(left, TICK))
        if arrived is not None:
            yield arrived


def _take(edges: Edges, app: App, inbox: queue.SimpleQueue[consent.Arrival], text: str) -> None:
    try:
        inbox.put(conversation.Pasted(edges.screen, consent.pasted(text, app, edges.amazon.at), edges.amazon.at))
    except errors.BadState as error:
        edges.screen.say(f"{error.message} Still waiting.")


def _summed_up(
    options: Options, made: list[Scope], missing: list[Scope], failures: list[errors.SpConnectError]
) -> errors.Several:
    kept = f"Connected: {words.listed([s.place for s in made])}. " if made else ""
    if not missing:
        return errors.Several(f"{kept}Not all of it could be checked.", failures)
    countries = " ".join(f"--country {scope.country}" for scope in missing)
    return errors.Several(
        f"{kept}Not connected: {words.listed([s.place for s in missing])}.",
        failures,
        f"sp-connect connect --seller {options.seller} --region {missing[0].region} {countries}",
    )
