"""The tree of commands, and the one place where errors become words and exit codes. No logic."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from sp_connect import __version__, errors
from sp_connect.commands import app as app_commands
from sp_connect.commands import connect, flags, reference, relay, revoke, show, simulator, store, verify
from sp_connect.commands import list as listing
from sp_connect.person import Person
from sp_connect.views.screen import Screen

app = typer.Typer(
    name="sp-connect",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag's value
    if value:
        sys.stdout.write(f"sp-connect {__version__}\n")
        raise typer.Exit


@app.callback(epilog="Start here: sp-connect --simulate connect --seller acme --region eu")
def begin(
    ctx: typer.Context,
    simulate: Annotated[
        bool, typer.Option("--simulate", metavar="", help="Use an embedded Amazon and a home of its own.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", metavar="", help="Tell each step on stderr, without secrets.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="Say only what must be said.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", metavar="", help="Use no colour.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback answers it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Connect many Amazon sellers to your Selling Partner API app, and keep their tokens safe."""
    screen = Screen(sys.stdout, sys.stderr, quiet=quiet, verbose=verbose, colour=not no_color, simulated=simulate)
    ctx.obj = flags.Session(screen, Person(sys.stdin, sys.stderr), os.environ, simulate)


def _add(panel: str, example: str, name: str, command: typer.models.CommandFunctionType) -> None:
    app.command(name, rich_help_panel=panel, epilog=f"Example: {example}")(command)


_add(
    flags.CONNECT,
    "sp-connect connect --seller acme --region fe --country JP --country AU",
    "connect",
    connect.command,
)
_add(flags.CONNECT, "sp-connect revoke --seller acme --region eu", "revoke", revoke.command)
_add(flags.LOOK, "sp-connect list --due 30", "list", listing.command)
_add(flags.LOOK, "sp-connect show --seller acme", "show", show.command)
_add(flags.LOOK, "sp-connect verify --seller acme --json", "verify", verify.command)
_add(flags.LOOK, "sp-connect regions", "regions", reference.regions)
_add(flags.LOOK, "sp-connect marketplaces --region eu", "marketplaces", reference.marketplaces)
app.add_typer(app_commands.app, name="app", rich_help_panel=flags.SET_UP)
_add(flags.SET_UP, "sp-connect relay --out relay.html", "relay", relay.command)
_add(flags.SET_UP, "sp-connect store --json", "store", store.command)
_add(flags.SCRIPTS, "sp-connect simulator --port 8800", "simulator", simulator.command)


def main() -> None:
    """Runs the command line, and leaves with the exit code of the contract."""
    screen = Screen(sys.stdout, sys.stderr, colour="--no-color" not in sys.argv)
    as_json = "--json" in sys.argv
    try:
        status = app(standalone_mode=False)
        if status == errors.Interrupted.exit_code:  # how Typer tells of Ctrl-C
            screen.error(errors.Interrupted(), as_json=as_json)
    except errors.SpConnectError as error:
        screen.error(error, as_json=as_json)
        status = error.exit_code
    except typer.TyperException as error:
        usage = errors.Usage(error.format_message().replace("\n", " ").replace("\t", ""), _help_for(error))
        screen.error(usage, as_json=as_json)
        status = usage.exit_code
    except typer.Abort:
        screen.error(errors.Aborted(), as_json=as_json)
        status = errors.Aborted.exit_code
    except Exception as error:  # noqa: BLE001 - whatever else comes up here is a defect, and is told as one
        sys.excepthook = sys.__excepthook__
        _tell_defect(error)
        screen.error(errors.Bug(error), as_json=as_json)
        status = errors.Bug.exit_code
    sys.exit(status)


def _help_for(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'sp-connect'} --help"


def _tell_defect(error: Exception) -> None:
    """The traceback without the values of variables, and without the error's own text, which may hold any of them."""
    import traceback

    for frame in traceback.extract_tb(error.__traceback__):
        sys.stderr.write(f"  {frame.filename}:{frame.lineno} in {frame.name}\n")
