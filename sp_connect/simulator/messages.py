"""Requests and answers between the server and the parts of the simulated Amazon. No sockets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from sp_connect import pages

COOKIE = "simulated-company"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as Amazon would see it: `host` and `path` are Amazon's. Header names are lower case."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def form(self) -> dict[str, str]:
        """The fields of a form body; empty where it is none."""
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, max_num_fields=100))
        except ValueError:
            return {}

    def json(self) -> Any:
        """The decoded JSON body. Raises ValueError, RecursionError."""
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        """The type of the body, without its parameters; empty where none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def company(self) -> str:
        """The company that this browser is still signed in as; empty where it is none."""
        try:
            cookie = SimpleCookie(self.headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return ""
        return unquote(cookie.value) if cookie else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be sent. `cut` closes the connection after so many bytes of body; `dropped` before any."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    dropped: bool = False


def page(html: str, status: int = 200) -> Answer:
    """A page whose forms may go to itself or to any https address."""
    return Answer(status, html.encode(), pages.headers(forms="'self' https:"))


def data(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """`value` as JSON."""
    return Answer(status, json.dumps(value).encode(), pages.headers(kind="application/json") | dict(headers or {}))


def text(words: str, status: int) -> Answer:
    """Words that no browser takes for a page."""
    return Answer(status, words.encode(), pages.headers(kind="text/plain"))


def redirect(address: str, company: str = "", status: int = 302) -> Answer:
    """On to `address`; the browser stays signed in as `company`, if one is given."""
    headers = pages.headers() | {"Location": address}
    if company:
        headers["Set-Cookie"] = f"{COOKIE}={quote(company, safe='')}; Path=/; HttpOnly; SameSite=Lax"
    return Answer(status, b"", headers)


def nothing_here() -> Answer:
    """The answer for an address that Amazon does not have."""
    return text("There is nothing at this address.\n", 404)


def with_query(address: str, values: Mapping[str, str]) -> str:
    """`address` with `values` added to its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(values)}"
