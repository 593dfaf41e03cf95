"""The call that names a token's owner: for every product, and refused for want of a role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from sp_connect.simulator.faults import Fault
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, SimulatedApp, World
from tests.simulator.box import Box, Clock

GERMANY = "A1PA6795UKMFR9"


def ask(box: Box, token: str, marketplace: str = GERMANY, region: str = "eu", asin: str = "B00NOSUCH1") -> Any:
    address = f"{box.base}/sellingpartnerapi-{region}.amazon.com/products/fees/v0/items/{asin}/feesEstimate"
    price = {"ListingPrice": {"CurrencyCode": "EUR", "Amount": 10.0}}
    wanted = {"MarketplaceId": marketplace, "Identifier": "x", "PriceToEstimateFees": price}
    headers = {"x-amz-access-token": token} if token else {}
    return requests.post(address, json={"FeesEstimateRequest": wanted}, headers=headers, timeout=10)


@pytest.fixture(params=[("Selling Partner Insights",), ("Inventory and Order Tracking",), ()], ids=str)
def narrow(request: pytest.FixtureRequest) -> Iterator[tuple[Box, SimulatedApp]]:
    """A box whose app lacks the roles that name a token's owner."""
    clock = Clock()
    app = SimulatedApp(BUILT_IN.application_id, BUILT_IN.client_id, None, BUILT_IN.redirect_uris, roles=request.param)
    world = World(apps=[app], now=clock)
    with Simulator(world) as simulator:
        yield Box(simulator.base_url, world, clock), app


def test_an_unknown_product_is_a_client_error_that_names_the_seller(box: Box) -> None:
    answer = ask(box, box.tokens()["access_token"])
    result = answer.json()["payload"]["FeesEstimateResult"]
    assert (answer.status_code, result["Status"]) == (200, "ClientError")
    assert result["FeesEstimateIdentifier"]["SellerId"] == "A2EXAMPLE1234"
    assert result["FeesEstimateIdentifier"]["IdValue"] == "B00NOSUCH1"
    assert result["Error"]["Code"]


def test_without_the_role_it_is_refused_as_amazon_does(narrow: tuple[Box, SimulatedApp]) -> None:
    box, app = narrow
    token = box.exchange(box.code(app=app), app).json()["access_token"]
    answer = ask(box, token)
    assert answer.status_code == 403
    assert answer.json()["errors"] == [
        {"code": "Unauthorized", "message": "Access to requested resource is denied.", "details": ""}
    ]
    may_check = "Selling Partner Insights" in app.roles
    assert box.participations(token).status_code == (200 if may_check else 403)


def test_a_third_request_in_one_second_is_one_too_many(box: Box) -> None:
    token = box.tokens()["access_token"]
    assert [ask(box, token).status_code for _ in range(3)] == [200, 200, 429]
    box.clock.pass_by(timedelta(seconds=1))
    assert [ask(box, token).status_code for _ in range(2)] == [200, 429]


def test_another_account_has_a_rate_of_its_own(box: Box) -> None:
    acme, bravo = (box.tokens(company=one)["access_token"] for one in ("acme", "bravo"))
    assert [ask(box, token).status_code for token in (acme, acme, bravo)] == [200, 200, 200]


@pytest.mark.parametrize("token", ["", "Atza|x"])
def test_a_bad_token_is_refused(box: Box, token: str) -> None:
    assert ask(box, token).status_code == 403


def test_another_region_is_refused(box: Box) -> None:
    token = box.tokens()["access_token"]
    assert ask(box, token, region="na").status_code == 403
    assert ask(box, token, "ATVPDKIKX0DER").status_code == 400


def test_faults_take_the_role_or_the_name_or_the_answer(box: Box) -> None:
    token = box.tokens()["access_token"]
    box.world.faults.add(*(Fault("fees", kind, times=1) for kind in ("no-role", "nameless")))
    box.world.faults.add(Fault("fees", "status", times=1, status=429))
    assert ask(box, token).status_code == 429
    assert ask(box, token).status_code == 403
    assert "SellerId" not in ask(box, token).json()["payload"]["FeesEstimateResult"]["FeesEstimateIdentifier"]
    assert box.world.requests["fees"] == 3
    assert box.participations(token).status_code == 200
