"""What opens the vault is changed without a moment in which nothing does, and the old way is closed."""

from __future__ import annotations

from pathlib import Path

import keyring.errors
import pytest

from sp_connect import errors
from sp_connect.models import Secret
from sp_connect.stores.home import files, toml
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.agency import CHEAP
from tests.stores import backends
from tests.stores.conftest import sealed
from tests.stores.samples import EU

OTHER = EU._replace(owner="other")


def of_ring(folder: Path, backend: str = "Dictionary", passphrase: str | None = None) -> Vault:
    """A vault beside a keyring that works, or does not."""
    given = None if passphrase is None else Secret(passphrase)
    return Vault(folder, lambda: given, KeyringStore(f"tests.stores.backends.{backend}", 30), CHEAP)


class Stuck(backends.Dictionary):
    """Keeps and gives back, and is locked when it is to forget."""

    def delete_password(self, service: str, username: str) -> None:  # noqa: ARG002 - keyring's signature
        raise keyring.errors.KeyringLocked("Failed to unlock the collection!")


def keys() -> list[str]:
    return [service for service, _ in backends.Dictionary.items]


@pytest.fixture(autouse=True)
def _empty_ring() -> None:
    backends.Dictionary.items.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def sealed_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.sealed")}


class TestAnotherPassphrase:
    def test_it_opens_the_same_files_and_the_old_one_does_not(self, folder: Path) -> None:
        sealed(folder, "old horse").keep_all({EU: Secret("one"), OTHER: Secret("two")})
        before, settings = sealed_files(folder), toml.read(folder / "vault.toml")
        assert settings is not None

        sealed(folder, "old horse").reseal(Secret("new horse"))

        after = toml.read(folder / "vault.toml")
        assert after is not None
        assert sealed(folder, "new horse").fetch(EU).reveal() == "one"
        assert sealed_files(folder) == before
        assert after["key_id"] == settings["key_id"]
        assert after["kdf"]["salt"] != settings["kdf"]["salt"]
        assert after["sealed_key"] != settings["sealed_key"]
        with pytest.raises(errors.StoreLocked, match="does not open"):
            sealed(folder, "old horse").fetch(EU)

    def test_a_copy_of_the_old_settings_is_opened_by_the_old_one_until_the_key_is_another(self, folder: Path) -> None:
        sealed(folder, "old horse").keep(EU, Secret("one"))
        copy = (folder / "vault.toml").read_bytes()
        sealed(folder, "old horse").reseal(Secret("new horse"))
        sealed(folder, "new horse").keep(OTHER, Secret("kept since"))
        (folder / "vault.toml").write_bytes(copy)
        assert sealed(folder, "old horse").fetch(OTHER).reveal() == "kept since"

        vault = sealed(folder, "old horse")
        vault.forget_all([EU, OTHER])
        assert vault.leave()
        sealed(folder, "new horse").keep(EU, Secret("one"))
        (folder / "vault.toml").write_bytes(copy)

        with pytest.raises(errors.Damaged, match="the key of another vault"):
            sealed(folder, "old horse").fetch(EU)

    def test_a_wrong_old_one_changes_nothing(self, folder: Path) -> None:
        sealed(folder, "old horse").keep(EU, Secret("one"))
        before = (folder / "vault.toml").read_bytes()

        with pytest.raises(errors.StoreLocked, match="does not open"):
            sealed(folder, "wrong horse").reseal(Secret("new horse"))
        with pytest.raises(errors.StoreLocked, match="is opened by a passphrase"):
            sealed(folder, None).reseal(Secret("new horse"))

        assert (folder / "vault.toml").read_bytes() == before

    def test_an_empty_new_one_changes_nothing(self, folder: Path) -> None:
        sealed(folder, "old horse").keep(EU, Secret("one"))
        before = (folder / "vault.toml").read_bytes()

        with pytest.raises(errors.StoreLocked, match="is empty"):
            sealed(folder, "old horse").reseal(Secret(""))

        assert (folder / "vault.toml").read_bytes() == before
        assert files.names(folder) == ["lock", "sellers", "vault.toml"]

    def test_a_process_that_has_the_vault_open_goes_on(self, folder: Path) -> None:
        at_work = sealed(folder, "old horse")
        at_work.keep(EU, Secret("one"))

        sealed(folder, "old horse").reseal(Secret("new horse"))

        at_work.keep(OTHER, Secret("two"))
        assert sealed(folder, "new horse").fetch(OTHER).reveal() == "two"

    def test_one_that_a_person_gave_opens_it_too(self, folder: Path) -> None:
        sealed(folder, "old horse").keep(EU, Secret("one"))
        vault = sealed(folder, None)

        vault.unlock(Secret("old horse"))

        assert vault.fetch(EU).reveal() == "one"

    def test_it_is_dropped_once_it_has_opened_the_vault(self, folder: Path) -> None:
        vault = sealed(folder, "old horse")
        assert vault.has_passphrase()
        sealed(folder, "old horse").keep(EU, Secret("one"))

        vault.fetch(EU)

        assert not vault.has_passphrase()


def test_a_vault_that_0_9_made_with_a_byte_order_mark_is_opened_by_the_same_file(folder: Path) -> None:
    sealed(folder, "\ufeffold horse").keep(EU, Secret("one"))

    assert sealed(folder, "old horse").fetch(EU).reveal() == "one"


class TestKeyring:
    def test_a_vault_of_the_keyring_is_put_under_a_passphrase_and_the_keyring_forgets_its_key(
        self, folder: Path
    ) -> None:
        of_ring(folder).keep(EU, Secret("one"))
        assert len(keys()) == 1

        of_ring(folder).reseal(Secret("new horse"))

        assert keys() == []
        assert sealed(folder, "new horse").fetch(EU).reveal() == "one"
        assert of_ring(folder).unsettled() is None

    def test_a_vault_under_a_passphrase_is_given_to_the_keyring(self, folder: Path) -> None:
        sealed(folder, "old horse").keep(EU, Secret("one"))

        of_ring(folder, passphrase="old horse").reseal(None)

        assert len(keys()) == 1
        assert of_ring(folder).fetch(EU).reveal() == "one"
        assert of_ring(folder).describe().opened_by == "keyring"
        assert of_ring(folder).unsettled() is None
        assert b"sealed_key" not in (folder / "vault.toml").read_bytes()

    @pytest.mark.parametrize("backend", ["Locked", "Forgetful", "Talkative"])
    def test_a_keyring_that_does_not_keep_the_key_changes_nothing(self, folder: Path, backend: str) -> None:
        sealed(folder, "old horse").keep(EU, Secret("one"))
        before = (folder / "vault.toml").read_bytes()

        with pytest.raises(errors.ThisMachine):
            of_ring(folder, backend, "old horse").reseal(None)

        assert (folder / "vault.toml").read_bytes() == before
        of_ring(folder).settle()
        assert sealed(folder, "old horse").fetch(EU).reveal() == "one"
        assert of_ring(folder).unsettled() is None

    def test_where_no_keyring_runs_nothing_is_left_unfinished(self, folder: Path) -> None:
        sealed(folder, "old horse").keep(EU, Secret("one"))
        without = Vault(folder, lambda: Secret("old horse"), KeyringStore("keyring.backends.fail.Keyring", 30))

        with pytest.raises(errors.StoreUnavailable) as failure:
            without.reseal(None)

        assert "--new-passphrase-file" in str(failure.value.hint)
        assert without.unsettled() is None
        assert without.fetch(EU).reveal() == "one"

    @pytest.mark.slow
    def test_a_key_that_the_keyring_cannot_forget_now_is_told_and_forgotten_later(self, folder: Path) -> None:
        of_ring(folder).keep(EU, Secret("one"))
        ring = KeyringStore("tests.stores.test_passphrase.Stuck", 30)

        with pytest.raises(errors.StoreLocked) as caught:
            Vault(folder, lambda: None, ring).reseal(Secret("new horse"))

        assert "is still in the keyring: The keyring is locked." in caught.value.message
        assert caught.value.hint == "unlock the keyring, then: sp-connect doctor --fix"
        assert sealed(folder, "new horse").fetch(EU).reveal() == "one"
        assert len(keys()) == 1
        of_ring(folder).settle()
        assert keys() == []
        assert of_ring(folder).unsettled() is None

    @pytest.mark.parametrize("text", ["?", "", 'schema = 1\nkey_id = "../acme"\n', "schema = 1\nkey_id = 7\n"])
    def test_a_damaged_note_of_a_key_is_named_and_forgets_nothing(self, folder: Path, text: str) -> None:
        of_ring(folder).keep(EU, Secret("one"))
        (folder / "key.toml").write_text(text)

        with pytest.raises(errors.Damaged, match="key"):
            of_ring(folder).settle()

        assert len(keys()) == 1
        assert (folder / "key.toml").read_text() == text

    def test_a_note_of_the_key_that_opens_the_vault_forgets_nothing(self, folder: Path) -> None:
        of_ring(folder).keep(EU, Secret("one"))
        settings = toml.read(folder / "vault.toml") or {}
        toml.write(folder / "key.toml", {"schema": 1, "key_id": settings["key_id"]})

        of_ring(folder).settle()

        assert of_ring(folder).unsettled() is None
        assert of_ring(folder).fetch(EU).reveal() == "one"


class TestMadeAnew:
    """A vault that is left and made again, as by a move to the keyring and back, while a process has it open."""

    def test_nothing_is_sealed_with_the_old_key(self, folder: Path) -> None:
        at_work = of_ring(folder)
        at_work.keep(EU, Secret("one"))
        other = of_ring(folder)
        other.forget(EU)
        assert other.leave()
        other.keep(EU, Secret("anew"))

        at_work.keep(OTHER, Secret("two"))

        assert at_work.fetch(EU).reveal() == "anew"
        assert {name: of_ring(folder).fetch(name).reveal() for name in (EU, OTHER)} == {EU: "anew", OTHER: "two"}
        assert len(keys()) == 1

    def test_a_passphrase_that_was_dropped_is_not_asked_again(self, folder: Path) -> None:
        at_work = sealed(folder, "old horse")
        at_work.keep(EU, Secret("one"))
        other = sealed(folder, "old horse")
        other.forget(EU)
        assert other.leave()
        sealed(folder, "old horse").keep(EU, Secret("anew"))

        with pytest.raises(errors.StoreLocked, match="was replaced while this ran") as caught:
            at_work.fetch(EU)

        assert caught.value.hint == "run it again"

    def test_a_vault_that_holds_something_is_not_left(self, folder: Path) -> None:
        of_ring(folder).keep(EU, Secret("one"))

        assert not of_ring(folder).leave()

        assert of_ring(folder).fetch(EU).reveal() == "one"
        assert len(keys()) == 1
