"""The credentials.yml of python-amazon-sp-api: accounts by name, each with its refresh token and its app's ids. Pure.

Nothing is constructed from the YAML: it is walked event by event, so that no tag runs anything and no alias grows.
What is wrong with one account is reported with its line and stops no other. A value is never repeated.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sp_connect import errors, words
from sp_connect.amazon import redaction

if TYPE_CHECKING:
    from yaml import Event

LARGEST = 1 << 20
"""Bytes of a file, at most: several hundred accounts with the longest tokens."""

DEEPEST = 6
"""Levels of a file, at most. An account's fields are on the second; some older files have more below an account."""

LONGEST_NAME = 64

FIELDS = ("refresh_token", "lwa_app_id", "lwa_client_secret")
NEEDED = ("refresh_token", "lwa_app_id")
"""The fields that are read. The client secret of the file is not: the app has its own here."""

_TEXTS = (None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_NOTHING = ("", "~", "null", "Null", "NULL")
_HINT = "the file is python-amazon-sp-api's credentials.yml: an account's name, and refresh_token, lwa_app_id below it"
_HEAD = re.compile(r"""(?:"[^"]*"|'[^']*'|[\w. -]+?)\s*:(?:\s.*)?|\{.*""")


class Account(NamedTuple):
    """One account. `line` is that of its name; both values are as they stand in the file."""

    line: int
    name: str
    refresh_token: str
    lwa_app_id: str


class _Entry(NamedTuple):
    line: int
    key: str
    value: _Value


_Value = str | list[_Entry] | None
"""A text, a mapping, or None for what is neither: a list, or nothing."""


def is_one(content: bytes) -> bool:
    """Whether a file is such a file rather than a table: its first line ends a name with a colon."""
    try:
        lines = _text(content[: LARGEST + 1]).splitlines()
    except errors.Usage:
        return False
    told = (line.strip() for line in lines)
    first = next((line for line in told if line and not line.startswith(("#", "%", "---"))), "")
    return _HEAD.fullmatch(first) is not None


def read(content: bytes, failed: list[errors.OnLines], passed_over: list[str]) -> tuple[list[Account], int]:
    """The accounts that have all fields, in the order of the file, and how many it names.

    `failed` takes what is wrong with the others, `passed_over` the names of further fields. Raises Usage for what is
    no such file.
    """
    if len(content) > LARGEST:
        raise errors.Usage(f"The file has more than {LARGEST >> 20} MB of YAML. Nothing was changed.", _HINT)
    entries = _entries(_text(content))
    counts = Counter(entry.key for entry in entries)
    found: list[Account] = []
    for entry in entries:
        try:
            if counts[entry.key] > 1:
                raise errors.Usage(f"{_shown(entry.key)} is there more than once.", "keep one")  # noqa: TRY301
            found.append(_account(entry, passed_over))
        except errors.Usage as error:
            failed.append(errors.OnLines([entry.line], error))
    return found, len(entries)


def _text(content: bytes) -> str:
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise errors.Usage("The file is not UTF-8. Nothing was changed.", "save the file as UTF-8") from None


def _entries(text: str) -> list[_Entry]:
    """The accounts of a file as they stand. Raises Usage."""
    import yaml

    try:
        root = _document(iter(yaml.parse(text, Loader=yaml.SafeLoader)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"Line {mark.line + 1}" if mark is not None else "The file"
        raise errors.Usage(f"{where} is not YAML. Nothing was changed.", _HINT) from None
    except yaml.YAMLError:
        raise errors.Usage("The file holds characters that YAML does not allow. Nothing was changed.", _HINT) from None
    if not isinstance(root, list) or not root:
        raise errors.Usage("The file contains no account. Nothing was changed.", _HINT)
    if any(entry.key in FIELDS for entry in root):
        raise errors.Usage(
            "The file has fields without an account's name above them. Nothing was changed.",
            "write the name, such as default:, on a line above, and indent the fields below it",
        )
    return root


def _document(events: Iterator[Event]) -> _Value:
    """The value of the only document. Raises Usage, YAMLError."""
    import yaml

    root: _Value = None
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise errors.Usage("The file holds more than one YAML document. Nothing was changed.", "keep one")
        elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
            root = _value(events, event, 1)
    return root


def _value(events: Iterator[Event], event: Event, depth: int) -> _Value:
    """The value that begins with `event`. Raises Usage for an alias, a tag, and what is too deep; YAMLError."""
    import yaml

    line = _line(event)
    if isinstance(event, yaml.AliasEvent):
        raise errors.Usage(f"Line {line} has a YAML alias (*name). Nothing was changed.", "write the value out")
    if getattr(event, "tag", None) not in _TEXTS:
        raise errors.Usage(f"Line {line} has a YAML tag (!name). Nothing was changed.", "take the tag out")
    if isinstance(event, yaml.ScalarEvent):
        return None if event.implicit[0] and event.value in _NOTHING else event.value.strip()
    if depth > DEEPEST:
        raise errors.Usage(f"Line {line} is nested too deep. Nothing was changed.", _HINT)
    if isinstance(event, yaml.SequenceStartEvent):
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            _value(events, inner, depth + 1)
        return None
    entries: list[_Entry] = []
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        name = _value(events, key, depth + 1)
        value = _value(events, next(events), depth + 1)
        entries.append(_Entry(_line(key), name if isinstance(name, str) else "", value))
    return entries


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


def _account(entry: _Entry, passed_over: list[str]) -> Account:
    """Raises Usage for the first thing that is wrong."""
    if len(entry.key) > LONGEST_NAME or redaction.holds_secret(entry.key):
        raise errors.Usage("the account's name holds a token, or something else that is too long for it.", _HINT)
    if not isinstance(entry.value, list):
        raise errors.Usage(f"{_shown(entry.key)} has no fields below it.", _HINT)
    for further in entry.value:
        shown = _shown(further.key)
        if further.key not in FIELDS and shown not in passed_over:
            passed_over.append(shown)
    values = {name: _only(entry, name) for name in NEEDED}
    if missing := [name for name, value in values.items() if not value]:
        raise errors.Usage(f"{_shown(entry.key)} has no {words.listed(missing)}.", f"give it {words.listed(missing)}")
    return Account(entry.line, entry.key, *values.values())


def _only(entry: _Entry, name: str) -> str:
    assert isinstance(entry.value, list)
    values: Sequence[_Value] = [field.value for field in entry.value if field.key == name]
    if len(values) > 1:
        raise errors.Usage(f"{name} of {_shown(entry.key)} is there more than once.", "keep one")
    value = values[0] if values else None
    return value if isinstance(value, str) else ""


def _shown(name: str) -> str:
    """A name of the file as it may be shown: what is no plain word could be a token in the wrong place."""
    is_plain = re.fullmatch(r"[\w. -]{1,64}", name, re.ASCII) is not None and not redaction.holds_secret(name)
    return name if is_plain else "a name"
