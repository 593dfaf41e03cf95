"""The check call: what is read out of its answers, Amazon's own examples among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import responses

from sp_connect import errors
from sp_connect.amazon import geography, sellers
from sp_connect.models import AmazonWords, Marketplace, Secret
from tests.amazon.tiny import watched

SCOPE = geography.scope("acme", "eu")
ADDRESS = "https://sellingpartnerapi-eu.amazon.com/sellers/v1/marketplaceParticipations"
TOKEN = Secret("Atza|verysecret")
MODEL = Path(__file__).parent / "model" / "sellers.json"


def says(mock: responses.RequestsMock, body: object, status: int = 200) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    mock.get(ADDRESS, body=text, status=status, headers={"x-amzn-RequestId": "id-1"})


def ask() -> tuple[Marketplace, ...]:
    return sellers.marketplaces(watched(None).amazon, SCOPE, TOKEN)


def entry(code: str = "DE", **changes: Any) -> dict[str, Any]:
    country = geography.COUNTRIES[code]
    place = {
        "id": country.marketplace_id,
        "countryCode": code,
        "name": f"Amazon.{code.lower()}",
        "defaultCurrencyCode": country.currency,
        "defaultLanguageCode": "en_US",
        "domainName": f"www.{country.domain}",
    }
    made: dict[str, Any] = {
        "marketplace": place,
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
        "storeName": "Acme",
    }
    return made | changes


@pytest.mark.parametrize("region", ["na", "eu"])
def test_each_region_is_asked_at_its_own_host(amazon: responses.RequestsMock, region: str) -> None:
    host = geography.REGIONS[region].api_host
    amazon.get(f"https://{host}{sellers.PATH}", json={"payload": [entry("US")]})
    sellers.marketplaces(watched(None).amazon, geography.scope("acme", region), TOKEN)
    assert amazon.calls[0].request.headers["x-amz-access-token"] == TOKEN.reveal()


def test_marketplace_is_read(amazon: responses.RequestsMock) -> None:
    says(amazon, {"payload": [entry()]})
    assert ask() == (Marketplace("DE", "A1PA6795UKMFR9", "Amazon.de", "www.amazon.de", "EUR", "Acme", True, False),)


def test_suspended_and_ended_participation_are_read(amazon: responses.RequestsMock) -> None:
    part = {"isParticipating": False, "hasSuspendedListings": True}
    says(amazon, {"payload": [entry(participation=part)]})
    assert [(m.participating, m.suspended_listings) for m in ask()] == [(False, True)]


def test_marketplaces_come_in_the_order_of_the_tables(amazon: responses.RequestsMock) -> None:
    codes = [country.code for country in geography.countries_of("eu")]
    says(amazon, {"payload": [entry(code) for code in reversed(codes)]})
    assert [m.country for m in ask()] == codes


@pytest.mark.parametrize("pseudo", sorted(sellers.PSEUDO))
def test_pseudo_marketplaces_are_dropped(amazon: responses.RequestsMock, pseudo: str) -> None:
    place = {"id": pseudo, "countryCode": "DE", "name": "Non-Amazon DE", "domainName": "www.amazon.de"}
    says(amazon, {"payload": [entry(), entry(marketplace=place)]})
    assert [m.id for m in ask()] == ["A1PA6795UKMFR9"]


def test_an_unknown_marketplace_off_amazon_is_dropped(amazon: responses.RequestsMock) -> None:
    place = {"id": "ANEW", "countryCode": "DE", "name": "Non-Amazon", "domainName": "si-prod-marketplace.amazon.de"}
    says(amazon, {"payload": [entry(), entry(marketplace=place)]})
    assert len(ask()) == 1


def test_a_marketplace_newer_than_the_table_is_taken_and_comes_last(amazon: responses.RequestsMock) -> None:
    place = {"id": "ANEW", "countryCode": "CH", "name": "Amazon.ch", "domainName": "www.amazon.ch"}
    says(amazon, {"payload": [entry(marketplace=place), entry()]})
    assert [m.country for m in ask()] == ["DE", "CH"]


@pytest.mark.parametrize("missing", ["countryCode", "name", "defaultCurrencyCode", "defaultLanguageCode", "domainName"])
@pytest.mark.parametrize("value", ["absent", None, "", 5, []])
def test_missing_fields_are_filled_from_the_table(amazon: responses.RequestsMock, missing: str, value: object) -> None:
    sent = entry()
    del sent["marketplace"][missing]
    if value != "absent":
        sent["marketplace"][missing] = value
    says(amazon, {"payload": [sent]})
    (found,) = ask()
    assert (found.country, found.domain, found.currency) == ("DE", "www.amazon.de", "EUR")
    assert found.name in {"Amazon.de", "Germany"}


def test_an_entry_with_an_id_alone_is_a_marketplace(amazon: responses.RequestsMock) -> None:
    says(amazon, {"payload": [{"marketplace": {"id": "A1F83G8C2ARO7P"}}]})
    assert ask() == (
        Marketplace("GB", "A1F83G8C2ARO7P", "United Kingdom", "www.amazon.co.uk", "GBP", None, True, False),
    )


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, {"marketplace": None}, {"marketplace": {"id": 5}}])
def test_an_odd_entry_is_passed_over(amazon: responses.RequestsMock, odd: object) -> None:
    says(amazon, {"payload": [odd, entry()]})
    assert [m.country for m in ask()] == ["DE"]


@pytest.mark.parametrize(
    "payload", [[], [None], [{"marketplace": {"id": "A38D8NSA03LJTC", "domainName": "www.amazon.de"}}]]
)
def test_an_account_without_marketplaces_is_not_permitted(amazon: responses.RequestsMock, payload: object) -> None:
    says(amazon, {"payload": payload})
    with pytest.raises(errors.NotPermitted, match="names no marketplace of the account for acme in Europe & India"):
        ask()


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", {"payload": None}, {"payload": {}}, {"payload": "x"}])
def test_200_without_a_list_is_unexpected(amazon: responses.RequestsMock, body: object) -> None:
    says(amazon, body)
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        ask()
    assert caught.value.amazon == AmazonWords(request_id="id-1")


def test_403_tells_amazons_words(amazon: responses.RequestsMock) -> None:
    denied = "Access to requested resource is denied."
    details = "The access token you provided has expired."
    says(amazon, {"errors": [{"code": "Unauthorized", "message": denied, "details": details}]}, 403)
    with pytest.raises(errors.NotPermitted) as caught:
        ask()
    assert caught.value.amazon == AmazonWords("Unauthorized", f"{denied} {details}", "id-1")
    assert caught.value.exit_code == 3
    assert "the access token has expired" in caught.value.message


def test_403_without_details_tells_the_likely_causes(amazon: responses.RequestsMock) -> None:
    denied = "Access to requested resource is denied."
    says(amazon, {"errors": [{"code": "Unauthorized", "message": denied, "details": ""}]}, 403)
    with pytest.raises(errors.NotPermitted) as caught:
        ask()
    assert "the account sells in another region" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        "null",
        {"errors": []},
        {"errors": None},
        {"errors": {}},
        {"errors": ["x"]},
        {"errors": [{}]},
        {"errors": [{"code": 403, "message": "no"}]},
        {"errors": [{"code": ["x"], "message": {"a": 1}, "details": 5}]},
        {"message": "Forbidden"},
        "[" * 100_000,
    ],
)
@pytest.mark.parametrize("status", [403, 400])
def test_a_refusal_of_any_form_can_be_told(amazon: responses.RequestsMock, body: object, status: int) -> None:
    says(amazon, body, status)
    with pytest.raises(errors.NotPermitted if status == 403 else errors.UnexpectedAnswer) as caught:
        ask()
    assert caught.value.told()
    assert caught.value.amazon is not None
    assert caught.value.amazon.request_id == "id-1"


@pytest.mark.parametrize(("status", "kind"), [(429, errors.Throttled), (500, errors.Unreachable)])
def test_a_trouble_that_stays_is_told(
    amazon: responses.RequestsMock, status: int, kind: type[errors.AmazonTrouble]
) -> None:
    said = {"errors": [{"code": "QuotaExceeded", "message": "You exceeded your quota for the requested resource."}]}
    says(amazon, said, status)
    with pytest.raises(kind, match=r"sellingpartnerapi-eu\.amazon\.com") as caught:
        ask()
    assert "QuotaExceeded: You exceeded" in caught.value.told()
    assert "verysecret" not in caught.value.told()


# Amazon's own examples


def examples() -> list[Any]:
    paths = json.loads(MODEL.read_text(encoding="utf-8"))["paths"]
    participations = paths[sellers.PATH]["get"]["responses"]["200"]
    account = paths["/sellers/v1/account"]["get"]["responses"]["200"]
    found = [participations["examples"]]
    found += [case["response"] for case in participations["x-amzn-api-sandbox"]["static"]]
    found += [{"payload": account["examples"]["application/json"]["payload"]["marketplaceParticipationList"]}]
    return found


@pytest.mark.parametrize("number", range(3))
def test_amazons_own_example_is_read(amazon: responses.RequestsMock, number: int) -> None:
    says(amazon, examples()[number])
    (found,) = ask()
    assert (found.country, found.id, found.domain) == ("US", "ATVPDKIKX0DER", "www.amazon.com")
    assert (found.currency, found.store_name) == ("USD", "BestSellerStore")
    assert (found.participating, found.suspended_listings) == (True, False)
