"""`verify`: each connection asked about, what is found kept, the most serious failure raised."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from sp_connect import access, errors
from sp_connect.authorization.account_check import Checks
from sp_connect.cli.filters import Selection
from sp_connect.commands import verify
from sp_connect.models import Connection, Scope, Secret, SecretName
from sp_connect.simulator.faults import Fault
from sp_connect.stores import secret_store
from sp_connect.stores.home import locks
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.transactions import Transactions
from sp_connect.terminal.screen import Screen
from tests.agency import Agency, writing
from tests.commands.given import (
    connected,
    end_at_amazon,
    hearing,
    kept,
    left,
    marketplace,
    names,
    record,
    selected,
    shell,
    token_of,
)
from tests.stores.samples import REFUSED

ALL = Selection()
TRIES = 4
"""How often Amazon is asked before a failure is believed."""


def run(agency: Agency, selection: Selection = ALL, jobs: int = 1) -> list[verify.Verified]:
    return verify.run(agency.runtime, selection, jobs)[0]


class Hurried(Transactions):
    """Waits for another's question for a moment alone."""

    @contextmanager
    def refreshing(self, scope: Scope) -> Iterator[None]:
        with locks.held(self._lock_path.with_name("locks") / f"lock-{scope.seller}-{scope.item}", wait=0.1):
            yield


def hurried(agency: Agency) -> Transactions:
    of = agency.runtime
    return Hurried(
        agency.folder / "unfinished", agency.folder / "lock", of.apps, of.connections, of.invites, of.secrets
    )


def command(agency: Agency, **flags: Any) -> None:
    verify.command(shell(agency).context, **({"jobs": 1} | flags))


class TestGood:
    def test_a_good_token_is_connected_and_its_marketplaces_are_renewed(self, agency: Agency) -> None:
        before = connected(agency, standing="unchecked", verified_at=None, marketplaces=())
        agency.clock.pass_by(hours=1)

        [finding] = run(agency)

        assert finding.error is None
        assert kept(agency, before).standing == "connected"
        assert kept(agency, before).verified_at == agency.clock()
        assert [m.country for m in kept(agency, before).marketplaces][:3] == ["DE", "FR", "GB"]

    def test_nothing_but_the_record_changes(self, agency: Agency) -> None:
        before = connected(agency)
        token = token_of(agency, before)

        run(agency)

        after = kept(agency, before)
        assert token_of(agency, after) == token
        assert (after.authorized_at, after.secret_ref) == (before.authorized_at, before.secret_ref)

    def test_a_rejected_connection_that_is_good_again_is_connected(self, agency: Agency) -> None:
        before = connected(agency, standing="rejected", last_error=REFUSED)

        run(agency)

        assert kept(agency, before).standing == "connected"
        assert kept(agency, before).last_error is None

    def test_keys_of_the_users_own_survive(self, agency: Agency) -> None:
        connected(agency)
        record = agency.folder / "connections" / "acme.toml"
        record.write_text(record.read_text().replace('app = "default"', 'app = "default"\nnote = "ask Ana"'))
        agency.clock.pass_by(hours=1)

        run(agency)

        assert 'note = "ask Ana"' in record.read_text()

    def test_nothing_connected_is_no_failure(self, agency: Agency) -> None:
        command(agency)

        assert "Nothing is connected yet" in agency.said()

    def test_nothing_connected_is_an_empty_array(self, agency: Agency) -> None:
        given = shell(agency)
        verify.command(given.context, jobs=1, json=True)

        assert given.json() == []

    def test_json_says_ok_beside_each_connection(self, agency: Agency) -> None:
        connected(agency)
        given = shell(agency)

        verify.command(given.context, jobs=1, json=True)

        [one] = given.json()
        assert (one["seller"], one["status"], one["ok"], one["error"]) == ("acme", "connected", True, None)

    def test_without_json_the_table_and_its_sum_are_told(self, agency: Agency) -> None:
        connected(agency)
        given = shell(agency)

        verify.command(given.context, jobs=1)

        assert "A2EXAMPLE1234" in given.printed()
        assert "1 connection of 1 seller." in agency.said()


class TestMany:
    @pytest.mark.slow
    @pytest.mark.parametrize("jobs", [1, 64])
    def test_findings_come_in_the_order_of_list_whatever_the_jobs(self, agency: Agency, jobs: int) -> None:
        for number in range(12):
            connected(agency, f"client-{number % 4}", ["eu", "na", "fe"][number // 4], [None, None, "JP"][number // 4])

        findings = run(agency, jobs=jobs)

        assert [f.connection.scope for f in findings] == [c.scope for c in agency.runtime.connections.all()]
        assert all(f.error is None for f in findings)

    def test_only_what_is_selected_is_asked_about(self, agency: Agency) -> None:
        connected(agency, "acme", "eu")
        connected(agency, "acme", "fe", "JP")
        connected(agency, "bravo", "eu")

        findings = run(agency, selected(seller="acme", region="FE", country="jp"))

        assert names([f.connection for f in findings]) == ["acme fe-JP"]
        assert agency.world.requests["token"] == 1

    def test_amazon_failing_for_one_keeps_what_is_found_of_the_others(self, agency: Agency) -> None:
        acme = connected(agency, "acme")
        others = [connected(agency, name, standing="unchecked") for name in ("bravo", "charlie-gmbh")]
        agency.world.faults.add(Fault("sellers", "status", times=TRIES, status=503))

        findings = run(agency)

        assert isinstance(findings[0].error, errors.Unreachable)
        assert [kept(agency, c).standing for c in others] == ["connected", "connected"]
        assert kept(agency, acme) == acme

    def test_a_failing_check_leaves_the_status_as_it_was(self, agency: Agency) -> None:
        rejected = connected(agency, standing="rejected")
        agency.world.faults.add(Fault("token", "status", status=500))

        run(agency)

        assert kept(agency, rejected).standing == "rejected"

    def test_a_damaged_secret_of_one_stops_no_other(self, agency: Agency) -> None:
        connected(agency, "acme")
        bravo = connected(agency, "bravo", standing="unchecked")
        next((agency.folder / "vault" / "sellers").glob("acme*")).write_bytes(b"torn")

        findings = run(agency)

        assert isinstance(findings[0].error, errors.Damaged)
        assert kept(agency, bravo).standing == "connected"

    def test_a_damaged_record_of_one_stops_no_other(self, agency: Agency) -> None:
        connected(agency, "acme")
        bravo = connected(agency, "bravo", standing="unchecked")
        (agency.folder / "connections" / "acme.toml").write_text("seller = acme\n")

        with pytest.raises(errors.Damaged, match=r"acme\.toml is damaged"):
            command(agency)

        assert kept(agency, bravo).standing == "connected"


def unreachable(agency: Agency, name: str) -> None:
    connected(agency, name)
    agency.world.faults.add(Fault("sellers", "status", times=TRIES, status=503))


def revoked(agency: Agency, name: str) -> None:
    end_at_amazon(agency, connected(agency, name))


def without_token(agency: Agency, name: str) -> None:
    agency.runtime.secrets.forget(connected(agency, name).secret_name)


def without_app(agency: Agency, name: str) -> None:
    connected(agency, name, app="gone")


@pytest.mark.parametrize(
    ("worst", "lesser", "exit_code", "code", "first"),
    [
        (without_token, revoked, 4, "missing-token", "worst"),
        (without_token, unreachable, 4, "missing-token", "lesser"),
        (revoked, unreachable, 3, "rejected", "worst"),
        (revoked, without_app, 3, "rejected", "lesser"),
        (unreachable, without_app, 5, "unreachable", "lesser"),
    ],
)
def test_the_exit_code_is_the_most_serious_whichever_came_first(
    agency: Agency,
    worst: Callable[[Agency, str], None],
    lesser: Callable[[Agency, str], None],
    exit_code: int,
    code: str,
    first: str,
) -> None:
    connected(agency, "delta", "na")
    order = {"worst": ("acme", "bravo"), "lesser": ("bravo", "acme")}[first]
    for make, name in zip((worst, lesser), order, strict=True):
        make(agency, name)

    with pytest.raises(errors.Several) as failure:
        command(agency)

    assert (failure.value.exit_code, failure.value.code) == (exit_code, code)
    assert failure.value.message == "2 connections of 3 did not pass."
    assert failure.value.hint


def test_what_mends_all_of_many_is_the_hint(agency: Agency) -> None:
    connected(agency, "acme")
    connected(agency, "bravo")
    agency.runtime.secrets.forget(agency.app.secret_name)

    with pytest.raises(errors.MissingToken) as failure:
        command(agency)

    assert failure.value.hint == "sp-connect app rotate-secret default"


def test_one_token_of_another_app_is_that_sellers_trouble_alone(agency: Agency) -> None:
    connected(agency, "acme")
    bravo = connected(agency, "bravo")
    agency.world.faults.add(Fault("token", "status", status=400, error="unauthorized_client", times=1))

    found = {one.connection.scope.seller: one for one in verify.run(agency.runtime, Selection(["acme"]), 1)[0]}
    assert found["acme"].error is not None
    assert found["acme"].error.code == "rejected"
    assert kept(agency, found["acme"].connection).standing == "rejected"
    assert verify.run(agency.runtime, Selection(["bravo"]), 1)[0][0].error is None
    assert kept(agency, bravo).standing == "connected"


def test_each_failure_of_many_is_told(agency: Agency) -> None:
    revoked(agency, "acme")
    without_token(agency, "bravo")

    with pytest.raises(errors.Several):
        command(agency)

    assert "Amazon refuses the token of acme in Europe & India: " in agency.said()
    assert "has no refresh token for bravo in Europe & India" in agency.said()


class TestEveryFinding:
    """What is wrong and what is due are both printed, each seller by name."""

    def fails(self, agency: Agency, **flags: Any) -> errors.SpConnectError:
        with pytest.raises(errors.SpConnectError) as failure:
            command(agency, **flags)
        return failure.value

    def test_one_that_is_refused_and_others_that_are_due_are_all_named(self, agency: Agency) -> None:
        for name in ("bravo", "charlie-gmbh"):
            connected(agency, name)
        agency.clock.pass_by(days=340)
        refused = connected(agency, "acme")
        end_at_amazon(agency, refused)

        failure = self.fails(agency, due=30)

        assert (failure.exit_code, failure.code) == (3, "rejected")
        assert failure.message == "1 connection of 3 did not pass; 2 authorizations end within 30 days."
        assert failure.hint == "sp-connect renew --due 30"
        assert (
            "Amazon refuses the token of acme in Europe & India: the seller ended the authorization." in agency.said()
        )
        due = "2 authorizations of bravo in Europe & India and charlie-gmbh in Europe & India end within 30 days."
        assert due in agency.said()

    def test_an_unreachable_one_and_a_due_one_are_both_named_and_the_due_one_weighs_more(self, agency: Agency) -> None:
        connected(agency, "bravo")
        agency.clock.pass_by(days=340)
        connected(agency, "acme")
        agency.world.faults.add(Fault("sellers", "status", status=503, times=TRIES))

        failure = self.fails(agency, due=30)

        assert (failure.exit_code, failure.code) == (3, "due")
        assert "acme in Europe & India: " in agency.said()
        assert "1 authorization of bravo in Europe & India ends within 30 days." in agency.said()

    def test_a_single_finding_names_its_seller(self, agency: Agency) -> None:
        connected(agency)
        agency.world.faults.add(Fault("sellers", "status", status=503, times=TRIES))

        assert self.fails(agency).message.startswith("acme in Europe & India: ")

    def test_an_app_that_is_the_cause_has_one_line(self, agency: Agency) -> None:
        for name in ("acme", "bravo"):
            connected(agency, name)
        agency.runtime.secrets.forget(agency.app.secret_name)

        failure = self.fails(agency)

        assert failure.exit_code == 4
        assert failure.message.startswith("acme in Europe & India and bravo in Europe & India: ")

    def test_the_end_of_the_year_is_no_cause_while_it_lasts(self, agency: Agency) -> None:
        end_at_amazon(agency, connected(agency))

        assert "the seller ended the authorization." in self.fails(agency).message

    @pytest.mark.parametrize("days", [None, 366])
    def test_the_end_of_the_year_may_be_the_cause_where_the_dates_allow_it(
        self, agency: Agency, days: int | None
    ) -> None:
        before = connected(agency, authorized_at=None if days is None else agency.clock())
        end_at_amazon(agency, before)
        agency.clock.pass_by(days=days or 0)

        assert "the seller ended the authorization, or its year is over." in self.fails(agency).message


class TestRejected:
    def test_a_token_that_the_seller_ended_is_rejected_and_remembered(self, agency: Agency) -> None:
        before = connected(agency)
        end_at_amazon(agency, before)

        with pytest.raises(errors.Rejected) as failure:
            command(agency)

        assert failure.value.exit_code == 3
        assert failure.value.amazon is not None
        assert failure.value.amazon.error == "invalid_grant"
        assert "--seller acme --region eu" in (failure.value.hint or "")
        assert kept(agency, before).status(agency.clock()) == "rejected"
        assert kept(agency, before).last_error == failure.value.noted(agency.clock())

    def test_json_holds_the_error_of_the_contract(self, agency: Agency) -> None:
        end_at_amazon(agency, connected(agency))
        given = shell(agency)

        with pytest.raises(errors.Rejected):
            verify.command(given.context, jobs=1, json=True)

        [one] = given.json()
        assert one["ok"] is False
        assert one["status"] == "rejected"
        assert set(one["error"]) == {"code", "message", "hint", "amazon"}
        assert set(one["error"]["amazon"]) == {"error", "error_description", "request_id"}
        assert one["error"]["code"] == "rejected"
        when = {"at": "2026-11-22T12:00:00Z"}
        assert one["last_error"] == when | {key: one["error"][key] for key in ("code", "message", "amazon")}

    def test_a_token_whose_year_is_over_is_expired(self, agency: Agency) -> None:
        before = connected(agency)
        agency.clock.pass_by(days=366)

        with pytest.raises(errors.Rejected):
            command(agency)

        assert kept(agency, before).status(agency.clock()) == "expired"

    def test_the_marketplaces_last_known_are_kept(self, agency: Agency) -> None:
        before = connected(agency)
        end_at_amazon(agency, before)

        run(agency)

        assert kept(agency, before).marketplaces == before.marketplaces

    def test_the_token_is_kept_too(self, agency: Agency) -> None:
        before = connected(agency)
        token = token_of(agency, before)
        end_at_amazon(agency, before)

        run(agency)

        assert token_of(agency, before) == token


class TestOtherFailures:
    def test_a_missing_token_is_told_and_remembered(self, agency: Agency) -> None:
        before = connected(agency)
        agency.runtime.secrets.forget(before.secret_name)

        with pytest.raises(errors.MissingToken) as failure:
            command(agency)

        assert failure.value.exit_code == 4
        assert failure.value.hint == "sp-connect connect --seller acme --region eu"
        assert kept(agency, before).standing == "missing-token"
        assert agency.world.requests["token"] == 0

    def test_a_wrong_client_secret_blames_the_app_and_not_the_connection(self, agency: Agency) -> None:
        before = connected(agency)
        with writing(agency.runtime):
            agency.runtime.changes.keep_app(agency.app._replace(secret_ref="0ther"), Secret("amzn1.oa2-cs.v1.wrong"))

        with pytest.raises(errors.ClientRejected) as failure:
            command(agency)

        assert "app rotate-secret default" in (failure.value.hint or "")
        assert kept(agency, before).standing == "connected"

    def test_a_missing_client_secret_blames_the_app(self, agency: Agency) -> None:
        before = connected(agency)
        agency.runtime.secrets.forget(agency.app.secret_name)

        with pytest.raises(errors.MissingToken) as failure:
            command(agency)

        assert failure.value.hint == "sp-connect app rotate-secret default"
        assert kept(agency, before).standing == "connected"

    def test_an_app_that_is_gone_is_not_found(self, agency: Agency) -> None:
        connected(agency, app="gone")

        with pytest.raises(errors.NoSuchApp) as failure:
            command(agency)

        assert failure.value.exit_code == 6

    def test_a_403_of_somebody_between_is_not_permitted_and_keeps_the_status(self, agency: Agency) -> None:
        before = connected(agency)
        agency.world.faults.add(Fault("sellers", "status", status=403, body="html"))

        with pytest.raises(errors.NotPermitted) as failure:
            command(agency)

        assert failure.value.code == "not-permitted"
        assert kept(agency, before).standing == "connected"

    def test_an_unknown_seller_is_not_found(self, agency: Agency) -> None:
        connected(agency)

        with pytest.raises(errors.NoSuchConnection) as failure:
            command(agency, seller=["bravo"])

        assert failure.value.exit_code == 6
        assert failure.value.message == "bravo is not connected."

    @pytest.mark.parametrize(
        ("place", "message", "hint"),
        [
            ({"region": ["fe"]}, "No seller is connected in the Far East.", "sp-connect list shows what is connected"),
            ({"country": ["jp"]}, "No seller is connected in Japan.", "sp-connect list shows what is connected"),
            (
                {"seller": ["nobody"], "country": ["de"]},
                "nobody is not connected.",
                "sp-connect list shows what is connected",
            ),
            (
                {"seller": ["acme"], "country": ["de"]},
                "acme in Germany is not connected.",
                "unless Germany is an account of its own, Europe & India covers it: leave out --country",
            ),
        ],
    )
    def test_a_place_where_nobody_is_connected_is_named(
        self, agency: Agency, place: dict[str, list[str]], message: str, hint: str
    ) -> None:
        connected(agency)

        with pytest.raises(errors.NoSuchConnection) as failure:
            command(agency, **place)

        assert (failure.value.message, failure.value.hint) == (message, hint)

    @pytest.mark.parametrize("flags", [{"region": ["fe"]}, {"region": ["fe"], "country": ["JP"]}, {"country": ["JP"]}])
    def test_a_place_without_connections_is_told_in_plain_words(self, agency: Agency, flags: dict[str, str]) -> None:
        connected(agency)

        with pytest.raises(errors.NoSuchConnection) as failure:
            command(agency, **flags)

        assert "no seller" not in failure.value.message

    @pytest.mark.parametrize(
        "flags", [{"region": ["asia"]}, {"country": ["XX"]}, {"region": ["eu"], "country": ["JP"]}]
    )
    def test_an_unknown_place_is_a_usage_error(self, agency: Agency, flags: dict[str, str]) -> None:
        with pytest.raises(errors.Usage):
            command(agency, **flags)


class Locks:
    """A store that is locked after so many secrets."""

    name: secret_store.StoreName = "keyring"

    def __init__(self, behind: secret_store.SecretStore, after: int) -> None:
        self._behind = behind
        self._left = after
        self.asked = 0

    def fetch(self, name: SecretName) -> Secret:
        self.asked += 1
        if self.asked > self._left:
            raise errors.StoreLocked("The keyring is locked.", "unlock it")
        return self._behind.fetch(name)

    def keep(self, name: SecretName, value: Secret) -> None:
        self._behind.keep(name, value)

    def keep_all(self, values: Mapping[SecretName, Secret]) -> None:
        self._behind.keep_all(values)

    def forget(self, name: SecretName) -> None:
        self._behind.forget(name)

    def forget_all(self, names: Iterable[SecretName]) -> None:
        self._behind.forget_all(names)

    def describe(self) -> secret_store.StoreDescription:
        return self._behind.describe()


class TestStore:
    def test_a_locked_store_ends_it_before_amazon_is_asked(self, agency: Agency) -> None:
        connected(agency)
        before = agency.files()
        locked = replace(agency.runtime, secrets=KeyringStore("tests.stores.backends.Locked", 1.0))

        with pytest.raises(errors.StoreLocked) as failure:
            verify.run(locked, ALL, 16)

        assert failure.value.exit_code == 4
        assert agency.world.requests["token"] == 0
        assert agency.files() == before

    def test_a_store_that_locks_on_the_way_is_not_asked_again_and_what_was_found_is_kept(self, agency: Agency) -> None:
        made = [connected(agency, f"client-{n}", standing="unchecked") for n in range(5)]
        store = Locks(agency.runtime.secrets, after=3)

        with pytest.raises(errors.StoreLocked):
            verify.run(replace(agency.runtime, secrets=store), ALL, 1)

        assert store.asked == 4
        assert [kept(agency, c).standing for c in made] == ["connected", "connected", *["unchecked"] * 3]


class TestRotation:
    """Amazon may send another refresh token along, and the old one dies (amazon.md 4.2)."""

    def test_a_rotated_token_is_kept(self, agency: Agency) -> None:
        before = connected(agency)
        old = token_of(agency, before)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        run(agency)

        assert token_of(agency, kept(agency, before)) != old
        assert run(agency)[0].error is None

    def test_a_rotated_token_is_kept_when_the_marketplaces_then_fail(self, agency: Agency) -> None:
        before = connected(agency)
        old = token_of(agency, before)
        agency.world.faults.add(Fault("token", "rotate", times=1), Fault("sellers", "status", times=TRIES, status=500))

        [finding] = run(agency)

        assert finding.error is not None
        assert token_of(agency, kept(agency, before)) != old
        assert run(agency)[0].error is None

    def test_the_token_before_it_is_forgotten(self, agency: Agency) -> None:
        before = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        run(agency)

        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(before.secret_name)

    @pytest.mark.slow
    def test_rotated_tokens_of_many_are_all_kept(self, agency: Agency) -> None:
        for n in range(6):
            connected(agency, f"client-{n}")
        agency.world.faults.add(Fault("token", "rotate", times=6))

        run(agency, jobs=6)

        assert all(f.error is None for f in run(agency, jobs=6))


class TestMeanwhile:
    """Another sp-connect may be at work while Amazon is asked."""

    def test_a_connection_renewed_meanwhile_is_not_overwritten(self, agency: Agency) -> None:
        before = connected(agency)
        renewed: list[Connection] = []

        def renew(step: str) -> None:
            if step.startswith("GET") and not renewed:
                renewed.append(connected(agency, access_level="wider", marketplaces=(marketplace("DE"),)))

        verify.run(hearing(agency, renew), ALL, 1)

        assert kept(agency, before) == renewed[0]
        assert token_of(agency, renewed[0])

    def test_a_connection_revoked_meanwhile_stays_revoked(self, agency: Agency) -> None:
        before = connected(agency)

        def forget(step: str) -> None:
            if step.startswith("GET"):
                with writing(agency.runtime):
                    agency.runtime.changes.drop_connection(before.scope)

        verify.run(hearing(agency, forget), ALL, 1)

        assert agency.runtime.connections.all() == ()
        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(before.secret_name)

    def test_a_rotated_token_of_a_connection_revoked_meanwhile_is_not_kept(self, agency: Agency) -> None:
        before = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        def forget(step: str) -> None:
            if step.startswith("GET"):
                with writing(agency.runtime):
                    agency.runtime.changes.drop_connection(before.scope)

        verify.run(hearing(agency, forget), ALL, 1)

        assert agency.runtime.connections.all() == ()

    def test_one_whose_seller_is_renamed_before_its_turn_is_asked_about_under_the_new_name(
        self, agency: Agency
    ) -> None:
        made = connected(agency, standing="unchecked")
        credentials = access.app(agency.runtime, "default")
        with writing(agency.runtime):
            agency.runtime.changes.rename_seller("acme", "acme-gmbh")

        finding = verify.check(agency.runtime, credentials, made, Checks(agency.runtime))

        assert finding is not None
        assert finding.error is None
        assert (str(finding.connection.scope), finding.connection.standing) == (
            "acme-gmbh in Europe & India",
            "connected",
        )

    @pytest.mark.slow
    def test_a_seller_that_is_renamed_or_revoked_while_all_are_asked_about_is_no_failure(self, agency: Agency) -> None:
        for name in ("acme", "bravo", "charlie-gmbh"):
            connected(agency, name, standing="unchecked")

        def meanwhile(_: str) -> None:
            with writing(agency.runtime):
                if agency.runtime.connections.of("charlie-gmbh"):
                    agency.runtime.changes.rename_seller("charlie-gmbh", "charlie")
                    agency.runtime.changes.drop_connection(record("bravo").scope)

        verify.command(shell(agency, hearing(agency, meanwhile)).context, jobs=1)

        assert "bravo in Europe & India was revoked while this ran and is skipped." in agency.said()
        assert [one.standing for one in agency.runtime.connections.all()] == ["connected", "connected"]
        assert left(agency) == ["acme eu", "charlie eu"]

    def test_one_that_was_renewed_before_its_turn_is_asked_about_with_its_new_token(self, agency: Agency) -> None:
        made, renewed = connected(agency), connected(agency)

        finding = verify.check(agency.runtime, access.app(agency.runtime, "default"), made, Checks(agency.runtime))

        assert finding is not None
        assert finding.error is None
        assert finding.connection.secret_ref == renewed.secret_ref

    @pytest.mark.slow
    def test_a_token_that_amazon_changes_for_it_is_not_asked_with_by_another_meanwhile(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))
        given: list[str] = []
        another = threading.Thread(target=lambda: given.append(access.token(agency.runtime, made).value.reveal()))

        def ask_too(step: str) -> None:
            if step.startswith("POST https://api.amazon.com"):
                another.start()
                another.join(0.5)  # it waits, for what it would ask with is dead

        [finding], _ = verify.run(hearing(agency, ask_too), ALL, 1)
        another.join()

        assert finding.error is None
        assert agency.world.bearer(given[0]).account.slug == "acme"
        assert kept(agency, made).standing == "connected"

    def test_one_that_another_asks_about_for_too_long_stops_no_other(self, agency: Agency) -> None:
        made = connected(agency)
        connected(agency, "bravo")

        with agency.runtime.changes.refreshing(made.scope):
            found = verify.run(replace(agency.runtime, changes=hurried(agency)), ALL, 1)[0]

        assert [type(finding.error) for finding in found] == [errors.StoreLocked, type(None)]

    def test_what_was_found_before_ctrl_c_is_kept(self, agency: Agency) -> None:
        made = [connected(agency, f"client-{n}", standing="unchecked") for n in range(3)]
        answers: list[str] = []

        def interrupt(step: str) -> None:
            answers.append(step)
            if len(answers) == 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            verify.run(hearing(agency, interrupt), ALL, 1)

        assert kept(agency, made[0]).standing == "connected"
        assert kept(agency, made[2]).standing == "unchecked"

    def test_where_nothing_can_be_kept_amazon_is_not_asked(self, agency: Agency) -> None:
        connected(agency)
        (agency.folder / "unfinished").rmdir()
        (agency.folder / "unfinished").write_text("no folder")

        with pytest.raises(errors.StoreUnavailable):
            run(agency)

        assert agency.world.requests["token"] == 0

    @pytest.mark.slow
    def test_a_token_that_amazon_gives_while_ctrl_c_is_pressed_is_kept(self, agency: Agency) -> None:
        before = [connected(agency, name) for name in ("acme", "bravo")]
        agency.world.faults.add(Fault("token", "rotate", times=2))
        answered = iter([KeyboardInterrupt, None])

        def interrupt(step: str) -> None:
            if step.startswith("POST https://api.amazon.com"):
                if next(answered) is not None:
                    raise KeyboardInterrupt
                time.sleep(0.3)  # the run has been interrupted, and this thread is not yet at the store

        with pytest.raises(KeyboardInterrupt):
            verify.run(hearing(agency, interrupt), ALL, 2)

        assert [kept(agency, one).secret_ref != one.secret_ref for one in before].count(True) == 1

    def test_a_check_that_came_to_no_end_changes_no_status(self, agency: Agency) -> None:
        before = connected(agency)
        agency.world.faults.add(Fault("token", "status", times=TRIES, status=429))

        def mark(step: str) -> None:
            if "answered 429" in step and kept(agency, before).standing == "connected":
                with writing(agency.runtime):
                    agency.runtime.connections.put(before._replace(standing="rejected"))

        [finding], _ = verify.run(hearing(agency, mark), ALL, 1)

        assert isinstance(finding.error, errors.Throttled)
        assert kept(agency, before).standing == "rejected"

    def test_what_was_found_is_kept_while_others_are_still_being_asked_about(self, agency: Agency) -> None:
        made = [connected(agency, f"client-{n}", standing="unchecked") for n in range(2)]
        seen: list[str] = []

        def watch(step: str) -> None:
            if step.startswith("GET"):
                agency.clock.pass_by(seconds=2)
                deadline = time.monotonic() + 20
                while len(seen) == 1 and kept(agency, made[0]).standing != "connected" and time.monotonic() < deadline:
                    pass
                seen.append(kept(agency, made[0]).standing)

        verify.run(hearing(agency, watch), ALL, 1)

        assert seen == ["unchecked", "connected"]


def test_quiet_names_each_that_did_not_pass_and_nothing_else(agency: Agency) -> None:
    for name in ("acme", "bravo"):
        end_at_amazon(agency, connected(agency, name))
    connected(agency, "charlie-gmbh")
    quiet = replace(agency.runtime, screen=Screen(agency.stdout, agency.stderr, quiet=True))

    with pytest.raises(errors.Several):
        verify.command(shell(agency, quiet).context)

    said = [line for line in agency.said().splitlines() if not line.startswith("  ")]  # less the story of the calls
    assert [line.partition(":")[0] for line in said] == [
        "Amazon refuses the token of acme in Europe & India",
        "Amazon refuses the token of bravo in Europe & India",
    ]


class TestDue:
    def test_with_due_an_unknown_end_is_told_and_does_not_change_the_exit_code(self, agency: Agency) -> None:
        connected(agency, authorized_at=None)

        command(agency, due=30)

        assert "The renewal date is unknown for acme in Europe & India." in agency.said()

    def test_with_due_a_coming_end_is_told_after_all_was_checked(self, agency: Agency) -> None:
        before = connected(agency)
        agency.clock.pass_by(days=340)

        with pytest.raises(errors.EndsSoon) as failure:
            command(agency, due=30)

        assert failure.value.exit_code == 3
        assert failure.value.hint == "sp-connect renew --seller acme --due 30"
        assert kept(agency, before).verified_at == agency.clock()

    def test_without_due_a_coming_end_is_no_failure(self, agency: Agency) -> None:
        connected(agency)
        agency.clock.pass_by(days=340)

        command(agency)

    def test_with_due_what_ends_later_is_no_failure(self, agency: Agency) -> None:
        connected(agency)
        agency.clock.pass_by(days=340)

        command(agency, due=24)

    def test_one_authorization_is_told_as_one(self, agency: Agency) -> None:
        connected(agency)

        with pytest.raises(errors.EndsSoon) as failure:
            command(agency, due=366)

        assert "ends within 366 days" in failure.value.message

    def test_a_refusal_is_more_than_a_coming_end(self, agency: Agency) -> None:
        connected(agency, "acme")
        end_at_amazon(agency, connected(agency, "bravo"))

        with pytest.raises(errors.Several) as failure:
            command(agency, due=400)

        assert failure.value.code == "rejected"


def test_json_of_many_names_the_failure_of_each(agency: Agency) -> None:
    connected(agency, "acme")
    revoked(agency, "bravo")
    without_token(agency, "delta-2")

    with pytest.raises(errors.Several):
        command(agency, json=True)

    found = {one["seller"]: one["error"] and one["error"]["code"] for one in json.loads(agency.stdout.getvalue())}
    assert found == {"acme": None, "bravo": "rejected", "delta-2": "missing-token"}
