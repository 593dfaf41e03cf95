"""What is not a file of this version: of a later one, cut off by a crash, a link, a pipe, a folder.

Each is named, left as it is to the last byte, and stops only what needs it; `doctor` says what mends it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from sp_connect import errors
from sp_connect.cli import flags
from sp_connect.commands import doctor
from sp_connect.findings import Finding
from sp_connect.runtime import Runtime
from tests.homes.commands import COMMANDS, run
from tests.homes.given import Estate, files

JOURNAL = """schema = 1
store = "vault"

[[secret]]
kind = "seller"
owner = "bravo"
item = "eu"
ref = "0123456789ab"
"""
OF_ACME = {"list", "show acme", "verify", "token acme", "connect acme", "connect", "accept", "renew acme", "import"}
OF_ACME |= {"rename acme", "revoke acme", "app list", "app show", "doctor", "doctor --fix"}
"""What needs the file of acme: by itself, or because a new account is compared with every other."""

OF_INVITES = {"invites", "invites cancel", "accept", "doctor", "doctor --fix"}
OF_SECRETS = set(COMMANDS) - {"list", "show acme", "show bravo", "invites", "invites cancel", "app list", "app show"}
FEW = ("list", "verify", "token acme", "token bravo", "revoke bravo", "doctor --fix")
"""Enough to see what something strange stops."""

BY_KIND = {
    "config": ("config.toml", set(COMMANDS), "register the app again: sp-connect app add"),
    "seller": ("connections/acme.toml", OF_ACME, "move it away and connect again"),
    "invite": ("invites/*.toml", OF_INVITES, "move it away, and invite the seller again"),
    "journal": ("unfinished/*.toml", {"doctor", "doctor --fix"}, "move it away, then: sp-connect doctor --fix"),
    "vault": ("vault/vault.toml", OF_SECRETS, "bring back a copy of it"),
    "sealed": ("vault/sellers/acme.sealed", OF_ACME - {"list", "show acme", "connect", "app list", "app show", "accept",
                                                       "import"}, "move it away and connect again"),
}  # fmt: skip
"""Where each lies, which commands need it, and what mends it."""


@pytest.fixture
def home(estate: Estate, tmp_path: Path) -> Path:
    estate.copy(tmp_path / "home")
    (tmp_path / "home" / "unfinished").mkdir(exist_ok=True)
    (tmp_path / "home" / "unfinished" / "0123456789ab.toml").write_text(JOURNAL)
    return tmp_path / "home"


def path_of(home: Path, kind: str) -> Path:
    [path] = home.glob(BY_KIND[kind][0])
    return path


def said(estate: Estate, home: Path, path: Path, names: Iterable[str]) -> dict[str, errors.SpConnectError]:
    """What each command ended with, if it was an error, in a home of the state that it is in now.

    Whatever a command does, `path` stays what it is.
    """
    kept = home.with_name("kept")
    shutil.copytree(home, kept, symlinks=True, copy_function=_copy)
    place, found = str(path.relative_to(home)), {}
    before = files(home)[place]
    # A vault that is open already would not look at its settings.
    sit = partial(estate.opening_desk if path.name == "vault.toml" else estate.desk, home)
    for name in names:
        shutil.rmtree(home)
        shutil.copytree(kept, home, symlinks=True, copy_function=_copy)
        error = run(estate, home, name, sit)
        assert files(home).get(place) == before, name
        if error is not None:
            found[name] = error
    return found


def _copy(source: str, target: str) -> None:
    """A pipe is made anew, since nobody could read it to its end."""
    if Path(source).is_fifo():
        os.mkfifo(target)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def is_named(error: errors.SpConnectError, path: Path) -> bool:
    every = error.failures if isinstance(error, errors.Several) else (error,)
    return any(str(path) in one.message for one in every)


def findings(estate: Estate, home: Path) -> list[Finding]:
    """What `doctor` says. Where the world cannot even be built, that is what it says."""

    class Session:
        def runtime(self) -> Runtime:
            return estate.opening_desk(home).runtime_

    return list(doctor.run(cast("flags.Session", Session()), fix=False, yes=False))


@pytest.mark.parametrize("kind", [kind for kind in BY_KIND if kind != "sealed"])
def test_a_file_of_a_later_version_is_refused_and_left_as_it_is(estate: Estate, home: Path, kind: str) -> None:
    path = path_of(home, kind)
    path.write_text(path.read_text().replace("schema = 1", "schema = 3"))

    # What stops nearly nothing is looked at by few, and by those that it stops.
    names = [name for name in COMMANDS if kind in {"config", "seller", "vault"} or name in {*FEW, *BY_KIND[kind][1]}]
    found = said(estate, home, path, names)

    assert found.keys() == BY_KIND[kind][1]
    for name, error in found.items():
        assert (error.exit_code, error.code) == (4, "store-unavailable"), (name, error)
        assert is_named(error, path), (name, error)
        assert error.hint == "upgrade sp-connect" or isinstance(error, errors.Several)


@pytest.mark.parametrize("kind", [kind for kind in BY_KIND if kind != "config"])
def test_an_empty_file_is_damaged_and_left_as_it_is(estate: Estate, home: Path, kind: str) -> None:
    path = path_of(home, kind)
    path.write_bytes(b"")

    found = said(estate, home, path, FEW)

    assert found.keys() == BY_KIND[kind][1] & set(FEW)
    for name, error in found.items():
        assert (error.exit_code, error.code) == (4, "damaged"), (name, error)
        assert is_named(error, path), (name, error)
    assert not found or kind == "sealed" or "it is empty" in found["doctor --fix"].message


def test_an_empty_configuration_takes_no_secret_with_it(estate: Estate, home: Path) -> None:
    """The file may come back. Without it no app is registered, and its secret would look like one of nobody."""
    (home / "config.toml").write_bytes(b"")
    sealed = (home / "vault" / "apps" / "default.sealed").read_bytes()

    found = said(estate, home, home / "config.toml", FEW)

    assert {name: error.code for name, error in found.items()} == dict.fromkeys(
        ("verify", "token acme", "token bravo", "doctor --fix"), "not-found"
    )
    assert (home / "vault" / "apps" / "default.sealed").read_bytes() == sealed


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_file_of_which_a_part_is_there_is_told_and_what_mends_it(estate: Estate, home: Path, kind: str) -> None:
    path = path_of(home, kind)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 5])

    [failure] = [one for one in findings(estate, home) if one.result == "failed"]

    assert failure.found.startswith(f"{path} is damaged: ")
    assert failure.mend is not None
    assert BY_KIND[kind][2] in failure.mend
    assert path.read_bytes() == whole[: len(whole) * 2 // 5]


@pytest.mark.parametrize("kind", ["config", "seller", "invite", "journal"])
def test_wherever_it_was_cut_off_it_is_read_or_told_and_nothing_is_made_up(
    estate: Estate, home: Path, kind: str
) -> None:
    path = path_of(home, kind)
    whole, world = path.read_bytes(), estate.desk(home).runtime_
    read: dict[str, Callable[[], object]] = {
        "config": world.apps.all,
        "seller": lambda: world.connections.of("acme"),
        "invite": lambda: world.invites.all()[0],
        "journal": world.changes.journal.damages,
    }
    complete = read[kind]()
    assert kind == "journal" or isinstance(complete, tuple)

    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        damages: list[errors.Damaged] = []
        found: object = ()
        try:
            found = read[kind]()
        except errors.Damaged as damage:
            damages.append(damage)
        assert [damage.path for damage in damages] in ([], [path])
        if isinstance(found, tuple) and isinstance(complete, tuple) and kind != "seller":
            assert set(found) <= set(complete)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


class Strange(NamedTuple):
    """What stands in a file's place, and how it is told where a sealed file does not say it in its own way."""

    put: Callable[[Path], None]
    told: str


STRANGE = {
    "a link to itself": Strange(link_to_itself, "it is a link that leads to itself"),
    "a pipe": Strange(pipe, "it is a pipe or a device, not a file"),
    "a folder": Strange(folder, "a folder is where a file should be"),
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("kind", BY_KIND)
def test_something_else_in_its_place_is_told_and_waited_for_by_nobody(
    estate: Estate, home: Path, kind: str, what: str
) -> None:
    path = path_of(home, kind)
    path.unlink()
    STRANGE[what].put(path)

    found = {one.name: one for one in findings(estate, home) if one.result == "failed"}
    error = run(estate, home, "list")

    assert (error is None) == (kind in {"invite", "journal", "vault", "sealed"})
    assert any(str(path) in one.found for one in found.values())
    expected = "it is a link or not a file" if kind == "sealed" else STRANGE[what].told
    assert any(expected in one.found for one in found.values()), found


@pytest.mark.parametrize("kind", ["config", "seller", "invite"])
def test_a_link_to_a_file_elsewhere_stays_one(estate: Estate, home: Path, kind: str, tmp_path: Path) -> None:
    """As people do who keep their settings in a repository."""
    path, elsewhere = path_of(home, kind), tmp_path / "elsewhere.toml"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    change = {"config": "app rotate-secret", "seller": "renew acme", "invite": "invites cancel"}[kind]

    assert run(estate, home, change) is None

    assert path.is_symlink()
    assert not elsewhere.is_symlink()
    assert elsewhere.read_bytes() != before


@pytest.mark.parametrize("place", ["connections", "invites", "vault", "unfinished", "vault/sellers"])
def test_a_link_to_a_folder_elsewhere_is_followed(estate: Estate, home: Path, place: str, tmp_path: Path) -> None:
    shutil.move(home / place, tmp_path / "elsewhere")
    (home / place).symlink_to(tmp_path / "elsewhere")

    assert run(estate, home, "renew acme") is None
    assert run(estate, home, "verify") is None
    assert (home / place).is_symlink()


@pytest.mark.parametrize("place", ["lock", "vault/lock"])
@pytest.mark.parametrize("put", [link_to_itself, folder], ids=["a link", "a folder"])
def test_a_lock_that_nobody_can_take_is_told_before_anyone_consents(
    estate: Estate, home: Path, place: str, put: Callable[[Path], None]
) -> None:
    (home / place).unlink()
    put(home / place)
    asked = estate.office.world.requests["token"]

    for name in ("connect", "renew acme", "import"):
        error = run(estate, home, name)
        assert error is not None
        assert (error.exit_code, error.code) == (4, "store-unavailable")
        assert error.message.startswith(f"{home / place} could not be locked: ")
    assert estate.office.world.requests["token"] == asked
    assert any(str(home / place) in one.found for one in findings(estate, home) if one.result == "failed")
    assert run(estate, home, "list") is None


@pytest.mark.parametrize("target", ["nowhere", "outside"])
def test_a_lock_that_leads_elsewhere_is_not_followed(estate: Estate, home: Path, tmp_path: Path, target: str) -> None:
    """Whoever can put a link there would have us write, or lock, a file of their choice."""
    if target == "outside":
        (tmp_path / target).write_text("somebody's")
    (home / "lock").unlink()
    (home / "lock").symlink_to(tmp_path / target)

    error = run(estate, home, "revoke bravo")

    assert error is not None
    assert "could not be locked" in error.message
    assert target == "nowhere" or (tmp_path / target).read_text() == "somebody's"
    assert target == "outside" or not (tmp_path / target).exists()
