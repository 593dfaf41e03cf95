"""Sentences of the terminal as a page shows them: commands, flags and ids are set as code, and none breaks inside.

A sentence says where a command begins, and what belongs to it follows from the command: its arguments, its flags and
what they take. A word that is none of these is prose again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

_ARGUMENTS = {
    **dict.fromkeys(("accept", "backup", "explain", "restore"), 1),
    **dict.fromkeys(("app add", "app remove", "app rotate-secret", "app set", "app show", "seller set"), 1),
    **dict.fromkeys(("exec", "rename"), 2),
}
"""Commands that take arguments, and how many at most."""

_GROUPS = frozenset({"app", "notify", "seller", "store", "team"})
_COMMANDS = _GROUPS | {
    *(
        "accept",
        "backup",
        "connect",
        "doctor",
        "exec",
        "explain",
        "export",
        "import",
        "invite",
        "invites",
        "list",
        "log",
    ),
    *("regions", "relay", "rename", "renew", "restore", "revoke", "serve", "setup", "show", "simulator", "token"),
    *("upgrade", "verify"),
}
_SUBCOMMANDS = frozenset(
    {
        *("add", "create", "join", "list", "move", "passphrase", "remove", "rename", "rotate", "rotate-secret"),
        *("set", "show", "upgrade"),
    }
)

_TAKE_A_VALUE = frozenset(
    {
        *("--app", "--authorized-at", "--browser", "--cancel", "--country", "--days", "--due", "--expect-id", "--from"),
        *("--html", "--listen", "--out", "--region", "--seller", "--service", "--status", "--tag", "--timeout"),
    }
)

_WORD = re.compile(r'"[^"]*"|\S+')
_END = re.compile(r"(.*?)([.,;:)!?]*)$", re.DOTALL)
_FLAG = re.compile(r"--?[a-z][a-z-]*$")
_ID = re.compile(r"A(?=[A-Z]*[0-9])[A-Z0-9]{8,20}$|amzn1\.[a-z0-9][\w.-]+$")


def marked(text: str) -> Markup:
    """A sentence as HTML."""
    words = [(match.start(), *_parted(match[0])) for match in _WORD.finditer(text)]
    made, at, number = Markup(), 0, 0
    while number < len(words):
        rest = words[number:]
        length = _length([word for _, word, _ in rest], [bool(end) for *_, end in rest])
        taken = rest[: max(length, 1)]
        whole = [word for _, word, _ in taken]
        start, (last, last_word, end) = taken[0][0], taken[-1]
        made += escape(text[at:start])
        made += code(whole) if length or _ID.match(whole[0]) else escape(whole[0])
        made += escape(end)
        at = last + len(last_word) + len(end)
        number += len(taken)
    return made + escape(text[at:])


def code(words: list[str]) -> Markup:
    """Words of a command. A flag stays whole, with what it takes: a browser would break it at its hyphens."""
    pieces: list[str] = []
    for word in words:
        if pieces and pieces[-1] in _TAKE_A_VALUE:
            pieces[-1] += f" {word}"
        else:
            pieces.append(word)
    spans = Markup(" ").join(Markup("<span>{}</span>").format(piece) for piece in pieces)
    return Markup("<code>{}</code>").format(spans)


def _parted(word: str) -> tuple[str, str]:
    """A word and the marks that end a clause after it."""
    found = _END.match(word)
    assert found is not None, "it matches everything"
    return (word, "") if word == "..." else (found[1], found[2])


def _length(words: list[str], is_end: list[bool]) -> int:
    """How many of `words`, from the first on, are a command or a flag; none of them where the first is neither."""
    taken = 0
    for kind in _kinds(words):
        if not kind:
            break
        taken += 1
        if is_end[taken - 1]:
            break
    is_bare = words[0] == "sp-connect" and not any(word in _COMMANDS for word in words[1:taken])
    return 0 if is_bare else taken


def _kinds(words: list[str]) -> Iterator[bool]:
    """For each word whether it still belongs to the command, or flag, that the first one begins."""
    is_command = words[0] == "sp-connect"
    name, arguments, before = "", 0, words[0]
    yield is_command or bool(_FLAG.match(before))
    for word in words[1:]:
        belongs = True
        if before in _TAKE_A_VALUE:
            pass
        elif _FLAG.match(word) or word in {"--", "..."}:
            belongs = is_command
        elif is_command and not name and word in _COMMANDS:
            name = word
        elif is_command and name in _GROUPS and before == name and word in _SUBCOMMANDS:
            name = f"{name} {word}"
        else:
            arguments += 1
            belongs = is_command and arguments <= _ARGUMENTS.get(name, 0)
        yield belongs
        before = word
