"""An agency's server, as docs/scripts.md sets it up: a home folder, the program in ~/.local/bin, and an Amazon."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sp_connect.amazon import geography
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests.cli.program import PROGRAM, SECONDS, Result, without_notices
from tests.commands.given import account_of
from tests.docs import page
from tests.real_client.proxy import Proxy, proxy

SETTINGS = ". ~/sp-connect.sh"
"""What comes first in every terminal and every job, says the page."""

OF_ACME = ["DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "GB", "IN"]

# As pipx puts it there, and with the address of the test's Amazon.
INSTALLED = f"""#!/bin/sh
SP_CONNECT_AMAZON_URL={{base_url}} exec {PROGRAM} "$@"
"""


@dataclass(frozen=True)
class Machine:
    """`amazon` answers sp-connect and curl itself, and python-amazon-sp-api through `way`, an https proxy."""

    home: Path
    amazon: World
    way: Proxy

    def environment(self) -> dict[str, str]:
        """What a person has after the login: `python` is the one with both libraries."""
        found = self.way.environment() | {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        }
        return {name: value for name, value in found.items() if value is not None}

    def shell(self, commands: str, stdin: str = "") -> Result:
        """What a person gets who types the commands at home."""
        done = subprocess.run(
            ["/bin/sh", "-c", commands],
            cwd=self.home,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS * 2,
            check=False,
        )
        return Result(done.returncode, done.stdout, without_notices(done.stderr))

    def typed(self, commands: str, stdin: str = "") -> Result:
        """The same, after the settings."""
        return self.shell(f"{SETTINGS}\n{commands}", stdin)

    def put(self, name: str, text: str) -> Path:
        """A file at home that may be run."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o700)
        return path

    def set_up(self) -> None:
        """The page's own set-up, then the app."""
        assert self.shell(page.SET_UP) == Result(0, "", "")
        self._done(
            f"sp-connect app add --application-id {BUILT_IN.application_id} --client-id {BUILT_IN.client_id}"
            f" --redirect-uri {BUILT_IN.redirect_uris[0]} --client-secret-stdin",
            BUILT_IN.client_secret or "",
        )

    def connect(self, seller: str, region: str, country: str | None = None, *, authorized_at: str | None = None) -> str:
        """Connects a client with the token of Amazon's console. The Selling Partner ID."""
        scope = geography.scope(seller, region, country)
        host = geography.consent_host(scope)
        account = account_of(seller, host)
        given = self.amazon.authorize(BUILT_IN, account, host)
        identity = account.selling_partner_id
        dated = f" --authorized-at {authorized_at}" if authorized_at else ""
        self._done(f"sp-connect import {scope.flags} --selling-partner-id {identity}{dated}", given.refresh_token)
        return identity

    def end_at_amazon(self, selling_partner_id: str) -> None:
        """What the seller does at Manage Your Apps."""
        assert self.amazon.revoke(BUILT_IN.application_id, selling_partner_id)

    def _done(self, command: str, stdin: str) -> None:
        result = self.typed(command, stdin)
        assert result.code == 0, result


@contextmanager
def switched_on(folder: Path) -> Iterator[Machine]:
    """The machine of a folder and its Amazon, which both go on where they were left."""
    home = folder / "home" / "agency"
    world = World(folder / "amazon.json")
    with Simulator(world) as simulator, proxy(simulator.base_url, folder) as way:
        machine = Machine(home, world, way)
        machine.put(".local/bin/sp-connect", INSTALLED.format(base_url=simulator.base_url))
        yield machine


def countries(result: Result, column: int = 0) -> list[str]:
    """What a program of the page printed of each marketplace."""
    return [line.split()[column] for line in result.stdout.splitlines()]
