"""The person's browser: whether there is one that could show Amazon's page, and how it is opened.

Which one, --browser says, else config.toml: a command, `isolated`, `private`, or `default`, the system's own.
"""

from __future__ import annotations

import platform
import shutil
import sys
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sp_connect import errors, words
from sp_connect.browser import programs
from sp_connect.models import Consent
from sp_connect.stores import files

if TYPE_CHECKING:
    from sp_connect.browser.brands import Installed

Opener = Callable[[Consent, str], str | None]
"""Opens the page of a consent, at an address, and returns None; or says in words why no browser shows it."""


class Sight(NamedTuple):
    """What would open Amazon's page, in words; and why it would not, if something speaks against it.

    `is_elsewhere` says that this is no fault: the person's browser is on another machine.
    """

    opened_by: str
    obstacle: str | None
    is_elsewhere: bool = False


TEXT_BROWSERS = frozenset({"w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh"})

SSH_VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")


def opener(
    command: str | None,
    environ: Mapping[str, str],
    profiles: Path,
    *,
    refused: bool = False,
    preferred_in: Path | None = None,
    system: str = sys.platform,
) -> Opener:
    """How a consent's page is opened: as `command` says, which is None for the system's own browser.

    `profiles` holds the sellers' own profile folders; `refused` is --no-browser; `preferred_in` is the file that
    named the command, where the flag did not. Raises Usage for what cannot be opened, and StoreUnavailable, before
    anyone is asked to consent; the opener raises StoreUnavailable where a seller's folder cannot be made.
    """
    if refused:
        return lambda _, address: "--no-browser"  # noqa: ARG005 - nothing is opened
    if command is None or command.strip() == "default":
        return lambda _, address: obstacle(environ) or _open_default(address, environ)
    said = _said(command, preferred_in)
    first, *rest = programs.split(command, said, system)
    if first not in {"isolated", "private"}:
        program = programs.find(first, environ, said, system)
        return lambda _, address: programs.run([program, *rest], address, environ)
    _see_that_it_is_known(first, rest, said)
    why = _screenless(environ, system)
    if why is not None:
        return lambda _, address: why  # noqa: ARG005 - nothing is opened
    chosen = _chosen(first, rest, environ, said, system)
    return _isolated(chosen, profiles, environ) if first == "isolated" else _private(chosen, environ)


def refuse_profiles(environ: Mapping[str, str], profiles: Path, name: str, system: str = sys.platform) -> None:
    """Raises Usage where a name has profiles already, left over from another client."""
    for folder in _own(environ, profiles, name, system):
        if folder.exists():
            raise errors.Usage(
                f"{folder} is a browser profile of {name} already. Nothing was changed.",
                "if it is no longer used, remove that folder; else take another name",
            )


def move_profiles(environ: Mapping[str, str], profiles: Path, old: str, new: str, system: str = sys.platform) -> None:
    """Moves a seller's own profiles to another name: a later client of the old one must not be signed in with them.

    What has that name already stays, and so does what would take its place. Raises StoreUnavailable.
    """
    for folder in _own(environ, profiles, old, system):
        if folder.is_dir() and not folder.with_name(new).exists():
            files.move(folder, folder.with_name(new))


def _own(environ: Mapping[str, str], profiles: Path, seller: str, system: str) -> set[Path]:
    """Where a seller's profiles are, or would be, one folder for each place."""
    from sp_connect.browser import brands

    return {one.profile(profiles, seller).parent for one in brands.installed(system, environ)} | {profiles / seller}


def look(
    command: str | None, environ: Mapping[str, str], preferred_in: Path | None = None, system: str = sys.platform
) -> Sight:
    """What `opener` would open, and whether it could: nothing is opened or written. Raises Usage as it does."""
    is_elsewhere = _elsewhere(environ, CONTAINER_MARKS) is not None
    if command is None or command.strip() == "default":
        from sp_connect.browser import brands

        here = [one.brand.title for one in brands.installed(system, environ)]
        known = f"; of those known by name there is {words.listed(here)}" if here else ""
        return Sight(f"the system's own browser{known}", obstacle(environ), is_elsewhere)
    said = _said(command, preferred_in)
    first, *rest = programs.split(command, said, system)
    if first not in {"isolated", "private"}:
        return Sight(programs.find(first, environ, said, system), None)
    _see_that_it_is_known(first, rest, said)
    why = _screenless(environ, system)
    title = first if why else f"{_chosen(first, rest, environ, said, system).brand.title}, {first}"
    return Sight(title, why, is_elsewhere)


def obstacle(environ: Mapping[str, str], marks: tuple[str, ...] = CONTAINER_MARKS) -> str | None:
    """Why the system's own browser cannot show Amazon's page, in words; None where nothing speaks against it.

    BROWSER is believed before anything else: over SSH and in containers it is how editors reach the person's own.
    """
    if not environ.get("BROWSER"):
        why = _elsewhere(environ, marks)
        if why is not None:
            return why
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


def _elsewhere(environ: Mapping[str, str], marks: tuple[str, ...]) -> str | None:
    if any(environ.get(name) for name in SSH_VARIABLES):
        return "sp-connect runs over SSH, so your browser is on another machine"
    if any(Path(mark).exists() for mark in marks):
        return "sp-connect runs in a container, which has no browser"
    return None


def _screenless(environ: Mapping[str, str], system: str) -> str | None:
    """Why nobody would see a window of this machine. A screen that is named is believed: SSH can forward one."""
    if system in {"darwin", "win32"}:
        return _elsewhere(environ, ())
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return None
    return _elsewhere(environ, CONTAINER_MARKS) or "there is no screen here"


def _said(command: str, preferred_in: Path | None) -> str:
    """Who named the command, for messages."""
    return f'browser = "{command}" in {preferred_in}' if preferred_in else f'--browser "{command}"'


def _see_that_it_is_known(manner: str, names: list[str], said: str) -> None:
    from sp_connect.browser import brands

    if len(names) > 1 or not set(names) <= set(brands.NAMES):
        why = f"after {manner} comes nothing, or one of {', '.join(brands.NAMES)}"
        raise errors.Usage(f"{said} cannot be meant: {why}. Nothing was changed.", programs.HINT)


def _chosen(manner: str, names: list[str], environ: Mapping[str, str], said: str, system: str) -> Installed:
    """The browser that is named, else the person's default one, among those that are here."""
    from sp_connect.browser import brands

    here = brands.installed(system, environ)
    chosen = brands.choose([one for one in here if not names or one.brand.name in names], system, environ)
    if chosen is None:
        looked_for = [brand.title for brand in brands.BRANDS if not names or brand.name in names]
        needed = looked_for[0] if names else f"one of {words.listed(looked_for)}"
        hint = programs.ANY_OTHER
        if here:
            titles = words.listed([one.brand.title for one in here])
            hint = f'{titles} can be opened: --browser "{manner} {here[0].brand.name}"'
        raise errors.Usage(f"{said} needs {needed}, and finds none here. Nothing was changed.", hint)
    return chosen


def _isolated(browser: Installed, profiles: Path, environ: Mapping[str, str]) -> Opener:
    """Each seller in a profile of their own, which keeps the sign-in. It never gets into a repository."""
    ignore = profiles / ".gitignore"
    if files.read(ignore) is None:
        files.replace(ignore, b"*\n")

    def open_page(asked: Consent, address: str) -> str | None:
        folder = browser.profile(profiles, asked.scope.seller)
        files.make_folder(folder)
        return programs.run([browser.program, *browser.brand.own_profile(folder)], address, environ, browser.brand)

    return open_page


def _private(browser: Installed, environ: Mapping[str, str]) -> Opener:
    return lambda _, address: programs.run([browser.program, browser.brand.private], address, environ, browser.brand)


def _open_default(address: str, environ: Mapping[str, str]) -> str | None:
    windows = _windows_opener()
    if windows is not None and not environ.get("BROWSER"):
        return programs.run([windows], address, environ)
    found = webbrowser.get()
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
