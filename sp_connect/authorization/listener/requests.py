"""One request at the listener: whether it is answered at all, and how the answer is sent."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast

from sp_connect import pages
from sp_connect.amazon import consent
from sp_connect.authorization.listener import limits, notices, peers
from sp_connect.authorization.listener.notices import Notice
from sp_connect.authorization.listener.opening import Opening
from sp_connect.pages import landing

if TYPE_CHECKING:
    from io import BufferedIOBase

    from sp_connect.authorization.listener.server import Server

CALLBACK_PATH = "/callback"


class Head:
    """The head of a request, up to limits.LONGEST_HEAD; `is_over` says that it was longer. Bodies are not read."""

    def __init__(self, source: BufferedIOBase) -> None:
        self._source = source
        self._left = limits.LONGEST_HEAD

    @property
    def is_over(self) -> bool:
        return self._left <= 0

    def readline(self, size: int) -> bytes:
        line = self._source.readline(min(size, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        self._source.close()


class Handler(BaseHTTPRequestHandler):
    timeout = limits.ASKING_SECONDS
    server: Server

    def setup(self) -> None:
        super().setup()
        self._head = Head(self.rfile)
        self.rfile = cast("BufferedIOBase", self._head)

    def do_GET(self) -> None:
        target = self.requestline.split()[1]  # `self.path` has fewer slashes where several began it
        path, _, query = target.partition("?")
        hosts = self.headers.get_all("Host", [])
        is_long = self._head.is_over or len(target) > limits.LONGEST_TARGET
        opening = self.server.opening
        visited = opening if opening is not None and opening.is_at(target) else None
        if (path != CALLBACK_PATH and visited is None) or hosts != [self.server.listen] or is_long:
            self.send_error(404)
        elif self._is_prefetch():
            # A page fetched ahead of the person's click would spend the one answer.
            self._send(204, "")
        else:
            self.server.has_asked(self.connection)
            self._answer(query, visited)

    def _answer(self, query: str, visited: Opening | None) -> None:
        user = peers.user_of(self.connection)
        if user is not None and user not in self.server.users:
            self._turn_away(notices.other_user(peers.name_of(user)), landing.other_user())
        elif visited is not None:
            self._open(visited)
        elif consent.is_hop(query) and not self._was_opened():
            self._turn_away(notices.OTHER_BROWSER, landing.other_browser())
        else:
            status, content = self.server.receive(query)
            self._send(status, content)

    def _open(self, opening: Opening) -> None:
        if opening.admits(self._cookies()):
            self._send(302, opening.address, cookie=opening.cookie)
        else:
            self._turn_away(notices.OPENED_TWICE, landing.opened_already())

    def _was_opened(self) -> bool:
        """Whether the client is the browser that was opened, where one was opened at a one-time address."""
        opening = self.server.opening
        return opening is None or not opening.is_used or opening.is_known(self._cookies())

    def _turn_away(self, notice: Notice, page: str) -> None:
        self.server.notify(notice)
        self._send(403, page)

    def _cookies(self) -> list[str]:
        return [str(header) for header in self.headers.get_all("Cookie", [])]

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Everything else, whatever its fault: one page, which repeats nothing of what was sent."""
        self._send(404, landing.absent())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Nothing is logged: the query holds the authorization code."""

    def _is_prefetch(self) -> bool:
        purposes = (self.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
        return any("prefetch" in purpose.lower() or "preview" in purpose.lower() for purpose in purposes)

    def _send(self, status: int, content: str, cookie: str = "") -> None:
        body = b"" if status in {204, 302} else content.encode()
        self.request_version = "HTTP/1.0"  # to 0.9, which garbage is taken for, an answer would go without its headers
        self.send_response_only(status)
        for name, value in pages.headers().items():
            self.send_header(name, value)
        if status == 302:
            self.send_header("Location", content)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
