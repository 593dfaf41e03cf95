"""The person's browser: whether there is one that could show Amazon's page, and how it is opened."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import threading
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path

from sp_connect import errors
from sp_connect.models import Consent

Opener = Callable[[Consent, str], str | None]
"""Opens the page of a consent, at an address, and returns None; or says in words why no browser shows it."""

TEXT_BROWSERS = frozenset({"w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh"})

SSH_VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")

OPENING_SECONDS = 3.0
"""A browser command that is still running after this is taken to be showing the page."""


def opener(command: str | None, environ: Mapping[str, str], *, refused: bool = False) -> Opener:
    """How a consent's page is opened: by `command` ("firefox --private-window {url}"), else by the system's browser.

    `refused` is --no-browser. Raises Usage for a command that cannot be run, before anyone is asked to consent.
    """
    if refused:
        return lambda _, address: "--no-browser"  # noqa: ARG005 - nothing is opened
    if command is not None:
        arguments = _split(command)
        return lambda _, address: _run(arguments, address, environ)
    return lambda _, address: obstacle(environ) or _open_default(address)


def obstacle(environ: Mapping[str, str], marks: tuple[str, ...] = CONTAINER_MARKS) -> str | None:
    """Why the system's own browser cannot show Amazon's page, in words; None where nothing speaks against it.

    BROWSER is believed before anything else: over SSH and in containers it is how editors reach the person's own.
    """
    if not environ.get("BROWSER"):
        if any(environ.get(name) for name in SSH_VARIABLES):
            return "sp-connect runs over SSH, so your browser is on another machine"
        if any(Path(mark).exists() for mark in marks):
            return "sp-connect runs in a container, which has no browser"
        if _windows_opener() is not None:
            return None
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return "no browser was found here"
    name = Path(str(getattr(found, "name", ""))).name
    if name in TEXT_BROWSERS:
        return f"only a text browser was found ({name}), and Amazon's page needs a full one"
    return None


def _open_default(address: str) -> str | None:
    windows = _windows_opener()
    if windows is not None and not os.environ.get("BROWSER"):
        return _run([windows], address, os.environ)
    found = webbrowser.get()
    if isinstance(found, webbrowser.GenericBrowser):
        # Started by webbrowser it would write to our stdout, which carries results alone.
        return _run([found.name, *(argument.replace("%s", "{url}") for argument in found.args)], address, os.environ)
    return _within(lambda: found.open(address))


def _windows_opener() -> str | None:
    """Under WSL the browser is Windows'; xdg-open may say that it opened one and open nothing (hazards.md 2.3)."""
    if "microsoft" not in platform.release().lower():
        return None
    return shutil.which("wslview") or shutil.which("explorer.exe")


def _split(command: str) -> list[str]:
    try:
        arguments = [part.strip('"') for part in shlex.split(command, posix=os.name == "posix")]
    except ValueError:
        arguments = []
    if not arguments or shutil.which(arguments[0]) is None:
        program = arguments[0] if arguments else command
        raise errors.Usage(
            f"The browser command {program!r} cannot be run: there is no such program. Nothing was changed.",
            '--browser "firefox --private-window {url}", or --no-browser to open the address by hand',
        )
    return arguments


def _run(arguments: list[str], address: str, environ: Mapping[str, str]) -> str | None:
    filled = [argument.replace("{url}", address) for argument in arguments]
    command = filled if filled != arguments else [*arguments, address]
    # Our own settings are nobody else's business, and the passphrase among them least of all.
    inherited = {name: value for name, value in environ.items() if not name.startswith("SP_CONNECT_")}

    def start() -> bool:
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            command, env=inherited, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )
        # explorer.exe exits 1 when it has opened the page (hazards.md 2.3).
        return process.wait() == 0 or Path(command[0]).name == "explorer.exe"

    return _within(start)


def _within(start: Callable[[], bool]) -> str | None:
    """Runs `start` aside, because some browsers stay in the foreground for as long as they are open."""
    result: list[bool] = []

    def attempt() -> None:
        try:
            result.append(start())
        except (OSError, webbrowser.Error):
            result.append(False)

    aside = threading.Thread(target=attempt, daemon=True)
    aside.start()
    aside.join(OPENING_SECONDS)
    return "the browser could not be started" if result == [False] else None
