"""`export`: one connection's credentials in the form that a shell or another program reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sp_connect import access, errors
from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.stores import outputs
from sp_connect.views import quoting


@dataclass(frozen=True, slots=True)
class Options:
    """Which connection, in which form, and where to; `out` None is stdout."""

    seller: str
    region: str | None
    country: str | None
    form: str
    out: Path | None
    yes: bool


def run(edges: Edges, options: Options) -> str:
    """The credentials in the form that was asked for; written to `out`, private from birth, if that is named.

    A terminal is asked first. Raises Usage for no such form, NeedsFlag, Aborted, CannotWrite, and what `access`
    raises.
    """
    if options.form not in quoting.FORMATS:
        raise errors.Usage(f"There is no format {options.form!r}.", f"--format takes {', '.join(quoting.FORMATS)}")
    connection = access.find(edges, options.seller, options.region, options.country)
    if _shows_to_someone(edges, options.out) and not options.yes:
        edges.person.confirm(f"Show the secrets of {connection.scope} on this terminal?", "--yes", "Nothing was shown.")
    text = quoting.FORMATS[options.form](access.environment(edges, connection))
    if options.out is not None:
        outputs.write(options.out, text, edges.home.data / "unfinished")
    return text


def _shows_to_someone(edges: Edges, out: Path | None) -> bool:
    return edges.screen.shows_to_someone() if out is None else outputs.shows_to_someone(out)


def command(
    ctx: typer.Context,
    seller: flags.Seller,
    form: flags.Format,
    region: flags.ItsRegion = None,
    country: flags.Country = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", dir_okay=False, help="Write to FILE, readable only by you; - is stdout."),
    ] = None,
    yes: flags.Yes = False,
) -> None:
    """Print the credentials for a shell or another program. Asks before it shows them on a terminal."""
    edges = ctx.obj.edges()
    if out is not None and outputs.is_stdout(out):
        out = None
    text = run(edges, Options(seller, region, country, form, out, yes))
    if out is None:
        edges.screen.line(text.rstrip("\n"))
    else:
        edges.screen.say(f"{out} is written: it holds secrets, and only you can read it.")
