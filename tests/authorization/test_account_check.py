"""What Amazon says of a fresh token's account, at every door: whose it is, where it sells, and what is kept of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
import requests

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.authorization import account_check
from sp_connect.authorization.flow import Asking
from sp_connect.bulk.reading import Outcome
from sp_connect.cli.filters import Selection
from sp_connect.commands import import_, renew, upgrade, verify
from sp_connect.commands import list as listing
from sp_connect.models import Connection, Consent, Secret
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN, WIDER
from sp_connect.views import card
from tests.agency import Agency, Visit, writing
from tests.checkup.given import finding
from tests.commands.given import account_of, connected, kept, marketplace, piping, shell, token_of

EUROPE = "sellercentral-europe.amazon.com"
ACME, BRAVO = "A2EXAMPLE1234", "A1BRAVO777777"


def answering(company: str, named: str, host: str = EUROPE) -> Visit:
    """A browser that brings a code of `company`, and claims in the address that it is `named`."""

    def visit(asked: Consent, _address: str) -> str | None:
        def bring(code: str) -> None:
            answer = {"state": asked.state, "selling_partner_id": named, "spapi_oauth_code": code}
            requests.get(f"http://{asked.app.listen}/callback", params=answer, timeout=60)

        app = next(one for one in WORLD_APPS if one.application_id == asked.app.application_id)
        code = WORLD[0].world.consent(app, account_of(company, host), host, asked.app.redirect_uri)
        threading.Thread(target=bring, args=(code,), daemon=True).start()
        return None

    return visit


WORLD: list[Agency] = []
WORLD_APPS = (BUILT_IN, WIDER)


@pytest.fixture(autouse=True)
def world(agency: Agency) -> Any:
    """Where the codes of `answering` come from."""
    WORLD[:] = [agency]
    yield
    WORLD.clear()


def with_roles(agency: Agency, *roles: str) -> None:
    """Both apps of the simulated Amazon have these roles alone."""
    agency.world.apps = tuple(replace(app, roles=roles) for app in WORLD_APPS)


def take(agency: Agency, region: str = "eu", named: str = ACME, token: str = "", **more: Any) -> Outcome:
    wanted: dict[str, Any] = {"country": None, "file": None, "app": None, "default_app": "default", "check": True}
    options = import_.Options("acme", region, selling_partner_id=named, jobs=1, **(wanted | more))
    given = agency.world.authorize(BUILT_IN, account_of("acme", EUROPE), EUROPE)
    return import_.run(piping(agency, token or given.refresh_token), options)


def looked(agency: Agency) -> list[verify.Verified]:
    return verify.run(agency.runtime, Selection(), jobs=4)[0]


def cardlike(connection: Connection, agency: Agency) -> dict[str, str]:
    return {label: value.plain for label, value in card.facts(connection, agency.clock())}


class TestOwner:
    """The id of the redirect is a claim: Amazon's own word confirms it, or contradicts it."""

    def test_a_consent_is_confirmed_by_one_call_more(self, agency: Agency) -> None:
        [made] = agency.connect()

        assert made.id_confirmed
        assert made.id_asked_at == agency.clock()
        assert kept(agency, made) == made
        assert agency.world.requests["fees"] == 1
        assert agency.world.requests["sellers"] == 1
        assert cardlike(made, agency)["Confirmed"] == "by Amazon"

    def test_another_accounts_code_under_the_right_id_is_a_wrong_account_and_nothing_is_kept(
        self, agency: Agency
    ) -> None:
        before = agency.files()
        agency.visits = [answering("bravo", ACME)]

        with pytest.raises(errors.NotTheOwner) as failure:
            agency.connect(expect_id=ACME)

        assert (failure.value.code, failure.value.exit_code) == ("wrong-account", 3)
        assert ACME in failure.value.message
        assert BRAVO in failure.value.message
        assert agency.runtime.connections.all() == ()
        assert {name for name in agency.files() if "vault" not in name} == {n for n in before if "vault" not in n}

    def test_a_renewal_by_another_accounts_code_leaves_what_worked(self, agency: Agency) -> None:
        [before] = agency.connect()
        token = token_of(agency, before)
        agency.visits = [answering("bravo", ACME)]

        with pytest.raises(errors.NotTheOwner):
            agency.connect()

        assert kept(agency, before) == before
        assert token_of(agency, before) == token

    @pytest.mark.parametrize(
        ("fault", "doubt", "said"),
        [
            (Fault("fees", "no-role"), "not-permitted", "the app has no role that names the account"),
            (Fault("fees", "status", status=404), "unexpected-answer", "Amazon's answer named nobody"),
            (Fault("fees", "status", status=429), "throttled", "Amazon was asked too often"),
            (Fault("fees", "status", status=500), "unreachable", "Amazon did not answer"),
            (Fault("fees", "drop"), "unreachable", "Amazon did not answer"),
            (Fault("fees", "html"), "unexpected-answer", "Amazon's answer named nobody"),
            (Fault("fees", "nameless"), "unexpected-answer", "Amazon's answer named nobody"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_where_amazon_names_nobody_the_connection_is_kept_and_the_card_says_why(
        self, agency: Agency, fault: Fault, doubt: str, said: str
    ) -> None:
        agency.world.faults.add(fault)

        [made] = agency.connect()

        assert (made.standing, made.id_confirmed, made.id_doubt) == ("connected", False, doubt)
        assert cardlike(kept(agency, made), agency)["Confirmed"] == f"no: {said}"

    def test_the_marketplace_asked_about_is_one_that_the_account_takes_part_in(self, agency: Agency) -> None:
        made = connected(
            agency, "acme", "eu", marketplaces=(marketplace("DE")._replace(participating=False), marketplace("GB"))
        )
        assert account_check.asked_about(made) == ("A1F83G8C2ARO7P", "GBP")
        assert account_check.asked_about(made._replace(marketplaces=())) == ("A1PA6795UKMFR9", "EUR")


class TestVerifyOwner:
    def test_what_is_not_confirmed_is_asked_about_and_then_never_again(self, agency: Agency) -> None:
        made = connected(agency)

        assert looked(agency)[0].error is None
        assert kept(agency, made).id_confirmed
        agency.clock.pass_by(days=2)
        looked(agency)

        assert agency.world.requests["fees"] == 1

    def test_it_is_asked_once_a_day_while_it_names_nobody(self, agency: Agency) -> None:
        made = connected(agency)
        agency.world.faults.add(Fault("fees", "nameless", times=2))

        looked(agency)
        agency.clock.pass_by(hours=23)
        looked(agency)
        assert agency.world.requests["fees"] == 1
        agency.clock.pass_by(hours=1)
        looked(agency)
        assert agency.world.requests["fees"] == 2
        agency.clock.pass_by(days=1)
        looked(agency)

        assert kept(agency, made).id_confirmed

    def test_an_app_without_the_role_is_asked_once_in_a_run(self, agency: Agency) -> None:
        many = [connected(agency, name) for name in ("acme", "bravo", "charlie-gmbh")]
        agency.world.faults.add(Fault("fees", "no-role"))

        verify.run(agency.runtime, Selection(), jobs=1)

        assert agency.world.requests["fees"] == 1
        assert {kept(agency, one).id_doubt for one in many} == {"not-permitted"}

    def test_a_contradiction_is_a_wrong_account_each_time(self, agency: Agency) -> None:
        made = connected(agency, selling_partner_id="A9SOMEBODYELSE")

        for _ in range(2):
            [finding] = looked(agency)
            assert isinstance(finding.error, errors.NotTheOwner)
            assert finding.error.code == "wrong-account"
            assert ACME in finding.error.message
        assert kept(agency, made) == made


class TestImportedOwner:
    def test_a_token_of_another_account_than_its_row_says_is_refused(self, agency: Agency) -> None:
        outcome = take(agency, named=BRAVO)

        assert [failure.code for failure in outcome.failures] == ["wrong-account"]
        assert agency.runtime.connections.all() == ()

    def test_confirm_id_keeps_what_amazon_confirms(self, agency: Agency) -> None:
        [made] = take(agency, confirm_id=True).connections

        assert made.id_confirmed

    @pytest.mark.parametrize(
        ("fault", "code", "exit_code"),
        [
            (Fault("fees", "no-role"), "not-permitted", 3),
            (Fault("fees", "status", status=429), "throttled", 5),
            (Fault("sellers", "status", status=503), "unreachable", 5),
        ],
        ids=["403", "429", "no check"],
    )
    def test_confirm_id_keeps_nothing_else(self, agency: Agency, fault: Fault, code: str, exit_code: int) -> None:
        agency.world.faults.add(fault)

        [failure] = take(agency, confirm_id=True).failures

        assert (failure.code, failure.exit_code) == (code, exit_code)
        assert agency.runtime.connections.all() == ()

    def test_confirm_id_keeps_a_token_that_amazon_gave_in_place_of_the_imported_one(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("token", "rotate"))
        agency.world.faults.add(Fault("fees", "no-role"))

        outcome = take(agency, confirm_id=True)

        [failure] = outcome.failures
        assert (failure.code, failure.exit_code) == ("not-permitted", 3)
        [made] = agency.runtime.connections.all()
        assert not made.id_confirmed
        [good] = agency.world.authorizations()
        assert token_of(agency, made) == good.refresh_token

    def test_confirm_id_needs_no_role_for_the_check(self, agency: Agency) -> None:
        with_roles(agency, "Pricing")

        outcome = take(agency, confirm_id=True)

        [made] = outcome.connections
        assert (made.id_confirmed, made.standing) == (True, "unchecked")
        assert [failure.code for failure in outcome.failures] == ["not-permitted"]

    def test_confirm_id_and_no_check_contradict_each_other(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage):
            take(agency, confirm_id=True, check=False)


REFUSALS = [
    pytest.param(Fault("sellers", "status", status=403), "not-permitted", 3, id="403"),
    pytest.param(Fault("sellers", "status", status=403, body="html"), "not-permitted", 3, id="firewall"),
    pytest.param(Fault("sellers", "empty"), "not-permitted", 3, id="empty"),
    pytest.param(Fault("sellers", "status", status=503), "unreachable", 5, id="503"),
    pytest.param(Fault("sellers", "status", status=429), "throttled", 5, id="429"),
    pytest.param(Fault("sellers", "html"), "unexpected-answer", 5, id="nonsense"),
]


class TestRefusedCheck:
    """What Amazon has given once is not thrown away for an answer that proves nothing."""

    @pytest.mark.parametrize(("fault", "code", "exit_code"), REFUSALS)
    def test_connect_keeps_the_token_unchecked(self, agency: Agency, fault: Fault, code: str, exit_code: int) -> None:
        agency.world.faults.add(fault)

        with pytest.raises(errors.KeptUnchecked) as failure:
            agency.connect()

        assert (failure.value.code, failure.value.exit_code) == (code, exit_code)
        hint = failure.value.hint or ""
        assert "the token is saved but unchecked: sp-connect verify --seller acme --region eu" in hint
        [made] = agency.runtime.connections.all()
        assert made.standing == "unchecked"
        assert token_of(agency, made).startswith("Atzr|")

    @pytest.mark.parametrize(("fault", "code", "exit_code"), REFUSALS)
    def test_import_keeps_the_token_unchecked(self, agency: Agency, fault: Fault, code: str, exit_code: int) -> None:
        agency.world.faults.add(fault)

        outcome = take(agency)

        assert [(one.code, one.exit_code) for one in outcome.failures] == [(code, exit_code)]
        [made] = outcome.connections
        assert made.standing == "unchecked"

    def test_the_causes_are_told_and_the_likeliest_first(self, agency: Agency) -> None:
        with_roles(agency)

        with pytest.raises(errors.KeptUnchecked) as failure:
            agency.connect()

        said = failure.value.message
        places = [said.index(part) for part in ("Product Listing", "client secret", "vendor", "another region")]
        assert places == sorted(places)

    @pytest.mark.slow
    @pytest.mark.parametrize(("fault", "code", "exit_code"), REFUSALS)
    def test_a_renewal_keeps_the_new_token_and_what_was_known(
        self, agency: Agency, fault: Fault, code: str, exit_code: int
    ) -> None:
        [before] = agency.connect()
        agency.clock.pass_by(days=360)
        agency.world.faults.add(fault)
        options = renew.Options(Selection(), 30, Asking(timeout=20))

        with pytest.raises(errors.KeptUnchecked) as failure:
            list(renew.run(agency.runtime, options))

        assert (failure.value.code, failure.value.exit_code) == (code, exit_code)
        after = kept(agency, before)
        assert (after.standing, after.authorized_at) == ("unchecked", agency.clock())
        assert (after.marketplaces, after.verified_at) == (before.marketplaces, before.verified_at)

    def test_an_upgrade_keeps_the_new_token_and_what_was_known(self, agency: Agency) -> None:
        [before] = agency.connect()
        wider = agency.app._replace(name="wider", application_id=WIDER.application_id, client_id=WIDER.client_id)
        with writing(agency.runtime):
            agency.runtime.changes.keep_app(wider._replace(secret_ref="w1"), Secret(WIDER.client_secret or ""))
        agency.world.apps = (BUILT_IN, replace(WIDER, roles=()))
        options = upgrade.Options("acme", "eu", None, "wider", Asking(timeout=20))

        with pytest.raises(errors.KeptUnchecked):
            list(upgrade.run(agency.runtime, options))

        after = kept(agency, before)
        assert (after.app, after.standing, after.marketplaces) == ("wider", "unchecked", before.marketplaces)

    def test_no_check_asks_nothing_and_is_no_error(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("sellers", "status", status=403))

        [made] = agency.connect(check=False)

        assert (made.standing, made.id_confirmed) == ("unchecked", False)
        assert agency.world.requests["sellers"] == agency.world.requests["fees"] == 0

    def test_verify_of_a_working_token_without_a_role_is_fine_with_one_note_an_app(self, agency: Agency) -> None:
        many = [connected(agency), connected(agency, "bravo", standing="unchecked", verified_at=None, marketplaces=())]
        with_roles(agency)
        given = shell(agency)

        verify.command(given.context, json=True)

        assert [(one["ok"], one["error"], one["status"]) for one in given.json()] == [
            (True, None, "connected"),
            (True, None, "unchecked"),
        ]
        assert [kept(agency, one).standing for one in many] == ["connected", "unchecked"]
        notes = [line for line in agency.said().splitlines() if "lacks the role" in line]
        assert len(notes) == 1
        assert notes[0].startswith("2 connections of the app default: the tokens work")


class TestOtherRegions:
    """A 403 or an empty list asks the two other regions; the good path asks none of them."""

    @pytest.mark.parametrize("kind", ["empty-elsewhere", None])
    def test_a_consent_in_the_wrong_region_names_the_right_one_and_keeps_nothing(
        self, agency: Agency, kind: str | None
    ) -> None:
        if kind:
            agency.world.faults.add(Fault("sellers", kind))
        agency.visits = [answering("bravo", BRAVO)]

        with pytest.raises(errors.OtherRegion) as failure:
            agency.connect("bravo", "na")

        assert failure.value.exit_code == 3
        assert "sells in Europe & India (DE, FR, GB), not in North America" in failure.value.message
        assert (failure.value.hint or "").endswith("sp-connect connect --seller bravo --region eu")
        assert agency.runtime.connections.all() == ()

    def test_an_account_of_the_far_east_is_named_with_its_country(self, agency: Agency) -> None:
        agency.visits = [answering("acme", "A3NIPPON56789", "sellercentral.amazon.co.jp")]

        with pytest.raises(errors.OtherRegion) as failure:
            agency.connect()

        assert (failure.value.hint or "").endswith("--seller acme --region fe --country JP")

    def test_an_import_in_the_wrong_region_is_refused(self, agency: Agency) -> None:
        [failure] = take(agency, region="na").failures

        assert failure.code == "wrong-account"
        assert (failure.hint or "").endswith("--seller acme --region eu")

    def test_an_account_that_no_region_knows_is_not_kept(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("sellers", "empty"), Fault("sellers", "empty-elsewhere"))

        with pytest.raises(errors.SellsNowhere) as failure:
            agency.connect()

        assert (failure.value.code, failure.value.exit_code) == ("not-permitted", 3)
        assert agency.runtime.connections.all() == ()
        assert agency.world.requests["sellers"] == 3


class TestParticipation:
    """An account does not sell where it takes no part, whatever else Amazon lists."""

    def test_a_country_that_it_takes_no_part_in_is_none_that_it_sells_in(self, agency: Agency) -> None:
        made = connected(agency, marketplaces=(marketplace("DE"), marketplace("FR")._replace(participating=False)))

        assert made.sells_in == ("DE",)
        assert not made.covers(geography.scope("acme", "eu", "FR"))
        assert cardlike(made, agency)["Marketplaces"] == "DE"

    def test_suspended_listings_are_told_in_words(self, agency: Agency) -> None:
        made = connected(agency, marketplaces=(marketplace("DE"), marketplace("FR")._replace(suspended_listings=True)))

        assert cardlike(made, agency)["Suspended"] == "listings in FR"

    def test_a_consent_for_a_country_that_the_account_takes_no_part_in_is_refused(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("sellers", "not-participating"))

        with pytest.raises(errors.OtherCountry):
            agency.connect("charlie-gmbh", "eu", "IN")

        assert agency.runtime.connections.all() == ()


class TestCountryOfARegion:
    def test_an_account_that_sells_beyond_the_country_is_kept_as_the_regions(self, agency: Agency) -> None:
        [made] = agency.connect("acme", "eu", "DE")

        assert made.scope == geography.scope("acme", "eu")
        assert list(agency.runtime.connections.all()) == [made]
        assert f"{ACME} sells beyond Germany, so it was saved as acme in Europe & India" in agency.said()

    def test_one_that_amazon_keeps_separate_stays_the_countrys(self, agency: Agency) -> None:
        [made] = agency.connect("acme", "eu", "AE")

        assert made.scope == geography.scope("acme", "eu", "AE")

    def test_where_the_region_is_connected_it_is_renewed_and_not_twice(self, agency: Agency) -> None:
        agency.connect("acme", "eu")
        agency.clock.pass_by(days=1)

        [made] = agency.connect("acme", "eu", "IN")

        assert list(agency.runtime.connections.all()) == [made]
        assert made.scope.country is None
        assert made.authorized_at == agency.clock()

    def test_where_the_region_has_another_account_the_country_stays_beside_it(self, agency: Agency) -> None:
        connected(agency, selling_partner_id="A9SOMEBODYELSE")

        [made] = agency.connect("acme", "eu", "DE")

        assert made.scope == geography.scope("acme", "eu", "DE")

    def test_a_countrys_connection_that_is_there_is_renewed_and_told_to_be_covered(self, agency: Agency) -> None:
        connected(agency, "acme", "eu")
        connected(agency, "acme", "eu", "DE")

        [made] = agency.connect("acme", "eu", "DE")

        assert made.scope.country == "DE"
        assert "To end it: sp-connect revoke --seller acme --region eu --country DE" in agency.said()

    def test_of_several_countries_of_one_account_one_is_asked_for(self, agency: Agency) -> None:
        made = agency.connect("acme", "eu", "DE", "FR", "AE")

        assert [one.scope.item for one in made] == ["eu", "eu-AE"]
        assert agency.world.requests["fees"] == 2

    @pytest.mark.slow
    def test_doctor_names_a_country_that_the_region_covers_or_should_cover(self, agency: Agency) -> None:
        assert finding(agency.runtime, "countries").result == "ok"
        connected(agency, "acme", "eu", "AE")
        assert finding(agency.runtime, "countries").result == "ok"

        connected(agency, "acme", "eu", "DE")
        whole = "--seller acme --region eu"
        found = finding(agency.runtime, "countries")
        assert (found.result, found.found) == (
            "warning",
            "acme in Germany: of an account that sells in other countries too",
        )
        assert found.mend == f"sp-connect connect {whole}; then sp-connect revoke {whole} --country DE"

        connected(agency, "acme", "eu")
        found = finding(agency.runtime, "countries")
        assert found.found == "acme in Germany: of the account whose region is connected too"
        assert found.mend == "sp-connect revoke --seller acme --region eu --country DE"

    def test_list_names_what_is_connected_twice_and_what_is_suspended(self, agency: Agency) -> None:
        connected(
            agency, "acme", "eu", marketplaces=(marketplace("DE"), marketplace("FR")._replace(suspended_listings=True))
        )
        connected(agency, "acme", "eu", "DE", marketplaces=(marketplace("DE"),))

        listing.command(shell(agency).context)

        assert "acme in Germany is covered by acme in Europe & India, the same account." in agency.said()
        assert "Amazon has suspended listings of acme in FR." in agency.said()

    def test_import_keeps_what_its_row_says(self, agency: Agency) -> None:
        [made] = take(agency, country="DE").connections

        assert made.scope.country == "DE"


class TestStoreName:
    def test_a_renewal_by_a_store_of_another_name_is_told(self, agency: Agency) -> None:
        connected(agency, marketplaces=(marketplace("DE", "Zeta Ltd"), marketplace("FR")))

        agency.connect()

        assert "The store in DE was called Zeta Ltd and is now called Acme GmbH" in agency.said()

    def test_the_same_name_is_not_told(self, agency: Agency) -> None:
        agency.connect()
        agency.connect()

        assert "The store in" not in agency.said()
