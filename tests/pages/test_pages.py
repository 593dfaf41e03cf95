"""Every page: self-contained, escaped, true, and titled with its state."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from sp_connect import errors, pages
from sp_connect.amazon import consent, geography
from sp_connect.models import AmazonWords, Marketplace
from sp_connect.pages import landing, prose
from tests.stores.samples import GERMANY, connection

SCOPE = geography.scope("acme", "eu")
REFUSED = errors.Refused(SCOPE, AmazonWords("access_denied"))
LISTEN = "127.0.0.1:8723"

PAGES: dict[str, Callable[[], str]] = {
    "connected": lambda: landing.outcome(connection()),
    "failed": lambda: landing.outcome(REFUSED),
    "waiting": landing.waiting,
    "stranger": landing.stranger,
    "opened-already": landing.opened_already,
    "other-browser": landing.other_browser,
    "other-user": landing.other_user,
    "absent": landing.absent,
    "relay": lambda: pages.relay(LISTEN),
}
EVERY = pytest.mark.parametrize("make", PAGES.values(), ids=PAGES)
SERVED = pytest.mark.parametrize("make", list(PAGES.values())[:-1], ids=list(PAGES)[:-1])


class Reader(HTMLParser):
    """The elements of a page, the text of its title, and what its style and script hold."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input", "br"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in self._open[-1:]:
            self.texts[tag] = self.texts.get(tag, "") + data

    def policy(self) -> str:
        (found,) = [a["content"] for tag, a in self.elements if a.get("http-equiv") == "Content-Security-Policy"]
        assert found is not None
        return found


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@EVERY
def test_page_loads_nothing_from_outside(make: Callable[[], str]) -> None:
    page = make()
    reader = Reader(page)
    links = [a[name] for _, a in reader.elements for name in ("src", "href", "action", "srcset", "data") if name in a]
    assert links == ["data:,"]
    assert not {tag for tag, _ in reader.elements} & {"img", "iframe", "object", "embed", "base", "form", "a"}
    assert not re.search(r"@import|url\(", reader.texts["style"])
    assert "default-src 'none'" in reader.policy()


@EVERY
def test_page_allows_its_own_style_and_nothing_inline(make: Callable[[], str]) -> None:
    reader = Reader(make())
    assert f"style-src '{digest(reader.texts['style'])}';" in reader.policy()
    assert "unsafe" not in reader.policy()
    assert not [name for _, a in reader.elements for name in a if name == "style" or name.startswith("on")]


@SERVED
def test_page_of_the_listener_runs_no_script(make: Callable[[], str]) -> None:
    reader = Reader(make())
    assert "script" not in {tag for tag, _ in reader.elements}
    assert "script-src" not in reader.policy()


def test_relay_runs_its_one_script_alone() -> None:
    reader = Reader(pages.relay(LISTEN))
    (attributes,) = [a for tag, a in reader.elements if tag == "script"]
    assert attributes == {}
    assert f"script-src '{digest(reader.texts['script'])}';" in reader.policy()


@EVERY
def test_page_sends_no_referrer_and_is_not_indexed(make: Callable[[], str]) -> None:
    metas = {a["name"]: a["content"] for tag, a in Reader(make()).elements if tag == "meta" and "name" in a}
    assert metas["referrer"] == "no-referrer"
    assert metas["robots"] == "noindex"
    assert metas["viewport"] == "width=device-width, initial-scale=1"


@EVERY
def test_page_says_its_language_and_has_a_heading(make: Callable[[], str]) -> None:
    page = make()
    assert page.startswith("<!doctype html>")
    elements = Reader(page).elements
    assert ("html", {"lang": "en"}) in elements
    assert "h1" in {tag for tag, _ in elements}
    assert "$" not in page.partition("</style>")[2]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("connected", "acme is connected in Europe & India"),
        ("failed", "Not connected"),
        ("waiting", "Back to the terminal"),
        ("stranger", "Not the expected answer"),
        ("absent", "Nothing here"),
    ],
)
def test_title_tells_the_state(name: str, title: str) -> None:
    assert Reader(PAGES[name]()).texts["title"] == title


@pytest.mark.parametrize("name", ["waiting", "stranger", "absent", "failed", "relay"])
def test_only_a_connection_is_called_connected(name: str) -> None:
    body = PAGES[name]().partition("</style>")[2].lower()
    assert not re.search(r"(?<!not )connected(?!\.)", body.replace("account was connected", ""))


def test_connected_page_shows_what_the_card_shows() -> None:
    france = Marketplace("FR", "A13V1IB3VIYZZH", "Amazon.fr", "www.amazon.fr", "EUR", "Acme SARL", True, False)
    page = landing.outcome(connection(marketplaces=(GERMANY, france)))
    for text in ("acme, Europe &amp; India", "A2EXAMPLE1234", "Acme and Acme SARL", "DE", "FR", "22 Nov 2027"):
        assert text in page


def test_a_connection_that_was_not_checked_is_not_shown_as_checked() -> None:
    unchecked = connection(standing="unchecked", marketplaces=(), verified_at=None)
    page = landing.outcome(unchecked)
    assert "not yet checked" in page
    assert "● connected" not in page


def test_failed_page_tells_message_and_hint() -> None:
    page = landing.outcome(errors.WrongAccount(SCOPE, "A1", "A2"))
    assert "Amazon gave access to A2, but acme in Europe &amp; India is A1. Nothing was changed." in page
    assert prose.code(["sp-connect", "connect", "--seller", "acme", "--region", "eu", "--replace"]) in page


def test_an_error_without_a_hint_has_a_page() -> None:
    assert "None" not in landing.outcome(errors.SpConnectError("Something.")).partition("</style>")[2]


HOSTILE = '</title></style><script>alert(1)</script><img src=x onerror="y">\'&$title ${body}'


def test_values_are_escaped() -> None:
    shown = Marketplace(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, True, False)
    for page in (
        landing.outcome(connection(selling_partner_id=HOSTILE, marketplaces=(shown,))),
        landing.outcome(errors.SpConnectError(HOSTILE, HOSTILE)),
        pages.page("absent.html", HOSTILE),
    ):
        reader = Reader(page)
        assert not {tag for tag, _ in reader.elements} & {"script", "img"}
        assert "$title ${body}" in page


def test_a_value_that_nobody_gives_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        pages.page("landing_failed.html", "Not connected", {"message": "why"})


def test_headers_forbid_storing_framing_and_referring() -> None:
    found = pages.headers()
    assert found["Cache-Control"] == "no-store"
    assert found["Referrer-Policy"] == "no-referrer"
    assert found["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in found["Content-Security-Policy"]
    assert "script-src" not in found["Content-Security-Policy"]


# The relay


def script(listen: str = LISTEN) -> str:
    return Reader(pages.relay(listen)).texts["script"]


def test_relay_hands_on_to_the_listener_alone() -> None:
    assert re.findall(r"https?://[^\"']*", pages.relay("127.0.0.1:9999")) == ["http://127.0.0.1:9999/callback"]


def test_relay_keeps_no_answer_of_amazon_and_names_no_app() -> None:
    assert pages.relay(LISTEN) == pages.relay(LISTEN)
    assert not re.search(r"fetch|XMLHttpRequest|sendBeacon|cookie|localStorage|innerHTML|eval", script())


def test_relay_strips_its_address_before_anything_else_happens() -> None:
    code = script()
    strip = code.index('history.replaceState(null, "", location.pathname)')
    assert strip < code.index("location.replace(")
    assert strip < code.index("document.")


def test_relay_reads_the_mark_that_consent_makes() -> None:
    assert f'(asked.get("state") || "").indexOf("{consent.AWAY}") === 0' in script()


RUN = """
const shown = ["by-hand"], elements = {};
const show = (id, is) => is ? shown.push(id) : shown.splice(shown.indexOf(id), 1);
globalThis.document = {title: "", getElementById: id => elements[id] ??= {set hidden(v) { show(id, !v) }},
  execCommand() {}};
globalThis.history = {replaceState: (a, b, c) => { result.address = c }};
const asked = process.argv[1], result = {};
globalThis.location = {search: asked, pathname: "/relay", href: "https://agency.example/relay" + asked,
  replace: to => { result.to = to }};
new Function(process.argv[2])();
console.log(JSON.stringify({...result, shown, title: document.title, copy: (elements.address || {}).value || null}));
"""


def relayed(query: str) -> dict[str, object]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the real browser's tests run this script too")
    done = subprocess.run([node, "-e", RUN, query, script()], capture_output=True, text=True, check=True, timeout=30)
    found: dict[str, object] = json.loads(done.stdout)
    assert found.pop("address") == "/relay"
    return found


@pytest.mark.parametrize(
    "query",
    ["?state=x&spapi_oauth_code=a%20b+c%26&selling_partner_id=A", "?amazon_callback_uri=https%3A%2F%2Fx", "?x=away."],
)
def test_relay_hands_the_query_on_unchanged(query: str) -> None:
    assert relayed(query) == {
        "to": f"http://{LISTEN}/callback{query}",
        "shown": ["on"],
        "title": "Handing on to sp-connect",
        "copy": None,
    }


@pytest.mark.slow
@pytest.mark.parametrize("query", ["?state=away.x&spapi_oauth_code=y", "?a=b&state=%61way.x"])
def test_relay_asks_a_seller_elsewhere_to_copy(query: str) -> None:
    assert relayed(query) == {
        "shown": ["ask"],
        "title": "One more step: copy this address",
        "copy": f"https://agency.example/relay{query}",
    }


def test_relay_opened_on_its_own_has_nothing_to_do() -> None:
    assert relayed("") == {"shown": ["empty"], "title": "Nothing to hand on", "copy": None}
