"""What many tests begin from: an agency with one app, and the simulator that stands for Amazon."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests import agency as agencies
from tests.agency import Agency, Clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI whatever a test needs is there: one that is skipped has failed."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome, report.longrepr = "failed", f"skipped, and CI skips nothing: {report.longrepr}"
    return report


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[Agency]:
    """An agency whose browser is signed in as the seller that is to be connected."""
    clock = Clock()
    listen = f"127.0.0.1:{agencies.free_port()}"
    with Simulator(World(now=clock), relays={BUILT_IN.redirect_uris[0]: listen}) as simulator:
        yield agencies.build(tmp_path / "home", simulator, clock, listen, io.StringIO(), io.StringIO())


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as Python hears it itself: a run of the tests in the background begins with one that is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
