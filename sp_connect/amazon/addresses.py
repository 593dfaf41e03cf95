"""Restores an address that mail, chat and link-protection programs changed on its way from the seller's browser. Pure.

Characters that an answer's address cannot contain are removed. A link that a mail gateway rewrote is unwrapped if it
contains the address; otherwise an error names the gateway. The caller still compares site and state.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from urllib.parse import parse_qsl, unquote, urlsplit

from sp_connect import errors

MOST_WRAPPERS = 5
"""Wrappers around one address that are taken off: each gateway on the way adds one."""

_BEGIN = re.compile(r"(?<![=_/])(?=https?://)", re.IGNORECASE)
"""Where an address begins. Behind = _ and / it is a value of another one."""

_AROUND = (
    "\"'`*|<>()[]{}"
    "\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d"  # quotes
    "\uff02\uff07\uff08\uff09\uff1c\uff1e"  # wide quotes and brackets
)
"""Characters that may surround an address; after it also those that end a sentence."""

_END = ".,;:!\u2026\u3002\uff0c\uff1b"

_AMPERSAND = re.compile(r"&(?:amp|#38|#x26);", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:lt|gt|quot|apos|nbsp|#34|#39|#60|#62|#160);", re.IGNORECASE)

_CARRIERS = (
    (re.compile(r"(?:.+\.)?safelinks\.protection\.(?:outlook\.com|office365\.us)"), "url"),
    (re.compile(r"statics\.teams\.cdn\.office\.net|teams\.microsoft\.com"), "url"),
    (re.compile(r"(?:www\.)?google\.[a-z.]{2,6}"), "q"),
    (re.compile(r"(?:www\.)?google\.[a-z.]{2,6}"), "url"),
    (re.compile(r"slack-redir\.net"), "url"),
    (re.compile(r"lm?\.facebook\.com|l\.instagram\.com|l\.workplace\.com"), "u"),
    (re.compile(r"linkprotect\.cudasvc\.com"), "a"),
    (re.compile(r"(?:www\.)?linkedin\.com"), "url"),
)
"""Hosts of links that carry another address, whole, in a parameter."""

_OPAQUE = (
    (re.compile(r"(?:.+\.)?mimecast(?:protect)?\.com"), "Mimecast"),
    (re.compile(r"(?:.+\.)?protection\.sophos\.com"), "Sophos"),
    (re.compile(r"url\.emailprotection\.link|(?:.+\.)?emailprotection\.link"), "a mail gateway"),
    (re.compile(r"secure-web\.cisco\.com"), "Cisco"),
    (re.compile(r"(?:.+\.)?fireeye\.com|(?:.+\.)?trendmicro\.com|clicktime\.symantec\.com"), "a mail gateway"),
    (re.compile(r"lnkd\.in|bit\.ly|t\.co|goo\.gl|tinyurl\.com|aka\.ms"), "a link shortener"),
)
"""Hosts of links that do not carry the address that they lead to."""

_V2 = re.compile(r"https?://urldefense\.proofpoint\.com/v2/url$", re.IGNORECASE)
_V3 = re.compile(r"https?://urldefense\.(?:com|us|proofpoint\.com)/v3/__(.+?)__;([\w-]*)!", re.IGNORECASE)
_V3_MARK = re.compile(r"\*(\*.)?")
_V3_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def cleaned(text: str) -> str:
    """The one address in what a person pasted or was sent; the text itself, without white space, where it holds none.

    Raises BadState for two different addresses, and for a link that does not carry the address it leads to.
    """
    shown = "".join(one for one in text if unicodedata.category(one) != "Cf" and not "\ufe00" <= one <= "\ufe0f")
    joined = "".join("".join(line.lstrip("> \t|") for line in shown.splitlines()).split())
    while _AMPERSAND.search(joined):
        joined = _AMPERSAND.sub("&", joined)
    joined = _ENTITY.sub('"', joined)
    found = [_unwrapped(_bare(part)) for part in _BEGIN.split(joined) if part[:4].lower() == "http"]
    different = list(dict.fromkeys(found))
    if len(different) > 1:
        different = [one for one in different if "?" in one] or different
    if len(different) > 1:
        raise errors.BadState("Those are several addresses that differ.")
    return different[0] if different else _bare(joined)


def _bare(part: str) -> str:
    """The text without surrounding quotes, brackets and full stops."""
    return part.lstrip(_AROUND).rstrip(_AROUND + _END)


def _unwrapped(address: str) -> str:
    for _ in range(MOST_WRAPPERS):
        inner = _inside(address)
        if inner is None:
            break
        address = _bare("".join(inner.split()))
    return address


def _inside(address: str) -> str | None:
    """The address inside a rewritten link; None if the link is not a rewritten one. Raises BadState."""
    if (third := _V3.match(address)) is not None:
        return _of_proofpoint_3(*third.groups())
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    values = dict(parse_qsl(parts.query, errors="replace"))
    if _V2.match(address.partition("?")[0]) and "u" in values:
        return unquote(values["u"].translate(str.maketrans("-_", "%/")))
    for hosts, name in _CARRIERS:
        if hosts.fullmatch(host) and values.get(name, "").startswith(("https://", "http://")):
            return values[name]
    for hosts, whose in _OPAQUE:
        if hosts.fullmatch(host):
            raise errors.BadState(f"That is a link of {whose}, which hides the address that it leads to.")
    return None


def _of_proofpoint_3(kept: str, replaced: str) -> str:
    """The address in a link of URL Defense v3, whose odd characters are asterisks and follow in base64."""
    try:
        odd = base64.urlsafe_b64decode(replaced + "=" * (-len(replaced) % 4)).decode()
    except ValueError:
        odd = ""
    left = iter(odd)

    def put_back(mark: re.Match[str]) -> str:
        length = 1 if mark[1] is None else _V3_LENGTHS.find(mark[1][1]) + 2
        return "".join(next(left, "") for _ in range(length))

    return re.sub(r"^(https?):/(?=[^/])", r"\1://", _V3_MARK.sub(put_back, kept))
