"""Moves and new passphrases, killed before each operation on a file: nothing is lost, and the next run ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.stores.secret_store import StoreName
from tests.stores import killing, moving
from tests.stores.killing import PASSPHRASES, Killer
from tests.stores.moving import KEY, Home, unwatched
from tests.stores.samples import app, connection
from tests.stores.test_migration import BOTH, is_left

pytestmark = pytest.mark.slow

CUT_AT = 11
"""An operation at which a move of the small home has put most of it into both stores."""


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with killing.killer() as killer:
        yield killer


@pytest.fixture(autouse=True)
def _ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTS_RING", str(tmp_path / "home" / "ring"))


def small(folder: Path, store: StoreName) -> Home:
    """An app and two connections, one with a token of two parts; an access token; and a change that was cut short."""
    home = moving.of(folder)
    home.apps.choose_store(store)
    with home.changes.writing():
        home.changes.keep_app(app(), Secret("secret of default"))
        home.changes.keep_connection(connection("acme", "eu"), Secret("Atzr|" + "acme" * 320))
        home.changes.keep_connection(connection("beta", "na"), Secret("Atzr|beta"))
        home.secrets.keep(connection("acme", "eu").access_name, Secret("Atza|acme"))
    old = connection("acme", "eu", secret_ref="ref-old").secret_name
    home.secrets.keep(old, Secret("Atzr|old"))
    home.changes.journal.begin(store, [old])
    return home


def other(home: Home) -> StoreName:
    """The store that is not in use."""
    return "keyring" if home.secrets.name == "vault" else "vault"


@pytest.mark.parametrize(("source", "target"), BOTH)
def test_a_move_killed_anywhere_loses_nothing_and_is_ended_by_the_next(
    killer: Killer, tmp_path: Path, source: StoreName, target: StoreName
) -> None:
    folder = tmp_path / "home"
    before = small(folder, source).values()
    assert None not in before.values()
    ended_in: list[str] = []

    def check(folder: Path, number: int) -> None:
        after = moving.of(folder)
        assert after.values() == before, f"killed before operation {number}"
        if number % 2:
            after.moves.run(target, unwatched)
        else:
            with after.changes.writing():
                pass
            after.moves.settle(unwatched)
        ended = moving.of(folder)
        assert ended.values() == before
        assert is_left(ended, other(ended))
        ended_in.append(ended.secrets.name)

    count = killer.at_each_operation(f"move-{target}", folder, check)

    assert count > 15
    assert set(ended_in) == {source, target}


@pytest.mark.parametrize(("deed", "is_committed"), [("move-keyring", False), ("settle", True)])
def test_so_is_what_ends_it(killer: Killer, tmp_path: Path, deed: str, is_committed: bool) -> None:
    folder = tmp_path / "home"
    before = small(folder, "vault").values()
    assert killer.kills("move-keyring", folder, CUT_AT)
    assert moving.of(folder).moves.begun()
    if is_committed:
        moving.of(folder).apps.choose_store("keyring")

    def check(folder: Path, number: int) -> None:
        after = moving.of(folder)
        assert after.values() == before, f"killed before operation {number}"
        after.moves.settle(unwatched)
        ended = moving.of(folder)
        assert ended.values() == before
        assert is_left(ended, other(ended))

    assert killer.at_each_operation(deed, folder, check) > 5


def test_a_vault_that_is_made_leaves_no_key_in_the_keyring_without_it(killer: Killer, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()

    def check(folder: Path, number: int) -> None:
        moving.of(folder).vault.settle()
        vault = moving.of(folder).vault
        keys = [service for service in moving.of(folder).in_ring() if service.startswith(KEY)]
        assert len(keys) == (vault.describe().opened_by is not None), f"killed before operation {number}"
        vault.keep(connection().secret_name, Secret("Atzr|acme"))
        assert len(moving.of(folder).in_ring()) == 1
        assert vault.unsettled() is None

    assert killer.at_each_operation("make", folder, check) > 10


@pytest.mark.parametrize(
    ("deed", "old", "new"),
    [
        ("new-passphrase", "passphrase", "other"),
        ("new-passphrase", "none", "other"),
        ("to-keyring", "passphrase", "none"),
    ],
)
def test_one_of_the_two_opens_the_vault_at_any_moment(
    killer: Killer, tmp_path: Path, deed: str, old: str, new: str
) -> None:
    folder = tmp_path / "home"
    moving.of(folder, PASSPHRASES[old]).vault.keep(connection().secret_name, Secret("Atzr|acme"))
    opened: list[str] = []

    def check(folder: Path, number: int) -> None:
        by = new if is_opened_by(folder, new) else old
        opened.append(by)
        assert by == new or is_opened_by(folder, old), f"killed before operation {number}"
        settings = (folder / "vault" / "vault.toml").read_bytes()
        moving.of(folder).moves.settle(unwatched)
        assert (folder / "vault" / "vault.toml").read_bytes() == settings
        assert moving.of(folder).vault.unsettled() is None
        assert len(moving.of(folder).in_ring()) == (by == "none")

    killer.at_each_operation(deed, folder, check, old)

    assert opened == sorted(opened, key=[old, new].index)
    assert set(opened) == {old, new}


def is_opened_by(folder: Path, passphrase: str) -> bool:
    """Whether a passphrase opens the vault, or the keyring where there is none."""
    vault = moving.of(folder, PASSPHRASES[passphrase]).vault
    if (vault.describe().opened_by == "keyring") != (passphrase == "none"):
        return False
    try:
        return vault.fetch(connection().secret_name).reveal() == "Atzr|acme"
    except errors.StoreLocked:
        return False
