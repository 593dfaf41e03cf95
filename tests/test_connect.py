"""The main job, from the command's `run` to the files: real sockets, a real vault, the simulator over HTTP."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests

from sp_connect import browser, errors
from sp_connect.amazon import geography
from sp_connect.commands import connect
from sp_connect.models import Consent, Secret
from sp_connect.runtime import Runtime
from sp_connect.simulator.faults import Fault
from sp_connect.terminal.prompt import Prompt
from tests.agency import NOON, Agency, as_company, as_expected, nobody, writing
from tests.commands.given import Keys, account_of, connected

ACME_IN_NA = account_of("acme", "sellercentral.amazon.com").selling_partner_id

EU = geography.scope("acme", "eu")
JAPAN = geography.scope("acme", "fe", "JP")
AUSTRALIA = geography.scope("acme", "fe", "AU")


def test_a_consent_becomes_a_connection_with_its_token_in_the_store(agency: Agency) -> None:
    [made] = agency.connect("acme", "eu")

    assert made == agency.runtime.connections.get(EU)
    assert made.selling_partner_id == "A2EXAMPLE1234"
    assert [m.country for m in made.marketplaces] == ["DE", "FR", "GB", "IT", "ES", "NL", "SE", "PL", "BE", "IN"]
    assert made.standing == "connected"
    assert made.renew_by == NOON + timedelta(days=365)
    assert agency.runtime.secrets.fetch(made.secret_name).reveal().startswith("Atzr|")


def test_no_file_but_the_vault_holds_a_secret(agency: Agency) -> None:
    [made] = agency.connect("acme", "eu")

    token = agency.runtime.secrets.fetch(made.secret_name).reveal().encode()
    assert not [name for name, data in agency.files().items() if token in data or b"oa2-cs" in data or b"Atz" in data]


def test_the_login_uri_hop_leads_to_the_same_connection(agency: Agency) -> None:
    agency.world.faults.add(Fault("consent", "hop"))

    [made] = agency.connect("acme", "eu")

    assert made.selling_partner_id == "A2EXAMPLE1234"


def test_the_hop_with_a_path_alone_is_followed_on_the_host_of_the_consent(agency: Agency) -> None:
    agency.world.faults.add(Fault("consent", "hop", relative=True))

    assert len(agency.connect("acme", "fe", "JP")) == 1


@pytest.mark.parametrize("host", ["sellercentral.amazon.de", "sellercentral-japan.amazon.com", "amazon.com"])
def test_the_hop_is_followed_to_a_host_where_no_consent_begins(agency: Agency, host: str) -> None:
    agency.world.faults.add(Fault("consent", "hop", host=host))

    assert len(agency.connect("acme", "eu")) == 1


class TestOpenedHere:
    """A browser of this machine, which sp-connect opens at an address that is good once."""

    @staticmethod
    def opened(agency: Agency, act: Callable[[requests.Session, str, Consent], None]) -> Runtime:
        """The agency's runtime with a browser that is opened, whose person does `act`."""

        def open_page(asked: Consent, address: str, once: browser.Once | None = None) -> str | None:
            assert once is not None
            assert once.take() != address
            session = requests.Session()
            threading.Thread(target=act, args=(session, once.take(), asked), daemon=True).start()
            return None

        return replace(agency.runtime, browser=lambda command, *, refused: open_page)  # noqa: ARG005 - runtime.Browser

    def test_it_has_the_hop_answered_and_another_browser_has_not(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("consent", "hop"))
        seen: list[int] = []

        def act(session: requests.Session, once: str, asked: Consent) -> None:
            page = session.get(once, timeout=10)
            form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
            to = page.url.partition("?")[0].replace("/consent", f"/confirm/{asked.app.application_id}")
            form |= {"company": "acme", "answer": "confirm"}
            hop = session.post(to, data=form, allow_redirects=False, timeout=10).headers["Location"]
            at_home = f"http://{asked.app.listen}/callback?{urlsplit(hop).query}"
            seen.append(requests.get(at_home, allow_redirects=False, timeout=10).status_code)
            onward = session.get(at_home, allow_redirects=False, timeout=10)
            seen.append(onward.status_code)
            last = session.get(onward.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]
            # The answer itself is taken from any browser: the printed address may be opened in another.
            requests.get(f"http://{asked.app.listen}/callback?{urlsplit(last).query}", timeout=60)

        made = list(connect.run(self.opened(agency, act), agency.options()))

        assert [one.selling_partner_id for one in made] == ["A2EXAMPLE1234"]
        assert seen == [403, 302]
        assert "It was refused. Continue in the opened browser." in agency.said()

    @pytest.mark.slow
    def test_a_second_visitor_is_told_on_the_terminal_and_at_the_end(self, agency: Agency) -> None:
        def act(session: requests.Session, once: str, asked: Consent) -> None:  # noqa: ARG001
            session.get(once, allow_redirects=False, timeout=10)
            for _ in range(3):
                requests.get(once, allow_redirects=False, timeout=10)

        with pytest.raises(errors.TimedOut) as failure:
            list(connect.run(self.opened(agency, act), agency.options(timeout=2)))

        assert agency.said().count("was opened a second time") == 1
        assert "An answer arrived but was not accepted: The page for your browser" in failure.value.message


class TestTurnedAway:
    """The end of a wait says what came and was not taken."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "query", ["state=x&spapi_oauth_code=SENTINEL", "amazon_callback_uri=https://evil.example/"]
    )
    def test_an_answer_that_was_turned_away_is_told_at_the_end_of_the_wait(self, agency: Agency, query: str) -> None:
        def visit(asked: Consent, address: str) -> str | None:  # noqa: ARG001 - a Visit
            assert requests.get(f"http://{asked.app.listen}/callback?{query}", timeout=10).status_code == 400
            return None

        agency.visits = [lambda asked, address: threading.Thread(target=visit, args=(asked, address)).start()]
        with pytest.raises(errors.TimedOut) as failure:
            agency.connect(timeout=2)

        why = {"s": "belongs to another consent, or to none.", "a": "that is not Amazon's confirmation of this app."}
        assert f"{why[query[0]]} Nothing was changed." in failure.value.message
        assert "An answer arrived but was not accepted: The address" in failure.value.message
        assert failure.value.hint is not None
        assert "Cancel" not in failure.value.hint
        assert failure.value.hint.endswith("sp-connect -v connect --seller acme --region eu")
        assert "SENTINEL" not in failure.value.told()

    @pytest.mark.slow
    def test_where_nothing_came_cancel_is_the_likely_cause(self, agency: Agency) -> None:
        agency.visits = [nobody]

        with pytest.raises(errors.TimedOut) as failure:
            agency.connect(timeout=1)

        assert "refused" not in failure.value.message
        assert "Cancel" in (failure.value.hint or "")


def test_verbose_tells_what_came_to_the_listener_and_no_code(agency: Agency) -> None:
    agency.world.faults.add(Fault("consent", "hop"))

    def visit(asked: Consent, address: str) -> str | None:
        forged = requests.get(f"http://{asked.app.listen}/callback?state=x&spapi_oauth_code=SENTINEL", timeout=10)
        assert forged.status_code == 400
        return as_company("acme")(asked, address)

    agency.visits = [lambda asked, address: threading.Thread(target=visit, args=(asked, address)).start()]
    agency.connect("acme", "eu")

    told = [line.strip() for line in agency.said().splitlines() if line.startswith("  ") and not line[2].isdigit()]
    assert f"listening on {agency.app.listen}" in told
    assert any(line.endswith("refused: The address belongs to another consent, or to none.") for line in told)
    assert "Amazon wants the browser back once more; it is sent there" in told
    assert told[-1] == "the browser shows the result"
    assert "SENTINEL" not in agency.said()


@pytest.mark.slow
def test_a_draft_app_asks_for_the_draft(agency: Agency) -> None:
    agency.runtime.apps.put(agency.app._replace(draft=True))
    agency.visits = [nobody]

    with pytest.raises(errors.TimedOut):
        agency.connect(timeout=1)

    assert "version=beta" in agency.said()


def test_the_address_is_told_before_anything_opens_it(agency: Agency) -> None:
    told: list[bool] = []

    def visit(asked: Consent, address: str) -> str | None:
        told.append(address in agency.said())
        return as_company("acme")(asked, address)

    agency.visits = [visit]
    agency.connect()

    assert told == [True]


@pytest.mark.slow
def test_no_answer_ends_at_the_deadline_and_changes_nothing(agency: Agency) -> None:
    before = agency.files()
    agency.visits = [nobody]

    with pytest.raises(errors.TimedOut) as failure:
        agency.connect(timeout=1)

    assert "within 1 second" in failure.value.message
    assert "--timeout 2" in (failure.value.hint or "")
    assert agency.files() == before


def test_a_refusal_is_told_in_amazons_words(agency: Agency) -> None:
    agency.world.faults.add(Fault("consent", "denied"))

    with pytest.raises(errors.Refused) as failure:
        agency.connect()

    assert failure.value.amazon is not None
    assert failure.value.amazon.error == "access_denied"


class TestRightAccount:
    """The guard: the browser may still be signed in as another client."""

    def test_another_account_than_expected_is_refused(self, agency: Agency) -> None:
        before = agency.files()

        with pytest.raises(errors.UnexpectedAccount) as failure:
            agency.connect(expect_id="A1SOMEONEELSE")

        assert "A2EXAMPLE1234" in failure.value.message
        assert agency.files() == before

    def test_the_expected_account_is_taken(self, agency: Agency) -> None:
        assert len(agency.connect(expect_id="A2EXAMPLE1234")) == 1

    def test_a_wrong_accounts_code_is_never_exchanged(self, agency: Agency) -> None:
        with pytest.raises(errors.UnexpectedAccount):
            agency.connect(expect_id="A1SOMEONEELSE")

        assert agency.world.requests["token"] == 1, "whether Amazon accepts the app, before anybody was asked"

    def test_a_renewal_keeps_the_connection_and_counts_the_year_anew(self, agency: Agency) -> None:
        [first] = agency.connect()
        agency.clock.pass_by(days=300)

        [second] = agency.connect()

        assert second.selling_partner_id == first.selling_partner_id
        assert first.renew_by is not None
        assert second.renew_by == first.renew_by + timedelta(days=300)
        assert agency.runtime.connections.all() == (second,)

    def test_a_renewal_forgets_the_token_before_it(self, agency: Agency) -> None:
        [first] = agency.connect()
        agency.connect()

        with pytest.raises(errors.MissingToken):
            agency.runtime.secrets.fetch(first.secret_name)

    def test_an_expected_id_may_be_typed_in_lower_case(self, agency: Agency) -> None:
        [made] = agency.connect(expect_id="a2example1234")

        assert made.selling_partner_id == "A2EXAMPLE1234"

    def test_a_renewal_by_another_account_is_refused_and_nothing_is_lost(self, agency: Agency) -> None:
        [first] = agency.connect()
        token = agency.runtime.secrets.fetch(first.secret_name)
        before = agency.files()
        agency.visits = [as_company("bravo")]

        with pytest.raises(errors.WrongAccount) as failure:
            agency.connect()

        assert "the account of" not in failure.value.message
        assert "--replace" in (failure.value.hint or "")
        assert agency.files() == before
        assert agency.runtime.secrets.fetch(first.secret_name) == token

    def test_replace_lets_another_account_take_the_place(self, agency: Agency) -> None:
        agency.connect()
        agency.visits = [as_company("bravo")]

        [made] = agency.connect(replace=True)

        assert made.selling_partner_id != "A2EXAMPLE1234"
        assert agency.runtime.connections.all() == (made,)

    def test_an_account_that_another_seller_has_is_refused(self, agency: Agency) -> None:
        agency.connect("acme")
        agency.visits = [as_company("acme")]

        with pytest.raises(errors.DuplicateAccount) as failure:
            agency.connect("bravo")

        assert "acme in Europe & India" in failure.value.message
        assert agency.runtime.connections.of("bravo") == ()

    def test_an_account_that_another_seller_has_in_another_region_is_refused(self, agency: Agency) -> None:
        made = connected(agency, "acme", "eu", selling_partner_id=ACME_IN_NA)
        agency.visits = [as_company("acme")]

        for lets_another in (False, True):
            with pytest.raises(errors.DuplicateAccount) as failure:
                agency.connect("bravo", "na", replace=lets_another)

            assert "sp-connect rename acme bravo" in (failure.value.hint or "")
        assert agency.runtime.connections.all() == (made,)

    def test_where_both_names_are_in_use_the_hint_is_not_to_rename(self, agency: Agency) -> None:
        connected(agency, "acme", "eu", selling_partner_id=ACME_IN_NA)
        connected(agency, "bravo", "eu")
        agency.visits = [as_company("acme")]

        with pytest.raises(errors.DuplicateAccount) as failure:
            agency.connect("bravo", "na")

        assert "rename" not in (failure.value.hint or "")
        assert "sp-connect revoke --seller acme --region eu" in (failure.value.hint or "")

    def test_a_pair_of_sellers_that_shared_an_account_before_is_renewed(self, agency: Agency) -> None:
        connected(agency, "acme", "eu", selling_partner_id=ACME_IN_NA)
        connected(agency, "bravo", "na", selling_partner_id=ACME_IN_NA)
        agency.visits = [as_company("acme")]

        [renewed] = agency.connect("bravo", "na")

        assert renewed.selling_partner_id == ACME_IN_NA

    def test_replace_does_not_allow_a_duplicate(self, agency: Agency) -> None:
        agency.connect("acme")
        agency.visits = [as_company("acme")]

        with pytest.raises(errors.DuplicateAccount):
            agency.connect("bravo", replace=True)

    def test_an_account_of_another_country_than_asked_is_refused(self, agency: Agency) -> None:
        def at_home(asked: Consent, address: str) -> str | None:
            return as_company("acme")(
                asked, address.replace("sellercentral.amazon.co.jp", "sellercentral.amazon.com.au")
            )

        agency.visits = [at_home]

        with pytest.raises(errors.OtherCountry) as failure:
            agency.connect("acme", "fe", "JP")

        assert "AU but not in Japan" in failure.value.message
        assert agency.runtime.connections.all() == ()

    @pytest.mark.slow
    def test_a_separate_account_of_india_stands_beside_the_regions(self, agency: Agency) -> None:
        [europe] = agency.connect("charlie-gmbh", "eu")
        [india] = agency.connect("charlie-gmbh", "eu", "in")

        assert europe.selling_partner_id != india.selling_partner_id
        assert [m.country for m in india.marketplaces] == ["IN"]
        assert set(agency.runtime.connections.of("charlie-gmbh")) == {europe, india}


class TestFarEast:
    """Country by country in one command."""

    @pytest.mark.slow
    def test_each_country_is_a_connection_of_its_own(self, agency: Agency) -> None:
        made = agency.connect("acme", "fe", "jp", "AU")

        assert [c.scope for c in made] == [JAPAN, AUSTRALIA]
        assert "1 of 2: Connecting acme in Japan" in agency.said()

    def test_without_a_country_and_a_terminal_the_flag_is_told(self, agency: Agency) -> None:
        with pytest.raises(errors.NeedsFlag) as failure:
            agency.connect("acme", "fe")

        assert failure.value.exit_code == 2
        assert failure.value.hint == "add --country JP --country AU --country SG"

    @pytest.mark.slow
    def test_what_succeeded_stays_and_what_failed_is_told(self, agency: Agency) -> None:
        agency.visits = [as_company("acme"), nobody, nobody]

        with pytest.raises(errors.Several) as failure:
            agency.connect("acme", "fe", "JP", "AU", "SG", timeout=3)

        assert failure.value.exit_code == 3
        assert failure.value.code == "timed-out"
        assert failure.value.message == "Connected: Japan. Not connected: Australia and Singapore."
        assert (
            failure.value.hint == "sp-connect connect --seller acme --region fe --country AU --country SG --keep-going"
        )
        assert [c.scope for c in agency.runtime.connections.all()] == [JAPAN]

    def test_a_refused_country_does_not_stop_the_next(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("consent", "denied", times=1))

        with pytest.raises(errors.Several):
            agency.connect("acme", "fe", "JP", "AU")

        assert [c.scope for c in agency.runtime.connections.all()] == [AUSTRALIA]

    def test_run_again_it_skips_what_is_connected_and_says_so(self, agency: Agency) -> None:
        agency.connect("acme", "fe", "JP")

        made = agency.connect("acme", "fe", "JP", "AU")

        assert [c.scope for c in made] == [AUSTRALIA]
        assert "acme in Japan is already connected, as A3NIPPON56789" in agency.said()

    def test_the_same_country_twice_is_asked_for_once(self, agency: Agency) -> None:
        assert len(agency.connect("acme", "fe", "JP", "jp")) == 1


class TestAmazonFails:
    """Nothing that was connected before is lost, and Amazon's words reach the user."""

    def test_a_wrong_client_secret_is_told_with_the_command_that_mends_it(self, agency: Agency) -> None:
        with writing(agency.runtime):
            agency.runtime.changes.keep_app(agency.app._replace(secret_ref="0ther"), Secret("amzn1.oa2-cs.v1.wrong"))

        with pytest.raises(errors.ClientRejected) as failure:
            agency.connect()

        assert failure.value.amazon is not None
        assert failure.value.amazon.error == "invalid_client"
        assert "app rotate-secret default" in (failure.value.hint or "")

    def test_an_expired_code_is_told(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("token", "code-life", seconds=0))

        with pytest.raises(errors.CodeExpired) as failure:
            agency.connect()

        assert failure.value.amazon is not None
        assert failure.value.amazon.request_id

    def test_a_code_is_sent_once_even_if_the_answer_is_lost(self, agency: Agency) -> None:
        def confirm(asked: Consent, address: str) -> str | None:
            agency.world.faults.add(Fault("token", "truncated", times=1))
            return as_expected(asked, address)

        agency.visits[:] = [confirm]
        with pytest.raises(errors.AmazonTrouble):
            agency.connect()

        assert agency.world.requests["token"] == 2, "one for the app, one for the code"

    def test_a_check_that_fails_keeps_the_token_unchecked(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("sellers", "status", status=503))
        with pytest.raises(errors.KeptUnchecked) as failure:
            agency.connect()

        [kept] = agency.runtime.connections.all()
        assert kept.standing == "unchecked"
        assert (failure.value.code, failure.value.exit_code) == ("unreachable", 5)
        assert agency.runtime.secrets.fetch(kept.secret_name)
        assert "sp-connect verify --seller acme --region eu" in (failure.value.hint or "")

    def test_html_instead_of_tokens_is_an_unexpected_answer(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("token", "html"))

        with pytest.raises(errors.UnexpectedAnswer) as failure:
            agency.connect()

        assert failure.value.exit_code == 5

    def test_pseudo_marketplaces_are_left_out(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("sellers", "pseudo"))

        [made] = agency.connect("bravo")

        assert [m.country for m in made.marketplaces] == ["DE", "FR", "GB"]


class TestThisMachine:
    """What can fail without Amazon fails before anyone is asked to consent."""

    def test_a_taken_port_is_told_before_the_address(self, agency: Agency) -> None:
        host, _, port = agency.app.listen.rpartition(":")
        with socket.create_server((host, int(port))), pytest.raises(errors.PortTaken) as failure:
            agency.connect()

        assert "--paste" in (failure.value.hint or "")
        assert "consent?" not in agency.said()

    def test_an_unknown_app_is_told_with_those_there_are(self, agency: Agency) -> None:
        with pytest.raises(errors.NoSuchApp) as failure:
            agency.connect(app="other")

        assert "default" in (failure.value.hint or "")

    def test_a_damaged_record_is_told_before_anyone_consents(self, agency: Agency) -> None:
        record = agency.folder / "connections" / "bravo.toml"
        record.parent.mkdir(mode=0o700, exist_ok=True)
        record.write_text("seller = bravo\n")

        with pytest.raises(errors.Damaged) as failure:
            agency.connect()

        assert "line 1" in failure.value.message
        assert record.read_text() == "seller = bravo\n"
        assert "consent?" not in agency.said()

    def test_paste_without_a_terminal_is_a_usage_error(self, agency: Agency) -> None:
        with pytest.raises(errors.Usage):
            agency.connect(paste=True)

    def test_paste_where_a_terminal_is_not_heard_leads_to_an_invite(self, agency: Agency) -> None:
        on_windows = Prompt(Keys("https://agency.example/?state=..."), agency.stderr, platform="nt")

        with pytest.raises(errors.Usage, match="Windows") as failure:
            list(connect.run(replace(agency.runtime, prompt=on_windows), agency.options(paste=True)))

        assert "sp-connect invite" in (failure.value.hint or "")
        assert "consent?" not in agency.said()

    def test_a_browser_that_is_not_there_is_told_with_the_way_round_it(self, agency: Agency) -> None:
        def refuse(asked: Consent, address: str) -> str | None:
            as_company("acme")(asked, address)
            return "no browser was found here"

        agency.visits = [refuse]
        agency.connect()

        port = agency.app.listen.rpartition(":")[2]
        assert "No browser was opened (no browser was found here)" in agency.said()
        assert f"ssh -L {port}:127.0.0.1:{port}" in agency.said()


@pytest.mark.parametrize("name", ["ACME", "../acme", "a" * 65, "", "-acme", "acme corp", "ac/me", "ácme", "acme\n"])
def test_a_name_that_is_none_is_refused_before_anything_is_asked(agency: Agency, name: str) -> None:
    before = agency.files()

    with pytest.raises(errors.BadName) as failure:
        agency.connect(name)

    assert failure.value.exit_code == 2
    assert agency.files() == before


def test_an_upper_case_name_is_answered_with_its_lower_case_form(agency: Agency) -> None:
    with pytest.raises(errors.BadName) as failure:
        agency.connect("ACME")

    assert failure.value.hint == "use acme"


@pytest.mark.parametrize(("region", "countries"), [("asia", ()), ("eu", ("US",)), ("fe", ("DE",)), ("na", ("XX",))])
def test_unknown_places_are_answered_with_the_known_ones(
    agency: Agency, region: str, countries: tuple[str, ...]
) -> None:
    with pytest.raises(errors.Usage) as failure:
        agency.connect("acme", region, *countries)

    assert "takes" in (failure.value.hint or "")
