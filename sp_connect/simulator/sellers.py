"""The simulated Sellers API: amazon.md section 7 as requests and answers. No sockets."""

from __future__ import annotations

import uuid
from types import MappingProxyType
from typing import Any

from sp_connect.amazon import geography
from sp_connect.simulator import lwa
from sp_connect.simulator.ledger import Authorization
from sp_connect.simulator.messages import Answer, Request, data
from sp_connect.simulator.world import DeniedError, World

PATH = "/sellers/v1/marketplaceParticipations"
ROLES = frozenset({"Selling Partner Insights", "Product Listing"})
REGION_OF = MappingProxyType({region.api_host: region.code for region in geography.REGIONS.values()})

# Those with a question mark in amazon.md section 8 are the likeliest; no source settles them.
LANGUAGES = MappingProxyType(
    {"US": "en_US", "CA": "en_CA", "MX": "es_MX", "BR": "pt_BR", "DE": "de_DE", "FR": "fr_FR", "GB": "en_GB"}
    | {
        "IT": "it_IT",
        "ES": "es_ES",
        "IE": "en_IE",
        "NL": "nl_NL",
        "SE": "sv_SE",
        "PL": "pl_PL",
        "BE": "fr_BE",
    }
    | {
        "TR": "tr_TR",
        "AE": "en_AE",
        "SA": "ar_AE",
        "EG": "ar_EG",
        "ZA": "en_ZA",
        "IN": "en_IN",
        "JP": "ja_JP",
    }
    | {"AU": "en_AU", "SG": "en_SG"}
)

# Region, id, name and country of marketplaces that real answers contain beside the real ones (amazon.md 7.1).
PSEUDO = (
    ("na", "A2ZV50J4W1RKNI", "Non-Amazon US", "US"),
    ("na", "A3H6HPSLHAK3XG", "Non-Amazon MX", "MX"),
    ("eu", "A38D8NSA03LJTC", "Non-Amazon DE", "DE"),
    ("eu", "AFQLKURYRPEL8", "SI Prod ES Marketplace", "ES"),
    ("fe", "AHRY1CZE9ZY4H", "Amazon.com Invoicing Shadow Marketplace", "US"),
)


def answer(world: World, request: Request) -> Answer:
    """Answers requests to an endpoint of the Selling Partner API."""
    if request.method == "GET" and request.path == PATH:
        return _participations(world, request)
    if request.path == lwa.PATH:
        # A mistake that people make; Amazon's answer to it is amazon.md 4.3.
        return refusal(403, "MissingAuthenticationToken", "Missing Authentication Token")
    return refusal(404, "NotFound", "The resource specified does not exist.")


def refusal(status: int, code: str, message: str, details: str = "", headers: dict[str, str] | None = None) -> Answer:
    """A refusal of the Selling Partner API. A 403 names no rate limit (amazon.md 7.1)."""
    words = {"errors": [{"code": code, "message": message, "details": details}]}
    return data(words, status, api_headers(status) | {"x-amzn-ErrorType": code} | (headers or {}))


def _participations(world: World, request: Request) -> Answer:
    token = request.headers.get("x-amz-access-token", "")
    if not token:
        return denied("Access token is missing in the request header.")
    try:
        authorization = world.bearer(token)
    except DeniedError as error:
        return denied(error.details)
    region = REGION_OF[request.host]
    if not world.has_role(authorization, ROLES):
        return denied("")
    if authorization.region != region:
        if world.faults.take("sellers", "empty-elsewhere"):
            return data({"payload": []}, headers=api_headers(200))
        return denied("")
    entries = [] if world.faults.take("sellers", "empty") else _entries(authorization)
    is_out, is_suspended = (world.faults.take("sellers", kind) for kind in ("not-participating", "suspended"))
    for entry in entries:
        entry["participation"] = {"isParticipating": not is_out, "hasSuspendedListings": bool(is_suspended)}
    if world.faults.take("sellers", "pseudo"):
        store = authorization.account.company
        entries += [_entry(p[1], p[2], p[3], "", store) for p in PSEUDO if p[0] == region]
    if world.faults.take("sellers", "missing-fields"):
        for entry in entries:
            del entry["marketplace"]["defaultCurrencyCode"], entry["marketplace"]["defaultLanguageCode"]
    return data({"payload": entries}, headers=api_headers(200))


def _entries(authorization: Authorization) -> list[dict[str, Any]]:
    countries = [geography.COUNTRIES[code] for code in authorization.countries]
    store = authorization.account.company
    return [_entry(c.marketplace_id, c.domain.capitalize(), c.code, c.domain, store) for c in countries]


def _entry(marketplace_id: str, name: str, code: str, domain: str, store: str) -> dict[str, Any]:
    """One entry of the answer; a marketplace without an Amazon shop has a domain of its own kind."""
    return {
        "marketplace": {
            "id": marketplace_id,
            "name": name,
            "countryCode": code,
            "defaultCurrencyCode": geography.COUNTRIES[code].currency,
            "defaultLanguageCode": LANGUAGES[code],
            "domainName": f"www.{domain}" if domain else f"{name.lower().replace(' ', '-')}.stores.example",
        },
        "storeName": store,
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
    }


def denied(details: str) -> Answer:
    """The 403 for a bad token, a missing role and a wrong region alike; only a bad token has `details`."""
    return refusal(403, "Unauthorized", "Access to requested resource is denied.", details)


def api_headers(status: int) -> dict[str, str]:
    """The headers that an answer of the Selling Partner API with `status` has."""
    request_id = {"x-amzn-RequestId": str(uuid.uuid4())}
    return request_id if status == 403 else request_id | {"x-amzn-RateLimit-Limit": "0.016"}
