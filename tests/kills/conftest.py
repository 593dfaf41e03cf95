"""The benches, a few of each kind: with a vault, and with a real keyring. Each has everything imported once."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests import agency
from tests.cli.program import _OURS, PASSPHRASE
from tests.kills.bench import WIDE, Bench, Given, furnish
from tests.kills.launcher import launched
from tests.kills.outside import Keyring, SealedFiles, Store
from tests.kills.program import stretch
from tests.secret_service import secret_service

BENCHES = min(os.cpu_count() or 1, 4)
"""How many of a kind: what is killed on one waits for nothing of another."""

MEMORY = Path("/dev/shm")
"""Where a disk is memory: a run waits for the disk thirty times, and what is killed is a process, no machine."""


@pytest.fixture(scope="package")
def _quickly_stretched() -> Iterator[None]:
    """A passphrase makes the same key here as where the program runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashlib, "scrypt", stretch)
        yield


@pytest.fixture(scope="package")
def sealed(_quickly_stretched: None) -> Iterator[list[tuple[Bench, Given]]]:
    """Benches whose secrets are in a vault under a passphrase, each with the home to begin from."""
    env = {"SP_CONNECT_STORE": "vault", "SP_CONNECT_PASSPHRASE": PASSPHRASE}
    with ExitStack() as stack:
        folders = [stack.enter_context(_folder()) for _ in range(BENCHES)]
        yield [_furnished(stack.enter_context(_bench(folder, SealedFiles(), env))) for folder in folders]


@pytest.fixture(scope="package")
def ringed(_quickly_stretched: None) -> Iterator[list[tuple[Bench, Given]]]:
    """Benches whose secrets are each in a real keyring of its own."""
    with ExitStack() as stack:
        benches = []
        for _ in range(BENCHES):
            folder = stack.enter_context(_folder())
            session = stack.enter_context(secret_service(folder / "session"))
            keyring = stack.enter_context(closing(Keyring(session)))
            env = {**session, "SP_CONNECT_PASSPHRASE": PASSPHRASE}  # of the vault to which secrets are moved
            benches.append(_furnished(stack.enter_context(_bench(folder, keyring, env))))
        yield benches


def _furnished(bench: Bench) -> tuple[Bench, Given]:
    home = bench.folder / "agency"
    furnish(bench, home)
    return bench, bench.take(home)


@contextmanager
def _folder() -> Iterator[Path]:
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="sp-connect-", dir=where) as folder:
        yield Path(folder)


@contextmanager
def _bench(folder: Path, store: Store, env: dict[str, str]) -> Iterator[Bench]:
    listen = f"127.0.0.1:{agency.free_port()}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    relays = {BUILT_IN.redirect_uris[0]: listen}
    with Simulator(World(apps=(BUILT_IN, WIDE)), relays=relays) as amazon, launched(dict(os.environ)) as launcher:
        yield Bench(folder, launcher, store, amazon, listen, inherited | {"HOME": str(folder)} | env)
