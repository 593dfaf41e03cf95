"""The checks of what the secret store holds against what is written down: tokens that are missing, and left over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from sp_connect import errors, words
from sp_connect.checkup.facts import FIX, Facts, several
from sp_connect.findings import Finding, failed, ok, skipped, warning
from sp_connect.models import Connection, SecretName, Standing
from sp_connect.stores import secrets
from sp_connect.stores.changes import secret_names
from sp_connect.views import progress

CLAIMED = "every secret in the store belongs to a record"


def present(facts: Facts) -> Finding:
    """Whether each connection's token is there. --fix marks in the record what is missing, and what came back."""
    if why := facts.blind(store=True):
        return skipped(why)
    lacking, damages = _lacking(facts)
    gone = {row.scope for row in lacking}
    marked = [row for row in facts.records.rows if row.standing == "missing-token" and row.scope not in gone]
    if lacking or marked:  # others may have renewed, revoked or moved everything since the first look
        with facts.edges.changes.still():
            lacking, marked = _again(facts, lacking, there=False), _again(facts, marked, there=True)
    unmarked = [row for row in lacking if row.standing != "missing-token"]
    fixed = facts.fix and any([_mark(facts, unmarked, "missing-token"), _mark(facts, marked, "unchecked")])
    if lacking:
        failure = secrets.missing(lacking[0].secret_name, f"the {facts.edges.secrets.name} that is in use")
        if len(lacking) > 1:
            failure.message = (
                f"The secrets of {several(row.scope for row in lacking)} are not in the store that is in use."
            )
        return failed(failure, fixed=fixed)
    if damages:
        return failed(damages[0], fixed=fixed)
    back = several(row.scope for row in marked)
    if marked and not fixed:
        return warning(f"{back}: the record says that the token is missing, and it is there", FIX)
    if not facts.records.rows:
        return ok("no connection needs one yet")
    said = f"the tokens of {words.count(len(facts.records.rows), 'connection')} are there"
    return ok(f"{said}; the records of {back} say so now" if fixed else said, fixed=fixed)


def unclaimed(facts: Facts) -> Finding:
    """Whether the store holds tokens that no record names, as after a folder was restored or edited by hand."""
    if why := facts.blind(apps=True, store=True):
        return skipped(why)
    if facts.contents is None:
        return ok("a keyring cannot list what it holds, so only a vault is checked for that")
    left = _unclaimed(facts, facts.contents)
    if left:  # others may have kept something since the first look
        with facts.edges.changes.still():
            facts.read_again()
            left = _unclaimed(facts, facts.contents)
    if not left:
        return ok(CLAIMED)
    said = _said(left)
    if _are_elsewhere(facts, left):
        return warning(f"{said}, and no connection at all", f"bring your connections back to {facts.edges.home.data}")
    if not facts.fix:
        return warning(said, FIX)
    if facts.edges.changes.journal.damages():  # it may be about these
        return warning(f"{said}: kept, for a change that was cut short cannot be read", FIX)
    if not facts.yes:
        try:
            facts.edges.person.confirm(f"Forget {said}?", "--yes")
        except errors.Aborted:
            return warning(f"{said}: kept, as you said", FIX)
    with facts.edges.changes.writing():
        facts.read_again()  # in the meantime somebody may have connected, or registered an app
        left = _unclaimed(facts, facts.contents)
        if facts.edges.changes.journal.damages() or facts.blind(apps=True) or _are_elsewhere(facts, left):
            return warning(f"{said}: kept, for the records have changed", FIX)
        facts.edges.secrets.forget_all(left)
    return ok(f"{_said(left)}: now forgotten", fixed=True) if left else ok(CLAIMED)


def _said(left: Sequence[SecretName]) -> str:
    owners = several(sorted({name.owner for name in left}))
    return f"{words.count(len(left), 'secret')} of {owners} that no record names"


def _are_elsewhere(facts: Facts, left: Sequence[SecretName]) -> bool:
    """Whether there are tokens and no connection: then it is the records that are missing."""
    return not facts.records.rows and any(name.kind == "seller" for name in left)


def _lacking(facts: Facts) -> tuple[list[Connection], list[errors.Damaged]]:
    """The connections whose token is not there, and the sealed files of which that cannot be told."""
    lacking: list[Connection] = []
    damages: dict[str, errors.Damaged] = {}
    rows = facts.records.rows
    with progress.bar(facts.edges.screen, "Looking for tokens", len(rows)) as advance:
        for row in rows:
            try:
                if not facts.has(row.secret_name):
                    lacking.append(row)
            except errors.Damaged as damage:
                damages[damage.message] = damage
            advance()
    return lacking, list(damages.values())


def _again(facts: Facts, rows: Sequence[Connection], *, there: bool) -> list[Connection]:
    """Those of `rows`, as they are now, whose token is `there`, or is not. The caller holds the lock."""
    found = []
    for row in rows:
        with suppress(errors.Damaged):  # what is damaged, another check names
            if (now := facts.edges.changes.current(row)) is not None and _is_there(facts, now) == there:
                found.append(now)
    return found


def _is_there(facts: Facts, row: Connection) -> bool:
    try:
        facts.edges.secrets.fetch(row.secret_name)
    except errors.MissingToken:
        return False
    return True


def _mark(facts: Facts, rows: Sequence[Connection], standing: Standing) -> bool:
    """Notes in the records what was found, unless one was renewed or revoked in the meantime."""
    if not rows:
        return False
    with facts.edges.changes.writing():
        found = _again(facts, rows, there=standing != "missing-token")
        current = [row._replace(standing=standing, last_error=None) for row in found]
        facts.edges.connections.put_all(current)
    facts.read_again()
    return bool(current)


def _unclaimed(facts: Facts, contents: secrets.Contents | None) -> list[SecretName]:
    """What belongs to no record; nothing of a keyring, or where the records cannot be read.

    Of owners whose own file is damaged, or is not there any more, nothing can be said.
    """
    if contents is None or facts.blind(apps=True):
        return []
    named = set(_named(facts))
    unknown = {("seller", damage.path.stem) for damage in facts.records.damages}
    unknown |= {("app", row.app) for row in facts.records.rows} - {("app", app.name) for app in facts.apps}
    return sorted(
        name
        for name in contents.names
        if name not in named and name.owner != secrets.PROBE and (name.kind, name.owner) not in unknown
    )


def _named(facts: Facts) -> Iterator[SecretName]:
    """Every secret that a record stands for, or that a change which was cut short is about."""
    for entry in facts.edges.changes.journal.readable():
        yield from entry.names
    for app in facts.apps:
        yield from secret_names(app)
    for row in facts.records.rows:
        yield row.secret_name
        yield row.access_name
