"""The token endpoint: what codes, tokens and clients are good for, and Amazon's words where they are not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import BUILT_IN
from tests.simulator.box import EUROPE, REDIRECT_URI, Box
from tests.simulator.conftest import DRAFT, OTHER

GRANT = "The request has an invalid grant parameter : "
REVOKED = GRANT + "refresh_token. User may have revoked or didn't grant the permission."


def says(answer: requests.Response) -> tuple[int, str, str]:
    words = answer.json()
    assert set(words) == {"error", "error_description", "error_index", "request_id"}
    return answer.status_code, words["error"], words["error_description"]


def test_code_gives_both_tokens(box: Box) -> None:
    answer = box.exchange(box.code(), redirect_uri=REDIRECT_URI)
    words = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(words) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (words["token_type"], words["expires_in"]) == ("bearer", 3600)
    assert words["access_token"].startswith("Atza|")
    assert words["refresh_token"].startswith("Atzr|")
    assert len(words["access_token"]) == len(words["refresh_token"]) == 380


def test_a_json_body_is_taken_too(box: Box) -> None:
    assert box.ask_token(as_json=True, grant_type="authorization_code", code=box.code()).status_code == 200


def test_redirect_uri_may_be_left_out(box: Box) -> None:
    assert box.exchange(box.code()).status_code == 200


def test_another_redirect_uri_is_refused(box: Box) -> None:
    answer = box.exchange(box.code(), redirect_uri="http://127.0.0.1:8723/callback")
    assert says(answer) == (400, "invalid_grant", GRANT + "redirect_uri")


def test_code_is_good_once(box: Box) -> None:
    code = box.code()
    assert box.exchange(code).status_code == 200
    assert says(box.exchange(code)) == (400, "invalid_grant", GRANT + "code")


def test_code_is_good_for_five_minutes(box: Box) -> None:
    first, second = box.code(), box.code()
    box.clock.pass_by(timedelta(minutes=5) - timedelta(seconds=1))
    assert box.exchange(first).status_code == 200
    box.clock.pass_by(timedelta(seconds=1))
    assert says(box.exchange(second)) == (400, "invalid_grant", GRANT + "code")


def test_code_of_another_app_is_refused(box: Box) -> None:
    assert says(box.exchange(box.code(), OTHER)) == (400, "invalid_grant", GRANT + "code")


def test_code_outlives_a_wrong_client_secret(box: Box) -> None:
    code = box.code()
    assert box.exchange(code, client_secret="wrong").status_code == 401
    assert box.exchange(code).status_code == 200


def test_refresh_gives_a_new_access_token_and_the_same_refresh_token(box: Box) -> None:
    tokens = box.tokens()
    words = box.refresh(tokens["refresh_token"]).json()
    assert words["refresh_token"] == tokens["refresh_token"]
    assert words["access_token"] != tokens["access_token"]


def test_refresh_token_that_nobody_was_given_is_refused(box: Box) -> None:
    token = box.tokens()["refresh_token"]
    assert says(box.refresh(token[:-1])) == (400, "invalid_grant", GRANT + "refresh_token")


def test_refresh_token_of_another_app_is_refused(box: Box) -> None:
    assert says(box.refresh(box.tokens()["refresh_token"], OTHER)) == (400, "invalid_grant", REVOKED)


def test_authorization_ends_after_a_year(box: Box) -> None:
    token = box.tokens()["refresh_token"]
    box.clock.pass_by(timedelta(days=365) - timedelta(seconds=1))
    assert box.refresh(token).status_code == 200
    box.clock.pass_by(timedelta(seconds=1))
    assert says(box.refresh(token)) == (400, "invalid_grant", REVOKED)


def test_an_earlier_authorization_stays_good(box: Box) -> None:
    earlier, later = box.tokens()["refresh_token"], box.tokens()["refresh_token"]
    assert earlier != later
    assert box.refresh(earlier).status_code == box.refresh(later).status_code == 200


def test_a_console_authorization_gives_a_refresh_token(box: Box) -> None:
    account = box.world.someone("north-star")[1]
    given = box.world.authorize(BUILT_IN, account, EUROPE)
    assert box.refresh(given.refresh_token).status_code == 200


@pytest.mark.parametrize(
    "change", [{"client_secret": "wrong"}, {"client_secret": ""}, {"client_id": BUILT_IN.application_id}]
)
def test_wrong_client_is_refused(box: Box, change: dict[str, Any]) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"} | change
    answer = box.ask_token(**form)
    assert says(answer) == (401, "invalid_client", "Client authentication failed")


def test_an_app_without_a_secret_takes_any_but_none(box: Box) -> None:
    given = box.world.authorize(DRAFT, box.world.someone("x")[1], EUROPE)
    asked: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": given.refresh_token}
    assert box.ask_token(DRAFT, **asked, client_secret="whatever").status_code == 200
    assert box.ask_token(DRAFT, **asked, client_secret="").status_code == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": ""}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "profile"}, "invalid_scope"),
    ],
)
def test_malformed_requests_are_refused(box: Box, form: dict[str, Any], error: str) -> None:
    assert says(box.ask_token(**form))[:2] == (400, error)


@pytest.mark.parametrize("body", ["[]", "{", "[" * 50_000, '{"grant_type": 1}'])
def test_json_that_says_nothing_is_refused(box: Box, body: str) -> None:
    address = f"{box.base}/api.amazon.com/auth/o2/token"
    answer = requests.post(address, data=body, headers={"Content-Type": "application/json"}, timeout=10)
    assert says(answer)[:2] == (400, "invalid_request")


def test_a_body_of_another_type_is_an_unsupported_grant(box: Box) -> None:
    address = f"{box.base}/api.amazon.com/auth/o2/token"
    body = "grant_type=refresh_token"
    answer = requests.post(address, data=body, headers={"Content-Type": "text/plain"}, timeout=10)
    assert says(answer)[:2] == (400, "unsupported_grant_type")


def test_client_credentials_prove_the_client_and_open_no_account(box: Box) -> None:
    words = box.ask_token(grant_type="client_credentials", scope="sellingpartnerapi::notifications").json()
    assert "refresh_token" not in words
    assert box.participations(words["access_token"]).status_code == 403


def test_tokens_may_be_as_long_as_amazon_says(box: Box) -> None:
    box.world.faults.add(Fault("token", "long-tokens"))
    tokens = box.tokens()
    assert len(tokens["access_token"]) == len(tokens["refresh_token"]) == 2048
    assert box.participations(tokens["access_token"]).status_code == 200


def test_refresh_may_change_the_refresh_token(box: Box) -> None:
    tokens = box.tokens()
    box.world.faults.add(Fault("token", "rotate", times=1))
    changed = box.refresh(tokens["refresh_token"]).json()["refresh_token"]
    assert changed != tokens["refresh_token"]
    assert says(box.refresh(tokens["refresh_token"])) == (400, "invalid_grant", GRANT + "refresh_token")
    assert box.refresh(changed).json()["refresh_token"] == changed


def test_lives_can_be_shortened(box: Box) -> None:
    tokens = box.tokens()
    box.world.faults.add(Fault("token", "code-life", seconds=0, times=1))
    assert says(box.exchange(box.code())) == (400, "invalid_grant", GRANT + "code")
    box.world.faults.add(Fault("token", "authorization-life", seconds=0))
    assert says(box.refresh(tokens["refresh_token"])) == (400, "invalid_grant", REVOKED)
