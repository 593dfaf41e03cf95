"""The person's browser: whether there is one that could show Amazon's page, and how it is opened.

Which one, --browser says, else config.toml: a command, `isolated`, `private`, or `default`, the system's own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sp_connect import errors, words
from sp_connect.browser import default, programs
from sp_connect.models import Consent
from sp_connect.stores.home import files

if TYPE_CHECKING:
    from sp_connect.browser.brands import Installed


class Once(Protocol):
    """A one-time address of this machine that leads to Amazon's page."""

    def take(self) -> str:
        """The address: from now on the browser that visits it is the one that was opened."""

    def withdraw(self) -> None:
        """Cancel `take`: no browser was opened."""


class Opener(Protocol):
    """Opens the page of a consent, at an address, and returns None; or says in words why no browser shows it.

    Where sp-connect itself starts a browser of this machine, that opens `once` instead, if there is one: every user of
    the machine can read a command line. A command of the user's own may open a browser elsewhere.
    """

    def __call__(self, asked: Consent, address: str, once: Once | None = None) -> str | None: ...


class Preview(NamedTuple):
    """The program that would open Amazon's page, in words; and the obstacle, if there is one.

    `is_elsewhere` says that this is no fault: the person's browser is on another machine.
    """

    opened_by: str
    obstacle: str | None
    is_elsewhere: bool = False


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
        return lambda asked, address, once=None: "--no-browser"  # noqa: ARG005 - nothing is opened
    if command is None or command.strip() == "default":
        return partial(_open_default, environ)
    said = _said(command, preferred_in)
    first, *rest = programs.split(command, said, system)
    if first not in {"isolated", "private"}:
        program = programs.find(first, environ, said, system)
        return lambda _, address, once=None: programs.run([program, *rest], address, environ)  # noqa: ARG005
    _see_that_it_is_known(first, rest, said)
    why = _screenless(environ, system)
    if why is not None:
        return lambda asked, address, once=None: why  # noqa: ARG005 - nothing is opened
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


def preview(
    command: str | None, environ: Mapping[str, str], preferred_in: Path | None = None, system: str = sys.platform
) -> Preview:
    """Names and checks the program that `opener` would use; opens and writes nothing. Raises Usage as it does."""
    is_elsewhere = default.elsewhere(environ, default.CONTAINER_MARKS) is not None
    if command is None or command.strip() == "default":
        from sp_connect.browser import brands

        here = [one.brand.title for one in brands.installed(system, environ)]
        known = f"; of those known by name there is {words.listed(here)}" if here else ""
        return Preview(f"the system's own browser{known}", default.obstacle(environ), is_elsewhere)
    said = _said(command, preferred_in)
    first, *rest = programs.split(command, said, system)
    if first not in {"isolated", "private"}:
        return Preview(programs.find(first, environ, said, system), None)
    _see_that_it_is_known(first, rest, said)
    why = _screenless(environ, system)
    title = first if why else f"{_chosen(first, rest, environ, said, system).brand.title}, {first}"
    return Preview(title, why, is_elsewhere)


def _screenless(environ: Mapping[str, str], system: str) -> str | None:
    """Why nobody would see a window of this machine. A screen that is named is believed: SSH can forward one."""
    if system in {"darwin", "win32"}:
        return default.elsewhere(environ, ())
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return None
    return default.elsewhere(environ, default.CONTAINER_MARKS) or "there is no screen here"


def _said(command: str, preferred_in: Path | None) -> str:
    """Names the source of the command, for messages."""
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

    def open_page(asked: Consent, address: str, once: Once | None = None) -> str | None:
        folder = browser.profile(profiles, asked.scope.seller)
        files.make_folder(folder)
        command = [browser.program, *browser.brand.own_profile(folder)]
        return _here(lambda page: programs.run(command, page, environ, browser.brand), address, once)

    return open_page


def _private(browser: Installed, environ: Mapping[str, str]) -> Opener:
    command = [browser.program, browser.brand.private]
    return lambda _, address, once=None: _here(
        lambda page: programs.run(command, page, environ, browser.brand), address, once
    )


def _here(start: Callable[[str], str | None], address: str, once: Once | None) -> str | None:
    """Starts a browser of this machine at `once`, if there is one, else at `address`."""
    if once is None:
        return start(address)
    why = start(once.take())
    if why is not None:
        once.withdraw()
    return why


def _open_default(environ: Mapping[str, str], _: Consent, address: str, once: Once | None = None) -> str | None:
    def start(page: str) -> str | None:
        return default.open_page(page, environ)

    # Only a browser of this machine reaches the listener.
    return default.obstacle(environ) or (_here(start, address, once) if default.is_here(environ) else start(address))
