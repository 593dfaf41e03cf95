"""A copy of a home beside the same keyring: it deletes nothing there that the home it was copied from may use."""

from __future__ import annotations

import io
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest

from sp_connect import errors, runtime
from sp_connect.access import AccessToken
from sp_connect.checkup import machine
from sp_connect.checkup.context import Context
from sp_connect.commands import revoke
from sp_connect.models import Secret, SecretName
from sp_connect.runtime import Runtime
from sp_connect.stores.home import identity, toml
from sp_connect.stores.home.transactions import Transactions
from sp_connect.terminal.prompt import Prompt
from sp_connect.terminal.screen import Screen
from tests.agency import NOON, writing
from tests.stores.backends import Files
from tests.stores.moving import unwatched
from tests.stores.samples import app, connection

ACME, BRAVO = connection("acme", "eu"), connection("bravo", "na", selling_partner_id="A2BRAVO")
TOKENS = {"Atzr|acme", "Atzr|bravo"}


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One keyring for all homes of the test, and a usual place for homes that holds none."""
    monkeypatch.setenv("TESTS_RING", str(tmp_path / "ring"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "usual-data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "usual-config"))
    return tmp_path / "ring"


def opened(home: Path | None, stderr: io.StringIO | None = None, **environ: str) -> Runtime:
    """A home as a new process sees it; None is the usual place."""
    err = stderr if stderr is not None else io.StringIO()
    named = {"PYTHON_KEYRING_BACKEND": "tests.stores.backends.Files"} | environ
    if home is not None:
        named["SP_CONNECT_HOME"] = str(home)
    return runtime.real(Screen(io.StringIO(), err), Prompt(None, err), named)


def furnish(home: Path | None, store: str = "keyring") -> Runtime:
    """A home with an app and two sellers."""
    made = opened(home, SP_CONNECT_STORE=store)
    with writing(made):
        made.changes.keep_app(app(), Secret("the client secret"))
        made.changes.keep_connections([(ACME, Secret("Atzr|acme")), (BRAVO, Secret("Atzr|bravo"))])
    made.apps.choose_store("vault" if store == "vault" else "keyring")
    return made


def copied(home: Path, to: Path) -> Path:
    shutil.copytree(home, to, symlinks=True)
    return to


def values(ring: Path) -> set[str]:
    return set(Files.items(ring).values())


def revoke_acme(world: Runtime) -> None:
    options = revoke.Options("acme", None, None, every=True, yes=True, wait=False, missing_ok=False)
    assert list(revoke.run(world, options))


class TestCopies:
    def test_what_a_copy_revokes_the_original_still_has(self, tmp_path: Path, ring: Path) -> None:
        home, said = tmp_path / "home", io.StringIO()
        furnish(home)
        copy = copied(home, tmp_path / "copy")

        revoke_acme(opened(copy, said))

        assert values(ring) >= TOKENS
        assert opened(copy).connections.of("acme") == ()
        assert f"{copy} is a copy of {home}" in said.getvalue()

    def test_what_a_copy_renews_or_renames_the_original_still_has(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        world = opened(copied(tmp_path / "home", tmp_path / "copy"))

        with writing(world):
            world.changes.keep_connection(ACME._replace(secret_ref="ref-renewed"), Secret("Atzr|renewed"))
            world.changes.rename_seller("bravo", "charlie")

        assert values(ring) >= {*TOKENS, "Atzr|renewed"}

    def test_a_copy_that_moves_to_a_vault_leaves_the_keyring_as_it_was(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        copy = copied(tmp_path / "home", tmp_path / "copy")
        moving = opened(copy, SP_CONNECT_PASSPHRASE="correct horse")

        outcome = moving.migration().run("vault", unwatched)

        assert len(outcome.moved) == 3
        assert values(ring) >= {*TOKENS, "the client secret"}
        assert opened(copy, SP_CONNECT_PASSPHRASE="correct horse").secrets.fetch(ACME.secret_name).reveal()
        assert opened(tmp_path / "home").secrets.fetch(ACME.secret_name).reveal() == "Atzr|acme"

    @pytest.mark.slow
    @pytest.mark.parametrize("way", ["passphrase", "move"])
    def test_the_key_of_the_originals_vault_stays_in_the_keyring(self, tmp_path: Path, ring: Path, way: str) -> None:
        furnish(tmp_path / "home", "vault")
        assert any("sp-connect-vault" in service for service in Files.items(ring))
        world = opened(copied(tmp_path / "home", tmp_path / "copy"))

        if way == "passphrase":
            world.vault.reseal(Secret("another horse"))
        else:
            world.migration().run("keyring", unwatched)

        assert opened(tmp_path / "home").secrets.fetch(ACME.secret_name).reveal() == "Atzr|acme"

    def test_what_was_cut_short_in_the_original_is_not_finished_in_its_keyring(
        self, tmp_path: Path, ring: Path
    ) -> None:
        world = furnish(tmp_path / "home")
        entry = world.changes.journal.begin("keyring", [ACME.secret_name])  # a change that the copy does not see
        copy = copied(tmp_path / "home", tmp_path / "copy")
        (copy / "connections" / "acme.toml").unlink()

        opened(copy).changes.finish()

        assert entry.path.exists()
        assert not opened(copy).changes.unfinished()
        assert values(ring) >= TOKENS

    def test_a_copy_deletes_what_it_has_added_itself(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        world = opened(copied(tmp_path / "home", tmp_path / "copy"))
        name = SecretName("seller", "delta", "eu", "ref-delta")

        changes = cast(Transactions, world.changes)
        with suppress(errors.Aborted), changes.writing(), changes.replacing([name], ()):
            world.secrets.keep(name, Secret("Atzr|delta"))
            raise errors.Aborted

        assert "Atzr|delta" not in values(ring)
        assert values(ring) >= TOKENS

    def test_a_secret_of_the_original_that_a_copy_keeps_again_is_not_its_own(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        world = opened(copied(tmp_path / "home", tmp_path / "copy"))

        world.secrets.keep(ACME.secret_name, Secret("Atzr|acme"))
        world.secrets.forget(ACME.secret_name)

        assert values(ring) >= TOKENS


class TestOwners:
    def test_the_original_deletes_what_it_revokes(self, tmp_path: Path, ring: Path) -> None:
        said = io.StringIO()
        furnish(tmp_path / "home")
        copied(tmp_path / "home", tmp_path / "copy")

        revoke_acme(opened(tmp_path / "home", said))

        assert values(ring) & TOKENS == {"Atzr|bravo"}
        assert "copy" not in said.getvalue()

    def test_where_the_original_is_gone_the_copy_takes_over(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        copy = copied(tmp_path / "home", tmp_path / "copy")
        shutil.rmtree(tmp_path / "home")

        revoke_acme(opened(copy))

        assert values(ring) & TOKENS == {"Atzr|bravo"}
        back = copied(copy, tmp_path / "home")  # what comes back now is the copy
        assert opened(back).copied_from() == copy

    def test_a_folder_that_is_another_home_by_now_owns_nothing(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        copy = copied(tmp_path / "home", tmp_path / "copy")
        shutil.rmtree(tmp_path / "home")
        (tmp_path / "home").mkdir()
        with writing(opened(tmp_path / "home")):
            pass

        revoke_acme(opened(copy))

        assert values(ring) & TOKENS == {"Atzr|bravo"}

    def test_a_backup_that_is_restored_in_place_owns_its_secrets(self, tmp_path: Path, ring: Path) -> None:
        home = tmp_path / "home"
        furnish(home)
        backup = copied(home, tmp_path / "backup")
        shutil.rmtree(home)
        (tmp_path / "in the way").mkdir()  # so that the inode is another one
        copied(backup, home)

        revoke_acme(opened(home))

        assert values(ring) & TOKENS == {"Atzr|bravo"}
        assert opened(backup).copied_from() == home

    def test_a_home_that_was_moved_still_owns_its_secrets_and_a_copy_in_its_old_place_does_not(
        self, tmp_path: Path, ring: Path
    ) -> None:
        furnish(tmp_path / "home")
        (tmp_path / "home").rename(tmp_path / "moved")
        revoke_acme(opened(tmp_path / "moved"))
        assert values(ring) & TOKENS == {"Atzr|bravo"}

        copied(tmp_path / "moved", tmp_path / "home")

        assert opened(tmp_path / "moved").copied_from() is None
        assert opened(tmp_path / "home").copied_from() == tmp_path / "moved"

    def test_a_home_by_another_path_is_no_copy(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        (tmp_path / "link").symlink_to(tmp_path / "home")

        revoke_acme(opened(tmp_path / "link"))

        assert values(ring) & TOKENS == {"Atzr|bravo"}

    def test_an_owner_that_cannot_be_seen_is_there(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        copy = copied(tmp_path / "home", tmp_path / "copy")
        (tmp_path / "home" / "home.toml").write_text("id = [")

        revoke_acme(opened(copy))

        assert values(ring) >= TOKENS


class TestDoctor:
    @pytest.mark.parametrize("store", ["keyring", "vault"])
    def test_shows_a_copy_and_how_to_part_it(self, tmp_path: Path, ring: Path, store: str) -> None:
        furnish(tmp_path / "home", store)
        copy = copied(tmp_path / "home", tmp_path / "copy")
        before = Files.items(ring)

        original, found = (
            machine.home(Context(opened(one), fix=False, yes=False)) for one in (tmp_path / "home", copy)
        )

        assert original.result == "ok"
        assert (found.result, found.error) == ("warning", None)
        assert found.found.startswith(f"{copy} is a copy of {tmp_path / 'home'}")
        assert "sp-connect store" in (found.mend or "")
        assert Files.items(ring) == before

    @pytest.mark.slow
    def test_a_copy_with_a_passphrase_of_its_own_shares_nothing(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        copy = copied(tmp_path / "home", tmp_path / "copy")
        opened(copy, SP_CONNECT_PASSPHRASE="correct horse").migration().run("vault", unwatched)

        found = machine.home(Context(opened(copy, SP_CONNECT_PASSPHRASE="correct horse"), fix=False, yes=False))

        assert found.result == "ok"
        assert values(ring) >= TOKENS


class TestWithoutAnId:
    """Homes of a version that gave them none."""

    @staticmethod
    def forget_ids(ring: Path, *homes: Path) -> None:
        for home in homes:
            (home / "home.toml").unlink(missing_ok=True)
        for path in ring.glob("*.item"):
            if identity.OWNER in path.read_text():
                path.unlink()

    def test_a_copy_of_one_that_has_got_its_id_since_is_known(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        copy = copied(tmp_path / "home", tmp_path / "copy")
        self.forget_ids(ring, tmp_path / "home", copy)
        with writing(world := opened(tmp_path / "home")):
            world.changes.drop_connection(BRAVO.scope)

        revoke_acme(opened(copy))

        assert values(ring) & TOKENS == {"Atzr|acme"}

    def test_a_copy_that_acts_first_knows_the_home_in_the_usual_place(self, tmp_path: Path, ring: Path) -> None:
        furnish(None)
        usual = opened(None).home
        copy = copied(usual.data, tmp_path / "copy")
        shutil.copy(usual.config / "config.toml", copy)
        self.forget_ids(ring, usual.data, copy)

        revoke_acme(opened(copy))

        assert values(ring) >= TOKENS

    def test_another_home_with_apps_of_its_own_is_no_copy_of_it(self, tmp_path: Path, ring: Path) -> None:
        with writing(usual := opened(None)):
            usual.changes.keep_app(app(secret_ref="ref-usual"), Secret("another client secret"))
        furnish(tmp_path / "home")
        self.forget_ids(ring, usual.home.data, tmp_path / "home")

        revoke_acme(opened(tmp_path / "home"))

        assert values(ring) & TOKENS == {"Atzr|bravo"}


class TestId:
    def test_of_many_that_make_it_at_once_one_does(self, tmp_path: Path) -> None:
        found: set[str] = set()
        begin = threading.Barrier(8)

        def make() -> None:
            begin.wait(20)
            identity.Identity(tmp_path).make()
            found.add(str((toml.read(tmp_path / identity.FILE) or {})["id"]))

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(found) == 1

    def test_a_token_that_is_kept_asks_the_keyring_for_no_owner(
        self, tmp_path: Path, ring: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        furnish(tmp_path / "home")
        asked: list[str] = []

        class Counting(Files):
            def get_password(self, service: str, username: str) -> str | None:
                asked.append(service)
                return super().get_password(service, username)

        monkeypatch.setattr("tests.stores.backends.Counting", Counting, raising=False)
        world = opened(tmp_path / "home", PYTHON_KEYRING_BACKEND="tests.stores.backends.Counting")
        kept = AccessToken(Secret("Atza|acme"), NOON)

        with writing(world):
            world.secrets.keep(ACME.access_name, kept.value)

        assert asked
        assert "Atza|acme" in values(ring)
        assert not [service for service in asked if identity.OWNER in service]

    def test_a_damaged_home_file_is_named_and_no_reason_to_delete(self, tmp_path: Path, ring: Path) -> None:
        furnish(tmp_path / "home")
        (tmp_path / "home" / "home.toml").write_text("id = 7\n")
        world = opened(tmp_path / "home")

        with pytest.raises(errors.Damaged, match=r"home\.toml"):
            world.secrets.forget(ACME.secret_name)
        with writing(world):
            world.changes.keep_connection(ACME._replace(secret_ref="ref-new"), Secret("Atzr|new"))

        assert values(ring) >= {*TOKENS, "Atzr|new"}
