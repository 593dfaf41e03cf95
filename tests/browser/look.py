"""Pictures of every page, to be looked at: `python -m tests.browser.look FOLDER`.

Each page in light and dark, wide and on a phone, and as it is printed; `index.html` shows them all.
"""

from __future__ import annotations

import base64
import html
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import requests
from selenium.webdriver.common.by import By

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import Connection, Marketplace, Standing
from sp_connect.pages import landing
from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests.browser import chromium
from tests.browser.chromium import Browser

# Width in pixels, colour scheme, and screen or print.
VIEWS = {
    "light-1000": (1000, "light", "screen"),
    "dark-1000": (1000, "dark", "screen"),
    "light-390": (390, "light", "screen"),
    "dark-390": (390, "dark", "screen"),
    "print": (760, "light", "print"),
}

EUROPE = "sellercentral-europe.amazon.com"
JAPAN = "sellercentral.amazon.co.jp"
ACME = geography.scope("acme", "eu")
REDIRECT_URI = BUILT_IN.redirect_uris[0]


def main(folder: Path) -> None:
    names = take(folder, VIEWS)
    shown = "".join(
        f"<h2>{html.escape(name)}</h2><p>"
        + "".join(f'<img src="{name}-{view}.png" alt="{view}" width="{VIEWS[view][0] // 2}"> ' for view in VIEWS)
        for name in names
    )
    style = "img { vertical-align: top; border: 1px solid #888 }"
    (folder / "index.html").write_text(f"<!doctype html><title>Pages</title><style>{style}</style>{shown}", "utf-8")


def take(folder: Path, views: Mapping[str, tuple[int, str, str]], only: Collection[str] = ()) -> list[str]:
    """Takes the pictures `NAME-VIEW.png` of each page, or `only` of some. Their names."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        Simulator(World()) as simulator,
        chromium.browser(Path(scratch), "--hide-scrollbars") as browser,
    ):
        taken = []
        for name in _pages(browser, simulator, Path(scratch)):
            if not only or name in only:
                _take(browser, folder, name, views)
                taken.append(name)
    return taken


def _pages(browser: Browser, simulator: Simulator, scratch: Path) -> Iterator[str]:
    """The name of each page, while the browser shows it."""
    box = simulator.base_url
    consent = f"{box}/{EUROPE}/apps/authorize/consent?{_asked()}"
    browser.open(consent)
    yield "consent"
    browser.open(consent.replace(EUROPE, JAPAN))
    yield "consent-japan"
    browser.open(f"{box}/{EUROPE}/apps/authorize/consent?{_asked(redirect_uri='https://elsewhere.example/')}")
    yield "error-page"
    browser.open(consent)
    browser.press("Cancel")
    yield "cancelled"
    browser.open(f"{box}/{EUROPE}/apps/manage")
    yield "manage-nothing"
    _authorize(box, "Acme GmbH", "Bravo Ltd")
    simulator.world.revoke(BUILT_IN.application_id, "A1BRAVO777777")
    browser.open(f"{box}/{EUROPE}/apps/manage")
    yield "manage"

    relay = f"{box}/{REDIRECT_URI.removeprefix('https://')}"
    carried = {"state": "away." + "x" * 43, "selling_partner_id": "A2EXAMPLE1234", "spapi_oauth_code": "R" * 20}
    answer = urlencode(carried)
    browser.open(f"{relay}?{answer}")
    browser.driver.execute_script("document.getElementById('address').value = arguments[0]", f"{REDIRECT_URI}?{answer}")
    yield "relay-away"
    browser.press("Copy the address")
    browser.wait(lambda driver: driver.find_element(By.ID, "copied").text)
    yield "relay-copied"
    browser.open(relay)
    yield "relay-nothing"
    browser.driver.execute_script(
        "document.getElementById('empty').hidden = true; document.getElementById('on').hidden = false"
    )
    yield "relay-on"
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"{relay}?{answer}")
    yield "relay-without-scripts"
    browser.command("Emulation.setScriptExecutionDisabled", value=False)

    outcomes = {
        "landing-waiting": landing.waiting(),
        "landing-connected": landing.outcome(_connection("DE", "FR", "GB", "IT", "ES", "NL", "SE", "PL", "BE", "IN")),
        "landing-unchecked": landing.outcome(_connection()),
        "landing-failed": landing.outcome(errors.WrongAccount(ACME, "A2EXAMPLE1234", "A1BRAVO777777")),
        "stranger": landing.stranger(),
        "opened-already": landing.opened_already(),
        "other-browser": landing.other_browser(),
        "other-user": landing.other_user(),
        "absent": landing.absent(),
    }
    for name, source in outcomes.items():
        path = scratch / f"{name}.html"
        path.write_text(source, "utf-8")
        browser.open(path.as_uri())
        yield name


def _take(browser: Browser, folder: Path, name: str, views: Mapping[str, tuple[int, str, str]]) -> None:
    for view, (width, scheme, media) in views.items():
        browser.command("Emulation.setEmulatedMedia", media=media, features=[_scheme(scheme)])
        screen = {"width": width, "height": 640, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.command("Emulation.setDeviceMetricsOverride", **screen)
        height = browser.command("Page.getLayoutMetrics")["cssContentSize"]["height"]
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        picture = browser.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        (folder / f"{name}-{view}.png").write_bytes(base64.b64decode(picture))
    browser.command("Emulation.setEmulatedMedia", media="", features=[])
    browser.command("Emulation.clearDeviceMetricsOverride")


def _scheme(value: str) -> dict[str, str]:
    return {"name": "prefers-color-scheme", "value": value}


def _asked(**more: str) -> str:
    return urlencode({"application_id": BUILT_IN.application_id, "state": "s", "redirect_uri": REDIRECT_URI} | more)


def _authorize(box: str, *companies: str) -> None:
    for company in companies:
        form = {"state": "s", "redirect_uri": REDIRECT_URI, "answer": "confirm", "company": company}
        address = f"{box}/{EUROPE}/apps/authorize/confirm/{BUILT_IN.application_id}"
        requests.post(address, data=form, allow_redirects=False, timeout=10).raise_for_status()


def _connection(*countries: str) -> Connection:
    now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    found = tuple(Marketplace(code, code, code, None, None, "Acme GmbH", True, False) for code in countries)
    standing: Standing = "connected" if countries else "unchecked"
    return Connection(ACME, "A2EXAMPLE1234", "default", "default", standing, now, now, found, "ref")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
