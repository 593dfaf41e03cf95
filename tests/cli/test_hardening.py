"""What lies in the program's memory stays there: no core file, no look into it by other programs of the same user."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sp_connect
from tests.agency import Agency
from tests.cli.program import PASSPHRASE, PROGRAM, SECONDS, Program, until
from tests.commands.given import connected

pytestmark = pytest.mark.slow

WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Root may look into every process; what runs behind this, as any other user, only into its own."""

WAITING = ("connect", "-s", "acme", "-r", "eu", "--no-browser")
HARD = resource.getrlimit(resource.RLIMIT_CORE)[1]
UNLIMITED = ("prlimit", f"--core={HARD if HARD >= 0 else 'unlimited'}")
LIMIT = 4096
SHOW_LIMIT = (sys.executable, "-c", "import resource; print(*resource.getrlimit(resource.RLIMIT_CORE))")


@contextmanager
def holding_secrets(program: Program, folder: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """The program in a folder of its own while it waits, with passphrase, vault key and client secret in memory."""
    process = subprocess.Popen(
        [*UNLIMITED, *before, PROGRAM, *WAITING],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=program.environment(),
        text=True,
    )
    try:
        assert process.stderr is not None
        until(process.stderr, "Waiting up to")
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def idle(folder: Path, *before: str) -> Iterator[subprocess.Popen[str]]:
    """Some other program in a folder of its own, for comparison."""
    folder.mkdir()
    command = [*UNLIMITED, *before, "sh", "-c", "echo up; exec sleep 60"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        until(process.stdout, "up")
        yield process
        process.kill()


def ended_by(process: subprocess.Popen[str], number: int) -> int:
    """The status of a process that a signal ends, as the system tells it."""
    process.send_signal(number)
    _, status = os.waitpid(process.pid, 0)
    assert os.WTERMSIG(status) == number
    return status


def reading(process: subprocess.Popen[str], name: str) -> subprocess.CompletedProcess[bytes]:
    """Another program of the same user, which reads a file of the process."""
    return subprocess.run(
        [*WITHOUT_RIGHTS, "cat", f"/proc/{process.pid}/{name}"], capture_output=True, check=False, timeout=SECONDS
    )


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV])
def test_a_crash_leaves_no_core_file(staffed: Program, tmp_path: Path, number: int) -> None:
    with idle(tmp_path / "other") as process:
        dumps_here = os.WCOREDUMP(ended_by(process, number))
    assert dumps_here, "this machine writes no core file of any program: nothing could be told"

    with holding_secrets(staffed, tmp_path) as process:
        assert not os.WCOREDUMP(ended_by(process, number))

    assert not list(tmp_path.glob("*core*"))


def test_another_program_of_the_same_user_cannot_look_into_it(staffed: Program, tmp_path: Path) -> None:
    with idle(tmp_path / "other", *WITHOUT_RIGHTS) as process:
        assert reading(process, "environ").returncode == 0, "it can be done, as long as nobody forbids it"

    with holding_secrets(staffed, tmp_path, *WITHOUT_RIGHTS) as process:
        for name in ("environ", "mem", "auxv"):
            looked = reading(process, name)
            assert looked.returncode == 1
            assert b"Permission denied" in looked.stderr
            assert PASSPHRASE.encode() not in looked.stdout


def test_what_exec_runs_has_the_limit_that_its_user_set(staffed: Program, office: Agency) -> None:
    connected(office)

    result = subprocess.run(
        ["prlimit", f"--core={LIMIT}:", PROGRAM, "exec", "-s", "acme", "-r", "eu", "--", *SHOW_LIMIT],
        env=staffed.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    assert result.stdout.split() == [str(LIMIT), str(HARD)], result


def test_a_program_that_asks_for_credentials_keeps_its_own_settings(
    staffed: Program, office: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected(office)
    for name, value in staffed.environment().items():
        monkeypatch.setenv(name, value)
    before = resource.getrlimit(resource.RLIMIT_CORE)

    assert sp_connect.credentials("acme", "eu")["refresh_token"].startswith("Atzr|")

    assert resource.getrlimit(resource.RLIMIT_CORE) == before
