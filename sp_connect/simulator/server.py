"""Amazon in a box over real HTTP: `http://127.0.0.1:PORT/HOST/PATH` answers as `https://HOST/PATH` would.

Sockets and routes are here; what is answered is decided by the other modules. Listens on 127.0.0.1 alone.
"""

from __future__ import annotations

import dataclasses
import socketserver
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType, TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from sp_connect import errors, pages
from sp_connect.amazon import geography
from sp_connect.process import threads
from sp_connect.simulator import consent, control, fees, lwa, manage, sellers, spoiling
from sp_connect.simulator.faults import Endpoint
from sp_connect.simulator.messages import Answer, Request, nothing_here, page, text
from sp_connect.simulator.world import BUILT_IN, World

MOST_BYTES = 64 * 1024
SILENT_SECONDS = 10.0

RELAYS = MappingProxyType({BUILT_IN.redirect_uris[0]: "127.0.0.1:8723"})
"""The built-in app's redirect URI, and where its relay page finds the listener."""


class Simulator:
    """A simulated Amazon that answers while the block runs, or from `start` to `stop`.

    `relays` are the redirect URIs that are in the box too, each with the host and port of its listener: the
    browser finds the relay page at `{base_url}/agency.example/sp-connect`. Any other is redirected to
    as it is. Raises OSError where the port is taken.
    """

    def __init__(
        self,
        world: World,
        port: int = 0,
        relays: Mapping[str, str] = RELAYS,
        relay_page: Callable[[str], str] = pages.relay,
    ) -> None:
        self.world = world
        self._relays = {_bare(redirect_uri): listen for redirect_uri, listen in relays.items()}
        self._relay_page = relay_page
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), self.answer, world.now)
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """The value of SP_CONNECT_AMAZON_URL that leads to it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Answers from now on, in a thread of its own."""
        self._thread = threads.start(partial(self._server.serve_forever, 0.02))
        if self._thread is None:
            self._server.server_close()
            raise errors.Exhausted("threads")

    def stop(self) -> None:
        """Answers no more, and gives the port back."""
        self._stopping.set()
        if self._thread is not None:
            # The loop ends before its socket closes: else the port stays taken (hazards.md 1.8).
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, request: Request) -> Answer:
        """The answer to one request, spoiled if a fault is set for it."""
        faults = self.world.faults
        endpoint = _endpoint(request)
        self.world.count(endpoint or request.host)
        if endpoint is None:
            return self._route(request)
        delay = faults.take(endpoint, "delay")
        if delay:
            self._stopping.wait(delay.seconds)
        spoilt = faults.take(endpoint, "drop", "status", "html", "huge")
        if spoilt:
            return spoiling.instead(spoilt)
        answer = self._route(request)
        cut = len(answer.body) // 2 if faults.take(endpoint, "truncated") else None
        return dataclasses.replace(answer, cut=cut)

    def _route(self, request: Request) -> Answer:
        if request.host == "simulator":
            return control.answer(self.world, request)
        if request.host == lwa.HOST:
            return lwa.answer(self.world, request)
        if _endpoint(request) == "fees":
            return fees.answer(self.world, request)
        if request.host in sellers.REGION_OF:
            return sellers.answer(self.world, request)
        is_hop = request.path.startswith(consent.CONFIRM_PATH) and request.host in geography.NAMED_HOSTS
        if is_hop or request.host in geography.SELLER_HOSTS:
            return self._central(request)
        listen = self._relays.get(f"https://{request.host}{request.path}")
        if listen is not None and request.method == "GET":
            return self._relay(listen)
        return nothing_here()

    def _central(self, request: Request) -> Answer:
        if request.path.startswith(manage.PATH):
            return manage.answer(self.world, request)
        answer = consent.answer(self.world, request)
        location = answer.headers.get("Location", "")
        if _bare(location) not in self._relays:
            return answer
        here = f"{self.base_url}/{location.removeprefix('https://')}"
        return dataclasses.replace(answer, headers={**answer.headers, "Location": here})

    def _relay(self, listen: str) -> Answer:
        """The relay page as a static host serves it: its policy is its own, in the page."""
        answer = page(self._relay_page(listen))
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Security-Policy"}
        return dataclasses.replace(answer, headers=headers)


def _bare(address: str) -> str:
    return address.partition("?")[0]


def _endpoint(request: Request) -> Endpoint | None:
    if request.host == lwa.HOST:
        return "token"
    if request.host in sellers.REGION_OF:
        is_fees = request.method == "POST" and fees.PATH.fullmatch(request.path)
        return "fees" if is_fees else "sellers"
    if request.host in geography.SELLER_HOSTS and not request.path.startswith(manage.PATH):
        return "consent"
    return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], answer: Callable[[Request], Answer], now: Callable[[], datetime]
    ) -> None:
        self.answer = answer
        self.now = now
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without HTTPServer's look-up of a host name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is no news, and a traceback would cover what the terminal shows."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SILENT_SECONDS
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answers a request that is not served here; the base class would repeat it on its page."""
        self.close_connection = True
        self._send(text("That is no request that is answered here.\n", code))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Nothing is logged: queries hold codes."""

    def _serve(self) -> None:
        self.close_connection = True
        port = self.server.server_address[1]
        if self.headers.get_all("Host", []) != [f"127.0.0.1:{port}"]:
            # A page of another site, led here by its own name (DNS rebinding).
            self._send(text("This is the simulator of 127.0.0.1 alone.\n", 421))
        elif self.headers.get("Transfer-Encoding"):
            self._send(text("Send the body with a Content-Length.\n", 411))
        elif (length := _length(self.headers.get("Content-Length", "0"))) is None or length > MOST_BYTES:
            # What was sent is read away, else the refusal might be lost with the connection.
            self.rfile.read(min(length or 0, 16 * MOST_BYTES))
            self._send(text("The body is too long.\n", 413))
        else:
            self._send(self._answer(self.rfile.read(length)))

    def _answer(self, body: bytes) -> Answer:
        target = urlsplit(self.path)
        host, slash, path = target.path.removeprefix("/").partition("/")
        try:
            query = dict(parse_qsl(target.query, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            return text("The address has too many parameters.\n", 400)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, host.lower(), slash + path, query, headers, body)
        return self.server.answer(request)

    def _send(self, answer: Answer) -> None:
        if answer.dropped:
            return
        if self.request_version == "HTTP/0.9":  # which garbage is taken for; to it an answer goes without its headers
            self.request_version = "HTTP/1.0"
        self.send_response_only(answer.status)
        self.send_header("Date", format_datetime(self.server.now().astimezone(UTC), usegmt=True))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut])


def _length(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
