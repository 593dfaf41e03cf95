"""A browser's command: its words, its program, and its process, which never holds up whoever waits for an answer."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sp_connect import errors
from sp_connect.process import threads

if TYPE_CHECKING:
    from sp_connect.browser.brands import Brand

URL = "{url}"
"""Stands in a command for the address, which else comes last."""

OPENING_SECONDS = 3.0
"""A browser that is still running after this is taken to be showing the page."""

NOT_STARTED = "the browser did not start"

HINT = f'isolated, private, or a command such as "firefox --private-window {URL}"; --no-browser only prints the address'
ANY_OTHER = f'any other: --browser "PROGRAM {URL}"; none: --no-browser'


def split(command: str, said: str, system: str) -> list[str]:
    """The words of a command, one at least; no shell reads them. `said` is who named it, for messages.

    Raises Usage. `system` is what sys.platform has: on Windows a backslash is part of a word.
    """
    try:
        found = shlex.split(command) if system != "win32" else _windows_words(command)
    except ValueError as error:
        raise errors.Usage(f"{said} cannot be run: {str(error).lower()}. Nothing was changed.", HINT) from None
    if not found:
        raise errors.Usage(f"{said} cannot be run: it names no program. Nothing was changed.", HINT)
    return found


def _windows_words(command: str) -> list[str]:
    if command.count('"') % 2:
        raise ValueError("No closing quotation")
    return [word.replace('"', "") for word in re.findall(r'(?:"[^"]*"|[^\s"])+', command)]


def find(program: str, environ: Mapping[str, str], said: str, system: str) -> str:
    """Where a program is. Raises Usage for one that is not there."""
    found = shutil.which(program, path=environ.get("PATH", os.defpath))
    if found is None:
        raise errors.Usage(f"{said} cannot be run: no such program {program!r}. Nothing was changed.", HINT)
    if system == "win32" and found.lower().endswith((".bat", ".cmd")):
        why = "for a batch file Windows cuts the address at its first &"
        raise errors.Usage(f"{said} cannot be run: {why}. Nothing was changed.", HINT)
    return found


def run(arguments: Sequence[str], address: str, environ: Mapping[str, str], brand: Brand | None = None) -> str | None:
    """Opens `address` and returns None; or says in words why not, if that shows within OPENING_SECONDS.

    The address takes the place of each URL, in whatever word, or comes last.
    """
    filled = [argument.replace(URL, address) for argument in arguments]
    command = filled if filled != list(arguments) else [*arguments, address]
    # Our own settings are nobody else's business, and the passphrase among them least of all.
    inherited = {name: value for name, value in environ.items() if not name.startswith("SP_CONNECT_")}

    def start() -> str | None:
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            command, env=inherited, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )
        code = process.wait()
        # explorer.exe exits 1 when it has opened the page (hazards.md 2.3).
        return None if code == 0 or Path(command[0]).name == "explorer.exe" else _ended(command[0], code, brand)

    return aside(start)


def _ended(program: str, code: int, brand: Brand | None) -> str:
    name = brand.title if brand else Path(program).name
    how = f"exited with code {code}" if code > 0 else f"was ended by signal {-code}"
    # Not ours to mend: --no-sandbox would take away what keeps web pages off this machine.
    as_root = brand is not None and brand.is_chromium and os.name == "posix" and os.geteuid() == 0
    return f"{name} {how}{': it does not run for root' if as_root else ''}"


def aside(start: Callable[[], str | None]) -> str | None:
    """The result of `start`, in a thread: some browsers stay in the foreground while they are open."""
    result: list[str | None] = []

    def attempt() -> None:
        try:
            result.append(start())
        except (OSError, ValueError, webbrowser.Error):  # ValueError: a NUL, which TOML can write
            result.append(NOT_STARTED)

    waiting = threads.start(attempt)
    if waiting is None:  # nor could a browser be started
        return NOT_STARTED
    waiting.join(OPENING_SECONDS)
    return result[0] if result else None
