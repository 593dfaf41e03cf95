"""The shells: how each tells what was typed and is told what may come, and where its script belongs.

The variables are Typer's. A line for each candidate, with its help where the shell shows any; one line `:files` or
`:programs` where the shell itself knows better.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sp_connect.completion import SCRIPTS, VARIABLE, line


class Typed(NamedTuple):
    """The whole words behind the program's name, and the one under the cursor, of which the shell keeps `kept`."""

    words: list[str]
    current: str
    kept: int = 0


def answer(environ: Mapping[str, str]) -> bytes:
    """The answer to a shell's script; empty on any error, since a person is typing."""
    try:
        shell = family(environ[VARIABLE].removeprefix("complete_"))
        typed = _READERS[shell](environ)
        found = line.answer(typed.words, typed.current)
        said = [f":{found.shell}"] if found.shell else []
        said.extend(_said(shell, value[typed.kept :], told) for value, told in found.candidates)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - see above
        said = []
    return "".join(f"{one}\n" for one in said).encode("ascii", "replace")


def script(shell: str) -> str:
    """The script that a shell reads at its start to complete from then on."""
    return Path(__file__).with_name(SCRIPTS[family(shell)]).read_text(encoding="utf-8")


def family(shell: str) -> str:
    """PowerShell has two programs, and one script for both."""
    return "powershell" if shell == "pwsh" else shell


def _said(shell: str, value: str, told: str) -> str:
    if shell == "bash":
        return value
    if shell == "powershell":
        return f"{value}:::{told or value}"
    return f"{value}\t{told}" if told else value


def _of_bash(environ: Mapping[str, str]) -> Typed:
    """bash takes an equals sign for a word of its own, and puts a candidate in place of what follows it."""
    split = _split(environ["COMP_WORDS"])
    at = int(environ["COMP_CWORD"])
    words: list[str] = []
    for word in split[1:at]:
        if words and words[-1].startswith("--") and (word == "=" or words[-1].endswith("=")):
            words[-1] += word
        else:
            words.append(word)
    current = split[at] if at < len(split) else ""
    if words and words[-1].startswith("--") and (current == "=" or words[-1].endswith("=")):
        flag = words.pop().removesuffix("=") + "="
        return Typed(words, flag + current.removeprefix("="), len(flag))
    return Typed(words, current)


def _of_a_line(environ: Mapping[str, str]) -> Typed:
    text = environ["_TYPER_COMPLETE_ARGS"]
    words = _split(text)
    return Typed(words[1:], "") if text.endswith(" ") else Typed(words[1:-1], words[-1])


def _of_powershell(environ: Mapping[str, str]) -> Typed:
    """PowerShell's line has no space at its end; a backslash is a part of paths there."""
    words = _split(environ["_TYPER_COMPLETE_ARGS"], escape="")
    begun = environ.get("_TYPER_COMPLETE_WORD_TO_COMPLETE")
    return Typed(words[1:-1], words[-1]) if begun else Typed(words[1:], "")


_READERS = {"bash": _of_bash, "zsh": _of_a_line, "fish": _of_a_line, "powershell": _of_powershell}


def _split(text: str, escape: str = "\\") -> list[str]:
    """The words of a line that may end in the middle of a quoted one."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", escape
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:
        words.append(lexer.token)
    return words
