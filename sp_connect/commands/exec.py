"""`exec`: runs a command with one connection's credentials in its environment, and nowhere else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

import typer

from sp_connect import access, errors
from sp_connect.cli import flags
from sp_connect.process import hardening
from sp_connect.runtime import Runtime

LONGEST_LINE = 4096
"""Bytes of a script's first line that are looked at."""

OWN_SECRETS = ("SP_CONNECT_PASSPHRASE", "SP_CONNECT_PASSPHRASE_FILE")


def run(
    runtime: Runtime, seller: str, region: str | None, country: str | None, inherited: Mapping[str, str]
) -> dict[str, str]:
    """The child's environment: what is inherited, less what opens the vault, with the credentials."""
    credentials = access.environment(runtime, access.find(runtime, seller, region, country))
    return {name: value for name, value in inherited.items() if name not in OWN_SECRETS} | credentials


def command(
    ctx: typer.Context,
    seller: flags.Seller,
    command: flags.CommandLine,
    region: flags.ItsRegion = None,
    country: flags.Country = None,
) -> None:
    """Run a command with the credentials in its environment, and exit with the command's code."""
    inherited = dict(ctx.obj.environ)
    environment = run(ctx.obj.runtime(), seller, region, country, inherited)
    sys.stdout.flush()
    sys.stderr.flush()
    hardening.restore_limit()
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
        raise _not_there(command[0], environment) from None
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", None) or "it is no command").lower()
        raise errors.CommandNotRun(command[0], why, 126) from None


def _not_there(program: str, environment: Mapping[str, str]) -> errors.CommandNotRun:
    """The error for a program that the system does not find: a script is there, and its interpreter is not."""
    path = shutil.which(program, path=environment.get("PATH"))
    if path is None:
        return errors.CommandNotRun(program, "there is no such program", 127)
    with suppress(OSError), open(path, "rb") as file:  # noqa: PTH123 - which gives a text
        first = file.readline(LONGEST_LINE)
        if first.startswith(b"#!"):
            words = first[2:].rstrip(b"\n").strip(b" \t").split(maxsplit=1)
            interpreter = os.fsdecode(words[0]) if words else ""
            ending = "; its lines end as on Windows" if first.endswith(b"\r\n") else ""
            return errors.CommandNotRun(program, f"its interpreter {interpreter} is not there{ending}", 126)
    return errors.CommandNotRun(program, "the interpreter or loader that it needs is missing", 126)


def _beside(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code of a child, as a shell tells it: 128 and its number for death by a signal.

    The child has a Ctrl-C too, and decides. We do nothing then, from before there is a child: one that came before
    the waiting would end us, and lose the code. A program that is started does not inherit a handler.
    """
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        with subprocess.Popen(list(command), env=dict(environment)) as child:
            code = child.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code
