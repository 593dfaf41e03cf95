"""Parts of a home that are links to a disk which is not mounted: unreachable is not absent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.commands import verify
from sp_connect.findings import Finding
from tests.homes.commands import COMMANDS, run
from tests.homes.given import Estate, files
from tests.homes.test_strange_files import findings

PLACES = ("connections", "config.toml", "invites", "vault", "unfinished", "connections/acme.toml", "vault/vault.toml")


@pytest.fixture
def home(estate: Estate, tmp_path: Path) -> Path:
    estate.copy(tmp_path / "home")
    return tmp_path / "home"


def lost(home: Path, place: str) -> Path:
    """Makes a place of the home a link to a disk, whose mount point is empty now; returns the mount point."""
    disk = home.with_name("disk")
    disk.mkdir()
    shutil.move(home / place, home.with_name("on the disk"))
    (home / place).symlink_to(disk / "sp-connect" / Path(place).name)
    return disk


def is_told(error: errors.SpConnectError | None, home: Path, place: str) -> bool:
    """Whether the link is named, with what can be done."""
    if error is None:
        return False
    link = str(home / place)
    parts = error.failures if isinstance(error, errors.Several) else [error]
    return any(f"the link {link} leads to " in one.message and f"ls -l {link}" in (one.hint or "") for one in parts)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_unreachable_is_told_and_nothing_is_written_past_the_link(
    estate: Estate, home: Path, place: str
) -> None:
    disk = lost(home, place)
    names = ("list", "verify", "token acme", "connect", "connect acme", "revoke acme", "invite", "doctor --fix")

    found = {name: run(estate, home, name, lambda stdin="": estate.opening_desk(home, stdin)) for name in names}

    assert list(disk.iterdir()) == []
    assert (home / place).is_symlink()
    told = {name for name, error in found.items() if is_told(error, home, place)}
    silent = {name for name, error in found.items() if error is None}
    assert told | silent == set(names), found
    assert all(error is None or error.exit_code == 4 for error in found.values())
    assert silent <= {
        "invites": {"list", "verify", "token acme", "connect", "connect acme", "revoke acme"},
        "vault": {"list", "invite"},
        "vault/vault.toml": {"list", "invite"},
        "connections/acme.toml": {"invite"},
        "unfinished": {"token acme"},
    }.get(place, set()), silent


@pytest.mark.parametrize("place", ["connections", "connections/acme.toml"])
def test_what_is_due_is_not_said_to_be_nothing(estate: Estate, home: Path, place: str) -> None:
    lost(home, place)

    with pytest.raises(errors.ThisMachine) as caught:
        verify.command(estate.desk(home).context, jobs=2, due=30)

    assert is_told(caught.value, home, place)


def test_the_other_sellers_are_shown(estate: Estate, home: Path) -> None:
    lost(home, "connections/acme.toml")
    desk = estate.desk(home)

    with pytest.raises(errors.ThisMachine):
        COMMANDS["list"](estate, lambda _stdin="": desk)

    assert "bravo" in desk.stdout.getvalue()


@pytest.mark.parametrize("place", PLACES)
def test_doctor_names_the_link(estate: Estate, home: Path, place: str) -> None:
    lost(home, place)

    failed: list[Finding] = [one for one in findings(estate, home) if one.result == "failed"]

    assert any(str(home / place) in one.found for one in failed), failed


def test_a_home_that_is_such_a_link_is_not_made_anew(estate: Estate, tmp_path: Path) -> None:
    link = tmp_path / "home"
    link.symlink_to(tmp_path / "disk" / "home")

    for name in ("list", "connect", "app add"):
        error = run(estate, link, name, lambda stdin="": estate.opening_desk(link, stdin))
        assert error is not None
        assert (error.exit_code, error.code) == (4, "store-unavailable"), name
        assert str(link) in error.message

    assert not (tmp_path / "disk").exists()


def test_back_on_its_disk_all_is_as_it_was(estate: Estate, home: Path) -> None:
    before = files(home)
    disk = lost(home, "connections")
    assert run(estate, home, "list") is not None

    (disk / "sp-connect").mkdir()
    shutil.move(home.with_name("on the disk"), disk / "sp-connect" / "connections")

    assert run(estate, home, "list") is None
    assert {name: data for name, data in files(home).items() if not name.startswith("connections")} == {
        name: data for name, data in before.items() if not name.startswith("connections")
    }
