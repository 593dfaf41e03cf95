"""The loopback door: opens on the app's address, delivers what arrives at its one path, and closes.

It does not decide what an arrival means. Everything but a GET of the path, and of a one-time address, is answered 404
and changes nothing; each arrival's browser waits for whoever decides what it is shown. It turns away what comes from
another user of the machine, and a Login-URI hop in another browser than the one that was opened. What it is up
against: hazards.md sections 1 and 2.7.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sp_connect import errors
from sp_connect.authorization.listener import peers
from sp_connect.authorization.listener.arrivals import Arrival
from sp_connect.authorization.listener.notices import Notice
from sp_connect.authorization.listener.opening import Opening
from sp_connect.authorization.listener.server import Server
from sp_connect.models import App
from sp_connect.process import threads

__all__ = ["Arrival", "Door", "Notice", "Opening", "door"]


class Door:
    """The open door."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def opening(self, address: str) -> Opening:
        """A one-time address of the listener that leads to `address`, for a browser of this machine."""
        self._server.opening = Opening(self._server.listen, address)
        return self._server.opening


@contextmanager
def door(
    app: App,
    deliver: Callable[[Arrival], None],
    at: Callable[[str], str],
    notify: Callable[[Notice], None] = lambda _: None,
    *,
    simulated: bool = False,
    users: frozenset[int] | None = None,
) -> Iterator[Door]:
    """Listens on the app's address for as long as the block runs. Raises PortTaken.

    `notify` is told of each browser that was turned away at the door; it is called in other threads, as `deliver`
    is. `users` are those whose browsers are answered, where it is known whose they are: `peers.ours` unless given.
    """
    ours = peers.ours(os.environ) if users is None else users
    try:
        server = Server(app.listen, deliver, partial(Arrival, at=at, simulated=simulated), notify, ours)
    except OSError as error:
        raise errors.PortTaken(app.listen, app.name, (error.strerror or "it cannot").lower()) from None
    serving = threads.start(partial(server.serve_forever, 0.05))
    if serving is None:
        server.server_close()
        raise errors.Exhausted("threads")
    try:
        yield Door(server)
    finally:
        # The loop ends before its socket closes: the other way round the port stays taken (hazards.md 1.8).
        server.shutdown()
        server.server_close()
        serving.join()
