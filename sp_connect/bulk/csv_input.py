"""A table as spreadsheets save it: a first line of column names, then a row a line, in CSV or between tabs. Pure.

What is wrong with one row is told with its line and stops no other. A cell that may hold a secret is never
repeated. What the cells mean is for whoever asks.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import BinaryIO

from sp_connect import errors, words
from sp_connect.amazon import redaction

LARGEST = 64 << 20
"""Bytes of a file, at most: thirty thousand rows with the longest tokens."""

LONGEST = 64
"""Characters of a cell that holds no secret, at most."""

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}

_SEP = re.compile(r'[\s"]*sep=([,;\t])"?[ ,;\t]*', re.IGNORECASE)
"""The line in which Excel is told the separator, before the columns' names."""

NO_OTHER_NAMES: Mapping[str, str] = MappingProxyType({})


def read(file: BinaryIO) -> bytes:
    """Reads a file. Raises Usage if it is larger than any table of sellers."""
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
    other_names: Mapping[str, str] = NO_OTHER_NAMES,
    passed_over: list[str] | None = None,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row's line and its cells by column, without the spaces around them.

    Columns go by their names, in any order and case, with spaces or dashes for underscores, or by one of the
    `other_names`; an `optional` one may be missing. The cells of the one called `hidden` are secrets. `failed` takes
    what is wrong with single rows, in the order of lines, and `passed_over` the names of further columns. Raises
    Usage, before the first row, for what is no table, lacks a column, or has one twice or misspelt.
    """
    text = _text(content)
    told = _SEP.fullmatch(text.split("\n", 1)[0].rstrip("\r"))
    separator = told[1] if told else _separator(text)
    (_, header), *lines = list(_lines(text, separator))[1 if told else 0 :] or [(1, [])]
    names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in header]
    names = [other_names.get(name, name) for name in names]
    further = _check_columns(names, columns, optional)
    if passed_over is not None:
        passed_over.extend(further)
    known = {*columns, *optional}
    for line, values in lines:
        try:
            cells = {name: cell for name, cell in _cells(names, values, separator).items() if name in known}
            check_cells({name: cell for name, cell in cells.items() if name != hidden}, (*columns, *optional))
        except errors.Usage as error:
            failed.append(at_line(line, error))
        else:
            yield line, cells


def check_cells(cells: Mapping[str, str], columns: Iterable[str]) -> None:
    """Raises Usage for the first cell that may hold a secret, or is too long for what belongs there."""
    for name, value in cells.items():
        if len(value) > LONGEST or redaction.holds_secret(value):
            raise errors.Usage(
                f"{name} holds a token, or something else that is too long for it.",
                f"see that each cell is in its column: {','.join(columns)}",
            )


def at_line(line: int, error: errors.SpConnectError) -> errors.OnLines:
    """The error with the line of its row in front."""
    return errors.OnLines([line], error)


def _text(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise errors.Usage(
                "The file is UTF-16, and cut or damaged. Nothing was changed.", "save it again as CSV UTF-8"
            ) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise errors.Usage(
            f"Line {line} is not UTF-8. Nothing was changed.", "save the file as CSV UTF-8 (comma delimited)"
        ) from None


def _separator(text: str) -> str:
    """The separator of the heading: spreadsheets write semicolons where commas are decimal points."""
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


def _check_columns(names: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> list[str]:
    """The names of further columns. Raises Usage where one is missing, there twice, or misspelt."""
    known = (*columns, *optional)
    missing = [name for name in columns if name not in names]
    # What is no word may be a cell of a file without a header, and a token then.
    further = [
        name if name.replace("_", "").isalpha() and len(name) <= 32 else f"column {number}"
        for number, name in enumerate(names, 1)
        if name and name not in known
    ]
    absent = [name for name in known if name not in names]
    misspelt = [f"{name} ({near[0]}?)" for name in further if (near := words.near(name, absent))]
    unknown = further if missing else misspelt
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
    return further
