"""`exec`: runs a command with one connection's credentials in its environment, and nowhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

import typer

from sp_connect import access, errors, memory
from sp_connect.commands import flags
from sp_connect.edges import Edges

OWN_SECRETS = ("SP_CONNECT_PASSPHRASE", "SP_CONNECT_PASSPHRASE_FILE")


def run(
    edges: Edges, seller: str, region: str | None, country: str | None, inherited: Mapping[str, str]
) -> dict[str, str]:
    """The child's environment: what is inherited, less what opens the vault, with the credentials."""
    credentials = access.environment(edges, access.find(edges, seller, region, country))
    return {name: value for name, value in inherited.items() if name not in OWN_SECRETS} | credentials


def command(
    ctx: typer.Context,
    seller: flags.Seller,
    command: flags.CommandLine,
    region: flags.ItsRegion = None,
    country: flags.Country = None,
) -> None:
    """Run a command with the credentials in its environment, and exit with its code."""
    inherited = dict(ctx.obj.environ)
    environment = run(ctx.obj.edges(), seller, region, country, inherited)
    sys.stdout.flush()
    sys.stderr.flush()
    memory.hand_back()
    _become(command, environment, stays=ctx.obj.simulate)


def _become(command: Sequence[str], environment: Mapping[str, str], *, stays: bool) -> NoReturn:
    """Replaces this process, so that signals, terminal and exit code are the child's own.

    On Windows, and where this process `stays` because the embedded Amazon lives in it, the child runs beside it.
    """
    try:
        if os.name == "posix" and not stays:
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a child would inherit that
                signal.signal(number, signal.SIG_DFL)
            os.execvpe(command[0], list(command), dict(environment))  # noqa: S606 - no shell is the point
        raise typer.Exit(_beside(command, environment))
    except (FileNotFoundError, NotADirectoryError):
        raise errors.CommandNotRun(command[0], "there is no such program", 127) from None
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", None) or "it is no command").lower()
        raise errors.CommandNotRun(command[0], why, 126) from None


def _beside(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of a child, as a shell tells it: 128 and its number for death by a signal."""
    with subprocess.Popen(list(command), env=dict(environment)) as child:
        while True:
            try:
                code = child.wait()
            except KeyboardInterrupt:  # the child has it too, and decides
                continue
            return code if code >= 0 else 128 - code
