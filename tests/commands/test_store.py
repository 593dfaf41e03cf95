"""`store move` and `store passphrase`: what they ask, say and refuse, and what is under way meanwhile."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sp_connect import access, errors
from sp_connect.commands import store
from sp_connect.commands.store import MoveOptions, PassphraseOptions
from sp_connect.models import App, Connection, Secret
from sp_connect.runtime import Runtime
from sp_connect.simulator.faults import Fault
from sp_connect.stores import secret_store
from sp_connect.stores.active import ActiveStore
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from sp_connect.stores.home.vault import Vault
from sp_connect.stores.migration import Migration
from sp_connect.stores.secret_store import SecretStore, StoreName
from sp_connect.terminal.prompt import Prompt
from sp_connect.terminal.screen import Screen
from tests.agency import Agency
from tests.commands.given import connected, hearing, piping, record, shell, typing
from tests.stores import backends


def built(
    agency: Agency,
    passphrase: str | Callable[[], Secret] | None = "correct horse",
    variable: str | None = None,
) -> Runtime:
    """The agency's runtime as another process has them, with a keyring beside the vault."""

    def given() -> Secret | None:
        return Secret(passphrase) if isinstance(passphrase, str) else passphrase() if passphrase else None

    parts = agency.runtime
    keyring = KeyringStore("tests.stores.backends.Dictionary", 5.0)
    vault = Vault(agency.folder / "vault", given, keyring)
    both: dict[StoreName, SecretStore] = {"keyring": keyring, "vault": vault}
    chosen = ActiveStore(both, lambda: secret_store.choose(variable, parts.apps.store_choice()))
    folder = agency.folder / "unfinished"
    changes = Transactions(folder, agency.folder / "lock", parts.apps, parts.connections, parts.invites, chosen)
    moves = Migration(parts.apps, parts.connections, changes, both, agency.folder, variable)
    return replace(
        parts, secrets=chosen, store_reason=chosen.choice.why, changes=changes, vault=vault, migration=lambda: moves
    )


@pytest.fixture
def office(agency: Agency) -> Iterator[Agency]:
    """An agency with a connection, whose secrets are in a vault that config.toml names."""
    agency.runtime.apps.choose_store("vault")
    connected(agency)
    backends.Dictionary.items.clear()
    yield agency
    backends.Dictionary.items.clear()


def move(runtime: Runtime, target: str, *, dry_run: bool = False, yes: bool = True) -> Any:
    return store.run_move(runtime, MoveOptions(target, dry_run, yes))


def reseal(
    runtime: Runtime, *, file: Path | None = None, from_stdin: bool = False, to_keyring: bool = False
) -> store.InUse:
    return store.run_passphrase(runtime, PassphraseOptions(file, from_stdin, to_keyring))


def all_there(runtime: Runtime) -> bool:
    records: list[App | Connection] = [*runtime.apps.all(), *runtime.connections.all()]
    return all(runtime.secrets.fetch(one.secret_name) for one in records) and bool(records)


class TestMove:
    def test_it_asks_what_is_meant_and_does_it(self, office: Agency) -> None:
        runtime = replace(built(office), prompt=typing(office, "y\n").prompt)

        move(runtime, "keyring", yes=False)

        assert "Move the secrets of 1 app and 1 connection from the vault to the keyring? [y/N]" in office.said()
        assert built(office).secrets.name == "keyring"
        assert all_there(built(office))

    def test_a_no_changes_nothing(self, office: Agency) -> None:
        before = office.files()

        with pytest.raises(errors.Aborted):
            move(replace(built(office), prompt=typing(office, "n\n").prompt), "keyring", yes=False)

        assert office.files() == before
        assert backends.Dictionary.items == {}

    def test_without_a_terminal_it_names_the_flag_at_once(self, office: Agency) -> None:
        with pytest.raises(errors.NeedsFlag) as caught:
            move(built(office), "keyring", yes=False)

        assert (caught.value.exit_code, caught.value.hint) == (2, "add --yes")
        assert built(office).secrets.name == "vault"

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("passphrase", "key"),
        [("correct horse", "under the passphrase that is set"), (None, "with its key in the keyring")],
    )
    def test_it_says_how_a_new_vault_will_be_opened(self, office: Agency, passphrase: str | None, key: str) -> None:
        move(built(office), "keyring")
        runtime = replace(built(office, passphrase), prompt=typing(office, "y\n").prompt)

        move(runtime, "vault", yes=False)

        assert f"from the keyring to a new vault in {office.folder / 'vault'}, {key}? [y/N]" in office.said()
        assert all_there(built(office, passphrase))

    def test_what_was_cut_short_goes_on_without_a_question(self, office: Agency) -> None:
        runtime = built(office)
        runtime.changes.journal.begin_move("vault", "keyring", [office.app.secret_name])

        move(runtime, "keyring", yes=False)

        assert built(office).secrets.name == "keyring"
        assert built(office).migration().begun() == ()

    def test_a_vault_that_a_variable_alone_names_is_not_taken_for_moved(self, office: Agency) -> None:
        # Whoever follows the hint of the refusal unsets the variable; the default is the keyring, which has nothing.
        config = office.folder / "config.toml"
        config.write_text(config.read_text().replace('store = "vault"\n', ""))
        undecided = built(office)
        with pytest.raises(errors.Usage, match="yet the vault has sealed files") as failure:
            move(undecided, "keyring")

        assert (failure.value.hint or "").startswith("sp-connect store move vault")

    @pytest.mark.parametrize("target", ["Vault", ""])
    def test_a_store_that_there_is_not_is_refused(self, office: Agency, target: str) -> None:
        with pytest.raises(errors.Usage) as caught:
            move(built(office), target)

        assert caught.value.hint == "sp-connect store move keyring or vault"

    def test_a_variable_that_says_otherwise_is_refused_before_anything_is_asked(self, office: Agency) -> None:
        with pytest.raises(errors.Usage, match="SP_CONNECT_STORE says vault, which overrides"):
            move(built(office, variable="vault"), "keyring", yes=False)

    def test_where_everything_is_there_already_nothing_is_asked_nor_changed(self, office: Agency) -> None:
        before = office.files()

        assert move(built(office, passphrase=None), "vault", yes=False).moved == ()

        assert office.files() == before

    def test_a_dry_run_asks_nothing_and_says_what_would_be(self, office: Agency) -> None:
        before = office.files()
        given = shell(office, built(office))

        store.move(given.context, "keyring", dry_run=True)

        assert "Would move the secrets of 1 app and 1 connection from the vault to the keyring." in office.said()
        assert office.files() == before
        assert given.printed() == ""

    def test_it_tells_what_was_done_what_is_missing_and_what_jobs_need(self, office: Agency) -> None:
        office.runtime.connections.put(record("acme", "fe", "JP"))
        given = shell(office, built(office))

        store.move(given.context, "keyring", yes=True, json=True)

        assert given.json() == {
            "from": "vault",
            "to": "keyring",
            "dry_run": False,
            "apps": 1,
            "connections": 1,
            "missing": [{"app": None, "seller": "acme", "region": "fe", "country": "JP"}],
        }
        said = office.said()
        assert "has no refresh token for acme in Japan" in said
        assert "sp-connect connect --seller acme --region fe --country JP" in said
        assert "Moved the secrets of 1 app and 1 connection to the keyring, and deleted them from the vault." in said
        assert "where jobs set SP_CONNECT_STORE, it has to say keyring too" in said

    def test_each_damaged_file_is_named(self, office: Agency) -> None:
        for name in ("acme", "bravo"):
            (office.folder / "vault" / "sellers" / f"{name}.sealed").write_bytes(b"?")

        with pytest.raises(errors.Several):
            store.move(shell(office, built(office)).context, "keyring", yes=True)

        for name in ("acme", "bravo"):
            assert f"{name}.sealed is damaged" in office.said()

    def test_ctrl_c_says_how_to_go_on_and_how_to_end_it(self, office: Agency) -> None:
        def interrupt() -> Secret:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            move(built(office, interrupt), "keyring")

        said = "To go on: sp-connect store move keyring. To stop it where it is: sp-connect doctor --fix"
        assert said in office.said()

    def test_a_move_that_was_cut_short_is_told_beside_the_store(self, office: Agency) -> None:
        built(office).changes.journal.begin_move("vault", "keyring", [office.app.secret_name])

        store.show(shell(office, built(office)).context)

        assert "A move to the keyring was interrupted, or is running." in office.said()
        assert "To finish it: sp-connect store move keyring" in office.said()

    def test_json_before_the_command_is_refused(self, office: Agency) -> None:
        given = shell(office, built(office))
        given.invoked_subcommand = "move"

        with pytest.raises(errors.Usage, match="--json"):
            store.show(given.context, json=True)


class TestUnderWay:
    """What Amazon is being asked for while everything moves ends up where everything is."""

    @pytest.mark.parametrize("rotates", [False, True])
    def test_an_access_token_that_is_being_refreshed(self, office: Agency, rotates: bool) -> None:
        runtime = built(office)
        [made] = runtime.connections.all()
        if rotates:
            office.world.faults.add(Fault("token", "rotate", times=1))
        moved: list[str] = []

        def move_once(step: str) -> None:  # noqa: ARG001 - what `hearing` calls
            if not moved:
                moved.append("keyring")
                move(built(office), "keyring")

        asking = replace(runtime, amazon=hearing(office, move_once).amazon)
        token = access.token(asking, made)

        after = built(office)
        [now] = after.connections.all()
        assert moved == ["keyring"]
        assert (now.secret_ref != made.secret_ref) == rotates
        assert all_there(after)
        assert access.token(after, now).value.reveal() == token.value.reveal()
        assert not (office.folder / "vault" / "vault.toml").exists()
        assert after.changes.unfinished() == ()

    def test_a_consent_that_is_being_given(self, office: Agency) -> None:
        runtime = built(office)
        made: list[Connection] = []

        def move_first(asked: Any, address: str, once: Any = None) -> str | None:
            move(built(office), "keyring")
            return office.visit(asked, address, once)

        from sp_connect.commands import connect

        asking = replace(runtime, browser=lambda command, *, refused: move_first)  # noqa: ARG005 - runtime.Browser
        made.extend(connect.run(asking, office.options("bravo")))

        after = built(office)
        assert len(made) == 1
        assert after.secrets.name == "keyring"
        assert all_there(after)
        assert len(after.connections.all()) == 2
        assert not (office.folder / "vault" / "vault.toml").exists()


class TestPassphrase:
    def test_without_a_terminal_the_flags_are_named_at_once(self, office: Agency) -> None:
        with pytest.raises(errors.NeedsFlag) as caught:
            reseal(built(office))

        assert caught.value.exit_code == 2
        assert caught.value.hint == "add --new-passphrase-file FILE, --new-passphrase-stdin or --to-keyring"

    def test_without_an_old_one_it_is_asked_for(self, office: Agency, tmp_path: Path) -> None:
        (tmp_path / "new").write_text("new horse")

        with pytest.raises(errors.NeedsFlag, match="Passphrase of the vault") as caught:
            reseal(built(office, None), file=tmp_path / "new")

        assert caught.value.hint == "add SP_CONNECT_PASSPHRASE_FILE=FILE in front"

    def test_a_wrong_old_one_is_told_before_a_new_one_is_asked_for(self, office: Agency) -> None:
        with pytest.raises(errors.StoreLocked, match="does not open"):
            reseal(built(office, "wrong horse"))

    @pytest.mark.slow
    @pytest.mark.parametrize("text", ["new horse", "new horse\r\n"])
    def test_it_comes_from_a_file_as_the_environment_reads_it(self, office: Agency, tmp_path: Path, text: str) -> None:
        (tmp_path / "new").write_text(text, newline="")

        used = reseal(built(office), file=tmp_path / "new")

        assert used.description.opened_by == "passphrase"
        assert all_there(built(office, "new horse"))

    @pytest.mark.slow
    def test_it_comes_from_stdin_to_the_letter(self, office: Agency) -> None:
        reseal(replace(built(office), prompt=piping(office, " new horse \n").prompt), from_stdin=True)

        assert all_there(built(office, " new horse "))

    @pytest.mark.parametrize("text", ["", " \n"])
    def test_an_empty_stdin_changes_nothing(self, office: Agency, text: str) -> None:
        with pytest.raises(errors.Usage, match="stdin holds no passphrase"):
            reseal(replace(built(office), prompt=piping(office, text).prompt), from_stdin=True)

        assert all_there(built(office))

    def test_an_empty_file_changes_nothing(self, office: Agency, tmp_path: Path) -> None:
        (tmp_path / "new").write_text("\n")

        with pytest.raises(errors.Usage, match="is empty"):
            reseal(built(office), file=tmp_path / "new")

        assert all_there(built(office))

    def test_a_file_that_is_not_there_is_named_with_its_flag(self, office: Agency, tmp_path: Path) -> None:
        with pytest.raises(errors.StoreUnavailable, match="nowhere") as caught:
            reseal(built(office), file=tmp_path / "nowhere")

        assert caught.value.hint is not None
        assert caught.value.hint.startswith("--new-passphrase-file names it")

    @pytest.mark.slow
    def test_the_key_goes_to_the_keyring_and_back_under_a_passphrase(self, office: Agency, tmp_path: Path) -> None:
        assert reseal(built(office), to_keyring=True).description.opened_by == "keyring"
        assert all_there(built(office, None))
        assert len(backends.Dictionary.items) == 1
        (tmp_path / "new").write_text("new horse")

        assert reseal(built(office, None), file=tmp_path / "new").description.opened_by == "passphrase"

        assert all_there(built(office, "new horse"))
        assert backends.Dictionary.items == {}

    def test_a_key_that_is_in_the_keyring_already_stays_there(self, office: Agency) -> None:
        reseal(built(office), to_keyring=True)
        before = office.files()

        assert reseal(built(office, None), to_keyring=True).description.opened_by == "keyring"

        assert office.files() == before

    @pytest.mark.parametrize(
        "flags",
        [
            {"from_stdin": True, "to_keyring": True},
            {"file": Path("x"), "to_keyring": True},
            {"file": Path("x"), "from_stdin": True},
        ],
    )
    def test_there_is_one_new_home_for_the_key(self, office: Agency, flags: dict[str, Any]) -> None:
        with pytest.raises(errors.Usage, match="only one"):
            reseal(built(office), **flags)

    def test_where_the_keyring_is_in_use_there_is_no_vault(self, office: Agency) -> None:
        move(built(office), "keyring")

        with pytest.raises(errors.Usage, match="The keyring is in use, and no vault") as caught:
            reseal(built(office), to_keyring=True)

        assert "sp-connect store move vault" in str(caught.value.hint)

    def test_a_vault_that_is_yet_to_be_made_has_none(self, agency: Agency, tmp_path: Path) -> None:
        empty = Vault(tmp_path / "none", lambda: None, KeyringStore(None, 1.0))

        with pytest.raises(errors.Usage, match="There is no vault yet"):
            reseal(replace(agency.runtime, vault=empty), to_keyring=True)

    def test_a_simulation_has_none_to_change(self, agency: Agency) -> None:
        screen = Screen(io.StringIO(), io.StringIO(), simulated=True)

        with pytest.raises(errors.Usage, match="simulation"):
            reseal(replace(agency.runtime, screen=screen, prompt=Prompt(None, io.StringIO())), to_keyring=True)

    @pytest.mark.parametrize(("to_keyring", "said"), [(True, "key is in the keyring"), (False, "new passphrase")])
    def test_it_says_what_opens_the_vault_now(
        self, office: Agency, tmp_path: Path, to_keyring: bool, said: str
    ) -> None:
        (tmp_path / "new").write_text("new horse")
        given = shell(office, built(office))

        store.passphrase(given.context, file=None if to_keyring else tmp_path / "new", to_keyring=to_keyring, json=True)

        assert said in office.said()
        assert given.json()["opened_by"] == ("keyring" if to_keyring else "passphrase")
        assert given.json()["why"] == "config.toml says so"
