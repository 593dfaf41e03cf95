"""The system's own browser, or those that BROWSER names: whether one could show Amazon's page, and how it is opened."""

from __future__ import annotations

import os
import platform
import shutil
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sp_connect.browser import programs

TEXT_BROWSERS = frozenset({"w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh"})

SSH_VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")


def obstacle(environ: Mapping[str, str], marks: tuple[str, ...] = CONTAINER_MARKS) -> str | None:
    """Why the system's own browser cannot show Amazon's page, in words; None where nothing speaks against it.

    BROWSER is believed before anything else: over SSH and in containers it is how editors reach the person's own.
    """
    if not environ.get("BROWSER"):
        why = elsewhere(environ, marks)
        if why is not None:
            return why
        if _windows_opener() is not None:
            return None
    found = _candidates(environ)
    if not found:
        return "no browser was found here"
    if not any(_is_full(one) for one in found):
        return f"only a text browser was found ({_name(found[0])}), and Amazon's page needs a full one"
    return None


def elsewhere(environ: Mapping[str, str], marks: tuple[str, ...]) -> str | None:
    """Why the person's browser is on another machine, in words; None where nothing says so."""
    if any(environ.get(name) for name in SSH_VARIABLES):
        return "sp-connect runs over SSH, so your browser is on another machine"
    if any(Path(mark).exists() for mark in marks):
        return "sp-connect runs in a container, which has no browser"
    return None


def is_here(environ: Mapping[str, str]) -> bool:
    """Whether what would be opened is a browser of this machine: BROWSER may lead to another, and WSL to Windows."""
    return not environ.get("BROWSER") and _windows_opener() is None


def open_page(address: str, environ: Mapping[str, str]) -> str | None:
    """Opens the address in the first browser that takes it and returns None; or says in words why none does."""
    windows = _windows_opener()
    if windows is not None and not environ.get("BROWSER"):
        return programs.run([windows], address, environ)
    whys: dict[str, str] = {}
    for found in filter(_is_full, _candidates(environ)):
        why = _opened(found, address, environ)
        if why is None:
            return None
        whys[_name(found)] = why
    return "; ".join(why if len(whys) == 1 or name in why else f"{name}: {why}" for name, why in whys.items())


def _candidates(environ: Mapping[str, str]) -> list[webbrowser.BaseBrowser]:
    """The browsers to try, in turn: those that BROWSER names, else the system's own. Text browsers are among them."""
    named: list[str | None] = [entry for entry in environ.get("BROWSER", "").split(os.pathsep) if entry.strip()]
    found: list[webbrowser.BaseBrowser] = []
    for name in named or [None]:
        with suppress(webbrowser.Error):
            found.append(webbrowser.get(name))
    return found


def _name(found: webbrowser.BaseBrowser) -> str:
    return Path(str(getattr(found, "name", ""))).name


def _is_full(found: webbrowser.BaseBrowser) -> bool:
    return _name(found) not in TEXT_BROWSERS


def _opened(found: webbrowser.BaseBrowser, address: str, environ: Mapping[str, str]) -> str | None:
    if isinstance(found, webbrowser.GenericBrowser):
        # Started by webbrowser it would write to our stdout, which carries results alone.
        arguments = [argument.replace("%s", programs.URL) for argument in found.args]
        return programs.run([found.name, *arguments], address, environ)
    return programs.aside(lambda: None if found.open(address) else programs.NOT_STARTED)


def _windows_opener() -> str | None:
    """Under WSL the browser is Windows'; xdg-open may say that it opened one and open nothing (hazards.md 2.3)."""
    if "microsoft" not in platform.release().lower():
        return None
    return shutil.which("wslview") or shutil.which("explorer.exe")
