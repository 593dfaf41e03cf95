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

SLOW = ("browser", "crowd", "docs", "fuzz", "homes", "kills", "leaks", "real_client")
"""Folders whose tests all take long, or need a browser, another user or another program. Other tests are marked."""

MARKER_OF = {"browser": "browser", "docs": "docs", "homes": "root"}
"""What else all tests of a folder need, or are for."""

QUICK = "not slow"
"""What `-m` is where nothing else is typed: `addopts` in pyproject.toml."""


def pytest_configure(config: pytest.Config) -> None:
    """Whoever names a file or a folder means all of its tests, slow ones too."""
    typed = any(argument.startswith("-m") for argument in config.invocation_params.args)
    if config.args_source is config.ArgsSource.ARGS and not typed and not hasattr(config, "workerinput"):
        config.option.markexpr = ""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Slow folders are not even imported where their tests are left out: that is half of the time to collect."""
    is_left_out = collection_path.name in SLOW and collection_path.parent == Path(__file__).parent
    return True if is_left_out and config.option.markexpr == QUICK else None


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in SLOW:
            item.add_marker("slow")
        if folder in MARKER_OF:
            item.add_marker(MARKER_OF[folder])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.option.markexpr == QUICK:
        terminalreporter.write_line("These were the quick tests. The slow ones: pytest -m slow; all: pytest -m ''")


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
