"""The seller's browser is on another machine: the relay page shows an address, and a person pastes it."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import PATIENCE, Browser
from tests.browser.conftest import REDIRECT_URI
from tests.browser.program import COMMAND, ENDING_SECONDS, Program

ANSWER = f"{REDIRECT_URI}?state=away.x&selling_partner_id=A1SELLER000000&spapi_oauth_code=RHsample"


class Terminal:
    """A terminal on which the program runs, and what it has shown so far."""

    def __init__(self, ours: int, process: subprocess.Popen[bytes]) -> None:
        self._ours = ours
        self._shown = ""
        self.process = process

    def wait_for(self, pattern: str) -> str:
        """The first place that `pattern` matches."""
        end = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self._shown)) is None:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"not shown: {pattern}, but {self._shown}"
            self._shown += os.read(self._ours, 65536).decode(errors="replace")
        return found[0]

    def paste(self, text: str) -> None:
        """Pastes `text` and presses Enter."""
        os.write(self._ours, f"{text}\n".encode())


@contextmanager
def terminal(program: Program, *arguments: str) -> Iterator[Terminal]:
    """The program on a terminal of its own."""
    ours, its = os.openpty()
    environment = program.environment | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(
        [*COMMAND, *arguments], env=environment, stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    with process:
        try:
            yield Terminal(ours, process)
        finally:
            process.kill()
            os.close(ours)


@pytest.fixture
def relay(browser: Browser, registered: Path) -> Browser:
    """The relay page as it stands on the agency's site, after a consent that was begun elsewhere."""
    assert registered.exists()
    browser.open(ANSWER)
    browser.wait_for("One more step")
    return browser


def test_the_relay_page_shows_the_address_and_goes_nowhere(relay: Browser) -> None:
    assert relay.driver.find_element(By.ID, "address").get_attribute("value") == ANSWER
    assert relay.history()[-1] == REDIRECT_URI
    assert relay.driver.title == "One more step: copy this address"


def test_nothing_on_the_relay_page_reads_like_an_error(relay: Browser) -> None:
    said = relay.text().lower()
    assert not [word for word in ("error", "fail", "wrong", "invalid", "cannot") if word in said]


def test_the_copy_button_copies_the_whole_address(relay: Browser) -> None:
    relay.press("Copy the address")
    relay.wait(lambda driver: driver.find_element(By.ID, "copied").text)

    assert clipboard(relay) == ANSWER


def test_the_copy_button_works_where_the_browser_has_no_clipboard_for_pages(relay: Browser) -> None:
    relay.driver.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    relay.press("Copy the address")
    relay.wait(lambda driver: driver.find_element(By.ID, "copied").text)

    assert clipboard(relay) == ANSWER


def test_the_pasted_address_makes_the_connection(browser: Browser, program: Program) -> None:
    asked = ["connect", "--seller", "acme", "--region", "eu", "--paste", "--no-browser", "--timeout", "30"]
    with terminal(program, *asked) as screen:
        browser.open(screen.wait_for(re.escape(program.amazon) + r"\S+(?=\s)"))
        browser.choose("Acme GmbH")
        browser.press("Confirm")
        browser.wait_for("One more step")
        browser.press("Copy the address")
        browser.wait(lambda driver: driver.find_element(By.ID, "copied").text)

        screen.paste(clipboard(browser))
        screen.wait_for("Is A2EXAMPLE1234 acme")
        assert screen.process.wait(ENDING_SECONDS) == 0

    [connection] = program.run("list", "--json").json
    assert connection["selling_partner_id"] == "A2EXAMPLE1234"
    assert connection["status"] == "connected"


def test_without_an_answer_the_relay_page_says_that_there_is_nothing_to_do(browser: Browser, registered: Path) -> None:
    assert registered.exists()
    browser.open(REDIRECT_URI)

    assert "can be closed" in browser.wait_for("Nothing to hand on")


def test_without_scripts_the_relay_page_asks_for_its_own_address(browser: Browser, registered: Path) -> None:
    assert registered.exists()
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(ANSWER)

    assert "address bar" in browser.wait_for("One more step")
    assert browser.driver.current_url == ANSWER


def clipboard(browser: Browser) -> str:
    """What the person has copied, pasted with the keys into a page of their own."""
    browser.driver.switch_to.new_window("tab")
    browser.open("data:text/html,<title>Message</title><textarea id=message autofocus></textarea>")
    box = browser.driver.find_element(By.ID, "message")
    box.send_keys(Keys.CONTROL, "v")
    return browser.wait(lambda _: str(box.get_property("value") or ""))
