"""`explain`: one code for people and programs, all of them in a table, and the errors that lead to it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer

from sp_connect import errors
from sp_connect.amazon import explanations, geography
from sp_connect.commands import explain
from sp_connect.models import AmazonWords
from sp_connect.terminal.screen import Screen
from tests.contract.schemas import CLOSED, findings

ACME = geography.scope("acme", "eu", None)


class Terminal(io.StringIO):
    """A terminal that keeps what it is shown."""

    def isatty(self) -> bool:
        return True


@dataclass
class Given:
    """What Typer hands the command: a screen, and nothing else to ask or to read."""

    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)
    flags: dict[str, Any] = field(default_factory=dict)

    def explain(self, *words: str, json: bool = False) -> str:
        screen = Screen(self.out, self.err, **self.flags)
        context = cast("typer.Context", SimpleNamespace(obj=SimpleNamespace(screen=screen)))
        explain.command(context, list(words) or None, json=json)
        return self.out.getvalue()


@pytest.fixture
def given() -> Given:
    return Given()


def drawn(monkeypatch: pytest.MonkeyPatch, width: int, *words: str, **flags: Any) -> list[str]:
    """The lines on a terminal of so many columns, without colour."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = Given(Terminal(), Terminal(), flags).explain(*words)
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()]


class TestOne:
    def test_it_tells_meaning_causes_and_what_mends_them(self, given: Given) -> None:
        shown = given.explain("md1000")

        for cause in explanations.BY_CODE["md1000"].causes:
            assert cause.what[1:] in shown
            assert cause.mend[1:] in shown
        assert "sp-connect app show default" in shown
        assert "on Amazon's consent page" in shown
        assert "docs/amazon.md 1.1, 2.3" in shown

    def test_a_code_may_stand_among_other_words(self, given: Given) -> None:
        assert given.explain("Error", "code", "MD9100").split()[1] == "MD9100"

    def test_what_amazon_says_beside_it_tells_the_causes_apart(self, given: Given) -> None:
        shown = given.explain("invalid_grant")

        assert shown.count("Amazon says") == len({cause.said for cause in explanations.BY_CODE["invalid_grant"].causes})

    def test_other_codes_for_the_same_are_named(self, given: Given) -> None:
        assert re.search(r"^Also +403, AccessDenied$", given.explain("Unauthorized"), re.MULTILINE)

    def test_what_nobody_knows_is_said_to_be_unverified_and_who_may_know(self, given: Given) -> None:
        shown = given.explain("MD4100")

        assert "UNVERIFIED" in shown
        assert "developer support" in shown

    @pytest.mark.parametrize("code", [one.codes[0] for one in explanations.ALL])
    def test_at_80_columns_nothing_is_wider_and_no_command_is_broken(
        self, monkeypatch: pytest.MonkeyPatch, code: str
    ) -> None:
        lines = drawn(monkeypatch, 80, code)

        assert max(map(len, lines)) <= 80
        for cause in explanations.BY_CODE[code.lower()].causes:
            command = cause.typed(app="default")
            assert not command or any(line.endswith(f"  {command}") for line in lines), lines

    def test_without_colour_there_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "xterm-256color")
        shown = Given(Terminal(), Terminal(), {"colour": False}).explain("MD1000")

        assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown)

    @pytest.mark.parametrize("words", [[], *([code] for code in explanations.BY_CODE)])
    def test_it_is_ascii_but_for_the_rule(self, given: Given, words: list[str]) -> None:
        assert given.explain(*words).replace("─", "").isascii()


class TestAll:
    def test_piped_each_line_stands_alone(self, given: Given) -> None:
        head, _, *lines = given.explain().splitlines()

        assert head.split() == ["Code", "Where", "Meaning"]
        assert len(lines) == len(explanations.ALL)
        for line, one in zip(lines, explanations.ALL, strict=True):
            assert line.startswith(", ".join(one.codes))
            assert line.endswith(one.meaning)

    @pytest.mark.parametrize("width", [40, 60, 80, 120])
    def test_no_line_is_wider_than_the_terminal_and_no_code_is_broken(
        self, monkeypatch: pytest.MonkeyPatch, width: int
    ) -> None:
        lines = drawn(monkeypatch, width)

        assert max(map(len, lines)) <= width
        for one in explanations.ALL:
            assert any(re.match(rf"{re.escape(one.codes[0])}(,|\s|$)", line) for line in lines), one.codes[0]

    def test_at_80_columns_each_meaning_is_on_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = drawn(monkeypatch, 80)

        assert all(any(line.endswith(one.meaning) for line in lines) for one in explanations.ALL)

    def test_how_to_go_on_is_said_beside_it(self, given: Given) -> None:
        given.explain()

        assert "sp-connect explain CODE" in given.err.getvalue()

    def test_simulated_says_so(self) -> None:
        assert Given(flags={"simulated": True}).explain().startswith("SIMULATED")


class TestJson:
    def test_one_is_an_object_of_the_schema(self, given: Given) -> None:
        found = json.loads(given.explain("403", json=True))

        assert findings("explanation", found, CLOSED) == []
        assert found["code"] == "Unauthorized"
        assert "403" in found["also"]
        assert found["causes"][2]["command"] == "sp-connect app rotate-secret default"

    def test_all_are_an_array_of_them(self, given: Given) -> None:
        found = json.loads(given.explain(json=True))

        assert [one["code"] for one in found] == [one.codes[0] for one in explanations.ALL]
        assert [finding for one in found for finding in findings("explanation", one, CLOSED)] == []

    def test_nothing_else_is_said(self, given: Given) -> None:
        given.explain(json=True)

        assert given.err.getvalue() == ""


class TestUnknown:
    @pytest.mark.parametrize(("words", "near"), [(["md1001"], ["MD1000"]), (["MD51"], ["MD5100", "MD5101", "MD5110"])])
    def test_it_is_a_usage_error_with_the_nearest(self, words: list[str], near: list[str]) -> None:
        with pytest.raises(errors.UnknownCode) as failure:
            explain.run(words)

        assert (failure.value.exit_code, failure.value.code) == (2, "usage")
        assert re.findall(r"MD\d+", failure.value.hint or "") == near

    def test_it_says_where_all_are_and_whom_to_ask(self) -> None:
        with pytest.raises(errors.UnknownCode) as failure:
            explain.run(["frob"])

        assert "'frob'" in failure.value.message
        assert "near it" not in (failure.value.hint or "")
        assert "sp-connect explain;" in (failure.value.hint or "")
        assert "developer support" in (failure.value.hint or "")


def told(error: errors.SpConnectError) -> list[str]:
    err = io.StringIO()
    Screen(io.StringIO(), err).error(error, as_json=True)
    return err.getvalue().splitlines()


class TestErrors:
    """An error with a code that is explained says so, on its own line; hint and JSON stay as they are."""

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (errors.Rejected(ACME, AmazonWords("invalid_grant", "No such.", "id-1")), "invalid_grant"),
            (errors.Refused(ACME, AmazonWords("access_denied")), "access_denied"),
            (errors.NotPermitted(ACME, "No", AmazonWords("Unauthorized", "Denied.")), "Unauthorized"),
            (errors.Throttled("api.amazon.com", AmazonWords("QuotaExceeded")), "QuotaExceeded"),
            (errors.Unreachable("api.amazon.com", "no", AmazonWords("internalfailure")), "5xx"),
        ],
        ids=lambda value: value if isinstance(value, str) else type(value).__name__,
    )
    def test_a_known_code_leads_to_its_explanation(self, error: errors.SpConnectError, code: str) -> None:
        sentence, hint, last = told(error)

        assert re.search(rf"[.)] More: sp-connect explain {code}$", sentence)
        assert hint == f"hint: {error.hint}"
        assert "More:" not in last
        assert explain.run([code]).codes[0] == code

    @pytest.mark.parametrize(
        "words", [None, AmazonWords(), AmazonWords("brand_new", "x"), AmazonWords(None, "invalid_grant")]
    )
    def test_another_does_not(self, words: AmazonWords | None) -> None:
        assert "explain" not in told(errors.Unreachable("api.amazon.com", "it answered 503", words))[0]

    def test_a_wait_that_ended_leads_to_the_codes_of_amazons_page(self) -> None:
        assert "sp-connect explain CODE" in (errors.TimedOut(ACME, 5).hint or "")
