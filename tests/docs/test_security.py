"""docs/security.md: every promise names tests of this suite."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROMISES = re.findall(r"(?ms)^- \*\*(.+?)\*\*(.*?)(?=^- |^#|\Z)", TEXT.partition("\n## Promises\n")[2])
NAME = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")


def within(body: list[ast.stmt], inside: str = "") -> Iterator[str]:
    """The tests of a module or class, as pytest names them."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from within(node.body, f"{node.name}::")
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"{inside}{node.name}"


@cache
def there(file: str) -> frozenset[str]:
    path = ROOT / file
    return frozenset(within(ast.parse(path.read_text(encoding="utf-8")).body)) if path.is_file() else frozenset()


def test_there_are_promises() -> None:
    assert len(PROMISES) >= 20


@pytest.mark.parametrize(("promise", "rest"), PROMISES, ids=[promise for promise, _ in PROMISES])
def test_a_promise_is_held_by_tests_that_there_are(promise: str, rest: str) -> None:
    named = NAME.findall(rest)

    assert named, promise
    assert [f"{file}::{name}" for file, name in named if name not in there(file)] == []
