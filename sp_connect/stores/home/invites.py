"""invites/: the consents that sellers on other machines may still give, a file each.

A file is named after a digest of the invite's state, so that `accept` finds it without reading the others. What
ended is kept for a while, so that an address that comes too late is told why. Writers hold the lock of `changes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast, get_args

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import Invite
from sp_connect.stores.home import files, toml
from sp_connect.stores.home.tables import Table, written_moment

REMEMBERED = timedelta(days=30)
"""How long an invite that ended is still known."""

_SUFFIX = ".toml"
_Closed = Literal["used", "cancelled", "replaced"]


class Invites:
    """The invites of one folder. Nothing is read before it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> tuple[tuple[Invite, ...], tuple[errors.Damaged, ...]]:
        """Every invite that can be read, the oldest first, and what is wrong with each file that cannot."""
        found: list[Invite] = []
        damages: list[errors.Damaged] = []
        for name in files.names(self._folder):
            if name.endswith(_SUFFIX):
                try:
                    found.extend(self._read(self._folder / name))
                except errors.Damaged as damage:
                    damages.append(damage)
        return tuple(sorted(found, key=lambda one: (one.created_at, one.scope.seller, one.scope.item))), tuple(damages)

    def find(self, state: str) -> Invite | None:
        """The invite of a state, pending or not. Raises Damaged."""
        return next(iter(self._read(self._path(state))), None)

    def put(self, invites: Iterable[Invite]) -> None:
        """Keeps invites, or what became of them; the lock is the caller's."""
        toml.write_all({self._path(one.state): _table(one) for one in invites})

    def rename(self, old: str, new: str) -> None:
        """Gives a seller's invites another name; the links stay good. The lock is the caller's."""
        theirs = [one for one in self.all()[0] if one.scope.seller == old]
        self.put(one._replace(scope=one.scope._replace(seller=new)) for one in theirs)

    def close(self, state: str, now: datetime) -> None:
        """The invite of a state, if there is one, is used, and others for the same place are no longer needed.

        `now` is the moment of the consent: an invite that was made later is for another one.
        """
        used = self.find(state)
        if used is None:
            return
        before = [one for one in self.all()[0] if one.scope == used.scope and one.created_at <= now]
        theirs = [one for one in before if one.status(now) == "pending"]
        self.put(one._replace(closed="used" if one.state == state else "replaced", closed_at=now) for one in theirs)

    def remove(self, invite: Invite) -> None:
        """Forgets an invite; an absent one is fine. The lock is the caller's."""
        files.remove(self._path(invite.state))

    def sweep(self, now: datetime) -> None:
        """Forgets what ended REMEMBERED ago or more; the lock is the caller's."""
        for invite in self.all()[0]:
            if (invite.closed_at or invite.expires_at) <= now - REMEMBERED:
                self.remove(invite)

    def _path(self, state: str) -> Path:
        import hashlib  # loads OpenSSL, which a list has no use for

        return self._folder / f"{hashlib.sha256(state.encode(errors='replace')).hexdigest()[:32]}{_SUFFIX}"

    def _read(self, path: Path) -> list[Invite]:
        """The invite of a file; none where there is no such file."""
        values = toml.read(path)
        if values is None:
            return []
        table = Table(path, "", values)
        try:
            scope = geography.scope(table.name("seller"), table.text("region"), table.optional_text("country"))
        except errors.Usage as error:
            raise table.damaged(error.message.rstrip(".")) from None
        if self._path(table.text("state")) != path:
            raise table.damaged("its state is not the one that its name stands for")
        closed = table.one_of("closed", get_args(_Closed)) if table.optional_text("closed") else None
        return [
            Invite(
                scope=scope,
                app=table.name("app"),
                application_id=table.text("application_id"),
                redirect_uri=table.text("redirect_uri"),
                state=table.text("state"),
                address=table.text("address"),
                expect_id=table.optional_text("expect_id"),
                created_at=table.moment("created_at"),
                expires_at=table.moment("expires_at"),
                closed=cast("_Closed | None", closed),
                closed_at=table.optional_moment("closed_at"),
            )
        ]


def _table(invite: Invite) -> dict[str, Any]:
    fields = {
        "schema": toml.SCHEMA,
        "seller": invite.scope.seller,
        "region": invite.scope.region,
        "country": invite.scope.country,
        "app": invite.app,
        "application_id": invite.application_id,
        "redirect_uri": invite.redirect_uri,
        "state": invite.state,
        "address": invite.address,
        "expect_id": invite.expect_id,
        "created_at": written_moment(invite.created_at),
        "expires_at": written_moment(invite.expires_at),
        "closed": invite.closed,
        "closed_at": invite.closed_at and written_moment(invite.closed_at),
    }
    return {key: value for key, value in fields.items() if value is not None}
