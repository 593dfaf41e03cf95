"""A disk that fills up at any write: the old state stays whole, and the same command goes through with more room."""

from __future__ import annotations

from pathlib import Path

import pytest

from sp_connect.models import Secret
from tests.homes.commands import run
from tests.homes.given import Disk, Estate, disk, left_behind, records

CHANGES = ("connect", "renew acme", "accept", "import", "rename acme", "revoke acme", "app rotate-secret", "invite")
ASKING = ("import", "app rotate-secret")
"""What asks Amazon about a token or a secret that it gives again, before anything is kept."""

MOST = 20
"""Pages, or names, beyond which any of these has room."""


def token_of(estate: Estate, home: Path, seller: str) -> Secret:
    """The refresh token of a seller in a home, as the store has it."""
    world = estate.desk(home).runtime_
    [record] = world.connections.of(seller)
    return world.secrets.fetch(record.secret_name)


def tried(estate: Estate, small: Disk, command: str, *, by_names: bool = False) -> int:
    """How often a command met a full disk, with room for one page or name more each time, before it went through."""
    for room in range(MOST):
        small.free()
        estate.copy(small.home)
        small.fill_with_names(room) if by_names else small.fill(room)
        before, token = records(small.home), token_of(estate, small.home, "acme")
        asked = estate.office.world.requests["token"]

        error = run(estate, small.home, command)

        if error is None:
            return room
        assert (error.exit_code, error.code) == (4, "store-unavailable"), error
        assert error.message.endswith(": the disk is full."), error
        assert error.hint == "free some space and run it again"
        assert records(small.home) == before
        assert estate.office.world.requests["token"] == asked or command in ASKING, "no code is spent for nothing"
        assert token_of(estate, small.home, "acme") == token
        assert not [name for name in left_behind(small.home) if name.startswith(("connections", "invites", "vault"))]

        small.free()
        assert run(estate, small.home, command) is None
        assert left_behind(small.home) == []
    raise AssertionError(f"{command} never had room")


@pytest.mark.parametrize("command", CHANGES)
def test_no_page_is_left(estate: Estate, small: Disk, command: str) -> None:
    assert tried(estate, small, command) >= 1


@pytest.mark.parametrize("command", ["connect", "import", "rename acme"])
def test_no_name_is_left(estate: Estate, tmp_path: Path, command: str) -> None:
    with disk(tmp_path / "names", "size=4m,nr_inodes=80") as names:
        assert tried(estate, names, command, by_names=True) >= 1
