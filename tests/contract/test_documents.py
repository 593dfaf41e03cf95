"""docs/json.md: its tables are the program's commands, its examples are of the schemas, its Python runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from sp_connect import checkup
from tests.contract.cases import CASES, WITHOUT
from tests.contract.schemas import CLOSED, ENDING, FOLDER, ROOT, SCHEMAS, findings

TEXT = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^### ([a-z]+)\n.*?^```json\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE))


def test_each_command_stands_with_its_schema() -> None:
    rows = re.findall(rf"^\| `([a-z -]+)` \| .*\(schemas/([a-z]+){ENDING}\)", TEXT, re.MULTILINE)

    assert sorted(rows) == sorted({(case.command, case.schema) for case in CASES.values()})


def test_each_command_without_json_stands_with_its_reason() -> None:
    _, _, table = TEXT.partition("| why it has no `--json` |\n")

    assert set(re.findall(r"^\| `([a-z -]+)` \|", table, re.MULTILINE)) == set(WITHOUT)


@pytest.mark.parametrize("name", sorted(set(SCHEMAS) - {"connection"}))  # which is what the lists hold
def test_each_schema_has_an_example_that_it_describes(name: str) -> None:
    assert findings(name, json.loads(EXAMPLES[name])) == []
    assert findings(name, json.loads(EXAMPLES[name]), CLOSED) == []


def test_no_example_is_of_a_schema_that_there_is_not() -> None:
    assert set(EXAMPLES) <= set(SCHEMAS)


@pytest.mark.parametrize("document", ["json.md", "exit-codes.md"])
def test_its_links_lead_to_files(document: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "docs" / document).read_text(encoding="utf-8"))

    assert links
    assert [link for link in links if not (ROOT / "docs" / link).is_file()] == []


@pytest.mark.parametrize(("broken", "code"), [(False, 0), (True, 1)])
def test_its_python_tells_what_is_of_the_schema(broken: bool, code: int) -> None:
    [script] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    document = json.loads(EXAMPLES["connections"])
    if broken:
        del document[0]["seller"]

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        input=json.dumps(document),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stderr


def test_its_schemas_are_all_named() -> None:
    named = set(re.findall(rf"\(schemas/([a-z]+){ENDING}\)", TEXT))

    assert named == {path.name.removesuffix(ENDING) for path in FOLDER.iterdir()} - {"connection"}


def test_its_checks_are_those_of_doctor_in_their_order() -> None:
    _, _, told = TEXT.partition("### doctor\n")

    assert re.findall(r"^- `([a-z-]+)`: ", told.partition("\n### ")[0], re.MULTILINE) == list(checkup.NAMES)
    assert SCHEMAS["doctor"]["$defs"]["check"]["properties"]["name"]["enum"] == list(checkup.NAMES)
