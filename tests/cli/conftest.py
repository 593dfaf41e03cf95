"""The program in an empty home, in an agency's home with the simulator running, and beside a real keyring."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests import agency as agencies
from tests import secret_service
from tests.agency import Agency, Clock
from tests.cli.program import PASSPHRASE, PROGRAM, Program
from tests.secret_service import Session


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    assert PROGRAM.exists(), f"{PROGRAM} is not installed: pip install -e ."


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program in an empty home that has a vault under a passphrase, and no Amazon."""
    vault = {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE}
    closed = {"SP_CONNECT_AMAZON_URL": f"http://127.0.0.1:{agencies.free_port()}"}
    return Program(tmp_path / "home", vault | closed)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Agency]:
    """An agency whose home the program shares; its clock is set to this moment."""
    clock = Clock(datetime.now(UTC))
    listen = f"127.0.0.1:{agencies.free_port()}"
    with Simulator(World(), relays={BUILT_IN.redirect_uris[0]: listen}) as simulator:
        yield agencies.build(tmp_path / "home", simulator, clock, listen, io.StringIO(), io.StringIO())


@pytest.fixture
def staffed(office: Agency) -> Program:
    """The program in the office's home."""
    env = {
        "SP_CONNECT_STORE": "vault",
        "SP_CONNECT_PASSPHRASE": PASSPHRASE,
        "SP_CONNECT_AMAZON_URL": office.simulator.base_url,
    }
    return Program(office.folder, env, office.simulator, office.app.listen)


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Session]:
    """A session with an unlocked keyring. Where its programs are missing: skipped, but a failure in CI."""
    missing = [name for name in secret_service._PROGRAMS if shutil.which(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI has to have {', '.join(missing)}: {secret_service._INSTALL}")
    with secret_service.secret_service(tmp_path / "session") as session:
        yield session
