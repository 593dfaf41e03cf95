"""Moving everything from one secret store to the other, so that a kill at any moment loses nothing.

The journal names every secret before the first is copied, without the writers' lock, since a keyring takes minutes for
a thousand; what others change meanwhile follows under it. The commit is the renaming of one file, config.toml; only
then is anything forgotten, and what a record needs only where the other store has it (`copies`). Access tokens are not
moved: Amazon gives new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sp_connect import errors, words
from sp_connect.models import App, Connection, SecretName
from sp_connect.stores import copying, secret_store
from sp_connect.stores.copying import Direction
from sp_connect.stores.home.journal import Entry
from sp_connect.stores.home.transactions import REFRESHING_SECONDS, Transactions, secret_names
from sp_connect.stores.home.vault import Vault
from sp_connect.stores.secret_store import SecretStore, StoreName

if TYPE_CHECKING:
    from sp_connect.stores.books import Apps, Connections

Record = App | Connection

Watch = Callable[[str, int], AbstractContextManager[Callable[[], None]]]
"""Shows how far a step is: given its label and its length, yields what is called once for each secret."""


class Outcome(NamedTuple):
    """The result of a move, done or planned: records whose secret is in `target`, and those whose is in neither."""

    source: StoreName
    target: StoreName
    moved: tuple[Record, ...]
    missing: tuple[Record, ...]


class Migration:
    """The moves of one home between its stores. `home` has the data; `variable` is what SP_CONNECT_STORE says."""

    def __init__(
        self,
        apps: Apps,
        connections: Connections,
        changes: Transactions,
        stores: Mapping[StoreName, SecretStore],
        home: Path,
        variable: str | None,
    ) -> None:
        self._apps = apps
        self._connections = connections
        self._changes = changes
        self._stores = stores
        self._home = home
        self._variable = variable

    def begun(self) -> tuple[Entry, ...]:
        """The moves that were cut short, or are under way. Raises Damaged."""
        return tuple(entry for entry in self._changes.journal.entries() if entry.moving_to is not None)

    def is_done(self, target: StoreName) -> bool:
        """Whether everything is in a store already, and config.toml says so. Raises Damaged."""
        return self._configured() == target and not self.begun()

    def is_vault_unnamed(self, target: StoreName) -> bool:
        """Whether config.toml leaves the store to the default, `target`, while the vault beside it is in use."""
        old = self._direction(target).old
        return self._apps.store_choice() is None and isinstance(old, Vault) and not old.is_empty()

    def check(self, target: StoreName) -> StoreName:
        """The store that a move to `target` starts from. Raises Usage for one that cannot be meant."""
        if len(self._stores) < 2:
            raise errors.Usage("What is simulated stays in a vault of its own.", "leave out --simulate")
        if self._variable and self._variable != target:
            raise errors.Usage(
                f"SP_CONNECT_STORE says {self._variable}, which overrides config.toml: after a move to the {target} "
                "nothing would be found. Nothing was changed.",
                f"unset SP_CONNECT_STORE, here and where jobs set it; then: sp-connect store move {target}",
            )
        return self._direction(target).old.name

    def look(self, target: StoreName, watch: Watch) -> Outcome:
        """Plans a move without changing anything. Raises as `run` does."""
        self.check(target)
        direction, records = self._direction(target), self._records()
        begun = self.begun()
        self._inspect(direction, records, begun)
        if self._is_there(direction, records, begun):
            return _outcome(direction, (), ())
        found: set[SecretName] = set()
        with watch(f"Reading the {direction.old.name}", len(records)) as advance:
            for number, name in enumerate(record.secret_name for record in records):
                is_there = copying.fetched(direction.old, name) is not None
                # The first shows whether the new store can be asked at all.
                is_copied = (number == 0 or not is_there) and copying.fetched(direction.new, name) is not None
                found.update([name] if is_there or is_copied else [])
                advance()
        return _outcome(direction, records, found)

    def run(self, target: StoreName, watch: Watch) -> Outcome:
        """Moves everything; a move that was cut short is finished by it.

        Raises Usage, what a store or a file has, NothingThere where the old store has none of the secrets, and Unfit
        for a vault that is left and not empty. Before the commit nothing is forgotten, and the old store stays in use;
        after it the new one has everything, and what the old could not forget waits for the next run.
        """
        self.check(target)
        direction = self._direction(target)
        with self._changes.moving():
            with _told("Nothing was changed.", target), self._changes.writing():
                self._finish_changes(direction.old)
                records, begun = self._records(), self.begun()
                if self._is_there(direction, records, begun):
                    self._apps.choose_store(target)
                    return _outcome(direction, (), ())
                entry = self._begin(direction, records, begun)
            wanted = [record.secret_name for record in records]
            before = {name for earlier in begun for name in earlier.names}
            old = direction.old.name
            left = f"Everything is in the {target}, which is in use; the {old} still holds some of it."
            untouched = f"Nothing was deleted: the {old} is still in use and complete."
            so_far = left if self._configured() == target else untouched
            with _told(so_far, target), watch(f"Copying to the {target}", len(wanted)) as advance:
                copied = set(direction.copied(wanted, before, advance))
            if wanted and not copied:
                self._forget(entry, direction.back(), (), watch)
                raise errors.NothingThere(direction.old.name, len(wanted))
            with _told(so_far, target), self._changes.writing(wait=REFRESHING_SECONDS):
                self._finish_changes(direction.old)  # which may write a record whose token was kept already
                records = self._records()
                entry = self._commit(entry, direction, records, copied)
            with _told(left, target):
                if not self._forget(entry, direction, copied, watch):
                    raise errors.Unfit("The vault still holds what no record names.", "see: sp-connect doctor")
                self._settle_keys()
        return _outcome(direction, records, copied)

    def settle(self, watch: Watch) -> None:
        """Ends what was cut short: everything stays where config.toml says, and is forgotten in the other store."""
        with self._changes.moving():
            for entry in self._changes.journal.readable():
                if entry.moving_to is not None:
                    self._forget(entry, self._direction(self._configured()), (), watch)
            self._settle_keys()

    def _commit(self, entry: Entry, direction: Direction, records: Sequence[Record], copied: set[SecretName]) -> Entry:
        """Copies what is new since, and names the new store in config.toml. Returns the entry as it is then."""
        entry = entry._replace(names=_unique(entry.names, *map(secret_names, records)))
        self._changes.journal.note(entry)
        late = [record.secret_name for record in records if record.secret_name not in copied]
        copied.update(direction.copied(late, late, lambda: None))
        if self._apps.store_choice() != direction.new.name:
            self._apps.choose_store(direction.new.name)
        return entry

    def _begin(self, direction: Direction, records: Sequence[Record], begun: Sequence[Entry]) -> Entry:
        """Writes down what is about to be moved, in place of what earlier moves wrote down."""
        leftover = self._inspect(direction, records, begun)
        before = [name for entry in begun for name in entry.names]
        wanted = _unique(before, leftover, [secret_store.probe(self._home)], *map(secret_names, records))
        described = direction.new.describe()
        is_there = described.store != "vault" or described.opened_by is not None
        makes = not is_there or any(old.makes for old in begun if old.moving_to == direction.new.name)
        entry = self._changes.journal.begin_move(direction.old.name, direction.new.name, wanted, makes=makes)
        try:
            secret_store.prove(direction.new, self._home)
        except errors.ThisMachine:
            with suppress(errors.ThisMachine):  # a second failure would hide the first
                if not is_there:
                    _left(direction.new)
                self._changes.journal.end(entry)
            raise
        for old in begun:
            self._changes.journal.end(old)
        return entry

    def _inspect(self, direction: Direction, records: Sequence[Record], begun: Sequence[Entry]) -> list[SecretName]:
        """Sees that nothing in sealed files would be lost or left behind; returns throwaway secrets among it.

        Raises Damaged, and Unfit for what no record names.
        """
        waiting = [entry.names for entry in (*begun, *self._waiting(direction.old))]
        known = _unique(*waiting, *map(secret_names, records))
        owners = {(name.kind, name.owner) for name in known}
        old, new = map(copying.contents, direction)
        damages = [*old.damages.values(), *(new.damages[owner] for owner in new.damages.keys() & owners)]
        errors.raise_all(damages, f"{words.count(len(damages), 'sealed file')} cannot be read.")
        unknown = old.names.difference(known)
        left = sorted({name.owner for name in unknown} - {secret_store.PROBE})
        if left:
            raise errors.Unfit(
                f"The {direction.old.name} has secrets of {words.listed(left)} that no record names; "
                "they would stay behind.",
                "restore the records, or delete what is left: sp-connect doctor --fix",
            )
        return sorted(unknown)

    def _forget(self, entry: Entry, direction: Direction, copied: Collection[SecretName], watch: Watch) -> bool:
        """Forgets in the old store what the new one has, in both what no record needs any more, and then the entry.

        A vault that is empty then is given up, if it is left or was made for this; False if it is not empty. Of
        `copied` the new store is known to have all. Raises what hinders it: the next run goes on from there.
        """
        rows, damages = self._connections.whole()
        unknown = {damage.path.stem for damage in damages}
        waiting = [name for name in entry.names if name.kind == "seller" and name.owner in unknown]
        ready = [name for name in entry.names if name not in waiting] if waiting else entry.names
        records: list[Record] = [*self._apps.all(), *rows]
        kept = set(chain.from_iterable(map(secret_names, records)))
        direction.new.forget_all([name for name in ready if name not in kept])
        unsure = {record.secret_name for record in records}.difference(copied)
        with watch(f"Deleting from the {direction.old.name}", len(ready)) as advance:
            alone = list(direction.forget(ready, unsure, advance))
        if waiting or alone:
            self._changes.journal.note(entry._replace(names=(*waiting, *alone)))
            errors.raise_all(damages, f"{words.count(len(damages), 'record file')} cannot be read.")
            what = f"{words.count(len(alone), 'secret')} that records need"
            raise errors.StoreUnavailable(
                f"The {direction.old.name} alone has {what}, and is not in use.",
                f"sp-connect store move {direction.new.name}",
            )
        is_empty = _left(direction.old) if direction.old.name == entry.store or entry.makes else True
        self._changes.journal.end(entry)
        return is_empty

    def _settle_keys(self) -> None:
        """Forgets a vault's key that lies in the keyring for nothing, after a kill."""
        for store in self._stores.values():
            if isinstance(store, Vault):
                store.settle()

    def _is_there(self, direction: Direction, records: Sequence[Record], begun: Sequence[Entry]) -> bool:
        """Whether SP_CONNECT_STORE has had everything in the new store all along, so that config.toml alone differs."""
        if begun or self._variable != direction.new.name or copying.contents(direction.old).names:
            return False
        return all(copying.fetched(direction.new, record.secret_name) is not None for record in records)

    def _finish_changes(self, store: SecretStore) -> None:
        """Deletes what waits to be deleted in a store before it is left. Raises what prevents it."""
        for entry in self._waiting(store):
            self._changes.complete(entry, store)

    def _waiting(self, store: SecretStore) -> list[Entry]:
        """The changes in a store that were cut short."""
        entries = self._changes.journal.entries()
        return [entry for entry in entries if entry.store == store.name and entry.moving_to is None]

    def _records(self) -> list[Record]:
        return [*self._apps.all(), *self._connections.all()]

    def _configured(self) -> StoreName:
        """The store in use as far as config.toml goes."""
        return secret_store.choose(None, self._apps.store_choice()).store

    def _direction(self, target: StoreName) -> Direction:
        return Direction(next(store for name, store in self._stores.items() if name != target), self._stores[target])


@contextmanager
def _told(so_far: str, target: StoreName) -> Iterator[None]:
    """Around a step: what goes wrong is told with how far the move is, and how to go on."""
    try:
        yield
    except errors.SpConnectError as error:
        error.reword(message=f"{error.message} {so_far}")
        mend = (error.hint or "").partition(secret_store.ELSEWHERE)[0].removesuffix(", or ")
        error.reword(hint="; then: ".join(filter(None, [mend, f"sp-connect store move {target}"])))
        raise


def _left(store: SecretStore) -> bool:
    """Gives up a vault that is empty; False for one that is not."""
    return store.leave() if isinstance(store, Vault) else True


def _outcome(direction: Direction, records: Iterable[Record], there: Collection[SecretName]) -> Outcome:
    moved = tuple(record for record in records if record.secret_name in there)
    missing = tuple(record for record in records if record.secret_name not in there)
    return Outcome(direction.old.name, direction.new.name, moved, missing)


def _unique(*found: Iterable[SecretName]) -> tuple[SecretName, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(found)))
