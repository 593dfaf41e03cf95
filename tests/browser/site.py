"""The agency's web site: static pages over https, on an address that Chromium is told to take for a public one."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "agency.example"
ADDRESS = "127.0.0.2"


@dataclass
class Site:
    """What lies at which path, and which paths were asked for, with their queries."""

    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def switches(self) -> tuple[str, ...]:
        """What tells Chromium that the site is `https://agency.example` and public."""
        return (
            f"--host-resolver-rules=MAP {HOST}:443 {ADDRESS}:{self.port}",
            f"--ip-address-space-overrides={ADDRESS}:{self.port}=public",
            "--ignore-certificate-errors",
        )


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """The site while the block runs; its certificate is put in `folder`."""
    made = Site()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            made.asked.append(self.path)
            page = made.pages.get(self.path.partition("?")[0])
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Tests read `asked`."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A browser that breaks off is no news."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    with Server((ADDRESS, 0), Handler) as server:
        # Each handshake in the thread of its connection: a silent one must not hold up the others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        made.port = server.server_address[1]
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        yield made
        server.shutdown()
        serving.join()


def _certificate(folder: Path) -> Path:
    """A self-signed certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    day = timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    encoding = serialization.Encoding.PEM
    unsealed = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, unsealed) + certificate.public_bytes(encoding)
    )
    return path
