"""Access tokens: kept while they live, never shared, never older than their connection."""

from __future__ import annotations

import io
import itertools
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses

from sp_connect import access, errors
from sp_connect.amazon import client, geography
from sp_connect.commands import revoke
from sp_connect.models import App, Connection, Secret, SecretName
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, SimulatedApp, World
from sp_connect.stores import secret_store
from sp_connect.stores.home import keyring_store
from sp_connect.stores.home.connections import Connections
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests import agency as agencies
from tests.agency import Agency, Clock, as_company, writing
from tests.commands.given import account_of, connected, end_at_amazon, hearing, kept, record, token_of
from tests.doors.given import entries, entries_of, is_kept, keep_access, keep_raw
from tests.stores.samples import REFUSED

OTHER = SimulatedApp(
    "amzn1.sp.solution.other", "amzn1.application-oa2-client.other", "amzn1.oa2-cs.v1.other", ("https://o.example/r",)
)
NO_TOKENS = (
    "",
    "Atza|bare",
    "null",
    "5",
    "[]",
    '"text"',
    "{}",
    '{"access_token": "Atza|x"}',
    '{"access_token": "Atza|x", "expires_at": null}',
    '{"access_token": "Atza|x", "expires_at": 1795000000}',
    '{"access_token": "Atza|x", "expires_at": "soon"}',
    '{"access_token": "Atza|x", "expires_at": "2026-11-22T13:00:00"}',
    '{"access_token": "Atza|x", "expires_at": "9999-12-31T23:59:59-23:59"}',
    '{"access_token": "Atza|x", "expires_at": "0001-01-01T00:00:00+23:59"}',
    '{"access_token": 5, "expires_at": "2026-11-22T13:00:00Z"}',
    '{"access_token": null, "expires_at": "2026-11-22T13:00:00Z"}',
    '{"access_token": "", "expires_at": "2026-11-22T13:00:00Z"}',
    '{"access_token": "two\\nlines", "expires_at": "2026-11-22T13:00:00Z"}',
    '{"access_token": "Atza|\\ud800", "expires_at": "2026-11-22T13:00:00Z"}',
    "[" * 100_000,
)
"""What may lie where an access token is kept, and is none."""


@pytest.fixture
def two_apps(tmp_path: Path) -> Iterator[Agency]:
    """An agency with a second app, which Amazon knows too."""
    clock = Clock()
    with Simulator(World(apps=(BUILT_IN, OTHER), now=clock)) as simulator:
        made = agencies.build(tmp_path / "home", simulator, clock, "127.0.0.1:8723", io.StringIO(), io.StringIO())
        assert OTHER.client_secret is not None
        other = made.app._replace(
            name="other",
            application_id=OTHER.application_id,
            client_id=OTHER.client_id,
            redirect_uri=OTHER.redirect_uris[0],
            secret_ref="07e4",
        )
        with writing(made.runtime):
            made.runtime.changes.keep_app(other, Secret(OTHER.client_secret))
        yield made


def asked(agency: Agency) -> int:
    """How often Amazon was asked for a token."""
    return agency.world.requests["token"]


def value(agency: Agency, connection: Connection) -> str:
    return access.token(agency.runtime, kept(agency, connection)).value.reveal()


class TestLife:
    """How long a token is kept."""

    def test_a_token_is_asked_for_once(self, agency: Agency) -> None:
        made = connected(agency)

        assert value(agency, made) == value(agency, made)
        assert asked(agency) == 1

    @pytest.mark.parametrize(
        ("passed", "requests"), [(timedelta(minutes=54, seconds=59), 1), (timedelta(minutes=55), 2)]
    )
    def test_it_is_kept_until_five_minutes_before_its_end(
        self, agency: Agency, passed: timedelta, requests: int
    ) -> None:
        made = connected(agency)
        value(agency, made)

        agency.clock.now += passed
        again = value(agency, made)

        assert asked(agency) == requests
        agency.clock.pass_by(minutes=4, seconds=59)
        assert agency.world.bearer(again)

    def test_a_new_one_is_kept_in_its_place(self, agency: Agency) -> None:
        made = connected(agency)
        value(agency, made)
        agency.clock.pass_by(hours=2)

        assert value(agency, made) == value(agency, made)
        assert asked(agency) == 2
        assert entries(agency, "acme") == entries_of(made.secret_name, made.access_name)

    def test_no_answer_makes_it_live_for_more_than_an_hour(self, agency: Agency) -> None:
        made = connected(agency)
        address = f"{agency.simulator.base_url}/api.amazon.com/auth/o2/token"

        for promised in (10**30, 86_400, True, "soon", -5, None):
            with responses.RequestsMock() as amazon:
                amazon.post(address, json={"access_token": "Atza|odd", "expires_in": promised})
                found = access.token(agency.runtime, made)
            assert found == (Secret("Atza|odd"), agency.clock() + timedelta(hours=1)), promised
            agency.clock.pass_by(hours=1)

    def test_one_that_lives_for_less_than_five_minutes_is_not_handed_out_twice(self, agency: Agency) -> None:
        made = connected(agency)
        address = f"{agency.simulator.base_url}/api.amazon.com/auth/o2/token"

        with responses.RequestsMock() as amazon:
            amazon.post(address, json={"access_token": "Atza|short", "expires_in": 299})
            assert value(agency, made) == "Atza|short"

        assert value(agency, made) != "Atza|short"

    def test_one_kept_by_a_clock_that_was_ahead_is_ignored(self, agency: Agency) -> None:
        made = connected(agency)
        keep_access(agency, made, "Atza|future", days=400)

        assert value(agency, made) != "Atza|future"

    def test_a_token_of_2048_characters_is_kept_whole(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("token", "long-tokens"))
        made = connected(agency)

        first = value(agency, made)

        assert len(first) == 2048
        assert value(agency, made) == first


class TestNeverShared:
    """No two sellers, regions, countries or apps have one name for their tokens."""

    SELLERS = ("a", "acme", "acme-eu", "acme.eu", "acme_eu", "acme-eu-in", "acme-access-default")
    PLACES = (("na", None), ("eu", None), ("eu", "IN"), ("eu", "AE"), ("fe", "JP"), ("fe", "AU"), ("fe", "SG"))

    @pytest.mark.slow
    def test_each_of_many_connections_has_its_own_sellers_token(self, two_apps: Agency) -> None:
        given: dict[Connection, str] = {}
        for number, (seller, (region, country)) in enumerate(itertools.product(self.SELLERS, self.PLACES)):
            app, known = (("default", BUILT_IN), ("other", OTHER))[number % 2]
            # One ref for all: the names must differ by what they are of.
            made = record(seller, region, country, app=app, secret_ref="5a3e")
            host = geography.consent_host(made.scope)
            authorization = two_apps.world.authorize(known, account_of(seller, host), host)
            with writing(two_apps.runtime):
                two_apps.runtime.changes.keep_connection(made, Secret(authorization.refresh_token))
            given[made] = authorization.key

        new = {made: access.token(two_apps.runtime, made).value.reveal() for made in given}
        again = {made: access.token(two_apps.runtime, made).value.reveal() for made in reversed(given)}

        assert len(set(new.values())) == len(given) == 49
        assert {made: two_apps.world.bearer(token).key for made, token in new.items()} == given
        assert again == new
        assert asked(two_apps) == len(given)

    def test_every_name_in_a_store_is_another_even_where_case_does_not_count(self) -> None:
        apps = ("default", "other", "eu", "access-default", "in-access-default")
        names: list[SecretName] = []
        for seller, (region, country), app in itertools.product(self.SELLERS, self.PLACES, apps):
            made = record(seller, region, country, app=app, secret_ref="5a3e")
            names.append(made.access_name)
            if app == apps[0]:
                names.append(made.secret_name)

        assert len({keyring_store._service(name).lower() for name in names}) == len(names)
        assert len({(name.owner, f"{name.item}/{name.ref}".lower()) for name in names}) == len(names)

    def test_moving_to_another_app_never_hands_out_the_firsts_token(self, two_apps: Agency) -> None:
        made = connected(two_apps)
        first = value(two_apps, made)
        host = geography.consent_host(made.scope)
        authorization = two_apps.world.authorize(OTHER, account_of("acme", host), host)
        moved = made._replace(app="other", secret_ref=secret_store.new_ref())
        with writing(two_apps.runtime):
            two_apps.runtime.changes.keep_connection(moved, Secret(authorization.refresh_token))

        second = value(two_apps, moved)

        assert second != first
        assert two_apps.world.bearer(second).application_id == OTHER.application_id
        assert entries(two_apps, "acme") == entries_of(moved.secret_name, moved.access_name)


class TestForgotten:
    """A kept token ends with the refresh token that it came from."""

    @pytest.mark.slow
    def test_by_a_renewal(self, agency: Agency) -> None:
        [before] = agency.connect()
        first = value(agency, before)

        [after] = agency.connect()

        assert not is_kept(agency, before.access_name)
        assert entries(agency, "acme") == entries_of(after.secret_name)
        assert value(agency, after) != first

    @pytest.mark.slow
    def test_by_a_replacement_with_another_account(self, agency: Agency) -> None:
        [before] = agency.connect()
        value(agency, before)
        agency.visits = [as_company("bravo")]

        [after] = agency.connect(replace=True)

        assert entries(agency, "acme") == entries_of(after.secret_name)
        assert agency.world.bearer(value(agency, after)).account.company == "Bravo Ltd"

    def test_by_a_revocation(self, agency: Agency) -> None:
        made, other = connected(agency), connected(agency, "acme", "na")
        value(agency, made)
        kept_on = value(agency, other)

        wanted = revoke.Options("acme", "eu", None, every=False, yes=True, wait=False, missing_ok=False)
        list(revoke.run(agency.runtime, wanted))

        assert entries(agency, "acme") == entries_of(other.secret_name, other.access_name)
        assert value(agency, other) == kept_on

    def test_by_a_revocation_while_amazon_is_asked(self, agency: Agency) -> None:
        made = connected(agency)

        def revoke_it(step: str) -> None:  # noqa: ARG001 - what `hearing` calls
            with writing(agency.runtime):
                agency.runtime.changes.drop_connection(made.scope)

        access.token(hearing(agency, revoke_it), made)

        assert entries(agency, "acme") == set()
        assert agency.runtime.connections.get(made.scope) is None

    def test_by_a_renewal_while_amazon_is_asked(self, agency: Agency) -> None:
        made = connected(agency)
        renewed: list[Connection] = []

        old = access.token(hearing(agency, lambda _: renewed.append(connected(agency))), made)

        assert entries(agency, "acme") == entries_of(renewed[0].secret_name)
        assert value(agency, renewed[0]) != old.value.reveal()

    def test_a_changed_refresh_token_brings_no_revoked_connection_back(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        def revoke_it(step: str) -> None:  # noqa: ARG001 - what `hearing` calls
            with writing(agency.runtime):
                agency.runtime.changes.drop_connection(made.scope)

        access.token(hearing(agency, revoke_it), made)

        assert agency.runtime.connections.get(made.scope) is None
        assert entries(agency, "acme") == set()

    @pytest.mark.slow
    def test_where_it_cannot_be_kept_that_is_said(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        def fill(_: str) -> None:
            (agency.folder / "unfinished").rmdir()
            (agency.folder / "unfinished").write_text("no folder")

        with pytest.raises(errors.StoreUnavailable) as failure:
            access.token(hearing(agency, fill), made)

        assert failure.value.message.startswith(
            "Amazon has changed the refresh token of acme in Europe & India, but it"
        )
        assert (failure.value.hint or "").endswith("; then: sp-connect connect --seller acme --region eu")

    @pytest.mark.usefixtures("ctrl_c")
    def test_ctrl_c_is_heard_once_it_is_kept(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        with pytest.raises(KeyboardInterrupt):
            access.token(hearing(agency, lambda _: signal.raise_signal(signal.SIGINT)), made)

        assert kept(agency, made).secret_ref != made.secret_ref
        assert agency.world.bearer(value(agency, kept(agency, made))).account.slug == "acme"

    @pytest.mark.usefixtures("ctrl_c")
    def test_ctrl_c_ends_the_waiting_for_another_try_at_once(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "status", status=503))
        amazon = client.Amazon(agency.runtime.amazon.at("https://x").removesuffix("/x"), sleep=_press)

        with pytest.raises(KeyboardInterrupt):
            access.token(replace(agency.runtime, amazon=amazon), made)

        assert agency.world.requests["token"] == 1

    def test_nor_does_it_replace_a_newer_consents(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))
        renewed: list[Connection] = []

        access.token(hearing(agency, lambda _: renewed.append(connected(agency))), made)

        assert kept(agency, made) == renewed[0]
        assert entries(agency, "acme") == entries_of(renewed[0].secret_name)


def _press(_: float) -> None:
    signal.raise_signal(signal.SIGINT)


class TestMeanwhile:
    """Others are at work too: what was read may be replaced before it is used."""

    def test_a_record_that_was_replaced_before_its_secret_was_read_is_read_again(self, agency: Agency) -> None:
        read = [connected(agency), connected(agency)]

        found, token = secret_store.together(agency.runtime.secrets, lambda: read.pop(0))

        assert (found, read) == (kept(agency, found), [])
        assert token == agency.runtime.secrets.fetch(found.secret_name)

    def test_a_secret_that_is_missing_is_so_only_while_its_record_stands(self, agency: Agency) -> None:
        made = connected(agency)
        agency.runtime.secrets.forget(made.secret_name)
        read = [made, made]

        with pytest.raises(errors.MissingToken):
            secret_store.together(agency.runtime.secrets, lambda: read.pop(0))

        assert read == []

    def test_the_refusal_of_a_token_that_was_replaced_says_nothing_of_the_new_one(self, agency: Agency) -> None:
        made = connected(agency)
        end_at_amazon(agency, made)
        renewed: list[Connection] = []

        def renew(step: str) -> None:  # noqa: ARG001 - what `hearing` calls
            if not renewed:
                renewed.append(connected(agency))

        found = access.token(hearing(agency, renew), made)

        assert agency.world.bearer(found.value.reveal()).account.slug == "acme"
        assert kept(agency, made) == renewed[0]

    def test_one_that_was_moved_to_another_app_is_asked_about_with_that_app(self, two_apps: Agency) -> None:
        made = connected(two_apps)
        host = geography.consent_host(made.scope)
        given = two_apps.world.authorize(OTHER, account_of("acme", host), host)
        with writing(two_apps.runtime):
            moved = made._replace(app="other", secret_ref="a90")
            two_apps.runtime.changes.keep_connection(moved, Secret(given.refresh_token))

        asked_about = access.ask(two_apps.runtime, made.scope, access.app(two_apps.runtime, "default"))

        assert asked_about.connection == moved
        assert not isinstance(asked_about.answer, errors.Rejected)


class TestRefused:
    """What Amazon refuses is told in its words, and marked."""

    def test_a_rejected_refresh_marks_the_connection(self, agency: Agency) -> None:
        made = connected(agency)
        end_at_amazon(agency, made)

        with pytest.raises(errors.Rejected) as failure:
            access.token(agency.runtime, made)

        assert failure.value.amazon is not None
        assert failure.value.amazon.error == "invalid_grant"
        assert "User may have revoked" in failure.value.told()
        assert kept(agency, made) == made._replace(standing="rejected", last_error=failure.value.noted(agency.clock()))

    def test_a_rejection_that_cannot_be_marked_is_told_all_the_same(self, agency: Agency) -> None:
        class Full(Connections):
            def put(self, connection: Connection) -> None:
                raise errors.StoreUnavailable(f"{connection.scope}: the disk is full")

        made = connected(agency)
        end_at_amazon(agency, made)

        with pytest.raises(errors.Rejected):
            access.token(replace(agency.runtime, connections=Full(agency.folder / "connections")), made)

    def test_a_connection_known_to_be_rejected_has_no_kept_token(self, agency: Agency) -> None:
        made = connected(agency, standing="rejected")
        keep_access(agency, made, "Atza|dead")
        end_at_amazon(agency, made)

        with pytest.raises(errors.Rejected):
            access.token(agency.runtime, made)

    @pytest.mark.parametrize("standing", ["rejected", "missing-token"])
    @pytest.mark.parametrize("rotates", [False, True])
    def test_one_that_amazon_takes_again_is_connected(self, agency: Agency, standing: Any, rotates: bool) -> None:
        made = connected(agency, standing=standing, last_error=REFUSED)
        if rotates:
            agency.world.faults.add(Fault("token", "rotate", times=1))

        value(agency, made)

        assert kept(agency, made).standing == "connected"
        assert kept(agency, made).last_error is None

    def test_an_unchecked_one_stays_unchecked(self, agency: Agency) -> None:
        made = connected(agency, standing="unchecked")

        value(agency, made)

        assert kept(agency, made).standing == "unchecked"

    def test_a_refused_app_marks_no_connection(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "status", status=401, error="invalid_client", times=1))

        with pytest.raises(errors.ClientRejected):
            access.token(agency.runtime, made)

        assert kept(agency, made) == made

    def test_trouble_at_amazon_marks_nothing_and_the_next_try_works(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "html", times=1))

        with pytest.raises(errors.UnexpectedAnswer):
            access.token(agency.runtime, made)

        assert kept(agency, made) == made
        assert value(agency, made)


class TestChangedRefreshToken:
    """Amazon says that it does not change a refresh token; if it does, the new one is kept."""

    def test_it_is_kept_and_the_old_one_forgotten(self, agency: Agency) -> None:
        made = connected(agency)
        before = token_of(agency, made)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        first = value(agency, made)

        after = kept(agency, made)
        assert token_of(agency, after) != before
        assert token_of(agency, after) == agency.world.authorizations()[0].refresh_token
        assert entries(agency, "acme") == entries_of(after.secret_name, after.access_name)
        assert value(agency, made) == first

    def test_it_opens_the_next_access_token(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))
        value(agency, made)
        agency.clock.pass_by(hours=1)

        assert agency.world.bearer(value(agency, made))

    def test_the_environment_has_it(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))

        found = access.environment(agency.runtime, made)

        assert found["SP_API_REFRESH_TOKEN"] == agency.world.authorizations()[0].refresh_token


class TestOneConsent:
    """What is handed out together belongs together, whatever becomes of the connection meanwhile."""

    def test_the_environment_of_a_connection_that_is_replaced_while_amazon_is_asked(self, agency: Agency) -> None:
        before = connected(agency)
        replaced: list[Connection] = []

        def replace_it(step: str) -> None:
            if step.startswith("POST https://api.amazon.com") and not replaced:
                agency.clock.pass_by(seconds=1)
                replaced.append(connected(agency, selling_partner_id="A2OTHER"))

        found = access.environment(hearing(agency, replace_it), before)

        assert found["SELLING_PARTNER_ID"] == "A2OTHER"
        assert found["SP_API_REFRESH_TOKEN"] == token_of(agency, replaced[0])
        bearer = agency.world.bearer(found["SP_API_ACCESS_TOKEN"])
        assert bearer.refresh_token == found["SP_API_REFRESH_TOKEN"]

    def test_the_credentials_of_a_connection_that_was_replaced_since_it_was_found(self, agency: Agency) -> None:
        before = connected(agency)
        agency.clock.pass_by(seconds=1)
        now = connected(agency, selling_partner_id="A2OTHER")

        assert access.client_credentials(agency.runtime, before)["refresh_token"] == token_of(agency, now)


class TestStore:
    """A kept token is a convenience: whatever is wrong with it, Amazon is asked."""

    @pytest.mark.slow
    def test_a_kept_value_that_is_no_token_is_ignored(self, agency: Agency) -> None:
        made = connected(agency)

        for number, raw in enumerate(NO_TOKENS, 1):
            keep_raw(agency, made, raw)
            assert agency.world.bearer(value(agency, made)), raw[:99]
            assert asked(agency) == number, raw[:99]

    def test_a_kept_value_whose_parts_were_altered_is_ignored(self, agency: Agency) -> None:
        ring = KeyringStore("tests.stores.backends.Small", 3.0)
        runtime = replace(agency.runtime, secrets=ring)
        assert BUILT_IN.client_secret is not None
        made = connected(agency)
        ring.keep(agency.app.secret_name, Secret(BUILT_IN.client_secret))
        ring.keep(made.secret_name, Secret(token_of(agency, made)))
        ring.keep(made.access_name, Secret(json.dumps({"access_token": "x" * 2048, "expires_at": "2026-11-22T13:00Z"})))
        ring._set(keyring_store._service(made.access_name, 1), "altered")

        assert agency.world.bearer(access.token(runtime, made).value.reveal())

    def test_a_token_that_cannot_be_kept_is_yielded_and_the_story_says_so(self, agency: Agency) -> None:
        class Full(Vault):
            def keep(self, name: SecretName, value: Secret) -> None:  # noqa: ARG002 - a SecretStore's
                raise errors.StoreUnavailable(f"{name.owner}: the disk is full.")

        full = Full(agency.folder / "vault", lambda: Secret("correct horse"), KeyringStore(None, 1.0))
        made = connected(agency)

        found = access.token(replace(agency.runtime, secrets=full), made).value.reveal()

        assert agency.world.bearer(found)
        assert "the access token could not be kept for the next time: acme: the disk is full." in agency.said()
        assert found not in agency.said()
        assert not is_kept(agency, made.access_name)

    def test_a_connection_that_was_revoked_before_its_turn_is_not_found(self, agency: Agency) -> None:
        made = connected(agency)
        with writing(agency.runtime):
            agency.runtime.changes.drop_connection(made.scope)

        with pytest.raises(errors.NoSuchConnection):
            access.token(agency.runtime, made)

        assert asked(agency) == 0

    def test_a_record_without_its_token_is_told_with_what_mends_it(self, agency: Agency) -> None:
        made = connected(agency)
        agency.runtime.secrets.forget(made.secret_name)

        with pytest.raises(errors.MissingToken) as failure:
            access.token(agency.runtime, made)

        assert failure.value.hint == "sp-connect connect --seller acme --region eu"

    def test_no_file_but_the_vault_holds_it(self, agency: Agency) -> None:
        found = value(agency, connected(agency)).encode()

        assert not [name for name, data in agency.files().items() if found in data]


def test_environment_names_the_participating_marketplaces_alone(agency: Agency) -> None:
    made = connected(agency)
    left = made.marketplaces[1]._replace(participating=False)
    made = made._replace(marketplaces=(made.marketplaces[0], left, *made.marketplaces[2:3]))
    agency.runtime.connections.put(made)

    found = access.environment(agency.runtime, made)

    assert found["SP_API_MARKETPLACE_IDS"] == f"{made.marketplaces[0].id},{made.marketplaces[2].id}"


def test_client_credentials_ask_amazon_for_nothing(agency: Agency) -> None:
    made = connected(agency)

    found = access.client_credentials(agency.runtime, made)

    assert found == {
        "refresh_token": token_of(agency, made),
        "lwa_app_id": BUILT_IN.client_id,
        "lwa_client_secret": BUILT_IN.client_secret,
    }
    assert asked(agency) == 0


def test_an_app_whose_record_is_gone_is_not_found(agency: Agency) -> None:
    made = connected(agency, app="gone")

    with pytest.raises(errors.NoSuchApp):
        access.token(agency.runtime, made)


def test_an_app_is_found_by_its_own_name(two_apps: Agency) -> None:
    apps: tuple[App, ...] = tuple(two_apps.runtime.apps.all())

    assert [app.name for app in apps] == ["default", "other"]
