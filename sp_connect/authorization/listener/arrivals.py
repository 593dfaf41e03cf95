"""Requests that reach the listener; each browser waits until the program has decided how to answer it."""

from __future__ import annotations

import queue
from collections.abc import Callable

from sp_connect import errors
from sp_connect.amazon import consent
from sp_connect.authorization.listener import limits
from sp_connect.models import Connection
from sp_connect.pages import landing


class Arrival:
    """A GET of our path: its query, and a browser that waits for its page (a `consent.Arrival`).

    `at` says where an address of Amazon really is; `simulated` is said on the page.
    """

    def __init__(self, query: str, at: Callable[[str], str], *, simulated: bool = False) -> None:
        self._query = query
        self._at = at
        self._simulated = simulated
        self._answer: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self.is_undecided = True

    @property
    def parameters(self) -> consent.Parameters:
        """The query, taken apart by whoever decides: what waits for that is no larger than what was sent."""
        return consent.query(self._query)

    def turn_away(self, why: str) -> None:  # noqa: ARG002 - a stranger is told nothing
        self._decide(400, landing.stranger())

    def send_on(self, address: str) -> None:
        self._decide(302, self._at(address))

    def conclude(self, outcome: Connection | errors.SpConnectError) -> None:
        self._decide(200, landing.outcome(outcome, simulated=self._simulated))

    def leave(self) -> None:
        """Mark that the arrival will get no decision."""
        self._answer.put((200, landing.waiting()))

    def answer(self) -> tuple[int, str]:
        """Status with the page, or 302 with the address to go to. Waits for whoever decides."""
        try:
            return self._answer.get(timeout=limits.HELD_SECONDS)
        except queue.Empty:
            return 200, landing.waiting()

    def _decide(self, status: int, content: str) -> None:
        self._answer.put((status, content))
        self.is_undecided = False
