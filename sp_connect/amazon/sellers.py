"""The Sellers API: the marketplaces of an account, which is the check call (amazon.md section 7)."""

from __future__ import annotations

import json
from typing import Any

from sp_connect import errors
from sp_connect.amazon import client, geography
from sp_connect.errors import causes
from sp_connect.models import AmazonWords, Marketplace, Scope, Secret

PATH = "/sellers/v1/marketplaceParticipations"

# Pseudo-marketplaces that real answers contain (amazon.md 7.1); a person never means one.
PSEUDO = frozenset(
    {
        "A2ZV50J4W1RKNI",
        "A1MQXOICRS2Z7M",
        "A3H6HPSLHAK3XG",
        "A38D8NSA03LJTC",
        "AFQLKURYRPEL8",
        "A1ZFFQZ3HTUKT9",
        "A62U237T8HV6N",
        "AZMDEXL2RVFNN",
        "AHRY1CZE9ZY4H",
        "AGWSWK15IEJJ7",
        "A3BXB0YN3XH17H",
    }
)


def marketplaces(
    amazon: client.Amazon, scope: Scope, access_token: Secret, app: str = causes.SOME_APP, *, quick: bool = False
) -> tuple[Marketplace, ...]:
    """The marketplaces of the account of `scope`, at least one, in the order in which tables show them.

    `quick` is for an answer that is not needed. Raises NotPermitted where Amazon says no and NoMarketplaces where it
    names none there (for an account of another region it answers either way, amazon.md 7.1), and AmazonTrouble.
    """
    host = geography.REGIONS[scope.region].api_host
    ask = amazon.ask_quickly if quick else amazon.get
    answer = ask(f"https://{host}{PATH}", {"x-amz-access-token": access_token})
    if answer.status == 403:
        raise errors.NotPermitted(scope, "Amazon does not let the app read the account", words(answer), app)
    if answer.status != 200:
        raise client.trouble(answer, words(answer))
    entries = answer.json().get("payload")
    if not isinstance(entries, list):
        raise errors.UnexpectedAnswer(host, "without a list of marketplaces", AmazonWords(request_id=answer.request_id))
    found = [marketplace for entry in entries if (marketplace := _marketplace(answer, entry)) is not None]
    if not found:
        raise errors.NoMarketplaces(scope)
    order = [country.marketplace_id for country in geography.COUNTRIES.values()]
    return tuple(sorted(found, key=lambda m: (order.index(m.id) if m.id in order else len(order), m.country)))


def _marketplace(answer: client.Answer, entry: Any) -> Marketplace | None:
    """One entry of the answer; None for a pseudo-marketplace or something else that no person sells in.

    Fields that the model requires are missing in Amazon's own example (amazon.md 7.1), so only the id must be
    there; a marketplace newer than our table is taken if its shop is an Amazon shop.
    """
    place = entry.get("marketplace") if isinstance(entry, dict) else None
    if not isinstance(place, dict) or not isinstance(place.get("id"), str):
        return None
    known = geography.MARKETPLACES.get(place["id"])
    domain = answer.told(place.get("domainName"))
    if known is None and (place["id"] in PSEUDO or not (domain or "").startswith("www.amazon.")):
        return None
    part = entry.get("participation")
    part = part if isinstance(part, dict) else {}
    country = known.code if known else answer.told(place.get("countryCode")) or "??"
    return Marketplace(
        country=country,
        id=known.marketplace_id if known else answer.told(place["id"]) or "",
        name=answer.told(place.get("name")) or (known.name if known else country),
        domain=domain or (f"www.{known.domain}" if known else None),
        currency=answer.told(place.get("defaultCurrencyCode")) or (known.currency if known else None),
        store_name=answer.told(entry.get("storeName")),
        participating=part.get("isParticipating") is not False,
        suspended_listings=part.get("hasSuspendedListings") is True,
    )


def words(answer: client.Answer) -> AmazonWords:
    """Amazon's words in a refusal: {"errors": [{"code", "message", "details"}]}; the details often hold the cause."""
    try:
        first = json.loads(answer.body)["errors"][0]
        said = [told for key in ("message", "details") if (told := answer.told(first.get(key)))]
        return AmazonWords(answer.told(first.get("code")), " ".join(said) or None, answer.request_id)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return AmazonWords(request_id=answer.request_id)
