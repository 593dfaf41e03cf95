"""The loopback door: opens on the app's address, delivers what arrives at its one path, and closes.

It decides nothing. Everything but a GET of the path is answered 404 and changes nothing; each arrival's browser
waits for whoever decides what it is shown. What it is up against: hazards.md section 1.
"""

from __future__ import annotations

import errno
import os
import queue
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast

from sp_connect import errors, loopback, pages
from sp_connect.amazon import consent
from sp_connect.models import App, Connection
from sp_connect.pages import landing

if TYPE_CHECKING:
    from io import BufferedIOBase

CALLBACK_PATH = "/callback"

ASKING_SECONDS = 5.0
"""How long a client may take to ask, silent or byte by byte: browsers open sockets that they never use."""

MOST_SOCKETS = 256
"""Beyond this many at once that have not asked yet, the one that came first makes room."""

MOST_HELD = 256
"""Browsers that are kept waiting for their page at once; the next is told at once that nothing is known yet."""

MOST_UNDECIDED = 1024
"""Arrivals that nobody has looked at. So many come only while the awaited answer is worked on: the next are dropped."""

LONGEST_TARGET = 16 * 1024

LONGEST_HEAD = 32 * 1024
"""Bytes of a request line with its headers: the parsed form takes several times as much."""

HELD_SECONDS = 100.0
"""How long a browser is kept waiting for its page; where Amazon takes longer still, the terminal alone tells."""

CLOSING_SECONDS = 2.0
"""How long the last pages may take to be sent."""


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
        """Nobody will say what came of it."""
        self._answer.put((200, landing.waiting()))

    def answer(self) -> tuple[int, str]:
        """Status with the page, or 302 with the address to go to. Waits for whoever decides."""
        try:
            return self._answer.get(timeout=HELD_SECONDS)
        except queue.Empty:
            return 200, landing.waiting()

    def _decide(self, status: int, content: str) -> None:
        self._answer.put((status, content))
        self.is_undecided = False


@contextmanager
def door(
    app: App, deliver: Callable[[Arrival], None], at: Callable[[str], str], *, simulated: bool = False
) -> Iterator[None]:
    """Listens on the app's address for as long as the block runs. Raises PortTaken."""
    try:
        server = _Server(app.listen, deliver, partial(Arrival, at=at, simulated=simulated))
    except OSError as error:
        raise errors.PortTaken(app.listen, app.name, (error.strerror or "it cannot").lower()) from None
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    try:
        yield
    finally:
        # The loop ends before its socket closes: the other way round the port stays taken (hazards.md 1.8).
        server.shutdown()
        server.server_close()
        serving.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    # Lets a port be taken again right after its last use; on Windows it would let two programs share it.
    allow_reuse_address = os.name == "posix"
    # A full queue costs the next client a second: the kernel drops its first knock and it knocks again.
    request_queue_size = 1024

    def __init__(self, listen: str, deliver: Callable[[Arrival], None], arrive: Callable[[str], Arrival]) -> None:
        where = loopback.host_and_port(listen)
        if where is None:  # config.toml is edited by hand, and an empty host would mean every interface
            raise OSError(errno.EADDRNOTAVAIL, "not a loopback address with a port")
        if ":" in where[0]:
            self.address_family = socket.AF_INET6
        self.listen = listen
        self._deliver = deliver
        self._arrive = arrive
        self._lock = threading.Lock()
        self._asking: dict[int, tuple[socket.socket, float]] = {}
        self._held: set[Arrival] = set()
        self._undecided: list[Arrival] = []
        self._answering: set[threading.Thread] = set()
        quarter = _files_at_most() // 4  # half is left for what the program itself opens meanwhile
        self._most_sockets, self._most_held = min(MOST_SOCKETS, quarter), min(MOST_HELD, quarter)
        super().__init__(where, _Handler)

    def server_bind(self) -> None:
        if sys.platform == "win32":  # else another program could take the port from us while we listen
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._asking[id(request)] = request, time.monotonic()
            is_full = len(self._asking) > self._most_sockets
            eldest = self._asking.pop(next(iter(self._asking)))[0] if is_full else None
        if eldest is not None:
            _hang_up(eldest)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        thread = threading.current_thread()
        with self._lock:
            self._answering.add(thread)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._asking.pop(id(request), None)
                self._answering.discard(thread)

    def service_actions(self) -> None:
        """Between two looks at the door, whoever has been asking for too long is sent away."""
        with self._lock:
            late = time.monotonic() - ASKING_SECONDS
            slow = [key for key, (_, since) in self._asking.items() if since < late]
            gone = [self._asking.pop(key)[0] for key in slow]
        for request in gone:
            _hang_up(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is no news, and a traceback on the terminal would hide the address to open."""

    def has_asked(self, request: socket.socket) -> None:
        with self._lock:
            self._asking.pop(id(request), None)

    def receive(self, query: str) -> tuple[int, str]:
        arrival = self._arrive(query)
        with self._lock:
            if len(self._undecided) >= MOST_UNDECIDED:
                self._undecided = [one for one in self._undecided if one.is_undecided]
            is_taken = len(self._undecided) < MOST_UNDECIDED
            is_held = is_taken and len(self._held) < self._most_held
            if is_taken:
                self._undecided.append(arrival)
            if is_held:
                self._held.add(arrival)
            else:
                arrival.leave()
        if is_taken:
            self._deliver(arrival)
        try:
            return arrival.answer()
        finally:
            with self._lock:
                self._held.discard(arrival)

    def server_close(self) -> None:
        super().server_close()
        with self._lock:
            asking, held, threads = list(self._asking.values()), list(self._held), list(self._answering)
        for arrival in held:
            arrival.leave()
        for request, _ in asking:
            _hang_up(request)
        end = time.monotonic() + CLOSING_SECONDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


class _Head:
    """What a client sends, up to LONGEST_HEAD: there it ends, and `is_over` says so. Nobody reads a body."""

    def __init__(self, source: BufferedIOBase) -> None:
        self._source = source
        self._left = LONGEST_HEAD

    @property
    def is_over(self) -> bool:
        return self._left <= 0

    def readline(self, size: int) -> bytes:
        line = self._source.readline(min(size, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        self._source.close()


class _Handler(BaseHTTPRequestHandler):
    timeout = ASKING_SECONDS
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._head = _Head(self.rfile)
        self.rfile = cast("BufferedIOBase", self._head)

    def do_GET(self) -> None:
        target = self.requestline.split()[1]  # `self.path` has fewer slashes where several began it
        path, _, query = target.partition("?")
        hosts = self.headers.get_all("Host", [])
        is_long = self._head.is_over or len(target) > LONGEST_TARGET
        if path != CALLBACK_PATH or hosts != [self.server.listen] or is_long:
            self.send_error(404)
        elif self._is_prefetch():
            # A page fetched ahead of the person's click would spend the one answer.
            self._send(204, "")
        else:
            self.server.has_asked(self.connection)
            status, content = self.server.receive(query)
            self._send(status, content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Everything else, whatever its fault: one page, which repeats nothing of what was sent."""
        self._send(404, landing.absent())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Nothing is logged: the query holds the authorization code."""

    def _is_prefetch(self) -> bool:
        purposes = (self.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
        return any("prefetch" in purpose.lower() or "preview" in purpose.lower() for purpose in purposes)

    def _send(self, status: int, content: str) -> None:
        body = b"" if status in {204, 302} else content.encode()
        self.request_version = "HTTP/1.0"  # to 0.9, which garbage is taken for, an answer would go without its headers
        self.send_response_only(status)
        for name, value in pages.headers().items():
            self.send_header(name, value)
        if status == 302:
            self.send_header("Location", content)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _hang_up(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


def _files_at_most() -> int:
    """How many files and sockets this process may have open at once."""
    if sys.platform == "win32":
        return 4 * MOST_SOCKETS  # where sockets are none of the files that are counted
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 4 * MOST_SOCKETS if most == resource.RLIM_INFINITY else most
