"""The listener's port and the browser, as `connect` would find them."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from sp_connect import browser, errors
from sp_connect.authorization import listener
from sp_connect.browser import Preview
from tests.agency import Agency
from tests.checkup.given import code, edit, finding

posix = pytest.mark.skipif(os.name != "posix", reason="the stand-ins for browsers are shell scripts")


class TestPort:
    def test_one_that_is_free_is_free_afterwards(self, agency: Agency) -> None:
        assert finding(agency.runtime, "port").result == "ok"

        host, port = agency.app.listen.split(":")
        with socket.create_server((host, int(port))):
            pass

    @pytest.mark.slow
    def test_a_stranger_on_it_is_a_failure(self, agency: Agency) -> None:
        host, port = agency.app.listen.split(":")
        with socket.create_server((host, int(port))) as stranger:
            stranger.close()
            with socket.create_server((host, int(port))) as other:
                other.listen()
                found = finding(agency.runtime, "port")

        assert code(found) == (4, "port-taken")
        assert agency.app.listen in found.found
        assert "Nothing was changed" not in found.found

    def test_another_sp_connect_that_waits_there_is_said_to(self, agency: Agency) -> None:
        arrivals: list[listener.Arrival] = []
        with listener.door(agency.app, arrivals.append, str):
            found = finding(agency.runtime, "port")

        assert (found.result, found.error) == ("warning", None)
        assert found.found == f"another sp-connect is waiting at {agency.app.listen} for a consent"
        assert arrivals == []

    def test_what_is_no_address_is_told_by_another_check(self, agency: Agency) -> None:
        edit(agency.folder / "config.toml", '"127.0.0.1:', '"0.0.0.0:')

        assert finding(agency.runtime, "port").result == "skipped"


class TestBrowser:
    def test_one_that_opens_is_named(self, agency: Agency) -> None:
        runtime = replace(agency.runtime, preview_browser=lambda: Preview("Firefox, isolated", None))

        assert finding(runtime, "browser").found == "Firefox, isolated opens Amazon's page"

    def test_one_on_another_machine_is_no_fault(self, agency: Agency) -> None:
        runtime = replace(
            agency.runtime, preview_browser=lambda: Preview("", "sp-connect runs over SSH", is_elsewhere=True)
        )

        found = finding(runtime, "browser")

        assert (found.result, found.found) == ("ok", "sp-connect runs over SSH: connect prints the address instead")

    def test_none_at_all_is_a_warning(self, agency: Agency) -> None:
        runtime = replace(agency.runtime, preview_browser=lambda: Preview("", "no browser was found here"))

        found = finding(runtime, "browser")

        assert (found.result, found.mend) == ("warning", "sp-connect connect --paste ..., from a browser elsewhere")

    def test_one_that_config_toml_names_and_that_is_not_there_is_a_failure(self, agency: Agency) -> None:
        place = agency.folder / "config.toml"
        runtime = replace(
            agency.runtime, preview_browser=lambda: browser.preview("netscape {url}", {"PATH": "/nowhere"}, place)
        )

        found = finding(runtime, "browser")

        assert code(found) == (2, "usage")
        assert f'browser = "netscape {{url}}" in {place} cannot be run' in found.found


@posix
class TestLook:
    """`browser.look` on a Linux desktop of the test's own."""

    @pytest.fixture
    def environ(self, tmp_path: Path) -> Mapping[str, str]:
        for name in ("chromium", "firefox"):
            path = tmp_path / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("#!/bin/sh\nexit 1\n")
            path.chmod(0o755)
        return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home"), "DISPLAY": ":7"}

    @pytest.mark.parametrize(
        ("command", "opened_by"),
        [
            ("isolated", "Chromium, isolated"),
            ("private firefox", "Firefox, private"),
            ("firefox --kiosk {url}", "{bin}/firefox"),
        ],
    )
    def test_it_says_which_would_open_and_writes_nothing(
        self, environ: Mapping[str, str], tmp_path: Path, command: str, opened_by: str
    ) -> None:
        before = sorted(tmp_path.rglob("*"))

        seen = browser.preview(command, environ, system="linux")

        assert (seen.opened_by, seen.obstacle) == (opened_by.format(bin=tmp_path / "bin"), None)
        assert sorted(tmp_path.rglob("*")) == before

    @pytest.mark.parametrize("command", [None, "default", " default "])
    def test_of_the_systems_own_it_names_those_that_are_known(
        self, environ: Mapping[str, str], command: str | None
    ) -> None:
        seen = browser.preview(command, environ, system="linux")

        assert seen.opened_by == "the system's own browser; of those known by name there is Chromium and Firefox"

    def test_over_ssh_without_a_screen_it_is_elsewhere(self, environ: Mapping[str, str]) -> None:
        remote = {name: value for name, value in environ.items() if name != "DISPLAY"} | {"SSH_TTY": "/dev/pts/0"}

        for command in (None, "isolated"):
            seen = browser.preview(command, remote, system="linux")
            assert seen.is_elsewhere
            assert seen.obstacle == "sp-connect runs over SSH, so your browser is on another machine"

    @pytest.mark.parametrize("command", ["isolated netscape", "private edge", "netscape", '"'])
    def test_what_cannot_be_opened_is_refused_as_connect_does(
        self, environ: Mapping[str, str], tmp_path: Path, command: str
    ) -> None:
        with pytest.raises(errors.Usage) as looked:
            browser.preview(command, environ, system="linux")
        with pytest.raises(errors.Usage) as opened:
            browser.opener(command, environ, tmp_path / "browsers", system="linux")

        assert looked.value.message == opened.value.message
