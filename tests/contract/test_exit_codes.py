"""Each exit code and each error.code of docs/exit-codes.md, reached by the program itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest

from docs import reference
from sp_connect import errors
from sp_connect.simulator.faults import Fault
from tests.commands.given import connected, end_at_amazon, record
from tests.contract.endings import ENDINGS, Ending
from tests.contract.given import Given, leaks
from tests.contract.schemas import CLOSED, ROOT, SCHEMAS, findings

pytestmark = pytest.mark.slow

ROW = re.compile(r"^\| (\d+) \| (?:`([a-z-]+)`)? ?\| .+ \| .+ \|$", re.MULTILINE)

TEXT = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
DOCUMENTED: list[Ending] = [(int(code), word) for code, word in ROW.findall(TEXT)]


def kinds(of: type[errors.SpConnectError]) -> Iterator[type[errors.SpConnectError]]:
    """Every class of error with a code of its own: not families, nor what takes the code of an error that it holds."""
    for one in of.__subclasses__():
        has_code = one.code != errors.SpConnectError.code or one is errors.Bug
        yield from (one,) if has_code else ()
        yield from kinds(one)


class TestDocument:
    def test_each_row_has_a_case(self) -> None:
        assert len(set(DOCUMENTED)) == len(DOCUMENTED) == TEXT.count("\n| ") - 2  # its head and the line below
        assert set(DOCUMENTED) == set(ENDINGS)

    def test_each_error_of_the_program_has_a_row(self) -> None:
        in_program = {(kind.exit_code, kind.code) for kind in kinds(errors.SpConnectError)}

        assert in_program == {(code, word) for code, word in DOCUMENTED if word}

    def test_the_schema_names_each_code(self) -> None:
        words = SCHEMAS["error"]["$defs"]["error"]["properties"]["code"]["enum"]

        assert words == [word for _, word in DOCUMENTED if word]

    def test_the_manual_page_has_the_same_exit_codes(self) -> None:
        in_manual = {int(code) for codes, _ in reference.STATUSES for code in codes.split(", ")}

        assert in_manual == {code for code, _ in DOCUMENTED}

    def test_its_example_is_of_the_schema(self) -> None:
        [example] = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)

        assert findings("error", json.loads(example), CLOSED) == []


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: f"{ending[0]} {ending[1]}".strip())
def test_it_is_reached(given: Given, ending: Ending) -> None:
    result = ENDINGS[ending](given)

    code, word = ending
    assert result.code == code, result
    assert leaks(given, result) == []
    if not word:
        assert '"error":' not in result.stderr
        return
    last = json.loads(result.stderr.splitlines()[-1])
    assert findings("error", last) == []
    assert findings("error", last, CLOSED) == []
    assert last["error"]["code"] == word
    assert f"error: {last['error']['message']}" in result.stderr
    assert last["error"]["hint"] is None or f"hint: {last['error']['hint']}\n" in result.stderr


def _rejected_in_na(given: Given, name: str) -> None:
    end_at_amazon(given.office, connected(given.office, name, "na"))


def _without_token_in_eu(given: Given, name: str) -> None:
    given.office.runtime.connections.put(record(name, "eu"))


def _garbled_in_eu(given: Given, name: str) -> None:
    connected(given.office, name, "eu")
    given.office.world.faults.add(Fault("sellers", "html", times=1))


def _appless_in_japan(given: Given, name: str) -> None:
    connected(given.office, name, "fe", "JP", app="gone")


MIXTURES: list[tuple[list[Callable[[Given, str], None]], Ending]] = [
    ([_rejected_in_na, _without_token_in_eu], (4, "missing-token")),
    ([_rejected_in_na, _garbled_in_eu], (3, "rejected")),
    ([_garbled_in_eu, _appless_in_japan], (5, "unexpected-answer")),
    ([_rejected_in_na, _appless_in_japan], (3, "rejected")),
]


@pytest.mark.parametrize("number", range(len(MIXTURES)))
def test_of_many_failures_the_most_serious_counts(given: Given, number: int) -> None:
    name, (troubles, (code, word)) = f"mixed-{number}", MIXTURES[number]
    with given.trouble():
        for cause in troubles:
            cause(given, name)

        result = given.run("verify", "-s", name, "--json")

    assert (result.code, result.error()["code"]) == (code, word), result
    assert len({one["error"]["code"] for one in result.json()}) == len(troubles)


def test_a_row_that_cannot_be_meant_counts_after_all_else(given: Given) -> None:
    given.office.runtime.apps.put(given.office.app._replace(name="secretless", secret_ref="none"))
    file = given.folder / "sellers.csv"
    file.write_text(
        "seller,region,country,selling_partner_id,refresh_token,app\n"
        "sheet,eu,,A1OTHER000001,Atzr|of-nobody,\n"
        "NOT A NAME,eu,,A1OTHER000002,Atzr|x,\n"
        "row,eu,,A1OTHER000003,Atzr|x,secretless\n"
    )

    result = given.run("import", "--from", str(file), "--json")

    assert (result.code, result.error()["code"]) == (4, "missing-token")
    assert [line[:13] for line in result.stderr.splitlines() if line.startswith("error: Line")] == [
        f"error: Line {number}" for number in (2, 3, 4)
    ]
    assert result.json() == []
