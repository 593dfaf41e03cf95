"""300 connections checked at an Amazon that takes 50 ms a call: `python -m tests.benchmarks.verify`.

Side by side in one run, each a process of its own and timed as a whole, against one server: sp-connect,
python-amazon-sp-api's `Sellers` on 16 threads, and a bare loop of requests with as many threads as sp-connect has
jobs. Each does the same two calls for each connection: a token, then the marketplaces.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from sp_connect.amazon import geography
from sp_connect.models import App, Connection, Secret
from sp_connect.simulator.world import BUILT_IN
from sp_connect.stores.apps import Apps
from sp_connect.stores.changes import Changes
from sp_connect.stores.connections import Connections
from sp_connect.stores.invites import Invites
from sp_connect.stores.keyring import KeyringStore
from sp_connect.stores.vault import Vault

SELLERS = 300
CALL_SECONDS = 0.05
ROUNDS = 5
JOBS = (8, 16, 32, 64)
PROGRAM = str(Path(sys.executable).with_name("sp-connect"))
# Compiled files are what a user has.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
TOKENS = {"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600}
PAYLOAD = json.dumps(
    {
        "payload": [
            {
                "marketplace": {
                    "id": "A1PA6795UKMFR9",
                    "name": "Amazon.de",
                    "countryCode": "DE",
                    "defaultCurrencyCode": "EUR",
                    "defaultLanguageCode": "de_DE",
                    "domainName": "www.amazon.de",
                },
                "participation": {"isParticipating": True, "hasSuspendedListings": False},
                "storeName": "Store",
            }
        ]
    }
)


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


def fill(home: Path) -> None:
    """A home of 300 sellers with one connection each, their secrets in a vault."""
    apps, connections = Apps(home / "config.toml"), Connections(home / "connections")
    vault = Vault(home / "vault", lambda: Secret("benchmark"), KeyringStore(None, 1.0))
    changes = Changes(home / "unfinished", home / "lock", apps, connections, Invites(home / "invites"), vault)
    now = datetime.now(UTC)
    app = App("default", BUILT_IN.application_id, BUILT_IN.client_id, BUILT_IN.redirect_uris[0], "127.0.0.1:8723",
              False, "default", "ref", now)  # fmt: skip
    with changes.writing():
        changes.keep_app(app, Secret("amzn1.oa2-cs.v1.benchmark"))
        for number in range(SELLERS):
            scope = geography.scope(f"seller-{number:03}", "eu")
            connection = Connection(
                scope, f"A{number:012}", "default", "default", "connected", now, now, (), f"ref{number}"
            )
            changes.keep_connection(connection, Secret(f"Atzr|{number}"))


def serve(pipe: Pipe) -> None:
    """Serves until the process is ended, and tells its address."""
    with Server(("127.0.0.1", 0), SlowAmazon) as server:
        pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
        server.serve_forever()


def ours(home: Path, base: str, jobs: int | None) -> None:
    settings = {
        "SP_CONNECT_HOME": str(home),
        "SP_CONNECT_STORE": "vault",
        "SP_CONNECT_PASSPHRASE": "benchmark",
        "SP_CONNECT_AMAZON_URL": base,
    }
    command = [PROGRAM, "verify", "--json", *(["--jobs", str(jobs)] if jobs else [])]
    done = subprocess.run(command, env=ENVIRONMENT | settings, check=True, capture_output=True, text=True)
    assert len(json.loads(done.stdout)) == SELLERS


def other(name: str, base: str, jobs: int) -> None:
    """One of the functions below as a process of its own."""
    program = f"from tests.benchmarks import verify; verify.{name}({base!r}, {jobs})"
    subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, check=True)


def bare(base: str, jobs: int) -> None:
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
        list(pool.map(one, range(SELLERS)))


def peer(base: str, jobs: int) -> None:
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
        list(pool.map(one, range(SELLERS)))


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(home: Path, base: str) -> None:
    """Prints a row for each number of jobs; the peer takes its turn between ours and the bare loop."""
    ours(home, base, None)  # warm
    rows: list[tuple[str, float, float]] = []
    peers: list[float] = []
    for jobs in JOBS:
        times: list[tuple[float, float]] = []
        for _ in range(ROUNDS):
            mine = seconds(lambda: ours(home, base, jobs))  # noqa: B023 - called here
            times.append((mine, seconds(lambda: other("bare", base, jobs))))  # noqa: B023 - called here
        peers.append(seconds(lambda: other("peer", base, 16)))
        mine, plain = (median(column) for column in zip(*times, strict=True))
        rows.append((f"{jobs} jobs", mine, plain))
    slow = median(peers)
    print(f"{'':10} {'ours':>8} {'bare':>8} {'ours/bare':>10} {'peer/ours':>10}")
    for name, mine, plain in rows:
        print(f"{name:10} {mine:7.2f}s {plain:7.2f}s {mine / plain:10.2f} {slow / mine:10.1f}")
    print(f"python-amazon-sp-api, 16 threads: {slow:.2f}s")


def main() -> None:
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder))
            compare(Path(folder), here.recv())
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
