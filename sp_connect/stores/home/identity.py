"""Which home owns the secrets in the keyring, where a folder and its copy share one keyring.

A home has an id, made once, in home.toml. An item of the keyring says which folder owns the secrets of that id, by
path, device and inode. A home with the same id in another folder is a copy as long as the owner's folder is there: it
deletes no secret that the owner may use. Where that folder is gone, the home takes over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from sp_connect import errors
from sp_connect.models import Secret, SecretName
from sp_connect.stores.home import files, locks, toml
from sp_connect.stores.home.tables import Table
from sp_connect.stores.secret_store import PROBE

FILE = "home.toml"
OWNER = "sp-connect-home"
"""The owner of the keyring's items that say which folder owns a home's secrets."""

_FREE = frozenset({PROBE, OWNER})
"""The owners of items that no two homes share."""


class Ring(Protocol):
    """The keyring operations needed here. All may raise StoreUnavailable and StoreLocked."""

    def keep(self, name: SecretName, value: Secret) -> None: ...

    def fetch(self, name: SecretName) -> Secret: ...


class Place(NamedTuple):
    """A folder, by its path and by the numbers that the system has for it."""

    folder: Path
    device: int
    inode: int


class Identity:
    """The identity of the home whose data is in `folder`.

    `seed` gives text that a home and its copies have in common, and no other home, or none: the id is made of it, so
    that copies made by versions without an id are known too. `elder` gives a home that is older than this one if the
    two are copies: one without an id, where neither has been recorded. `tell` takes a sentence for the user.
    """

    def __init__(
        self,
        folder: Path,
        seed: Callable[[], str] = str,
        elder: Callable[[], tuple[Path, str] | None] = lambda: None,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.folder = folder
        self._seed = seed
        self._elder = elder
        self._tell = tell
        self._claim: Place | None = None
        self._has_asked = self._has_told = False
        self._new: set[SecretName] = set()

    def make(self) -> None:
        """Writes home.toml if there is none; of several processes, one does. Raises what writing a file raises."""
        path = self.folder / FILE
        if path.exists() or not self.folder.is_dir():
            return
        with locks.held(self.folder / "lock-home"):
            if (place := _place(self.folder)) is not None and files.read(path) is None:
                values = {"schema": toml.SCHEMA, "id": self._new_id(), "folder": str(place.folder)}
                whole = values | {"device": place.device, "inode": place.inode}
                toml.write(path, whole, self.folder / "unfinished")

    def before_keeping(self, ring: Ring, name: SecretName, *, is_there: Callable[[], bool]) -> None:
        """Notes a secret that a copy adds: it may delete that again. Raises what the keyring raises."""
        if _is_temporary(name):
            return
        with suppress(errors.Damaged):  # of home.toml: then it is nothing that may be deleted
            if self.owner(ring) is not None and not is_there():
                self._new.add(name)

    def after_keeping(self, ring: Ring, name: SecretName) -> None:
        """Records in the keyring that this home owns its secrets, unless another one does. Raises nothing.

        A kept access token is no reason to: `token` asks the keyring for nothing that it does not need.
        """
        if not _is_temporary(name):
            with suppress(errors.ThisMachine):
                self._take(ring)

    def may_delete(self, ring: Ring, name: SecretName) -> bool:
        """Whether a secret may be deleted from the keyring; where it may not, the user is told once.

        Raises what the keyring raises.
        """
        if name.owner in _FREE or name in self._new:
            return True
        if (owner := self._take(ring)) is None:
            return True
        if not self._has_told:
            self._has_told = True
            self._tell(
                f"{self.folder} is a copy of {owner}, which uses the same secrets: they stay in the keyring "
                "and are deleted only from the records here."
            )
        return False

    def owner(self, ring: Ring) -> Path | None:
        """The folder of another home that owns the secrets of this one, if there is one. Changes nothing."""
        mine = _place(self.folder)
        if mine is None or (home_id := self._id()) is None:
            return None
        claim = self._claimed(ring, home_id, mine)
        if claim is None or claim[1:] == mine[1:]:
            return None
        return claim.folder if self._is_other_home(claim.folder, home_id) else None

    def is_recorded(self, ring: Ring) -> bool:
        """Whether the keyring says that this very folder owns its secrets."""
        home_id = self._id()
        return home_id is not None and self._fetched(ring, home_id) == _place(self.folder)

    def _take(self, ring: Ring) -> Path | None:
        """The folder of another home that owns the secrets; else None, and the keyring says that this one does."""
        self.make()
        owner, mine, home_id = self.owner(ring), _place(self.folder), self._id()
        if owner is None and mine is not None and home_id is not None and self._fetched(ring, home_id) != mine:
            value = {"folder": str(mine.folder), "device": mine.device, "inode": mine.inode}
            ring.keep(_item(home_id), Secret(json.dumps(value)))
            self._claim, self._has_asked = mine, True
        return owner

    def _claimed(self, ring: Ring, home_id: str, mine: Place) -> Place | None:
        """The owner of the secrets: by the keyring, else the folder where home.toml was made, else an older home."""
        recorded = self._fetched(ring, home_id)
        if recorded is not None:
            return recorded
        written = _written(self.folder)
        if written is not None and written[1:] != mine[1:]:
            return written
        elder = self._elder()
        return _place(elder[0]) if elder is not None and _is_of(elder[1], home_id) else None

    def _fetched(self, ring: Ring, home_id: str) -> Place | None:
        """The keyring's entry, read once."""
        if not self._has_asked:
            with suppress(errors.MissingToken, ValueError, LookupError, TypeError):
                found = json.loads(ring.fetch(_item(home_id)).reveal())
                self._claim = Place(Path(found["folder"]), int(found["device"]), int(found["inode"]))
            self._has_asked = True
        return self._claim

    def _is_other_home(self, folder: Path, home_id: str) -> bool:
        """Whether a folder is a home with this id, and not this one by another path. What cannot be seen is one."""
        try:
            if os.path.samestat(folder.stat(), self.folder.stat()):
                return False
            values = toml.read(folder / FILE)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except (OSError, errors.ThisMachine):
            return True
        if values is None:  # a home of a version without ids, if the id was made of what both have
            elder = self._elder()
            return elder is not None and os.path.realpath(elder[0]) == str(folder) and _is_of(elder[1], home_id)
        return values.get("id") == home_id

    def _id(self) -> str | None:
        """The id; None where there is none yet. Raises Damaged."""
        path = self.folder / FILE
        values = toml.read(path)
        return None if values is None else Table(path, "", values).text("id")

    def _new_id(self) -> str:
        seed = ""
        with suppress(errors.SpConnectError):  # a config.toml that cannot be read is reported by others
            seed = self._seed()
        return _id_of(seed) if seed else os.urandom(16).hex()


def _is_temporary(name: SecretName) -> bool:
    return name.owner in _FREE or "-access-" in name.item


def _item(home_id: str) -> SecretName:
    return SecretName("app", OWNER, "folder", home_id)


def _id_of(seed: str) -> str:
    import hashlib

    return hashlib.sha256(f"sp-connect home\n{seed}".encode()).hexdigest()[:32]


def _is_of(seed: str, home_id: str) -> bool:
    return bool(seed) and _id_of(seed) == home_id


def _place(folder: Path) -> Place | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return Place(Path(os.path.realpath(folder)), status.st_dev, status.st_ino)


def _written(folder: Path) -> Place | None:
    """Where home.toml says that it was made. Raises Damaged."""
    values = toml.read(folder / FILE) or {}
    found = values.get("folder"), values.get("device"), values.get("inode")
    match found:
        case (str(where), int(device), int(inode)):
            return Place(Path(where), device, inode)
    return None
