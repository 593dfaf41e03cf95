"""`verify`: asks Amazon about each connection, many at once, and keeps what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from sp_connect import access, account_check, at_once, causes, errors, words
from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.models import App, Connection, Scope, Secret, Standing
from sp_connect.selection import Selection
from sp_connect.stores.changes import REFRESHING_SECONDS
from sp_connect.views import data, progress

WRITING = timedelta(seconds=2)
"""How long findings wait to be written while Amazon is being asked: each write takes time from the asking."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: the connection as it is now known, and what is wrong, if anything.

    `unseen` says that the token works, and that its app has no role to look at what the account sells.
    """

    connection: Connection
    error: errors.SpConnectError | None = None
    unseen: bool = False

    def has_verdict(self) -> bool:
        """Whether the check came to an end; else the status is only what was last known."""
        return self.error is None or isinstance(self.error, errors.Rejected | errors.MissingToken)


ID_ASKED_EVERY = timedelta(days=1)
"""How often Amazon is asked whose token it is, while it names nobody."""

Credentials = Mapping[str, tuple[App, Secret] | errors.SpConnectError]
"""By an app's name: the app with its client secret, or why they are not to be had."""


def run(edges: Edges, selection: Selection, jobs: int) -> tuple[list[Finding], Sequence[errors.Damaged]]:
    """A finding for each connection, in the order of `list`, and the files that could not be read.

    What is known is kept even if the run is interrupted. Raises NoSuchConnection where a filter leaves none.
    """
    rows, damages = selection.among(edges.connections, edges.now())
    if not rows and not damages and not selection.is_everything():
        raise selection.nothing(edges.connections)
    if rows:
        with suppress(errors.ReadOnlyDisk):  # what is found is said, though it cannot be recorded
            edges.changes.prove()  # a token that Amazon gives in place of one must find room
        edges.amazon.get_ready()
    credentials = _credentials(edges, rows)
    found: dict[int, Finding | None] = {}
    unwritten: list[Finding] = []
    written_at = edges.now()
    unrecorded: list[errors.ReadOnlyDisk] = []

    def late(_: int, finding: Finding | None) -> None:
        if finding is not None:
            unwritten.append(finding)

    def record() -> None:
        try:
            keep(edges, unwritten)
        except errors.ReadOnlyDisk as error:
            unrecorded.append(error)

    checks = account_check.Checks(edges)
    asking = at_once.each(jobs, rows, lambda row: check(edges, credentials[row.app], row, checks), late)
    try:
        with progress.bar(edges.screen, "Asking Amazon", len(rows)) as advance, closing(asking):
            for position, finding in asking:
                found[position] = finding
                late(position, finding)
                advance()
                if edges.now() - written_at >= WRITING:
                    record()
                    unwritten, written_at = [], edges.now()
    finally:
        record()
    if unrecorded:
        edges.screen.say(f"Amazon's answer could not be saved: {unrecorded[0].message}")
    for position, row in enumerate(rows):
        if found[position] is None:
            edges.screen.say(f"{row.scope} was revoked while this ran and is skipped.")
    return [finding for _, finding in sorted(found.items()) if finding is not None], damages


def check(
    edges: Edges,
    credentials: tuple[App, Secret] | errors.SpConnectError,
    connection: Connection,
    checks: account_check.Checks,
) -> Finding | None:
    """Refreshes one token and has its account looked at; None where the connection was revoked meanwhile.

    One whose seller was renamed meanwhile is looked up under its new name. Raises StoreUnavailable and StoreLocked
    alone: what is wrong with the store is wrong for every connection.
    """
    if isinstance(credentials, errors.SpConnectError):
        return Finding(connection, credentials)
    try:
        return _checked(edges, credentials, connection, checks)
    except errors.NoSuchConnection:
        renamed = access.renamed(edges, connection)
        return None if renamed is None else check(edges, credentials, renamed, checks)


def _checked(
    edges: Edges, credentials: tuple[App, Secret], connection: Connection, checks: account_check.Checks
) -> Finding:
    """The finding of `check`, which also raises NoSuchConnection."""
    with ExitStack() as stack:
        try:
            stack.enter_context(access.turn(edges, connection.scope))
        except errors.StoreLocked as error:  # by whoever is asking about this one
            return Finding(connection, error)
        try:
            connection, answer = access.ask(edges, connection.scope, credentials)
        except errors.MissingToken as error:
            missing = connection._replace(standing="missing-token", last_error=error.noted(edges.now()))
            return Finding(missing, error)
        except (
            errors.Damaged,
            errors.NoSuchApp,
            errors.NotAuthorized,
            errors.AmazonTrouble,
            errors.RealSecret,
        ) as error:
            return Finding(connection, error)
    if isinstance(answer, errors.Rejected):
        refused = connection._replace(standing="rejected", last_error=answer.noted(edges.now()))
        return Finding(refused, answer)
    return _looked_at(edges, connection, answer.access_token, checks)


def _looked_at(edges: Edges, connection: Connection, token: Secret, checks: account_check.Checks) -> Finding:
    """The finding for an account, checked with a new access token."""
    asked_at = connection.id_asked_at
    is_long_ago = asked_at is None or abs(edges.now() - asked_at) >= ID_ASKED_EVERY
    try:
        checked, trouble = checks.look(
            connection,
            token,
            "kept",
            elsewhere=connection.verified_at is None,
            owner=is_long_ago and not connection.id_confirmed,
        )
    except errors.SpConnectError as error:
        return Finding(connection, error)
    if trouble is None:
        return Finding(checked)
    if not isinstance(trouble, errors.NotPermitted) or not trouble.lacks_role:
        return Finding(checked, trouble)
    if checked.standing in {"rejected", "missing-token"}:  # which is over: the token works
        standing: Standing = "unchecked" if checked.verified_at is None else "connected"
        checked = checked._replace(standing=standing, last_error=None)
    return Finding(checked, unseen=True)


def keep(edges: Edges, findings: Sequence[Finding]) -> None:
    """Writes down what was found, unless a connection was renewed or revoked while it was being checked."""
    if not findings:
        return
    with edges.changes.writing(wait=REFRESHING_SECONDS):  # so many answers are dear
        current = []
        for finding in findings:
            if not finding.has_verdict():  # what was read before may be out of date
                continue
            with suppress(errors.Damaged):  # in the meantime; the file is left as it is, and the others are written
                if edges.changes.current(finding.connection) is not None:
                    current.append(finding.connection)
        edges.connections.put_all(current)


def _credentials(edges: Edges, rows: Sequence[Connection]) -> Credentials:
    found: dict[str, tuple[App, Secret] | errors.SpConnectError] = {}
    for name in {row.app for row in rows}:
        try:
            found[name] = access.app(edges, name)
        except (errors.NoSuchApp, errors.MissingToken, errors.RealSecret) as error:
            found[name] = error
    return found


def command(
    ctx: typer.Context,
    seller: flags.Sellers = None,
    region: flags.Regions = None,
    country: flags.OnlyCountries = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, max=64, help="How many are asked about at once.")
    ] = at_once.JOBS,
    due: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=0, max=3650, help="Also exit 3 if an authorization ends within DAYS days."),
    ] = None,
    json: flags.Json = False,
) -> None:
    """Ask Amazon about each connection: whether its token is still good, and what the account sells."""
    edges = ctx.obj.edges()
    findings, damages = run(edges, Selection(seller or (), region or (), country or ()), jobs)
    now = edges.now()
    if json:
        edges.screen.json([data.finding(f.connection, f.error, now) for f in findings])
    elif findings:
        from sp_connect.views import tables

        rows = [f.connection for f in findings]
        doubtful = {f.connection.scope for f in findings if not f.has_verdict()}
        edges.screen.show(tables.connections(edges.screen, rows, now, doubtful))
        edges.screen.say()
        edges.screen.say(tables.summary(rows, now))
    else:
        edges.screen.say("Nothing is connected yet, so there was nothing to ask.")
    _say_what_was_not_seen(edges, findings)
    _raise_what_is_wrong(edges, findings, damages, due)


def _say_what_was_not_seen(edges: Edges, findings: Sequence[Finding]) -> None:
    """One note for each app that has no role to look at what its accounts sell."""
    unseen = [finding.connection for finding in findings if finding.unseen]
    for app in dict.fromkeys(one.app for one in unseen):
        count = sum(one.app == app for one in unseen)
        work = "token works" if count == 1 else "tokens work"
        edges.screen.say(
            f"{words.count(count, 'connection')} of the app {app}: the {work}, and {causes.NO_ROLE.what}, so what the "
            f"{'account sells' if count == 1 else 'accounts sell'} could not be checked."
        )


def _raise_what_is_wrong(
    edges: Edges, findings: Sequence[Finding], damages: Sequence[errors.Damaged], due: int | None
) -> None:
    """Raises the one thing that is wrong; of several prints each, and raises the sum of them.

    Each seller is named, and an app that keeps many from being asked has one line.
    """
    wrong = [*_faults(findings), *(("", damage) for damage in damages)]
    ending = _ending(edges, findings, due) if due is not None else []
    if due is not None and ending:
        wrong.append(("", errors.EndsSoon(ending, due)))
    if len(wrong) == 1:
        [(what, error)] = wrong
        if what not in error.message:
            error.message = f"{what}: {error.message}"
        raise error
    for what, error in wrong:
        edges.screen.fault(error, what)
    if wrong:
        failed = sum(finding.error is not None for finding in findings) + len(damages)
        raise _summed_up(failed, len(findings) + len(damages), [error for _, error in wrong], len(ending), due)


def _summed_up(
    failed: int, total: int, wrong: Sequence[errors.SpConnectError], ending: int, due: int | None
) -> errors.Several:
    said = f"{words.count(failed, 'connection')} of {total} did not pass"
    if due is not None and ending:
        said = f"{said}; {words.count(ending, 'authorization')} {'ends' if ending == 1 else 'end'} within {due} days"
    hints = {error.hint for error in wrong}  # one for all: such as the app's secret, which none has without it
    needs_consent = any(isinstance(error, errors.Rejected | errors.MissingToken) for error in wrong)
    renew = f"sp-connect renew --due {due}" if ending else "sp-connect renew"
    return errors.Several(f"{said}.", wrong, hints.pop() if len(hints) == 1 else renew if needs_consent else None)


def _faults(findings: Sequence[Finding]) -> list[tuple[str, errors.SpConnectError]]:
    """The failures, each with its connections; a failure of an app is listed once for all of its connections."""
    told: dict[object, tuple[list[str], errors.SpConnectError]] = {}
    for finding in findings:
        error, connection = finding.error, finding.connection
        if error is not None:
            is_apps = isinstance(error, errors.ClientRejected)
            key = (type(error), connection.app) if is_apps else id(error)  # one error is that of one app
            told.setdefault(key, ([], error))[0].append(str(connection.scope))
    return [(words.listed(names), error) for names, error in told.values()]


def _ending(edges: Edges, findings: Sequence[Finding], due: int) -> list[Scope]:
    """The places whose authorization ends within `due` days; of which nobody knows when, is only said."""
    soon = [one.connection for one in findings if one.connection.ends_within(edges.now(), due)]
    dateless = [str(one.scope) for one in soon if one.renew_by is None]
    if dateless:
        edges.screen.say(f"The renewal date is unknown for {words.listed(dateless)}.")
    return [one.scope for one in soon if one.renew_by is not None]
