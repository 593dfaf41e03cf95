"""Tokens that are missing and secrets that nobody names: found, marked, and forgotten only when that is sure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from sp_connect.models import Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from sp_connect.terminal.prompt import Prompt
from tests.agency import Agency
from tests.checkup.given import code, finding, sealed, visit, with_store
from tests.commands.given import connected, kept, piping, record, typing
from tests.stores import backends

ORPHAN = SecretName("seller", "zulu", "eu", "0a1b2c")


@pytest.fixture
def ring() -> Iterator[KeyringStore]:
    """A keyring that cannot be listed."""
    yield KeyringStore("tests.stores.backends.Dictionary", 5.0)
    backends.Dictionary.items.clear()


def names(agency: Agency) -> frozenset[SecretName]:
    assert isinstance(agency.runtime.secrets, Vault)
    return agency.runtime.secrets.contents().names


class TestContents:
    def test_they_are_all_that_was_kept(self, agency: Agency) -> None:
        both = {connected(agency).secret_name, connected(agency, "acme", "fe", "JP").secret_name}

        assert names(agency) == both | {agency.app.secret_name}

    def test_of_a_vault_that_is_not_made_they_are_none(self, agency: Agency) -> None:
        vault = Vault(agency.folder / "other", lambda: Secret("x"), KeyringStore(None, 1.0))

        assert vault.contents() == (frozenset(), {})

    def test_what_is_no_file_of_ours_is_passed_over(self, agency: Agency) -> None:
        before = names(agency)
        for name in ("NOTES.sealed", "notes.txt", ".sealed"):
            (agency.folder / "vault" / "apps" / name).write_text("x")

        assert names(agency) == before

    def test_a_keyring_has_none(self, ring: KeyringStore) -> None:
        assert not isinstance(ring, secret_store.Listing)


class TestMissing:
    def test_a_record_without_its_token_is_a_failure_with_the_command_that_mends_it(self, agency: Agency) -> None:
        connected(agency)
        agency.runtime.connections.put(record("acme", "fe", "JP"))

        found = finding(agency.runtime, "tokens")

        assert code(found) == (4, "missing-token")
        assert found.found == "The vault that is in use has no refresh token for acme in Japan."
        assert found.mend == "sp-connect connect --seller acme --region fe --country JP"

    def test_several_are_named(self, agency: Agency) -> None:
        for name in ("acme", "bravo", "charlie", "delta"):
            agency.runtime.connections.put(record(name))

        assert "acme in Europe & India, bravo in Europe & India, charlie in Europe & India and 1 more are not" in (
            finding(agency.runtime, "tokens").found
        )

    def test_only_fix_marks_it(self, agency: Agency) -> None:
        lost = record("acme")
        agency.runtime.connections.put(lost)

        assert not finding(agency.runtime, "tokens").fixed
        assert kept(agency, lost).standing == "connected"

        marked = finding(agency.runtime, "tokens", fix=True)

        assert (marked.result, marked.fixed) == ("failed", True)
        assert kept(agency, lost).standing == "missing-token"
        assert not finding(agency.runtime, "tokens", fix=True).fixed

    def test_one_that_came_back_is_unmarked_by_fix(self, agency: Agency) -> None:
        back = connected(agency, standing="missing-token")

        found = finding(agency.runtime, "tokens")
        assert (found.result, found.mend) == ("warning", "sp-connect doctor --fix")
        assert kept(agency, back).standing == "missing-token"

        mended = {one.name: one for one in visit(agency.runtime, fix=True)}

        assert (mended["tokens"].result, mended["tokens"].fixed) == ("ok", True)
        assert kept(agency, back).standing == "unchecked"
        assert mended["connections"].mend == "sp-connect verify"

    def test_a_damaged_sealed_file_is_told_as_such_and_nothing_is_marked(self, agency: Agency) -> None:
        hurt = connected(agency)
        path = sealed(agency, hurt.secret_name)
        path.write_bytes(path.read_bytes()[:-1])

        found = finding(agency.runtime, "tokens", fix=True)

        assert code(found) == (4, "damaged")
        assert str(path) in found.found
        assert kept(agency, hurt).standing == "connected"

    def test_a_keyring_is_asked_for_each(self, agency: Agency, ring: KeyringStore) -> None:
        agency.runtime.connections.put(record("acme"))
        there = record("bravo")
        agency.runtime.connections.put(there)
        ring.keep(there.secret_name, Secret("Atzr|x"))

        found = finding(with_store(agency, ring), "tokens")

        assert code(found) == (4, "missing-token")
        assert found.found == "The keyring that is in use has no refresh token for acme in Europe & India."


class TestUnclaimed:
    def test_a_kept_access_token_belongs_to_its_connection(self, agency: Agency) -> None:
        connection = connected(agency)
        value = {"access_token": "Atza|x", "expires_at": (agency.clock() + timedelta(hours=1)).isoformat()}
        agency.runtime.secrets.keep(connection.access_name, Secret(json.dumps(value)))

        assert finding(agency.runtime, "unclaimed").result == "ok"

    def test_a_token_whose_record_waits_to_be_written_is_not_left_over(self, agency: Agency) -> None:
        connection = connected(agency)
        waiting = connection.secret_name._replace(ref="5ec0e7")
        agency.runtime.secrets.keep(waiting, Secret("Atzr|newer"))
        agency.runtime.changes.journal.begin("keyring", [waiting])  # of a store that is not in use: it waits

        assert finding(agency.runtime, "unclaimed", fix=True, yes=True).result == "ok"
        assert waiting in names(agency)

    def test_a_secret_that_no_record_names_is_a_warning_and_is_kept_without_fix(self, agency: Agency) -> None:
        connected(agency)
        agency.runtime.secrets.keep(ORPHAN, Secret("Atzr|orphan"))

        found = finding(agency.runtime, "unclaimed", yes=True)

        assert (found.result, found.mend) == ("warning", "sp-connect doctor --fix")
        assert found.found == "1 secret of zulu that no record names"
        assert ORPHAN in names(agency)

    def test_with_fix_a_person_is_asked_and_a_no_keeps_it(self, agency: Agency) -> None:
        connected(agency)
        agency.runtime.secrets.keep(ORPHAN, Secret("Atzr|orphan"))

        kept_ = finding(typing(agency, "n\n"), "unclaimed", fix=True)
        assert (kept_.result, kept_.fixed, ORPHAN in names(agency)) == ("warning", False, True)
        assert "Delete 1 secret of zulu that no record names? [y/N]" in agency.said()

        gone = finding(typing(agency, "y\n"), "unclaimed", fix=True)
        assert (gone.result, gone.fixed, ORPHAN in names(agency)) == ("ok", True, False)

    def test_where_nobody_can_be_asked_it_names_the_flag(self, agency: Agency) -> None:
        connected(agency)
        agency.runtime.secrets.keep(ORPHAN, Secret("Atzr|orphan"))

        found = finding(piping(agency, "y\n"), "unclaimed", fix=True)

        assert (code(found), found.mend, ORPHAN in names(agency)) == ((2, "usage"), "add --yes", True)

    def test_yes_forgets_it_and_nothing_else(self, agency: Agency) -> None:
        connection = connected(agency)
        before = names(agency)
        more = connection.secret_name._replace(item="fe-JP", ref="00")
        agency.runtime.secrets.keep(ORPHAN, Secret("Atzr|orphan"))
        agency.runtime.secrets.keep(more, Secret("Atzr|more"))

        found = finding(agency.runtime, "unclaimed", fix=True, yes=True)

        assert (found.result, found.fixed) == ("ok", True)
        assert found.found == "2 secrets of acme and zulu that no record names: now deleted"
        assert names(agency) == before

    def test_of_a_seller_whose_file_is_damaged_nothing_is_forgotten(self, agency: Agency) -> None:
        connected(agency)
        hurt = connected(agency, "bravo")
        (agency.folder / "connections" / "bravo.toml").write_text("=")

        found = finding(agency.runtime, "unclaimed", fix=True, yes=True)

        assert found.result == "ok"
        assert hurt.secret_name in names(agency)

    def test_where_no_record_is_left_nothing_is_forgotten(self, agency: Agency) -> None:
        connection = connected(agency)
        (agency.folder / "connections").rename(agency.folder / "elsewhere")

        found = finding(agency.runtime, "unclaimed", fix=True, yes=True)

        assert (found.result, found.fixed) == ("warning", False)
        assert found.mend == f"bring your connections back to {agency.folder}"
        assert connection.secret_name in names(agency)

    def test_where_config_toml_is_damaged_nothing_is_forgotten(self, agency: Agency) -> None:
        connected(agency)
        (agency.folder / "config.toml").write_text("=")

        assert finding(agency.runtime, "unclaimed", fix=True, yes=True).result == "skipped"
        assert agency.app.secret_name in names(agency)

    def test_a_probe_of_another_process_is_left_alone(self, agency: Agency) -> None:
        probe = SecretName("app", secret_store.PROBE, "probe", "0a")
        agency.runtime.secrets.keep(probe, Secret("x"))

        assert finding(agency.runtime, "unclaimed", fix=True, yes=True).result == "ok"
        assert probe in names(agency)

    def test_what_was_connected_or_registered_while_somebody_was_asked_is_kept(self, agency: Agency) -> None:
        connected(agency)
        late, app = record("zulu"), agency.app._replace(name="late", secret_ref=secret_store.new_ref())
        for name in (late.secret_name, app.secret_name):
            agency.runtime.secrets.keep(name, Secret("late"))
        before = names(agency)

        class Slow(Prompt):
            """Whoever answers once the other sp-connect is done."""

            def confirm(self, question: str, flag: str, otherwise: str = "") -> None:  # noqa: ARG002 - Person's
                agency.runtime.connections.put(late)
                agency.runtime.apps.put(app)

        runtime = replace(agency.runtime, prompt=Slow(None, agency.stderr))

        assert finding(runtime, "unclaimed", fix=True).result == "ok"
        assert names(agency) == before
