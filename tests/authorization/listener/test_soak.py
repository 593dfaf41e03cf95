"""10,000 hostile requests to the real program while it waits for two consents: each true callback is served at once."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests import figures
from tests.authorization.listener.hostile import HEADERS, MAKERS, THREADS
from tests.authorization.listener.visits import head, rest, status
from tests.cli.program import PROGRAM, SECONDS, until
from tests.crowd import town as towns
from tests.crowd.town import Town
from tests.simulator.box import Box, Clock, query

pytestmark = pytest.mark.slow

REQUESTS = 10_000
BESIEGERS = 2
"""Processes that send them, each with several threads."""
PROMPT = 1.0
"""Seconds within which a true callback has its page: exchange, check and keeping included."""
MOST_MEMORY = 32 * 1024
"""Kilobytes beyond what the program takes as it waits in peace."""
MOST_FILES = 2 * 256
"""Sockets of clients that have not asked yet, and of browsers that are held."""
TOKYO, SYDNEY = "sellercentral.amazon.co.jp", "sellercentral.amazon.com.au"


@dataclass(frozen=True)
class Waiting:
    """The program as it waits for consents in Japan and Australia, and the seller's browser."""

    process: subprocess.Popen[str]
    town: Town

    @property
    def listen(self) -> str:
        return self.town.listens["app-0"]

    def state(self) -> str:
        """The state of the consent that is asked for next, as its address has it."""
        assert self.process.stderr is not None
        told = until(self.process.stderr, "/apps/authorize/consent?")
        return parse_qs(urlsplit(told.splitlines()[-1].strip()).query)["state"][0]

    def confirmed(self, state: str, host: str) -> tuple[float, bytes]:
        """How long the true callback took, once the seller had confirmed, until its page was whole; and that page."""
        assert self.town.program.simulator is not None
        box = Box(self.town.program.simulator.base_url, self.town.world, Clock())
        sent = query(box.press(host, self.town.apps["app-0"], state=state, company="acme"))
        asked = f"GET /callback?{urlencode(sent)} HTTP/1.1\r\nHost: {self.listen}\r\n\r\n"
        began = time.monotonic()
        with self.knock() as browser:
            browser.sendall(asked.encode())
            page = rest(browser)
        return time.monotonic() - began, page

    def knock(self) -> socket.socket:
        host, _, port = self.listen.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=SECONDS)

    def forget_peak(self) -> None:
        """Begins anew with what `memory` tells: opening the vault took more than anything after it (proc(5))."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")

    def memory(self) -> int:
        """The most that it has had in memory since then, in kilobytes."""
        told = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(next(line.split()[1] for line in told.splitlines() if line.startswith("VmHWM:")))

    def files(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def end(self) -> list[dict[str, Any]]:
        stdout, stderr = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, stderr
        rows: list[dict[str, Any]] = json.loads(stdout)
        return rows


@contextmanager
def waiting(town: Town, files: int = 1024) -> Iterator[Waiting]:
    """The program, which may have so many files open."""
    place = ("--seller", "acme", "--region", "fe", "--country", "JP", "--country", "AU", "--app", "app-0")
    command = [str(PROGRAM), "connect", *place, "--no-browser", "--timeout", "100", "--json"]
    with subprocess.Popen(
        ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=town.program.environment(),
        text=True,
    ) as process:
        try:
            yield Waiting(process, town)
        finally:
            process.kill()


@contextmanager
def besieged(listen: str) -> Iterator[list[subprocess.Popen[str]]]:
    """The processes that send the hostile requests; each says a line when half of its own are sent."""
    each = str(REQUESTS // BESIEGERS)
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.authorization.listener.hostile", listen, each, str(seed)],
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for seed in range(BESIEGERS)
        ]
        try:
            yield started
        finally:
            for one in started:
                one.kill()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with towns.built(tmp_path / "home", 1) as town:
        yield town


def assert_served(seconds: float, page: bytes, title: str) -> None:
    assert status(page) == 200
    assert f"<title>{title}</title>".encode() in page
    assert head(page).items() >= HEADERS
    assert seconds < PROMPT


def test_ten_thousand_hostile_requests_keep_no_true_callback_waiting(town: Town) -> None:
    with waiting(town) as door:
        tokyo = door.state()
        door.forget_peak()
        memory, files = door.memory(), door.files()
        with besieged(door.listen) as besiegers:
            for one in besiegers:
                assert one.stdout is not None
                assert one.stdout.readline() == "half\n"
            crowded = door.files()
            assert_served(*door.confirmed(tokyo, TOKYO), "acme is connected in Japan")
            sydney = door.state()
            found = [json.loads(one.communicate(timeout=SECONDS * 2)[0]) for one in besiegers]
        assert door.memory() - memory < MOST_MEMORY
        assert crowded - files <= MOST_FILES
        assert is_calm(door, files)
        assert_served(*door.confirmed(sydney, SYDNEY), "acme is connected in Australia")
        assert [row["country"] for row in door.end()] == ["JP", "AU"]

    assert [wrong for one in found for wrong in one["wrong"]] == []
    sent = sum((Counter(one["sent"]) for one in found), Counter[str]())
    assert sent.keys() == MAKERS.keys()
    assert sent.total() == REQUESTS
    answers = sum((Counter(one["answers"]) for one in found), Counter[str]())
    assert answers.keys() <= {"204", "400", "404", "200", "nothing"}
    assert answers["200"] <= BESIEGERS * THREADS  # those that were held while the first true callback was worked on
    assert answers["nothing"] < REQUESTS * 0.02
    figures.record("hostile requests", sent.total())


def is_calm(door: Waiting, files: int) -> bool:
    """Whether it has no more files open than at first, soon after all who disturbed it have gone."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        with door.knock() as browser:
            browser.sendall(b"GET / HTTP/1.0\r\n\r\n")
            rest(browser)
        if door.files() <= files + 1:
            return True
    return False


def test_as_many_silent_sockets_as_it_may_have_files_keep_nothing_from_being_kept(town: Town) -> None:
    with waiting(town, files=96) as door, ExitStack() as stack:
        tokyo = door.state()
        for _ in range(200):
            stack.enter_context(door.knock())
        assert_served(*door.confirmed(tokyo, TOKYO), "acme is connected in Japan")
        assert_served(*door.confirmed(door.state(), SYDNEY), "acme is connected in Australia")
        assert len(door.end()) == 2
