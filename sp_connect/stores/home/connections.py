"""connections/SELLER.toml: what each consent gave. Metadata only, safe to share or commit; never a secret.

One file a seller, so that a damaged one stops nobody else; `records` has its form. Writers hold the lock of
`changes`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sp_connect import errors, words
from sp_connect.models import Connection, Scope
from sp_connect.stores.home import files, records, toml
from sp_connect.stores.home.account_index import AccountIndex

_SUFFIX = ".toml"
_LOOKS = 5
"""How often a folder is looked at whose files come and go."""
FoundT = TypeVar("FoundT")


class Connections:
    """The records of one folder. Nothing is read before it is asked for."""

    def __init__(
        self,
        folder: Path,
        renames: Callable[[], Iterable[tuple[str, str]]] = tuple,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        """`renames` gives the sellers that are being given another name, each as its old one and its new one.

        `tell` takes a sentence for the user about each file that is passed over.
        """
        self._folder = folder
        self._renames = renames
        self._tell = tell
        self.copies: dict[Path, Path] = {}
        """The files that were passed over so far, each with the seller's file of which it is a copy."""
        self._index = AccountIndex(folder.with_name("accounts.json"))

    def all(self) -> tuple[Connection, ...]:
        """Every connection, by seller, region and country. Raises Damaged at the first file that is."""
        rows, damages = self.whole()
        if damages:
            raise damages[0]
        return rows

    def whole(self) -> tuple[tuple[Connection, ...], tuple[errors.Damaged, ...]]:
        """Every connection that can be read, in the order of `all`, and what is wrong with each file that cannot.

        A seller that is given another name meanwhile is there once, under one of the two: whose file is new is read
        too, and of a rename that is not finished the old name is left out as soon as the new one has a file.
        """
        read = self._each(self._read)
        rows = tuple(row for one in read if not isinstance(one, errors.Damaged) for row in one)
        return rows, tuple(one for one in read if isinstance(one, errors.Damaged))

    def of_account(self, selling_partner_id: str, *, sparing: bool = False) -> tuple[Connection, ...]:
        """The connections of one account, of whatever seller; costs much less than `all`.

        Raises Damaged for any file that is, since it may name the account; `sparing` passes over it.
        """
        known = self._each_accounts(sparing=sparing)
        sellers = [seller for seller, accounts in known if selling_partner_id in accounts]
        return tuple(one for name in sellers for one in self.of(name) if one.selling_partner_id == selling_partner_id)

    def of(self, seller: str) -> tuple[Connection, ...]:
        """One seller's connections by region and country; none of an unknown one. Raises Damaged, BadName."""
        path = self._path(seller)
        return tuple(connection for connection, _ in records.entries(path, seller, toml.read(path, toml.SCHEMA_2)))

    def get(self, scope: Scope) -> Connection | None:
        """The connection of one scope, if there is one. Raises Damaged."""
        return next((one for one in self.of(scope.seller) if one.scope == scope), None)

    def near(self, seller: str) -> list[str]:
        """The sellers whom somebody who typed `seller` may have meant. Reads names of files, and opens none."""
        return words.near(seller, filter(errors.is_name, (name.removesuffix(_SUFFIX) for name in self._files())))

    def stamp(self) -> object:
        """A value that changes whenever a record changes; much cheaper than reading them all."""
        found = set()
        with suppress(OSError), os.scandir(self._folder) as entries:  # what is wrong with it is told where it is read
            for entry in entries:
                status = entry.stat()
                found.add((entry.name, status.st_ino, status.st_mtime_ns, status.st_size))
        return found

    def prove_readable(self) -> None:
        """Raises Damaged for any file that is: the account of a consent to come may be named in it."""
        self._each_accounts(sparing=False)

    def prove(self, sellers: Iterable[str] = ()) -> None:
        """Raises what would keep a record from being written, and those of `sellers` from being replaced.

        Those are replaced by what they hold, and nothing else is left: some files can be read and not renamed over,
        such as one that is mounted by itself, or made immutable. The lock is the caller's.
        """
        files.prove(self._folder)
        held = {path: files.read(path) for path in map(self._path, sellers)}
        files.replace_all({path: data for path, data in held.items() if data is not None})

    def put(self, connection: Connection) -> None:
        """Adds a connection, or puts it in place of the one with its scope; the lock is the caller's."""
        self.put_all([connection])

    def put_all(self, connections: Iterable[Connection]) -> None:
        """Writes many records, all of a seller's at once; if it raises, some sellers may be written."""
        sellers: dict[str, list[Connection]] = {}
        for connection in connections:
            sellers.setdefault(connection.scope.seller, []).append(connection)
        contents: dict[Path, records.Raw] = {}
        for seller, rows in sellers.items():
            path = self._path(seller)
            values = toml.read(path, toml.SCHEMA_2)
            entries = {entry[0].scope: entry for entry in records.entries(path, seller, values)}
            for new in rows:
                entries[new.scope] = new, records.written(new, *entries.get(new.scope, (new, {})))
            contents[path] = records.whole(seller, values, entries.values())
        toml.write_all(contents)

    def has(self, seller: str) -> bool:
        """Whether there is a file of that name, whatever it holds. Raises BadName."""
        return files.read(self._path(seller)) is not None

    def copy(self, seller: str, name: str, renamed: Sequence[Connection]) -> None:
        """Writes a seller's file under another `name`; `renamed` are its connections as they will be, in order.

        Unknown keys go along. The lock is the caller's. Raises Damaged.
        """
        path = self._path(seller)
        values = toml.read(path, toml.SCHEMA_2)
        before = records.entries(path, seller, values)
        after = [(new, records.written(new, *entry)) for new, entry in zip(renamed, before, strict=True)]
        toml.write(self._path(name), records.whole(name, values, after))

    def drop(self, seller: str) -> None:
        """Forgets a seller's file; an absent one is fine. The lock is the caller's."""
        files.remove(self._path(seller))

    def remove(self, scope: Scope) -> None:
        """Forgets a connection, the file with the last; an absent one is fine. The lock is the caller's."""
        path = self._path(scope.seller)
        values = toml.read(path, toml.SCHEMA_2)
        if values is None:
            return
        left = [entry for entry in records.entries(path, scope.seller, values) if entry[0].scope != scope]
        if left or values.keys() - {"schema", "seller", "connection"}:
            toml.write(path, records.whole(scope.seller, values, left))
        else:
            files.remove(path)

    def _each(self, read: Callable[[str], FoundT]) -> list[FoundT]:
        """The result of `read` for each file, by seller, as `whole` returns it."""
        found: dict[str, FoundT] = {}
        there = self._files()
        for _ in range(_LOOKS):
            for name in there:
                if name not in found:
                    found[name] = read(name)
            renames, there = tuple(self._renames()), self._files()
            if there <= found.keys():
                break
        leaving = {f"{old}{_SUFFIX}" for old, new in renames if f"{new}{_SUFFIX}" in there}
        shown = sorted((there & found.keys()) - leaving, key=lambda name: name.removesuffix(_SUFFIX))
        return [found[name] for name in shown]

    def _files(self) -> set[str]:
        return {name for name in files.names(self._folder) if name.endswith(_SUFFIX)}

    def _read(self, name: str) -> tuple[Connection, ...] | errors.Damaged:
        try:
            return self.of(self._seller_of(name))
        except errors.Damaged as damage:
            return () if self._is_copy(name) else damage

    def _each_accounts(self, *, sparing: bool) -> list[tuple[str, Sequence[str]]]:
        """Each seller with the accounts of its connections. Raises Damaged, unless `sparing`."""
        known = []
        for seller, accounts in self._each(self._accounts):
            if not isinstance(accounts, errors.Damaged):
                known.append((seller, accounts))
            elif not sparing:
                raise accounts
        self._index.write(self._files)
        return known

    def _accounts(self, name: str) -> tuple[str, Sequence[str] | errors.Damaged]:
        """A seller with the accounts of its connections."""

        def read() -> list[str]:
            return [one.selling_partner_id for one in self.of(self._seller_of(name))]

        try:
            return name.removesuffix(_SUFFIX), self._index.of(self._folder, name, read)
        except errors.Damaged as damage:
            return name, () if self._is_copy(name) else damage

    def _is_copy(self, name: str) -> bool:
        """Whether a file that is no seller's is a copy that a sync program or an editor made of one. Says so, once.

        It names the seller of another file, with whose name its own begins unless it is a name that no seller has. Of
        one that cannot be read, the name says it.
        """
        path, sellers = self._folder / name, {one.removesuffix(_SUFFIX) for one in self._files() - {name}}
        try:
            seller: object = (toml.read(path, toml.SCHEMA_2) or {}).get("seller")
            is_like = not errors.is_name(path.stem) or path.stem.startswith(str(seller))
        except errors.Damaged:
            seller = max((one for one in sellers if path.stem.startswith(one)), key=len, default=None)
            is_like = not errors.is_name(path.stem)
        if not isinstance(seller, str) or seller not in sellers or not is_like:
            return False
        if path not in self.copies:
            self.copies[path] = path.with_name(f"{seller}{_SUFFIX}")
            self._tell(f"{path} is skipped: it is a copy of {seller}{_SUFFIX}.")
        return True

    def _path(self, seller: str) -> Path:
        if not errors.is_name(seller):
            raise errors.BadName("a seller", seller)
        return self._folder / f"{seller}{_SUFFIX}"

    def _seller_of(self, name: str) -> str:
        seller = name.removesuffix(_SUFFIX)
        if not errors.is_name(seller):
            raise errors.Damaged(self._folder / name, "its name is not that of a seller")
        return seller
