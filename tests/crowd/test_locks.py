"""Locks that another process holds: who only reads does not wait for them, and who is dead does not hold them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home import locks
from tests.cli.program import SECONDS, Program
from tests.crowd import town as towns
from tests.crowd.town import Town

HOLD = """
import sys
from contextlib import ExitStack
from pathlib import Path
from sp_connect.stores.home import locks
with ExitStack() as stack:
    for path in sys.argv[1:]:
        stack.enter_context(locks.held(Path(path)))
    print("held", flush=True)
    sys.stdin.read()
"""
ACME = ("--seller", "acme", "--region", "eu")
READERS = {
    "list": ("list", "--json"),
    "matrix": ("list", "--matrix", "--csv"),
    "show": ("show", "--seller", "acme", "--json"),
    "a kept token": ("token", *ACME),
    "credentials": ("export", *ACME, "--format", "json"),
    "invites": ("invites", "--json"),
    "apps": ("app", "list", "--json"),
    "store": ("store", "--json"),
}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A town where acme is connected and has an access token that lives."""
    with towns.built(tmp_path / "home", 1) as town:
        token = town.give("acme", "eu", "app-0").refresh_token
        account = town.account("acme", "eu").selling_partner_id
        taking = ("import", *ACME, "--app", "app-0", "--selling-partner-id", account)
        assert town.program.run(*taking, stdin=token).code == 0
        assert town.program.run("token", *ACME).code == 0
        yield town


def lock_files(program: Program) -> list[Path]:
    """Every lock of a home: of its records, of its vault, of acme's token, and of the proof of the store."""
    home = program.home
    return [home / "lock", home / "vault" / "lock", home / "locks" / "lock-acme-eu", home / "lock-probe"]


@contextmanager
def held(program: Program) -> Iterator[subprocess.Popen[str]]:
    """Another process, which holds them all while the block runs."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, *map(str, lock_files(program))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_who_only_reads_does_not_wait_for_a_writer(town: Town) -> None:
    free = {name: town.program.run(*arguments) for name, arguments in READERS.items()}
    with held(town.program) as holder:
        answers = {name: town.program.run(*arguments) for name, arguments in READERS.items()}
        for path in lock_files(town.program):
            with pytest.raises(errors.StoreLocked), locks.held(path, wait=0):
                pass
        assert holder.poll() is None
    assert {answer.code for answer in answers.values()} == {0}
    assert {name: answer.stdout for name, answer in answers.items()} == {
        name: answer.stdout for name, answer in free.items()
    }


def test_a_writer_goes_on_as_soon_as_the_one_before_it_is_dead(town: Town) -> None:
    with held(town.program) as holder, town.program.started("revoke", *ACME, "--yes", "--json") as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(2)
        holder.kill()
        stdout, stderr = waiting.communicate(timeout=SECONDS)
    assert (waiting.returncode, "revoked_locally" in stdout) == (0, True), stderr
    assert town.program.run("list", "--json").json() == []
