"""Messages of `connect` while it waits: the steps at Amazon, the address, the time left. All on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sp_connect import words
from sp_connect.amazon.consent import Arrival, Parameters
from sp_connect.errors import SpConnectError
from sp_connect.models import App, Connection, Scope
from sp_connect.process import foreground
from sp_connect.terminal import text
from sp_connect.terminal.screen import Screen

if TYPE_CHECKING:
    from rich.text import Text


def opening(screen: Screen, scope: Scope, app: App, counted: str, before: Connection | None, *, replaces: bool) -> None:
    """Prints the seller and place, the expected account if known, and the person's steps at Amazon.

    `counted` is "1 of 2: " where there are several.
    """
    moves = before is not None and not replaces and before.app != app.name
    doing = "Moving" if moves else "Replacing the account of" if replaces else "Renewing"
    to = f" to the app {app.name}, access level {app.access_level}" if moves else ""
    screen.say()
    screen.say(_heading(f"{counted}{doing if before else 'Connecting'} ", scope.seller, f" in {scope.place}{to}"))
    account = f", {before.selling_partner_id}" if before and not replaces else ""
    screen.say(f"  1  Sign in to {scope.seller}'s Seller Central{account}; look at the account name at the top.")
    screen.say("  2  Read what the app may do, and choose Confirm.")
    screen.say()


def address(screen: Screen, address: str) -> None:
    """The address, before anything opens it."""
    screen.say("Amazon's page:", style="dim")
    screen.address(address)
    screen.say()


def paste_to_finish(screen: Screen, obstacle: str | None) -> None:
    """--paste: the answer comes back by hand."""
    if obstacle is not None:
        screen.say(f"No browser was opened ({obstacle}). Open the address above yourself.")
    screen.say("After Confirm the browser shows an address to copy. Paste it here and press Enter.")


def open_elsewhere(screen: Screen, obstacle: str, listen: str, *, can_paste: bool) -> None:
    """No browser opened here; the one that does may be on another machine, where the answer finds no listener."""
    screen.say(f"No browser was opened ({obstacle}). Open the address above yourself.")
    host, _, port = listen.rpartition(":")
    paste = "paste here the address it ends on, or " if can_paste else ""
    screen.say(
        f"If that browser is on another machine, {paste}sign in to this one with ssh -L {port}:{host}:{port} first.",
        style="dim",
    )


class TurnedAway:
    """Answers that arrived during a wait and were not accepted; keeps the reason for the last one."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._told: set[str] = set()
        self.last: str | None = None

    def note(self, why: str) -> None:
        self.last = why

    def at_the_door(self, what: str, step: str) -> None:
        """A browser that the listener turned away. That is said at once, and once."""
        self.last = what
        if what not in self._told:
            self._told.add(what)
            self._screen.say(f"{what} It was refused. {step}")


class Pasted:
    """An address that a person pasted: an arrival (`consent.Arrival`) whose answers are words on the terminal."""

    def __init__(
        self, screen: Screen, parameters: Parameters, at: Callable[[str], str], turned_away: TurnedAway
    ) -> None:
        self.parameters = parameters
        self._screen = screen
        self._at = at
        self._turned_away = turned_away

    def turn_away(self, why: str) -> None:
        self._turned_away.note(why)
        self._screen.say(f"{why} Still waiting.")

    def send_on(self, address: str) -> None:
        self._screen.say("Amazon wants the browser back once more. Open this there, then paste where it ends:")
        self._screen.address(self._at(address))

    def conclude(self, outcome: Connection | SpConnectError) -> None:
        """The card, or the error, tells it."""


class Followed:
    """An arrival (`consent.Arrival`) of which --verbose prints what became of it."""

    def __init__(self, screen: Screen, arrival: Arrival, turned_away: TurnedAway) -> None:
        self._screen = screen
        self._arrival = arrival
        self._turned_away = turned_away

    @property
    def parameters(self) -> Parameters:
        return self._arrival.parameters

    def turn_away(self, why: str) -> None:
        self._turned_away.note(why)
        self._screen.story(f"a browser sent something else and is refused: {why}")
        self._arrival.turn_away(why)

    def send_on(self, address: str) -> None:
        self._screen.story("Amazon wants the browser back once more; it is sent there")
        self._arrival.send_on(address)

    def conclude(self, outcome: Connection | SpConnectError) -> None:
        self._screen.story("the browser shows the result")
        self._arrival.conclude(outcome)


@contextmanager
def waiting(screen: Screen, seconds: float, skip: str | None) -> Iterator[None]:
    """Shows what is waited for, how long is left, and how to give up; a still line where nobody looks.

    `skip` is what is typed to leave out this one of several, if that can be.
    """
    ways_out = f"{skip} Enter skips it  Ctrl-C gives up" if skip else "Ctrl-C gives up"
    if screen.quiet:
        yield
    elif not screen.err.is_terminal or not foreground.is_ours(screen.err.file):
        screen.say(f"Waiting up to {words.span(seconds)} for the confirmation; {ways_out.replace('  ', ', ')}.")
        yield
    else:
        from rich.live import Live
        from rich.spinner import Spinner

        end = time.monotonic() + seconds
        spinner = Spinner("dots")

        def left() -> Spinner:
            rest = max(0, round(end - time.monotonic()))
            spinner.update(text=f"Waiting for the confirmation  {rest // 60}:{rest % 60:02} left  {ways_out}")
            return spinner

        class Still(Live):
            """Draws nothing while another job has the terminal: it would draw over what is typed there."""

            def refresh(self) -> None:
                if foreground.is_ours(screen.err.file):
                    super().refresh()

        with Still(get_renderable=left, console=screen.err, transient=True, refresh_per_second=8):
            yield


def skipped(screen: Screen, connection: Connection) -> None:
    """Of several, one that is connected already."""
    scope = connection.scope
    screen.say(f"{scope} is already connected, as {connection.selling_partner_id}; it was left unchanged.")


def covered(screen: Screen, scope: Scope, whole: Connection) -> None:
    """A connection for one country of an account whose region is connected: it is of no use."""
    screen.say(
        f"{whole.selling_partner_id} is also connected as {whole.scope}, which covers {scope.place}: the connection "
        f"for {scope.place} only adds a yearly consent. To end it: sp-connect revoke {scope.flags}"
    )


def kept_as_region(screen: Screen, asked: Scope, made: Connection) -> None:
    """A consent for one country, by an account that sells beyond it: one connection holds them all."""
    screen.say(
        f"{made.selling_partner_id} sells beyond {asked.place}, so it was saved as {made.scope}: "
        f"{' '.join(made.sells_in)}. Its commands take: {made.scope.flags}"
    )


def other_store(screen: Screen, before: Connection | None, made: Connection) -> None:
    """A renewal by the same Selling Partner ID whose store has another name than at the last check."""
    if before is None or before.selling_partner_id != made.selling_partner_id:
        return
    names = {one.id: one.store_name for one in before.marketplaces if one.store_name}
    changed = [
        one for one in made.marketplaces if one.store_name and names.get(one.id, one.store_name) != one.store_name
    ]
    if changed:
        now, was = text.literal(changed[0].store_name or ""), text.literal(names[changed[0].id])
        where = words.listed([one.country for one in changed])
        screen.say(
            f"The store in {where} was called {was} and is now called {now}. Is it still {made.scope.seller}'s account?"
        )


def seat_is_kept(screen: Screen, before: Connection, at_amazon: str) -> None:
    """After a move to another app: the consent for the old one stands at Amazon until the seller ends it."""
    screen.say(
        f"The consent for the app {before.app} is still active at Amazon and takes one of its seats. "
        "The seller ends it under Apps and Services, Manage Your Apps:"
    )
    screen.address(at_amazon)


def check(screen: Screen, connection: Connection) -> None:
    """The question that the card is for; first the command that checks the account, if nothing has yet."""
    if connection.standing == "unchecked":
        screen.say(f"Amazon was not asked about the account. To check it: sp-connect verify {connection.scope.flags}")
    screen.say(
        f"Is {connection.selling_partner_id} {connection.scope.seller}? "
        "Seller Central shows the same ID as the merchant token, under Account Info.",
        style="dim",
    )


def _heading(before: str, seller: str, after: str) -> Text:
    from rich.text import Text

    return Text.assemble(before, (text.literal(seller), "bold"), text.literal(after))
