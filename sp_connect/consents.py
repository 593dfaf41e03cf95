"""Consents at this machine, one after another: the open door, the browser, the wait.

What `connect`, `renew` and `upgrade` share. They say which consents to ask for; here each is asked for, and its
answer waited for, from the listener and from a person who pastes alike. What becomes of it is `authorization`'s.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from types import MappingProxyType
from typing import NamedTuple

from sp_connect import access, authorization, errors, words
from sp_connect.amazon import consent
from sp_connect.browser import Opener
from sp_connect.edges import Edges
from sp_connect.models import App, Connection, Scope, Secret
from sp_connect.views import conversation

TICK = 0.2
"""Seconds between looks at the clock, so that Ctrl-C is heard on Windows too."""


class Wanted(NamedTuple):
    """A consent to ask for: the place, the app with its client secret, and which account is the right one."""

    scope: Scope
    app: App
    client_secret: Secret
    guard: authorization.Guard


class Manner(NamedTuple):
    """How consents are asked for. `timeout` is the wait for each, in seconds."""

    open_page: Opener
    paste: bool
    timeout: int


def manner(edges: Edges, *, paste: bool, no_browser: bool, browser: str | None, timeout: int) -> Manner:
    """The manner that the flags mean. Raises Usage for what cannot be meant, or done here."""
    if paste and not edges.person.is_there():
        raise errors.Usage(
            "--paste waits for an address, and there is no terminal to paste it in.", "leave out --paste"
        )
    if browser is not None and no_browser:
        raise errors.Usage("--browser and --no-browser cannot both be meant.", "leave out one of them")
    return Manner(edges.browser(browser, refused=no_browser), paste, timeout)


def app_for(
    edges: Edges, scope: Scope, named: str | None, default: str, *, replaces: bool = False
) -> tuple[App, Secret]:
    """The app for a consent, with its client secret. A renewal stays with its own app, since rights hang on it.

    Raises OtherApp where another one is named, NoSuchApp and MissingToken.
    """
    before = edges.connections.get(scope)
    if before is not None and not replaces:
        if named not in {None, before.app}:
            raise errors.OtherApp(scope, before.app, str(named))
        return access.app(edges, before.app)
    return access.app(edges, named or default)


def walk(
    edges: Edges,
    manner: Manner,
    wanted: Sequence[Wanted],
    again: Callable[[Sequence[Scope]], str],
    hopeless: Mapping[Scope, errors.SpConnectError] = MappingProxyType({}),
    done: str = "connected",
) -> Iterator[Connection]:
    """Each connection as it is made. What fails among several is told at once and raised, summed up, at the end.

    Before anyone is asked to consent, the stores are proven. `again` gives the command for those that are missing.
    `hopeless` are those that nobody need be asked about, and why; `done` is what has been done with the others.
    """
    authorization.prove_ready(edges)
    failed = dict(hopeless)
    is_alone = len(wanted) + len(hopeless) == 1
    for error in () if is_alone else failed.values():
        edges.screen.error(error)
    made: list[Scope] = []
    for position, one in enumerate(wanted, 1):
        try:
            outcome = _ask(edges, manner, one, f"{position} of {len(wanted)}: " if len(wanted) > 1 else "")
        except (errors.NotAuthorized, errors.AmazonTrouble, errors.ThisMachine, errors.NotFound) as error:
            if is_alone:
                raise
            failed[one.scope] = error
            edges.screen.error(error)
            if isinstance(error, errors.TimedOut | errors.ClientRejected | errors.ThisMachine):
                break  # nobody is there any more, or the next consent would end the same way
            continue
        made.append(one.scope)
        yield outcome.connection
        if outcome.trouble is not None:
            outcome.trouble.hint = f"the token is kept, unchecked: sp-connect verify {one.scope.flags}"
            if is_alone:
                raise outcome.trouble
            failed[one.scope] = outcome.trouble
    if is_alone and failed:
        raise next(iter(failed.values()))
    if failed:
        missing = [scope for scope in (*(one.scope for one in wanted), *hopeless) if scope not in made]
        raise _summed_up(made, missing, list(failed.values()), again, done)


def _ask(edges: Edges, manner: Manner, wanted: Wanted, counted: str) -> authorization.Outcome:
    """One consent, from the open door to the record. The door is open before the address exists."""
    inbox: queue.SimpleQueue[consent.Arrival] = queue.SimpleQueue()
    screen, scope, app = edges.screen, wanted.scope, wanted.app
    with ExitStack() as stack:
        if not manner.paste:
            from sp_connect import listener

            stack.enter_context(listener.door(app, inbox.put, edges.amazon.at, simulated=screen.simulated))
        before = edges.connections.get(scope)
        conversation.opening(screen, scope, app, counted, before, replaces=wanted.guard.replace)
        asked = consent.begin(app, scope, away=manner.paste)
        address = edges.amazon.at(asked.address)
        conversation.address(screen, address)
        obstacle = manner.open_page(asked, address)
        if manner.paste:
            conversation.paste_to_finish(screen, obstacle)
        elif obstacle is not None:
            conversation.open_elsewhere(screen, obstacle, app.listen, can_paste=edges.person.is_there())
        stack.enter_context(edges.person.pasting(lambda text: _take(edges, app, inbox, text)))
        stack.enter_context(conversation.waiting(screen, manner.timeout))
        arrivals = _arriving(inbox, manner.timeout)
        outcome = authorization.complete(edges, asked, wanted.client_secret, wanted.guard, arrivals)
    if outcome is None:
        raise errors.TimedOut(scope, manner.timeout)
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
    made: Sequence[Scope],
    missing: Sequence[Scope],
    failures: Sequence[errors.SpConnectError],
    again: Callable[[Sequence[Scope]], str],
    done: str,
) -> errors.Several:
    """Places alone where all are of one seller, as the countries of the Far East are."""
    is_one = len({scope.seller for scope in (*made, *missing)}) == 1
    kept, lacking = (words.listed([s.place if is_one else str(s) for s in scopes]) for scopes in (made, missing))
    said = f"{done.capitalize()}: {kept}. " if made else ""
    if not missing:
        return errors.Several(f"{said}Not all of it could be checked.", failures)
    return errors.Several(f"{said}Not {done}: {lacking}.", failures, again(missing))
