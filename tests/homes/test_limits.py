"""Few threads or little memory: what only saves time is done without, and what cannot be had is said."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import PROGRAM, SECONDS, Result
from tests.homes.given import Estate

USER: tuple[str, ...] = ("setpriv", "--reuid=54323", "--regid=54323", "--clear-groups")
USER += ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
"""Root has as many processes as it likes; the tests' folders are root's alone."""


BELOW = ("Fatal Python error", "error while loading")
"""What Python and the system's loader say where they end the process for want of memory."""


@pytest.fixture
def home(estate: Estate, tmp_path: Path) -> Path:
    estate.copy(tmp_path / "home")
    return tmp_path / "home"


def run(estate: Estate, home: Path, limit: str, *arguments: str) -> Result:
    done = subprocess.run(
        ["prlimit", limit, *USER, PROGRAM, *arguments],
        env=estate.program(home).environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return Result(done.returncode, done.stdout, done.stderr)


class TestWithoutThreads:
    @pytest.mark.parametrize(
        "line",
        [
            "list --json",
            "token -s bravo -r eu --json",
            "export -s acme -r eu --format json",
            "verify --json",
            "rename acme acme-gmbh",
            "revoke -s acme -r eu --yes --json",
        ],
    )
    def test_the_work_is_done_in_turn(self, estate: Estate, home: Path, line: str) -> None:
        result = run(estate, home, "--nproc=1", *line.split())

        assert result.code == 0, result
        assert "Traceback" not in result.stderr
        assert "sp_connect/" not in result.stderr

    @pytest.mark.parametrize("line", ["connect -s newcomer -r eu --no-browser --json", "simulator --json"])
    def test_what_needs_one_says_so(self, estate: Estate, home: Path, line: str) -> None:
        asked = estate.office.world.requests["token"]

        result = run(estate, home, "--nproc=1", *line.split())

        assert result.code == 4, result
        assert result.error()["message"].startswith("No more threads or processes can be started")
        assert "ulimit -u" in result.error()["hint"]
        assert "sp_connect/" not in result.stderr
        assert estate.office.world.requests["token"] <= asked + 1, "the app is asked about, and no code is spent"


@pytest.mark.parametrize(("megabytes", "is_started"), [(128, False), (1024, True)])
def test_no_thread_is_started_without_the_memory_to_end(megabytes: int, is_started: bool) -> None:
    asked = [sys.executable, "-c", "from sp_connect.process import threads; print(threads.can_be_had())"]

    done = subprocess.run(
        ["prlimit", f"--as={megabytes * 2**20}", *asked], capture_output=True, text=True, check=True, timeout=SECONDS
    )

    assert done.stdout == f"{is_started}\n"


@pytest.mark.parametrize("megabytes", [32, 40, 48, 128, 160])
@pytest.mark.parametrize("line", ["token -s bravo -r eu --json", "verify --json"])
def test_too_little_memory_is_told(estate: Estate, home: Path, line: str, megabytes: int) -> None:
    result = run(estate, home, f"--as={megabytes * 2**20}", *line.split())

    if result.code == 127 or any(one in result.stderr for one in BELOW):
        return  # Python itself does not start
    if result.code in {-signal.SIGABRT, -signal.SIGSEGV}:  # a library in Rust or C that cannot have what it needs
        assert result.stdout == ""
        return
    assert result.code in {0, 4}, result
    assert "Traceback" not in result.stderr
    assert "sp_connect/" not in result.stderr
    if result.code == 4:
        assert "error: " in result.stderr
        assert "hint: " in result.stderr
