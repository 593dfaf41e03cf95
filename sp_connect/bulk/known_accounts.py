"""The guard of the right account over many connections at once: what is connected, read once and kept in mind."""

from __future__ import annotations

from collections.abc import Sequence

from sp_connect import errors
from sp_connect.authorization import grant
from sp_connect.models import Connection, Scope, Secret
from sp_connect.runtime import Runtime
from sp_connect.stores.home.token_index import TokenIndex


class Accounts:
    """All connections by scope, account and refresh token. Only files that another process changed are read again."""

    def __init__(self, runtime: Runtime) -> None:
        self._connections = runtime.connections
        self._index = TokenIndex(runtime.home.data / "tokens.json", runtime.secrets)
        self._stamp: object = None
        self._scopes: dict[Scope, Connection] = {}
        self._accounts: dict[str, dict[Scope, Connection]] = {}
        self._tokens: dict[str, dict[Scope, Connection]] = {}

    def refresh(self) -> None:
        """Reads what is connected, if it is not what it was. Raises Damaged: what cannot be read cannot be guarded."""
        stamp = self._connections.stamp()
        if stamp != self._stamp:
            self._scopes, self._accounts, self._tokens = {}, {}, {}
            for connection in self._connections.all():
                self._note(connection, self._index.of(connection))
            self._stamp = stamp

    def kept(self, kept: Sequence[tuple[Connection, Secret]]) -> None:
        """Notes what this process has written, while it still holds the lock."""
        for connection, token in kept:
            self._note(connection, self._index.note(connection, token))
        self._stamp = self._connections.stamp()

    def write(self) -> None:
        """Writes down the fingerprints of the tokens, so that the next import reads no secret."""
        self._index.write(self._scopes.values())

    def get(self, scope: Scope) -> Connection | None:
        """The connection of a scope as last read, if there is one."""
        return self._scopes.get(scope)

    def has(self, scope: Scope, selling_partner_id: str) -> bool:
        """Whether a place or an account is connected already."""
        return scope in self._scopes or selling_partner_id in self._accounts

    def guard(self, scope: Scope, app: str, selling_partner_id: str) -> None:
        """Raises WrongAccount, DuplicateAccount and OtherApp for an account that a person or Amazon names.

        `selling_partner_id` is empty while Amazon has not named it; then only the app is looked at.
        """
        before = self.get(scope)
        of_account = self._accounts.get(selling_partner_id, {}).values()
        known = [*of_account, *([before] if before is not None else [])]
        guard = grant.Guard(imported=True)
        if selling_partner_id:
            grant.check_account(scope, guard, selling_partner_id, known, self._connections.has)
        if before is not None and before.app != app:
            raise errors.OtherApp(scope, before.app, app)

    def guard_token(self, scope: Scope, selling_partner_id: str, token: Secret) -> None:
        """Raises TokenTaken for a refresh token that is kept for another seller, or under another account.

        In several countries one seller may have one token. What version 0.9 kept twice may be imported again.
        """
        kept = self._tokens.get(self._index.fingerprint(token), {})
        if scope in kept:
            return
        for other in kept.values():
            is_other = selling_partner_id not in ("", other.selling_partner_id)
            if other.scope.seller != scope.seller or is_other:
                raise errors.TokenTaken(scope, other.scope, other.selling_partner_id)

    def _note(self, connection: Connection, token: str | None) -> None:
        self._forget(connection.scope)
        self._scopes[connection.scope] = connection
        self._accounts.setdefault(connection.selling_partner_id, {})[connection.scope] = connection
        if token is not None:
            self._tokens.setdefault(token, {})[connection.scope] = connection

    def _forget(self, scope: Scope) -> None:
        """Remove the earlier entries for a place."""
        before = self._scopes.pop(scope, None)
        if before is not None:
            self._accounts.get(before.selling_partner_id, {}).pop(scope, None)
            self._tokens.get(self._index.of(before) or "", {}).pop(scope, None)
