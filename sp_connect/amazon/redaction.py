"""How Amazon's tokens and client secrets begin, by which they are known wherever they turn up. Pure."""

from __future__ import annotations

import re

CLIENT_SECRETS = "amzn1.oa2-cs."
REFRESH_TOKENS = "Atzr|"
ACCESS_TOKENS = "Atza|"

LONGEST_REFRESH_TOKEN = 2048
"""Characters, at most (amazon.md 4.2)."""

MASK = "***"

_BEGINNINGS = ("Atzr", "Atza", CLIENT_SECRETS)
_WHOLE = r"(Atz[ra](?:\||%7[cC])|amzn1\.oa2-cs\.)[.~+/=%|-]*\w[\w.~+/=%|-]*"


def holds_secret(text: str) -> bool:
    """Whether a token or a client secret is somewhere in a text."""
    return any(mark in text for mark in (REFRESH_TOKENS, ACCESS_TOKENS, CLIENT_SECRETS))


def masked(text: str) -> str:
    """A text without the tokens and client secrets that are in it, as they are or as an address has them.

    What only names how they begin stays.
    """
    if not any(beginning in text for beginning in _BEGINNINGS):
        return text
    return re.sub(_WHOLE, rf"\1{MASK}", text, flags=re.ASCII)
