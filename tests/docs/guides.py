"""The pages of docs/, taken apart: their blocks, tables, inline code and links, and the command lines in these."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from sp_connect.cli import main
from sp_connect.cli.entries import ENTRIES

FOLDER = Path(__file__).parents[2] / "docs"
NAMES = ("connect", "elsewhere", "renewals", "stores", "files")

SHELLS = {"sh", "bash", "crontab"}
PROGRAM = "sp-connect"
WRAPPERS = {"exec", "with-keyring"}
"""What a guide writes in front of a command, which begins behind it."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_SHOWN = re.compile(rf"(?:hint|Next|again|then|page then shows\..*): ({PROGRAM} [a-z].*)$", re.MULTILINE)
_BREAK = set(";&|()<>\n")


@dataclass(frozen=True)
class Guide:
    """One page, as it stands."""

    name: str
    text: str

    def blocks(self, *languages: str) -> list[str]:
        """What its fenced blocks hold, of these languages, or of all."""
        return [block for language, block in _BLOCK.findall(self.text) if not languages or language in languages]

    def first_column(self, heading: str) -> list[str]:
        """What stands first in each row of the table whose head begins so, less the head; without its code marks."""
        rows = self.text.partition(f"| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
        return [row.split("|")[1].strip().strip("`") for row in rows]

    def codes(self) -> list[str]:
        """Each piece of inline code, a line break in it as the space that it means."""
        return [" ".join(code.split()) for code in _CODE.findall(_BLOCK.sub("", self.text))]

    def links(self) -> list[str]:
        return re.findall(r"\]\(([^)]+)\)", _BLOCK.sub("", self.text))

    def anchors(self) -> set[str]:
        """What GitHub and the site call its headings."""
        headings = re.findall(r"^#{1,4} (.+)$", _BLOCK.sub("", self.text), re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def typed(self) -> list[tuple[str, ...]]:
        """The arguments of each command line of ours that it tells to type."""
        return [words for block in self.blocks(*SHELLS) for words in _ours(block)]

    def mentioned(self) -> list[tuple[str, ...]]:
        """Those of the command lines that it names in a sentence or shows in output, with something left out maybe."""
        named = [code for code in self.codes() if code.startswith(f"{PROGRAM} ")]
        shown = [line for block in self.blocks("text") for line in _SHOWN.findall(block)]
        return [tuple(word for word in shlex.split(line)[1:] if word != "…") for line in (*named, *shown)]


def read(name: str) -> Guide:
    return Guide(name, (FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def _ours(block: str) -> Iterator[tuple[str, ...]]:
    """The command lines of a block of shell whose program is ours."""
    lexer = shlex.shlex(block, posix=True, punctuation_chars="".join(_BREAK))
    lexer.whitespace = " \t\r"
    lexer.wordchars += "$@%*…"
    command: list[str] = []
    for word in (*lexer, "\n"):
        if word and not set(word) <= _BREAK:
            command.append(word)
            continue
        while command and (re.fullmatch(r"\w+=.*", command[0]) or Path(command[0]).name in WRAPPERS):
            del command[0]
        if command and Path(command[0]).name == PROGRAM:
            yield tuple(command[1:])
        command = []


def parse(words: tuple[str, ...], *, whole: bool) -> str:
    """Reads a command line as the program does, and returns the command's name. Raises typer.TyperException.

    `whole` says that nothing is left out: what is required has to be there, and files have to exist.
    """
    command: Any = typer.main.get_command(main.app)
    context: Any = typer.Context(command, info_name=PROGRAM)
    path: list[str] = []
    rest = list(words)
    while isinstance(command, TyperGroup):
        _, rest, _ = command.make_parser(context).parse_args(rest)
        if not rest:
            break
        name, command, rest = command.resolve_command(context, rest)
        path.append(str(name))
        context = typer.Context(command, info_name=name, parent=context)
    if whole and not isinstance(command, TyperGroup):
        with command.make_context(path[-1], rest, parent=context.parent):  # which closes the files that it opened
            pass
    elif not isinstance(command, TyperGroup):
        command.make_parser(context).parse_args(rest)
    return " ".join(path)


def flags() -> set[str]:
    """Every flag of every command, the global ones among them."""
    return set(_flags(typer.main.get_command(main.app)))


def _flags(command: Any) -> Iterator[str]:
    yield "--help"
    for param in command.params:
        yield from (*param.opts, *param.secondary_opts)
    if isinstance(command, main.Tree):
        for entry in ENTRIES:
            yield from _flags(command.get_command(None, entry.name))
    elif isinstance(command, TyperGroup):
        for below in command.commands.values():
            yield from _flags(below)
