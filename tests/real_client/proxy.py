"""A proxy that is Amazon to whoever speaks https through it: it ends TLS itself and asks the simulator instead."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import trustme

SECONDS = 10.0
HOSTS = ("api.amazon.com", *(f"sellingpartnerapi-{region}.amazon.com" for region in ("na", "eu", "fe")))


@dataclass(frozen=True)
class Proxy:
    """Where it is, whom to trust, and who asked which host for what."""

    address: str
    authority: Path
    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def environment(self) -> dict[str, str | None]:
        """What makes a program use it, and nothing beside it."""
        wanted = {"HTTPS_PROXY": self.address, "SSL_CERT_FILE": str(self.authority)}
        unset = ("https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
        return dict.fromkeys((*unset, "SSL_CERT_DIR")) | wanted


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, simulator: str, certificates: ssl.SSLContext, seen: Counter[tuple[str, str, str]]) -> None:
        self.simulator = urlsplit(simulator).netloc
        self.certificates = certificates
        self.seen = seen
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    server: _Server
    host = ""

    def do_CONNECT(self) -> None:
        self.host, _, port = self.path.partition(":")
        if self.host not in HOSTS or port != "443":
            self.send_error(403)
            return
        self.send_response_only(200)
        self.end_headers()
        self.connection = self.server.certificates.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Nothing is logged."""

    def _forward(self) -> None:
        self.server.seen[self.host, self.path.partition("?")[0], self.headers.get("User-Agent", "")] += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        onward = HTTPConnection(self.server.simulator, timeout=SECONDS)
        try:
            onward.request(self.command, f"/{self.host}{self.path}", body, headers)
            answer = onward.getresponse()
            content = answer.read()
        finally:
            onward.close()
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def proxy(simulator: str, folder: Path) -> Iterator[Proxy]:
    """A proxy before a simulator while the block runs; its authority's certificate is written to `folder`."""
    authority = trustme.CA()
    certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(certificates)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    seen: Counter[tuple[str, str, str]] = Counter()
    server = _Server(simulator, certificates, seen)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Proxy(f"http://127.0.0.1:{server.server_address[1]}", folder / "authority.pem", seen)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
