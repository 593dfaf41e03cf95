"""Consents at this machine, one after another: the open door, the browser, the wait.

What `connect`, `renew` and `upgrade` share. They say which consents to ask for; here each is asked for, and its
answer waited for, from the listener and from a person who pastes alike. What becomes of it is `authorization`'s.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sp_connect import access, errors, models, words
from sp_connect.amazon import consent
from sp_connect.authorization import grant
from sp_connect.browser import Opener
from sp_connect.models import App, Connection, Scope, Secret
from sp_connect.runtime import Runtime
from sp_connect.views import conversation

if TYPE_CHECKING:
    from sp_connect.authorization.listener import Door

TICK = 0.2
"""Seconds between looks at the clock, so that Ctrl-C is heard on Windows too."""

STANDSTILL = 2.0
LAST_LOOK = 10.0
"""A look at the clock that is so late says that everything stood still; so long is then waited at least."""

SKIP, KEEP_GOING = "s", "--keep-going"
"""The letter that, with Enter, skips one of several consents; and the flag that continues past a timeout."""

MOST_NAMED = 5
"""Places that a summary names; of more it says how many."""

Inbox = queue.SimpleQueue[consent.Arrival | None]
"""An arrival, or None if the person wants to skip."""


class Wanted(NamedTuple):
    """A consent to ask for: the place, the app with its client secret, and which account is the right one.

    `before` is the connection that is renewed, where one is.
    """

    scope: Scope
    app: App
    client_secret: Secret
    guard: grant.Guard
    before: Connection | None = None


class Asking(NamedTuple):
    """How consents are asked for, as the flags say it. `timeout` is the wait for each, in seconds.

    `keep_going` goes on with the next where nobody has answered, unasked.
    """

    paste: bool = False
    no_browser: bool = False
    browser: str | None = None
    timeout: int = 300
    keep_going: bool = False


class Manner(NamedTuple):
    """How consents are asked for, plus the browser opener."""

    asking: Asking
    open_page: Opener


def manner(runtime: Runtime, asking: Asking) -> Manner:
    """The manner that the flags mean. Raises Usage for what cannot be meant, or done here."""
    if asking.paste and not runtime.prompt.is_there():
        raise errors.Usage(
            "--paste waits for an address, and there is no terminal to paste it in.", "leave out --paste"
        )
    if asking.paste and not runtime.prompt.can_poll():
        raise errors.Usage(
            "--paste waits for an address, and a terminal of Windows is not heard meanwhile.",
            "sp-connect invite makes a link, sp-connect accept - takes the address that comes of it",
        )
    if asking.browser is not None and asking.no_browser:
        raise errors.Usage("--browser and --no-browser cannot be combined.", "leave out one of them")
    return Manner(asking, runtime.browser(asking.browser, refused=asking.no_browser))


def app_for(
    runtime: Runtime, scope: Scope, named: str | None, default: str, *, replaces: bool = False
) -> tuple[App, Secret]:
    """The app for a consent, with its client secret. A renewal stays with its own app, since rights hang on it.

    Raises OtherApp where another one is named, NoSuchApp and MissingToken.
    """
    before = runtime.connections.get(scope)
    if before is not None and not replaces:
        if named not in {None, before.app}:
            raise errors.OtherApp(scope, before.app, str(named))
        return access.app(runtime, before.app)
    return access.app(runtime, named or default)


def walk(
    runtime: Runtime,
    manner: Manner,
    wanted: Sequence[Wanted],
    again: Callable[[Sequence[Scope]], str],
    hopeless: Mapping[Scope, errors.SpConnectError] = MappingProxyType({}),
    done: str = "connected",
) -> Iterator[Connection]:
    """Each connection as it is made. What fails among several is told at once and raised, summed up, at the end.

    Where nobody answers, a person at the terminal is asked whether to go on, and where another account came, whether to
    try again; by typing SKIP they may leave one out. With nobody there the walk ends, unless it is to keep going.
    Before anyone is asked to consent, the stores are proven, and Amazon is asked once for each app. `again` gives the
    command for those that are missing. `hopeless` are those that nobody need be asked about, and why; `done` is what
    has been done with the others.
    """
    wanted, hopeless = _proven(runtime, wanted, hopeless)
    failed = dict(hopeless)
    is_alone = len(wanted) + len(hopeless) == 1
    for error in () if is_alone else dict.fromkeys(failed.values()):
        runtime.screen.error(error)
    made: list[Scope] = []
    wholes: list[Connection] = []
    goes_past = ""
    places = {one.scope: one.scope for one in wanted}
    for position, one in _uncovered(runtime, _as_they_are(runtime, wanted, places), wholes, made):
        try:
            counted = f"{position} of {len(wanted)}: " if len(wanted) > 1 else ""
            outcome = _ask_until_right(runtime, manner, one, counted)
        except errors.Skipped as error:
            failed[one.scope] = error
            runtime.screen.say(error.message)
            continue
        except (errors.NotAuthorized, errors.AmazonTrouble, errors.ThisMachine, errors.NotFound) as error:
            if is_alone:
                raise
            failed[one.scope] = error
            runtime.screen.error(error)
            if isinstance(error, errors.ClientRejected | errors.ThisMachine):
                break  # the next consent would end the same way
            if isinstance(error, errors.TimedOut) and not _goes_on(runtime, manner, wanted[position:]):
                goes_past = "" if runtime.prompt.can_answer() else f" {KEEP_GOING}"
                break
            continue
        made.append(one.scope)
        wholes += [outcome.connection] if outcome.connection.scope != one.scope else []
        yield outcome.connection
        remark(runtime, outcome)
        if outcome.trouble is not None:
            if is_alone:
                raise outcome.trouble
            failed[one.scope] = outcome.trouble
    if is_alone and failed:
        raise next(iter(failed.values()))
    if failed:
        missing = [scope for scope in (*places.values(), *hopeless) if scope not in made]
        raise _summed_up(made, missing, list(failed.values()), lambda scopes: again(scopes) + goes_past, done)


def _uncovered(
    runtime: Runtime, wanted: Iterator[tuple[int, Wanted]], wholes: Sequence[Connection], made: list[Scope]
) -> Iterator[tuple[int, Wanted]]:
    """The numbered consents to ask for, without the countries that a region's connection in `wholes` covers.

    `wholes` grows meanwhile: a country's consent may become the region's connection.
    """
    for position, one in wanted:
        whole = next((whole for whole in wholes if whole.covers(one.scope)), None)
        if whole is None:
            yield position, one
        else:
            conversation.skipped(runtime.screen, whole)
            made.append(one.scope)


def _as_they_are(
    runtime: Runtime, wanted: Sequence[Wanted], places: dict[Scope, Scope]
) -> Iterator[tuple[int, Wanted]]:
    """Each with its number as its turn comes: its seller may have another name by then, or be revoked.

    `places` are those that are wanted, and follow.
    """
    for position, one in enumerate(wanted, 1):
        if one.before is None or _is_there(runtime, one.scope):
            yield position, one
        elif renamed := access.renamed(runtime, one.before):
            places[one.scope] = renamed.scope
            yield position, one._replace(scope=renamed.scope)
        else:
            del places[one.scope]
            runtime.screen.say(f"{one.scope} was revoked while this ran and is skipped.")


def _is_there(runtime: Runtime, scope: Scope) -> bool:
    """Whether a place is connected, as far as its file can be read."""
    try:
        return runtime.connections.get(scope) is not None
    except errors.Damaged:
        return True


def _proven(
    runtime: Runtime, wanted: Sequence[Wanted], hopeless: Mapping[Scope, errors.SpConnectError]
) -> tuple[Sequence[Wanted], Mapping[Scope, errors.SpConnectError]]:
    """Those to ask for, now that nothing here is in the way: where Amazon refuses an app, its are hopeless too."""
    renewed, replaced = ([one.scope for one in wanted if one.guard.replace == replaces] for replaces in (False, True))
    grant.prove_ready(runtime, renewed, replaced)
    refused = grant.prove_amazon(runtime, ((one.app, one.client_secret) for one in wanted))
    lost = {one.scope: refused[one.app.name] for one in wanted if one.app.name in refused}
    return [one for one in wanted if one.scope not in lost], {**hopeless, **lost}


def remark(runtime: Runtime, outcome: grant.Outcome) -> None:
    """Print anything unexpected about a new connection: its place, its store's name, or that it is redundant."""
    made = outcome.connection
    if made.scope != outcome.asked:
        conversation.kept_as_region(runtime.screen, outcome.asked, made)
    conversation.other_store(runtime.screen, outcome.before, made)
    for covered, whole in models.covered(runtime.connections.of(made.scope.seller)):
        if made.scope in {covered.scope, whole.scope}:
            conversation.covered(runtime.screen, covered.scope, whole)


def _goes_on(runtime: Runtime, manner: Manner, left: Sequence[Wanted]) -> bool:
    """Whether the walk goes on after a wait that nobody ended."""
    if manner.asking.keep_going or not left:
        return True
    return runtime.prompt.confirm_default_yes(f"Go on with {left[0].scope}?", KEEP_GOING)


def _ask_until_right(runtime: Runtime, manner: Manner, wanted: Wanted, counted: str) -> grant.Outcome:
    """One consent; where the browser was signed in to another account, a person at the terminal may try again."""
    while True:
        try:
            return _ask(runtime, manner, wanted, counted)
        except (
            errors.WrongAccount, errors.UnexpectedAccount, errors.DuplicateAccount, errors.OtherCountry,
            errors.NotTheOwner,
        ) as error:  # fmt: skip
            if manner.asking.keep_going or not runtime.prompt.is_there():
                raise
            runtime.screen.say(error.message)
            if not runtime.prompt.confirm_default_yes(
                f"Sign out at Amazon, then try {wanted.scope} again?", KEEP_GOING
            ):
                raise


def _ask(runtime: Runtime, manner: Manner, wanted: Wanted, counted: str) -> grant.Outcome:
    """One consent, from the open door to the record. The door is open before the address exists."""
    inbox: Inbox = queue.SimpleQueue()
    screen, scope, app = runtime.screen, wanted.scope, wanted.app
    turned_away = conversation.TurnedAway(screen)
    with ExitStack() as stack:
        door = None if manner.asking.paste else stack.enter_context(_door(runtime, app, inbox, turned_away))
        before = runtime.connections.get(scope)
        conversation.opening(screen, scope, app, counted, before, replaces=wanted.guard.replace)
        asked = consent.begin(app, scope, away=manner.asking.paste)
        address = runtime.amazon.at(asked.address)
        conversation.address(screen, address)
        obstacle = manner.open_page(asked, address, None if door is None else door.opening(address))
        if manner.asking.paste:
            conversation.paste_to_finish(screen, obstacle)
        elif obstacle is not None:
            conversation.open_elsewhere(screen, obstacle, app.listen, can_paste=runtime.prompt.can_poll())
        can_skip = bool(counted) and runtime.prompt.can_poll()

        def take(text: str) -> None:
            _take(runtime, app, inbox, text, turned_away, can_skip=can_skip)

        stack.enter_context(runtime.prompt.pasting(take))
        stack.enter_context(conversation.waiting(screen, manner.asking.timeout, skip=SKIP if can_skip else None))
        arrivals = _arriving(inbox, scope, manner.asking.timeout)
        outcome = grant.complete(runtime, asked, wanted.client_secret, wanted.guard, arrivals)
    if outcome is None:
        raise errors.TimedOut(scope, manner.asking.timeout, turned_away.last)
    return outcome


@contextmanager
def _door(runtime: Runtime, app: App, inbox: Inbox, turned_away: conversation.TurnedAway) -> Iterator[Door]:
    """The listener while the block runs. Raises PortTaken."""
    from sp_connect.authorization import listener

    screen = runtime.screen

    def deliver(arrival: consent.Arrival) -> None:
        inbox.put(conversation.Followed(screen, arrival, turned_away))

    def notify(notice: listener.Notice) -> None:
        turned_away.at_the_door(*notice)

    with listener.door(app, deliver, runtime.amazon.at, notify, simulated=screen.simulated) as door:
        screen.story(f"listening on {app.listen}")
        yield door


def _arriving(inbox: Inbox, scope: Scope, seconds: float) -> Iterator[consent.Arrival]:
    """Yields arrivals until the deadline. Raises Skipped.

    What was sent while the machine was asleep, or the program stopped, is still on its way when the deadline is over.
    """
    looked = time.monotonic()
    end = looked + seconds
    while True:
        now = time.monotonic()
        if now - looked > STANDSTILL:
            end = max(end, now + LAST_LOOK)
        looked = now
        if (left := end - now) <= 0:
            return
        with suppress(queue.Empty):
            arrived = inbox.get(timeout=min(left, TICK))
            if arrived is None:
                raise errors.Skipped(scope)
            yield arrived
            looked = time.monotonic()  # whatever was done with it took its time


def _take(
    runtime: Runtime, app: App, inbox: Inbox, text: str, turned_away: conversation.TurnedAway, *, can_skip: bool
) -> None:
    if can_skip and text.lower() == SKIP:
        inbox.put(None)
        return
    try:
        parameters = consent.pasted(text, app, runtime.amazon.at)
    except errors.BadState as error:
        runtime.screen.say(f"{error.message} Still waiting.")
        return
    inbox.put(conversation.Pasted(runtime.screen, parameters, runtime.amazon.at, turned_away))


def _summed_up(
    made: Sequence[Scope],
    missing: Sequence[Scope],
    failures: Sequence[errors.SpConnectError],
    again: Callable[[Sequence[Scope]], str],
    done: str,
) -> errors.Several:
    """Places alone where all are of one seller, as the countries of the Far East are."""
    is_one = len({scope.seller for scope in (*made, *missing)}) == 1
    kept, lacking = (_named([s.place if is_one else str(s) for s in scopes]) for scopes in (made, missing))
    said = f"{done.capitalize()}: {kept}. " if made else ""
    if not missing:
        return errors.Several(f"{said}Not all of it could be checked.", failures)
    return errors.Several(f"{said}Not {done}: {lacking}.", failures, again(missing))


def _named(places: Sequence[str]) -> str:
    """The places in a sentence; of many the first, since each was told as it came."""
    more = len(places) - MOST_NAMED
    return words.listed(places if more < 2 else [*places[:MOST_NAMED], f"{more} more"])
