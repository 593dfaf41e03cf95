"""The guard of the right account over many connections at once: what is connected, read once and kept in mind."""

from __future__ import annotations

from collections.abc import Sequence

from sp_connect import authorization, errors
from sp_connect.models import Connection, Scope
from sp_connect.stores.connections import Connections


class Accounts:
    """What is connected, by scope and by account. Read again only where another process changed it."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._stamp: object = None
        self._scopes: dict[Scope, Connection] = {}
        self._accounts: dict[tuple[str, str], dict[Scope, Connection]] = {}

    def refresh(self) -> None:
        """Reads what is connected, if it is not what it was. Raises Damaged: what cannot be read cannot be guarded."""
        stamp = self._connections.stamp()
        if stamp != self._stamp:
            self._scopes, self._accounts = {}, {}
            for connection in self._connections.all():
                self._note(connection)
            self._stamp = stamp

    def kept(self, connections: Sequence[Connection]) -> None:
        """Notes what this process has written, while it still holds the lock."""
        for connection in connections:
            self._note(connection)
        self._stamp = self._connections.stamp()

    def get(self, scope: Scope) -> Connection | None:
        """The connection of a scope as last read, if there is one."""
        return self._scopes.get(scope)

    def guard(self, scope: Scope, app: str, selling_partner_id: str) -> None:
        """Raises WrongAccount, DuplicateAccount and OtherApp for an account that a person names."""
        before = self.get(scope)
        of_account = self._accounts.get((scope.region, selling_partner_id), {}).values()
        known = [*of_account, *([before] if before is not None else [])]
        authorization.check_account(scope, app, authorization.Guard(imported=True), selling_partner_id, known)
        if before is not None and before.app != app:
            raise errors.OtherApp(scope, before.app, app)

    def _note(self, connection: Connection) -> None:
        self._scopes[connection.scope] = connection
        account = connection.scope.region, connection.selling_partner_id
        self._accounts.setdefault(account, {})[connection.scope] = connection
