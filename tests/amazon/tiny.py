"""A tiny real server in the place of Amazon, of a proxy, or of both: it answers what it was given, in order."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sp_connect.amazon.client import Amazon


@dataclass(frozen=True)
class Reply:
    """One answer; status 0 breaks the connection instead, `write` sends the body in its own way."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    write: Callable[[BaseHTTPRequestHandler], None] | None = None


BREAK = Reply(0)


@dataclass
class Tiny:
    """The server from the test's side: what it was asked, and what it still answers. The last reply is repeated."""

    replies: list[Reply]
    base: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return self.base.partition("//")[2]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    tiny: Tiny

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        tiny = self.server.tiny
        tiny.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        tiny.headers.append({name.lower(): value for name, value in self.headers.items()})
        tiny.asked.append((self.command, self.path))
        reply = tiny.replies.pop(0) if len(tiny.replies) > 1 else tiny.replies[0]
        self.close_connection = reply.status == 0 or reply.write is not None
        if reply.status == 0:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.write is not None:
            self.end_headers()
            reply.write(self)
            return
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nobody reads it."""


@contextmanager
def serving(*replies: Reply, context: ssl.SSLContext | None = None) -> Iterator[Tiny]:
    server = Server(("127.0.0.1", 0), Handler)
    server.tiny = tiny = Tiny(list(replies) or [Reply()])
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    tiny.base = f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield tiny
    finally:
        tiny.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Watched:
    """An Amazon whose pauses take no time, and what it told and paused."""

    amazon: Amazon
    story: list[str]
    pauses: list[float]


def watched(base: str | None) -> Watched:
    story: list[str] = []
    pauses: list[float] = []
    return Watched(Amazon(base, story.append, pauses.append), story, pauses)


def within(pauses: Sequence[float], least: Sequence[float]) -> bool:
    """Whether each pause is the one expected, with at most a quarter of chance added."""
    return len(pauses) == len(least) and all(
        low <= pause <= low * 1.25 for pause, low in zip(pauses, least, strict=True)
    )
