"""The table of Amazon's codes: whole, sourced, typed, and with each code that the program itself meets."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from typer.core import TyperGroup

from sp_connect.amazon import explanations
from sp_connect.amazon.explanations import ALL, BY_CODE, Explanation
from sp_connect.cli import main
from sp_connect.simulator import spoiling

ROOT = Path(__file__).parents[2]
FACTS = (ROOT / "docs" / f"{explanations.FACTS}.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)\.? .*\n((?:(?!#{2,3} ).*\n)*)", FACTS, re.MULTILINE))

each = pytest.mark.parametrize("one", ALL, ids=lambda one: one.codes[0])


@each
class TestEntry:
    def test_it_has_a_meaning_in_one_sentence(self, one: Explanation) -> None:
        assert re.fullmatch(r"[A-Z][^.]*\.", one.meaning)

    def test_each_cause_is_a_clause_with_what_mends_it(self, one: Explanation) -> None:
        assert one.causes
        for cause in one.causes:
            assert cause.what
            assert not cause.what.endswith(".")
            assert cause.mend or cause.command, cause
            assert not cause.mend.endswith((".", ":")), cause

    def test_its_sources_are_sections_that_name_it(self, one: Explanation) -> None:
        said = " ".join(SECTIONS[section] for section in one.sources)

        assert any(re.search(rf"(?<!\w){code}(?!\w)", said) for code in one.codes)

    def test_its_words_are_of_the_kinds_that_are_known(self, one: Explanation) -> None:
        assert one.where in get_args(explanations.Where)
        assert one.certainty in get_args(explanations.Certainty)


def test_no_code_stands_in_two_entries() -> None:
    assert len(BY_CODE) == sum(len(one.codes) for one in ALL)


def test_what_no_source_explains_says_so() -> None:
    unknown = {one.codes[0] for one in ALL if "No source" in one.meaning}

    assert unknown == {"MD0000", "MD4010", "MD5200"}
    assert all(BY_CODE[code.lower()].certainty == "unverified" for code in unknown)


def commands() -> list[str]:
    found = {cause.typed(app=explanations.USUAL_APP) for one in ALL for cause in one.causes}
    return sorted(found - {""})


@pytest.mark.parametrize("command", commands())
def test_every_command_can_be_typed(command: str) -> None:
    program, *words = shlex.split(command)
    group: Any = typer.main.get_command(main.app)
    context: Any = typer.Context(group, info_name=program)

    while isinstance(group, TyperGroup):
        name, group, words = group.resolve_command(context, words)
        context = group.make_context(name, list(words), parent=context, resilient_parsing=isinstance(group, TyperGroup))

    assert program == "sp-connect"
    assert not context.args


def mentioned() -> set[str]:
    """Every code of Amazon's that a module of the program, or the README, names."""
    files = [path for path in (ROOT / "sp_connect").rglob("*.py") if path.name not in {"explanations.py", "causes.py"}]
    text = "".join(path.read_text(encoding="utf-8") for path in [*files, ROOT / "README.md"])
    found = set(re.findall(r"\b(?:MD\d{4}|SP[A-Z]{2}\d{4}|[A-Z_]+_REACHED)\b", text))
    found |= set(re.findall(r'"(invalid_[a-z]+|[a-z]+_client|access_denied)"', text))
    return found | set(re.findall(r'refusal\(\d+, "(\w+)"', text))


@pytest.mark.parametrize("code", sorted(mentioned() | set(spoiling._SELLERS.values()) | set(spoiling._TOKEN.values())))
def test_every_code_that_the_program_names_is_there(code: str) -> None:
    assert code in BY_CODE[code.lower()].codes


def test_codes_are_looked_for_where_there_are_some() -> None:
    assert {"MD1000", "MD5101", "invalid_grant", "invalid_client", "MissingAuthenticationToken"} <= mentioned()


WRITTEN = [
    ("MD1000", "MD1000"),
    ("md1000", "MD1000"),
    (" MD 1000 ", "MD1000"),
    ("MD-1000", "MD1000"),
    ("Error code MD1000", "MD1000"),
    ("Error code: md1000.", "MD1000"),
    ("invalid_grant", "invalid_grant"),
    ("INVALID GRANT", "invalid_grant"),
    ("invalid-grant", "invalid_grant"),
    ("400 invalid_grant: The request has an invalid grant parameter : code", "invalid_grant"),
    ("error: Amazon refuses the token. Amazon said: invalid_grant: ... (request 1)", "invalid_grant"),
    ("403", "Unauthorized"),
    ("HTTP 403", "Unauthorized"),
    ("403 Unauthorized", "Unauthorized"),
    ("AccessDenied", "Unauthorized"),
    ("access denied", "Unauthorized"),
    ("access_denied", "access_denied"),
    ("ACCESS_DENIED", "access_denied"),
    ("429", "QuotaExceeded"),
    ("503", "5xx"),
    ("5xx", "5xx"),
    ("temporarily_unavailable", "server_error"),
    ("SPDC", "SPDC8143"),
    ("consent limit", "CONSENT_LIMIT_REACHED"),
]


@pytest.mark.parametrize(("text", "code"), WRITTEN)
def test_a_code_is_found_as_people_write_it(text: str, code: str) -> None:
    found = explanations.find(text)

    assert found is not None
    assert found.codes[0] == code


@pytest.mark.parametrize("text", ["", " ", "_", "MD", "md5", "MD1001", "foo", "Error code", "418", "MD1000x"])
def test_what_is_no_code_or_several_is_not_found(text: str) -> None:
    assert explanations.find(text) is None


NEAR = [
    ("md1001", ["MD1000"]),
    ("MD52", ["MD5200"]),
    ("md51", ["MD5100", "MD5101", "MD5110"]),
    ("unauthorised", ["Unauthorized", "unauthorized_client"]),
    ("grant_invalid", []),
    ("1000", ["MD1000"]),
    ("foo", []),
    ("", []),
    ("md5200 " + "x" * 100_000, ["MD5200"]),
]


@pytest.mark.timeout(5)
@pytest.mark.parametrize(("text", "codes"), NEAR)
def test_what_may_have_been_meant_is_near(text: str, codes: list[str]) -> None:
    near = explanations.near(text)

    assert set(near) >= set(codes)
    assert len(near) <= 5
    assert codes or not near
