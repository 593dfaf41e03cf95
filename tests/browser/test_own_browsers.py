"""Each seller in a browser of their own: real Chromium and Firefox on a screen, and sites that remember them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import requests

from sp_connect import browser
from sp_connect.amazon import consent, geography
from sp_connect.models import Consent
from tests.browser import desktop
from tests.browser.desktop import Desktop, Visited
from tests.browser.program import COMMAND, Program, Waiting
from tests.browser.site import Site
from tests.stores.samples import app


@pytest.fixture(scope="module")
def session() -> Iterator[dict[str, str]]:
    try:
        with desktop.session() as made:
            yield made
    except desktop.NotInstalledError as error:
        _missing(error)


@pytest.fixture
def desk(tmp_path: Path, session: dict[str, str], agency_site: Site) -> Iterator[Desktop]:
    try:
        made = Desktop(tmp_path / "desk", session, agency_site.switches)
    except desktop.NotInstalledError as error:
        _missing(error)
    yield made
    made.close_browsers()


def _missing(error: desktop.NotInstalledError) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(str(error))
    pytest.skip(str(error))


@pytest.fixture
def shop() -> Iterator[Visited]:
    with desktop.site() as made:
        yield made


def seller(name: str) -> Consent:
    return consent.begin(app(), geography.scope(name, "eu"))


BROWSERS = ["chromium", "firefox"]


@pytest.mark.parametrize("name", BROWSERS)
def test_each_seller_stays_signed_in_apart_from_the_others(desk: Desktop, shop: Visited, name: str) -> None:
    opener = browser.opener(f"isolated {name}", desk.environment, desk.folder / "browsers")

    def visit(who: str) -> str:
        assert opener(seller(who), f"{shop.address}/{who}") is None
        return shop.next_visitor(f"/{who}")

    assert [visit("acme"), visit("bravo")] == ["", ""]
    assert [visit("acme"), visit("bravo")] == ["acme", "bravo"], "in the browsers that are open already"
    desk.close_browsers()
    assert visit("acme") == "acme", "after they were closed"


@pytest.mark.parametrize("name", BROWSERS)
def test_a_private_window_knows_nobody_and_leaves_nothing(
    desk: Desktop, shop: Visited, tmp_path: Path, name: str
) -> None:
    private = browser.opener(f"private {name}", desk.environment, tmp_path / "browsers")
    own = browser.opener(f"{desk.folder}/bin/{name}", desk.environment, tmp_path / "browsers")

    def visit(opener: browser.Opener, path: str) -> str:
        assert opener(seller("acme"), f"{shop.address}/{path}") is None
        return shop.next_visitor(f"/{path}")

    assert visit(own, "me") == ""
    assert visit(private, "acme") == "", "the person's own sign-in is not seen"
    assert visit(private, "bravo") == "acme", "private windows that are open at once are one: docs/browsers.md"
    assert visit(own, "me") == "me"
    desk.close_browsers()
    assert visit(private, "bravo") == ""


def connecting(program: Program, desk: Desktop, name: str) -> Waiting:
    """`connect --browser isolated` of a seller."""
    ours = {name: value for name, value in program.environment.items() if name.startswith(("SP_CONNECT_", "PYTHON"))}
    process = subprocess.Popen(
        [*COMMAND, "connect", "--seller", name, "--region", "eu", "--browser", "isolated", "--timeout", "120"],
        env=desk.environment | ours,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    program.started.append(waiting := Waiting(process, program.amazon))
    waiting.address = waiting.next_address()
    return waiting


def profile(program: Program, seller: str) -> Path:
    """Where the Chromium of a seller has what it keeps."""
    return program.home / "browsers" / seller / "chromium"


def test_the_login_uri_hop_is_answered_in_the_browser_that_was_opened_once(
    desk: Desktop, program: Program, agency_site: Site
) -> None:
    fault = {"endpoint": "consent", "kind": "hop"}
    requests.post(f"{program.amazon}/simulator/faults", json=fault, timeout=10).raise_for_status()
    before = len(agency_site.asked)

    waiting = connecting(program, desk, "acme")
    with desktop.running(profile(program, "acme")) as browser_of_acme:
        browser_of_acme.wait_for("Confirm access")
        browser_of_acme.choose("Acme GmbH")
        browser_of_acme.press("Confirm")
        browser_of_acme.wait_for("acme")
        ended = waiting.ended()

    assert ended.code == 0, ended.stderr
    assert ["amazon_callback_uri" in path for path in agency_site.asked[before:]] == [True, False]
    started = (desk.folder / "commands").read_text()
    assert "/open/" in started
    assert "state=" not in started


def test_two_clients_of_an_agency_never_meet_in_one_browser(desk: Desktop, program: Program) -> None:
    waiting = connecting(program, desk, "acme")
    with desktop.running(profile(program, "acme")) as browser_of_acme:
        browser_of_acme.wait_for("Confirm access")
        browser_of_acme.choose("Acme GmbH")
        browser_of_acme.press("Confirm")
        browser_of_acme.wait_for("acme")
        assert waiting.ended().code == 0

        waiting = connecting(program, desk, "bravo")
        with desktop.running(profile(program, "bravo")) as browser_of_bravo:
            assert "still signed in" not in browser_of_bravo.wait_for("Confirm access")
            browser_of_bravo.choose("Bravo Ltd")
            browser_of_bravo.press("Confirm")
            browser_of_bravo.wait_for("bravo")
            assert waiting.ended().code == 0

        waiting = connecting(program, desk, "acme")
        driver = browser_of_acme.driver
        browser_of_acme.wait(lambda _: len(driver.window_handles) == 2)
        driver.switch_to.window(driver.window_handles[-1])
        browser_of_acme.wait_for("Confirm access")
        assert browser_of_acme.chosen().startswith("Acme GmbH")
        assert "still signed in" in browser_of_acme.chosen()
        browser_of_acme.press("Confirm")
        browser_of_acme.wait_for("acme")
        assert waiting.ended().code == 0

    found = {one["seller"]: one["selling_partner_id"] for one in program.run("list", "--json").json}
    assert found == {"acme": "A2EXAMPLE1234", "bravo": "A1BRAVO777777"}
