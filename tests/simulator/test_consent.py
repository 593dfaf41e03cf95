"""The consent page, Confirm and Cancel, and what the redirect carries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from tests.simulator.box import EUROPE, REDIRECT_URI, Box, query
from tests.simulator.conftest import DRAFT, OTHER

ACME, BRAVO = "A2EXAMPLE1234", "A1BRAVO777777"


def test_page_is_marked_simulated_and_says_who_asks_for_what(box: Box) -> None:
    page = box.open_consent()
    assert page.status_code == 200
    for words in (
        "SIMULATED",
        "<title>Confirm access for Example Agency? Europe &amp; India, simulated</title>",
        "<h1>Confirm access for Example Agency?</h1>",
        EUROPE,
        "Selling Partner Insights",
        'id="confirm"',
        'id="cancel"',
        'name="company"',
        f'name="account" value="{ACME}" checked',
        f'name="account" value="{BRAVO}"',
    ):
        assert words in page.text
    assert "Delta Inc" not in page.text


def test_page_runs_no_script_and_loads_nothing(box: Box) -> None:
    page = box.open_consent()
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text


def test_what_the_app_sent_is_escaped(box: Box) -> None:
    page = box.open_consent(state='"><script>alert(1)</script>')
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"application_id": "amzn1.application-oa2-client.x"}, "MD1000"),
        ({"version": "beta"}, "MD1000"),
        ({"redirect_uri": "https://agency.example/other"}, "MD5101"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "MD5101"),
        ({"redirect_uri": REDIRECT_URI + "#here"}, "MD5110"),
    ],
)
def test_wrong_addresses_get_amazons_error_page(box: Box, change: dict[str, Any], code: str) -> None:
    page = box.open_consent(**change)
    assert page.status_code == 400
    assert code in page.text
    assert "SIMULATED" in page.text


def test_a_draft_app_needs_version_beta(box: Box) -> None:
    assert "MD1000" in box.open_consent(app=DRAFT).text
    assert box.open_consent(app=DRAFT, version="beta").status_code == 200
    assert "MD1000" in box.press(app=DRAFT, account=ACME).text
    assert box.press(app=DRAFT, account=ACME, version="beta").status_code == 302


def test_confirm_sends_state_account_and_code_to_the_redirect_uri(box: Box) -> None:
    answer = box.press(account=BRAVO)
    assert answer.headers["Location"].startswith(f"{box.base}/agency.example/sp-connect?")
    carried = query(answer)
    assert set(carried) == {"state", "selling_partner_id", "spapi_oauth_code"}
    assert (carried["state"], carried["selling_partner_id"]) == ("s1", BRAVO)


def test_confirm_without_redirect_uri_takes_the_first_registered(box: Box) -> None:
    answer = box.press(account=ACME, redirect_uri="")
    assert answer.headers["Location"].startswith(f"{box.base}/agency.example/sp-connect?")


def test_confirm_without_state_proceeds_without_state(box: Box) -> None:
    asked = {"application_id": BUILT_IN.application_id}
    address = f"{box.base}/{EUROPE}/apps/authorize/consent?{urlencode(asked)}"
    page = box.browser.get(address, timeout=10)
    assert 'name="state"' not in page.text
    address = f"{box.base}/{EUROPE}/apps/authorize/confirm/{BUILT_IN.application_id}"
    answer = box.browser.post(address, data={"account": ACME}, allow_redirects=False, timeout=10)
    assert "state" not in query(answer)


def test_a_redirect_uri_outside_the_box_is_left_as_it_is(box: Box) -> None:
    answer = box.press(app=OTHER, account=ACME)
    assert answer.headers["Location"].startswith("https://other.example/back?a=b&state=s1&")


def test_the_relay_page_is_served_at_the_redirect_uri_in_the_box(box: Box) -> None:
    answer = box.press(account=ACME)
    page = requests.get(answer.headers["Location"], timeout=10)
    assert page.status_code == 200
    assert "http://127.0.0.1:8723/callback" in page.text
    assert "Content-Security-Policy" not in page.headers
    assert requests.get(f"{box.base}/agency.example/elsewhere", timeout=10).status_code == 404


def test_any_company_may_be_written(box: Box) -> None:
    written = query(box.press(account=ACME, company="North Star"))["selling_partner_id"]
    assert written not in {ACME, BRAVO}
    assert written == query(box.press(company="north-star"))["selling_partner_id"]


def test_a_company_that_does_not_sell_there_has_no_account(box: Box) -> None:
    page = box.press(company="delta")
    assert page.status_code == 400
    assert "delta has no account that sells in Europe &amp; India" in page.text


@pytest.mark.parametrize("account", ["", "A1DELTAUSA001", "A0NOBODY00000"])
def test_an_account_that_is_not_offered_cannot_confirm(box: Box, account: str) -> None:
    assert box.press(account=account).status_code == 400
    assert box.world.authorizations() == ()


def test_the_browser_stays_signed_in_as_the_last_company(box: Box) -> None:
    box.press(account=BRAVO)
    page = box.open_consent()
    assert f'value="{BRAVO}" checked' in page.text
    assert page.text.count("checked>") == 1
    assert page.text.count("still signed in on this browser") == 1


def test_another_company_that_is_still_signed_in_is_offered(box: Box) -> None:
    id_ = query(box.press(company="Möwe & Söhne, KG"))["selling_partner_id"]
    page = box.open_consent()
    assert f'value="{id_}" checked' in page.text
    assert "Möwe &amp; Söhne, KG" in page.text
    assert query(box.press(account=id_))["selling_partner_id"] == id_


def test_a_company_that_is_signed_in_elsewhere_is_not_offered_where_it_does_not_sell(box: Box) -> None:
    box.press(account=BRAVO)
    assert "Bravo" not in box.open_consent("sellercentral.amazon.com").text


def test_a_host_where_nobody_is_listed_takes_any_name(box: Box) -> None:
    host = "sellercentral.amazon.co.za"
    assert "Enter any other name" in box.open_consent(host).text
    assert box.press(host, company="North Star").status_code == 302


def test_cancel_sends_nothing_back(box: Box) -> None:
    page = box.press(account=ACME, answer="cancel")
    assert page.status_code == 200
    assert "Cancelled" in page.text
    assert box.world.authorizations() == ()


@pytest.mark.parametrize("answer", ["confirm", "cancel"])
def test_denial_comes_back_as_an_error_where_the_knob_says_so(box: Box, answer: str) -> None:
    box.world.faults.add(Fault("consent", "denied", times=1))
    carried = query(box.press(account=ACME, answer=answer))
    assert carried == {"error": "access_denied", "error_description": "Access not permitted.", "state": "s1"}
    assert "spapi_oauth_code" in query(box.press(account=ACME))


def test_hop_goes_by_the_login_uri_and_comes_back(box: Box) -> None:
    box.world.faults.add(Fault("consent", "hop"))
    hop = query(box.press(account=ACME))
    callback = f"https://{EUROPE}/apps/authorize/confirm/{BUILT_IN.application_id}"
    assert hop["amazon_callback_uri"] == callback
    assert hop["selling_partner_id"] == ACME
    assert "spapi_oauth_code" not in hop
    assert box.world.authorizations() == ()

    asked = {"amazon_state": hop["amazon_state"], "state": "s2", "redirect_uri": REDIRECT_URI}
    address = callback.replace("https:/", box.base)
    carried = query(requests.get(address, params=asked, allow_redirects=False, timeout=10))
    assert (carried["state"], carried["selling_partner_id"]) == ("s2", ACME)
    assert box.exchange(carried["spapi_oauth_code"]).status_code == 200
    assert requests.get(address, params=asked, timeout=10).status_code == 400


def test_hop_may_be_relative(box: Box) -> None:
    box.world.faults.add(Fault("consent", "hop", relative=True))
    hop = query(box.press(account=ACME))
    assert hop["amazon_callback_uri"] == f"/apps/authorize/confirm/{BUILT_IN.application_id}"


def test_hop_of_a_draft_app_says_so_and_wants_it_back(box: Box) -> None:
    box.world.faults.add(Fault("consent", "hop"))
    hop = query(box.press(app=DRAFT, account=ACME, version="beta"))
    assert hop["version"] == "beta"
    address = f"{box.base}/{EUROPE}/apps/authorize/confirm/{DRAFT.application_id}"
    asked = {"amazon_state": hop["amazon_state"], "state": "s2"}
    assert "MD1000" in requests.get(address, params=asked, timeout=10).text
    asked["version"] = "beta"
    answer = requests.get(address, params=asked, allow_redirects=False, timeout=10)
    assert answer.headers["Location"].startswith("https://draft.example/back?state=s2&")


@pytest.mark.parametrize("spoil", ["late", "garbled", "other host"])
def test_hop_that_is_not_good_is_an_error(box: Box, spoil: str) -> None:
    box.world.faults.add(Fault("consent", "hop"))
    amazon_state = query(box.press(account=ACME))["amazon_state"]
    host = EUROPE
    if spoil == "late":
        box.clock.pass_by(timedelta(minutes=10))
    elif spoil == "garbled":
        amazon_state += "x"
    else:
        host = "sellercentral.amazon.com"
    address = f"{box.base}/{host}/apps/authorize/confirm/{BUILT_IN.application_id}"
    answer = requests.get(address, params={"amazon_state": amazon_state, "state": "s"}, timeout=10)
    assert (answer.status_code, "MD9999" in answer.text) == (400, True)
