"""Permissions, the disk and the secret store: in order, and out of it for real."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sp_connect.models import Secret
from sp_connect.settings import Home
from sp_connect.simulator.world import BUILT_IN
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.agency import Agency
from tests.checkup.given import code, finding, visit, with_store, wrong
from tests.commands.given import connected
from tests.stores import backends

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
class TestPermissions:
    def test_what_we_make_is_its_users_alone(self, agency: Agency) -> None:
        connected(agency)

        found = finding(agency.runtime, "permissions")

        assert (found.result, found.mend) == ("ok", None)

    @pytest.mark.parametrize(
        ("name", "loose", "tight"),
        [
            ("config.toml", 0o644, 0o600),
            ("config.toml", 0o666, 0o600),
            ("connections/acme.toml", 0o640, 0o600),
            ("connections", 0o755, 0o700),
            ("connections", 0o777, 0o700),
            ("vault", 0o770, 0o700),
            ("vault/vault.toml", 0o604, 0o600),
            ("vault/sellers/acme.sealed", 0o644, 0o600),
            ("lock", 0o666, 0o600),
            (".", 0o755, 0o700),
        ],
    )
    def test_what_others_may_read_is_a_warning_and_what_they_may_change_a_failure(
        self, agency: Agency, name: str, loose: int, tight: int
    ) -> None:
        connected(agency)
        path = agency.folder / name
        path.chmod(loose)

        found = finding(agency.runtime, "permissions")

        assert found.result == ("failed" if loose & 0o022 else "warning")
        assert code(found) == ((4, "unfit") if loose & 0o022 else None)
        assert str(path.resolve()) in found.found
        assert f"{loose:04o}" in found.found
        assert found.mend == "sp-connect doctor --fix"
        assert mode(path) == loose

        mended = finding(agency.runtime, "permissions", fix=True)

        assert (mended.result, mended.fixed) == ("ok", True)
        assert mode(path) == tight
        assert not finding(agency.runtime, "permissions", fix=True).fixed

    def test_many_are_counted(self, agency: Agency) -> None:
        for name in ("acme", "bravo", "charlie", "delta", "echo"):
            connected(agency, name)
        for path in (agency.folder / "connections").iterdir():
            path.chmod(0o644)

        found = finding(agency.runtime, "permissions")

        assert found.found.endswith("and 2 more")

    def test_a_link_is_its_owners_own_doing(self, agency: Agency) -> None:
        target = agency.folder.parent / "dotfiles.toml"
        (agency.folder / "config.toml").rename(target)
        target.chmod(0o644)
        (agency.folder / "config.toml").symlink_to(target)

        assert finding(agency.runtime, "permissions", fix=True).result == "ok"
        assert mode(target) == 0o644

    def test_a_home_that_is_a_link_is_looked_at_where_it_leads(self, agency: Agency) -> None:
        link = agency.folder.parent / "link"
        link.symlink_to(agency.folder)
        agency.folder.chmod(0o755)
        runtime = replace(agency.runtime, home=Home(link, link))

        assert finding(runtime, "permissions").result == "warning"
        assert finding(runtime, "permissions", fix=True).fixed
        assert mode(agency.folder) == 0o700

    def test_the_passphrase_file_is_looked_at(self, agency: Agency, tmp_path: Path) -> None:
        file = tmp_path / "passphrase"
        file.write_text("correct horse")
        file.chmod(0o644)

        found = finding(replace(agency.runtime, passphrase_file=file), "permissions")

        assert (found.result, str(file) in found.found) == ("warning", True)

    def test_what_others_keep_in_a_shared_folder_is_theirs(self, agency: Agency) -> None:
        for name in ("notes.txt", "browsers/acme/chromium/Cookies", ".git/config"):
            path = agency.folder / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch()
            path.chmod(0o644)
        (agency.folder / "browsers").chmod(0o700)

        assert finding(agency.runtime, "permissions").result == "ok"

    def test_a_file_of_another_user_is_told_and_left_alone(self, agency: Agency, tmp_path: Path) -> None:
        theirs = Path("/etc/passwd")
        if os.geteuid() == 0:  # whose that is
            theirs = tmp_path / "passphrase"
            theirs.touch()
            theirs.chmod(0o644)
            os.chown(theirs, 12345, -1)

        found = finding(replace(agency.runtime, passphrase_file=theirs), "permissions", fix=True)

        assert (found.result, found.fixed, str(theirs) in found.found) == ("warning", False, True)
        assert found.mend is not None
        assert found.mend.startswith("sudo chown")
        assert mode(theirs) == 0o644


class TestDisk:
    def test_nothing_is_left_behind(self, agency: Agency) -> None:
        before = agency.files()

        assert finding(agency.runtime, "disk").result == "ok"
        assert agency.files() == before

    def test_a_home_that_is_not_there_yet_is_not_made(self, agency: Agency, tmp_path: Path) -> None:
        there = tmp_path / "not" / "there" / "yet"

        found = finding(replace(agency.runtime, home=Home(there, there)), "disk")

        assert (found.result, str(tmp_path) in found.found) == ("ok", True)
        assert not (tmp_path / "not").exists()

    def test_a_folder_that_takes_no_file_is_a_failure(self, agency: Agency, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        there = tmp_path / "file" / "home"

        found = finding(replace(agency.runtime, home=Home(agency.folder, there)), "disk")

        assert code(found) == (4, "store-unavailable")
        assert "a file is where a folder should be" in found.found


class TestSecretStore:
    def test_it_is_named_with_the_reason(self, agency: Agency) -> None:
        found = finding(agency.runtime, "secret-store")

        assert found.result == "ok"
        assert found.found.endswith("vault, key under a passphrase; the test says so")

    @pytest.mark.parametrize(
        ("backend", "expected"),
        [
            (backends.Forgetful, (4, "store-unavailable")),
            (backends.Clinging, (4, "store-unavailable")),
            (backends.Locked, (4, "store-locked")),
            (backends.PlainTextKeyring, (4, "store-unavailable")),
        ],
    )
    def test_a_keyring_that_fails_is_a_failure_and_what_needs_it_is_skipped(
        self, agency: Agency, backend: type, expected: tuple[int, str]
    ) -> None:
        store = KeyringStore(f"tests.stores.backends.{backend.__name__}", 5.0)

        found = {one.name: one for one in visit(with_store(agency, store))}

        assert code(found["secret-store"]) == expected
        assert found["secret-store"].mend is not None
        assert "SP_CONNECT_STORE=vault" in found["secret-store"].mend
        assert [name for name, one in found.items() if one.error is not None] == ["secret-store"]
        assert {found[name].result for name in ("client-secret", "tokens", "unclaimed")} == {"skipped"}

    @pytest.fixture
    def dictionary(self) -> Iterator[KeyringStore]:
        yield KeyringStore("tests.stores.backends.Dictionary", 5.0)
        backends.Dictionary.items.clear()

    def test_a_keyring_that_works_is_no_failure(self, agency: Agency, dictionary: KeyringStore) -> None:
        dictionary.keep(agency.app.secret_name, Secret(str(BUILT_IN.client_secret)))

        found = visit(with_store(agency, dictionary))

        assert wrong(found) == []
        assert [one.name for one in found if one.result == "skipped"] == []

    def test_a_vault_that_the_passphrase_does_not_open_is_a_failure(self, agency: Agency) -> None:
        store = Vault(agency.folder / "vault", lambda: Secret("wrong horse"), KeyringStore(None, 1.0))

        assert code(finding(with_store(agency, store), "secret-store")) == (4, "store-locked")

    def test_a_vault_that_is_not_made_is_not_made_by_looking(self, agency: Agency, tmp_path: Path) -> None:
        store = Vault(tmp_path / "vault", lambda: Secret("x"), KeyringStore(None, 1.0))

        found = finding(with_store(agency, store), "secret-store")

        assert (found.result, found.error) == ("skipped", None)
        assert not (tmp_path / "vault").exists()
