"""The check call: true to Amazon's own model, and 403 for its many reasons."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from sp_connect.amazon import geography
from sp_connect.simulator.faults import Fault
from tests.simulator.box import Box, countries

MODEL = Path(__file__).parents[1] / "amazon" / "model" / "sellers.json"
INVALID = "The access token you provided is revoked, malformed or invalid."


def follow_the_model(answer: requests.Response) -> None:
    """The answer is as Amazon's published model says."""
    model: dict[str, Any] = json.loads(MODEL.read_text())
    response = model["paths"]["/sellers/v1/marketplaceParticipations"]["get"]["responses"][str(answer.status_code)]
    jsonschema.validate(answer.json(), {**response["schema"], "definitions": model["definitions"]})
    assert set(response["headers"]) <= set(answer.headers)


def details(answer: requests.Response) -> str:
    assert answer.status_code == 403
    (error,) = answer.json()["errors"]
    assert error["code"] == "Unauthorized"
    assert error["message"] == "Access to requested resource is denied."
    found: str = error["details"]
    return found


@pytest.mark.parametrize(
    ("host", "region", "sold_in"),
    [
        ("sellercentral.amazon.com", "na", ["US", "CA", "MX"]),
        (
            "sellercentral-europe.amazon.com",
            "eu",
            ["DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "GB", "IN"],
        ),
        ("sellercentral.amazon.co.jp", "fe", ["JP"]),
        ("sellercentral.amazon.com.au", "fe", ["AU"]),
        ("sellercentral.amazon.sg", "fe", ["SG"]),
    ],
)
def test_participations_are_the_accounts_and_follow_the_model(
    box: Box, host: str, region: str, sold_in: list[str]
) -> None:
    answer = box.participations(box.tokens(host)["access_token"], region)
    assert countries(answer) == sold_in
    assert {entry["storeName"] for entry in answer.json()["payload"]} == {"Acme GmbH"}
    follow_the_model(answer)


@pytest.mark.slow
def test_every_marketplace_of_the_map_follows_the_model(box: Box) -> None:
    found = []
    for host in sorted(geography.SELLER_HOSTS):
        region = next(c.region for c in geography.COUNTRIES.values() if c.host == host)
        answer = box.participations(box.tokens(host, company="everyone")["access_token"], region)
        follow_the_model(answer)
        found += [entry["marketplace"] for entry in answer.json()["payload"]]
    assert {place["id"] for place in found} == set(geography.MARKETPLACES)
    japan = next(place for place in found if place["countryCode"] == "JP")
    assert japan["name"] == "Amazon.co.jp"
    assert japan["domainName"] == "www.amazon.co.jp"


def test_a_separate_india_account_sells_in_india_alone(box: Box) -> None:
    tokens = box.tokens("sellercentral.amazon.in", company="charlie-gmbh")
    assert countries(box.participations(tokens["access_token"])) == ["IN"]
    tokens = box.tokens(company="charlie-gmbh")
    assert "IN" not in countries(box.participations(tokens["access_token"]))


def test_answers_have_a_request_id_and_a_rate_limit(box: Box) -> None:
    answer = box.participations(box.tokens()["access_token"])
    assert answer.headers["x-amzn-RequestId"]
    assert answer.headers["x-amzn-RateLimit-Limit"] == "0.016"


def test_a_missing_token_is_named(box: Box) -> None:
    answer = box.participations("")
    assert details(answer) == "Access token is missing in the request header."
    assert answer.headers["x-amzn-RequestId"]
    assert "x-amzn-RateLimit-Limit" not in answer.headers
    follow_the_model(answer)


def test_an_access_token_dies_after_an_hour(box: Box) -> None:
    token = box.tokens()["access_token"]
    box.clock.pass_by(timedelta(seconds=3599))
    assert box.participations(token).status_code == 200
    box.clock.pass_by(timedelta(seconds=1))
    assert details(box.participations(token)) == "The access token you provided has expired."


@pytest.mark.parametrize("place", [0, 20, 100, 379])
def test_a_token_changed_by_a_letter_is_invalid(box: Box, place: int) -> None:
    token = box.tokens()["access_token"]
    changed = token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]
    assert details(box.participations(changed)) == INVALID


@pytest.mark.parametrize("token", ["Atza|", "x", "Atza|" + "W1tb" * 4000, "Atza|bnVsbA==.", "Atza|e30=."])
def test_a_token_that_is_none_is_invalid(box: Box, token: str) -> None:
    assert details(box.participations(token)) == INVALID


def test_a_refresh_token_is_no_access_token(box: Box) -> None:
    assert details(box.participations(box.tokens()["refresh_token"])) == INVALID


@pytest.mark.parametrize("region", ["na", "fe"])
def test_the_wrong_region_is_refused(box: Box, region: str) -> None:
    answer = box.participations(box.tokens()["access_token"], region)
    assert details(answer) == ""
    follow_the_model(answer)


def test_the_wrong_region_may_give_an_empty_list(box: Box) -> None:
    box.world.faults.add(Fault("sellers", "empty-elsewhere"))
    token = box.tokens()["access_token"]
    assert countries(box.participations(token, "na")) == []
    assert countries(box.participations(token)) != []


def test_an_account_may_have_no_marketplaces(box: Box) -> None:
    box.world.faults.add(Fault("sellers", "empty", times=1))
    token = box.tokens()["access_token"]
    assert countries(box.participations(token)) == []
    assert countries(box.participations(token)) != []


def test_pseudo_marketplaces_stand_beside_the_real_ones(box: Box) -> None:
    box.world.faults.add(Fault("sellers", "pseudo"))
    answer = box.participations(box.tokens()["access_token"])
    follow_the_model(answer)
    names = {entry["marketplace"]["name"] for entry in answer.json()["payload"]}
    assert {"Amazon.de", "Non-Amazon DE", "SI Prod ES Marketplace"} <= names
    assert "Non-Amazon US" not in names


def test_fields_may_be_missing(box: Box) -> None:
    box.world.faults.add(Fault("sellers", "missing-fields"))
    answer = box.participations(box.tokens()["access_token"])
    assert set(answer.json()["payload"][0]["marketplace"]) == {"id", "name", "countryCode", "domainName"}


def test_the_token_endpoint_on_the_wrong_host_is_amazons_riddle(box: Box) -> None:
    answer = requests.post(f"{box.base}/sellingpartnerapi-eu.amazon.com/auth/o2/token", timeout=10)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "MissingAuthenticationToken")
