"""The report of `list --html` in a real browser: on a desk, on a phone, on paper."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from sp_connect.views import matrix, report
from tests.agency import NOON
from tests.browser.chromium import Browser
from tests.commands.office import LONGEST, many, of, that_is


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """The report of an office, before a browser of its own kind; as it was at the end."""
    rows = [of(LONGEST), that_is("due", "acme"), that_is("rejected", "acme", "eu", "IN"), *many(60)]
    grid = matrix.grid(rows, NOON, matrix.columns())
    path = tmp_path / "sellers.html"
    path.write_text(report.page(report.Report(rows, grid, NOON, 30, "sp-connect list", 0, simulated=False)), "utf-8")
    browser.open(path.as_uri())
    yield browser
    browser.command("Emulation.setEmulatedMedia", media="", features=[])
    browser.command("Emulation.clearDeviceMetricsOverride")


@pytest.mark.parametrize("width", [1200, 760, 390, 320])
def test_it_is_never_wider_than_the_screen(opened: Browser, width: int) -> None:
    opened.command(
        "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
    )

    assert opened.driver.execute_script("return document.documentElement.scrollWidth") <= width


WORDS_ON_SEVERAL_LINES = """
function top(text, at) {
  const letter = document.createRange()
  letter.setStart(text, at)
  letter.setEnd(text, at + 1)
  return [...letter.getClientRects()].at(-1).top
}
return [...document.querySelectorAll('.matrix thead th')].flatMap(head => {
  const text = head.firstChild
  return [...text.data.matchAll(/[^ \u00ad]+/g)].filter(word =>
    new Set([...word[0]].map((_, at) => top(text, word.index + at))).size > 1).map(word => word[0])
})
"""


@pytest.mark.parametrize("width", [430, 412, 390, 385, 375, 360])
def test_on_a_phone_no_head_is_broken_within_a_word(opened: Browser, width: int) -> None:
    opened.command("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=True)

    assert opened.driver.execute_script(WORDS_ON_SEVERAL_LINES) == []


def test_what_is_said_to_screen_readers_is_not_seen(opened: Browser) -> None:
    [cell] = opened.driver.find_elements(By.CSS_SELECTOR, "td[title^='acme, Europe']")

    words = cell.find_elements(By.CLASS_NAME, "unseen")
    assert [word.get_attribute("textContent") for word in words] == ["due in 12 days", "India rejected"]
    assert all(word.size["width"] <= 1 for word in words)


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(251, 250, 248)"), ("dark", "rgb(20, 23, 26)")])
def test_it_follows_light_and_dark(opened: Browser, scheme: str, paper: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    opened.command("Emulation.setEmulatedMedia", media="screen", features=[feature])

    assert opened.driver.execute_script("return getComputedStyle(document.body).backgroundColor") == paper


def test_on_paper_the_heads_are_repeated_and_rows_stay_whole(opened: Browser) -> None:
    opened.command("Emulation.setEmulatedMedia", media="print", features=[])

    def computed(selector: str, name: str) -> str:
        script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        return str(opened.driver.execute_script(script, selector, name))

    assert computed("thead", "display") == "table-header-group"
    assert computed("thead th", "position") == "static"
    assert computed("tbody tr", "breakInside") == "avoid"
    pdf = base64.b64decode(opened.command("Page.printToPDF")["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 3
