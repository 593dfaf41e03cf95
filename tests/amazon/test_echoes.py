"""An Amazon, or something in its place, that repeats in its answers what it was asked with: nothing of it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
import responses
from requests import PreparedRequest

from sp_connect import errors
from sp_connect.amazon import geography, lwa, sellers
from sp_connect.models import Grant, Secret
from tests.amazon.test_sellers import ADDRESS, entry
from tests.amazon.tiny import watched
from tests.stores.samples import app

SCOPE = geography.scope("acme", "eu")
# Of no form that is known: only that it was sent tells that it is a secret.
CLIENT_SECRET = Secret("correct/horse+battery%staple")
CODE = Secret("ANxyz/battery+staple==")
REFRESH_TOKEN = Secret("Atzr|IwEBI/verysecret+refresh==")
ACCESS_TOKEN = Secret("Atza|IwEBI/verysecret+access==")
SECRETS = [one.reveal() for one in (CLIENT_SECRET, CODE, REFRESH_TOKEN, ACCESS_TOKEN)]

Reply = tuple[int, dict[str, str], str]


def exchange() -> object:
    grant = Grant(CODE, "A2EXAMPLE1234")
    return lwa.exchange(watched(None).amazon, app(), CLIENT_SECRET, SCOPE, grant)


def refresh() -> object:
    return lwa.refresh(watched(None).amazon, app(), CLIENT_SECRET, SCOPE, REFRESH_TOKEN)


def check() -> object:
    return sellers.marketplaces(watched(None).amazon, SCOPE, ACCESS_TOKEN)


def repeated(request: PreparedRequest) -> str:
    """All that was sent, as it is and as it was written."""
    body = request.body if isinstance(request.body, str) else ""
    return " ".join([body, *(value for _, value in parse_qsl(body)), str(dict(request.headers))])


def refusing(status: int, error: str = "invalid_grant") -> Callable[[PreparedRequest], Reply]:
    def reply(request: PreparedRequest) -> Reply:
        said = repeated(request)
        both = {
            "error": error if status == 400 else said,
            "error_description": said,
            "request_id": said,
            "errors": [{"code": said, "message": said, "details": said}],
        }
        return status, {"x-amzn-RequestId": said}, json.dumps(both)

    return reply


def chattering(request: PreparedRequest) -> Reply:
    """No JSON, of a type that repeats what was sent."""
    return 200, {"Content-Type": f"text/{repeated(request)}", "x-amzn-RequestId": repeated(request)}, "<html>"


def told(error: errors.SpConnectError) -> str:
    return json.dumps(error.as_dict()) + error.told() + repr(error) + str(error.amazon)


def parts(text: str) -> list[str]:
    """The secrets that are in a text, as they are or as an address has them."""
    return [s for s in SECRETS if s in text or quote(s, safe="") in text or s.partition("|")[2][:12] in text.split()]


@pytest.mark.parametrize("call", [exchange, refresh, check])
@pytest.mark.parametrize(
    "reply",
    [refusing(400), refusing(400, "invalid_client"), refusing(401), refusing(403), refusing(429), chattering],
    ids=["grant", "client", "401", "403", "429", "type"],
)
def test_a_refusal_that_repeats_the_request_is_told_without_it(
    amazon: responses.RequestsMock, call: Callable[[], object], reply: Callable[[PreparedRequest], Reply]
) -> None:
    method, address = ("GET", ADDRESS) if call is check else ("POST", lwa.TOKEN_ADDRESS)
    amazon.add_callback(method, address, reply)

    with pytest.raises(errors.SpConnectError) as caught:
        call()

    assert "***" in told(caught.value)
    assert parts(told(caught.value)) == []


def test_marketplaces_that_repeat_the_token_are_kept_without_it(amazon: responses.RequestsMock) -> None:
    token = ACCESS_TOKEN.reveal()
    known: dict[str, Any] = entry("DE", storeName=f"Shop {token}")
    known["marketplace"] |= {"name": token, "domainName": token, "defaultCurrencyCode": token}
    new = {"id": token, "countryCode": token, "name": token, "domainName": f"www.amazon.{token}"}
    amazon.get(ADDRESS, json={"payload": [known, {"marketplace": new}]})

    found = sellers.marketplaces(watched(None).amazon, SCOPE, ACCESS_TOKEN)

    assert len(found) == 2
    assert found[0].store_name == "Shop ***"
    assert parts(json.dumps(found)) == []


def test_a_short_client_secret_does_not_garble_what_amazon_says(amazon: responses.RequestsMock) -> None:
    words = {"error": "invalid_client", "error_description": "Client authentication failed"}
    amazon.post(lwa.TOKEN_ADDRESS, json=words, status=401)

    with pytest.raises(errors.ClientRejected) as caught:
        lwa.refresh(watched(None).amazon, app(), Secret("failed"), SCOPE, REFRESH_TOKEN)

    assert caught.value.told().endswith("Client authentication failed.")


def test_a_refresh_token_that_is_given_back_is_the_token(amazon: responses.RequestsMock) -> None:
    words = {"access_token": "Atza|new", "refresh_token": REFRESH_TOKEN.reveal(), "expires_in": 3600}
    amazon.post(lwa.TOKEN_ADDRESS, json=words)

    tokens = lwa.refresh(watched(None).amazon, app(), CLIENT_SECRET, SCOPE, REFRESH_TOKEN)

    assert tokens.refresh_token == REFRESH_TOKEN
