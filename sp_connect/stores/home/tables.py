"""A TOML table read with suspicion: what is not as it should be is damage, named by file, table and key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from itertools import product
from operator import itemgetter
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple, cast

from sp_connect import errors

TIME = "a time such as 2026-11-22T10:00:00Z"


class Kind(NamedTuple):
    """The type of a key's value, with its name for messages."""

    types: tuple[type, ...]
    wanted: str

    def or_none(self) -> Kind:
        """This kind, for a key that may be missing."""
        return Kind((*self.types, NoneType), self.wanted)


TEXT = Kind((str,), "a text in quotes")
FLAG = Kind((bool,), "true or false")
MOMENT = Kind((datetime,), TIME)
TABLE = Kind((dict,), "a table")


class Row:
    """The keys of a table that there are tens of thousands of: they are read and looked at together."""

    def __init__(self, **kinds: Kind) -> None:
        self.kinds = kinds
        self.keys = tuple(kinds)
        self._whole: Callable[[Any], tuple[Any, ...]] = itemgetter(*kinds)
        self._fitting = frozenset(product(*(kind.types for kind in kinds.values())))

    def of(self, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The values in the order of the keys, None for each that is missing; None where one is not of its kind."""
        found = tuple(map(values.get, self.keys))
        return found if tuple(map(type, found)) in self._fitting else None

    def of_each(self, tables: list[Any]) -> list[tuple[Any, ...]] | None:
        """The rows of an array of tables; None if one is not a table or does not fit."""
        try:
            found = list(map(self._whole, tables))  # twice as fast, where no key is missing
        except (KeyError, TypeError):
            rows = [self.of(one) if isinstance(one, dict) else None for one in tables]
            return None if None in rows else cast("list[tuple[Any, ...]]", rows)
        return found if {tuple(map(type, one)) for one in found} <= self._fitting else None


class Table:
    """One table of a file. `where` is how messages call it: `[apps.default]`.

    Every method asks for one key by its type and raises Damaged where it is missing or of another type; the
    optional ones give None, or the default, where it is missing.
    """

    __slots__ = ("_path", "_values", "_where")

    def __init__(self, path: Path, where: str, values: object) -> None:
        self._path = path
        self._where = where
        self._values: Mapping[str, Any] = {}
        if not isinstance(values, dict):
            raise self.damaged("it is not a table")
        self._values = values

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, value, TEXT.wanted)
        return value

    def name(self, key: str, value: str | None = None) -> str:
        """A text that can name a seller or an app; `value` if it is in hand."""
        value = self.text(key) if value is None else value
        if not errors.is_name(value):
            raise self.damaged(f"{key} {value!r} cannot be a name")
        return value

    def one_of(self, key: str, known: Collection[str]) -> str:
        value = self.text(key)
        if value not in known:
            raise self.damaged(f"{key} {value!r} is not one of {', '.join(known)}")
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, value, FLAG.wanted)
        return value

    def number(self, key: str, most: int) -> int:
        """A whole number from 1."""
        value = self._get(key, None)
        if type(value) is not int or not 1 <= value <= most:
            raise self._wrong(key, value, f"a whole number from 1 to {most}")
        return value

    def moment(self, key: str) -> datetime:
        """A time in UTC; one that was written without a zone is taken as such."""
        return self.utc(key, self._get(key, None))

    def utc(self, key: str, value: object) -> datetime:
        """Converts a value to UTC. Raises Damaged."""
        # Far from today, adding a year or changing the zone leaves what datetime can hold.
        if not isinstance(value, datetime) or not 1970 <= value.year <= 9000:
            raise self._wrong(key, value, TIME)
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)

    def optional_text(self, key: str) -> str | None:
        return None if self._get(key, None) is None else self.text(key)

    def optional_moment(self, key: str) -> datetime | None:
        return None if self._get(key, None) is None else self.moment(key)

    def table(self, key: str) -> Table:
        return Table(self._path, f"{self._where} [{key}]".strip(), self._get(key, None))

    def optional_table(self, key: str) -> Table | None:
        return None if self._get(key, None) is None else self.table(key)

    def tables(self, key: str) -> list[Table]:
        """The tables of an array; none where it is missing."""
        return [
            Table(self._path, f"{self._where} {key} {number}".strip(), one)
            for number, one in enumerate(self._array(key), 1)
        ]

    def row(self, row: Row) -> tuple[Any, ...]:
        """The values of a row's keys."""
        found = row.of(self._values)
        if found is not None:
            return found
        for key, kind in row.kinds.items():
            value = self._values.get(key)
            if type(value) not in kind.types:
                raise self._wrong(key, value, kind.wanted)
        raise AssertionError("each is of its kind, and all together are not")

    def rows(self, key: str, row: Row) -> list[tuple[Any, ...]]:
        """The rows of an array of tables; none if it is missing. Raises Damaged."""
        found = row.of_each(self._array(key))
        return found if found is not None else [table.row(row) for table in self.tables(key)]  # raises, and says why

    def beside(self, known: AbstractSet[str]) -> dict[str, Any]:
        """The unknown keys: those of a later version, or the user's own."""
        if self._values.keys() <= known:
            return {}
        return {key: value for key, value in self._values.items() if key not in known}

    def damaged(self, why: str) -> errors.Damaged:
        return errors.Damaged(self._path, f"in {self._where}, {why}" if self._where else why)

    def _array(self, key: str) -> list[Any]:
        value = self._get(key, [])
        if not isinstance(value, list):
            raise self._wrong(key, value, f"an array of tables, [[{key}]]")
        return value

    def _get(self, key: str, default: Any) -> Any:
        return self._values.get(key, default)

    def _wrong(self, key: str, value: object, wanted: str) -> errors.Damaged:
        if value is None:
            return self.damaged(f"{key} is missing" if self._values or self._where else "it is empty")
        return self.damaged(f"{key} is not {wanted}")


def written_moment(moment: datetime) -> datetime:
    """A moment as files have it: in UTC, of whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0)
