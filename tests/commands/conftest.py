"""An agency that many tests look at and none changes: making one takes a quarter of a second."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import World
from tests import agency as agencies
from tests.agency import Agency, Clock


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    """For tests that change nothing: one agency a module."""
    clock = Clock()
    with Simulator(World(now=clock)) as simulator:
        folder = tmp_path_factory.mktemp("still") / "home"
        yield agencies.build(folder, simulator, clock, "127.0.0.1:8723", io.StringIO(), io.StringIO())
