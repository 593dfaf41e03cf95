"""One consent, from its answer to the keeping: the path that every way of connecting takes.

`complete` takes the first arrival that is ours, guards the account, exchanges the code, checks what the account
sells, and keeps secret and record. It is told where arrivals come from, and does not know: a listener, a person
who pastes, or both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module

from sp_connect import errors, keeping
from sp_connect.amazon import consent, geography, lwa
from sp_connect.authorization import account_check
from sp_connect.models import App, Connection, Consent, Grant, Scope, Secret
from sp_connect.process import signals
from sp_connect.runtime import Runtime
from sp_connect.stores import secret_store
from sp_connect.stores.home.transactions import REFRESHING_SECONDS

NEEDED = (
    "email.utils",
    "random",
    "sp_connect.amazon.obstacles",
    "sp_connect.amazon.transport",
    "sp_connect.cli.parser_errors",
)
"""Modules that are else imported only when the answer of a consent, or an error, needs them."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Which account is the right one: `expected` is a Selling Partner ID, `replace` lets another one take the place.

    `imported` says that the account is one that a person named: no consent gave access to it. Without `check` Amazon is
    not asked about the account once it has consented.
    """

    expected: str | None = None
    replace: bool = False
    imported: bool = False
    check: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """A connection that is kept, where it was `asked` for, and the one `before` in its place, if there was one.

    `trouble` is what kept it from being checked, if anything did.
    """

    connection: Connection
    asked: Scope
    before: Connection | None = None
    trouble: errors.KeptUnchecked | None = None


def prove_ready(runtime: Runtime, renewed: Iterable[Scope] = (), replaced: Iterable[Scope] = ()) -> None:
    """Check stores and records before the consent: a later failure would waste the code.

    The records of the sellers that are asked for are proved to be replaceable. Where all that is asked for is
    `renewed`, a file of another seller may be damaged. Raises RealSecret where SP_CONNECT_AMAZON_URL is set and a
    connection of the real Amazon would be renewed or `replaced`.
    """
    asked, others = list(renewed), list(replaced)
    for scope in (*asked, *others):
        lwa.refuse_real(runtime.amazon, runtime.connections.get(scope))
    keeping.prove(runtime, dict.fromkeys(scope.seller for scope in (*asked, *others)))
    if not asked or any(runtime.connections.get(scope) is None for scope in asked):
        runtime.connections.prove_readable()


def prove_amazon(runtime: Runtime, clients: Iterable[tuple[App, Secret]]) -> Mapping[str, errors.ClientRejected]:
    """Asks Amazon, once for each app, whether it accepts the app's client id and secret: before a seller is asked.

    That shows too that the certificates load, that a proxy lets the request through, and that Amazon answers; and all
    that the answer will need is imported, since an update may replace this program's files in the meantime. Returns
    the apps that it refuses, by name. Raises AmazonTrouble, and ClientRejected where it refuses all of them.
    """
    asked = {app.name: (app, client_secret) for app, client_secret in clients}
    refused: dict[str, errors.ClientRejected] = {}
    for app, client_secret in asked.values():
        try:
            lwa.check_client(runtime.amazon, app, client_secret)
        except errors.ClientRejected as error:
            if len(refused) == len(asked) - 1:
                raise
            refused[app.name] = error
    load()
    return refused


def load() -> None:
    """Imports what the answer to a consent needs and nothing before it: no file of this program is read later."""
    from sp_connect import pages
    from sp_connect.views import card

    for name in NEEDED:
        import_module(name)
    pages.load()
    card.load()


def complete(
    runtime: Runtime, asked: Consent, client_secret: Secret, guard: Guard, arrivals: Iterable[consent.ArrivalT]
) -> Outcome | None:
    """Completes the first grant among `arrivals`; None if they end without one, at the deadline.

    The arrival is told what came of it. Raises NotAuthorized, ThisMachine and AmazonTrouble: then nothing that was
    connected before has changed.
    """
    found = consent.first_grant(arrivals, asked)
    if found is None:
        return None
    arrival, grant = found
    try:
        outcome = _settle(runtime, asked, client_secret, guard, grant)
    except errors.SpConnectError as error:
        arrival.conclude(error)
        raise
    arrival.conclude(outcome.connection)
    return outcome


def _settle(runtime: Runtime, asked: Consent, client_secret: Secret, guard: Guard, grant: Grant) -> Outcome:
    """Exchanges the code at once: it is good for five minutes. A wrong account's code is never exchanged."""

    def look() -> None:
        runtime.apps.get(asked.app.name)  # it may be gone by now, with the disk that it was on
        keeping.prove(runtime, [asked.scope.seller])
        _see_account(runtime, asked, guard, grant.selling_partner_id)

    keeping.before_code(runtime, asked.scope, look)
    with signals.deferred():
        return _exchange(runtime, asked, client_secret, guard, grant)


def _exchange(runtime: Runtime, asked: Consent, client_secret: Secret, guard: Guard, grant: Grant) -> Outcome:
    """From the code to the record. Once it is spent, a failure or Ctrl-C leaves the rest for `verify` to find out."""
    authorized_at = runtime.now()
    tokens = lwa.exchange(runtime.amazon, asked.app, client_secret, asked.scope, grant)
    assert tokens.refresh_token is not None, "lwa.exchange raises where there is none"
    connection = Connection(
        scope=asked.scope,
        selling_partner_id=grant.selling_partner_id,
        app=asked.app.name,
        access_level=asked.app.access_level,
        standing="unchecked",
        authorized_at=authorized_at,
        verified_at=None,
        marketplaces=(),
        secret_ref=secret_store.new_ref(),
        simulated=runtime.amazon.is_simulated,
    )
    trouble: account_check.Trouble | KeyboardInterrupt | None = None
    if guard.check:
        try:
            with signals.allowed():
                connection, trouble = account_check.Checks(runtime).look(connection, tokens.access_token, "consent")
        except KeyboardInterrupt as interrupt:
            trouble = interrupt
    found, refresh_token = connection, tokens.refresh_token
    connection, before = keeping.kept(runtime, asked.scope, lambda: _keep(runtime, asked, guard, found, refresh_token))
    if isinstance(trouble, KeyboardInterrupt):
        runtime.screen.say(f"Saved {connection.scope} unchecked: {grant.selling_partner_id}. Next: sp-connect verify")
        raise trouble
    unchecked = errors.KeptUnchecked(connection.scope, trouble, asked.app.name) if trouble is not None else None
    return Outcome(connection, asked.scope, before, unchecked)


def _keep(
    runtime: Runtime, asked: Consent, guard: Guard, connection: Connection, token: Secret
) -> tuple[Connection, Connection | None]:
    """The connection as it is kept, and the one before in its place, if there was one."""

    def keep() -> tuple[Connection, Connection | None]:
        made = _of_the_region(runtime, connection)
        # Once more, because another sp-connect may have connected the same account in the meantime.
        _see_account(runtime, asked._replace(scope=made.scope), guard, made.selling_partner_id)
        runtime.apps.get(asked.app.name)  # without its app the token would open nothing
        before = runtime.connections.get(made.scope)
        made = _not_worse(made, before)
        runtime.changes.keep_connection(made, token, asked.state)
        return made, before

    return runtime.changes.write(keep, wait=REFRESHING_SECONDS)  # the code is spent: to give up would lose the consent


def _of_the_region(runtime: Runtime, connection: Connection) -> Connection:
    """A country's connection as its region's, where the account turns out to be the region's; the lock is the caller's.

    As a country's it would hold all the others, and nobody would find it there. It stays where that country is
    connected already, where the region has another account or app, and where Amazon keeps the account apart from the
    region's (amazon.md section 9).
    """
    scope = connection.scope
    if not geography.is_the_regions(scope, connection.sells_in) or runtime.connections.get(scope) is not None:
        return connection
    whole = connection._replace(scope=geography.scope(scope.seller, scope.region))
    there = runtime.connections.get(whole.scope)
    if there is not None and (there.selling_partner_id, there.app) != (whole.selling_partner_id, whole.app):
        return connection
    return whole


def _not_worse(connection: Connection, before: Connection | None) -> Connection:
    """Keep earlier facts about the same account if it could not be checked again."""
    if connection.marketplaces or before is None or before.selling_partner_id != connection.selling_partner_id:
        return connection
    return connection._replace(marketplaces=before.marketplaces, verified_at=before.verified_at)


def _see_account(runtime: Runtime, asked: Consent, guard: Guard, got: str) -> None:
    """Compares an account with all that are connected: `check_account`.

    Raises Damaged for a file that may name it; of a renewal its own record tells, whatever is wrong with others.
    """
    before = runtime.connections.get(asked.scope)
    lwa.refuse_real(runtime.amazon, before)
    known = runtime.connections.of_account(got, sparing=before is not None and not guard.replace)
    known = known if before is None else (before, *known)
    check_account(asked.scope, guard, got, known, runtime.connections.has)


def check_account(
    scope: Scope, guard: Guard, got: str, known: Iterable[Connection], has_seller: Callable[[str], bool]
) -> None:
    """Raises WrongAccount, UnexpectedAccount or DuplicateAccount: the browser may still be another client's.

    `known` is every connection, or those alone that are of `scope` or of the account `got`. One account has one
    seller, in every region and with every app; a pair of sellers that version 0.9 let share it is renewed.
    """
    known = tuple(known)
    before = next((one for one in known if one.scope == scope), None)
    others = (one.scope for one in known if one.selling_partner_id == got and one.scope.seller != scope.seller)
    owner = next(others, None)
    if before is not None and not guard.replace and got != before.selling_partner_id:
        raise errors.WrongAccount(scope, before.selling_partner_id, got, owner, imported=guard.imported)
    if guard.expected and got != guard.expected:
        raise errors.UnexpectedAccount(guard.expected, got, owner)
    is_renewal = before is not None and before.selling_partner_id == got
    if owner is not None and not is_renewal:
        can_rename = not has_seller(scope.seller)
        raise errors.DuplicateAccount(scope, got, owner, can_rename=can_rename, imported=guard.imported)
