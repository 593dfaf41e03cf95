"""TOML files: read whole, with the line at fault where one is damaged, and written in one step.

Knows the form of no file but its `schema`. What is in the tables, `tables` reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rtoml

from sp_connect import errors
from sp_connect.stores import files

SCHEMA = 1
"""The form of every TOML file that this version writes, and the newest that it reads."""


def read(path: Path) -> dict[str, Any] | None:
    """The contents of a TOML file, or None where there is none.

    Raises Damaged with the line at fault, and Unreadable for a file that a later version wrote.
    """
    text = files.read_text(path)
    return None if text is None else parse(path, text)


def parse(path: Path, text: str) -> dict[str, Any]:
    """The same for a text in hand; `path` is for the sentence."""
    try:
        values = rtoml.loads(text)
    except ValueError as error:
        why = str(error).rstrip(".")
        raise errors.Damaged(path, "its tables are nested too deep" if "recur" in why else why) from None
    schema = values.get("schema", SCHEMA)
    if type(schema) is not int or schema < 1:
        raise errors.Damaged(path, "schema is not a whole number from 1")
    if schema > SCHEMA:
        raise errors.Unreadable(
            path,
            f"{path} was written by a later version of sp-connect (schema {schema}). It was left as it is.",
            "upgrade sp-connect",
        )
    return values


def write(path: Path, values: Mapping[str, Any]) -> None:
    """Puts `values` in place of a TOML file, as `files.replace` does, whose errors it raises."""
    write_all({path: values})


def write_all(contents: Mapping[Path, Mapping[str, Any]]) -> None:
    """The same for many, as `files.replace_all` does."""
    import tomli_w

    # Half a surrogate pair, which JSON from Amazon may hold, is no text that a file can keep.
    files.replace_all({path: tomli_w.dumps(values).encode("utf-8", "replace") for path, values in contents.items()})
