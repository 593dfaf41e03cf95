"""A visitor at the door: bytes in, bytes out."""

from __future__ import annotations

import queue
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sp_connect.amazon import consent, geography
from sp_connect.authorization import listener
from sp_connect.models import App, Consent
from tests.agency import free_port
from tests.stores.samples import app

CONFIRM = "https://sellercentral.amazon.com/apps/authorize/confirm/amzn1.sp.solution.sample"


@dataclass
class Visited:
    """An open door, its app and consent, and the queue of what it delivered."""

    app: App
    asked: Consent
    door: listener.Door
    notices: list[listener.Notice]
    inbox: queue.SimpleQueue[listener.Arrival] = field(default_factory=queue.SimpleQueue)

    @property
    def listen(self) -> str:
        return self.app.listen

    @property
    def place(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def callback(self, **changes: str) -> str:
        """The target of a true callback, changed."""
        sent = {"state": self.asked.state, "selling_partner_id": "A2EXAMPLE1234", "spapi_oauth_code": "ANcode"}
        return f"/callback?{urlencode(sent | changes)}"

    def knock(self, request: str | bytes = b"") -> socket.socket:
        """A connection on which `request` was sent."""
        connection = socket.create_connection(self.place, timeout=10)
        with suppress(OSError):  # the door may close before all of it is written
            connection.sendall(request.encode() if isinstance(request, str) else request)
        return connection

    def ask(self, target: str, method: str = "GET", host: str | None = None, more: str = "") -> str:
        return f"{method} {target} HTTP/1.1\r\nHost: {host or self.listen}\r\n{more}\r\n"

    def raw(self, request: str | bytes) -> bytes:
        """The whole answer to `request`; what a reset leaves of it."""
        with self.knock(request) as connection:
            return rest(connection)

    def get(self, target: str, method: str = "GET", host: str | None = None, more: str = "") -> bytes:
        return self.raw(self.ask(target, method, host, more))

    def hop(self, **more: str) -> str:
        """The target of a Login-URI hop."""
        return f"/callback?{urlencode({'amazon_callback_uri': CONFIRM, 'amazon_state': 'x'} | more)}"

    def next(self) -> listener.Arrival:
        return self.inbox.get(timeout=5)

    def is_untouched(self) -> bool:
        return self.inbox.empty()


def rest(connection: socket.socket) -> bytes:
    answer = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            answer += part
    return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def head(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    pairs = [line.partition(": ") for line in lines]
    assert len({name.lower() for name, _, _ in pairs}) == len(pairs)
    return {name.lower(): value for name, _, value in pairs}


@contextmanager
def opened(
    deliver: Callable[[Visited, listener.Arrival], None] | None = None,
    at: Callable[[str], str] = lambda address: address,
    listen: str | None = None,
    users: frozenset[int] | None = None,
) -> Iterator[Visited]:
    of = app(listen=listen or f"127.0.0.1:{free_port()}")
    notices: list[listener.Notice] = []

    def hand_over(arrival: listener.Arrival) -> None:
        if deliver is not None:
            deliver(visited, arrival)
        else:
            visited.inbox.put(arrival)

    with listener.door(of, hand_over, at, notices.append, users=users) as door:
        visited = Visited(of, consent.begin(of, geography.scope("acme", "eu")), door, notices)
        yield visited


def decide(visited: Visited, arrival: listener.Arrival) -> None:
    """Answers as `connect` does; a grant is left for the test."""
    found = consent.first_grant([arrival], visited.asked)
    if found is not None:
        visited.inbox.put(found[0])
