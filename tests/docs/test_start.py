"""docs/start.md, typed from top to bottom at a terminal; the simulated Amazon is in place of the real one."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from sp_connect.simulator import seller
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests import surroundings
from tests.agency import free_port
from tests.cli.program import plain

TEXT = (Path(__file__).parents[2] / "docs" / "start.md").read_text(encoding="utf-8")
INSTALL, FIRST, MORE, ADD, RELAY, DOCTOR, CONNECT, EXEC = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
CARD = r"A2EXAMPLE1234 acme\?"

# What Amazon gave a reader, and what the simulated one gives.
GIVEN = {
    "amzn1.sp.solution.11111111-2222-3333-4444-555555555555": BUILT_IN.application_id,
    "amzn1.application-oa2-client.0123456789abcdef0123456789abcdef": BUILT_IN.client_id,
}


@dataclass(frozen=True)
class Reader:
    """Somebody at a terminal without a screen, in an empty folder that is their home."""

    home: Path
    amazon: str

    def begin(self, commands: str) -> pexpect.spawn[str]:
        for theirs, ours in GIVEN.items():
            commands = commands.replace(theirs, ours)
        environment = surroundings.inherited() | {
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SP_CONNECT_STORE": "vault",
            "SP_CONNECT_PASSPHRASE": "correct horse",
            "SP_CONNECT_AMAZON_URL": self.amazon,
        }
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            environment.pop(name, None)
        return pexpect.spawn(
            "/bin/sh",
            ["-ec", commands],
            cwd=str(self.home),
            env=environment,
            dimensions=(60, 400),
            timeout=60,
            encoding="utf-8",
        )

    def type(self, commands: str) -> str:
        return ended(self.begin(commands))


def ended(shell: pexpect.spawn[str]) -> str:
    """What the terminal shows until the end, which is a good one."""
    shell.expect(pexpect.EOF)
    shown = str(shell.before)
    shell.close()
    assert shell.exitstatus == 0, shown
    return plain(shown)


@pytest.fixture
def listen() -> str:
    """Where sp-connect listens: 8723 of the page may be taken."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def reader(tmp_path: Path, listen: str) -> Iterator[Reader]:
    with Simulator(World(), relays={BUILT_IN.redirect_uris[0]: listen}) as simulator:
        yield Reader(tmp_path, simulator.base_url)


def test_the_rehearsal_ends_with_what_it_says(reader: Reader) -> None:
    assert re.search(CARD, reader.type(FIRST))

    shown = reader.type(MORE)

    assert "3 connections of 1 seller." in shown
    assert all(place in shown for place in ("Europe & India", "Japan", "Australia", "A3NIPPON56789"))


def test_it_is_installed_by_what_is_tried_in_ci() -> None:
    assert INSTALL.splitlines() == ["pipx install .", "sp-connect --version"]


def test_with_amazon_it_ends_with_the_card_and_a_program_that_has_the_credentials(reader: Reader, listen: str) -> None:
    adding = reader.begin(f"{ADD.strip()} --listen {listen}")
    adding.expect_exact("Client secret? (not shown)")
    adding.sendline(BUILT_IN.client_secret or "")
    assert "The app default is registered." in ended(adding)

    reader.type(RELAY)
    assert "One more step" in (reader.home / "relay.html").read_text(encoding="utf-8")
    assert re.search(r"\d+ checks: \d+ ok\.", reader.type(DOCTOR))

    connecting = reader.begin(CONNECT)
    connecting.expect(r"(http://127\S+)\s")
    assert connecting.match is not None
    seller.confirm(connecting.match.group(1), "acme", listen)
    assert re.search(CARD, ended(connecting))

    assert re.search(r"^A2EXAMPLE1234 at http\S+sellingpartnerapi-eu.amazon.com", reader.type(EXEC), re.MULTILINE)
