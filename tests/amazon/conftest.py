"""An environment in which nothing of this machine's own network settings is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import responses

from tests.amazon.tiny import Tiny, serving

NETWORK = ("PROXY", "CA_BUNDLE", "NETRC", "SSL_CERT")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if any(part in name.upper() for part in NETWORK):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def tiny() -> Iterator[Tiny]:
    with serving() as tiny:
        yield tiny


@pytest.fixture
def amazon() -> Iterator[responses.RequestsMock]:
    """Answers that a test gives in Amazon's place; one that is not asked for fails it."""
    with responses.RequestsMock() as mock:
        yield mock
