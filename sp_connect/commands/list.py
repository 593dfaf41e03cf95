"""`list`: every connection, from local files alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, get_args

import typer

from sp_connect import errors, words
from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.models import Connection, Status
from sp_connect.selection import Selection
from sp_connect.views import data


def run(edges: Edges, selection: Selection) -> tuple[Sequence[Connection], Sequence[errors.Damaged]]:
    """The connections that `selection` leaves, and the files that could not be read. Reads local files only.

    A filter may leave none; a seller that does not exist is a slip of the keyboard: NoSuchConnection.
    """
    if selection.seller is not None and errors.is_name(selection.seller) and not edges.connections.of(selection.seller):
        raise errors.NoSuchConnection(selection.seller)
    return selection.among(edges.connections, edges.now())


def command(
    ctx: typer.Context,
    seller: flags.AnySeller = None,
    region: flags.AnyRegion = None,
    country: flags.AnyCountry = None,
    app: flags.AnyApp = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help=f"Only {', '.join(get_args(Status))}.")
    ] = None,
    due: Annotated[
        int | None,
        typer.Option(
            "--due", metavar="DAYS", min=0, max=3650, help="Only what ends within so many days, or has ended."
        ),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", metavar="", help="Print CSV, for a spreadsheet.")] = False,
    json: flags.Json = False,
) -> None:
    """List the connections. Reads local files only; `verify` asks Amazon."""
    if csv and json:
        raise errors.Usage("--csv and --json are two ways to print one list.", "give one of them")
    edges = ctx.obj.edges()
    selection = Selection(seller, region, country, app, status, due)
    rows, damages = run(edges, selection)
    now = edges.now()
    if json:
        edges.screen.json([data.connection(c, now) for c in rows])
    elif csv:
        from sp_connect.views import csv as spreadsheet

        edges.screen.line(spreadsheet.connections(rows, now))
    elif rows:
        from sp_connect.views import tables

        edges.screen.show(tables.connections(edges.screen, rows, now))
        edges.screen.say()
        edges.screen.say(tables.summary(rows, now))
    elif selection.is_everything():
        edges.screen.say("Nothing is connected yet. Next: sp-connect connect --seller NAME --region na")
    else:
        edges.screen.say("No connection is like that. sp-connect list shows all of them.")
    errors.raise_all(damages, f"{words.count(len(damages), 'file')} could not be read; the rest is above.")
