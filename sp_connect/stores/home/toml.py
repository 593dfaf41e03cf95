"""TOML files: read whole, with the line at fault where one is damaged, and written in one step.

Knows the form of no file but its `schema`. What is in the tables, `tables` reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rtoml

from sp_connect import errors
from sp_connect.stores.home import files

SCHEMA = 1
"""The form of nearly every TOML file, and the only one that version 0.9 reads."""

SCHEMA_2 = 2
"""The form of a file that holds what version 0.9 would take for damage: the record of a consent of unknown date."""


def read(path: Path, newest: int = SCHEMA) -> dict[str, Any] | None:
    """The contents of a TOML file whose schema is `newest` at most, or None where there is none.

    Raises Damaged with the line at fault, and Unreadable for a file that a later version wrote.
    """
    text = files.read_text(path)
    return None if text is None else parse(path, text, newest)


def parse(path: Path, text: str, newest: int = SCHEMA) -> dict[str, Any]:
    """The contents of a TOML text in hand; `path` is for the sentence."""
    try:
        values = rtoml.loads(text)
    except ValueError as error:
        why = str(error).rstrip(".")
        raise errors.Damaged(path, "its tables are nested too deep" if "recur" in why else why) from None
    schema = values.get("schema", SCHEMA)
    if type(schema) is not int or schema < 1:
        raise errors.Damaged(path, "schema is not a whole number from 1")
    if schema > newest:
        raise errors.Unreadable(
            path,
            f"{path} was written by a later version of sp-connect (schema {schema}). It was left unchanged.",
            "upgrade sp-connect",
        )
    return values


def write(path: Path, values: Mapping[str, Any], notes: Path | None = None) -> None:
    """Puts `values` in place of a TOML file, as `files.replace` does, whose errors it raises.

    `notes` is for a file at the top of a home, where nothing is swept: see `files.replace`.
    """
    if notes is None:
        write_all({path: values})
    else:
        import tomli_w

        files.replace(path, tomli_w.dumps(values).encode(), notes)


def write_all(contents: Mapping[Path, Mapping[str, Any]]) -> None:
    """Writes many files, as `files.replace_all` does."""
    import tomli_w

    # Half a surrogate pair, which JSON from Amazon may hold, is no text that a file can keep.
    files.replace_all({path: tomli_w.dumps(values).encode("utf-8", "replace") for path, values in contents.items()})
