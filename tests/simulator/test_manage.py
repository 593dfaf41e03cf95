"""Manage Your Apps: what is listed, and what Disable authorization ends."""

from __future__ import annotations

from datetime import timedelta

import requests

from sp_connect.simulator.world import BUILT_IN
from tests.simulator.box import EUROPE, Box
from tests.simulator.conftest import DRAFT

ACME = "A2EXAMPLE1234"


def manage(box: Box, host: str = EUROPE) -> str:
    page = requests.get(f"{box.base}/{host}/apps/manage", timeout=10)
    assert page.status_code == 200
    assert "SIMULATED" in page.text
    return page.text


def disable(box: Box, application_id: str = BUILT_IN.application_id) -> requests.Response:
    form = {"application_id": application_id, "account": ACME}
    return requests.post(f"{box.base}/{EUROPE}/apps/manage/disable", data=form, timeout=10)


def test_nothing_is_listed_before_anyone_consented(box: Box) -> None:
    assert "No account of Europe &amp; India has authorized an app." in manage(box)


def test_an_authorization_is_listed_once_where_its_account_signs_in(box: Box) -> None:
    box.tokens()
    box.tokens()
    page = manage(box)
    assert page.count("<h2>Acme GmbH</h2>") == 1
    assert "● authorized" in page
    assert "22 Nov 2027" in page
    assert "Acme" in manage(box, "sellercentral.amazon.in")
    assert "Acme" not in manage(box, "sellercentral.amazon.com")


def test_disabling_ends_refresh_and_access(box: Box) -> None:
    tokens = box.tokens()
    again = box.tokens()
    page = disable(box)
    assert page.history[0].status_code == 303
    assert "✕ disabled" in page.text
    assert "<button" not in page.text
    for given in (tokens, again):
        words = box.refresh(given["refresh_token"]).json()
        assert words["error"] == "invalid_grant"
        assert words["error_description"].endswith("User may have revoked or didn't grant the permission.")
        assert box.participations(given["access_token"]).status_code == 403


def test_disabling_one_app_leaves_the_other(box: Box) -> None:
    tokens = box.tokens()
    box.tokens(company="bravo")
    assert disable(box, DRAFT.application_id).status_code == 200
    assert box.refresh(tokens["refresh_token"]).status_code == 200


def test_a_code_of_a_disabled_authorization_gives_nothing(box: Box) -> None:
    code = box.code()
    disable(box)
    assert box.exchange(code).status_code == 400


def test_consent_after_disabling_begins_anew(box: Box) -> None:
    box.tokens()
    disable(box)
    tokens = box.tokens()
    assert box.refresh(tokens["refresh_token"]).status_code == 200
    assert "● authorized" in manage(box)


def test_an_authorization_that_ran_out_is_shown_as_disabled(box: Box) -> None:
    box.tokens()
    box.clock.pass_by(timedelta(days=365))
    assert "✕ disabled" in manage(box)
