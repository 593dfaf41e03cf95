"""`export`: one connection's credentials in the form that a shell or another program reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sp_connect import access, errors
from sp_connect.cli import flags
from sp_connect.runtime import Runtime
from sp_connect.stores.home import outputs
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


def run(runtime: Runtime, options: Options) -> str:
    """The credentials in the form that was asked for; written to `out`, private from birth, if that is named.

    A terminal is asked first. Raises Usage for no such form, NeedsFlag, Aborted, CannotWrite, and what `access`
    raises.
    """
    if options.form not in quoting.FORMATS:
        raise errors.Usage(f"Unknown format {options.form!r}.", f"--format takes {', '.join(quoting.FORMATS)}")
    connection = access.find(runtime, options.seller, options.region, options.country)
    if _shows_to_someone(runtime, options.out) and not options.yes:
        runtime.prompt.confirm(
            f"Show the secrets of {connection.scope} on this terminal?", "--yes", "Nothing was shown."
        )
    text = quoting.FORMATS[options.form](access.environment(runtime, connection))
    if options.out is not None:
        outputs.write(options.out, text, runtime.home.data / "unfinished")
    return text


def _shows_to_someone(runtime: Runtime, out: Path | None) -> bool:
    return runtime.screen.shows_to_someone() if out is None else outputs.shows_to_someone(out)


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
    runtime = ctx.obj.runtime()
    if out is not None and outputs.is_stdout(out):
        out = None
    text = run(runtime, Options(seller, region, country, form, out, yes))
    if out is None:
        runtime.screen.line(text.rstrip("\n"))
    else:
        runtime.screen.say(f"{out} is written: it holds secrets, and only you can read it.")
