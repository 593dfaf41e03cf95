"""Every sentence that a user can meet, in one file that reads as English from top to bottom: tests/texts.txt.

    python -m tests.texts

writes it, and tests/test_texts.py compares it with the program. It holds the literals of each module with words in
them, with `{name}` where the program puts a value, the help of the commands, and the text of the pages. Docstrings of
other code, and texts that only a machine reads, are left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "texts.txt"

HELP = re.compile(r"^(command|callback|add|show|list_|remove|rotate_secret|set_|move|passphrase|regions|marketplaces)")
"""Functions whose docstring is the help of a command."""

WORDS = re.compile(r"[A-Za-z]{2,}[,;:.]? [A-Za-z{`']")
"""Two words with a space between them: less is a key, a path or a flag."""

MACHINE = re.compile(r"^[\w.]+ = |^(GET|POST) |^%[A-Z]|<\w+[^>]*>|^--\w|^\(\?")
"""Headers, markup and patterns."""


def literals(path: Path) -> Iterator[str]:
    """The texts of a module, in the order of its lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings, inner = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # of a module, a class, a value
            docstrings.add(node.value)
        if isinstance(node, ast.FunctionDef) and path.parent.name == "commands" and HELP.match(node.name):
            docstrings -= {node.body[0].value} if isinstance(node.body[0], ast.Expr) else set()
        if isinstance(node, ast.JoinedStr):
            inner |= {part for part in node.values if isinstance(part, ast.Constant)}
    found = [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)))
        and node not in docstrings
        and node not in inner
    ]
    helps = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and path.parent.name == "commands"
        and HELP.match(node.name)
        and isinstance(node.body[0], ast.Expr)
    }
    found += [node for node in helps if isinstance(node, ast.Constant) and node not in found]
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
        text = _text(node)
        if WORDS.search(text) and not MACHINE.search(text):
            yield text


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return " ".join("".join(map(_part, node.values)).split())
    assert isinstance(node, ast.Constant)
    return " ".join(str(node.value).split())


def _part(node: ast.expr) -> str:
    """What stands for a value is its name, or the last part of it: {scope}, {seller}."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    names = [inner for inner in ast.walk(node.value) if isinstance(inner, ast.Name | ast.Attribute)]
    first = names[0] if names else None
    return f"{{{first.attr if isinstance(first, ast.Attribute) else first.id if isinstance(first, ast.Name) else '…'}}}"


def page(path: Path) -> Iterator[str]:
    """The text between the tags of a page."""
    markup = re.sub(
        r"<(style|script)\b.*?</\1>|<!--.*?-->|\{#.*?#\}|\{%.*?%\}", "\n", path.read_text("utf-8"), flags=re.DOTALL
    )
    for text in re.split(r"</?(?:p|h\d|li|td|th|button|div|title|section|dt|dd|label|a|br|summary)\b[^>]*>", markup):
        plain = " ".join(re.sub(r"<[^>]*>", "", text).split())
        if WORDS.search(plain):
            yield plain


def written() -> str:
    """The whole file."""
    parts: list[str] = []
    for path in sorted((ROOT / "sp_connect").rglob("*")):
        if path.suffix not in {".py", ".html"}:
            continue
        texts = list(dict.fromkeys(literals(path) if path.suffix == ".py" else page(path)))
        if texts:
            parts += [f"## {path.relative_to(ROOT / 'sp_connect')}", "", *texts, ""]
    return "\n".join(parts)


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
