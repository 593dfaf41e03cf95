"""The flags that several commands share, each with its one help text, and the session that they all begin from."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sp_connect import errors
from sp_connect.completion import candidates
from sp_connect.terminal.prompt import Prompt
from sp_connect.terminal.screen import Screen

if TYPE_CHECKING:
    from sp_connect.runtime import Runtime


class Session(NamedTuple):
    """The global flags. The runtime is built when a command asks for it."""

    screen: Screen
    prompt: Prompt
    environ: MutableMapping[str, str]
    simulate: bool

    def runtime(self, *, secrets: bool = True) -> Runtime:
        """The outside world. A command that touches no `secrets` says so: its memory need not be shut to others."""
        from sp_connect import runtime
        from sp_connect.process import hardening

        if secrets:
            hardening.apply()
        else:
            hardening.leave_no_core()
        build = runtime.simulated if self.simulate else runtime.real
        return build(self.screen, self.prompt, self.environ)


def begin(*, simulate: bool, verbose: bool, quiet: bool, colour: bool) -> Session:
    """The session of this process: its streams, its environment, and what the global flags say."""
    screen = Screen(sys.stdout, sys.stderr, quiet=quiet, verbose=verbose, colour=colour, simulated=simulate)
    return Session(screen, Prompt(sys.stdin, sys.stderr), os.environ, simulate)


_SELLER = typer.Option(
    "--seller",
    "-s",
    metavar="NAME",
    help="Your own short name for the client, such as acme.",
    autocompletion=candidates.sellers,
)
_REGION = typer.Option(
    "--region",
    "-r",
    metavar="na|eu|fe",
    help="North America, Europe & India, or Far East.",
    autocompletion=candidates.regions,
)

Seller = Annotated[str, _SELLER]
MaybeSeller = Annotated[str | None, _SELLER]
Sellers = Annotated[
    list[str] | None,
    typer.Option(
        "--seller",
        "-s",
        metavar="NAME",
        help="Only this seller, or those of a pattern: 'acme*'. Repeatable.",
        autocompletion=candidates.sellers,
    ),
]
EachSeller = Annotated[
    list[str],
    typer.Option(
        "--seller",
        "-s",
        metavar="NAME",
        help="Your own short name for the client, or a pattern: 'acme*'. Repeatable.",
        autocompletion=candidates.sellers,
    ),
]
Region = Annotated[str, _REGION]
MaybeRegion = Annotated[str | None, _REGION]
AnyRegion = Annotated[
    str | None,
    typer.Option("--region", "-r", metavar="na|eu|fe", help="Only this region.", autocompletion=candidates.regions),
]
ItsRegion = Annotated[
    str | None,
    typer.Option(
        "--region",
        "-r",
        metavar="na|eu|fe",
        help="North America, Europe & India, or Far East, if the seller has several.",
        autocompletion=candidates.regions,
    ),
]
_EACH_REGION = typer.Option(
    "--region",
    "-r",
    metavar="na|eu|fe",
    help="North America, Europe & India, or Far East. Repeatable.",
    autocompletion=candidates.regions,
)
EachRegion = Annotated[list[str], _EACH_REGION]
MaybeEachRegion = Annotated[list[str] | None, _EACH_REGION]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region", "-r", metavar="na|eu|fe", help="Only this region. Repeatable.", autocompletion=candidates.regions
    ),
]
Country = Annotated[
    str | None,
    typer.Option(
        "--country",
        "-c",
        metavar="CC",
        help="A country: required in the Far East, elsewhere for a separate account.",
        autocompletion=candidates.countries,
    ),
]
Countries = Annotated[
    list[str] | None,
    typer.Option(
        "--country",
        "-c",
        metavar="CC",
        help="A country: required in the Far East, elsewhere for a separate account. Repeatable.",
        autocompletion=candidates.countries,
    ),
]
OnlyCountries = Annotated[
    list[str] | None,
    typer.Option(
        "--country",
        "-c",
        metavar="CC",
        help="Only this country, such as JP. Repeatable.",
        autocompletion=candidates.countries,
    ),
]
AnyCountry = Annotated[
    str | None,
    typer.Option(
        "--country", "-c", metavar="CC", help="Only this country, such as JP.", autocompletion=candidates.countries
    ),
]
AppName = Annotated[
    str,
    typer.Option(
        "--app",
        metavar="NAME",
        envvar="SP_CONNECT_APP",
        help="Your app, if you have several.",
        autocompletion=candidates.apps,
    ),
]
Apps = Annotated[
    list[str] | None,
    typer.Option("--app", metavar="NAME", help="Only this app. Repeatable.", autocompletion=candidates.apps),
]
OwnApp = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="NAME",
        help="Your app, if you have several; else SP_CONNECT_APP, else default.",
        autocompletion=candidates.apps,
    ),
]
WiderApp = Annotated[
    str, typer.Option("--app", metavar="NAME", help="The app to move to.", autocompletion=candidates.apps)
]
Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        help=f"Only {', '.join(candidates.STATUSES)}. Repeatable.",
        autocompletion=candidates.statuses,
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"One of {', '.join(candidates.FORMATS)}.",
        autocompletion=candidates.formats,
    ),
]
ExpectId = Annotated[
    str | None, typer.Option("--expect-id", metavar="ID", help="Fail unless the account has this Selling Partner ID.")
]
Paste = Annotated[
    bool,
    typer.Option("--paste", metavar="", help="Paste the address that the browser ends on; do not listen for it."),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", metavar="", help="Print the address; open no browser.")]
Browser = Annotated[
    str | None,
    typer.Option(
        "--browser", metavar="COMMAND", help='isolated (one for each seller), private, or a command: "firefox {url}".'
    ),
]
Timeout = Annotated[
    int,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=1,
        max=errors.LONGEST_WAIT,
        envvar="SP_CONNECT_TIMEOUT",
        help="How long to wait for each consent.",
    ),
]
KeepGoing = Annotated[
    bool,
    typer.Option("--keep-going", metavar="", help="If a consent times out, continue with the next one without asking."),
]
OldName = Annotated[str, typer.Argument(metavar="OLD", help="The current name.", autocompletion=candidates.sellers)]
Csv = Annotated[bool, typer.Option("--csv", metavar="", help="Print CSV, for a spreadsheet.")]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")]
NewApp = Annotated[str, typer.Argument(metavar="[NAME]", help="Your name for the app.")]
KnownApp = Annotated[str, typer.Argument(metavar="NAME", help="Your name for the app.", autocompletion=candidates.apps)]
Store = Annotated[str, typer.Argument(metavar="TO", help="keyring or vault.", autocompletion=candidates.stores)]
CommandLine = Annotated[
    list[str],
    typer.Argument(
        metavar="-- CMD...",
        help="The command and its arguments, after --.",
        autocompletion=candidates.programs,
    ),
]
CheckClient = Annotated[
    bool,
    typer.Option(
        " /--no-check", metavar="", show_default=False, help="Save it without asking Amazon whether it is accepted."
    ),
]
SecretFromStdin = Annotated[
    bool,
    typer.Option(
        "--client-secret-stdin",
        metavar="",
        help="Read the client secret from stdin instead of asking for it.",
    ),
]
