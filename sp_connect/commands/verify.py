"""`verify`: asks Amazon about each connection, many at once, and keeps what it finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from sp_connect import access, at_once, authorization, errors, words
from sp_connect.amazon import sellers
from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.models import App, Connection, Secret
from sp_connect.selection import Selection
from sp_connect.stores.changes import REFRESHING_SECONDS
from sp_connect.views import data, progress

WRITING = timedelta(seconds=2)
"""How long findings wait to be written while Amazon is being asked: each write takes time from the asking."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: the connection as it is now known, and what is wrong, if anything."""

    connection: Connection
    error: errors.SpConnectError | None = None

    def has_verdict(self) -> bool:
        """Whether the check came to an end; else the status is only what was last known."""
        return self.error is None or isinstance(self.error, errors.Rejected | errors.MissingToken)


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
        edges.changes.prove()  # a token that Amazon gives in place of one must find room
        edges.amazon.get_ready()
    credentials = _credentials(edges, rows)
    found: dict[int, Finding] = {}
    unwritten: list[Finding] = []
    written_at = edges.now()

    def late(_: int, finding: Finding) -> None:
        unwritten.append(finding)

    asking = at_once.each(jobs, rows, lambda row: check(edges, credentials[row.app], row), late)
    try:
        with progress.bar(edges.screen, "Asking Amazon", len(rows)) as advance, closing(asking):
            for position, finding in asking:
                found[position] = finding
                unwritten.append(finding)
                advance()
                if edges.now() - written_at >= WRITING:
                    keep(edges, unwritten)
                    unwritten, written_at = [], edges.now()
    finally:
        keep(edges, unwritten)
    return [found[position] for position in range(len(rows))], damages


def check(edges: Edges, credentials: tuple[App, Secret] | errors.SpConnectError, connection: Connection) -> Finding:
    """Refreshes one token and asks for the marketplaces.

    Raises StoreUnavailable and StoreLocked alone: what is wrong with the store is wrong for every connection.
    """
    if isinstance(credentials, errors.SpConnectError):
        return Finding(connection, credentials)
    with ExitStack() as stack:
        try:
            stack.enter_context(edges.changes.refreshing(connection.scope))
        except errors.StoreLocked as error:  # by whoever is asking about this one
            return Finding(connection, error)
        try:
            connection, answer = access.ask(edges, connection.scope, credentials)
        except errors.MissingToken as error:
            missing = connection._replace(standing="missing-token", last_error=error.noted(edges.now()))
            return Finding(missing, error)
        except (
            errors.Damaged,
            errors.NotFound,
            errors.NotAuthorized,
            errors.AmazonTrouble,
            errors.RealSecret,
        ) as error:
            return Finding(connection, error)
    if isinstance(answer, errors.Rejected):
        refused = connection._replace(standing="rejected", last_error=answer.noted(edges.now()))
        return Finding(refused, answer)
    try:
        found = sellers.marketplaces(edges.amazon, connection.scope, answer.access_token)
        authorization.check_country(connection.scope, connection.selling_partner_id, [m.country for m in found])
    except errors.SpConnectError as error:
        return Finding(connection, error)
    checked = connection._replace(standing="connected", verified_at=edges.now(), marketplaces=found, last_error=None)
    return Finding(checked)


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
        typer.Option(
            metavar="DAYS", min=0, max=3650, help="Exit 3 too when an authorization ends within so many days."
        ),
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
    _raise_what_is_wrong(edges, findings, damages, due)


def _raise_what_is_wrong(
    edges: Edges, findings: Sequence[Finding], damages: Sequence[errors.Damaged], due: int | None
) -> None:
    wrong: list[errors.SpConnectError] = [f.error for f in findings if f.error is not None]
    wrong.extend(damages)
    total = len(findings) + len(damages)
    if len(wrong) > 1:
        for finding in findings:
            if finding.error is not None:
                edges.screen.fault(finding.error, str(finding.connection.scope))
        for damage in damages:
            edges.screen.fault(damage)
    if due is not None:
        soon = [f.connection for f in findings if f.connection.ends_within(edges.now(), due)]
        ending = [one.scope for one in soon if one.renew_by is not None]
        dateless = [str(one.scope) for one in soon if one.renew_by is None]
        if dateless:
            edges.screen.say(f"Nobody said when the year ends of {words.listed(dateless)}.")
        if ending and wrong:
            wrong.append(errors.EndsSoon(ending, due))
        elif ending:
            raise errors.EndsSoon(ending, due)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        failed = sum(finding.error is not None for finding in findings) + len(damages)
        ended = any(isinstance(error, errors.Rejected | errors.MissingToken) for error in wrong)
        hints = {error.hint for error in wrong}  # one for all: such as the app's secret, which none has without it
        hint = hints.pop() if len(hints) == 1 else "sp-connect renew" if ended else None
        raise errors.Several(f"{words.count(failed, 'connection')} of {total} did not pass.", wrong, hint)
