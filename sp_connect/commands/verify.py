"""`verify`: asks Amazon about each connection, many at once, and keeps what it finds."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

import typer

from sp_connect import errors, words
from sp_connect.amazon import lwa, sellers
from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.models import App, Connection, Secret
from sp_connect.selection import Selection
from sp_connect.stores import secrets
from sp_connect.views import data, progress

JOBS = 16

WHOLE_STORE = (errors.StoreUnavailable, errors.StoreLocked)
"""What is wrong for every connection if it is wrong for one: the run ends with the first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: the connection as it is now known, the refresh token if it changed, and what is wrong, if anything."""

    connection: Connection
    changed_token: Secret | None = None
    error: errors.SpConnectError | None = None


Credentials = Mapping[str, tuple[App, Secret] | errors.SpConnectError]
"""By an app's name: the app with its client secret, or why they are not to be had."""


def run(edges: Edges, selection: Selection, jobs: int) -> tuple[list[Finding], Sequence[errors.Damaged]]:
    """A finding for each connection, in the order of `list`, and the files that could not be read.

    What is known is kept even if the run is interrupted. Raises NoSuchConnection where a filter leaves none.
    """
    rows, damages = selection.among(edges.connections, edges.now())
    if not rows and not damages and not selection.is_everything():
        raise errors.NoSuchConnection(str(selection))
    credentials = _credentials(edges, rows)
    found: dict[int, Finding] = {}
    try:
        with progress.bar(edges.screen, "Asking Amazon", len(rows)) as advance:
            for position, finding in _all_at_once(jobs, rows, lambda row: check(edges, credentials[row.app], row)):
                found[position] = finding
                advance()
    finally:
        keep(edges, [found[position] for position in sorted(found)])
    return [found[position] for position in range(len(rows))], damages


def check(edges: Edges, credentials: tuple[App, Secret] | errors.SpConnectError, connection: Connection) -> Finding:
    """Refreshes one token and asks for the marketplaces. Raises WHOLE_STORE alone."""
    if isinstance(credentials, errors.SpConnectError):
        return Finding(connection, error=credentials)
    app, client_secret = credentials
    try:
        token = edges.secrets.fetch(connection.secret_name)
    except errors.MissingToken as error:
        return Finding(replace(connection, standing="missing-token"), error=error)
    except errors.Damaged as error:  # one seller's sealed file; the others are whole
        return Finding(connection, error=error)
    try:
        tokens = lwa.refresh(edges.amazon, app, client_secret, connection.scope, token)
    except errors.Rejected as error:
        return Finding(replace(connection, standing="rejected"), error=error)
    except errors.SpConnectError as error:
        return Finding(connection, error=error)
    changed = tokens.refresh_token if tokens.refresh_token not in {None, token} else None
    try:
        found = sellers.marketplaces(edges.amazon, connection.scope, tokens.access_token)
    except errors.SpConnectError as error:
        return Finding(connection, changed, error)
    return Finding(replace(connection, standing="connected", verified_at=edges.now(), marketplaces=found), changed)


def keep(edges: Edges, findings: Sequence[Finding]) -> None:
    """Writes down what was found, unless a connection was renewed or revoked while it was being checked."""
    if not findings:
        return
    with edges.changes.writing():
        for finding in findings:
            connection = finding.connection
            before = edges.connections.get(connection.scope)
            if before is None or before.secret_ref != connection.secret_ref:
                continue
            if finding.changed_token is not None:
                edges.changes.keep_connection(replace(connection, secret_ref=secrets.new_ref()), finding.changed_token)
            elif before != connection:
                edges.connections.put(connection)


def _credentials(edges: Edges, rows: Sequence[Connection]) -> Credentials:
    found: dict[str, tuple[App, Secret] | errors.SpConnectError] = {}
    for name in {row.app for row in rows}:
        try:
            app = edges.apps.get(name)
            found[name] = app, edges.secrets.fetch(app.secret_name)
        except (errors.NoSuchApp, errors.MissingToken) as error:
            found[name] = error
    return found


def _all_at_once(
    jobs: int, rows: Sequence[Connection], work: Callable[[Connection], Finding]
) -> Iterator[tuple[int, Finding]]:
    """Each row's finding with its position, as they come.

    The threads are daemons: on Ctrl-C nobody waits for the calls that are under way.
    """
    waiting: queue.SimpleQueue[tuple[int, Connection]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Finding] | BaseException] = queue.SimpleQueue()
    for item in enumerate(rows):
        waiting.put(item)

    def labour() -> None:
        while True:
            try:
                position, row = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((position, work(row)))
            except BaseException as error:  # noqa: BLE001 - raised again where it is heard
                done.put(error)
                return

    for _ in range(min(jobs, len(rows))):
        threading.Thread(target=labour, daemon=True).start()
    for _ in rows:
        result = done.get()
        if isinstance(result, BaseException):
            raise result
        yield result


def command(
    ctx: typer.Context,
    seller: flags.AnySeller = None,
    region: flags.AnyRegion = None,
    country: flags.AnyCountry = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, max=64, help="How many are asked about at once.")
    ] = JOBS,
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
    findings, damages = run(edges, Selection(seller, region, country), jobs)
    now = edges.now()
    if json:
        edges.screen.json([data.finding(f.connection, f.error, now) for f in findings])
    elif findings:
        from sp_connect.views import tables

        rows = [f.connection for f in findings]
        edges.screen.show(tables.connections(edges.screen, rows, now))
        edges.screen.say()
        edges.screen.say(tables.summary(rows, now))
    else:
        edges.screen.say("Nothing is connected yet, so there was nothing to ask.")
    _raise_what_is_wrong(edges, findings, damages, due)


def _raise_what_is_wrong(
    edges: Edges, findings: Sequence[Finding], damages: Sequence[errors.Damaged], due: int | None
) -> None:
    wrong = [*(finding.error for finding in findings if finding.error is not None), *damages]
    total = len(findings) + len(damages)
    if total == 1 and wrong:
        raise wrong[0]
    for finding in findings:
        if finding.error is not None:
            edges.screen.say(f"{finding.connection.scope}: {finding.error.told()}", style="red")
    for damage in damages:
        edges.screen.say(damage.told(), style="red")
    if wrong:
        raise errors.Several(f"{words.count(len(wrong), 'connection')} of {total} did not pass.", wrong)
    if due is not None:
        ending = [f.connection.scope for f in findings if f.connection.renew_by - edges.now() <= timedelta(days=due)]
        if ending:
            raise errors.EndsSoon(ending, due)
