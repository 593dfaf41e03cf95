"""The simulated Product Fees API: amazon.md section 7.2 as requests and answers. No sockets."""

from __future__ import annotations

import re

from sp_connect.amazon import geography
from sp_connect.simulator import sellers
from sp_connect.simulator.ledger import Authorization
from sp_connect.simulator.messages import Answer, Request, data
from sp_connect.simulator.world import DeniedError, World

PATH = re.compile(r"/products/fees/v0/items/([^/]+)/feesEstimate")
ROLES = frozenset({"Pricing", "Product Listing", "Finance and Accounting"})


def answer(world: World, request: Request) -> Answer:
    """Amazon's answer to a fees estimate: it names the owner of the token, though nobody here sells the product."""
    token = request.headers.get("x-amz-access-token", "")
    try:
        authorization = world.bearer(token)
    except DeniedError as error:
        return sellers.denied(error.details if token else "Access token is missing in the request header.")
    is_here = authorization.region == sellers.REGION_OF[request.host]
    if not is_here or world.faults.take("fees", "no-role") or not world.has_role(authorization, ROLES):
        return sellers.denied("")
    if not world.may_ask_fees(authorization):
        return sellers.refusal(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
    try:
        wanted = request.json()["FeesEstimateRequest"]
        marketplace = geography.MARKETPLACES[wanted["MarketplaceId"]]
        currency = wanted["PriceToEstimateFees"]["ListingPrice"]["CurrencyCode"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return sellers.refusal(400, "InvalidInput", "Invalid input")
    if marketplace.region != authorization.region:
        return sellers.refusal(400, "InvalidInput", "The marketplace is not one of this region.")
    path = PATH.fullmatch(request.path)
    assert path is not None, "the server sends only such requests here"
    why = "currency" if currency != marketplace.currency else "ASIN"
    return data(_result(world, authorization, wanted, path[1], why), headers=sellers.api_headers(200))


def _result(world: World, authorization: Authorization, wanted: dict[str, object], asin: str, why: str) -> object:
    """A client error, as for every product that the account does not sell; it still contains the seller's id."""
    identifier = {
        "MarketplaceId": wanted["MarketplaceId"],
        "IdType": "ASIN",
        "IdValue": asin,
        "SellerId": authorization.account.selling_partner_id,
        "SellerInputIdentifier": wanted.get("Identifier", ""),
        "IsAmazonFulfilled": wanted.get("IsAmazonFulfilled", False),
        "PriceToEstimateFees": wanted["PriceToEstimateFees"],
    }
    if world.faults.take("fees", "nameless"):
        del identifier["SellerId"]
    error = {"Type": "Sender", "Code": "InvalidParameterValue", "Message": f"There is an client-side error: {why}."}
    result = {"Status": "ClientError", "FeesEstimateIdentifier": identifier, "Error": error}
    return {"payload": {"FeesEstimateResult": result}}
