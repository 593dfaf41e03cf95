"""What `--json` prints is what docs/schemas describe: nothing that they leave out, and all that they promise."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, get_args

import pytest
import typer
from typer.core import TyperGroup

from sp_connect.amazon import geography
from sp_connect.cli import main
from sp_connect.models import Status
from sp_connect.stores import secret_store
from tests.cli.program import Result
from tests.contract.cases import CASES, WITHOUT
from tests.contract.given import Given, leaks
from tests.contract.schemas import CLOSED, ENDING, FOLDER, FORMATS, SCHEMAS, findings, narrower, nodes, refuses

Outputs = Callable[[str], Result]


@pytest.fixture(scope="module")
def outputs(given: Given) -> Outputs:
    """What each case printed; each is run once."""
    return cache(lambda name: CASES[name].run(given))


def documents(outputs: Outputs) -> Iterator[tuple[str, Any]]:
    """Everything that was printed for programs, with the schema that it keeps."""
    for name, case in CASES.items():
        yield case.schema, outputs(name).json()
        if case.code:
            yield "error", last_line(outputs(name))


def last_line(result: Result) -> Any:
    return json.loads(result.stderr.splitlines()[-1])


def commands(group: TyperGroup, context: typer.Context, words: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Every command of the tree with its flags, hidden ones too."""
    for name in group.list_commands(context):
        _, command, _ = group.resolve_command(context, [name])
        assert command is not None
        if isinstance(command, TyperGroup):
            yield from commands(command, typer.Context(command, parent=context), f"{words}{name} ")
        if not isinstance(command, TyperGroup) or command.invoke_without_command:
            yield f"{words}{name}", frozenset(flag for one in command.params for flag in one.opts)


def tree() -> dict[str, frozenset[str]]:
    group = typer.main.get_command(main.app)
    assert isinstance(group, TyperGroup)
    return dict(commands(group, typer.Context(group)))


class TestCommands:
    def test_every_command_with_json_is_run_here(self) -> None:
        assert {name for name, flags in tree().items() if "--json" in flags} == {one.command for one in CASES.values()}

    def test_every_command_without_json_has_a_reason(self) -> None:
        assert {name for name, flags in tree().items() if "--json" not in flags} == set(WITHOUT)

    @pytest.mark.slow
    def test_a_command_without_json_that_prints_nothing_does_so(self, given: Given, outputs: Outputs) -> None:
        outputs("app rotate-secret")

        result = given.run("app", "remove", "rotating")

        assert (result.code, result.stdout) == (0, "")


@pytest.mark.parametrize("name", CASES)
class TestOutput:
    @pytest.mark.slow
    def test_stdout_is_one_ascii_document_and_nothing_else(self, outputs: Outputs, name: str) -> None:
        result = outputs(name)

        assert result.code == CASES[name].code, result
        assert result.stdout.isascii()
        document = result.json()
        rows = ",\n".join(map(json.dumps, document))
        array = f"[\n{rows}\n]" if document else "[]"
        assert result.stdout == (array if isinstance(document, list) else json.dumps(document, indent=2)) + "\n"

    def test_it_is_what_the_schema_says(self, outputs: Outputs, name: str) -> None:
        assert findings(CASES[name].schema, outputs(name).json()) == []

    def test_it_has_nothing_that_the_schema_leaves_out(self, outputs: Outputs, name: str) -> None:
        assert findings(CASES[name].schema, outputs(name).json(), CLOSED) == []

    def test_a_failure_is_the_last_line_of_stderr_and_success_is_none(self, outputs: Outputs, name: str) -> None:
        result = outputs(name)

        if CASES[name].code:
            assert findings("error", last_line(result), CLOSED) == []
        else:
            assert '"error"' not in result.stderr


@pytest.mark.parametrize("name", CASES)
def test_no_secret_is_in_what_it_tells_or_leaves(given: Given, outputs: Outputs, name: str) -> None:
    assert leaks(given, outputs(name), CASES[name].command) == []


def test_every_status_is_printed(outputs: Outputs) -> None:
    assert {one["status"] for one in outputs("list").json()} == set(get_args(Status))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("verify")])
def test_a_finding_is_ok_where_it_has_no_error(outputs: Outputs, name: str) -> None:
    found = outputs(name).json()

    assert found
    assert [one["ok"] for one in found] == [one["error"] is None for one in found]


class TestSchemas:
    def test_each_is_used(self) -> None:
        used = {case.schema for case in CASES.values()} | {"error"}

        assert set(SCHEMAS) - used == {"connection"}  # what the lists hold

    @pytest.mark.parametrize("name", SCHEMAS)
    def test_its_id_is_the_name_of_its_file(self, name: str) -> None:
        assert SCHEMAS[name]["$id"] == f"{name}{ENDING}"
        assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"

    @pytest.mark.parametrize("name", SCHEMAS)
    def test_every_key_is_described_and_required(self, name: str) -> None:
        for where, node in nodes(SCHEMAS[name]):
            described = {key for key, one in node.get("properties", {}).items() if one.get("description")}
            assert described == set(node.get("properties", ())) == set(node.get("required", ())), where

    @pytest.mark.parametrize("name", SCHEMAS)
    def test_every_format_is_one_that_is_checked(self, name: str) -> None:
        assert {node.get("format") for _, node in nodes(SCHEMAS[name])} <= {None, *FORMATS.checkers}

    def test_their_words_are_those_of_the_program(self) -> None:
        shared = SCHEMAS["connection"]["$defs"]

        assert shared["status"]["enum"] == list(get_args(Status))
        assert shared["region"]["enum"] == list(geography.REGIONS)
        assert SCHEMAS["store"]["properties"]["store"]["enum"] == list(secret_store.NAMES)

    @pytest.mark.slow
    def test_nothing_is_allowed_that_is_never_printed(self, outputs: Outputs) -> None:
        """A null that never comes would have every reader guard against it; the codes of errors are printed in
        test_exit_codes."""
        printed = list(documents(outputs))

        idle = [what for what, less in narrower() if not refuses(printed, less)]

        assert [what for what in idle if not what.startswith("error#/$defs/error/properties/code")] == []


def objects(document: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(document, dict):
        yield document
    for one in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from objects(one)


def one_of_each(document: Any) -> list[dict[str, Any]]:
    """The first object of each form."""
    return list({frozenset(one): one for one in reversed(list(objects(document)))}.values())


@pytest.mark.parametrize("name", [name for name in CASES if not name.endswith(("nothing", "damaged file"))])
def test_a_key_more_or_less_is_noticed(outputs: Outputs, name: str) -> None:
    schema, document = CASES[name].schema, outputs(name).json()
    count = len(one_of_each(document))

    assert count
    for number in range(count):
        more, less = copy.deepcopy(document), copy.deepcopy(document)
        one_of_each(more)[number]["news"] = 1
        one_of_each(less)[number].popitem()
        assert findings(schema, more) == []
        assert findings(schema, more, CLOSED)
        assert findings(schema, less)


@pytest.mark.parametrize("moment", ["2026-11-22T10:00:00+00:00", "2026-13-22T10:00:00Z", "2026-11-22", "", None])
def test_a_time_that_is_not_of_the_contract_is_noticed(outputs: Outputs, moment: str | None) -> None:
    document = outputs("app show").json()

    assert findings("app", document | {"secret_set_at": moment})


def test_every_schema_is_in_the_folder() -> None:
    assert SCHEMAS
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}{ENDING}" for name in SCHEMAS}
