"""Whose token it is: the request for fees, and what is read out of its answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses

from sp_connect import errors
from sp_connect.amazon import fees, geography
from sp_connect.models import Secret
from tests.amazon.tiny import BREAK, Reply, Tiny, watched

SCOPE = geography.scope("acme", "na")
ADDRESS = "https://sellingpartnerapi-na.amazon.com/products/fees/v0/items/B08N5WRWNW/feesEstimate"
TOKEN = Secret("Atza|verysecret")


def named(account: object, status: str = "ClientError") -> dict[str, Any]:
    identifier = {"MarketplaceId": "ATVPDKIKX0DER", "IdType": "ASIN", "SellerId": account}
    return {"payload": {"FeesEstimateResult": {"Status": status, "FeesEstimateIdentifier": identifier}}}


def ask() -> str:
    return fees.owner(watched(None).amazon, SCOPE, "ATVPDKIKX0DER", "USD", TOKEN)


@pytest.mark.parametrize("status", ["Success", "ClientError", "ServiceError"])
def test_the_owner_is_named_whatever_becomes_of_the_estimate(amazon: responses.RequestsMock, status: str) -> None:
    amazon.post(ADDRESS, json=named("A2VYDBAL8BMVQK", status))
    assert ask() == "A2VYDBAL8BMVQK"


def test_the_request_is_the_one_of_amazons_model(amazon: responses.RequestsMock) -> None:
    amazon.post(ADDRESS, json=named("A2VYDBAL8BMVQK"))
    ask()
    request = amazon.calls[0].request
    assert json.loads(request.body or "") == {
        "FeesEstimateRequest": {
            "MarketplaceId": "ATVPDKIKX0DER",
            "IsAmazonFulfilled": True,
            "Identifier": "sp-connect",
            "PriceToEstimateFees": {"ListingPrice": {"CurrencyCode": "USD", "Amount": 10.0}},
        }
    }
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["x-amz-access-token"] == TOKEN.reveal()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, {"errors": [{"code": "Unauthorized", "message": "Denied.", "details": ""}]}, errors.OwnerNotNamed),
        (403, "<html>blocked</html>", errors.OwnerNotNamed),
        (404, {"errors": [{"code": "NotFound", "message": "No."}]}, errors.UnexpectedAnswer),
        (400, {"errors": [{"code": "InvalidInput", "message": "No."}]}, errors.UnexpectedAnswer),
        (429, {"errors": [{"code": "QuotaExceeded", "message": "Too often."}]}, errors.Throttled),
        (500, "", errors.Unreachable),
        (200, "<html>", errors.UnexpectedAnswer),
        (200, {"payload": None}, errors.UnexpectedAnswer),
        (200, {"payload": {"FeesEstimateResult": ["x"]}}, errors.UnexpectedAnswer),
        (200, named(None), errors.UnexpectedAnswer),
        (200, named(17), errors.UnexpectedAnswer),
        (200, named(""), errors.UnexpectedAnswer),
        (200, named("not an id"), errors.UnexpectedAnswer),
    ],
)
def test_what_names_nobody_is_an_error(
    amazon: responses.RequestsMock, status: int, body: object, error: type[errors.SpConnectError]
) -> None:
    amazon.post(ADDRESS, body=body if isinstance(body, str) else json.dumps(body), status=status)
    with pytest.raises(error):
        ask()


@pytest.mark.parametrize(("replies", "asked"), [([Reply(429)], 2), ([Reply(503)], 2), ([Reply(403)], 1), ([BREAK], 1)])
def test_it_is_asked_twice_at_most(tiny: Tiny, replies: list[Reply], asked: int) -> None:
    tiny.replies = replies
    with pytest.raises(errors.SpConnectError):
        fees.owner(watched(tiny.base).amazon, SCOPE, "ATVPDKIKX0DER", "USD", TOKEN)
    assert len(tiny.asked) == asked


def test_a_long_pause_that_amazon_wants_is_not_waited_for(tiny: Tiny) -> None:
    tiny.replies = [Reply(429, headers={"Retry-After": "15"})]
    with pytest.raises(errors.Throttled):
        fees.owner(watched(tiny.base).amazon, SCOPE, "ATVPDKIKX0DER", "USD", TOKEN)
    assert len(tiny.asked) == 1
