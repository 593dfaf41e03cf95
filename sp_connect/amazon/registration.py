"""The form of an application's ids, secrets and redirect URI as Amazon registers them. Pure.

Both ids begin alike and are confused constantly, so what was swapped is told (amazon.md sections 1.1 and 3.1).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import SplitResult, quote, urlsplit

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.amazon.redaction import (
    ACCESS_TOKENS,
    CLIENT_SECRETS,
    LONGEST_REFRESH_TOKEN,
    REFRESH_TOKENS,
    holds_secret,
    masked,
)
from sp_connect.models import Secret

# The older and the newer form.
APPLICATION_IDS = ("amzn1.sellerapps.app.", "amzn1.sp.solution.")
CLIENT_IDS = "amzn1.application-oa2-client."

LONGEST_CLIENT_ID = 256

LONGEST_FRONT = 40
"""Characters in front of a client secret that are shown, at most."""

_SECRET = re.compile(r"[\w.~+/=-]*", re.ASCII)

_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
_LABEL = re.compile(r"[\w -]{1,40}[:=]\s*['\"]?", re.ASCII)
"""The key that settings files put before a token: `refresh_token: `, `SP_API_REFRESH_TOKEN=`."""

_TOKEN_HINT = f"a refresh token begins with {REFRESH_TOKENS}: copy it again from Amazon's console"


def check_ids(application_id: str, client_id: str) -> None:
    """Raises BadAppField unless the two ids are what they should be, and not each other. A secret is not repeated."""
    if holds_secret(application_id) or holds_secret(client_id):
        raise errors.BadAppField(
            "That is a client secret or a token, not an id.",
            "remove it from the shell's history; the secret is asked for, or read with --client-secret-stdin",
        )
    if application_id.startswith(CLIENT_IDS) and not client_id.startswith(CLIENT_IDS):
        raise errors.BadAppField(
            "The application id and the client id are swapped.",
            f"--application-id {client_id} --client-id {application_id}",
        )
    if application_id.startswith(CLIENT_IDS):
        raise errors.BadAppField(
            f"{application_id} is a client id, not an application id: Amazon's consent page would say MD1000.",
            f"--application-id takes the App ID of the developer console: {' or '.join(APPLICATION_IDS)}...",
        )
    if not application_id.startswith(APPLICATION_IDS) or not _is_plain(application_id):
        raise errors.BadAppField(
            f"{application_id!r} is not an application id.",
            f"it begins with {' or '.join(APPLICATION_IDS)}: App ID in the developer console",
        )
    if not client_id.startswith(CLIENT_IDS) or not _is_plain(client_id):
        raise errors.BadAppField(
            f"{client_id!r} is not a client id.",
            f"it begins with {CLIENT_IDS}: LWA credentials, View, in the developer console",
        )


def client_id(text: str) -> str:
    """A client id as a file names it. Raises Usage for what is none; it is not repeated, since it may be a secret."""
    if not text.startswith(CLIENT_IDS) or not _is_plain(text) or len(text) > LONGEST_CLIENT_ID:
        raise errors.Usage(
            "lwa_app_id is not a client id.", f"it begins with {CLIENT_IDS}: LWA credentials in the developer console"
        )
    return text


def check_client_secret(secret: Secret) -> bool:
    """Whether it has the form that Amazon's have today; the form is not settled (amazon.md 4.1).

    Raises BadAppField for what can be no client secret.
    """
    value = secret.reveal()
    _check_edges(value)
    if value.startswith((CLIENT_IDS, *APPLICATION_IDS, REFRESH_TOKENS)):
        raise errors.BadAppField(
            "That is an id or a token, not the client secret. It was not saved.",
            f"the client secret begins with {CLIENT_SECRETS}: LWA credentials, View, in the developer console",
        )
    if not _is_plain(value):
        raise errors.BadAppField(
            "A client secret has no spaces. It was not saved.",
            "copy it again from the developer console",
        )
    return value.startswith(CLIENT_SECRETS)


def _check_edges(value: str) -> None:
    """Raises BadAppField for a client secret with something in front of it or behind it, and says what."""
    front, mark, rest = value.partition(CLIENT_SECRETS)
    if not mark:
        return
    if front:
        what = f"{masked(front)[-LONGEST_FRONT:]!r} comes before it"
    elif CLIENT_SECRETS in rest:
        what = "it appears twice"
    elif (whole := _SECRET.match(rest)) and (behind := rest[whole.end() :]):
        what = f"{behind[0]!r} comes after it"
    else:
        return
    raise errors.BadAppField(
        f"That contains more than a client secret: {what}. It was not saved.",
        f"give only the value: it begins with {CLIENT_SECRETS} and has no quotes and no comma",
    )


def check_refresh_token(token: Secret) -> None:
    """Raises Usage for what can be no refresh token; it is not repeated."""
    value = token.reveal()
    if not value:
        raise errors.Usage("The refresh token is missing.", _TOKEN_HINT)
    if finding := _around(value):
        raise errors.Usage(f"{finding} It was not saved.", "give only the token, which begins with " + REFRESH_TOKENS)
    if not value.startswith(REFRESH_TOKENS):
        raise errors.Usage("That is no refresh token. It was not saved.", _TOKEN_HINT)
    if not (value.isascii() and value.isprintable()):
        raise errors.Usage("A refresh token is plain ASCII without spaces. It was not saved.", _TOKEN_HINT)
    if len(value) > LONGEST_REFRESH_TOKEN:
        raise errors.Usage(
            f"A refresh token has at most {LONGEST_REFRESH_TOKEN:,} characters. It was not saved.", _TOKEN_HINT
        )


def _around(value: str) -> str | None:
    """A sentence about text copied along with a refresh token, or changes to it; a second copy would have it too."""
    if any(unicodedata.category(one) == "Cf" for one in value):
        what = "a byte order mark" if "\ufeff" in value else "an invisible character"
        return f"There is {what} in the refresh token."
    if value.startswith(ACCESS_TOKENS):
        return "That is an access token, which expires after an hour, not a refresh token."
    if REFRESH_TOKENS not in value:
        if value.lower().startswith(quote(REFRESH_TOKENS).lower()):
            return "The | of the refresh token is written %7C, as in an address."
        return None
    before, _, behind = value.partition(REFRESH_TOKENS)
    if before.strip(_QUOTES):
        told = (
            before.strip(_QUOTES + " ") if _LABEL.fullmatch(before) and not holds_secret(before) else "something else"
        )
        return f"There is {told} in front of the refresh token."
    if value[0] in _QUOTES or value.rstrip(",; ")[-1] in _QUOTES:
        return "There is a quote around the refresh token."
    if REFRESH_TOKENS in behind:
        return "There are two refresh tokens."
    if any(one.isspace() for one in value):
        kind = "a line break" if "\n" in value or "\r" in value else "a space"
        return f"There is {kind} in the refresh token."
    return None


def selling_partner_id(account: str) -> str:
    """A Selling Partner ID that a person typed, in capitals. Raises Usage as `check_selling_partner_id` does."""
    account = account.upper() if account.isascii() and account.isalnum() else account
    check_selling_partner_id(account)
    return account


def check_selling_partner_id(account: str) -> None:
    """Raises Usage for what a person typed that can be no Selling Partner ID. A secret is not repeated.

    The form is nowhere specified; every ID that is known is of capital letters and digits.
    """
    hint = "it is the Merchant Token: Seller Central, Settings, Account Info, Your Merchant Token"
    if holds_secret(account) or len(account) > 64:
        raise errors.Usage("That is a token, or something else that is too long for a Selling Partner ID.", hint)
    if account in geography.MARKETPLACES:
        raise errors.Usage(f"{account} is the id of a marketplace, not of a selling partner.", hint)
    if not (account.isascii() and account.isalnum() and account.isupper()):
        raise errors.Usage(f"{account!r} is not a Selling Partner ID.", hint)


def check_redirect_uri(address: str) -> None:
    """Raises BadAppField for a redirect URI that Amazon refuses: not https, localhost, with a fragment.

    A secret is not repeated.
    """
    relay = (
        "the address of your relay page, such as https://agency.example/sp-connect; sp-connect relay writes the page"
    )
    if holds_secret(address):
        raise errors.BadAppField("A redirect URI holds no client secret and no token.", f"--redirect-uri takes {relay}")
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise errors.BadAppField(f"{address!r} is not an address.", f"--redirect-uri takes {relay}") from None
    if finding := _finding(parts, host, address):
        raise errors.BadAppField(
            f"Amazon does not take {address!r} as a redirect URI: {finding}.", f"--redirect-uri takes {relay}"
        )


def _finding(parts: SplitResult, host: str, address: str) -> str | None:
    if not _is_plain(address) or not host:
        return "it is not a whole address"
    if parts.scheme != "https":
        return "it must begin with https://"
    if _is_this_machine(host):
        return "it may not lead to this machine"
    if "#" in address:
        return "it may have no fragment (#)"
    if parts.username is not None:
        return "it may hold no user name"
    return None


def _is_this_machine(host: str) -> bool:
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        return False
    number = getattr(number, "ipv4_mapped", None) or number
    return number.is_loopback or number.is_unspecified


def _is_plain(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text and len(text) <= 2048
