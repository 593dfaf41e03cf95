"""The simulated seller: confirms a consent where no browser is, over real HTTP, never outside the box."""

from __future__ import annotations

import http.client
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from sp_connect import errors

BOX_SECONDS = 10.0

LISTENER_SECONDS = 120.0
"""The listener may hold its page until exchange and check are done."""

MOST_STEPS = 12

AWAY = "away."
"""Begins the state of a seller on another machine: the relay page hands nothing on then (pages/relay.js)."""

_CARRIED = frozenset({"spapi_oauth_code", "amazon_callback_uri", "error"})


def confirm(address: str, company: str, listen: str) -> str | None:
    """Opens the consent page at `address`, confirms as `company`, and goes where a browser would.

    At the relay page it does what its script does: asks the listener at `listen` (host:port). Returns None
    when the listener took what Amazon sent, or when a page of Amazon's was the end, since a real seller could
    do no more; else the address where a browser would have come to rest, to be pasted. Blocks while the
    listener holds its page, so it belongs in a thread. Raises Unreachable where the box does not answer.
    """
    box = urlsplit(address).netloc
    target = _press_confirm(box, address, company)
    relay = None
    for _ in range(MOST_STEPS):
        if target is None:
            return None
        where = urlsplit(target)
        asked = parse_qs(where.query)
        if where.netloc == listen:
            try:
                _, target, _ = _request(target, LISTENER_SECONDS)
            except (OSError, http.client.HTTPException):
                return relay
        elif where.netloc == box and _CARRIED.isdisjoint(asked):
            _, target, _ = _ask(box, target)
        elif where.netloc != box or asked.get("state", [""])[0].startswith(AWAY):
            return target
        else:
            status, _, _ = _ask(box, target)
            relay = target
            target = f"http://{listen}/callback?{where.query}" if status == 200 else None
    return None


def _press_confirm(box: str, address: str, company: str) -> str | None:
    """Where Confirm on the consent page leads; None where there is no such page, or another page follows."""
    status, _, content = _ask(box, address)
    form = _Form()
    form.feed(content)
    if status != 200 or form.action is None:
        return None
    fields = urlencode(form.hidden | {"company": company, "answer": "confirm"})
    _, location, _ = _ask(box, urljoin(address, form.action), fields)
    return location


class _Form(HTMLParser):
    """The first form of a page: its action and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = found.get("action", "")
        if tag == "input" and found.get("type") == "hidden":
            self.hidden[found.get("name", "")] = found.get("value", "")


def _ask(box: str, address: str, form: str | None = None) -> tuple[int, str | None, str]:
    """One request to the box. Raises Unreachable."""
    try:
        return _request(address, BOX_SECONDS, form)
    except (OSError, http.client.HTTPException) as error:
        why = str(error) or type(error).__name__
        raise errors.Unreachable(box, f"the simulator gave no answer ({why})", hint="start it again") from None


def _request(address: str, seconds: float, form: str | None = None) -> tuple[int, str | None, str]:
    """Status, the address that it leads on to, and the page."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("GET" if form is None else "POST", target, form, headers)
        answer = connection.getresponse()
        content = answer.read(1_000_000).decode("utf-8", "replace")
        location = answer.headers.get("Location")
        return answer.status, urljoin(address, location) if location else None, content
    finally:
        connection.close()
