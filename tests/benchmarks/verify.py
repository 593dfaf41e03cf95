"""Connections checked at an Amazon that takes 50 ms a call, by sp-connect and by two others.

python-amazon-sp-api's `Sellers` on threads, and a bare loop of requests with as many threads as sp-connect has jobs:
each does the same two calls for each connection, a token, then the marketplaces.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection as Pipe
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from sp_connect.amazon import geography

CALL_SECONDS = 0.05
TOKENS = {"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600}
PAYLOAD = json.dumps(
    {
        "payload": [
            {
                "marketplace": {
                    "id": geography.COUNTRIES[country].marketplace_id,
                    "name": geography.COUNTRIES[country].domain,
                    "countryCode": country,
                    "defaultCurrencyCode": geography.COUNTRIES[country].currency,
                    "defaultLanguageCode": "en_US",
                    "domainName": f"www.{geography.COUNTRIES[country].domain}",
                },
                "participation": {"isParticipating": True, "hasSuspendedListings": False},
                "storeName": "Store",
            }
            for country in ("JP", "AU", "SG")
        ]
    }
)
"""Of any account: it sells in each country of the Far East, so that every connection is found to be good."""


class SlowAmazon(BaseHTTPRequestHandler):
    """Answers any call after 50 ms, on connections that stay open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(PAYLOAD)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        # As Amazon does: the refresh token that was sent comes back.
        self._answer(json.dumps(TOKENS | {"refresh_token": form["refresh_token"][0]}))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        pass

    def _answer(self, text: str) -> None:
        time.sleep(CALL_SECONDS)
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def serve(pipe: Pipe) -> None:
    """Serves until the process is ended, and tells its address."""
    with Server(("127.0.0.1", 0), SlowAmazon) as server:
        pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
        server.serve_forever()


@contextmanager
def slow_amazon() -> Iterator[str]:
    """Its address. It is a process of its own, so that it takes no time from those that ask."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        yield here.recv()
    finally:
        server.terminate()
        server.join()


def other(name: str, base: str, jobs: int, sellers: int) -> list[str]:
    """The command that runs one of the functions below."""
    return [sys.executable, "-c", f"from tests.benchmarks import verify; verify.{name}({base!r}, {jobs}, {sellers})"]


def bare(base: str, jobs: int, sellers: int) -> None:
    """What cannot be undercut by much: the calls alone, one session a thread."""
    import requests

    local = threading.local()

    def one(number: int) -> None:
        session = getattr(local, "session", None) or requests.Session()
        local.session = session
        form = {"grant_type": "refresh_token", "refresh_token": f"Atzr|{number}"}
        token = session.post(f"{base}/api.amazon.com/auth/o2/token", data=form, timeout=30).json()["access_token"]
        address = f"{base}/sellingpartnerapi-eu.amazon.com/sellers/v1/marketplaceParticipations"
        assert session.get(address, headers={"x-amz-access-token": token}, timeout=30).json()["payload"]

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, range(sellers)))


def peer(base: str, jobs: int, sellers: int) -> None:
    """python-amazon-sp-api, with its own ways of being told where Amazon is."""
    from sp_api.api import Sellers  # type: ignore[import-untyped]
    from sp_api.auth import AccessTokenClient  # type: ignore[import-untyped]

    class Elsewhere(AccessTokenClient):  # type: ignore[misc]
        scheme = "http://"
        host = f"{base.removeprefix('http://')}/api.amazon.com"

    germany = SimpleNamespace(
        endpoint=f"{base}/sellingpartnerapi-eu.amazon.com", marketplace_id="A1PA6795UKMFR9", region="eu-west-1"
    )

    def one(number: int) -> None:
        credentials = {"refresh_token": f"Atzr|{number}", "lwa_app_id": "id", "lwa_client_secret": "secret"}
        client = Sellers(germany, credentials=credentials, auth_token_client_class=Elsewhere)
        try:
            found = client.get_marketplace_participation()
        except KeyError:  # its cache of tokens is not made for threads; whoever uses them would ask again
            found = client.get_marketplace_participation()
        assert found.payload

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, range(sellers)))
