"""Simulated tokens: how they look, and which authorization an access token is of. Knows no rules, no clock.

An access token names its authorization and its end under a seal, so that every process that shares the ledger
can tell whether it is genuine, and none has to be kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass

from sp_connect.simulator.ledger import Authorization

LENGTH, LONGEST = 380, 2048
_ALPHABET = string.ascii_letters + string.digits + "-_"


@dataclass(frozen=True, slots=True)
class Owner:
    """The content of a genuine access token. `expires` is in seconds since the epoch."""

    authorization: Authorization
    expires: int


def random(length: int) -> str:
    """Letters of a token that means nothing."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def access(authorization: Authorization, expires: int, salt: str, length: int = LENGTH) -> str:
    """The access token of `authorization` until `expires`; another `salt` makes another token."""
    words = json.dumps([_name(authorization), expires, salt], separators=(",", ":"))
    said = base64.urlsafe_b64encode(words.encode()).decode()
    seal = hmac.new(authorization.key.encode(), said.encode(), "sha256").hexdigest()
    text = f"Atza|{said}."
    return text + (seal * (LONGEST // len(seal) + 1))[: max(length - len(text), len(seal))]


def owner(token: str, among: Iterable[Authorization]) -> Owner | None:
    """Whose access token it is; None where it is none, or was changed by so much as a letter."""
    try:
        name, expires, salt = json.loads(base64.urlsafe_b64decode(token[5:].partition(".")[0]))
        found = next(given for given in among if _name(given) == name)
        genuine = hmac.compare_digest(access(found, expires, salt, len(token)), token)
    except (ValueError, TypeError, StopIteration, RecursionError):
        return None
    return Owner(found, expires) if genuine else None


def _name(authorization: Authorization) -> str:
    """A name for an authorization inside an access token, from which the key cannot be derived."""
    return hashlib.sha256(authorization.key.encode()).hexdigest()[:16]
