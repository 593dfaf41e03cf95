"""A real Chromium that asks nobody but this machine, and what a person does and sees in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

PATIENCE = 20.0
"""Seconds after which a page that has not come is taken for one that never does."""

INSTALL = "apt-get install chromium chromium-driver"

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1000,900",
)

Driver = webdriver.Chrome
T = TypeVar("T")


class NotInstalledError(Exception):
    """Chromium or its driver is not here; the message says how it gets here."""


class Browser:
    """One Chromium. `net_log` is the file in which it keeps every request that it sends, icons included."""

    def __init__(self, driver: Driver, net_log: Path) -> None:
        self.driver = driver
        self._net_log = net_log

    def begin_anew(self) -> None:
        """A fresh tab without history; signed in nowhere."""
        before = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        fresh = self.driver.current_window_handle
        for old in before:
            self.driver.switch_to.window(old)
            self.driver.close()
        self.driver.switch_to.window(fresh)
        self.command("Network.clearBrowserCookies")
        self.complaints()

    def command(self, name: str, **parameters: Any) -> dict[str, Any]:
        """One command of the Chrome DevTools Protocol."""
        found: dict[str, Any] = self.driver.execute_cdp_cmd(name, parameters)
        return found

    def open(self, address: str) -> None:
        self.driver.get(address)

    def wait(self, until: Callable[[Driver], T]) -> T:
        return WebDriverWait(self.driver, PATIENCE, 0.05).until(until)

    def wait_for(self, heading: str) -> str:
        """All that the page says, once its heading is `heading` or begins with it."""

        def shown(driver: Driver) -> bool:
            found = driver.find_elements(By.TAG_NAME, "h1")
            return any(element.is_displayed() and element.text.startswith(heading) for element in found)

        # Between two pages an element may be gone before it is read.
        WebDriverWait(self.driver, PATIENCE, 0.05, ignored_exceptions=[Exception]).until(shown)
        return self.text()

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def press(self, button: str) -> None:
        self.driver.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click()

    def type(self, field: str, text: str) -> None:
        self.driver.find_element(By.NAME, field).send_keys(text)

    def choose(self, company: str) -> None:
        """An account of the consent page."""
        self.driver.find_element(By.XPATH, f"//label[contains(., '{company}')]").click()

    def chosen(self) -> str:
        """The account that the consent page has chosen by itself, as it is shown."""
        return self.driver.find_element(By.XPATH, "//label[input[@name='account'][@checked]]").text

    def facts(self) -> dict[str, str]:
        """A page's card: its labels and values."""
        labels = self.driver.find_elements(By.TAG_NAME, "dt")
        values = self.driver.find_elements(By.TAG_NAME, "dd")
        return {label.text: value.text for label, value in zip(labels, values, strict=True)}

    def complaints(self) -> list[str]:
        """What the console says since it was last asked: errors of scripts, breaches of the page's policy.

        That a page came with a status such as 400 is no fault of the page.
        """
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        told = [entry["message"] for entry in log]
        return [message for message in told if "the server responded with a status of 4" not in message]

    def history(self) -> list[str]:
        """The addresses behind this tab's back and forward buttons, and its own."""
        return [entry["url"] for entry in self.command("Page.getNavigationHistory")["entries"]]

    def sent(self) -> list[Mapping[str, str]]:
        """Every request so far: `line` is method with path and query, then its headers in lower case."""
        found: list[Mapping[str, str]] = []
        for text in self._net_log.read_text(encoding="utf-8", errors="replace").splitlines():
            # One event a line; the last line may be half written.
            if '"line":"' not in text or not text.endswith("},"):
                continue
            event = json.loads(text[:-1]).get("params", {})
            if isinstance(event.get("headers"), list) and "line" in event:
                pairs = [header.partition(": ") for header in event["headers"]]
                found.append({"line": event["line"].strip()} | {name.lower(): value for name, _, value in pairs})
        return found


@contextmanager
def browser(folder: Path, *switches: str) -> Iterator[Browser]:
    """A Chromium with a profile of its own in `folder`. Raises NotInstalledError."""
    driver_program = shutil.which("chromedriver")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if driver_program is None or program is None:
        raise NotInstalledError(f"Chromium and its driver are needed: {INSTALL}")
    net_log = folder / "net.json"
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in (*SWITCHES, *switches, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={net_log}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # The path keeps Selenium from looking for a driver elsewhere.
    driver = webdriver.Chrome(options, Service(driver_program))
    try:
        driver.set_page_load_timeout(PATIENCE)
        yield Browser(driver, net_log)
    finally:
        driver.quit()
