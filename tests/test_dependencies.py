"""docs/dependencies.md is true: each dependency has its row and its reasons, and nothing undeclared is imported."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

import pytest

from tests.test_house import MODULE_OF, OWNERS, ROOT, imported

TEXT = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {re.split(r"[<>=]", line)[0]: line for line in PROJECT["dependencies"]}
EXTRAS = {re.split(r"[<>=]", line)[0] for lines in PROJECT["optional-dependencies"].values() for line in lines}


class Line(NamedTuple):
    """One line of the table. `owners` are modules of sp_connect."""

    package: str
    bound: str
    owners: tuple[str, ...]
    licence: str
    brings: str


def lines() -> Iterator[Line]:
    for line in TEXT.splitlines():
        package, bound, owners, licence, brings = ([cell.strip() for cell in line.split("|")[1:-1]] + [""] * 5)[:5]
        if owners.startswith("`"):
            yield Line(
                package, bound, tuple(f"sp_connect.{one}" for one in re.findall(r"`(.+?)`", owners)), licence, brings
            )


LINES = {line.package: line for line in lines()}


def _alike(package: str) -> str:
    return package.lower().replace("-", "_")


def _module(package: str) -> str:
    return MODULE_OF.get(_alike(package), _alike(package))


def test_each_dependency_has_its_line_and_each_line_its_dependency() -> None:
    assert LINES.keys() == DECLARED.keys()


@pytest.mark.parametrize("package", DECLARED)
def test_a_line_names_the_oldest_version_and_the_owners(package: str) -> None:
    line = LINES[package]

    assert re.split("[,;]", DECLARED[package])[0] == f"{package}>={line.bound}"
    assert line.owners == OWNERS[_module(package)]
    assert line.licence
    assert line.brings


@pytest.mark.parametrize("package", DECLARED)
def test_why_it_is_needed_is_told(package: str) -> None:
    [reason] = re.findall(rf"^\*\*{package}\*\*.*?(?=\n\n|\Z)", TEXT, re.MULTILINE | re.DOTALL)

    assert len(reason) > 150


def test_no_dependency_is_without_an_owner() -> None:
    assert {_module(name) for name in DECLARED} == OWNERS.keys()


@pytest.mark.slow
def test_tests_import_nothing_that_is_undeclared() -> None:
    of_module = metadata.packages_distributions()
    known = {_alike(name) for name in (*DECLARED, *EXTRAS, "tests", "docs", "sp_connect")}
    undeclared = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "tests").rglob("*.py")
        for name in {name.split(".")[0] for name in imported(path)} - sys.stdlib_module_names
        if known.isdisjoint(map(_alike, [name, *of_module.get(name, ())]))
    }

    assert not undeclared
