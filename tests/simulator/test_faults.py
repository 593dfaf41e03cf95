"""Every way in which an answer can be spoilt, by Python and over HTTP."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
import requests

from sp_connect.simulator import faults
from sp_connect.simulator.faults import Endpoint, Fault
from tests.simulator.box import EUROPE, Box


def test_a_fault_lasts_for_its_times(box: Box) -> None:
    token = box.tokens()["refresh_token"]
    box.world.faults.add(Fault("token", "status", times=2))
    assert [box.refresh(token).status_code for _ in range(3)] == [503, 503, 200]


def test_a_fault_without_times_lasts_until_it_is_cleared(box: Box) -> None:
    token = box.tokens()["refresh_token"]
    box.world.faults.add(Fault("token", "status"))
    assert {box.refresh(token).status_code for _ in range(5)} == {503}
    box.world.faults.clear()
    assert box.refresh(token).status_code == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 415, 429, 500, 502, 503])
def test_each_status_speaks_its_endpoints_language(box: Box, status: int) -> None:
    tokens = box.tokens()
    box.world.faults.add(Fault("token", "status", status=status), Fault("sellers", "status", status=status))
    refused = box.refresh(tokens["refresh_token"])
    assert (refused.status_code, set(refused.json()) >= {"error", "error_description", "request_id"}) == (
        status,
        True,
    )
    refused = box.participations(tokens["access_token"])
    assert (refused.status_code, set(refused.json())) == (status, {"errors"})
    assert ("x-amzn-RateLimit-Limit" in refused.headers) == (status != 403)


def test_throttling_says_when_to_come_back(box: Box) -> None:
    token = box.tokens()["access_token"]
    box.world.faults.add(Fault("sellers", "status", status=429, retry_after=7))
    answer = box.participations(token)
    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["errors"][0]["code"] == "QuotaExceeded"


def test_a_status_may_carry_an_error_of_choice(box: Box) -> None:
    box.world.faults.add(Fault("token", "status", status=400, error="unauthorized_client"))
    assert box.refresh("x").json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(("body", "begins"), [("html", "<!doctype html>"), ("none", "")])
def test_a_status_may_carry_a_page_or_nothing(box: Box, body: Any, begins: str) -> None:
    box.world.faults.add(Fault("token", "status", status=502, body=body))
    answer = box.refresh("x")
    assert answer.status_code == 502
    assert answer.text[: len("<!doctype html>")] == begins


def test_html_comes_with_200(box: Box) -> None:
    box.world.faults.add(Fault("sellers", "html"))
    answer = box.participations("x")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_a_dropped_connection_does_nothing(box: Box) -> None:
    code = box.code()
    box.world.faults.add(Fault("token", "drop", times=1))
    with pytest.raises(requests.ConnectionError):
        box.exchange(code)
    assert box.exchange(code).status_code == 200


def test_a_truncated_answer_was_meant(box: Box) -> None:
    code = box.code()
    box.world.faults.add(Fault("token", "truncated", times=1))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        box.exchange(code)
    assert box.exchange(code).json()["error"] == "invalid_grant"


def test_a_huge_answer_is_as_huge_as_asked(box: Box) -> None:
    box.world.faults.add(Fault("sellers", "huge", size=3_000_000))
    assert len(box.participations("x").content) > 3_000_000


def test_a_delay_is_felt_by_a_client_with_less_patience(box: Box) -> None:
    box.world.faults.add(Fault("token", "delay", seconds=30, times=1))
    with pytest.raises(requests.Timeout):
        requests.post(f"{box.base}/api.amazon.com/auth/o2/token", timeout=0.05)


def test_a_fault_of_the_consent_spoils_its_page_and_leaves_manage(box: Box) -> None:
    box.world.faults.add(Fault("consent", "status", status=500, times=2))
    assert box.open_consent().status_code == 500
    assert requests.get(f"{box.base}/{EUROPE}/apps/manage", timeout=10).status_code == 200
    assert box.press(account="A2EXAMPLE1234").status_code == 500


def test_faults_are_set_and_cleared_over_http(box: Box) -> None:
    address = f"{box.base}/simulator/faults"
    one: dict[str, Any] = {"endpoint": "token", "kind": "status", "status": 500}
    assert requests.post(address, json=one, timeout=10).status_code == 200
    many = [
        {"endpoint": "consent", "kind": "hop", "relative": True},
        {"endpoint": "sellers", "kind": "empty"},
    ]
    answer = requests.post(address, json=many, timeout=10)
    assert [fault["kind"] for fault in answer.json()["faults"]] == ["status", "hop", "empty"]
    assert box.refresh("x").status_code == 500
    assert requests.delete(address, timeout=10).json() == {"faults": []}
    assert list(box.world.faults) == []


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "nowhere"},
        {"kind": "empty"},
        {"kind": ["status"]},
        {"status": 200},
        {"status": True},
        {"times": 0},
        {"body": ["json"]},
        {"seconds": -1},
        {"seconds": float("nan")},
        {"size": 10**12},
        {"retry_after": "a\r\nb"},
        {"retry_after": "é"},
        {"error": 1},
        {"relative": "yes"},
        {"unknown": 1},
    ],
)
def test_faults_that_do_not_fit_are_refused(box: Box, change: dict[str, Any]) -> None:
    words = {"endpoint": "token", "kind": "status"} | change
    # Written by hand, because requests refuses to write NaN.
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{box.base}/simulator/faults", data=json.dumps(words), headers=headers, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert list(box.world.faults) == []


def test_no_web_page_can_turn_a_knob(box: Box) -> None:
    body = '{"endpoint": "token", "kind": "status"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = requests.post(f"{box.base}/simulator/faults", data=body, headers={"Content-Type": kind}, timeout=10)
        assert answer.status_code == 415
    assert list(box.world.faults) == []


@pytest.mark.parametrize("endpoint", list(faults.BENDING))
def test_every_kind_that_is_described_can_be_set(endpoint: Endpoint) -> None:
    for kind in [*faults.SPOILING, *faults.BENDING[endpoint]]:
        fault = Fault(endpoint, kind, times=1)
        assert faults.from_json(dataclasses.asdict(fault)) == fault
