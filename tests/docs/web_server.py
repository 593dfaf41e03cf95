"""A real nginx on a loopback address, and a tunnel by which programs find it under its public name."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPSConnection
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import NamedTuple
from urllib.parse import urlsplit

import trustme

from tests.agency import free_port
from tests.browser.site import ADDRESS, HOST

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
INSTALL = "nginx is needed: apt-get install nginx-light"
SECONDS = 10.0

# What Debian's nginx.conf has around the files of conf.d, as far as it matters here; and nothing outside the folder.
AROUND = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    default_type application/octet-stream;
    gzip on;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{conf}
}}
"""


class Got(NamedTuple):
    """One answer; `headers` are found in any case."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class WebServer:
    """nginx at `port`, which `way` is a proxy to; `page` is the file that it serves."""

    port: int
    way: str
    folder: Path
    page: Path

    @property
    def authority(self) -> Path:
        """Whom to trust."""
        return self.folder / "authority.pem"

    def logged(self) -> str:
        """All that it has written of requests and of itself."""
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("*.log")))

    def get(self, target: str) -> Got:
        """One GET over https, under the public name. No redirect is followed."""
        proxy = urlsplit(self.way)
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = HTTPSConnection(proxy.hostname or "", proxy.port, context=context, timeout=SECONDS)
        connection.set_tunnel(HOST, 443)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return Got(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


def replacements(folder: Path, port: int) -> Mapping[str, str]:
    """All that is changed in what the page has, so that it runs here: port, certificate and folders."""
    return {
        "listen 443 ssl;": f"listen {ADDRESS}:{port} ssl;",
        "listen [::]:443 ssl;": "",
        "/etc/letsencrypt/live/agency.example/fullchain.pem": f"{folder}/certificate.pem",
        "/etc/letsencrypt/live/agency.example/privkey.pem": f"{folder}/certificate.pem",
        "/var/log/nginx/sp-connect.log": f"{folder}/sp-connect.log",
        "/var/log/nginx/sp-connect.error.log": f"{folder}/sp-connect.error.log",
        "/srv/sp-connect/relay.html": f"{folder}/relay.html",
    }


@contextmanager
def serving(folder: Path, conf: str, page: bytes) -> Iterator[WebServer]:
    """nginx with a file of conf.d and the page, while the block runs."""
    assert PROGRAM is not None
    folder.mkdir()
    authority = trustme.CA()
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(folder / "certificate.pem")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    (folder / "relay.html").write_bytes(page)
    port = free_port()
    for old, new in replacements(folder, port).items():
        assert old in conf, old
        conf = conf.replace(old, new)
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, conf=conf), encoding="utf-8")
    said = folder / "said"
    with said.open("wb") as stream:
        process = subprocess.Popen(
            [PROGRAM, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    try:
        _wait(port, process, said)
        with _tunnel(port) as way:
            yield WebServer(port, way, folder, folder / "relay.html")
    finally:
        process.terminate()
        process.wait(SECONDS)


def _wait(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection((ADDRESS, port), SECONDS):
            return
        time.sleep(0.02)
    raise AssertionError(f"nginx does not answer: {said.read_text(encoding='utf-8')}")


@contextmanager
def _tunnel(port: int) -> Iterator[str]:
    """The address of a proxy that leads to `port` for the one host, and nowhere else. TLS goes through untouched."""

    class Handler(StreamRequestHandler):
        timeout = SECONDS

        def handle(self) -> None:
            asked = self.rfile.readline().split()
            while self.rfile.readline().strip():
                pass
            if asked[:2] != [b"CONNECT", f"{HOST}:443".encode()]:
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection((ADDRESS, port), SECONDS) as onward:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(onward, self.connection), daemon=True)
                back.start()
                _pass_on(self.connection, onward)
                back.join(SECONDS)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(1 << 16):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
