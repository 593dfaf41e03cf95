"""The stores that every test may ask for."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sp_connect.models import Secret
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.agency import CHEAP
from tests.secret_service import Session, secret_service
from tests.stores import backends


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A real Secret Service, of which this process is a part."""
    with secret_service(tmp_path / "session") as session:
        session.apply(monkeypatch)
        yield session
    for thread in threading.enumerate():
        if thread.name == "keyring":  # was left behind in a call that the end of the session has ended
            thread.join()


@pytest.fixture
def small() -> Iterator[KeyringStore]:
    backends.Small.items.clear()
    yield KeyringStore("tests.stores.backends.Small", patience=30)
    backends.Small.items.clear()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault under a passphrase, which needs no keyring."""
    return sealed(tmp_path / "vault")


def open_files() -> int:
    """How many files this process has open, less those that garbage of earlier tests holds."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def sealed(folder: Path, passphrase: str | None = "correct horse") -> Vault:
    keyring = KeyringStore("keyring.backends.fail.Keyring", patience=30)
    return Vault(folder, lambda: None if passphrase is None else Secret(passphrase), keyring, CHEAP)
