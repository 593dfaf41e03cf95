"""One consent, from its answer to the keeping: the path that every way of connecting takes.

`complete` takes the first arrival that is ours, guards the account, exchanges the code, checks what the account
sells, and keeps secret and record. It is told where arrivals come from, and does not know: a listener, a person
who pastes, or both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from sp_connect import errors, interrupts, keeping
from sp_connect.amazon import consent, lwa, sellers
from sp_connect.edges import Edges
from sp_connect.models import App, Connection, Consent, Grant, Marketplace, Scope, Secret
from sp_connect.stores import secrets
from sp_connect.stores.changes import REFRESHING_SECONDS

NEEDED = (
    "sp_connect.amazon.obstacles",
    "sp_connect.amazon.transport",
    "sp_connect.views.card",
)
"""Modules that are else imported only when the answer of a consent needs them."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Which account is the right one: `expected` is a Selling Partner ID, `replace` lets another one take the place.

    `imported` says that the account is one that a person named: no consent gave access to it.
    """

    expected: str | None = None
    replace: bool = False
    imported: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """A connection that is kept. `trouble` is what kept it from being checked, if anything did."""

    connection: Connection
    trouble: errors.KeptUnchecked | None = None


def prove_ready(edges: Edges, renewed: Iterable[Scope] = (), replaced: Iterable[Scope] = ()) -> None:
    """Raises what would otherwise fail after the consent, when the code is already spent: stores and records.

    The records of the sellers that are asked for are proved to be replaceable. Where all that is asked for is
    `renewed`, a file of another seller may be damaged. Raises RealSecret where SP_CONNECT_AMAZON_URL is set and a
    connection of the real Amazon would be renewed or `replaced`.
    """
    asked, others = list(renewed), list(replaced)
    for scope in (*asked, *others):
        lwa.refuse_real(edges.amazon, edges.connections.get(scope))
    keeping.prove(edges, dict.fromkeys(scope.seller for scope in (*asked, *others)))
    if not asked or any(edges.connections.get(scope) is None for scope in asked):
        edges.connections.prove_readable()


def prove_amazon(edges: Edges, clients: Iterable[tuple[App, Secret]]) -> Mapping[str, errors.ClientRejected]:
    """Asks Amazon, once for each app, whether it accepts the app's client id and secret: before a seller is asked.

    That shows too that the certificates load, that a proxy lets the request through, and that Amazon answers; and all
    that the answer will need is imported, since an update may replace this program's files in the meantime. Returns
    the apps that it refuses, by name. Raises AmazonTrouble, and ClientRejected where it refuses all of them.
    """
    asked = {app.name: (app, client_secret) for app, client_secret in clients}
    refused: dict[str, errors.ClientRejected] = {}
    for app, client_secret in asked.values():
        try:
            lwa.check_client(edges.amazon, app, client_secret)
        except errors.ClientRejected as error:
            if len(refused) == len(asked) - 1:
                raise
            refused[app.name] = error
    load()
    return refused


def load() -> None:
    """Imports what the answer to a consent needs and nothing before it: no file of this program is read later."""
    for name in NEEDED:
        import_module(name)


def complete(
    edges: Edges, asked: Consent, client_secret: Secret, guard: Guard, arrivals: Iterable[consent.ArrivalT]
) -> Outcome | None:
    """What the first grant among `arrivals` makes; None where they end without one, which is the deadline.

    The arrival is told what came of it. Raises NotAuthorized, ThisMachine and AmazonTrouble: then nothing that was
    connected before has changed.
    """
    found = consent.first_grant(arrivals, asked)
    if found is None:
        return None
    arrival, grant = found
    try:
        outcome = _settle(edges, asked, client_secret, guard, grant)
    except errors.SpConnectError as error:
        arrival.conclude(error)
        raise
    arrival.conclude(outcome.connection)
    return outcome


def _settle(edges: Edges, asked: Consent, client_secret: Secret, guard: Guard, grant: Grant) -> Outcome:
    """Exchanges the code at once: it is good for five minutes. A wrong account's code is never exchanged."""

    def look() -> None:
        keeping.prove(edges, [asked.scope.seller])
        edges.apps.get(asked.app.name)  # it may be gone by now, with the disk that it was on
        _see_account(edges, asked, guard, grant.selling_partner_id)

    keeping.before_code(edges, asked.scope, look)
    with interrupts.held():
        return _exchange(edges, asked, client_secret, guard, grant)


def _exchange(edges: Edges, asked: Consent, client_secret: Secret, guard: Guard, grant: Grant) -> Outcome:
    """From the code to the record. Once it is spent, a failure or Ctrl-C leaves the rest for `verify` to find out."""
    authorized_at = edges.now()
    tokens = lwa.exchange(edges.amazon, asked.app, client_secret, asked.scope, grant)
    assert tokens.refresh_token is not None, "lwa.exchange raises where there is none"
    trouble: errors.KeptUnchecked | KeyboardInterrupt | None = None
    found: tuple[Marketplace, ...] = ()
    try:
        with interrupts.heard():
            found = sellers.marketplaces(edges.amazon, asked.scope, tokens.access_token)
        check_country(asked.scope, grant.selling_partner_id, [m.country for m in found])
    except errors.AmazonTrouble as error:
        trouble = errors.KeptUnchecked(asked.scope, error)
    except KeyboardInterrupt as interrupt:
        trouble = interrupt
    connection = Connection(
        scope=asked.scope,
        selling_partner_id=grant.selling_partner_id,
        app=asked.app.name,
        access_level=asked.app.access_level,
        standing="unchecked" if trouble else "connected",
        authorized_at=authorized_at,
        verified_at=None if trouble else edges.now(),
        marketplaces=found,
        secret_ref=secrets.new_ref(),
        simulated=edges.amazon.is_simulated,
    )
    refresh_token = tokens.refresh_token

    def keep() -> None:
        with edges.changes.writing(wait=REFRESHING_SECONDS):  # the code is spent: to give up would lose the consent
            # Once more, because another sp-connect may have connected the same account in the meantime.
            _see_account(edges, asked, guard, grant.selling_partner_id)
            edges.apps.get(asked.app.name)  # without its app the token would open nothing
            edges.changes.keep_connection(connection, refresh_token, asked.state)

    keeping.kept(edges, asked.scope, keep)
    if isinstance(trouble, KeyboardInterrupt):
        edges.screen.say(f"{asked.scope} is kept, unchecked: {grant.selling_partner_id}. Next: sp-connect verify")
        raise trouble
    return Outcome(connection, trouble)


def _see_account(edges: Edges, asked: Consent, guard: Guard, got: str) -> None:
    """Compares an account with all that are connected: `check_account`.

    Raises Damaged for a file that may name it; of a renewal its own record tells, whatever is wrong with others.
    """
    before = edges.connections.get(asked.scope)
    lwa.refuse_real(edges.amazon, before)
    known = edges.connections.of_account(got, sparing=before is not None and not guard.replace)
    known = known if before is None else (before, *known)
    check_account(asked.scope, guard, got, known, edges.connections.has)


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


def check_country(scope: Scope, account: str, sells_in: Sequence[str]) -> None:
    """Raises OtherCountry for an account that does not sell in the country of `scope`, if it has one."""
    if scope.country is not None and scope.country not in sells_in:
        raise errors.OtherCountry(scope, account, sells_in)
