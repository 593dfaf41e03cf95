"""Each page by itself: what it is called, that it says SIMULATED where it must, and that the console stays silent."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest

from sp_connect import errors, pages
from sp_connect.amazon import geography
from sp_connect.models import AmazonWords
from sp_connect.pages import landing
from tests.browser.chromium import Browser
from tests.browser.conftest import APP, REDIRECT_URI
from tests.browser.program import Program

EUROPE = "sellercentral-europe.amazon.com"
ACME = geography.scope("acme", "eu")
CONSENT = f"{EUROPE}/apps/authorize/consent?application_id={APP.application_id}"

SIMULATED = {
    CONSENT: "Confirm access for Example Agency?",
    CONSENT.replace(EUROPE, "sellercentral.amazon.sg"): "Confirm access for Example Agency?",
    f"{CONSENT}&{urlencode({'redirect_uri': 'https://elsewhere.example/'})}": "Amazon shows an error",
    f"{EUROPE}/apps/manage": "Manage Your Apps",
}

REFUSED = errors.Refused(ACME, AmazonWords("access_denied", "<script>alert(1)</script>"))
LANDING: dict[str, Callable[[], str]] = {
    "Back to the terminal": landing.waiting,
    "✕ Not connected": lambda: landing.outcome(REFUSED),
    "Not the expected answer": landing.stranger,
    "Nothing here": landing.absent,
}


@pytest.mark.parametrize(("address", "heading"), SIMULATED.items(), ids=range(len(SIMULATED)))
def test_a_page_of_the_simulated_amazon_says_so(browser: Browser, program: Program, address: str, heading: str) -> None:
    browser.open(f"{program.amazon}/{address}")

    assert browser.wait_for(heading).startswith("SIMULATED: this is sp-connect, not Amazon")
    assert "simulated" in browser.driver.title


@pytest.mark.parametrize(("heading", "source"), LANDING.items())
def test_a_page_of_the_listener_keeps_its_own_policy(
    browser: Browser, tmp_path: Path, heading: str, source: Callable[[], str]
) -> None:
    path = tmp_path / "page.html"
    path.write_text(source(), "utf-8")
    browser.open(path.as_uri())

    browser.wait_for(heading)
    assert browser.complaints() == []
    assert browser.driver.execute_script("return getComputedStyle(document.querySelector('main')).maxWidth") != "none"


def test_what_amazon_said_is_shown_and_never_obeyed(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(landing.outcome(REFUSED), "utf-8")
    browser.open(path.as_uri())

    assert "Amazon said: access_denied: <script>alert(1)</script>" in browser.wait_for("✕ Not connected")


def test_a_relay_page_whose_script_is_forbidden_says_what_to_copy(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "relay.html"
    forbidding = '<head><meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
    path.write_text(pages.relay("127.0.0.1:8723").replace("<head>", forbidding, 1), "utf-8")
    browser.open(f"{path.as_uri()}?state=x&spapi_oauth_code=y")

    assert "Copy the whole address from the address bar" in browser.wait_for("One more step: copy this page's address")
    assert "Handing on" not in browser.text()
    assert any("script-src 'none'" in complaint for complaint in browser.complaints())


def test_a_breach_of_the_policy_is_heard(browser: Browser, registered: Path) -> None:
    assert registered.exists()
    browser.open(REDIRECT_URI)
    browser.driver.execute_script("document.body.setAttribute('style', 'color: red')")

    [complaint] = browser.complaints()
    assert "Content Security Policy" in complaint


@pytest.mark.parametrize("width", [1000, 390, 320])
def test_no_page_is_wider_than_the_screen(browser: Browser, program: Program, width: int) -> None:
    browser.command(
        "Emulation.setDeviceMetricsOverride", width=width, height=700, deviceScaleFactor=1, mobile=width < 500
    )
    for address in (f"{program.amazon}/{CONSENT}", f"{REDIRECT_URI}?state=away.{'x' * 900}"):
        browser.open(address)
        assert browser.driver.execute_script("return document.documentElement.scrollWidth") <= width


ON_SEVERAL_LINES = """
return [...document.querySelectorAll('code > span')].filter(word => {
  const whole = document.createRange()
  whole.selectNodeContents(word)
  return new Set([...whole.getClientRects()].map(line => line.top)).size > 1
}).map(word => word.textContent)
"""


@pytest.mark.parametrize("width", [1000, 390, 360, 320])
def test_no_flag_of_the_failed_page_is_broken(browser: Browser, tmp_path: Path, width: int) -> None:
    wrong = errors.WrongAccount(geography.scope("charlie-gmbh", "eu"), "A2EXAMPLE1234", "A1BRAVO777777")
    path = tmp_path / "page.html"
    path.write_text(landing.outcome(wrong), "utf-8")
    browser.command(
        "Emulation.setDeviceMetricsOverride", width=width, height=700, deviceScaleFactor=1, mobile=width < 500
    )
    browser.open(path.as_uri())
    browser.wait_for("✕ Not connected")

    assert browser.driver.execute_script("return document.querySelectorAll('code > span').length") >= 8
    assert browser.driver.execute_script(ON_SEVERAL_LINES) == []
    assert browser.driver.execute_script("return document.documentElement.scrollWidth") <= width


def test_every_class_of_the_style_sheet_has_a_page() -> None:
    folder = Path(pages.__file__).parent
    written = "".join(path.read_text("utf-8") for path in folder.glob("*.html"))
    templates = re.sub(r"\{\{.*?\}\}", "", written)
    used = set(" ".join(re.findall(r'class="([^"]*)"', templates)).split()) | {"good", "warn", "bad", "note"}
    sheets = "".join(path.read_text("utf-8") for path in folder.glob("*.css"))
    named = set(re.findall(r"\.([a-z]+)(?![^{]*\})", re.sub(r"\{[^{}]*\}", "{}", sheets)))
    assert named == used
