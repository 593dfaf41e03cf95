"""One Chromium and one web site for all tests; for each a home, a simulated Amazon and a fresh tab of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sp_connect.simulator.server import Simulator
from sp_connect.simulator.world import BUILT_IN, World
from tests.agency import free_port
from tests.browser import chromium, site
from tests.browser.chromium import Browser
from tests.browser.program import Program
from tests.browser.site import Site

RELAY_PATH = "/sp-connect"
REDIRECT_URI = f"https://{site.HOST}{RELAY_PATH}"
APP = replace(BUILT_IN, redirect_uris=(REDIRECT_URI,))


@pytest.fixture(scope="session")
def agency_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The agency's web site; the relay page is put there by `registered`."""
    with site.site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture(scope="session")
def the_browser(tmp_path_factory: pytest.TempPathFactory, agency_site: Site) -> Iterator[Browser]:
    try:
        with chromium.browser(tmp_path_factory.mktemp("chromium"), *agency_site.switches) as made:
            yield made
    except chromium.NotInstalledError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def browser(the_browser: Browser) -> Iterator[Browser]:
    """A fresh tab. Whatever the test is about, no page may make the console complain."""
    the_browser.begin_anew()
    yield the_browser
    assert the_browser.complaints() == []


@pytest.fixture
def amazon() -> Iterator[Simulator]:
    """A simulated Amazon whose app has the agency's own page as its redirect URI and Login URI."""
    with Simulator(World(apps=(APP,)), relays={}) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def registered(tmp_path_factory: pytest.TempPathFactory, agency_site: Site) -> Path:
    """A home with the app registered; the relay page that it writes lies on the site."""
    folder = tmp_path_factory.mktemp("registered")
    program = Program(folder / "home", "http://127.0.0.1:9")
    ids = ["--application-id", APP.application_id, "--client-id", APP.client_id, "--redirect-uri", REDIRECT_URI]
    listen = ["--listen", f"127.0.0.1:{free_port()}"]
    added = program.run(
        "app", "add", *ids, *listen, "--no-check", "--client-secret-stdin", stdin=f"{APP.client_secret}\n"
    )
    assert added.code == 0, added.stderr
    written = program.run("relay", "--out", str(folder / "relay.html"))
    assert written.code == 0, written.stderr
    agency_site.pages[RELAY_PATH] = (folder / "relay.html").read_bytes()
    return program.home


@pytest.fixture
def program(registered: Path, amazon: Simulator, tmp_path: Path) -> Iterator[Program]:
    made = Program.copied(registered, tmp_path / "home", amazon.base_url)
    yield made
    made.stop()
