"""The whole way in a real browser: consent, relay, landing, and what the program says of it."""

from __future__ import annotations

import requests

from sp_connect.simulator.server import Simulator
from tests.browser.chromium import Browser
from tests.browser.program import Program, Waiting
from tests.browser.site import Site

ACME = "A2EXAMPLE1234"
BRAVO = "A1BRAVO777777"


def confirm(browser: Browser, waiting: Waiting, company: str) -> str:
    """What the page says on which a seller ends who confirms as `company`."""
    browser.open(waiting.address)
    browser.choose(company)
    browser.press("Confirm")
    return browser.wait_for(company.split(maxsplit=1)[0].lower())


def test_the_landing_page_shows_what_the_programs_json_says(browser: Browser, program: Program) -> None:
    waiting = program.connect("acme", "--json")

    said = confirm(browser, waiting, "Acme GmbH")

    [connection] = waiting.ended().json
    facts = browser.facts()
    assert facts["Selling Partner ID"] == connection["selling_partner_id"] == ACME
    assert facts["Marketplaces"].split() == [m["country"] for m in connection["marketplaces"]]
    assert "connected" in said
    assert browser.driver.title == "acme is connected in Europe & India"


def test_the_landing_page_shows_what_the_card_says(browser: Browser, program: Program) -> None:
    waiting = program.connect("acme")

    confirm(browser, waiting, "Acme GmbH")

    card = waiting.ended().stdout
    for value in browser.facts().values():
        assert " ".join(value.split()) in " ".join(card.split())


def test_any_company_can_be_written_instead_of_chosen(browser: Browser, program: Program) -> None:
    waiting = program.connect("north-star", "--json")
    browser.open(waiting.address)
    browser.type("company", "North Star")
    browser.press("Confirm")
    browser.wait_for("north-star")

    [connection] = waiting.ended().json
    assert browser.facts()["Selling Partner ID"] == connection["selling_partner_id"]


def test_the_login_uri_hop_leads_to_the_same_page(browser: Browser, program: Program, agency_site: Site) -> None:
    requests.post(
        f"{program.amazon}/simulator/faults", json={"endpoint": "consent", "kind": "hop"}, timeout=10
    ).raise_for_status()
    waiting = program.connect("acme", "--json")
    before = len(agency_site.asked)

    confirm(browser, waiting, "Acme GmbH")

    [connection] = waiting.ended().json
    by_the_relay = agency_site.asked[before:]
    assert browser.facts()["Selling Partner ID"] == connection["selling_partner_id"] == ACME
    assert ["amazon_callback_uri" in path for path in by_the_relay] == [True, False]


def test_countries_of_the_far_east_follow_each_other_in_one_tab(browser: Browser, program: Program) -> None:
    waiting = program.connect("acme", "--country", "JP", "--country", "AU", "--json", region="fe")
    japan = confirm(browser, waiting, "Acme GmbH")
    browser.open(waiting.next_address())
    browser.press("Confirm")
    australia = browser.wait_for("acme, Australia")

    made = waiting.ended().json
    assert [c["country"] for c in made] == ["JP", "AU"]
    assert made[0]["selling_partner_id"] in japan
    assert made[1]["selling_partner_id"] in australia


def test_an_account_that_is_still_signed_in_is_refused_on_the_page_and_by_the_exit_code(
    browser: Browser, program: Program
) -> None:
    confirm(browser, program.connect("bravo", "--json"), "Bravo Ltd")
    waiting = program.connect("acme", "--expect-id", ACME)
    browser.open(waiting.address)
    assert "Bravo Ltd" in browser.chosen()
    assert "still signed in" in browser.chosen()

    browser.press("Confirm")
    _, sentence, step, _ = browser.wait_for("✕ Not connected").splitlines()

    ended = waiting.ended()
    whose = "the account of bravo in Europe & India"
    assert sentence == f"Amazon gave access to {BRAVO}, {whose}, but --expect-id names {ACME}. Nothing was changed."
    assert f"error: {sentence}\n" in ended.stderr
    assert f"hint: {step.removeprefix('Next: ')}\n" in ended.stderr
    assert browser.driver.title == "Not connected"
    assert ended.code == 3


def test_cancel_sends_nothing_and_the_program_times_out(browser: Browser, program: Program, agency_site: Site) -> None:
    waiting = program.connect("acme", timeout=3)
    before = len(agency_site.asked)
    browser.open(waiting.address)

    browser.press("Cancel")
    browser.wait_for("Cancelled")

    ended = waiting.ended()
    assert agency_site.asked[before:] == []
    assert ended.code == 3
    assert "No confirmation for acme in Europe & India came within 3 seconds" in ended.stderr


def test_a_disabled_authorization_is_rejected_at_the_next_verify(browser: Browser, program: Program) -> None:
    waiting = program.connect("acme", "--json")
    confirm(browser, waiting, "Acme GmbH")
    assert waiting.ended().code == 0

    browser.open(f"{program.amazon}/sellercentral-europe.amazon.com/apps/manage")
    browser.press("Disable authorization")
    browser.wait(lambda driver: "disabled" in driver.page_source)

    verified = program.run("verify", "--json")
    assert verified.code == 3
    assert [connection["status"] for connection in verified.json] == ["rejected"]


def test_a_forged_answer_is_turned_away_and_the_waiting_goes_on(
    browser: Browser, program: Program, amazon: Simulator
) -> None:
    waiting = program.connect("acme", "--json")
    before = amazon.world.requests["token"]
    browser.open("https://agency.example/sp-connect?state=forged&spapi_oauth_code=RHx&selling_partner_id=A1FORGED000")
    told = browser.wait_for("Not the expected answer")
    assert "Nothing was changed." in told
    assert "A1FORGED000" not in told
    assert amazon.world.requests["token"] == before

    confirm(browser, waiting, "Acme GmbH")
    assert waiting.ended().json[0]["selling_partner_id"] == ACME


def test_an_account_that_could_not_be_checked_is_not_called_connected(browser: Browser, program: Program) -> None:
    fault = {"endpoint": "sellers", "kind": "html"}
    requests.post(f"{program.amazon}/simulator/faults", json=fault, timeout=10).raise_for_status()
    waiting = program.connect("acme")

    said = confirm(browser, waiting, "Acme GmbH")

    ended = waiting.ended()
    assert said.startswith("? unchecked")
    assert browser.facts()["Marketplaces"] == "not yet checked"
    assert browser.driver.title == "acme in Europe & India is unchecked"
    assert ended.code == 5
    assert "unchecked" in ended.stdout
