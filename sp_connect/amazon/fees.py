"""The Product Fees API, which names the owner of a token: no other call of Amazon's does (amazon.md section 7.2)."""

from __future__ import annotations

from sp_connect import errors
from sp_connect.amazon import client, geography, sellers
from sp_connect.models import AmazonWords, Scope, Secret

ASIN = "B08N5WRWNW"
"""A product that Amazon knows. It need not be the seller's own: the answer names the seller all the same."""

PATH = f"/products/fees/v0/items/{ASIN}/feesEstimate"


def owner(amazon: client.Amazon, scope: Scope, marketplace_id: str, currency: str, access_token: Secret) -> str:
    """The Selling Partner ID of the account that `access_token` is of. The request changes nothing at Amazon.

    `marketplace_id` is one that the account sells in, and `currency` its own. Raises OwnerNotNamed where the app has no
    role for the call, and AmazonTrouble. The caller never needs the answer, so it may not take long.
    """
    host = geography.REGIONS[scope.region].api_host
    price = {"ListingPrice": {"CurrencyCode": currency, "Amount": 10.0}}
    wanted = {
        "MarketplaceId": marketplace_id,
        "IsAmazonFulfilled": True,
        "Identifier": "sp-connect",
        "PriceToEstimateFees": price,
    }
    document = {"FeesEstimateRequest": wanted}
    answer = amazon.ask_quickly(f"https://{host}{PATH}", {"x-amz-access-token": access_token}, document)
    if answer.status == 403:
        raise errors.OwnerNotNamed(scope, sellers.words(answer))
    if answer.status != 200:
        raise client.trouble(answer, sellers.words(answer))
    found: object = answer.json()
    for key in ("payload", "FeesEstimateResult", "FeesEstimateIdentifier", "SellerId"):
        found = found.get(key) if isinstance(found, dict) else None
    named = answer.told(found)
    if named is None or not named.isalnum() or not named.isascii():
        raise errors.UnexpectedAnswer(host, "without a seller's id", AmazonWords(request_id=answer.request_id))
    return named
