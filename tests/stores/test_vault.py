"""The vault: opened by what it was made with, and never overwritten when damaged. test_vault_format.py has its form."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.stores import backends
from tests.stores.conftest import sealed
from tests.stores.samples import EU, TOKEN

OTHER = EU._replace(owner="other")


def with_keyring(folder: Path, keyring: KeyringStore) -> Vault:
    return Vault(folder, lambda: None, keyring)


def file_of(folder: Path, owner: str = "acme") -> Path:
    return folder / "vault" / "sellers" / f"{owner}.sealed"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with a vault that holds a secret of acme and one of other."""
    vault = sealed(tmp_path / "vault")
    vault.keep(EU, Secret("Atzr|acme"))
    vault.keep(OTHER, Secret("Atzr|other"))
    return tmp_path


def test_a_vault_is_opened_by_its_passphrase_in_another_process(kept: Path) -> None:
    assert sealed(kept / "vault").fetch(EU).reveal() == "Atzr|acme"
    assert sealed(kept / "vault").describe().opened_by == "passphrase"


def test_what_is_on_disk_is_private_and_holds_no_secret(kept: Path) -> None:
    for path in (kept / "vault").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
        assert path.is_dir() or b"Atzr" not in path.read_bytes()
    assert sorted(path.name for path in kept.rglob("*.sealed")) == ["acme.sealed", "other.sealed"]


def test_many_of_an_owner_are_one_write(kept: Path) -> None:
    names = [EU._replace(ref=f"{n}") for n in range(5)]
    before = file_of(kept, "other").stat().st_ino
    sealed(kept / "vault").keep_all({name: Secret(name.ref) for name in names})
    assert [sealed(kept / "vault").fetch(name).reveal() for name in names] == ["0", "1", "2", "3", "4"]
    assert sealed(kept / "vault").fetch(EU).reveal() == "Atzr|acme"
    assert file_of(kept, "other").stat().st_ino == before


def test_many_of_an_owner_are_forgotten_with_one_write_and_damage_stops_it_first(kept: Path) -> None:
    names = [EU._replace(ref=f"{n}") for n in range(5)]
    sealed(kept / "vault").keep_all({name: Secret(name.ref) for name in names})
    before = file_of(kept, "acme").read_bytes()
    file_of(kept, "other").write_bytes(b"?")
    with pytest.raises(errors.Damaged, match="other"):
        sealed(kept / "vault").forget_all([*names, EU._replace(owner="other")])
    assert file_of(kept, "acme").read_bytes() == before
    sealed(kept / "vault").forget_all(names)
    assert sealed(kept / "vault").fetch(EU).reveal() == "Atzr|acme"
    sealed(kept / "vault").forget_all([EU])
    assert not file_of(kept, "acme").exists()


def test_a_wrong_passphrase_is_told_from_damage(kept: Path) -> None:
    with pytest.raises(errors.StoreLocked, match="The passphrase does not open the vault") as caught:
        sealed(kept / "vault", "wrong horse").fetch(EU)
    assert "SP_CONNECT_PASSPHRASE_FILE" in str(caught.value.hint)


ACTIONS: dict[str, Callable[[Vault], object]] = {
    "fetch": lambda vault: vault.fetch(EU),
    "keep": lambda vault: vault.keep(EU, Secret("x")),
    "forget": lambda vault: vault.forget(EU),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_vault_under_a_passphrase_asks_for_it_by_name(kept: Path, action: str) -> None:
    with pytest.raises(errors.StoreLocked, match="is opened by a passphrase") as caught:
        ACTIONS[action](sealed(kept / "vault", None))
    assert "SP_CONNECT_PASSPHRASE_FILE (a file that holds it) or SP_CONNECT_PASSPHRASE" in str(caught.value.hint)


@pytest.mark.parametrize("made", [False, True])
def test_an_empty_passphrase_is_refused(tmp_path: Path, made: bool) -> None:
    if made:
        sealed(tmp_path / "vault").keep(EU, Secret("x"))
    with pytest.raises(errors.StoreLocked, match="is empty"):
        sealed(tmp_path / "vault", "").keep(EU, Secret("y"))


def test_a_passphrase_may_be_any_bytes_of_the_environment(tmp_path: Path) -> None:
    sealed(tmp_path / "vault", "pass\udcff").keep(EU, Secret("x"))
    assert sealed(tmp_path / "vault", "pass\udcff").fetch(EU).reveal() == "x"


def test_a_passphrase_is_asked_for_once_a_process(tmp_path: Path) -> None:
    asked = []

    def passphrase() -> Secret:
        asked.append(1)
        return Secret("correct horse")

    sealed(tmp_path / "vault").keep(EU, Secret("x"))
    vault = Vault(tmp_path / "vault", passphrase, KeyringStore(None, 1))
    for _ in range(3):
        vault.keep(EU, Secret("y"))
        vault.fetch(EU)
    assert len(asked) == 1


def test_a_vault_made_without_a_passphrase_keeps_its_key_in_the_keyring(tmp_path: Path, small: KeyringStore) -> None:
    with_keyring(tmp_path / "vault", small).keep(EU, Secret(TOKEN))
    assert [name for name, _ in backends.Small.items if "sp-connect-vault/key" in name]
    vault = Vault(tmp_path / "vault", lambda: Secret("given later, not asked"), small)
    assert vault.fetch(EU).reveal() == TOKEN
    assert vault.describe().opened_by == "keyring"


def test_where_no_keyring_takes_its_key_a_passphrase_is_asked_for_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreLocked) as failure:
        with_keyring(tmp_path / "vault", KeyringStore("tests.stores.backends.Locked", 1)).keep(EU, Secret(TOKEN))

    assert failure.value.message.startswith("Without a passphrase a vault has its key in the keyring.")
    assert "SP_CONNECT_PASSPHRASE_FILE" in (failure.value.hint or "")
    assert [path.name for path in (tmp_path / "vault").iterdir()] == ["lock"]


def test_a_lost_key_is_said_to_be_lost(tmp_path: Path, small: KeyringStore) -> None:
    with_keyring(tmp_path / "vault", small).keep(EU, Secret(TOKEN))
    backends.Small.items.clear()
    with pytest.raises(errors.MissingToken, match="no key for the vault"):
        with_keyring(tmp_path / "vault", small).fetch(EU)


@pytest.mark.parametrize("altered", ["", "short", "é", "AAAA"])
def test_an_altered_key_is_said_to_be_altered(tmp_path: Path, small: KeyringStore, altered: str) -> None:
    with_keyring(tmp_path / "vault", small).keep(EU, Secret(TOKEN))
    for name in backends.Small.items:
        backends.Small.items[name] = altered or "="
    with pytest.raises(errors.StoreUnavailable, match="altered"):
        with_keyring(tmp_path / "vault", small).fetch(EU)


def test_the_file_of_another_vault_is_told_from_damage(kept: Path, tmp_path: Path) -> None:
    sealed(tmp_path / "second" / "vault").keep(EU, Secret("x"))
    file_of(kept).write_bytes(file_of(tmp_path / "second").read_bytes())
    with pytest.raises(errors.Damaged, match="the key of another vault"):
        sealed(kept / "vault").fetch(EU)


def test_a_link_in_place_of_a_sealed_file_is_refused(kept: Path) -> None:
    target = kept / "elsewhere"
    file_of(kept).rename(target)
    file_of(kept).symlink_to(target)
    whole = target.read_bytes()
    with pytest.raises(errors.Damaged, match="a link"):
        sealed(kept / "vault").fetch(EU)
    with pytest.raises(errors.Damaged, match="a link"):
        sealed(kept / "vault").keep(EU, Secret("x"))
    assert target.read_bytes() == whole


def test_sealed_files_without_their_settings_are_not_sealed_over(kept: Path) -> None:
    (kept / "vault" / "vault.toml").unlink()
    with pytest.raises(errors.Damaged, match="the sealed files beside it need it"):
        sealed(kept / "vault").keep(EU, Secret("x"))
    assert not (kept / "vault" / "vault.toml").exists()


def test_the_last_secret_takes_its_file_along(kept: Path) -> None:
    vault = sealed(kept / "vault")
    vault.keep(EU._replace(ref="second"), Secret("two"))
    vault.forget(EU)
    assert vault.fetch(EU._replace(ref="second")).reveal() == "two"
    vault.forget(EU._replace(ref="second"))
    assert not file_of(kept).exists()


def test_a_secret_is_sealed_anew_each_time(kept: Path) -> None:
    vault = sealed(kept / "vault")
    before = file_of(kept).read_bytes()
    vault.keep(EU, Secret("Atzr|acme"))
    after = file_of(kept).read_bytes()
    assert before[:34] == after[:34]
    assert before[34:46] != after[34:46], "the nonce"


@pytest.mark.parametrize("owner", ["../acme", "a/b", "", "ACME", ".hidden"])
def test_an_owner_is_never_a_path(vault: Vault, owner: str) -> None:
    with pytest.raises(errors.BadName):
        vault.fetch(EU._replace(owner=owner))


def test_a_vault_that_was_never_made_holds_nothing(tmp_path: Path) -> None:
    vault = sealed(tmp_path / "vault", None)
    with pytest.raises(errors.MissingToken):
        vault.fetch(EU)
    vault.forget(EU)
    assert "none yet" in vault.describe().backend
    assert not (tmp_path / "vault").exists()


def test_two_that_make_the_vault_at_once_make_one(tmp_path: Path) -> None:
    def keep(number: int) -> None:
        sealed(tmp_path / "vault").keep(EU._replace(ref=str(number)), Secret(f"value {number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep, range(4)))
    vault = sealed(tmp_path / "vault")
    assert [vault.fetch(EU._replace(ref=str(n))).reveal() for n in range(4)] == [f"value {n}" for n in range(4)]
