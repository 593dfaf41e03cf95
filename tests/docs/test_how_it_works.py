"""docs/how-it-works.md and docs/contributing.md name what is there."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.test_house import ROOT

PATH = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
FILES = sorted(set(re.findall(r"`((?:sp_connect|tests)/[\w/]+\.\w+)`", PATH)))


@pytest.mark.parametrize("name", FILES)
def test_each_file_that_is_named_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_the_path_names_a_file_at_each_step() -> None:
    table, _, _ = PATH.partition("\n## ")
    steps = re.findall(r"^\| (\d+) \|.*\| (.*) \|$", table, re.MULTILINE)

    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    assert all("`sp_connect/" in where for _, where in steps)


def test_what_a_newcomer_looks_for_is_where_the_page_says() -> None:
    answers = re.findall(r"^\| Where .*\| (?:`(\w+)` in )?`(sp_connect/[\w/]+\.py)` \|$", CONTRIBUTING, re.MULTILINE)

    assert len(answers) == CONTRIBUTING.count("| Where ")
    for name, file in answers:
        assert not name or re.search(
            rf"^ *(?:def|class) {name}\b", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE
        )


def test_the_tasks_of_a_contributor_are_those_of_pyproject() -> None:
    tasks = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["poe"]["tasks"]

    assert set(re.findall(r"^\| `poe (\w+)` \|", CONTRIBUTING, re.MULTILINE)) == tasks.keys() - {"site"}


def test_ci_runs_the_tasks_and_installs_what_the_page_names() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    for task in ("slow", "lint", "site", "package", "fuzz"):
        assert f"poe {task}" in ci
    installed = {
        word for line in re.findall(r"apt-get install ((?:.|\\\n)*?)\n```", CONTRIBUTING) for word in line.split()
    }
    assert {word for word in installed if word != "\\"} <= set(ci.split())
