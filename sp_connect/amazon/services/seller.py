"""Seller Central: its consent pages, what they answer, the check of an account, and where an authorization ends.

Amazon's side is amazon.md sections 1 to 3, section 6 and section 7. Pure, but for the calls of `sellers` and `fees`.
"""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urljoin, urlsplit

from sp_connect.amazon import fees, geography, sellers
from sp_connect.amazon.services.protocol import Hop, Stranger
from sp_connect.models import App, Consent, Grant, Scope, Secret

CONSENT_PATH = "/apps/authorize/consent"
CONFIRM_PATH = "/apps/authorize/confirm/"

marketplaces = sellers.marketplaces
owner = fees.owner
manage_url = geography.manage_url


def consent_address(app: App, scope: Scope, state: str) -> str:
    """The consent page of the Seller Central host of `scope`, with what the redirect will carry back."""
    query = {"application_id": app.application_id, "state": state, "redirect_uri": app.redirect_uri}
    if app.draft:
        query["version"] = "beta"
    return f"https://{geography.consent_host(scope)}{CONSENT_PATH}?{urlencode(query)}"


def is_hop(values: dict[str, str]) -> bool:
    """Whether Amazon went by the Login URI: then it has granted nothing yet."""
    return "amazon_callback_uri" in values


def hop(values: dict[str, str], consent: Consent, state: str) -> Hop | Stranger:
    """Amazon's Login-URI hop (amazon.md sections 1.2 and 1.3); believed in nothing but its Amazon address."""
    to = values["amazon_callback_uri"]
    # It becomes a header: visible ASCII alone, which is all that an address may hold (RFC 3986).
    target = _target(to, consent.address) if to.isascii() and to.isprintable() and " " not in to else None
    if target is None:
        return Stranger("The address leads back to no address at all.")
    host = target.netloc.lower().removesuffix(":443")
    is_amazon = target.scheme == "https" and host in geography.NAMED_HOSTS
    # The path names our app: with another's, Amazon would hand our state to that other app.
    if not is_amazon or unquote(target.path).removesuffix("/") != CONFIRM_PATH + consent.app.application_id:
        return Stranger("The address leads on to a page that is not Amazon's confirmation of this app.")
    answer = {"redirect_uri": consent.app.redirect_uri, "state": state}
    if "amazon_state" in values:
        answer["amazon_state"] = values["amazon_state"]
    if consent.app.draft:
        answer["version"] = "beta"
    if not answer.keys().isdisjoint(name for name, _ in parse_qsl(target.query, keep_blank_values=True)):
        return Stranger("The address brings an answer of its own, where ours belongs.")
    joint = "&" if target.query else "?"
    return Hop(target._replace(netloc=host, fragment="").geturl() + joint + urlencode(answer))


def granted(values: dict[str, str]) -> Grant | Stranger:
    """The code and the Selling Partner ID that Amazon's redirect carries (amazon.md section 2.1)."""
    code, account = values.get("spapi_oauth_code", ""), values.get("selling_partner_id", "")
    if not code or not _is_plain(account):
        return Stranger("The address carries no authorization code with a Selling Partner ID.")
    return Grant(Secret(code), account)


def _target(address: str, base: str) -> SplitResult | None:
    try:
        parts = urlsplit(urljoin(base, address))
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_plain(account: str) -> bool:
    # The form of a Selling Partner ID is nowhere specified: anything short, visible and ASCII is taken.
    return 0 < len(account) <= 64 and account.isascii() and account.isprintable() and " " not in account
