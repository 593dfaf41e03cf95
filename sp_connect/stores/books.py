"""The contract of a store, as protocols as small as their use: apps, connections, invites, and changes to them.

Commands know these alone. `stores.home` is the one implementation today: the files of one machine, with a keyring or a
vault for the secrets. All methods may raise StoreUnavailable, StoreLocked and Damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from sp_connect import errors
from sp_connect.models import App, Connection, Invite, Scope, Secret

if TYPE_CHECKING:
    from sp_connect.stores.home.authorizations import Authorizations
    from sp_connect.stores.home.journal import Journal

T = TypeVar("T")


class Apps(Protocol):
    """The registered apps. Their client secrets are in the secret store."""

    def all(self) -> tuple[App, ...]:
        """Every app, by name."""

    def get(self, name: str) -> App:
        """Raises NoSuchApp."""

    def put(self, app: App) -> None:
        """Writes an app, in place of that of its name."""

    def remove(self, name: str) -> None:
        """Deletes an app. Raises NoSuchApp."""

    def store_choice(self, *, is_obeyed: bool = True) -> str | None:
        """The secret store that the settings name, if any."""

    def choose_store(self, store: str) -> None:
        """Writes the name of the secret store down."""

    def browser(self) -> str | None:
        """The settings' value in place of --browser."""

    def mistyped(self) -> tuple[tuple[str, str], ...]:
        """Unknown keys of the settings, each with the known key that it resembles."""


class Connections(Protocol):
    """The records of connections. Their refresh tokens are in the secret store."""

    @property
    def copies(self) -> Mapping[Path, Path]:
        """Files that were skipped as copies of a seller's file, with the original."""

    def all(self) -> tuple[Connection, ...]:
        """Every connection, in the order of tables."""

    def whole(self) -> tuple[tuple[Connection, ...], tuple[errors.Damaged, ...]]:
        """Every connection that can be read, and the damage to the others."""

    def of(self, seller: str) -> tuple[Connection, ...]:
        """The connections of a seller; empty for an unknown one."""

    def of_account(self, selling_partner_id: str, *, sparing: bool = False) -> tuple[Connection, ...]:
        """The connections of one account, of whatever seller."""

    def get(self, scope: Scope) -> Connection | None:
        """The connection of a scope."""

    def has(self, seller: str) -> bool:
        """Whether there is anything of a seller, readable or not."""

    def near(self, seller: str) -> list[str]:
        """Sellers with a similar name."""

    def stamp(self) -> object:
        """A value that changes whenever a record changes."""

    def prove_readable(self) -> None:
        """Raises what keeps the records from being read."""

    def put(self, connection: Connection) -> None:
        """Writes a record, in place of that of its scope."""

    def put_all(self, connections: Iterable[Connection]) -> None:
        """Writes many; if it raises, those of some sellers may be written."""

    def prove(self, sellers: Iterable[str] = ()) -> None:
        """Raises what would keep the records of these sellers from being replaced."""

    def copy(self, seller: str, name: str, renamed: Sequence[Connection]) -> None:
        """Writes a seller's records under another name."""

    def drop(self, seller: str) -> None:
        """Deletes all records of a seller."""

    def remove(self, scope: Scope) -> None:
        """Deletes the record of a scope. Raises NoSuchConnection."""


class Invites(Protocol):
    """The links that were sent to sellers elsewhere."""

    def all(self) -> tuple[tuple[Invite, ...], tuple[errors.Damaged, ...]]:
        """Every invite that can be read, the oldest first, and the damage to the others."""

    def find(self, state: str) -> Invite | None:
        """The invite of a state."""

    def put(self, invites: Iterable[Invite]) -> None:
        """Writes invites, in place of those of their states."""

    def remove(self, invite: Invite) -> None:
        """Deletes one."""

    def rename(self, old: str, new: str) -> None:
        """Gives a seller's invites another name."""

    def close(self, state: str, now: datetime) -> None:
        """Notes that the invite of a state was used."""

    def sweep(self, now: datetime) -> None:
        """Deletes those that ended long ago."""


class Changes(Protocol):
    """Changes of a record together with its secret, safe against a kill at any moment."""

    @property
    def authorizations(self) -> Authorizations:
        """The authorizations that Amazon has not ended, though they were deleted or replaced here."""

    @property
    def journal(self) -> Journal:
        """The changes that were begun; `doctor` looks at them."""

    def write(self, block: Callable[[], T], *, wait: float = ..., most: float = ...) -> T:
        """The result of `block`, which is run while nobody else writes; all other changes below are made in one.

        A shared store may run it again from the start when its server went away meanwhile: a block reads what it
        decides on, and does nothing outside the store. `wait` is how many seconds another process may keep the lock,
        `most` how many all of them together. Raises StoreLocked.
        """

    def still(self) -> AbstractContextManager[None]:
        """Keeps others from writing while something is looked at once more."""

    def refreshing(self, scope: Scope) -> AbstractContextManager[None]:
        """Lets one process at a time ask Amazon for an access token of `scope`."""

    def see_lock(self) -> None:
        """Raises StoreUnavailable where nobody can take the lock."""

    def prove(self, sellers: Iterable[str] = ()) -> None:
        """Raises what would keep a change of these sellers from being written."""

    def finish(self) -> None:
        """Finishes what a killed process left."""

    def unfinished(self) -> tuple[Path, ...]:
        """Changes that were begun and are not finished."""

    def is_renaming(self, seller: str) -> bool:
        """Whether a seller is being renamed."""

    def keep_connection(self, connection: Connection, token: Secret, state: str | None = None) -> None:
        """Saves a record with its token, and closes the invite of `state`."""

    def keep_connections(self, kept: Sequence[tuple[Connection, Secret]]) -> None:
        """Saves many records with their tokens."""

    def renew_token(self, connection: Connection, token: Secret) -> Connection:
        """Saves the token that Amazon gave in place of a record's."""

    def current(self, connection: Connection) -> Connection | None:
        """The current record, or None if its token was replaced since."""

    def drop_connection(self, scope: Scope, *, ended: bool = False) -> None:
        """Deletes a record with its token."""

    def keep_app(self, app: App, secret: Secret) -> None:
        """Saves an app with its client secret."""

    def drop_app(self, name: str) -> None:
        """Deletes an app with its client secret."""

    def drop_old_secret(self, app: App) -> None:
        """Deletes an app's old client secret."""

    def rename_seller(self, old: str, new: str) -> tuple[Connection, ...]:
        """Renames a seller with everything of it. Returns the records as they are then."""
