"""What is written down: damaged, cut short, of an app that is gone, due, and never come back."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from sp_connect import errors
from sp_connect.commands import invite, rename
from sp_connect.models import Secret, SecretName
from sp_connect.stores import secret_store
from sp_connect.stores.home.journal import Entry, Renamed
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from sp_connect.stores.home.vault import Vault
from sp_connect.stores.migration import Migration
from tests.agency import Agency
from tests.checkup.given import code, edit, finding, visit, with_store, wrong
from tests.commands.given import connected, record, token_of
from tests.stores import backends


class Stubborn(Vault):
    """A vault that is locked whenever it is to forget."""

    def forget_all(self, names: object) -> None:  # noqa: ARG002 - a SecretStore's
        raise errors.StoreLocked("The vault is locked.")


def cut_short(agency: Agency) -> SecretName:
    """A renewal whose old token is still there, with an entry of the journal; returns the name of that token."""
    before = connected(agency)
    stubborn = Stubborn(agency.folder / "vault", lambda: Secret("correct horse"), KeyringStore(None, 1.0))
    held = with_store(agency, stubborn).changes
    with cast(Transactions, held).writing():
        held.keep_connection(
            record(secret_ref=secret_store.new_ref()), agency.runtime.secrets.fetch(before.secret_name)
        )
    assert len(held.unfinished()) == 1
    return before.secret_name


def invited(agency: Agency, name: str = "acme", region: str = "eu", days: int = 7) -> None:
    options = invite.Options(
        seller=name,
        regions=(region,),
        countries=(),
        file=None,
        app=None,
        default_app="default",
        expect_id=None,
        days=days,
    )
    invite.run(agency.runtime, options)


class TestFiles:
    def test_one_damaged_file_is_named_and_the_rest_is_checked(self, agency: Agency) -> None:
        connected(agency, "bravo")
        (agency.folder / "connections" / "acme.toml").write_text("[[connection]\n")
        (agency.folder / "connections" / "acme.toml").chmod(0o600)

        found = {one.name: one for one in visit(agency.runtime)}

        assert code(found["records"]) == (4, "damaged")
        assert "acme.toml is damaged" in found["records"].found
        assert wrong(list(found.values())) == ["records"]
        assert found["tokens"].found == "the tokens of 1 connection are there"

    def test_further_ones_are_counted(self, agency: Agency) -> None:
        (agency.folder / "connections").mkdir(mode=0o700)
        for name in ("acme", "bravo", "charlie"):
            (agency.folder / "connections" / f"{name}.toml").write_text("=")

        assert finding(agency.runtime, "records").found.endswith("2 more files cannot be read.")

    def test_one_of_a_later_version_is_a_failure_and_nothing_of_its_seller_is_forgotten(self, agency: Agency) -> None:
        connected(agency)
        edit(agency.folder / "connections" / "acme.toml", "schema = 1", "schema = 3")

        found = {one.name: one for one in visit(agency.runtime, fix=True, yes=True)}

        assert code(found["records"]) == (4, "store-unavailable")
        assert wrong(list(found.values())) == ["records"]
        assert len(agency.runtime.vault.contents().names) == 2


class TestUnfinished:
    def test_what_was_cut_short_waits_for_a_change_or_for_fix(self, agency: Agency) -> None:
        old = cut_short(agency)

        found = finding(agency.runtime, "unfinished")

        assert (found.result, found.mend) == ("warning", "sp-connect doctor --fix")
        assert agency.runtime.secrets.fetch(old)

        mended = finding(agency.runtime, "unfinished", fix=True)

        assert (mended.result, mended.fixed) == ("ok", True)
        assert agency.runtime.changes.unfinished() == ()
        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(old)

    def test_what_was_finished_is_seen_by_the_checks_that_follow(self, agency: Agency) -> None:
        before = connected(agency)
        rename.run(agency.runtime, "acme", "other")
        agency.runtime.connections.put(before)  # as where a kill came before it was dropped
        entry = agency.folder / "unfinished" / "0123456789ab.toml"
        agency.runtime.changes.journal.note(Entry(entry, "vault", (), Renamed("acme", "other")))

        found = {one.name: one for one in visit(agency.runtime, fix=True)}

        assert found["unfinished"].fixed
        assert wrong(list(found.values())) == []
        assert found["tokens"].found == "the tokens of 1 connection are there"

    def test_files_that_a_killed_process_left_half_written_are_told_and_removed(self, agency: Agency) -> None:
        connected(agency)
        folders = ("connections", "vault/sellers", "vault")
        strays = [agency.folder / name / ".sp-connect-0123456789abcdef" for name in folders]
        not_ours = [
            agency.folder / ".sp-connect-0123456789abcdef",  # the home may be ~, where anything may lie
            *(agency.folder / name / ".sp-connect-passphrase" for name in ("", *folders)),
        ]
        for stray in (*strays, *not_ours):
            stray.write_bytes(b"half of")
            stray.chmod(0o600)
        assert finding(agency.runtime, "unfinished").result == "ok"  # somebody may be at work on them
        for stray in (*strays, *not_ours):
            os.utime(stray, (0, 0))

        found = finding(agency.runtime, "unfinished")
        mended = finding(agency.runtime, "unfinished", fix=True)

        assert (found.result, found.mend) == ("warning", "sp-connect doctor --fix")
        assert found.found == "3 half-written files of a killed process"
        assert (mended.result, mended.fixed) == ("ok", True)
        assert not any(stray.exists() for stray in strays)
        assert all(path.exists() for path in not_ours)

    def test_what_a_note_names_is_told_and_removed_unless_it_is_another_file_by_now(
        self, agency: Agency, tmp_path: Path
    ) -> None:
        stray, another = (tmp_path / f".sp-connect-{digit * 16}" for digit in "ab")
        for number, path in enumerate((stray, another)):
            path.write_bytes(b"half of")
            known = {"path": str(path), "device": path.stat().st_dev, "inode": path.stat().st_ino + number}
            agency.folder.joinpath("unfinished").mkdir(mode=0o700, exist_ok=True)
            (agency.folder / "unfinished" / f"{number}.half-written").write_text(json.dumps(known))

        found = finding(agency.runtime, "unfinished")
        mended = finding(agency.runtime, "unfinished", fix=True)

        assert found.found == "1 half-written file of a killed process"
        assert (mended.result, mended.fixed) == ("ok", True)
        assert (stray.exists(), another.exists()) == (False, True)
        assert not list((agency.folder / "unfinished").iterdir())

    def test_what_belongs_to_another_store_goes_on_waiting(self, agency: Agency) -> None:
        cut_short(agency)
        [entry] = agency.runtime.changes.unfinished()
        edit(entry, 'store = "vault"', 'store = "keyring"')

        found = finding(agency.runtime, "unfinished", fix=True)

        assert (found.result, found.fixed) == ("warning", False)
        assert agency.runtime.changes.unfinished() == (entry,)

    @pytest.mark.slow
    def test_a_move_that_was_cut_short_is_told_and_ended_as_it_stands(self, agency: Agency) -> None:
        ring = KeyringStore("tests.stores.backends.Dictionary", 5.0)
        held = connected(agency)
        copied = [agency.app.secret_name, held.secret_name]
        ring.keep_all({name: agency.runtime.secrets.fetch(name) for name in copied})
        agency.runtime.apps.choose_store("vault")
        agency.runtime.changes.journal.begin_move("vault", "keyring", copied)
        parts = agency.runtime
        both: dict[secret_store.StoreName, secret_store.SecretStore] = {"keyring": ring, "vault": parts.vault}
        runtime = replace(
            parts,
            migration=partial(
                Migration, parts.apps, parts.connections, cast(Transactions, parts.changes), both, agency.folder, None
            ),
        )

        found = finding(runtime, "unfinished")

        assert found.result == "warning"
        assert found.found == "a move of all secrets to the keyring was interrupted, or is running now"
        assert found.mend == "go on: sp-connect store move keyring; or stop it where it is: sp-connect doctor --fix"
        mended = finding(runtime, "unfinished", fix=True)
        assert (mended.result, mended.fixed) == ("ok", True)
        assert backends.Dictionary.items == {}
        assert token_of(agency, held)
        assert finding(runtime, "unfinished").found == "no change was interrupted"

    def test_a_key_that_may_lie_in_the_keyring_for_nothing_is_forgotten(self, agency: Agency) -> None:
        keyring = KeyringStore("tests.stores.backends.Dictionary", 5.0)
        vault = Vault(agency.folder / "vault", lambda: Secret("correct horse"), keyring)
        name = SecretName("app", "sp-connect-vault", "key", "00" * 16)
        keyring.keep(name, Secret("a key"))
        (agency.folder / "vault" / "key.toml").write_text(f'schema = 1\nkey_id = "{name.ref}"\n')
        parts = agency.runtime
        both: dict[secret_store.StoreName, secret_store.SecretStore] = {"keyring": keyring, "vault": vault}
        runtime = replace(
            parts,
            vault=vault,
            migration=partial(
                Migration, parts.apps, parts.connections, cast(Transactions, parts.changes), both, agency.folder, None
            ),
        )

        assert finding(runtime, "unfinished").result == "warning"
        assert finding(runtime, "unfinished", fix=True).fixed

        assert backends.Dictionary.items == {}
        assert finding(runtime, "unfinished").result == "ok"

    def test_a_damaged_entry_is_a_failure_and_no_secret_is_forgotten(self, agency: Agency) -> None:
        cut_short(agency)
        [entry] = agency.runtime.changes.unfinished()
        entry.write_text("=")
        before = agency.runtime.vault.contents()

        for fix in (False, True):
            found = {one.name: one for one in visit(agency.runtime, fix=fix, yes=True)}
            assert code(found["unfinished"]) == (4, "damaged")
            assert found["unfinished"].mend == "move it away, then: sp-connect doctor --fix"
        assert "kept, because an interrupted change cannot be read" in found["unclaimed"].found
        assert agency.runtime.vault.contents() == before


class TestApps:
    def test_one_that_is_gone_is_a_failure(self, agency: Agency) -> None:
        connected(agency, "acme", app="gone")
        connected(agency, "bravo")

        found = finding(agency.runtime, "apps-in-use")

        assert code(found) == (6, "not-found")
        assert "There is no app gone. It is the app of acme in Europe & India." in found.found
        assert found.mend == "register it again: sp-connect app add gone"


class TestAccounts:
    def test_one_that_two_sellers_have_is_named_with_both(self, agency: Agency) -> None:
        connected(agency, "acme", "eu")
        connected(agency, "bravo", "na", selling_partner_id="A2EXAMPLE1234")

        found = finding(agency.runtime, "accounts")

        assert found.result == "warning"
        assert "A2EXAMPLE1234 is connected for acme and bravo" in found.found
        assert "sp-connect show --seller bravo" in (found.mend or "")

    def test_one_seller_may_have_it_in_several_regions(self, agency: Agency) -> None:
        connected(agency, "acme", "eu")
        connected(agency, "acme", "na")

        assert finding(agency.runtime, "accounts").result == "ok"


class TestConnections:
    @pytest.mark.parametrize(
        ("standing", "days", "result", "mend"),
        [
            ("connected", 0, "ok", None),
            ("connected", 340, "warning", "sp-connect renew --due 30"),
            ("connected", 400, "warning", "sp-connect renew --due 30"),
            ("rejected", 0, "warning", "sp-connect renew --due 30"),
            ("unchecked", 0, "warning", "sp-connect verify"),
        ],
    )
    def test_what_needs_a_consent_or_a_look_is_a_warning(
        self, agency: Agency, standing: str, days: int, result: str, mend: str | None
    ) -> None:
        connected(agency, standing=standing, authorized_at=agency.clock() - timedelta(days=days))

        found = finding(agency.runtime, "connections")

        assert (found.result, found.mend) == (result, mend)
        assert found.found.startswith("1 connection of 1 seller")


class TestInvites:
    def test_one_that_is_pending_is_told(self, agency: Agency) -> None:
        invited(agency)

        found = finding(agency.runtime, "invites")

        assert (found.result, found.found) == (
            "ok",
            "1 invite is pending, of acme in Europe & India since 22 Nov 2026",
        )

    def test_of_several_the_oldest_is_told(self, agency: Agency) -> None:
        invited(agency)
        agency.clock.pass_by(days=1)
        invited(agency, "bravo")

        assert finding(agency.runtime, "invites").found.startswith("2 invites are pending, the oldest of acme")

    def test_one_that_never_came_back_is_a_warning_and_fix_forgets_it(self, agency: Agency) -> None:
        invited(agency, days=1)
        agency.clock.pass_by(days=2)
        invited(agency, "bravo")

        found = finding(agency.runtime, "invites")

        assert (found.result, found.mend) == ("warning", "sp-connect doctor --fix")
        assert "acme in Europe & India were never used" in found.found
        assert len(agency.runtime.invites.all()[0]) == 2

        mended = finding(agency.runtime, "invites", fix=True)

        assert (mended.result, mended.fixed) == ("ok", True)
        assert [one.scope.seller for one in agency.runtime.invites.all()[0]] == ["bravo"]

    def test_one_of_an_app_that_is_another_by_now_is_a_warning(self, agency: Agency) -> None:
        invited(agency)
        edit(agency.folder / "config.toml", "amzn1.sp.solution.0", "amzn1.sp.solution.1")

        found = finding(agency.runtime, "invites", fix=True)

        assert (found.result, found.mend) == ("warning", "sp-connect invite --seller acme --region eu")
        assert len(agency.runtime.invites.all()[0]) == 1

    def test_a_damaged_one_is_a_failure(self, agency: Agency) -> None:
        invited(agency)
        [path] = (agency.folder / "invites").iterdir()
        Path(path).write_text("=")

        assert code(finding(agency.runtime, "invites")) == (4, "damaged")


def test_the_token_of_a_connection_is_never_told(agency: Agency) -> None:
    connection = connected(agency)

    assert token_of(agency, connection) not in str(visit(agency.runtime, fix=True, yes=True))


def test_a_copy_of_a_sellers_file_is_a_warning_and_stops_no_new_seller(agency: Agency) -> None:
    connected(agency)
    folder = agency.folder / "connections"
    copy = folder / "acme (conflicted copy).toml"
    copy.write_bytes((folder / "acme.toml").read_bytes())

    agency.connect("bravo")
    found = finding(agency.runtime, "records")

    assert (found.result, found.error) == ("warning", None)
    assert str(copy) in found.found
    assert found.mend is not None
    assert f"mv '{copy}' ~" in found.mend
