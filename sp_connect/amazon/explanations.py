"""Amazon's error codes: meaning, causes, fixes, and how certain each is. Pure.

The facts are those of amazon.md 2.2, 2.3, 4.3, 7.1 and 10.4; each entry names its own sections. Causes that the
program's errors tell too are in causes.py.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

from sp_connect.errors import causes
from sp_connect.errors.causes import ASK, CONNECT, Cause

FACTS = "amazon"
"""The document in docs/ that holds the facts, with their own sources."""

Where = Literal["consent-page", "redirect", "token-endpoint", "api"]
"""Where a code shows: on Amazon's consent page, in the address that comes back, or in an answer to a program."""

Certainty = Literal["documented", "seen", "second-hand", "unverified"]
"""Amazon's own documents say it, people met it, others quote Amazon on it, or no source settles it."""


class Explanation(NamedTuple):
    """The meaning of an Amazon error code. The first of `codes` is its name; the likeliest of `causes` comes first.

    `sources` are sections of the document FACTS.
    """

    codes: tuple[str, ...]
    where: Where
    meaning: str
    causes: tuple[Cause, ...]
    certainty: Certainty
    sources: tuple[str, ...]
    note: str = ""


class _Head(NamedTuple):
    """An entry of the table without its causes; several codes and sections stand apart by spaces."""

    codes: str
    where: Where
    certainty: Certainty
    sources: str
    meaning: str
    note: str = ""


def _entry(head: _Head, *why: Cause) -> Explanation:
    codes, where, certainty, sources, meaning, note = head
    return Explanation(tuple(codes.split()), where, meaning, why, certainty, tuple(sources.split()), note)


USUAL_APP = "default"
"""The app that a command names where none is meant."""

APP = "sp-connect app show {app}"
TOKEN = "sp-connect token {connection}"  # noqa: S105 - a command
CONSOLE = "in the developer console"
DESCRIPTION = "compare what was sent with Amazon's description of the API"

UNKNOWN = Cause("not known: users met it, and no source says why", ASK)
NO_URIS = Cause(
    "the app has no OAuth Login URI or no OAuth Redirect URI", f"enter the redirect URI as both {CONSOLE}", APP
)
MALFORMED = Cause("part of the address was lost or changed", "open the whole address that this prints", CONNECT)
AMAZONS_OWN = Cause("a failure at Amazon", "try again in a few minutes")
OLD_APP = Cause("the app is of the old kind, for SP-API and MWS", ASK)
VENDOR = Cause("it is a vendor's account", "sp-connect connects sellers only")
WRONG_CLIENT = Cause("the client id is not the app's", f"compare Client ID with the one {CONSOLE}", APP)

ALL = (
    _entry(
        _Head("MD1000", "consent-page", "seen", "1.1 2.3", "Amazon has no such app, or has it as a Draft."),
        Cause(
            "the app is a Draft at Amazon and kept here as published",
            "if State at Amazon is wrong, set draft = true in config.toml",
            APP,
        ),
        Cause(
            "the application id is not the app's, such as the client id in its place",
            f"compare Application ID with the App ID {CONSOLE}",
            APP,
        ),
    ),
    _entry(
        _Head("MD0000", "consent-page", "unverified", "2.3", "No source says what it means."),
        Cause("not known: a user met it after Confirm, and nobody explained it", ASK),
    ),
    _entry(
        _Head("MD4010", "consent-page", "unverified", "2.3", "No source says what it means."),
        Cause("not known: a user met it at sign-in and suspected the developer account", ASK),
    ),
    _entry(
        _Head(
            "MD4100",
            "consent-page",
            "unverified",
            "2.3",
            "Amazon does not find the app.",
            "Its page says: Unable to find the application. Amazon's staff asked for a support case.",
        ),
        Cause(
            "the application id or the app's state, as with MD1000: no source says which",
            f"compare both with those {CONSOLE}; if they are right, {ASK}",
            APP,
        ),
    ),
    _entry(
        _Head("MD5100", "consent-page", "seen", "1.3 2.3", "The address is malformed, or the app lacks one."),
        NO_URIS,
        MALFORMED,
    ),
    _entry(
        _Head("MD5101", "consent-page", "second-hand", "2.3 3.1", "The redirect URI is none of those registered."),
        Cause(
            "the redirect URI kept here is not the one at Amazon",
            f"compare it, letter for letter, with the OAuth Redirect URI {CONSOLE}",
            APP,
        ),
    ),
    _entry(
        _Head("MD5110", "consent-page", "second-hand", "2.3 3.1", "The redirect URI has a #."),
        Cause("Amazon takes no redirect URI with a fragment", "register one without, and keep the same here", APP),
    ),
    _entry(_Head("MD5200", "consent-page", "unverified", "2.3", "No source says what it means."), UNKNOWN),
    _entry(
        _Head("MD9000", "consent-page", "seen", "2.3", "The app's registration is not complete."),
        Cause(
            "a field is empty at Amazon, such as an OAuth URI", f"fill it in {CONSOLE}; the redirect URI is here", APP
        ),
    ),
    _entry(_Head("MD9001", "consent-page", "seen", "2.3", "The app is of an old kind, for MWS too."), OLD_APP),
    _entry(_Head("MD9010", "consent-page", "second-hand", "2.3", "An old app has no MWS id in this region."), OLD_APP),
    _entry(
        _Head("MD9100", "consent-page", "second-hand", "1.3 2.3", "The app's Login URI or Redirect URI is empty."),
        NO_URIS,
    ),
    _entry(
        _Head("MD9999", "consent-page", "seen", "2.3", "Amazon failed, or the address is malformed."),
        AMAZONS_OWN,
        MALFORMED,
    ),
    _entry(
        _Head("SPDC8143", "consent-page", "second-hand", "2.3", "The signed-in user may not consent."),
        Cause("the user is not the account's primary user", "sign in as the primary user, then", CONNECT),
    ),
    _entry(
        _Head("SPSA0404", "consent-page", "second-hand", "2.3", "The app is not for this kind of account."),
        Cause("the app is for vendors only", f"tick sellers for it {CONSOLE}"),
        VENDOR,
    ),
    _entry(
        _Head("SPSA2043", "consent-page", "second-hand", "2.3", "The vendor's group lacks the role SPDS-VC-MYA."),
        VENDOR,
    ),
    _entry(
        _Head("CONSENT_LIMIT_REACHED", "consent-page", "second-hand", "2.3 10.4", "All seats of the app are taken."),
        Cause(
            "an app that is not listed on the Appstore has seats for 25 sellers",
            "list it there: a listed app has no limit. The seats counted here",
            "sp-connect app list",
        ),
    ),
    _entry(
        _Head(
            "access_denied",
            "redirect",
            "unverified",
            "2.2",
            "The consent was refused.",
            "Plain Login with Amazon sends it. Whether Seller Central does, no source says; Cancel sends nothing.",
        ),
        causes.CANCELLED,
    ),
    _entry(
        _Head("invalid_grant", "token-endpoint", "seen", "4.2 4.3", "Amazon does not take the code or refresh token."),
        *causes.NOT_GRANTED,
    ),
    _entry(
        _Head(
            "invalid_client 401",
            "token-endpoint",
            "seen",
            "4.3 5",
            "The client id and client secret do not match.",
            "Once a secret is renewed, Amazon takes the old one for seven more days.",
        ),
        causes.SECRET_RENEWED,
        WRONG_CLIENT,
    ),
    _entry(
        _Head(
            "unauthorized_client",
            "token-endpoint",
            "unverified",
            "4.3",
            "The client is not allowed to do this.",
            "Amazon's documents have the code without a cause: these are likely ones.",
        ),
        causes.OTHER_APP,
        WRONG_CLIENT,
    ),
    _entry(
        _Head("invalid_request", "token-endpoint", "documented", "4.1 4.3", "A parameter is missing or not accepted."),
        Cause("the calling program left one out", "add what the grant type needs, or use sp-connect", TOKEN),
        Cause("it names the code: that was used already, or is older than its five minutes", command=CONNECT),
    ),
    _entry(
        _Head("invalid_scope", "token-endpoint", "documented", "4.1 4.3", "Amazon has no such scope."),
        Cause("a program asked for a token without a seller", "name a scope of the form sellingpartnerapi::NAME"),
    ),
    _entry(
        _Head(
            "unsupported_grant_type",
            "token-endpoint",
            "documented",
            "4.1 4.3",
            "The grant type is unknown, or the body is no form.",
        ),
        Cause("the calling program sends one of them wrongly", "correct it, or use sp-connect", TOKEN),
    ),
    _entry(
        _Head("server_error temporarily_unavailable", "token-endpoint", "documented", "4.3", "Amazon failed."),
        AMAZONS_OWN,
    ),
    _entry(
        _Head("Unauthorized 403 AccessDenied", "api", "seen", "5 7.1", "Amazon does not let the app read the account."),
        *causes.NOT_LET_IN,
    ),
    _entry(
        _Head("MissingAuthenticationToken", "api", "seen", "4.3", "A token was asked for at the wrong host."),
        Cause("the token endpoint is on no host of the API", "ask api.amazon.com, or use sp-connect", TOKEN),
    ),
    _entry(
        _Head(
            "QuotaExceeded 429",
            "api",
            "documented",
            "4.3 7.1",
            "Amazon is rate limiting (HTTP 429).",
            "The limits of the token endpoint are not known.",
        ),
        causes.TOO_OFTEN,
    ),
    _entry(
        _Head(
            "InvalidInput 400",
            "api",
            "unverified",
            "4.3 7.1",
            "Amazon does not understand the request.",
            "At the token endpoint a 400 has a code of its own, such as invalid_grant.",
        ),
        Cause("the calling program sends it wrongly", DESCRIPTION),
    ),
    _entry(
        _Head("NotFound 404", "api", "unverified", "7.1", "The API has nothing at this address."),
        Cause("the calling program uses a wrong path", DESCRIPTION),
    ),
    _entry(_Head("5xx 500 502 503 504 InternalFailure", "api", "documented", "4.3 7.1", "Amazon failed."), AMAZONS_OWN),
)

BY_CODE = {code.lower(): one for one in ALL for code in one.codes}


def find(text: str) -> Explanation | None:
    """The explanation of a code as people write it: in any case, with spaces, among other words, or cut short.

    None where nothing fits, or several do.
    """
    joined = _joined(text)
    # Written as it is before written alike: access_denied and AccessDenied are two codes.
    exact = [one for key in (text.lower().strip(), joined) if (one := BY_CODE.get(key))]
    alike = [one for one in ALL if joined in _alike(one.codes)]
    # A status says less than the word beside it.
    among = [BY_CODE[word] for word in sorted(re.findall(r"\w+", text.lower()), key=str.isdigit) if word in BY_CODE]
    begun = _begun(joined)
    fitting = exact or alike or among or (begun if len(begun) == 1 else [])
    return fitting[0] if fitting else None


def near(text: str) -> list[str]:
    """The codes that may have been meant: those that begin most like it, else those that look alike."""
    from difflib import get_close_matches

    joined = _joined(text)
    names = {name: code for one in ALL for name, code in zip(_alike(one.codes), one.codes, strict=True)}
    for length in range(min(len(joined), max(map(len, names))), 2, -1):  # a whole page may be pasted
        if begun := _begun(joined[:length]):
            return [one.codes[0] for one in begun]
    return [names[name] for name in get_close_matches(joined, names)]


def _begun(joined: str) -> list[Explanation]:
    return [one for one in ALL if joined and any(name.startswith(joined) for name in _alike(one.codes))]


@cache
def _alike(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_joined, codes))


def _joined(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())
