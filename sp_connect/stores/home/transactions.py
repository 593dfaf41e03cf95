"""Secrets and the records that stand for them, changed together, so that a kill at any moment loses nothing.

A change names the secrets that it adds and ends, in a file, before it touches any. The rename of the record
is the commit; afterwards, or in the next run if this one was killed, whichever of the named secrets no record
refers to is forgotten. A record whose new token was kept before the kill is written by that next run. The journal
holds names, never a secret.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sp_connect import errors, words
from sp_connect.models import App, Connection, Scope, Secret, SecretName
from sp_connect.stores.home import files, leftovers, locks
from sp_connect.stores.home.authorizations import Authorizations
from sp_connect.stores.home.identity import Identity
from sp_connect.stores.home.journal import Entry, Journal, Renamed
from sp_connect.stores.home.pending import NOTHING, Answer, Pending, Row
from sp_connect.stores.secret_store import SecretStore, Switching, new_ref

if TYPE_CHECKING:
    from sp_connect.stores.books import Apps, Connections, Invites

REFRESHING_SECONDS = 120.0
"""How long one process may wait for another where giving up is dear: to keep a new token."""

ASKING_SECONDS = 300.0
"""Seconds to wait for another process that asks Amazon, which may take long (`amazon.client`)."""

T = TypeVar("T")


class Transactions:
    """The changes of one home; `folder` is the journal's. What changes anything is used inside `writing`.

    `move_profiles` gives a seller's browser profiles, if there are any, another name that has none. `identity` is the
    home's, which is written once.
    """

    def __init__(  # noqa: PLR0913 - all that a home consists of
        self,
        folder: Path,
        lock_path: Path,
        apps: Apps,
        connections: Connections,
        invites: Invites,
        secrets: SecretStore,
        move_profiles: Callable[[str, str], None] = lambda _old, _new: None,
        *,
        identity: Identity | None = None,
    ) -> None:
        self.journal = Journal(folder)
        self.authorizations = Authorizations(lock_path.with_name("authorizations.toml"))
        self._folder = folder
        self._lock_path = lock_path
        self._apps = apps
        self._connections = connections
        self._invites = invites
        self._secrets = secrets
        self._move_profiles = move_profiles
        self._identity = identity
        # Threads of this process queue here: a deadline is for waiting on another process, and polling is not fair.
        self._queue = threading.Lock()

    @contextmanager
    def writing(self, wait: float = 10.0, most: float = locks.MOST_PATIENCE) -> Iterator[None]:
        """Holds the writers' lock; first finishes what a killed one left. Raises StoreLocked.

        `wait` is how many seconds another process may keep it, `most` how many all of them together. A move of
        everything to another store that was cut short is left to `moves`: to finish it may take minutes, and the
        other store's password. An entry of the journal that cannot be read is passed over: a token that Amazon has
        just given must not be lost for it.
        """
        with self._queue, locks.held(self._lock_path, wait, most):
            if isinstance(self._secrets, Switching):
                self._secrets.reselect()
            if self._identity is not None:
                with suppress(errors.ThisMachine):  # it may wait, and a token that Amazon has just given may not
                    self._identity.make()
            leftovers.settle(self._folder)
            for written in self.journal.readable():
                entry = self._rename(written)
                # What was begun in the other store waits until that one is in use again.
                if entry.store == self._secrets.name and entry.moving_to is None:
                    self._finish(entry)
            yield

    def write(self, block: Callable[[], T], *, wait: float = 10.0, most: float = locks.MOST_PATIENCE) -> T:
        """The result of `block`, run inside `writing`."""
        with self.writing(wait, most):
            return block()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Keeps others from writing while something is looked at once more; finishes and changes nothing itself.

        On a read-only disk nobody writes. Raises StoreLocked.
        """
        with self._queue, ExitStack() as stack:
            with suppress(errors.ReadOnlyDisk):
                stack.enter_context(locks.held(self._lock_path))
            if isinstance(self._secrets, Switching):
                self._secrets.reselect()
            yield

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Lets one process at a time move secrets to another store. Taken before `writing`. Raises StoreLocked."""
        busy = "Another sp-connect is moving the secrets to another store."
        with locks.held_saying(self._lock_path.with_name("lock-moving"), 0, busy):
            yield

    @contextmanager
    def refreshing(self, scope: Scope) -> Iterator[None]:
        """Lets one process at a time ask Amazon for an access token of `scope`; it may take as long as Amazon may."""
        path = self._lock_path.with_name("locks") / f"lock-{scope.seller}-{scope.item}"
        busy = f"Another sp-connect has been asking Amazon about {scope} for {words.span(ASKING_SECONDS)}."
        with locks.held_saying(path, ASKING_SECONDS, busy):
            yield

    def see_lock(self) -> None:
        """Raises StoreUnavailable where nobody can take the lock. That somebody has it is fine."""
        with suppress(errors.StoreLocked), locks.held(self._lock_path, wait=0):
            pass

    def finish(self) -> None:
        """Finishes what a killed process left, so that what follows sees it as it is. Raises StoreLocked."""
        if self.unfinished():
            with self.writing():
                pass

    def is_renaming(self, seller: str) -> bool:
        """Whether a seller is being given another name, or a killed process has left that undone."""
        return any(renamed.old == seller for renamed in self.journal.renames())

    def unfinished(self) -> tuple[Path, ...]:
        """The changes whose secrets wait to be forgotten: the store was locked, or the process killed."""
        return self.journal.paths()

    def prove(self, sellers: Iterable[str] = ()) -> None:
        """Raises what would keep a change from being written: the lock, the disk, folders that are somebody else's.

        Of `sellers` the records that they have are proved to be replaceable.
        """
        with self.writing(), self.replacing((), ()):
            self._connections.prove(sellers)

    @contextmanager
    def replacing(
        self,
        new: Iterable[SecretName],
        old: Iterable[SecretName],
        renamed: Renamed | None = None,
        pending: Pending = NOTHING,
        *,
        lasting: bool = False,
    ) -> Iterator[set[SecretName]]:
        """Lets the caller keep `new` and write the records that replace `old`; forgets what is left over.

        That happens however the block is left. Where the store cannot forget now, the next `writing` tries
        again and nothing is raised: the change itself is done. What the block adds to the set, a record that it
        has written refers to: of these, no record is asked again. What is `pending` is written after a kill; where
        the block fails it is undone, unless it is `lasting`: then the next `writing` tries again.
        """
        entry = self.journal.begin(self._secrets.name, (*new, *old), renamed, pending)
        settled: set[SecretName] = set()
        before = files.unconfirmed()
        try:
            yield settled
        finally:
            is_sure = files.unconfirmed() == before  # else a power cut may bring back the record of the old secret
            if is_sure and (settled or not lasting):
                left = tuple(name for name in entry.names if name not in settled)
                done = entry._replace(names=left, pending=pending.without_rows() if settled else NOTHING)
                if not self._finish(done) and pending.rows:
                    with suppress(errors.ThisMachine):  # else a record that goes meanwhile would come back with it
                        self.journal.note(done)

    def keep_connection(self, connection: Connection, token: Secret, state: str | None = None) -> None:
        """Keeps a connection and its refresh token; the token of the record before it is forgotten.

        `state` is that of the consent which it came from: an invite that has it is used then, and so are others for
        the same place.
        """
        answer = None
        if state is not None and connection.authorized_at is not None and self._invites.find(state) is not None:
            answer = Answer(state, connection.authorized_at)
        self._keep([(connection, token)], answer)

    def keep_connections(self, kept: Sequence[tuple[Connection, Secret]]) -> None:
        """Keeps connections, each with its refresh token, of one seller or of many; forgets the tokens before them.

        One entry of the journal stands for all, and each seller's files are written once: whatever happens, of
        one seller's connections all are kept with their tokens, or none.
        """
        self._keep(kept)

    def _keep(
        self, kept: Sequence[tuple[Connection, Secret]], answer: Answer | None = None, *, lasting: bool = False
    ) -> None:
        records = {connection.scope: connection for connection, _ in kept}
        sellers = dict.fromkeys(scope.seller for scope in records)
        before = {old.scope: old for seller in sellers for old in self._connections.of(seller) if old.scope in records}
        refs = {scope: old.secret_ref for scope, old in before.items()}
        pending = Pending(tuple(Row(one, refs.get(scope)) for scope, one in records.items()), answer)
        new = {connection.secret_name: token for connection, token in kept}
        old = [name for record in before.values() for name in secret_names(record)]
        replaced = [one for scope, one in before.items() if _is_another(one, records[scope])]
        with suppress(errors.ThisMachine):  # what Amazon has given matters more than the count of seats
            self.authorizations.add(one for one in replaced if one.standing != "rejected")
        with self.replacing(new, old, pending=pending, lasting=lasting) as settled:
            self._secrets.keep_all(new)
            self._connections.put_all(records.values())
            settled.update(connection.secret_name for connection in records.values())
        with suppress(errors.ThisMachine):
            self.authorizations.clear(records.values())

    def renew_token(self, connection: Connection, token: Secret) -> Connection:
        """Keeps, at once, the token that Amazon gave in place of a connection's: the old one may be dead by now.

        Returns the connection as it is kept; as it was if it has been renewed or revoked meanwhile. Takes the lock.
        """
        with self.writing(wait=REFRESHING_SECONDS):
            current = self.current(connection)
            if current is None:
                return connection
            renewed = current._replace(secret_ref=new_ref())
            self._keep([(renewed, token)], lasting=True)
        return renewed

    def current(self, connection: Connection) -> Connection | None:
        """The record as it is now, if it still stands for the very token that `connection` does; else None."""
        now = self._connections.get(connection.scope)
        return now if now is not None and now.access_name == connection.access_name else None

    def drop_connection(self, scope: Scope, *, ended: bool = False) -> None:
        """Forgets a connection and its refresh token; an absent one is fine.

        Unless the authorization has `ended` at Amazon, or Amazon refused it, it is remembered as active there.
        """
        before = self._connections.get(scope)
        is_active = before is not None and not ended and before.standing != "rejected"
        gone = [before] if before is not None and is_active else []
        with self._remembering(gone), self.replacing((), secret_names(before)):
            self._connections.remove(scope)

    @contextmanager
    def _remembering(self, gone: Sequence[Connection]) -> Iterator[None]:
        """Remembers the authorizations of records that the block removes. Of one that stays nothing is remembered."""
        self.authorizations.add(gone)
        try:
            yield
        except BaseException:
            with suppress(errors.ThisMachine):
                self.authorizations.clear(one for one in gone if self._connections.get(one.scope) is not None)
            raise

    def keep_app(self, app: App, secret: Secret) -> None:
        """Keeps an app and its client secret; the secret of the record before it, unless it is kept beside, goes.

        So do the access tokens that the secret before it obtained.
        """
        before = [name for one in self._apps.all() if one.name == app.name for name in secret_names(one)]
        obtained = [one.access_name for one in self._connections.whole()[0] if one.app == app.name] if before else ()
        with self.replacing([app.secret_name], before):
            self._secrets.keep(app.secret_name, secret)
            self._secrets.forget_all(obtained)
            self._apps.put(app)

    def drop_app(self, name: str) -> None:
        """Forgets an app and its client secret. Raises NoSuchApp."""
        with self.replacing((), secret_names(self._apps.get(name))):
            self._apps.remove(name)

    def drop_old_secret(self, app: App) -> None:
        """Forgets the client secret before the one that `app` has, if that is still its one."""
        now = next((one for one in self._apps.all() if one.name == app.name), None)
        if now is not None and now.secret_ref == app.secret_ref and now.old_secret_name is not None:
            with self.replacing((), [now.old_secret_name]):
                self._apps.put(now._replace(old_secret_ref=None, old_secret_until=None))

    def rename_seller(self, old: str, new: str) -> tuple[Connection, ...]:
        """Gives a seller's connections, tokens, invites and profiles a name that nobody has; the old one is free then.

        The file under the new name is the commit: before it nothing has changed, and after it the next `writing`
        does what a kill left undone. A token that is missing stays so.
        """
        before = self._connections.of(old)
        after = [one._replace(scope=one.scope._replace(seller=new), secret_ref=new_ref()) for one in before]
        tokens: dict[SecretName, Secret] = {}
        for was, one in zip(before, after, strict=True):
            with suppress(errors.MissingToken):
                tokens[one.secret_name] = self._secrets.fetch(was.secret_name)
        with self.replacing(tokens, [name for one in before for name in secret_names(one)], Renamed(old, new)):
            self._move_profiles(old, new)
            self._secrets.keep_all(tokens)
            self._connections.copy(old, new, after)
        return tuple(after)

    def complete(self, entry: Entry, store: SecretStore) -> None:
        """Writes what an entry has pending, forgets in `store` what no record refers to, and strikes the entry out.


        Raises what hinders it. What is of owners whose files are damaged is left for another time, without an error.
        """
        left: list[SecretName] = []
        unreferred: list[list[SecretName]] = []
        entry = self._rename(entry)
        entry.pending.write(self._connections, self._invites, partial(_holds, store))
        for (kind, owner), group in groupby(sorted(entry.names), lambda name: (name.kind, name.owner)):
            theirs = list(group)
            try:
                referred_to = self._referred_to(kind, owner)
            except errors.Damaged:
                left.extend(theirs)
            else:
                unreferred.append([name for name in theirs if name not in referred_to])
        left.extend(_forget(store, unreferred))
        if not left:
            self.journal.end(entry)
        elif len(left) < len(entry.names):
            self.journal.note(entry._replace(names=tuple(left)))

    def _finish(self, entry: Entry) -> bool:
        """Tries to finish an entry in the active store; returns False to leave it for the next writer."""
        with suppress(errors.ThisMachine):
            self.complete(entry, self._secrets)
            return True
        return False

    def _rename(self, entry: Entry) -> Entry:
        """Finishes or undoes an interrupted rename; returns the rest of the entry."""
        if entry.renamed is None:
            return entry
        if self._connections.has(entry.renamed.new):
            self._invites.rename(*entry.renamed)
            with suppress(errors.Damaged):
                self.authorizations.rename(*entry.renamed)
            self._connections.drop(entry.renamed.old)
        else:
            with suppress(errors.StoreUnavailable):  # then they stay where they are, and hinder nobody
                self._move_profiles(entry.renamed.new, entry.renamed.old)
        done = entry._replace(renamed=None)
        self.journal.note(done)
        return done

    def _referred_to(self, kind: str, owner: str) -> set[SecretName]:
        """Asks only the records of the owner, so that another seller's damaged file stops nothing."""
        records = self._connections.of(owner) if kind == "seller" else self._apps.all()
        return {name for record in records for name in secret_names(record)}


def _is_another(old: Connection, new: Connection) -> bool:
    """Whether the consent of a record is not replaced at Amazon by that of the new one, which is for another."""
    return (old.selling_partner_id, old.app) != (new.selling_partner_id, new.app)


def secret_names(record: App | Connection | None) -> tuple[SecretName, ...]:
    """Every secret that a record stands for, its kept access token and its old client secret too."""
    if record is None:
        return ()
    beside = record.access_name if isinstance(record, Connection) else record.old_secret_name
    return (record.secret_name, beside) if beside is not None else (record.secret_name,)


def _forget(store: SecretStore, owners: Sequence[Sequence[SecretName]]) -> Sequence[SecretName]:
    """Forgets what is each owner's; returns what is of owners whose file is damaged."""
    try:
        store.forget_all([name for theirs in owners for name in theirs])
    except errors.Damaged:
        return owners[0] if len(owners) == 1 else [name for theirs in owners for name in _forget(store, [theirs])]
    return ()


def _holds(store: SecretStore, name: SecretName) -> bool:
    try:
        store.fetch(name)
    except errors.MissingToken:
        return False
    return True
