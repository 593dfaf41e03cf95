"""A home, or a part of one, that belongs to another user: what can be read is read, and whose it is is told."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests import figures
from tests.homes.given import Estate, as_anybody, files

SOMEBODY = 65534
CHANGES = (("revoke", "-s", "bravo", "--yes"), ("invite", "-s", "new", "-r", "eu"))


def hand_over(*paths: Path) -> None:
    for path in paths:
        os.chown(path, SOMEBODY, SOMEBODY)


def everything(home: Path) -> list[Path]:
    return [home, *home.rglob("*")]


@pytest.fixture
def home(estate: Estate, tmp_path: Path) -> Path:
    estate.copy(tmp_path / "home")
    return tmp_path / "home"


@pytest.mark.parametrize("arguments", [("list",), ("doctor", "--fix")])
def test_a_home_that_is_closed_to_us_is_told(estate: Estate, home: Path, arguments: tuple[str, ...]) -> None:
    hand_over(*everything(home))
    before = files(home)

    result = as_anybody(estate.program(home), *arguments, "--json")

    figures.record("hostile homes", 1)
    assert (result.code, result.error()["code"]) == (4, "store-unavailable"), result
    assert result.error()["message"] == f"{home / 'config.toml'} could not be read: permission is denied."
    assert result.error()["hint"] == "see who owns the file and its folder: ls -la"
    assert files(home) == before


def test_a_home_that_is_open_to_read_can_be_looked_at(estate: Estate, home: Path) -> None:
    _open(home)

    result = as_anybody(estate.program(home), "list")

    figures.record("hostile homes", 1)
    assert result.code == 0, result
    assert "acme" in result.stdout


@pytest.mark.parametrize("arguments", CHANGES, ids=" ".join)
def test_and_nothing_of_it_changes(estate: Estate, home: Path, arguments: tuple[str, ...]) -> None:
    _open(home)
    before = files(home)

    result = as_anybody(estate.program(home), *arguments, "--json")

    figures.record("hostile homes", 1)
    why = {
        "store-unavailable": r"could not be (locked|created): permission is denied\.$",
        "unfit": r"config\.toml is not trusted: it belongs to the user ",
    }
    assert result.code == 4, result
    assert re.search(why[result.error()["code"]], result.error()["message"])
    assert files(home) == before


def _open(home: Path) -> None:
    hand_over(*everything(home))
    for path in everything(home):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_doctor_says_whose_they_are_and_how_they_become_ours(estate: Estate, home: Path) -> None:
    _open(home)

    result = as_anybody(estate.program(home), "doctor", "--json")

    [found] = [one for one in result.json()["checks"] if one["name"] == "permissions"]
    assert "not yours, but another user's" in found["finding"]
    assert found["mend"] == f"sudo chown -R $(id -un) {home}"


@pytest.mark.parametrize(
    ("place", "works", "fails"),
    [
        ("connections/acme.toml", ("token", "-s", "bravo", "-r", "eu"), ("token", "-s", "acme", "-r", "eu")),
        ("vault/sellers/acme.sealed", ("revoke", "-s", "bravo", "-y"), ("verify",)),
        ("vault", ("list",), ("token", "-s", "bravo", "-r", "eu")),
    ],
)
def test_one_file_or_folder_of_somebody_elses_stops_only_what_needs_it(
    estate: Estate, home: Path, place: str, works: tuple[str, ...], fails: tuple[str, ...]
) -> None:
    hand_over(home / place)

    stopped = as_anybody(estate.program(home), *fails)
    goes_on = as_anybody(estate.program(home), *works)

    figures.record("hostile homes", 2)
    assert goes_on.code == 0, goes_on
    assert stopped.code == 4, stopped
    assert f"{home / place}" in stopped.stderr
    assert "permission is denied" in stopped.stderr
