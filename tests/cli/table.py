"""What the commands declare, as the rows that completion reads: `python -m tests.cli.table` writes them anew."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, get_type_hints

import typer

from sp_connect.cli import main
from sp_connect.cli.entries import ENTRIES
from sp_connect.completion import table

FILES = {"file", "filename", "path", "directory"}


def rows() -> Iterator[str]:
    """A row for each command, flag and argument, as Typer has them."""
    root = typer.main.get_command(main.app)
    yield from _rows("", root, "")
    for entry in ENTRIES:
        command: Any = main._load(entry)
        yield from _rows(entry.name, command, entry.summary)
        for name, below in getattr(command, "commands", {}).items():
            yield from _rows(f"{entry.name} {name}", below, below.get_short_help_str(limit=100))


def _rows(path: str, command: Any, summary: str) -> Iterator[str]:
    yield "\t".join([path, "", "", summary])
    for param in command.params:
        if getattr(param, "hidden", False):
            continue
        is_flag = param.param_type_name == "option"
        names = [*param.opts, *param.secondary_opts] if is_flag else [param.name]
        kind = _kind(command, param) + ("+" if param.nargs == -1 or getattr(param, "multiple", False) else "")
        yield "\t".join([path, " ".join(name for name in names if name), kind, " ".join((param.help or "").split())])


def _kind(command: Any, param: Any) -> str:
    if getattr(param, "is_flag", False) or getattr(param, "count", False):
        return "switch"
    declared = get_type_hints(inspect.unwrap(command.callback), include_extras=True)[param.name].__metadata__[0]
    if declared.autocompletion is not None:
        return str(declared.autocompletion.__name__)
    return "files" if param.type.name in FILES else "value"


if __name__ == "__main__":
    table.PATH.write_text("".join(f"{row}\n" for row in rows()), encoding="utf-8")
