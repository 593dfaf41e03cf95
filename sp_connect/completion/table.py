"""The table of commands: what each declares, in `commands.tsv`, which is written from the declarations themselves.

A row is the command's path, the names of a flag or argument, its kind, and its help; without names it is the command.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

PATH = Path(__file__).with_name("commands.tsv")


class Slot(NamedTuple):
    """A flag or an argument.

    `kind` is `switch`, `value` for one that nothing is known of, `files`, or a function of `candidates`.
    """

    names: tuple[str, ...]
    kind: str
    repeats: bool
    help: str

    @property
    def key(self) -> str:
        """Typer's name for it: --expect-id is expect_id."""
        return max(self.names, key=len).lstrip("-").replace("-", "_")


class Command(NamedTuple):
    """A command with its flags and arguments, or a group with its commands and their help."""

    flags: list[Slot]
    arguments: list[Slot]
    commands: list[tuple[str, str]]

    def flag(self, name: str) -> Slot | None:
        """The flag of a name, such as `--seller` or `-s`; None where it has none."""
        return next((slot for slot in self.flags if name in slot.names), None)


_HELP = Slot(("--help", "-h"), "switch", repeats=False, help="Show this message and exit.")


def command(path: str) -> Command:
    """The command of a path, such as `app show`; the program's own is empty. One that does not exist has nothing."""
    found = Command([], [], [])
    for line in PATH.read_text(encoding="utf-8").splitlines():
        where, names, kind, told = line.split("\t")
        group, _, name = where.rpartition(" ")
        if where == path and not names:
            found.flags.append(_HELP)
        elif where == path:
            slot = Slot(tuple(names.split()), kind.removesuffix("+"), kind.endswith("+"), told)
            (found.flags if names.startswith("-") else found.arguments).append(slot)
        elif group == path and not names:
            found.commands.append((name, told))
    found.flags.sort(key=lambda slot: slot is _HELP)  # it comes last, as in every help
    return found
