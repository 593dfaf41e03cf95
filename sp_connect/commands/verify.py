"""`verify`: asks Amazon about each connection, many at once, and keeps what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from sp_connect import access, errors, words
from sp_connect.authorization import account_check
from sp_connect.cli import flags
from sp_connect.cli.filters import Selection
from sp_connect.errors import causes
from sp_connect.models import App, Connection, Scope, Secret, Standing
from sp_connect.process import parallel
from sp_connect.runtime import Runtime
from sp_connect.stores.home.transactions import REFRESHING_SECONDS
from sp_connect.terminal import progress
from sp_connect.views import data

WRITING = timedelta(seconds=2)
"""How long findings wait to be written while Amazon is being asked: each write takes time from the asking."""


@dataclass(frozen=True, slots=True)
class Verified:
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


def run(runtime: Runtime, selection: Selection, jobs: int) -> tuple[list[Verified], Sequence[errors.Damaged]]:
    """A finding for each connection, in the order of `list`, and the files that could not be read.

    What is known is kept even if the run is interrupted. Raises NoSuchConnection where a filter leaves none.
    """
    rows, damages = selection.among(runtime.connections, runtime.now())
    if not rows and not damages and not selection.is_everything():
        raise selection.nothing(runtime.connections)
    if rows:
        with suppress(errors.ReadOnlyDisk):  # what is found is said, though it cannot be recorded
            runtime.changes.prove()  # a token that Amazon gives in place of one must find room
        runtime.amazon.get_ready()
    credentials = _credentials(runtime, rows)
    found: dict[int, Verified | None] = {}
    unwritten: list[Verified] = []
    written_at = runtime.now()
    unrecorded: list[errors.ReadOnlyDisk] = []

    def late(_: int, finding: Verified | None) -> None:
        if finding is not None:
            unwritten.append(finding)

    def record() -> None:
        try:
            keep(runtime, unwritten)
        except errors.ReadOnlyDisk as error:
            unrecorded.append(error)

    checks = account_check.Checks(runtime)
    asking = parallel.each(jobs, rows, lambda row: check(runtime, credentials[row.app], row, checks), late)
    try:
        with progress.bar(runtime.screen, "Asking Amazon", len(rows)) as advance, closing(asking):
            for position, finding in asking:
                found[position] = finding
                late(position, finding)
                advance()
                if runtime.now() - written_at >= WRITING:
                    record()
                    unwritten, written_at = [], runtime.now()
    finally:
        record()
    if unrecorded:
        runtime.screen.say(f"Amazon's answer could not be saved: {unrecorded[0].message}")
    for position, row in enumerate(rows):
        if found[position] is None:
            runtime.screen.say(f"{row.scope} was revoked while this ran and is skipped.")
    return [finding for _, finding in sorted(found.items()) if finding is not None], damages


def check(
    runtime: Runtime,
    credentials: tuple[App, Secret] | errors.SpConnectError,
    connection: Connection,
    checks: account_check.Checks,
) -> Verified | None:
    """Refreshes one token and has its account looked at; None where the connection was revoked meanwhile.

    One whose seller was renamed meanwhile is looked up under its new name. Raises StoreUnavailable and StoreLocked
    alone: what is wrong with the store is wrong for every connection.
    """
    if isinstance(credentials, errors.SpConnectError):
        return Verified(connection, credentials)
    try:
        return _checked(runtime, credentials, connection, checks)
    except errors.NoSuchConnection:
        renamed = access.renamed(runtime, connection)
        return None if renamed is None else check(runtime, credentials, renamed, checks)


def _checked(
    runtime: Runtime, credentials: tuple[App, Secret], connection: Connection, checks: account_check.Checks
) -> Verified:
    """The finding of `check`, which also raises NoSuchConnection."""
    with ExitStack() as stack:
        try:
            stack.enter_context(access.turn(runtime, connection.scope))
        except errors.StoreLocked as error:  # by whoever is asking about this one
            return Verified(connection, error)
        try:
            connection, answer = access.ask(runtime, connection.scope, credentials)
        except errors.MissingToken as error:
            missing = connection._replace(standing="missing-token", last_error=error.noted(runtime.now()))
            return Verified(missing, error)
        except (
            errors.Damaged,
            errors.NoSuchApp,
            errors.NotAuthorized,
            errors.AmazonTrouble,
            errors.RealSecret,
        ) as error:
            return Verified(connection, error)
    if isinstance(answer, errors.Rejected):
        refused = connection._replace(standing="rejected", last_error=answer.noted(runtime.now()))
        return Verified(refused, answer)
    return _looked_at(runtime, connection, answer.access_token, checks)


def _looked_at(runtime: Runtime, connection: Connection, token: Secret, checks: account_check.Checks) -> Verified:
    """The finding for an account, checked with a new access token."""
    asked_at = connection.id_asked_at
    is_long_ago = asked_at is None or abs(runtime.now() - asked_at) >= ID_ASKED_EVERY
    try:
        checked, trouble = checks.look(
            connection,
            token,
            "kept",
            elsewhere=connection.verified_at is None,
            owner=is_long_ago and not connection.id_confirmed,
        )
    except errors.SpConnectError as error:
        return Verified(connection, error)
    if trouble is None:
        return Verified(checked)
    if not isinstance(trouble, errors.NotPermitted) or not trouble.lacks_role:
        return Verified(checked, trouble)
    if checked.standing in {"rejected", "missing-token"}:  # which is over: the token works
        standing: Standing = "unchecked" if checked.verified_at is None else "connected"
        checked = checked._replace(standing=standing, last_error=None)
    return Verified(checked, unseen=True)


def keep(runtime: Runtime, findings: Sequence[Verified]) -> None:
    """Writes down what was found, unless a connection was renewed or revoked while it was being checked."""
    if not findings:
        return

    def write() -> None:
        current = []
        for finding in findings:
            if not finding.has_verdict():  # what was read before may be out of date
                continue
            with suppress(errors.Damaged):  # in the meantime; the file is left as it is, and the others are written
                if runtime.changes.current(finding.connection) is not None:
                    current.append(finding.connection)
        runtime.connections.put_all(current)

    runtime.changes.write(write, wait=REFRESHING_SECONDS)  # so many answers are dear


def _credentials(runtime: Runtime, rows: Sequence[Connection]) -> Credentials:
    found: dict[str, tuple[App, Secret] | errors.SpConnectError] = {}
    for name in {row.app for row in rows}:
        try:
            found[name] = access.app(runtime, name)
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
    ] = parallel.JOBS,
    due: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=0, max=3650, help="Also exit 3 if an authorization ends within DAYS days."),
    ] = None,
    json: flags.Json = False,
) -> None:
    """Ask Amazon about each connection: whether its token is still good, and what the account sells."""
    runtime = ctx.obj.runtime()
    findings, damages = run(runtime, Selection(seller or (), region or (), country or ()), jobs)
    now = runtime.now()
    if json:
        runtime.screen.json([data.finding(f.connection, f.error, now) for f in findings])
    elif findings:
        from sp_connect.views import tables

        rows = [f.connection for f in findings]
        doubtful = {f.connection.scope for f in findings if not f.has_verdict()}
        runtime.screen.show(tables.connections(runtime.screen, rows, now, doubtful))
        runtime.screen.say()
        runtime.screen.say(tables.summary(rows, now))
    else:
        runtime.screen.say("Nothing is connected yet, so there was nothing to ask.")
    _say_what_was_not_seen(runtime, findings)
    _raise_what_is_wrong(runtime, findings, damages, due)


def _say_what_was_not_seen(runtime: Runtime, findings: Sequence[Verified]) -> None:
    """One note for each app that has no role to look at what its accounts sell."""
    unseen = [finding.connection for finding in findings if finding.unseen]
    for app in dict.fromkeys(one.app for one in unseen):
        count = sum(one.app == app for one in unseen)
        work = "token works" if count == 1 else "tokens work"
        runtime.screen.say(
            f"{words.count(count, 'connection')} of the app {app}: the {work}, and {causes.NO_ROLE.what}, so what the "
            f"{'account sells' if count == 1 else 'accounts sell'} could not be checked."
        )


def _raise_what_is_wrong(
    runtime: Runtime, findings: Sequence[Verified], damages: Sequence[errors.Damaged], due: int | None
) -> None:
    """Raises the one thing that is wrong; of several prints each, and raises the sum of them.

    Each seller is named, and an app that keeps many from being asked has one line.
    """
    wrong = [*_faults(findings), *(("", damage) for damage in damages)]
    ending = _ending(runtime, findings, due) if due is not None else []
    if due is not None and ending:
        wrong.append(("", errors.EndsSoon(ending, due)))
    if len(wrong) == 1:
        [(what, error)] = wrong
        if what not in error.message:
            error.reword(message=f"{what}: {error.message}")
        raise error
    for what, error in wrong:
        runtime.screen.fault(error, what)
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


def _faults(findings: Sequence[Verified]) -> list[tuple[str, errors.SpConnectError]]:
    """The failures, each with its connections; a failure of an app is listed once for all of its connections."""
    told: dict[object, tuple[list[str], errors.SpConnectError]] = {}
    for finding in findings:
        error, connection = finding.error, finding.connection
        if error is not None:
            is_apps = isinstance(error, errors.ClientRejected)
            key = (type(error), connection.app) if is_apps else id(error)  # one error is that of one app
            told.setdefault(key, ([], error))[0].append(str(connection.scope))
    return [(words.listed(names), error) for names, error in told.values()]


def _ending(runtime: Runtime, findings: Sequence[Verified], due: int) -> list[Scope]:
    """The places whose authorization ends within `due` days; of which nobody knows when, is only said."""
    soon = [one.connection for one in findings if one.connection.ends_within(runtime.now(), due)]
    dateless = [str(one.scope) for one in soon if one.renew_by is None]
    if dateless:
        runtime.screen.say(f"The renewal date is unknown for {words.listed(dateless)}.")
    return [one.scope for one in soon if one.renew_by is not None]
