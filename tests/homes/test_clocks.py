"""A clock that is set back, or was ahead: nothing that was written by another clock stops anything or is lost."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from sp_connect import checkup, errors
from sp_connect.findings import Finding
from tests import figures
from tests.cli.program import PROGRAM, SECONDS, Result
from tests.homes.commands import COMMANDS, run
from tests.homes.given import Desk, Estate

LONG_AGO = (-20_000,)
LATER = (370,)
"""In days. The longest ends in 1972."""


@pytest.fixture
def home(estate: Estate, tmp_path: Path) -> Path:
    estate.copy(tmp_path / "home")
    return tmp_path / "home"


def at(estate: Estate, home: Path, days: int, stdin: str = "") -> Desk:
    """A desk whose clock is so many days off."""
    made = estate.desk(home, stdin)
    world = made.runtime_
    made.runtime_ = replace(world, now=lambda: world.now() + timedelta(days=days))
    return made


def findings(desk: Desk) -> dict[str, Finding]:
    return {one.name: one for one in checkup.run(desk.runtime_, fix=False, yes=False)}


@pytest.mark.parametrize("days", [*LONG_AGO, *LATER])
def test_every_command_works_whatever_the_clock_says(estate: Estate, home: Path, days: int) -> None:
    for name in COMMANDS:
        estate.copy(home)

        error = run(estate, home, name, partial(at, estate, home, days))

        # Nothing of these is there any more after a year, and that is what is told.
        late = {"invites cancel": errors.NoSuchInvite, "accept": errors.NoSuchInvite}
        expected = late.get(name) if days > 7 else None
        if name.startswith("doctor"):
            assert error is None or error.code in {"unfit", "client-rejected"}, (name, error)
        elif expected is not None:
            assert isinstance(error, expected), (name, error)
        else:
            assert error is None, (name, error)


@pytest.mark.parametrize("days", LONG_AGO)
def test_a_consent_of_a_day_to_come_is_told_by_doctor(estate: Estate, home: Path, days: int) -> None:
    found = findings(at(estate, home, days))

    connections, secret, clock = (found[name] for name in ("connections", "client-secret", "clock"))
    assert connections.result == secret.result == "warning"
    assert "acme in Europe & India and bravo in Europe & India: consented on a day that is still to come" in (
        connections.found
    )
    assert "set the clock" in f"{connections.mend} {secret.mend}"
    assert clock.result in {"failed", "skipped"}


def test_a_token_that_was_kept_by_a_clock_ahead_is_not_handed_out(estate: Estate, home: Path) -> None:
    ahead, right = at(estate, home, 1), estate.desk(home)
    before = estate.office.world.requests["token"]

    COMMANDS["token acme"](estate, lambda: ahead)
    COMMANDS["token acme"](estate, lambda: right)

    assert estate.office.world.requests["token"] == before + 2
    assert ahead.stdout.getvalue() != right.stdout.getvalue()


def test_a_check_by_a_clock_that_was_set_back_is_kept_all_the_same(estate: Estate, home: Path) -> None:
    desk = at(estate, home, -400)

    COMMANDS["verify"](estate, lambda: desk)

    [record] = desk.runtime_.connections.of("acme")
    assert record.verified_at is not None
    assert record.authorized_at is not None
    assert record.verified_at < record.authorized_at
    assert run(estate, home, "list") is None


def test_a_clock_that_is_wrong_for_the_whole_process_stops_nothing(estate: Estate, home: Path) -> None:
    """faketime changes the clock of the whole process. One with threads takes seconds under it, so nobody is asked."""
    program = estate.program(home)

    def ran(*arguments: str) -> Result:
        faked = ["faketime", "-f", "-400d", str(PROGRAM), *arguments]
        environment = program.environment({"DONT_FAKE_MONOTONIC": "1"})
        done = subprocess.run(faked, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)
        figures.record("hostile homes", 1)
        return Result(done.returncode, done.stdout, done.stderr)

    listed, [made] = ran("list", "--json"), ran("invite", "-s", "newcomer", "-r", "eu", "--json").json()

    assert {one["status"] for one in listed.json()} == {"connected"}
    assert made["status"] == "pending"
    assert ran("invites").code == 0
    [there] = [one for one in estate.desk(home).runtime_.invites.all()[0] if one.scope.seller == "newcomer"]
    assert there.status(estate.desk(home).runtime_.now()) == "ended"
    assert program.run("invites").code == 0
