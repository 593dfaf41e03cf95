"""The checks of what the secret store holds against what is written down: tokens that are missing, and left over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from sp_connect import errors, words
from sp_connect.checkup.context import FIX, Context, several
from sp_connect.findings import Finding, failed, ok, skipped, warning
from sp_connect.models import Connection, SecretName, Standing
from sp_connect.stores import secret_store
from sp_connect.stores.home.transactions import secret_names
from sp_connect.terminal import progress

CLAIMED = "every secret in the store belongs to a record"


def present(context: Context) -> Finding:
    """Whether each connection's token is there. --fix marks in the record what is missing, and what came back."""
    if why := context.blind(store=True):
        return skipped(why)
    lacking, damages = _lacking(context)
    gone = {row.scope for row in lacking}
    marked = [row for row in context.records.rows if row.standing == "missing-token" and row.scope not in gone]
    if lacking or marked:  # others may have renewed, revoked or moved everything since the first look
        with context.runtime.changes.still():
            lacking, marked = _again(context, lacking, there=False), _again(context, marked, there=True)
    unmarked = [row for row in lacking if row.standing != "missing-token"]
    fixed = context.fix and any([_mark(context, unmarked, "missing-token"), _mark(context, marked, "unchecked")])
    if lacking:
        failure = secret_store.missing(lacking[0].secret_name, f"the {context.runtime.secrets.name} that is in use")
        if len(lacking) > 1:
            failure.reword(
                message=(f"The secrets of {several(row.scope for row in lacking)} are not in the store that is in use.")
            )
        return failed(failure, fixed=fixed)
    if damages:
        return failed(damages[0], fixed=fixed)
    back = several(row.scope for row in marked)
    if marked and not fixed:
        return warning(f"{back}: the record says that the token is missing, and it is there", FIX)
    if not context.records.rows:
        return ok("no connection needs one yet")
    said = f"the tokens of {words.count(len(context.records.rows), 'connection')} are there"
    return ok(f"{said}; the records of {back} say so now" if fixed else said, fixed=fixed)


def unclaimed(context: Context) -> Finding:
    """Whether the store holds tokens that no record names, as after a folder was restored or edited by hand."""
    if why := context.blind(apps=True, store=True):
        return skipped(why)
    if context.contents is None:
        return ok("a keyring cannot list what it holds, so only a vault is checked for that")
    left = _unclaimed(context, context.contents)
    if left:  # others may have kept something since the first look
        with context.runtime.changes.still():
            context.read_again()
            left = _unclaimed(context, context.contents)
    if not left:
        return ok(CLAIMED)
    said = _said(left)
    if _are_elsewhere(context, left):
        return warning(
            f"{said}, and no connection at all", f"bring your connections back to {context.runtime.home.data}"
        )
    if not context.fix:
        return warning(said, FIX)
    if context.runtime.changes.journal.damages():  # it may be about these
        return warning(f"{said}: kept, because an interrupted change cannot be read", FIX)
    if not context.yes:
        try:
            context.runtime.prompt.confirm(f"Delete {said}?", "--yes")
        except errors.Aborted:
            return warning(f"{said}: kept, as you said", FIX)

    def forget() -> list[SecretName] | None:
        """The names that were deleted; None where the records have changed."""
        context.read_again()  # in the meantime somebody may have connected, or registered an app
        left = _unclaimed(context, context.contents)
        if context.runtime.changes.journal.damages() or context.blind(apps=True) or _are_elsewhere(context, left):
            return None
        context.runtime.secrets.forget_all(left)
        return left

    gone = context.runtime.changes.write(forget)
    if gone is None:
        return warning(f"{said}: kept, for the records have changed", FIX)
    return ok(f"{_said(gone)}: now deleted", fixed=True) if gone else ok(CLAIMED)


def _said(left: Sequence[SecretName]) -> str:
    owners = several(sorted({name.owner for name in left}))
    return f"{words.count(len(left), 'secret')} of {owners} that no record names"


def _are_elsewhere(context: Context, left: Sequence[SecretName]) -> bool:
    """Whether there are tokens and no connection: then it is the records that are missing."""
    return not context.records.rows and any(name.kind == "seller" for name in left)


def _lacking(context: Context) -> tuple[list[Connection], list[errors.Damaged]]:
    """The connections whose token is not there, and the sealed files of which that cannot be told."""
    lacking: list[Connection] = []
    damages: dict[str, errors.Damaged] = {}
    rows = context.records.rows
    with progress.bar(context.runtime.screen, "Looking for tokens", len(rows)) as advance:
        for row in rows:
            try:
                if not context.has(row.secret_name):
                    lacking.append(row)
            except errors.Damaged as damage:
                damages[damage.message] = damage
            advance()
    return lacking, list(damages.values())


def _again(context: Context, rows: Sequence[Connection], *, there: bool) -> list[Connection]:
    """Those of `rows`, as they are now, whose token is `there`, or is not. The caller holds the lock."""
    found = []
    for row in rows:
        with suppress(errors.Damaged):  # what is damaged, another check names
            if (now := context.runtime.changes.current(row)) is not None and _is_there(context, now) == there:
                found.append(now)
    return found


def _is_there(context: Context, row: Connection) -> bool:
    try:
        context.runtime.secrets.fetch(row.secret_name)
    except errors.MissingToken:
        return False
    return True


def _mark(context: Context, rows: Sequence[Connection], standing: Standing) -> bool:
    """Notes in the records what was found, unless one was renewed or revoked in the meantime."""
    if not rows:
        return False

    def mark() -> bool:
        found = _again(context, rows, there=standing != "missing-token")
        context.runtime.connections.put_all([row._replace(standing=standing, last_error=None) for row in found])
        return bool(found)

    marked = context.runtime.changes.write(mark)
    context.read_again()
    return marked


def _unclaimed(context: Context, contents: secret_store.Contents | None) -> list[SecretName]:
    """Secrets that belong to no record; none for a keyring, or if records cannot be read.

    Of owners whose own file is damaged, or is not there any more, nothing can be said.
    """
    if contents is None or context.blind(apps=True):
        return []
    named = set(_named(context))
    unknown = {("seller", damage.path.stem) for damage in context.records.damages}
    unknown |= {("app", row.app) for row in context.records.rows} - {("app", app.name) for app in context.apps}
    return sorted(
        name
        for name in contents.names
        if name not in named and name.owner != secret_store.PROBE and (name.kind, name.owner) not in unknown
    )


def _named(context: Context) -> Iterator[SecretName]:
    """Every secret that a record stands for, or that a change which was cut short is about."""
    for entry in context.runtime.changes.journal.readable():
        yield from entry.names
    for app in context.apps:
        yield from secret_names(app)
    for row in context.records.rows:
        yield row.secret_name
        yield row.access_name
