"""The program moves everything between a real keyring and the vault, and asks for passphrases on a real terminal."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sp_connect.models import Secret
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.agency import Agency
from tests.cli.program import PASSPHRASE, Program, ended, plain
from tests.commands.given import connected, token_of
from tests.secret_service import Session, lock

pytestmark = pytest.mark.slow

NEW = "new horse"


def items(ring: Session) -> list[str]:
    """The services of our items in the keyring."""
    call = ["gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path"]
    search = ["/org/freedesktop/secrets", "--method", "org.freedesktop.Secret.Service.SearchItems"]
    command = [*call, *search, "{'username': 'sp-connect'}"]
    found = subprocess.run(command, env=ring, capture_output=True, text=True, check=True).stdout
    return [path for path in found.split("'") if path.startswith("/org/freedesktop/secrets/collection/")]


@pytest.fixture
def moving(office: Agency, staffed: Program) -> Program:
    """The program in a home with three connections, whose vault config.toml names."""
    for name in ("acme", "bravo", "charlie"):
        connected(office, name)
    Apps(office.folder / "config.toml").choose_store("vault")
    staffed.env = {name: value for name, value in staffed.env.items() if name != "SP_CONNECT_STORE"}
    return staffed


def test_everything_goes_to_a_real_keyring_and_back(office: Agency, moving: Program, ring: Session) -> None:
    moving.env |= ring
    tokens = {token_of(office, one) for one in office.runtime.connections.all()}

    there = moving.run("store", "move", "keyring", "--yes", "--json")

    assert there.code == 0, there
    assert there.json() | {"missing": []} == {
        "from": "vault", "to": "keyring", "dry_run": False, "apps": 1, "connections": 3, "missing": [],
    }  # fmt: skip
    assert len(items(ring)) == 4 + 1, "one says which folder owns them, and stays"
    assert not [name for name in moving.files() if name.startswith(("vault", "unfinished"))]
    assert [one["ok"] for one in moving.run("verify", "--json").json()] == [True, True, True]

    back = moving.run("store", "move", "vault", "--yes", "--json")

    assert back.code == 0, back
    assert len(items(ring)) == 1
    assert [one["ok"] for one in moving.run("verify", "--json").json()] == [True, True, True]
    assert not [token for token in tokens for told in (there, back) if token in told.stdout + told.stderr]
    assert not [token for token in tokens for data in moving.files().values() if token.encode() in data]


def test_a_locked_keyring_stops_it_and_an_unlocked_one_goes_on(office: Agency, moving: Program, ring: Session) -> None:
    moving.env |= ring
    before = moving.files()
    lock(ring)

    result = moving.run("store", "move", "keyring", "--yes", "--json")

    assert result.code == 4
    assert result.error()["code"] == "store-locked"
    assert "Nothing was changed." in result.error()["message"]
    assert result.error()["hint"] == "unlock it; then: sp-connect store move keyring"
    assert moving.files() == before
    assert all(token_of(office, one) for one in office.runtime.connections.all())


def test_enter_alone_moves_nothing(moving: Program) -> None:
    before = moving.files()
    with moving.terminal("store", "move", "keyring", columns=200) as child:
        child.expect_exact("Move the secrets of 1 app and 3 connections from the vault to the keyring? [y/N]")
        child.sendline("")
        code, rest = ended(child)

    assert code == 1
    assert "Nothing was changed." in plain(rest)
    assert moving.files() == before


@pytest.mark.parametrize(("again", "code"), [(NEW, 0), ("another", 2)])
def test_a_new_passphrase_is_typed_twice_and_never_shown(
    office: Agency, moving: Program, again: str, code: int
) -> None:
    moving.env.pop("SP_CONNECT_PASSPHRASE")
    with moving.terminal("store", "passphrase", columns=200) as child:
        for question, typed in (
            ("Passphrase of the vault? (not shown)", PASSPHRASE),
            ("New passphrase? (not shown)", NEW),
            ("Repeat the new passphrase: (not shown)", again),
        ):
            child.expect_exact(question)
            child.sendline(typed)
        found, rest = ended(child)

    assert found == code, rest
    assert not [typed for typed in (PASSPHRASE, NEW, again) if typed in rest]
    opens = Secret(NEW if code == 0 else PASSPHRASE)
    assert len(Vault(office.folder / "vault", lambda: opens, KeyringStore(None, 1.0)).contents().names) == 4


def test_a_passphrase_from_a_file_is_in_no_output_and_in_no_file_of_ours(moving: Program, tmp_path: Path) -> None:
    file = tmp_path / "new"
    file.write_text(NEW)

    result = moving.run("-v", "store", "passphrase", "--new-passphrase-file", str(file), "--json")

    assert result.code == 0, result
    assert NEW not in result.stdout + result.stderr
    assert not [name for name, data in moving.files().items() if NEW.encode() in data]
