"""`doctor` as a command: lines for people, a table for pipes, JSON for programs, and the exit code of the worst."""

from __future__ import annotations

import io
from typing import Any

import pytest

from sp_connect import checkup, errors, findings
from sp_connect.commands import doctor
from sp_connect.findings import Finding
from sp_connect.runtime import Runtime
from sp_connect.simulator.faults import Fault
from sp_connect.terminal.screen import Screen
from sp_connect.views import checkup as view
from tests.agency import Agency, writing
from tests.commands.given import Shell, connected, record, shell
from tests.stores.samples import app

LONG = "/home/agency/" + "a-folder-with-a-long-name/" * 4


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def told(agency: Agency, **flags: Any) -> errors.SpConnectError | None:
    """The command's error, if it ends with one."""
    try:
        doctor.command(shell(agency).context, **flags)
    except errors.SpConnectError as error:
        return error
    return None


def checks(agency: Agency) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in shell(agency).json()["checks"]}


def drawn(monkeypatch: pytest.MonkeyPatch, finding: Finding, width: int = 80, encoding: str = "utf-8") -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    out.isatty = lambda: True  # type: ignore[method-assign]
    screen = Screen(out, io.StringIO(), colour=False)
    screen.show(view.line(screen, finding))
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    return out.buffer.getvalue().decode(encoding).splitlines()


@pytest.mark.parametrize("address", ["https://agency.example/sp-connect", "https://agency.example/elsewhere"])
def test_of_several_apps_each_finding_names_the_one_that_it_is_about(agency: Agency, address: str) -> None:
    first = agency.runtime.apps.get("default")
    secret = agency.runtime.secrets.fetch(first.secret_name)
    with writing(agency.runtime):
        agency.runtime.changes.keep_app(first._replace(name="wider", secret_ref="w1de4", redirect_uri=address), secret)
    connected(agency)

    found = list(checkup.run(agency.runtime, fix=False, yes=False))

    told = [one for one in found if one.subject is not None]
    assert [one for one in told if str(one.subject) not in one.found] == []
    assert sum(one.subject == "wider" for one in told) == 4


class TestExitCode:
    def test_a_home_in_order_ends_well(self, agency: Agency) -> None:
        connected(agency)

        assert told(agency) is None
        assert "23 checks: 23 ok." in agency.said()

    def test_warnings_are_no_failure(self, agency: Agency) -> None:
        connected(agency, standing="rejected")

        assert told(agency, json=True) is None
        assert shell(agency).json()["ok"] is True
        assert "23 checks: 22 ok, 1 warning." in agency.said()

    def test_one_failure_is_the_error_itself(self, agency: Agency) -> None:
        agency.runtime.connections.put(record())

        error = told(agency)

        assert isinstance(error, errors.MissingToken)
        assert error.hint == "sp-connect connect --seller acme --region eu"

    def test_of_several_the_most_serious_counts(self, agency: Agency) -> None:
        connected(agency, app="gone")
        agency.clock.pass_by(days=200)
        agency.runtime.apps.put(agency.app._replace(redirect_uri="http://agency.example"))

        error = told(agency, json=True)

        assert isinstance(error, errors.Several)
        assert (error.exit_code, error.code) == (3, "client-rejected")
        assert error.message == "3 of 23 checks failed: app, client secret and apps in use."
        assert error.hint == "each line above shows the fix"
        found = checks(agency)
        assert [name for name, one in found.items() if one["result"] == "failed"] == [
            "app",
            "client-secret",
            "apps-in-use",
        ]
        assert all(one["mend"] for one in found.values() if one["result"] == "failed")

    def test_an_amazon_that_is_silent_is_5(self, agency: Agency) -> None:
        agency.world.faults.add(Fault("token", "drop"))

        error = told(agency)

        assert isinstance(error, errors.Unreachable)
        assert error.exit_code == 5

    def test_a_home_that_cannot_be_begun_with_is_a_finding_too(self, agency: Agency) -> None:
        class Locked(Shell):
            def runtime(self, *, secrets: bool = True) -> Runtime:  # noqa: ARG002 - as the base class
                raise errors.Damaged(agency.folder / "config.toml", "expected an equals")

        begun = Locked(agency, agency.runtime)

        with pytest.raises(errors.Damaged):
            doctor.command(begun.context, json=True)

        assert [(one["name"], one["result"]) for one in begun.json()["checks"]] == [("configuration", "failed")]


class TestManners:
    def test_nothing_is_changed_without_fix(self, agency: Agency) -> None:
        connected(agency)
        agency.runtime.connections.put(record("bravo"))
        connected(agency, "charlie", standing="missing-token")
        (agency.folder / "connections").chmod(0o755)
        before = agency.files()

        told(agency, yes=True)

        assert agency.files() == before
        assert (agency.folder / "connections").stat().st_mode & 0o777 == 0o755

    def test_what_fix_changed_is_said(self, agency: Agency) -> None:
        connected(agency, standing="missing-token")
        (agency.folder / "connections").chmod(0o755)

        assert told(agency, fix=True, json=True) is None

        assert [name for name, one in checks(agency).items() if one["fixed"]] == ["permissions", "tokens"]
        assert "2 fixed." in agency.said()

    def test_json_has_every_check_in_its_order(self, agency: Agency) -> None:
        connected(agency)

        told(agency, json=True)

        document = shell(agency).json()
        assert list(dict.fromkeys(one["name"] for one in document["checks"])) == list(checkup.NAMES)
        assert all(
            set(one) == {"name", "subject", "result", "finding", "mend", "seconds", "fixed"}
            for one in document["checks"]
        )

    def test_a_pipe_gets_a_table_with_a_line_for_each_check(self, agency: Agency) -> None:
        connected(agency, standing="rejected")

        told(agency)

        head, _, *lines = shell(agency).printed().splitlines()
        assert head.split() == ["Check", "Result", "Seconds", "Finding", "Hint"]
        assert len(lines) == 23
        [connections] = [line for line in lines if line.startswith("connections")]
        assert "▲ warning" in connections
        assert connections.endswith("sp-connect renew --due 30")


class TestLines:
    OK = findings.ok("a file was written")._replace(name="disk", seconds=0.123)

    @pytest.mark.parametrize(
        ("finding", "mark", "plain", "word"),
        [
            (findings.ok("fine"), "●", "*", ""),
            (findings.warning("hm", "mend it"), "▲", "!", "warning: "),
            (findings.failed(errors.NoSuchApp("gone", ["default"])), "✕", "x", "failed: "),
            (findings.skipped("why"), "?", "?", "not checked: "),
        ],
    )
    def test_each_result_has_its_sign_and_its_word(
        self, monkeypatch: pytest.MonkeyPatch, finding: Finding, mark: str, plain: str, word: str
    ) -> None:
        for encoding, sign in (("utf-8", mark), ("ascii", plain)):
            first = drawn(monkeypatch, finding._replace(name="apps-in-use"), encoding=encoding)[0]
            assert first.startswith(f"{sign}  apps in use    {word}{finding.found[:10]}")

    def test_the_time_stands_at_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert drawn(monkeypatch, self.OK) == [f"●  disk           a file was written{' ' * 38}0.12 s"]

    def test_what_mends_it_stands_below_on_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        error = errors.WrongRelay(app().redirect_uri, "it answers 404", "default")

        lines = drawn(monkeypatch, findings.failed(error)._replace(name="relay"))

        assert lines[-1].rstrip() == "   hint: put this file there: sp-connect relay --app default --out relay.html"

    @pytest.mark.parametrize("width", [40, 60, 80, 120])
    def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(
        self, monkeypatch: pytest.MonkeyPatch, width: int
    ) -> None:
        finding = findings.warning(f"others may read {LONG}", f"chmod {LONG}")._replace(name="permissions")

        lines = drawn(monkeypatch, finding, width)

        assert max(map(len, lines)) <= width
        assert "".join("".join(lines).split()).count("a-folder-with-a-long-name/") == 8

    def test_what_a_server_sent_is_shown_literally(self, monkeypatch: pytest.MonkeyPatch) -> None:
        finding = findings.warning("it leads on to \x1b[2J[/]https://evil.example", "x")._replace(name="relay")

        assert "\ufffd[2J[/]https://evil.example" in "".join(drawn(monkeypatch, finding, 120))

    def test_simulated_is_said_first(self) -> None:
        out = Terminal()
        view.head(Screen(out, io.StringIO(), simulated=True, colour=False))

        assert out.getvalue().strip() == "SIMULATED"
