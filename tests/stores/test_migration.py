"""Everything moves from one store to the other: compared before it is forgotten, whatever comes in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pytest

from sp_connect import errors
from sp_connect.models import App, Connection, Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.home import files
from sp_connect.stores.secret_store import SecretStore, StoreName
from tests.stores import moving
from tests.stores.moving import KEY, Home, fetched, furnished, unwatched
from tests.stores.samples import app, connection

BOTH: list[tuple[StoreName, StoreName]] = [("keyring", "vault"), ("vault", "keyring")]

LEFT_BEHIND = SecretName("seller", "nobody", "eu", "left-behind")


@pytest.fixture(autouse=True)
def _ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTS_RING", str(tmp_path / "home" / "ring"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home"


class Failing:
    """A store in which one thing fails, from the `after`th time on."""

    def __init__(self, store: SecretStore, failure: BaseException, *, keep: int = 10**9, forget: int = 10**9) -> None:
        self._store, self.name, self._failure = store, store.name, failure
        self._left = {"keep": keep, "forget": forget}

    def _count(self, deed: str) -> None:
        self._left[deed] -= 1
        if self._left[deed] < 0:
            raise self._failure

    def keep(self, name: SecretName, value: Secret) -> None:
        self._count("keep")
        self._store.keep(name, value)

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:
        for name, value in values.items():
            self.keep(name, value)

    def fetch(self, name: SecretName) -> Secret:
        return self._store.fetch(name)

    def forget(self, name: SecretName) -> None:
        self._count("forget")
        self._store.forget(name)

    def forget_all(self, names: object) -> None:
        for name in names:  # type: ignore[attr-defined]
            self.forget(name)

    def contents(self) -> secret_store.Contents | None:
        return self._store.contents() if isinstance(self._store, secret_store.Listing) else None

    def describe(self) -> secret_store.StoreDescription:
        return self._store.describe()


def failing(folder: Path, store: StoreName, failure: BaseException, passphrase: str | None = None, **when: int) -> Home:
    """The home, where a store fails."""

    def stores(keyring: SecretStore, vault: SecretStore) -> dict[StoreName, SecretStore]:
        if store == "keyring":
            return {"keyring": Failing(keyring, failure, **when), "vault": vault}
        return {"keyring": keyring, "vault": Failing(vault, failure, **when)}

    return moving.of(folder, passphrase, stores=stores)


def is_left(home: Home, source: StoreName) -> bool:
    """Whether nothing but the key of a vault that is in use is in a store, and nothing is under way."""
    assert home.changes.unfinished() == ()
    assert home.vault.unsettled() is None
    if source == "vault":
        assert files.names(home.folder / "vault") in ([], ["lock"])
        return not any(service.startswith(KEY) for service in home.in_ring())
    return {service.startswith(KEY) for service in home.in_ring()} <= {True} and len(home.in_ring()) < 2


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "lock" not in path.name
    }


@pytest.mark.parametrize(("source", "target"), BOTH)
class TestBothWays:
    @pytest.mark.slow
    def test_everything_is_there_and_nothing_is_left(self, folder: Path, source: StoreName, target: StoreName) -> None:
        before = furnished(folder, source).values()

        outcome = moving.of(folder).moves.run(target, unwatched)

        after = moving.of(folder)
        assert (outcome.source, outcome.target, outcome.missing) == (source, target, ())
        assert list(outcome.moved) == after.records()
        assert after.secrets.name == target
        assert after.apps.store_choice() == target
        assert after.values() == before
        assert None not in before.values()
        assert is_left(after, source)

    @pytest.mark.slow
    def test_and_back_again(self, folder: Path, source: StoreName, target: StoreName) -> None:
        before = furnished(folder, source).values()

        moving.of(folder).moves.run(target, unwatched)
        moving.of(folder).moves.run(source, unwatched)

        after = moving.of(folder)
        assert after.values() == before
        assert is_left(after, target)

    def test_access_tokens_are_forgotten(self, folder: Path, source: StoreName, target: StoreName) -> None:
        access = connection("acme", "eu").access_name
        home = furnished(folder, source)
        assert fetched(home.secrets, access) == "Atza|acme"

        home.moves.run(target, unwatched)

        assert [fetched(store, access) for store in moving.of(folder).stores.values()] == [None, None]

    def test_a_look_changes_nothing(self, folder: Path, source: StoreName, target: StoreName) -> None:
        home = furnished(folder, source)
        before = everything(folder)

        outcome = moving.of(folder).moves.look(target, unwatched)

        assert (list(outcome.moved), outcome.missing) == (home.records(), ())
        assert everything(folder) == before

    def test_a_record_without_its_secret_is_told_and_left_so(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        home = furnished(folder, source)
        lost: list[App | Connection] = [app("other"), connection("gamma", "eu")]
        home.secrets.forget_all([one.secret_name for one in lost])
        records = home.records()

        look = moving.of(folder).moves.look(target, unwatched)
        outcome = moving.of(folder).moves.run(target, unwatched)

        assert outcome == look
        assert list(outcome.missing) == lost
        after = moving.of(folder)
        assert after.records() == records
        assert [name for name, value in after.values().items() if value is None] == [
            str(one.secret_name) for one in lost
        ]
        assert is_left(after, source)

    def test_what_waits_to_be_forgotten_is_forgotten_first(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        home = furnished(folder, source)
        home.secrets.keep(LEFT_BEHIND, Secret("old"))
        home.changes.journal.begin(source, [LEFT_BEHIND])

        moving.of(folder).moves.run(target, unwatched)

        assert is_left(moving.of(folder), source)

    def test_a_throwaway_secret_of_a_killed_process_goes_along(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        home = furnished(folder, source)
        if source == "vault":  # a keyring cannot be asked for it
            home.secrets.keep(SecretName("app", secret_store.PROBE, "probe", "r"), Secret("x"))

        home.moves.run(target, unwatched)

        assert is_left(moving.of(folder), source)

    @pytest.mark.slow
    @pytest.mark.parametrize("at", range(1, 8))
    def test_a_failure_while_keeping_forgets_nothing_and_the_next_run_goes_on(
        self, folder: Path, source: StoreName, target: StoreName, at: int
    ) -> None:
        before = furnished(folder, source).values()
        full = errors.StoreUnavailable("No room.", "make some")

        with pytest.raises(errors.StoreUnavailable) as caught:
            failing(folder, target, full, keep=at - 1).moves.run(target, unwatched)

        assert "No room." in caught.value.message
        if at > 1:  # the first is the throwaway secret that proves the store
            assert f"Nothing was deleted: the {source} is still in use" in caught.value.message
            assert f"make some; then: sp-connect store move {target}" == caught.value.hint
        else:
            assert "Nothing was changed." in caught.value.message
        between = moving.of(folder)
        assert between.secrets.name == source
        assert between.values() == before
        between.moves.run(target, unwatched)
        after = moving.of(folder)
        assert after.values() == before
        assert is_left(after, source)

    @pytest.mark.parametrize("at", [1, 2, 4, 8])
    def test_a_failure_while_forgetting_is_told_and_the_next_run_goes_on(
        self, folder: Path, source: StoreName, target: StoreName, at: int
    ) -> None:
        before = furnished(folder, source).values()
        locked = errors.StoreLocked("It is locked.", f"unlock it, or {secret_store.ELSEWHERE}")

        with pytest.raises(errors.StoreLocked) as caught:
            failing(folder, source, locked, forget=at - 1).moves.run(target, unwatched)

        said = f"It is locked. Everything is in the {target}, which is in use; the {source} still holds some of it."
        assert caught.value.message == said
        assert caught.value.hint == f"unlock it; then: sp-connect store move {target}"
        between = moving.of(folder)
        assert between.secrets.name == target
        assert between.values() == before
        assert not between.moves.is_done(target)
        between.moves.run(target, unwatched)
        after = moving.of(folder)
        assert after.values() == before
        assert is_left(after, source)

    def test_what_was_begun_can_be_undone(self, folder: Path, source: StoreName, target: StoreName) -> None:
        before = furnished(folder, source).values()
        with pytest.raises(errors.StoreUnavailable):
            failing(folder, target, errors.StoreUnavailable("Full."), keep=3).moves.run(target, unwatched)

        moving.of(folder).moves.settle(unwatched)

        after = moving.of(folder)
        assert after.secrets.name == source
        assert after.values() == before
        assert is_left(after, target)

    @pytest.mark.slow
    def test_what_was_begun_can_be_turned_round(self, folder: Path, source: StoreName, target: StoreName) -> None:
        before = furnished(folder, source).values()
        with pytest.raises(errors.StoreLocked):
            failing(folder, source, errors.StoreLocked("Locked."), forget=3).moves.run(target, unwatched)

        moving.of(folder).moves.run(source, unwatched)

        after = moving.of(folder)
        assert after.secrets.name == source
        assert after.values() == before
        assert is_left(after, target)

    def test_a_committed_move_is_ended_as_it_stands(self, folder: Path, source: StoreName, target: StoreName) -> None:
        before = furnished(folder, source).values()
        with pytest.raises(errors.StoreLocked):
            failing(folder, source, errors.StoreLocked("Locked."), forget=3).moves.run(target, unwatched)

        moving.of(folder).moves.settle(unwatched)

        after = moving.of(folder)
        assert after.values() == before
        assert is_left(after, source)

    def test_an_entry_of_the_journal_that_cannot_be_read_stops_a_move_and_no_ending(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        before = furnished(folder, source).values()
        with pytest.raises(errors.StoreLocked):
            failing(folder, source, errors.StoreLocked("Locked."), forget=3).moves.run(target, unwatched)
        damaged = folder / "unfinished" / "0123.toml"
        damaged.write_text("?")

        with pytest.raises(errors.Damaged, match="0123"):
            moving.of(folder).moves.run(target, unwatched)
        with pytest.raises(errors.Damaged, match="0123"):
            moving.of(folder).moves.is_done(target)
        moving.of(folder).moves.settle(unwatched)

        assert damaged.read_text() == "?"
        damaged.unlink()
        assert moving.of(folder).values() == before
        assert is_left(moving.of(folder), source)

    def test_a_store_named_by_hand_too_early_costs_nothing(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        before = furnished(folder, source).values()
        with pytest.raises(errors.StoreUnavailable):
            failing(folder, target, errors.StoreUnavailable("Full."), keep=4).moves.run(target, unwatched)
        moving.of(folder).apps.choose_store(target)

        with pytest.raises(errors.StoreUnavailable, match=f"The {source} alone has 3 secrets") as caught:
            moving.of(folder).moves.settle(unwatched)

        assert caught.value.hint == f"sp-connect store move {target}"
        moving.of(folder).moves.run(target, unwatched)
        after = moving.of(folder)
        assert after.values() == before
        assert is_left(after, source)

    def test_what_other_commands_change_meanwhile_is_carried_over(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        furnished(folder, source)
        busy = moving.of(folder)
        at_work = moving.of(folder)
        renewed, made = connection("acme", "eu", secret_ref="ref-new"), connection("delta", "na")
        deeds: Iterator[Callable[[], object]] = iter([
            lambda: at_work.changes.keep_connection(renewed, Secret("Atzr|renewed")),
            lambda: at_work.changes.keep_connection(made, Secret("Atzr|delta")),
            lambda: at_work.changes.drop_connection(connection("gamma", "eu").scope),
            lambda: at_work.changes.rename_seller("beta", "betty"),
            lambda: at_work.changes.keep_app(app(secret_ref="ref-rotated"), Secret("rotated")),
        ])  # fmt: skip

        @contextmanager
        def watch(label: str, total: int) -> Iterator[Callable[[], None]]:
            assert total
            yield act if label.startswith("Copying") else lambda: None

        def act() -> None:
            deed = next(deeds, None)
            if deed is not None:
                with at_work.changes.writing():
                    deed()

        outcome = busy.moves.run(target, watch)

        assert next(deeds, None) is None
        after = moving.of(folder)
        assert list(outcome.moved) == after.records()
        assert sorted(after.values().values(), key=str) == [
            "Atzr|acme-in-japan", "Atzr|beta", "Atzr|delta", "Atzr|renewed", "rotated", "secret of other",
        ]  # fmt: skip
        assert {one.scope.seller for one in after.connections.all()} == {"acme", "betty", "delta"}
        assert is_left(after, source)

    def test_a_change_that_is_cut_short_meanwhile_is_done_before_the_old_store_is_left(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        before = furnished(folder, source).values()

        @contextmanager
        def watch(label: str, total: int) -> Iterator[Callable[[], None]]:
            assert (label, total) == (f"Copying to the {target}", 6)
            moving.of(folder).stores[source].keep(LEFT_BEHIND, Secret("ended"))
            moving.of(folder).changes.journal.begin(source, [LEFT_BEHIND])
            yield lambda: None

        with pytest.raises(errors.StoreLocked) as caught:
            failing(folder, source, errors.StoreLocked("Locked."), forget=0).moves.run(target, watch)

        assert caught.value.message.startswith("Locked. Nothing was deleted")
        assert moving.of(folder).secrets.name == source
        moving.of(folder).moves.run(target, unwatched)
        assert moving.of(folder).values() == before
        assert is_left(moving.of(folder), source)

    def test_a_process_that_began_before_goes_on_in_the_new_store(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        furnished(folder, source)
        old = moving.of(folder)
        fetched(old.secrets, connection("acme", "eu").secret_name)

        moving.of(folder).moves.run(target, unwatched)

        assert old.secrets.fetch(connection("beta", "na").secret_name).reveal() == "Atzr|beta"
        renewed = old.changes.renew_token(connection("acme", "eu"), Secret("Atzr|renewed"))
        with old.changes.writing():
            old.changes.keep_connection(connection("delta", "na"), Secret("Atzr|delta"))
        after = moving.of(folder)
        assert after.secrets.fetch(renewed.secret_name).reveal() == "Atzr|renewed"
        assert None not in after.values().values()
        assert is_left(after, source)

    def test_nothing_at_all_in_the_old_store_is_no_move(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        home = furnished(folder, source)
        home.secrets.forget_all([one.secret_name for one in home.records()])

        with pytest.raises(errors.NothingThere, match=f"The {source} has none of the 6 secrets"):
            moving.of(folder).moves.run(target, unwatched)

        after = moving.of(folder)
        assert after.secrets.name == source
        assert after.changes.unfinished() == ()

    def test_a_record_that_cannot_be_read_stops_it_before_anything_is_done(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        furnished(folder, source)
        (folder / "connections" / "beta.toml").write_text("?")
        before = everything(folder)

        with pytest.raises(errors.Damaged, match="beta"):
            moving.of(folder).moves.look(target, unwatched)
        with pytest.raises(errors.Damaged, match="beta"):
            moving.of(folder).moves.run(target, unwatched)

        assert everything(folder) == before

    def test_of_a_record_that_cannot_be_read_nothing_is_forgotten(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        before = furnished(folder, source).values()
        with pytest.raises(errors.StoreLocked):
            failing(folder, source, errors.StoreLocked("Locked."), forget=0).moves.run(target, unwatched)
        path = folder / "connections" / "beta.toml"
        whole = path.read_bytes()
        path.write_text("?")

        with pytest.raises(errors.Damaged, match="beta"):
            moving.of(folder).moves.settle(unwatched)

        path.write_bytes(whole)
        [entry] = moving.of(folder).moves.begun()
        assert {name.owner for name in entry.names} == {"beta"}
        assert fetched(moving.of(folder).stores[source], connection("beta", "na").secret_name) == "Atzr|beta"
        moving.of(folder).moves.settle(unwatched)
        assert moving.of(folder).values() == before
        assert is_left(moving.of(folder), source)

    def test_a_variable_that_says_otherwise_is_told_before_anything_is_done(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        furnished(folder, source)
        before = everything(folder)

        with pytest.raises(errors.Usage, match=f"SP_CONNECT_STORE says {source}, which overrides"):
            moving.of(folder, variable=source).moves.look(target, unwatched)
        with pytest.raises(errors.Usage, match=f"SP_CONNECT_STORE says {source}, which overrides") as caught:
            moving.of(folder, variable=source).moves.run(target, unwatched)

        assert f"unset SP_CONNECT_STORE, here and where jobs set it; then: sp-connect store move {target}" == (
            caught.value.hint
        )
        assert everything(folder) == before

    def test_a_variable_that_says_the_same_is_no_hindrance(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        before = furnished(folder, source).values()

        moving.of(folder, variable=target).moves.run(target, unwatched)

        assert moving.of(folder).values() == before
        assert is_left(moving.of(folder), source)

    def test_what_the_variable_has_had_there_all_along_is_only_named(
        self, folder: Path, source: StoreName, target: StoreName
    ) -> None:
        before = furnished(folder, target).values()
        moving.of(folder).apps.choose_store(source)
        looked = everything(folder)

        assert moving.of(folder, variable=target).moves.look(target, unwatched).moved == ()
        assert everything(folder) == looked
        assert moving.of(folder, variable=target).moves.run(target, unwatched).moved == ()

        after = moving.of(folder)
        assert after.apps.store_choice() == target
        assert after.values() == before
        assert after.moves.is_done(target)

    def test_one_at_a_time(self, folder: Path, source: StoreName, target: StoreName) -> None:
        home = furnished(folder, source)
        with home.changes.moving(), pytest.raises(errors.StoreLocked, match="Another sp-connect is moving"):
            moving.of(folder).moves.run(target, unwatched)
        assert moving.of(folder).secrets.name == source


@pytest.mark.parametrize("name", ["acme", "nobody"])
def test_a_damaged_sealed_file_is_told_and_nothing_is_forgotten(folder: Path, name: str) -> None:
    furnished(folder, "vault")
    path = folder / "vault" / "sellers" / f"{name}.sealed"
    path.write_bytes(b"?")
    before = everything(folder)

    with pytest.raises(errors.Damaged, match=name):
        moving.of(folder).moves.look("keyring", unwatched)
    with pytest.raises(errors.Damaged, match=name) as caught:
        moving.of(folder).moves.run("keyring", unwatched)

    assert caught.value.exit_code == 4
    assert everything(folder) == before


def test_several_damaged_files_are_told_together(folder: Path) -> None:
    furnished(folder, "vault")
    for name in ("acme", "beta"):
        (folder / "vault" / "sellers" / f"{name}.sealed").write_bytes(b"?")

    with pytest.raises(errors.Several, match="2 sealed files cannot be read") as caught:
        moving.of(folder).moves.run("keyring", unwatched)

    assert [error.code for error in caught.value.failures] == ["damaged", "damaged"]


def test_a_damaged_file_where_everything_goes_counts_if_it_is_of_a_seller_that_goes_there(folder: Path) -> None:
    furnished(folder, "keyring")
    vault = moving.of(folder).vault
    vault.keep(LEFT_BEHIND, Secret("x"))
    (folder / "vault" / "sellers" / "nobody.sealed").write_bytes(b"?")
    (folder / "vault" / "sellers" / "beta.sealed").write_bytes(b"?")

    with pytest.raises(errors.Damaged, match="beta"):
        moving.of(folder).moves.run("vault", unwatched)

    (folder / "vault" / "sellers" / "beta.sealed").unlink()
    moving.of(folder).moves.run("vault", unwatched)
    assert None not in moving.of(folder).values().values()


def test_secrets_that_no_record_names_are_neither_left_behind_nor_lost(folder: Path) -> None:
    home = furnished(folder, "vault")
    home.secrets.keep(LEFT_BEHIND, Secret("precious"))
    before = everything(folder)

    with pytest.raises(errors.Unfit, match="The vault has secrets of nobody that no record names") as caught:
        moving.of(folder).moves.run("keyring", unwatched)

    assert caught.value.exit_code == 4
    assert everything(folder) == before


def test_what_comes_into_a_vault_that_is_left_keeps_the_vault(folder: Path) -> None:
    """A job whose SP_CONNECT_STORE still says vault."""
    before = furnished(folder, "vault").values()
    job = moving.of(folder, variable="vault")

    @contextmanager
    def watch(label: str, total: int) -> Iterator[Callable[[], None]]:
        assert total
        if label.startswith("Deleting"):
            job.secrets.keep(LEFT_BEHIND, Secret("of a job"))
        yield lambda: None

    with pytest.raises(errors.Unfit) as caught:
        moving.of(folder).moves.run("keyring", watch)
    assert caught.value.message.startswith("The vault still holds what no record names. Everything is in the keyring")

    after = moving.of(folder)
    assert after.values() == before
    assert after.in_vault() == {f"sp-connect/{LEFT_BEHIND}"}
    assert fetched(after.vault, LEFT_BEHIND) == "of a job"
    assert after.moves.is_done("keyring")


def test_a_store_that_gives_back_something_else_gets_nothing(folder: Path) -> None:
    before = furnished(folder, "keyring").values()

    class Lying(Failing):
        def fetch(self, name: SecretName) -> Secret:
            return super().fetch(name) if name.owner == secret_store.PROBE else Secret("something else")

    liar = moving.of(
        folder, stores=lambda keyring, vault: {"keyring": keyring, "vault": Lying(vault, errors.Aborted())}
    )

    with pytest.raises(errors.StoreUnavailable, match="does not return what was stored"):
        liar.moves.run("vault", unwatched)

    assert moving.of(folder).secrets.name == "keyring"
    assert moving.of(folder).values() == before


def test_a_vault_whose_key_is_lost_is_not_taken_for_an_empty_one(folder: Path) -> None:
    furnished(folder, "vault")
    shutil.rmtree(folder / "ring")
    before = everything(folder / "vault")

    with pytest.raises(errors.MissingToken, match="no key for the vault"):
        moving.of(folder).moves.run("keyring", unwatched)

    assert everything(folder / "vault") == before
    assert moving.of(folder).apps.store_choice() == "vault"


def test_a_vault_under_a_passphrase_is_made_and_left_without_a_trace_in_the_keyring(folder: Path) -> None:
    before = furnished(folder, "keyring").values()

    moving.of(folder, "correct horse").moves.run("vault", unwatched)

    assert moving.of(folder).in_ring() == set()
    assert moving.of(folder, "correct horse").values() == before
    with pytest.raises(errors.StoreLocked, match="is opened by a passphrase"):
        moving.of(folder).moves.run("keyring", unwatched)
    moving.of(folder, "correct horse").moves.run("keyring", unwatched)
    assert moving.of(folder).values() == before
    assert is_left(moving.of(folder), "vault")


def test_what_a_killed_process_left_half_written_goes_with_the_vault_and_what_is_not_ours_stays(folder: Path) -> None:
    furnished(folder, "vault")
    (folder / "vault" / "sellers" / ".sp-connect-0123456789abcdef").write_bytes(b"half of a sealed file")
    (folder / "vault" / "apps" / "NOTES").write_text("somebody's own")

    moving.of(folder).moves.run("keyring", unwatched)

    assert not (folder / "vault" / "sellers").exists()
    assert (folder / "vault" / "apps" / "NOTES").exists()
    moving.of(folder).moves.run("vault", unwatched)
    assert None not in moving.of(folder).values().values()


@pytest.mark.parametrize("was_there", [False, True])
def test_an_empty_vault_that_was_there_before_outlives_a_move_that_is_undone(folder: Path, was_there: bool) -> None:
    furnished(folder, "keyring")
    if was_there:
        secret_store.prove(moving.of(folder, "correct horse").vault, folder)
        with pytest.raises(errors.StoreLocked):  # its passphrase is not given, and it is left as it is
            moving.of(folder).moves.run("vault", unwatched)
        assert moving.of(folder).changes.unfinished() == ()
    full = errors.StoreUnavailable("No room.")
    with pytest.raises(errors.StoreUnavailable, match="No room"):
        failing(folder, "vault", full, passphrase="correct horse", keep=3).moves.run("vault", unwatched)

    moving.of(folder, "correct horse").moves.settle(unwatched)

    opened_by = moving.of(folder).vault.describe().opened_by
    assert opened_by == ("passphrase" if was_there else None)
    assert None not in moving.of(folder).values().values()


def test_an_empty_home_has_nothing_to_move_and_a_store_all_the_same(folder: Path) -> None:
    outcome = moving.of(folder).moves.run("vault", unwatched)

    assert outcome == ("keyring", "vault", (), ())
    assert moving.of(folder).secrets.name == "vault"


def test_a_simulation_has_one_store(folder: Path) -> None:
    home = moving.of(folder, stores=lambda _, vault: {"vault": vault}, variable="vault")
    for target in get_args(StoreName):
        with pytest.raises(errors.Usage, match="simulated"):
            home.moves.check(target)


@pytest.mark.slow
def test_a_home_of_many_moves_as_a_whole(folder: Path) -> None:
    home = furnished(folder, "vault")
    many = [connection(f"seller-{number:03}", "eu", secret_ref=f"ref-{number}") for number in range(250)]
    with home.changes.writing():
        home.changes.keep_connections([(one, Secret(f"Atzr|{one.scope.seller}")) for one in many])
    counted: dict[str, int] = {}

    @contextmanager
    def watch(label: str, total: int) -> Iterator[Callable[[], None]]:
        steps: list[None] = []
        yield lambda: steps.append(None)
        assert len(steps) == total
        counted[label] = total

    before = home.values()
    home.moves.run("keyring", watch)
    moving.of(folder).moves.run("vault", watch)

    after = moving.of(folder)
    assert after.values() == before
    assert len(after.values()) == 256
    assert counted["Copying to the vault"] == 256
    assert set(counted) == {
        f"{deed} the {one}" for deed in ("Copying to", "Deleting from") for one in secret_store.NAMES
    }
    assert is_left(after, "keyring")
