"""The journal: what was begun with secrets and is not yet done, a file each. They hold names, never a secret.

What becomes of an entry is for `transactions` and `migration` to say, which hold the locks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, cast

from sp_connect import errors
from sp_connect.models import SecretName
from sp_connect.stores.home import files, permissions, records, toml
from sp_connect.stores.home.pending import NOTHING, Pending
from sp_connect.stores.home.tables import Table
from sp_connect.stores.secret_store import NAMES, StoreName, new_ref


class Renamed(NamedTuple):
    """A seller's name, before and after."""

    old: str
    new: str


class Entry(NamedTuple):
    """A change: the secrets of a store that it adds and ends, who is renamed, and what is written.

    With `moving_to` it is a move of everything to another store: each secret may lie in one of them or in both. `makes`
    says that the other store is a vault which there was not before.
    """

    path: Path
    store: str
    names: tuple[SecretName, ...]
    renamed: Renamed | None = None
    pending: Pending = NOTHING
    moving_to: StoreName | None = None
    makes: bool = False


class Journal:
    """The entries of one folder, each in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def paths(self) -> tuple[Path, ...]:
        """The file of each entry."""
        return tuple(self._folder / name for name in files.names(self._folder) if name.endswith(".toml"))

    def entries(self) -> Iterator[Entry]:
        """Every entry. Raises Damaged where it comes to one that is."""
        return filter(None, map(_read, self.paths()))

    def readable(self) -> Iterator[Entry]:
        """Every entry that can be read."""
        for path in self.paths():
            with suppress(errors.Damaged):
                if (entry := _read(path)) is not None:
                    yield entry

    def damages(self) -> list[errors.Damaged]:
        """The damage to each entry that cannot be read."""
        found = []
        for path in self.paths():
            try:
                _read(path)
            except errors.Damaged as damage:
                found.append(damage)
        return found

    def renames(self) -> Iterator[Renamed]:
        """Renames of sellers that were begun; damaged entries are skipped."""
        for path in self.paths():
            with suppress(errors.ThisMachine):
                if (entry := _read(path)) is not None and entry.renamed is not None:
                    yield entry.renamed

    def begin(
        self,
        store: str,
        names: Iterable[SecretName],
        renamed: Renamed | None = None,
        pending: Pending = NOTHING,
    ) -> Entry:
        """Writes down what is about to be done."""
        entry = Entry(self._folder / f"{new_ref()}.toml", store, tuple(names), renamed, pending)
        self.note(entry)
        return entry

    def begin_move(
        self, store: str, moving_to: StoreName, names: Iterable[SecretName], *, makes: bool = False
    ) -> Entry:
        """Writes down that everything is about to be moved."""
        path = self._folder / f"{new_ref()}.toml"
        entry = Entry(path, store, tuple(names), moving_to=moving_to, makes=makes)
        self.note(entry)
        return entry

    def note(self, entry: Entry) -> None:
        """Writes down what an entry has become."""
        tables = [{"kind": n.kind, "owner": n.owner, "item": n.item, "ref": n.ref} for n in entry.names]
        renamed = {"renamed": entry.renamed._asdict()} if entry.renamed else {}
        moving = {"moving_to": entry.moving_to, "makes": entry.makes} if entry.moving_to else {}
        schema = records.schema(row.record for row in entry.pending.rows)
        head = {"schema": schema, "store": entry.store, **moving}
        toml.write(entry.path, head | renamed | {"secret": tables} | entry.pending.tables())

    def end(self, entry: Entry) -> None:
        """Strikes out what is done."""
        files.remove(entry.path)


def _read(path: Path) -> Entry | None:
    """None where it was finished while we looked. Raises Damaged, also for what another user would have us do."""
    text = files.read_text(path, permissions.see_owner)
    if text is None:
        return None
    values = toml.parse(path, text, toml.SCHEMA_2)
    table = Table(path, "", values)
    renamed = table.optional_table("renamed")
    return Entry(
        path,
        table.text("store"),
        tuple(_secret_name(one) for one in table.tables("secret")),
        Renamed(renamed.name("old"), renamed.name("new")) if renamed is not None else None,
        Pending.read(table),
        cast("StoreName", table.one_of("moving_to", NAMES)) if "moving_to" in values else None,
        table.flag("makes", default=False),
    )


def _secret_name(table: Table) -> SecretName:
    kind = cast("Literal['app', 'seller']", table.one_of("kind", ("app", "seller")))
    return SecretName(kind, table.name("owner"), table.text("item"), table.text("ref"))
