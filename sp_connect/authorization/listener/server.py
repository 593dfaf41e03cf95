"""The listener's socket: a thread for each connection, bounded in number and time (hazards.md 1.1)."""

from __future__ import annotations

import errno
import os
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sp_connect.authorization import loopback
from sp_connect.authorization.listener import limits
from sp_connect.authorization.listener.arrivals import Arrival
from sp_connect.authorization.listener.notices import Notice
from sp_connect.authorization.listener.opening import Opening
from sp_connect.authorization.listener.requests import Handler


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    # Lets a port be taken again right after its last use; on Windows it would let two programs share it.
    allow_reuse_address = os.name == "posix"
    # A full queue costs the next client a second: the kernel drops its first knock and it knocks again.
    request_queue_size = 1024

    def __init__(
        self,
        listen: str,
        deliver: Callable[[Arrival], None],
        arrive: Callable[[str], Arrival],
        notify: Callable[[Notice], None],
        users: frozenset[int],
    ) -> None:
        where = loopback.host_and_port(listen)
        if where is None:  # config.toml is edited by hand, and an empty host would mean every interface
            raise OSError(errno.EADDRNOTAVAIL, "not a loopback address with a port")
        if ":" in where[0]:
            self.address_family = socket.AF_INET6
        self.listen = listen
        self.opening: Opening | None = None
        self.notify = notify
        self.users = users
        self._deliver = deliver
        self._arrive = arrive
        self._lock = threading.Lock()
        self._asking: dict[int, tuple[socket.socket, float]] = {}
        self._held: set[Arrival] = set()
        self._undecided: list[Arrival] = []
        self._answering: set[threading.Thread] = set()
        quarter = limits.files_at_most() // 4  # half is left for what the program itself opens meanwhile
        self._most_sockets, self._most_held = min(limits.MOST_SOCKETS, quarter), min(limits.MOST_HELD, quarter)
        super().__init__(where, Handler)

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
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # there are too many threads: this one is answered in turn
            self.process_request_thread(request, client_address)

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
            late = time.monotonic() - limits.ASKING_SECONDS
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
            if len(self._undecided) >= limits.MOST_UNDECIDED:
                self._undecided = [one for one in self._undecided if one.is_undecided]
            is_taken = len(self._undecided) < limits.MOST_UNDECIDED
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
        end = time.monotonic() + limits.CLOSING_SECONDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


def _hang_up(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
