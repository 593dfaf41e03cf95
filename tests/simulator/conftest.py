"""One simulator for each test, with a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, SimulatedApp, World
from tests.simulator.box import Box, Clock

DRAFT = SimulatedApp(
    "amzn1.sp.solution.draft",
    "amzn1.application-oa2-client.draft",
    None,
    ("https://draft.example/back",),
    draft=True,
)
OTHER = SimulatedApp(
    "amzn1.sp.solution.other",
    "amzn1.application-oa2-client.other",
    "other-secret",
    ("https://other.example/back?a=b",),
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(apps=(BUILT_IN, DRAFT, OTHER), now=clock)


@pytest.fixture
def box(world: World, clock: Clock) -> Iterator[Box]:
    with Simulator(world) as simulator:
        box = Box(simulator.base_url, world, clock)
        with box.browser:
            yield box
