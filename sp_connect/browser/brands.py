"""The browsers that are known by name: where each lies on Linux, macOS and Windows, and what it has to be told.

Platform (as `sys.platform` has it) and environment come in as values. Nothing is opened here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sp_connect import settings

ASKING_SECONDS = 3.0
"""How long the desktop may take to say which browser is its default."""


class Brand(NamedTuple):
    """One make of browser. `programs` are looked for on PATH; `mac` and `windows` lie below folders of programs."""

    name: str
    title: str
    programs: tuple[str, ...]
    flatpak: str
    mac: str
    windows: str
    private: str = "--incognito"

    @property
    def is_chromium(self) -> bool:
        """Whether it takes Chromium's flags; Firefox alone has its own."""
        return self.name != "firefox"

    def own_profile(self, folder: Path) -> tuple[str, ...]:
        """The arguments between program and address for a profile in `folder`.

        A browser that has it open already is given the address; one with another profile is left alone.
        """
        if self.is_chromium:
            return (f"--user-data-dir={folder}", "--no-first-run", "--no-default-browser-check", "--new-window")
        # Not --no-remote, with which Firefox waits in a dialogue where the profile is open already.
        return ("--profile", str(folder), "--new-window")


BRANDS = (
    Brand(
        "chrome",
        "Google Chrome",
        ("google-chrome", "google-chrome-stable"),
        "com.google.Chrome",
        "Google Chrome.app/Contents/MacOS/Google Chrome",
        "Google/Chrome/Application/chrome.exe",
    ),
    Brand(
        "chromium",
        "Chromium",
        ("chromium", "chromium-browser"),
        "org.chromium.Chromium",
        "Chromium.app/Contents/MacOS/Chromium",
        "Chromium/Application/chrome.exe",
    ),
    Brand(
        "edge",
        "Microsoft Edge",
        ("microsoft-edge", "microsoft-edge-stable"),
        "com.microsoft.Edge",
        "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "Microsoft/Edge/Application/msedge.exe",
        "--inprivate",
    ),
    Brand(
        "brave",
        "Brave",
        ("brave-browser", "brave-browser-stable", "brave"),
        "com.brave.Browser",
        "Brave Browser.app/Contents/MacOS/Brave Browser",
        "BraveSoftware/Brave-Browser/Application/brave.exe",
    ),
    Brand(
        "firefox",
        "Firefox",
        ("firefox", "firefox-esr"),
        "org.mozilla.firefox",
        "Firefox.app/Contents/MacOS/firefox",
        "Mozilla Firefox/firefox.exe",
        "--private-window",
    ),
)
"""In the order in which they are taken where the person's own choice is none of them."""

NAMES = tuple(brand.name for brand in BRANDS)


class Installed(NamedTuple):
    """A browser that is here. `den` is the one folder in which a snap or a flatpak may keep a profile."""

    brand: Brand
    program: str
    den: Path | None = None

    def profile(self, profiles: Path, seller: str) -> Path:
        """The folder of a seller's own profile: in `profiles`, or in the den under the same path.

        One for each brand: they encrypt alike files with keys of their own, and spoil each other's.
        """
        there = profiles if self.den is None else self.den.joinpath("sp-connect", *profiles.parts[1:])
        return there / seller / self.brand.name


def installed(platform: str, environ: Mapping[str, str]) -> list[Installed]:
    """Every known browser that is here, one of each brand."""
    if platform == "win32":
        folders = [Path(environ[name]) for name in _WINDOWS_FOLDERS if environ.get(name)]
        return [found for brand in BRANDS if (found := _below(folders, brand, brand.windows))]
    if platform == "darwin":
        home = settings.user_home(environ)
        folders = [Path("/Applications"), *([home / "Applications"] if home else [])]
        return [found for brand in BRANDS if (found := _below(folders, brand, brand.mac))]
    return [found for brand in BRANDS if (found := _on_linux(brand, environ))]


def choose(found: Sequence[Installed], platform: str, environ: Mapping[str, str]) -> Installed | None:
    """The one of `found` that is the person's default browser, else the first."""
    if len(found) < 2:
        return next(iter(found), None)
    wanted = _defaults(platform, environ)
    return next((one for name in wanted for one in found if one.brand.name == name), found[0])


_WINDOWS_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")


def _below(folders: Sequence[Path], brand: Brand, place: str) -> Installed | None:
    programs = (folder.joinpath(*place.split("/")) for folder in folders)
    return next((Installed(brand, str(program)) for program in programs if program.is_file()), None)


def _on_linux(brand: Brand, environ: Mapping[str, str]) -> Installed | None:
    home = settings.user_home(environ) or Path("/nonexistent")  # without one, nobody has a den in it
    for name in brand.programs:
        program = shutil.which(name, path=environ.get("PATH", os.defpath))
        if program is not None:
            den = home / "snap" / brand.name / "common" if is_snap(Path(program)) else None
            return Installed(brand, program, den)
    for exports in (home / ".local/share/flatpak/exports/bin", Path("/var/lib/flatpak/exports/bin")):
        if (exports / brand.flatpak).is_file():
            return Installed(brand, str(exports / brand.flatpak), home / ".var/app" / brand.flatpak / "data")
    return None


def is_snap(program: Path) -> bool:
    """Whether it is a snap, which sees no hidden folder of the home, or Ubuntu's script that goes on to one.

    (pinchtab/pinchtab#98, mozilla/web-ext#1696)
    """
    if program.is_relative_to("/snap"):
        return True
    try:
        with program.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return False
    return start.startswith(b"#!") and b"/snap/bin/" in start


def _defaults(platform: str, environ: Mapping[str, str]) -> list[str]:
    """The brands of the person's default browser: those that BROWSER names, in turn, then the desktop's."""
    own = [entry.split()[0] for entry in environ.get("BROWSER", "").split(os.pathsep) if entry.strip()]
    told = [Path(program).name for program in own]
    told.append(_DESKTOPS.get(platform, _linux_default)(environ))
    # "com.google.chrome", "MSEdgeHTM", "firefox_firefox.desktop": each holds the name of its brand and no other.
    return [name for text in told for name in NAMES if name in text.lower()]


def _linux_default(environ: Mapping[str, str]) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            ["xdg-settings", "get", "default-web-browser"],  # noqa: S607 - found on PATH, as the browsers are
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASKING_SECONDS,
            check=False,
        ).stdout
    return ""


def _mac_default(environ: Mapping[str, str]) -> str:
    """The bundle that opens https; none is noted there as long as it is Safari."""
    import plistlib
    from xml.parsers.expat import ExpatError

    noted = "Library/Preferences/com.apple.LaunchServices/com.apple.launchservices.secure.plist"
    home = settings.user_home(environ)
    with suppress(OSError, ValueError, ExpatError, LookupError, TypeError, AttributeError):
        handlers = plistlib.loads((home / noted).read_bytes() if home else b"")["LSHandlers"]
        return "".join(str(one["LSHandlerRoleAll"]) for one in handlers if one.get("LSHandlerURLScheme") == "https")
    return ""


def _windows_default(_: Mapping[str, str]) -> str:
    if sys.platform == "win32":
        import winreg

        noted = r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations\https\UserChoice"
        with suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, noted) as key:
            return str(winreg.QueryValueEx(key, "ProgId")[0])
    return ""


_DESKTOPS = {"darwin": _mac_default, "win32": _windows_default}
