"""`list`: every connection, from local files alone; as a table, a matrix, CSV, JSON, or into files that can be kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sp_connect import errors, words
from sp_connect.cli import flags
from sp_connect.cli.filters import Selection
from sp_connect.models import DUE_WITHIN, SECRET_LIFE, App, Connection
from sp_connect.runtime import Runtime
from sp_connect.stores.home import files, outputs
from sp_connect.views import data

if TYPE_CHECKING:
    from sp_connect.views.matrix import Grid


class Found(NamedTuple):
    """The connections that the filters leave, the files that could not be read, and all connections of the sellers.

    A matrix shows a seller whole: a cell that a filter leaves out would look like one that is not connected.
    """

    rows: Sequence[Connection]
    damages: Sequence[errors.Damaged]
    whole: Sequence[Connection]


class Wanted(NamedTuple):
    """In which form, and into which files."""

    matrix: bool
    csv: bool
    json: bool
    html: Path | None
    svg: Path | None
    ics: Path | None

    def files(self) -> list[Path]:
        """The files that are to be written."""
        return [path for path in (self.html, self.svg, self.ics) if path is not None]

    def is_shown(self) -> bool:
        """Whether the list is printed; files are written in place of the table alone."""
        return self.json or self.csv or not self.files()


def run(runtime: Runtime, selection: Selection) -> Found:
    """The connections that `selection` leaves. Reads local files only.

    A filter may leave none; a seller or an app that does not exist is a slip of the keyboard: NoSuchConnection,
    NoSuchApp.
    """
    is_meant = selection.filter(runtime.now())
    known, damages = selection.read(runtime.connections)
    for name in selection.apps if not damages else ():
        if not any(one.app == name for one in known):
            runtime.apps.get(name)
    rows = [one for one in known if is_meant(one)]
    sellers = {one.scope.seller for one in rows}
    return Found(rows, damages, [one for one in known if one.scope.seller in sellers])


def command(
    ctx: typer.Context,
    seller: flags.Sellers = None,
    region: flags.Regions = None,
    country: flags.OnlyCountries = None,
    app: flags.Apps = None,
    status: flags.Statuses = None,
    due: Annotated[
        int | None,
        typer.Option(
            "--due", metavar="DAYS", min=0, max=3650, help="Only connections that end within DAYS days or have ended."
        ),
    ] = None,
    matrix: Annotated[
        bool, typer.Option("--matrix", metavar="", help="One row per seller, one column per region or country.")
    ] = False,
    csv: flags.Csv = False,
    json: flags.Json = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", dir_okay=False, help="Write a report to open and print; - is stdout."),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", dir_okay=False, help="Write the table as a picture; - is stdout."),
    ] = None,
    ics: Annotated[
        Path | None,
        typer.Option("--ics", metavar="FILE", dir_okay=False, help="Write the dates for a calendar; - is stdout."),
    ] = None,
) -> None:
    """List connections. Reads local files only; `verify` checks with Amazon.

    Filters choose the sellers of a matrix, which then shows them whole. Files are written in place of the table,
    readable by you alone.
    """
    # A list makes some 100,000 values and no cycle of them, and then the process ends.
    with _without_collector():
        _list(
            ctx.obj.runtime(secrets=False),
            Selection(seller or (), region or (), country or (), app or (), status or (), due),
            Wanted(matrix, csv, json, html, svg, ics),
        )


@contextmanager
def _without_collector() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _list(runtime: Runtime, selection: Selection, wanted: Wanted) -> None:
    _check(wanted)
    found = run(runtime, selection)
    if wanted.files():
        _write(runtime, selection, found, wanted)
    if wanted.is_shown():
        _show(runtime, selection, found, wanted)
    where = "above" if wanted.is_shown() else f"in {words.listed([_named(one) for one in wanted.files()])}"
    unread = words.count(len(found.damages), "file")
    errors.raise_all(found.damages, f"{unread} could not be read; the rest is {where}.")


def _named(path: Path) -> str:
    return "what was printed" if outputs.is_stdout(path) else str(path)


def _check(wanted: Wanted) -> None:
    if wanted.csv and wanted.json:
        raise errors.Usage("--csv and --json cannot be combined.", "give one of them")
    paths = wanted.files()
    if len({files.absolute(path) for path in paths}) < len(paths):
        raise errors.Usage("--html, --svg and --ics cannot share one file.", "name a file for each")
    printed = sum(map(outputs.is_stdout, paths)) + wanted.csv + wanted.json
    if printed > 1:
        raise errors.Usage("Only one thing can be printed on standard output.", "name a file for each of the others")


def _show(runtime: Runtime, selection: Selection, found: Found, wanted: Wanted) -> None:
    """The result on stdout, or in its place what to do where there is nothing."""
    rows, now = found.rows, runtime.now()
    if wanted.json:
        runtime.screen.json(data.connection(one, now) for one in rows)
    elif wanted.csv:
        from sp_connect.views import csv_output as spreadsheet

        if wanted.matrix:
            runtime.screen.line(spreadsheet.matrix(_grid(runtime, selection, found)))
        else:
            runtime.screen.line(spreadsheet.connections(rows, now))
    elif rows:
        from sp_connect.views import signs, tables

        if wanted.matrix:
            from sp_connect.views import drawing, matrix

            screen = runtime.screen
            drawn = matrix.drawn(_grid(runtime, selection, found), screen.width, ascii_only=screen.ascii_only)
            screen.show(drawing.shown(screen, drawn))
        else:
            runtime.screen.show(tables.connections(runtime.screen, rows, now))
        wrong = any(signs.of(one.status(now)) in signs.URGENT for one in rows)
        runtime.screen.say()
        these = selection._replace(apps=(), statuses=(), due=None).flags
        runtime.screen.say(tables.summary(rows, now) + (f" Next: sp-connect renew{these}" if wrong else ""))
        for line in tables.remarks(rows):
            runtime.screen.say(line)
    else:
        _say_nothing_is_there(runtime, selection)


def _first_step(runtime: Runtime) -> str:
    """The command that leads to a first connection; an app is needed first."""
    with suppress(errors.SpConnectError):  # what is wrong with config.toml is told where it is needed
        if not runtime.apps.all():
            return "sp-connect app add"
    return "sp-connect connect --seller NAME --region na"


def _say_nothing_is_there(runtime: Runtime, selection: Selection) -> None:
    if selection.is_everything():
        runtime.screen.say(f"Nothing is connected yet. Next: {_first_step(runtime)}")
    elif selection.due is not None and selection._replace(due=None).is_everything():
        within = f" within {words.count(selection.due, 'day')}" if selection.due else ""
        runtime.screen.say(f"Nothing {'is due' if within else 'has ended'}{within}. sp-connect list shows every date.")
    else:
        runtime.screen.say("No connection matches these filters. sp-connect list shows all of them.")


def _write(runtime: Runtime, selection: Selection, found: Found, wanted: Wanted) -> None:
    """Each file that is wanted, private from birth: it names the agency's clients."""
    from sp_connect.views import report

    told = report.Report(
        rows=found.rows,
        grid=_grid(runtime, selection, found),
        now=runtime.now(),
        due=DUE_WITHIN.days if selection.due is None else selection.due,
        asked=f"sp-connect{' --simulate' if runtime.screen.simulated else ''} list{selection.flags}",
        unread=len(found.damages),
        simulated=runtime.screen.simulated,
    )
    if wanted.html is not None:
        _write_out(runtime, wanted.html, report.page(told))
    if wanted.svg is not None:
        from sp_connect.views import svg

        _write_out(runtime, wanted.svg, svg.matrix(told) if wanted.matrix else svg.connections(told))
    if wanted.ics is not None:
        from sp_connect.views import ics

        dates = ics.calendar(found.rows, _apps(runtime, selection), told.now, simulated=told.simulated)
        _write_out(runtime, wanted.ics, dates)


def _write_out(runtime: Runtime, path: Path, content: str) -> None:
    if outputs.is_stdout(path):
        runtime.screen.line(content.removesuffix("\n"))
        return
    outputs.write(path, content, runtime.home.data / "unfinished")
    runtime.screen.say(f"{path} is written: it names your clients, and only you can read it.")


def _grid(runtime: Runtime, selection: Selection, found: Found) -> Grid:
    from sp_connect.views import matrix

    return matrix.grid(found.whole, runtime.now(), matrix.columns(selection.regions, selection.countries))


def _apps(runtime: Runtime, selection: Selection) -> list[App]:
    """The apps whose client secrets belong among the dates: none where a part of the sellers is asked for."""
    if not selection._replace(apps=(), due=None).is_everything():
        return []
    soon = runtime.now() + timedelta(days=SECRET_LIFE.days if selection.due is None else selection.due)
    named = (one for one in runtime.apps.all() if not selection.apps or one.name in selection.apps)
    return [one for one in named if one.secret_set_at + SECRET_LIFE <= soon]
