"""Parses the line being typed against the table of commands, and finds the candidates.

Nothing is parsed as a command would: no callback runs, no file is opened, no value is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sp_connect.completion import candidates, table
from sp_connect.completion.candidates import Candidates
from sp_connect.completion.table import Slot


class Answer(NamedTuple):
    """Candidates; or `files` or `programs`, which the shell itself completes."""

    candidates: Candidates
    shell: str = ""


class Typed:
    """The flags that stand on the line: what the candidates look for in a Typer context."""

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}

    def find_root(self) -> Typed:
        return self


def answer(words: Sequence[str], current: str) -> Answer:
    """Candidates for `current`; `words` are the complete words before it, without the program's name."""
    line = _Line()
    for word in words:
        line.read(word)
    return line.goes_on(current)


class _Line:
    """Reads words one after the other, and knows where it stands."""

    def __init__(self) -> None:
        self.path = ""
        self.command = table.command(self.path)
        self.typed = Typed()
        self.waiting: Slot | None = None
        self.arguments = 0
        self.has_ended = False

    def read(self, word: str) -> None:
        if self.waiting is not None:
            self._take(self.waiting, word)
            self.waiting = None
        elif word == "--" and not self.has_ended:
            self.has_ended = True
        elif word.startswith("--") and not self.has_ended:
            name, joined, value = word.partition("=")
            self._read_flag(name, value if joined else None)
        elif word.startswith("-") and not self.has_ended:
            self._read_letters(word[1:])
        elif self.command.commands:
            self.path = f"{self.path} {word}".lstrip()
            self.command = table.command(self.path)
        else:
            self.arguments += 1

    def _read_letters(self, letters: str) -> None:
        """`vq` as two switches, `sacme` as --seller acme."""
        for at, letter in enumerate(letters, 1):
            slot = self.command.flag(f"-{letter}")
            takes_rest = slot is not None and slot.kind != "switch"
            self._read_flag(f"-{letter}", letters[at:] or None if takes_rest else None)
            if takes_rest:
                return

    def _read_flag(self, name: str, value: str | None) -> None:
        slot = self.command.flag(name)
        if slot is None:
            return
        if slot.kind == "switch":
            self._take(slot, "true")
        elif value is not None:
            self._take(slot, value)
        else:
            self.waiting = slot

    def _take(self, slot: Slot, value: str) -> None:
        self.typed.params[slot.key] = [*self.typed.params.get(slot.key, []), value] if slot.repeats else value

    def goes_on(self, current: str) -> Answer:
        """Candidates that begin with the given text."""
        if self.waiting is not None:
            return self._values(self.waiting, current)
        if current.startswith("-") and not self.has_ended:
            name, joined, begun = current.partition("=")
            slot = self.command.flag(name) if joined else None
            return self._values(slot, begun, f"{name}=") if slot else self._flags(current)
        if self.command.commands:
            return Answer([one for one in self.command.commands if one[0].startswith(current)])
        argument = self._argument()
        if argument is None or (argument.kind == "programs" and not self.has_ended):
            found = Answer([])
        else:
            found = self._values(argument, current)
        return self._flags("--") if found == Answer([]) and not current and not self.has_ended else found

    def _argument(self) -> Slot | None:
        """The argument that comes next."""
        slots = self.command.arguments
        if self.arguments < len(slots):
            return slots[self.arguments]
        return slots[-1] if slots and slots[-1].repeats else None

    def _values(self, slot: Slot, begun: str, before: str = "") -> Answer:
        if slot.kind in {"switch", "value"}:
            return Answer([])
        if slot.kind in {"files", "programs"}:
            return Answer([], slot.kind)
        found: Candidates = getattr(candidates, slot.kind)(self.typed, begun)
        return Answer([(f"{before}{value}", told) for value, told in found])

    def _flags(self, begun: str) -> Answer:
        """The flags that go on from what was typed, less those that stand there already and are good for once."""
        left = [slot for slot in self.command.flags if slot.repeats or slot.key not in self.typed.params]
        found = [(name, slot.help) for slot in left for name in slot.names if name.startswith(begun)]
        argument = self._argument()
        if argument is not None and argument.kind == "programs" and "--".startswith(begun):
            found.append(("--", argument.help))
        return Answer(found)
