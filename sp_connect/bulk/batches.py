"""Connections that are kept a batch of sellers at a time: where there are thousands, a lock and a disk are shared.

The guard looks once more under each lock, because another sp-connect may have been faster.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from sp_connect import errors, keeping
from sp_connect.bulk.known_accounts import Accounts
from sp_connect.bulk.reading import Outcome, Row
from sp_connect.models import Connection, Secret
from sp_connect.runtime import Runtime

FIRST, MOST = 20, 1000
"""Sellers that are written under one lock and one entry of the journal: the first few, and never more."""
SECONDS = 2.0
"""Target seconds per batch in any store: a keyring saves 20 tokens in the time in which the vault saves 1,000."""
PAUSE = 0.1
"""Seconds between two batches, in which another sp-connect that waits for the lock gets it."""


class Found(NamedTuple):
    """A row that may be kept, as a record and with the token that is good now. `trouble` is told all the same."""

    row: Row
    connection: Connection
    token: Secret
    trouble: errors.SpConnectError | None = None


def keep(
    runtime: Runtime, accounts: Accounts, found: Sequence[Found], outcome: Outcome, advance: Callable[[], None]
) -> None:
    """Writes what was found. What is wrong with the whole store ends it; the rows that were written stay.

    A token that Amazon gave in place of a row's comes first, and is tried to be kept until it is.
    """
    changed = [one for one in found if one.token != one.row.token]
    waiting = _by_seller([one for one in found if one.token == one.row.token])
    try:
        for one in changed:
            keeping.kept(runtime, one.row.scope, partial(_keep_one, runtime, accounts, one, outcome), changed=True)
            advance()
        size = FIRST
        while waiting:
            batch, waiting = waiting[:size], waiting[size:]
            seconds = runtime.changes.write(partial(_timed, runtime, accounts, batch, outcome))
            size = _next_size(len(batch), seconds)
            for _ in (one for rows in batch for one in rows):
                advance()
            if waiting:
                runtime.sleep(PAUSE)
        accounts.write()
    except (errors.StoreUnavailable, errors.StoreLocked, errors.Damaged) as error:
        settled = {line for failure in outcome.failed for line in failure.lines} | set(outcome.kept)
        outcome.fail([one.row for one in found if one.row.line not in settled], error)


def _keep_one(runtime: Runtime, accounts: Accounts, one: Found, outcome: Outcome) -> None:
    runtime.changes.write(partial(_keep, runtime, accounts, [[one]], outcome))


def _timed(runtime: Runtime, accounts: Accounts, batch: Sequence[list[Found]], outcome: Outcome) -> float:
    """Seconds that it took to write a batch, without the wait for the lock."""
    began = time.monotonic()
    _keep(runtime, accounts, batch, outcome)
    return time.monotonic() - began


def _next_size(size: int, seconds: float) -> int:
    """How many sellers take SECONDS, if `size` of them took `seconds`; at most ten times as many as before."""
    return max(1, min(MOST, size * 10, round(size * SECONDS / max(seconds, 0.001))))


def _keep(runtime: Runtime, accounts: Accounts, batch: Sequence[list[Found]], outcome: Outcome) -> None:
    """Writes the rows of some sellers that still may be written; the lock is the caller's."""
    accounts.refresh()
    apps = [app.name for app in runtime.apps.all()]
    passed: list[Found] = []
    for one in (one for rows in batch for one in rows):
        try:
            if one.connection.app not in apps:
                raise errors.NoSuchApp(one.connection.app, apps)
            accounts.guard(one.row.scope, one.connection.app, one.row.selling_partner_id)
            accounts.guard_token(one.row.scope, one.row.selling_partner_id, one.token)
        except (errors.NotAuthorized, errors.NotFound, errors.Usage) as error:
            outcome.fail([one.row], error)
        else:
            passed.append(_renewing(runtime, accounts, one))
    _write(runtime, accounts, _by_seller(passed), outcome)


def _write(runtime: Runtime, accounts: Accounts, batch: Sequence[list[Found]], outcome: Outcome) -> None:
    """All together; where a seller's files are damaged, without that seller. Raises Damaged for what is everybody's."""
    rows = [one for some in batch for one in some]
    new = [one for one in rows if one.connection is not accounts.get(one.row.scope)]
    try:
        if new:
            runtime.changes.keep_connections([(one.connection, one.token) for one in new])
    except errors.Damaged:
        if any(one.token != one.row.token for one in new):  # it comes alone, and is tried again
            raise
        sound = []
        for some in batch:
            damage = _damage(runtime, some[0])
            if damage is None:
                sound.append(some)
            else:
                outcome.fail([one.row for one in some], damage)
        if len(sound) == len(batch):
            raise
        _write(runtime, accounts, sound, outcome)
        return
    accounts.kept([(one.connection, one.token) for one in new])
    for one in rows:
        outcome.kept[one.row.line] = one.connection
        if one.trouble is not None:
            outcome.fail([one.row], one.trouble)


def _damage(runtime: Runtime, one: Found) -> errors.Damaged | None:
    """The damage to the files of a row's seller, if any."""
    try:
        runtime.connections.get(one.row.scope)
        runtime.secrets.fetch(one.connection.secret_name)
    except errors.MissingToken:
        return None
    except errors.Damaged as damage:
        return damage
    return None


def _renewing(runtime: Runtime, accounts: Accounts, one: Found) -> Found:
    """Keep the old date and standing if this very token is already stored."""
    before = accounts.get(one.row.scope)
    if before is None:
        return one
    try:
        is_known = runtime.secrets.fetch(before.secret_name) == one.token
    except (errors.MissingToken, errors.Damaged):
        return one
    if not is_known:
        return one
    begun = one.row.authorized_at or before.authorized_at
    if one.connection.standing != "unchecked":
        return one._replace(connection=one.connection._replace(authorized_at=begun))
    if begun == before.authorized_at:
        return one._replace(connection=before)
    dated = before._replace(authorized_at=begun, secret_ref=one.connection.secret_ref)
    return one._replace(connection=dated)


def _by_seller(found: Sequence[Found]) -> list[list[Found]]:
    groups: defaultdict[str, list[Found]] = defaultdict(list)
    for one in found:
        groups[one.row.scope.seller].append(one)
    return list(groups.values())
