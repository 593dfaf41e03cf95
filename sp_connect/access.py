"""Access tokens and credentials of one connection: the doors out, which `token`, `exec`, `export` and Python share.

An access token is kept in the secret store until shortly before its end, under a name that holds app, seller,
region, country and the very refresh token that it came from, so that no two sellers can ever share one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from sp_connect import errors, keeping
from sp_connect.amazon import geography, lwa
from sp_connect.models import App, ClientSecret, Connection, Scope, Secret, Tokens
from sp_connect.process import signals
from sp_connect.runtime import Runtime
from sp_connect.stores import secret_store

MARGIN = timedelta(minutes=5)
"""How long before its end a kept access token is no longer handed out."""

NOTE_SECONDS = 10.0
"""How long a note for the next time may wait for its turn to be written."""

LIFE = timedelta(hours=1)
"""How long an access token lives at most, whatever its answer says (amazon.md section 4.2)."""


class AccessToken(NamedTuple):
    """An access token, and when Amazon stops taking it."""

    value: Secret
    expires_at: datetime


class Asked(NamedTuple):
    """Amazon's answer to a refresh token, with the current record of its connection."""

    connection: Connection
    answer: Tokens | errors.Rejected


def app(runtime: Runtime, name: str) -> tuple[App, Secret]:
    """An app with its client secret, which is a ClientSecret while the old secret is also kept.

    Raises NoSuchApp, MissingToken, RealSecret.
    """

    def read() -> App:
        found = runtime.apps.get(name)
        lwa.refuse_real(runtime.amazon, found)
        return found

    its_app, secret = secret_store.together(runtime.secrets, read)
    return its_app, secret if its_app.old_secret_name is None else _beside(runtime, its_app, secret)


def _beside(runtime: Runtime, its_app: App, secret: Secret) -> Secret:
    """The client secret with the old one, which is deleted once Amazon no longer accepts it."""

    def forget() -> None:
        with suppress(errors.ThisMachine):
            runtime.changes.write(lambda: runtime.changes.drop_old_secret(its_app), most=NOTE_SECONDS)

    if its_app.old_secret_name is not None and its_app.has_old_secret(runtime.now()):
        with suppress(errors.MissingToken):
            return ClientSecret(secret, runtime.secrets.fetch(its_app.old_secret_name), forget)
    forget()
    return secret


def refresh_token(runtime: Runtime, scope: Scope) -> tuple[Connection, Secret]:
    """A connection as it is now, with its refresh token. Raises NoSuchConnection, MissingToken, RealSecret."""

    def read() -> Connection:
        found = _current(runtime, scope)
        lwa.refuse_real(runtime.amazon, found)
        return found

    return secret_store.together(runtime.secrets, read)


def see_token(runtime: Runtime, scope: Scope) -> None:
    """Check that a token can be read. Raises NoSuchConnection, MissingToken, and errors of the store."""
    secret_store.together(runtime.secrets, lambda: _current(runtime, scope))


def find(runtime: Runtime, seller: str, region: str | None, country: str | None) -> Connection:
    """The connection that a person named. If the seller has only one there, region and country are optional.

    A region names its own connection before those of its countries. Raises BadName, UnknownRegion, UnknownCountry,
    NoSuchConnection, and WhichConnection where several are meant.
    """
    if not errors.is_name(seller):
        raise errors.BadName("a seller", seller)
    regions = [geography.region_named(region)] if region is not None else []
    countries = geography.countries_named([country] if country is not None else [], regions)
    known = runtime.connections.of(seller)
    there = [
        one
        for one in known
        if (not regions or one.scope.region == regions[0].code)
        and (not countries or one.scope.country == countries[0].code)
    ]
    if regions and not countries:
        there = [one for one in there if one.scope.country is None] or there
    if len(there) > 1:
        raise errors.WhichConnection([one.scope for one in there])
    if there:
        return there[0]
    if not known:
        raise errors.NoSuchConnection(
            seller, _to_connect(seller, region, country), near=runtime.connections.near(seller)
        )
    raise _not_there(known, seller, regions, countries)


def _not_there(
    known: Sequence[Connection],
    seller: str,
    regions: Sequence[geography.Region],
    countries: Sequence[geography.Country],
) -> errors.NoSuchConnection:
    """The error for a place where a seller has no connection, naming another connection that may do."""
    for country in countries:
        scope = geography.scope(seller, country.region, country.code)
        whole = next((one for one in known if one.covers(scope)), None)
        if whole is not None:
            region = "" if regions else f" and give --region {whole.scope.region}"
            return errors.NoSuchConnection(str(scope), f"{whole.scope} covers it: leave out --country{region}")
        return errors.NoSuchConnection(str(scope), f"sp-connect connect {scope.flags}")
    [there] = regions
    where = f" in {there.name}" if there.is_whole else f" in the {there.name}"
    return errors.NoSuchConnection(seller, _to_connect(seller, there.code, None), where=where)


def _to_connect(seller: str, region: str | None, country: str | None) -> str:
    place = "".join(f" --{name} {value}" for name, value in (("region", region), ("country", country)) if value)
    return f"sp-connect connect --seller {seller}{place}" if region else "sp-connect list shows what is connected"


def token(runtime: Runtime, connection: Connection) -> AccessToken:
    """An access token that lives for MARGIN at least: the kept one, else a new one from Amazon.

    Of many processes that ask at once, one asks Amazon and the others take what it got. A refusal is marked on
    the connection. Raises Rejected, ClientRejected, AmazonTrouble, ThisMachine, NotFound and RealSecret.
    """
    lwa.refuse_real(runtime.amazon, connection)
    kept = _kept(runtime, connection)
    if kept is not None:
        return kept
    with turn(runtime, connection.scope):
        # Whoever held the lock before may have refreshed, renewed or revoked.
        kept = _kept(runtime, _current(runtime, connection.scope))
        return kept if kept is not None else _refreshed(runtime, connection.scope)


@contextmanager
def turn(runtime: Runtime, scope: Scope) -> Iterator[None]:
    """Lets one process at a time ask Amazon about a connection. Raises StoreLocked.

    On a read-only disk there is no turn to take, and nothing that another process could write.
    """
    with ExitStack() as stack:
        with suppress(errors.ReadOnlyDisk):
            stack.enter_context(runtime.changes.refreshing(scope))
        yield


def ask(runtime: Runtime, scope: Scope, known: tuple[App, Secret] | None = None) -> Asked:
    """Refreshes a connection's token with Amazon; a new refresh token is saved at once.

    The caller holds `refreshing`: where Amazon changes the token, who asks with the old one at the same time is
    refused. A token that was replaced in the meantime says nothing by being refused: then the new one is asked
    about. `known` is an app in hand, with its client secret. Raises NoSuchConnection, NoSuchApp, MissingToken,
    ClientRejected and AmazonTrouble.
    """
    if runtime.changes.is_renaming(scope.seller):  # what Amazon gave the old name would be lost
        runtime.changes.finish()
    while True:
        connection, before = refresh_token(runtime, scope)
        in_hand = known if known is not None and known[0].name == connection.app else None
        its_app, client_secret = in_hand or app(runtime, connection.app)
        try:
            with signals.deferred():
                tokens = lwa.refresh(runtime.amazon, its_app, client_secret, scope, before)
                if tokens.refresh_token is not None and tokens.refresh_token != before:
                    connection = renew_token(runtime, connection, tokens.refresh_token)
        except errors.Rejected as refusal:
            with suppress(errors.ThisMachine):  # a killed process may have kept what Amazon gave in its place
                runtime.changes.finish()
            if runtime.changes.current(connection) is not None:
                return Asked(connection, _of_its_dates(connection, refusal, runtime.now()))
            continue
        return Asked(connection, tokens)


def _of_its_dates(connection: Connection, refusal: errors.Rejected, now: datetime) -> errors.Rejected:
    """The refusal, without causes that the connection's dates rule out."""
    if refusal.amazon is None:
        return refusal
    return errors.Rejected(connection.scope, refusal.amazon, may_be_over=connection.ends_within(now, 0))


def renamed(runtime: Runtime, connection: Connection) -> Connection | None:
    """A missing connection, found under its seller's new name; None if it was deleted."""
    runtime.changes.finish()
    return next(
        (
            one
            for one in runtime.connections.of_account(connection.selling_partner_id, sparing=True)
            if one.scope.item == connection.scope.item
            and (one.app, one.authorized_at) == (connection.app, connection.authorized_at)
        ),
        None,
    )


def renew_token(runtime: Runtime, connection: Connection, token: Secret) -> Connection:
    """The connection with the token that Amazon gave in place of its own, which is kept as soon as it can be.

    Raises StoreUnavailable, StoreLocked and Damaged, each with what it means: the old token may be dead by now.
    """
    return keeping.kept(runtime, connection.scope, lambda: runtime.changes.renew_token(connection, token), changed=True)


def environment(runtime: Runtime, connection: Connection) -> dict[str, str]:
    """The variables that other programs read: the first three by python-amazon-sp-api, the rest by name.

    All are of one consent, whatever becomes of the connection meanwhile.
    """
    while True:
        access = token(runtime, connection)
        current, refresh = refresh_token(runtime, connection.scope)
        if current.is_same_consent(connection):
            break
        connection = current
    its_app, client_secret = app(runtime, current.app)
    if isinstance(client_secret, ClientSecret):  # Amazon refused the new one, or the token would have proven it
        client_secret = client_secret.before
    return {
        "SP_API_REFRESH_TOKEN": refresh.reveal(),
        "LWA_APP_ID": its_app.client_id,
        "LWA_CLIENT_SECRET": client_secret.reveal(),
        "SP_API_ACCESS_TOKEN": access.value.reveal(),
        "SP_API_ENDPOINT": runtime.amazon.at(f"https://{geography.REGIONS[current.scope.region].api_host}"),
        "SP_API_REGION": current.scope.region,
        "SP_API_MARKETPLACE_IDS": ",".join(m.id for m in current.marketplaces if m.participating),
        "SELLING_PARTNER_ID": current.selling_partner_id,
    }


def client_credentials(runtime: Runtime, connection: Connection) -> dict[str, str]:
    """The `credentials=` of python-amazon-sp-api for a connection. Does not ask Amazon."""
    current, refresh = refresh_token(runtime, connection.scope)
    its_app, client_secret = app(runtime, current.app)
    return {
        "refresh_token": refresh.reveal(),
        "lwa_app_id": its_app.client_id,
        "lwa_client_secret": client_secret.reveal(),
    }


def _current(runtime: Runtime, scope: Scope) -> Connection:
    """The record as it is now. Raises NoSuchConnection."""
    connection = runtime.connections.get(scope)
    if connection is None:
        raise errors.NoSuchConnection(str(scope))
    return connection


def _kept(runtime: Runtime, connection: Connection) -> AccessToken | None:
    """The kept token if it lives long enough; None for one that is absent, old or not understood.

    Of a connection that Amazon refused, none is good. One whose end is further off than any token lives was kept
    by a clock that was wrong. What else is wrong with the store is told when the refresh token is fetched.
    """
    if connection.standing == "rejected":
        return None
    ignored = (errors.MissingToken, errors.StoreUnavailable, errors.Damaged)
    with suppress(*ignored, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        found = json.loads(runtime.secrets.fetch(connection.access_name).reveal())
        value, expires_at = found["access_token"], datetime.fromisoformat(found["expires_at"])
        is_token = isinstance(value, str) and value.isascii() and value.isprintable() and value
        if is_token and MARGIN < expires_at - runtime.now() <= LIFE:
            return AccessToken(Secret(value), expires_at)
    return None


def _refreshed(runtime: Runtime, scope: Scope) -> AccessToken:
    asked_at = runtime.now()
    connection, answer = ask(runtime, scope)
    if isinstance(answer, errors.Rejected):
        with suppress(errors.ThisMachine):  # Amazon's words matter more than the note of them
            _mark_rejected(runtime, connection, answer)
        raise answer
    access = AccessToken(answer.access_token, asked_at + min(answer.expires_in, LIFE.seconds) * timedelta(seconds=1))
    try:
        _keep(runtime, connection, access)
    except errors.ReadOnlyDisk as error:
        runtime.screen.say(f"The access token could not be saved for reuse: {error.message}")
    except errors.ThisMachine as error:
        runtime.screen.story(f"the access token could not be kept for the next time: {error.message}")
    return access


def _keep(runtime: Runtime, connection: Connection, access: AccessToken) -> None:
    """Keeps the token, and notes that Amazon takes the connection's again."""
    kept = json.dumps({"access_token": access.value.reveal(), "expires_at": access.expires_at.isoformat()})

    def keep() -> None:
        current = runtime.changes.current(connection)
        if current is None:
            return
        if current.standing in {"rejected", "missing-token"}:
            runtime.connections.put(current._replace(standing="connected", last_error=None))
        runtime.secrets.keep(current.access_name, Secret(kept))

    runtime.changes.write(keep, most=NOTE_SECONDS)


def _mark_rejected(runtime: Runtime, connection: Connection, refusal: errors.Rejected) -> None:
    def mark() -> None:
        current = runtime.changes.current(connection)
        if current is not None:
            runtime.connections.put(current._replace(standing="rejected", last_error=refusal.noted(runtime.now())))

    runtime.changes.write(mark, most=NOTE_SECONDS)
