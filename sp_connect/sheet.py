"""A table as spreadsheets save it: a first line of column names, and a row a line, between commas or semicolons. Pure.

What is wrong with one row is told with its line and stops no other. A cell that may hold a secret is never
repeated. What the cells mean is for whoever asks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from sp_connect import errors, words
from sp_connect.amazon import marks

LARGEST = 64 << 20
"""Bytes of a file, at most: thirty thousand rows with the longest tokens."""

LONGEST = 64
"""Characters of a cell that holds no secret, at most."""

_SEPARATORS = {",": "comma", ";": "semicolon"}


def read(file: BinaryIO) -> bytes:
    """What a file holds. Raises Usage for more than any table of sellers has."""
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise errors.Usage(f"The file has more than {LARGEST >> 20} MB. Nothing was changed.", "--from takes CSV")
    return content


def rows(
    content: bytes,
    columns: Sequence[str],
    optional: Sequence[str],
    failed: list[errors.SpConnectError] | list[errors.OnLines],
    hidden: str | None = None,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's line and its cells by column, without the spaces around them.

    Columns go by their names, in any order and case, with spaces for underscores; an `optional` one may be
    missing. The cells of the one called `hidden` are secrets. `failed` takes what is wrong with single rows, in
    the order of lines. Raises Usage, before the first row, for what is no table or has other columns.
    """
    text = _text(content)
    separator = _separator(text)
    (_, header), *lines = list(_lines(text, separator)) or [(1, [])]
    names = [name.strip().lower().replace(" ", "_") for name in header]
    _check_columns(names, columns, optional)
    for line, values in lines:
        try:
            cells = _cells(names, values, separator)
            check_cells({name: cells[name] for name in names if name != hidden}, (*columns, *optional))
        except errors.Usage as error:
            failed.append(at_line(line, error))
        else:
            yield line, cells


def check_cells(cells: Mapping[str, str], columns: Iterable[str]) -> None:
    """Raises Usage for the first cell that may hold a secret, or is too long for what belongs there."""
    for name, value in cells.items():
        if len(value) > LONGEST or marks.holds_secret(value):
            raise errors.Usage(
                f"{name} holds a token, or something else that is too long for it.",
                f"see that each cell is in its column: {','.join(columns)}",
            )


def at_line(line: int, error: errors.SpConnectError) -> errors.OnLines:
    """The error with the line of its row in front."""
    return errors.OnLines([line], error)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise errors.Usage(
            f"Line {line} is not UTF-8. Nothing was changed.", "save the file as CSV UTF-8 (comma delimited)"
        ) from None


def _separator(text: str) -> str:
    """What stands between the columns' names: where commas are for decimals, spreadsheets write semicolons."""
    header = next((line for line in io.StringIO(text, newline=None) if line.strip(' \t\r\n,;"')), "")
    return max(_SEPARATORS, key=header.count)


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that holds something, with the number of the line on which they begin."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield line, values
            line = reader.line_num + 1
    except csv.Error as error:
        raise errors.Usage(
            f"Line {line} is not CSV: {error}. Nothing was changed.", "put a cell that holds quotes in double quotes"
        ) from None


def _cells(names: Sequence[str], values: Sequence[str], separator: str) -> dict[str, str]:
    if len(values) != len(names):
        raise errors.Usage(
            f"there are {words.count(len(values), 'cell')}, and the first line has {len(names)}.",
            f"put a cell that holds a {_SEPARATORS[separator]} in double quotes",
        )
    return dict(zip(names, (value.strip() for value in values), strict=True))


def _check_columns(names: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> None:
    known = (*columns, *optional)
    missing = [name for name in columns if name not in names]
    # What is no word may be a cell of a file without a header, and a token then.
    unknown = [
        name if name.replace("_", "").isalpha() and len(name) <= 32 else f"column {number}"
        for number, name in enumerate(names, 1)
        if name not in known
    ]
    doubled = sorted({name for name in names if name in known and names.count(name) > 1})
    findings = [
        f"{said}: {', '.join(found)}"
        for said, found in (("missing", missing), ("unknown", unknown), ("twice", doubled))
        if found
    ]
    if findings:
        raise errors.Usage(
            f"The first line does not name the columns ({'; '.join(findings)}). Nothing was changed.",
            f"in any order, with commas between: {','.join(columns)}; {words.listed(optional)} may be added",
        )
