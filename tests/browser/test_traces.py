"""What the way leaves behind in the browser, and what it tells to whom: one consent, looked at from all sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import World
from tests.browser.chromium import Browser
from tests.browser.conftest import APP
from tests.browser.program import Program
from tests.browser.site import HOST, Site
from tests.browser.test_connect import confirm


@dataclass(frozen=True)
class Way:
    """A consent from its page to the landing page. `sent` are all requests of the browser, from the first on."""

    amazon: str
    landing: str
    source: str
    history: Sequence[str]
    sent: Sequence[Mapping[str, str]]
    before_landing: str

    @property
    def code(self) -> str:
        return parse_qs(urlsplit(self.landing).query)["spapi_oauth_code"][0]


@pytest.fixture(scope="module")
def way(the_browser: Browser, agency_site: Site, registered: Path, tmp_path_factory: pytest.TempPathFactory) -> Way:
    browser = the_browser
    browser.begin_anew()
    earlier = len(browser.sent())
    with Simulator(World(apps=(APP,)), relays={}) as amazon:
        program = Program.copied(registered, tmp_path_factory.mktemp("way") / "home", amazon.base_url)
        waiting = program.connect("acme")
        confirm(browser, waiting, "Acme GmbH")
        assert waiting.ended().code == 0
        landing, source, history = browser.driver.current_url, browser.driver.page_source, browser.history()
        browser.driver.back()
        before_landing = browser.wait_for("Confirm access")
        program.stop()
    # A page that has an icon: once that is asked for, ours would have been too, and the log is written.
    agency_site.pages["/with-icon"] = b'<!doctype html><link rel="icon" href="/the-icon"><title>With an icon</title>'
    browser.open(f"https://{HOST}/with-icon")
    sent = browser.wait(lambda _: _up_to(browser.sent()[earlier:], "GET /the-icon"))
    return Way(amazon.base_url, landing, source, history, sent, before_landing)


def test_behind_the_back_button_is_no_code(way: Way) -> None:
    *before, landing = way.history

    assert landing == way.landing
    assert not [address for address in before if way.code in address]
    assert not [address for address in before if address.startswith(f"https://{HOST}") and "?" in address]


def test_back_leads_to_the_consent_page_and_not_round_again(way: Way) -> None:
    assert "Confirm access for Example Agency?" in way.before_landing


def test_no_request_names_the_code_in_a_referer(way: Way) -> None:
    assert not [request for request in way.sent if way.code in request.get("referer", "")]
    assert len([request for request in way.sent if way.code in request["line"]]) == 2  # the relay page, the callback


def test_no_page_asks_for_an_icon(way: Way) -> None:
    assert not [request for request in way.sent if "favicon" in request["line"]]


def test_nobody_is_asked_but_amazon_the_relay_and_the_listener(way: Way) -> None:
    listener = urlsplit(way.landing).netloc
    assert {request["host"] for request in way.sent} == {urlsplit(way.amazon).netloc, HOST, listener}
    assert len([request for request in way.sent if request["host"] == listener]) == 1


def test_the_landing_page_holds_neither_code_nor_token(way: Way) -> None:
    assert way.code not in way.source
    assert "Atz" not in way.source


def test_the_relay_page_that_stays_has_no_query_in_its_history_entry(browser: Browser, registered: Path) -> None:
    assert registered.exists()
    browser.open(f"https://{HOST}/sp-connect?state=away.x&spapi_oauth_code=RHsecret&selling_partner_id=A1")
    browser.wait_for("One more step")

    assert browser.history()[-1] == f"https://{HOST}/sp-connect"
    assert browser.driver.execute_script("return location.href") == f"https://{HOST}/sp-connect"


def _up_to(sent: Sequence[Mapping[str, str]], line: str) -> Sequence[Mapping[str, str]]:
    """`sent`, or nothing as long as the request that begins with `line` is not in it."""
    return sent if any(request["line"].startswith(line) for request in sent) else []
