"""`isolated` and `private`: which browser is taken, what it is told, and where a seller's profile lies."""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sp_connect import browser, errors
from sp_connect.amazon import consent, geography
from sp_connect.browser import brands
from tests.stores.samples import app

ACME = consent.begin(app(), geography.scope("acme", "eu"))
BRAVO = consent.begin(app(), geography.scope("bravo", "fe", "JP"))
ADDRESS = ACME.address

CHROMIUM = ["--user-data-dir={folder}", "--no-first-run", "--no-default-browser-check", "--new-window"]
FIREFOX = ["--profile", "{folder}", "--new-window"]

LINUX = {
    "google-chrome": (CHROMIUM, "--incognito"),
    "google-chrome-stable": (CHROMIUM, "--incognito"),
    "chromium": (CHROMIUM, "--incognito"),
    "chromium-browser": (CHROMIUM, "--incognito"),
    "microsoft-edge": (CHROMIUM, "--inprivate"),
    "microsoft-edge-stable": (CHROMIUM, "--inprivate"),
    "brave-browser": (CHROMIUM, "--incognito"),
    "firefox": (FIREFOX, "--private-window"),
    "firefox-esr": (FIREFOX, "--private-window"),
}
MAC = {
    "chrome": "Google Chrome.app/Contents/MacOS/Google Chrome",
    "chromium": "Chromium.app/Contents/MacOS/Chromium",
    "edge": "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "brave": "Brave Browser.app/Contents/MacOS/Brave Browser",
    "firefox": "Firefox.app/Contents/MacOS/firefox",
}
WINDOWS = {
    "chrome": "Google/Chrome/Application/chrome.exe",
    "chromium": "Chromium/Application/chrome.exe",
    "edge": "Microsoft/Edge/Application/msedge.exe",
    "brave": "BraveSoftware/Brave-Browser/Application/brave.exe",
    "firefox": "Mozilla Firefox/firefox.exe",
}

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-ins for browsers are shell scripts")


def place(path: Path, script: str = "exit 0") -> Path:
    """A stand-in for a browser."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A desktop of one's own: an empty PATH, an empty home, and a screen."""
    for name in ("bin", "home"):
        (tmp_path / name).mkdir()
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home"), "DISPLAY": ":7"}


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    return tmp_path / "data" / "browsers"


Recorder = Callable[[Path], Callable[[], list[str]]]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Makes of a path a browser that writes its arguments down, and returns how they are read."""

    def make(path: Path) -> Callable[[], list[str]]:
        place(path, f'printf "%s\\n" "$0" "$@" > {tmp_path}/arguments')
        return lambda: (tmp_path / "arguments").read_text().splitlines()

    return make


def named(found: list[brands.Installed]) -> list[str]:
    return [one.brand.name for one in found]


# What it is told


@pytest.mark.parametrize(("name", "told"), LINUX.items())
def test_on_linux_each_seller_has_a_profile_of_their_own(
    name: str, told: tuple[list[str], str], environ: dict[str, str], profiles: Path, tmp_path: Path, recorder: Recorder
) -> None:
    arguments = recorder(tmp_path / "bin" / name)
    opener = browser.opener("isolated", environ, profiles, system="linux")
    [brand] = named(brands.installed("linux", environ))

    for asked in (ACME, BRAVO, ACME):
        folder = profiles / asked.scope.seller / brand
        assert opener(asked, ADDRESS) is None
        switches = [switch.format(folder=folder) for switch in told[0]]
        assert arguments() == [str(tmp_path / "bin" / name), *switches, ADDRESS]
        assert folder.is_dir()


@pytest.mark.parametrize(("name", "told"), LINUX.items())
def test_on_linux_a_private_window_is_asked_for(
    name: str, told: tuple[list[str], str], environ: dict[str, str], profiles: Path, tmp_path: Path, recorder: Recorder
) -> None:
    arguments = recorder(tmp_path / "bin" / name)

    assert browser.opener("private", environ, profiles, system="linux")(ACME, ADDRESS) is None
    assert arguments()[1:] == [told[1], ADDRESS]
    assert not profiles.exists()


@pytest.mark.parametrize(("name", "place_of"), MAC.items())
def test_on_macos_a_browser_is_taken_from_its_bundle(
    name: str, place_of: str, environ: dict[str, str], profiles: Path, tmp_path: Path, recorder: Recorder
) -> None:
    program = tmp_path / "home" / "Applications" / place_of
    arguments = recorder(program)
    environ.pop("DISPLAY")
    told = FIREFOX if name == "firefox" else CHROMIUM

    assert browser.opener("isolated", environ, profiles, system="darwin")(ACME, ADDRESS) is None
    assert arguments() == [str(program), *[one.format(folder=profiles / "acme" / name) for one in told], ADDRESS]


@pytest.mark.parametrize(("name", "place_of"), WINDOWS.items())
@pytest.mark.parametrize("variable", ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"])
def test_on_windows_a_browser_is_taken_from_the_folders_of_programs(
    variable: str, name: str, place_of: str, profiles: Path, tmp_path: Path, recorder: Recorder
) -> None:
    folders = {one: str(tmp_path / one) for one in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")}
    program = tmp_path / variable / place_of
    arguments = recorder(program)
    told = FIREFOX if name == "firefox" else CHROMIUM

    assert browser.opener("isolated", folders, profiles, system="win32")(ACME, ADDRESS) is None
    assert arguments() == [str(program), *[one.format(folder=profiles / "acme" / name) for one in told], ADDRESS]
    private = {"edge": "--inprivate", "firefox": "--private-window"}.get(name, "--incognito")
    assert browser.opener("private", folders, profiles, system="win32")(ACME, ADDRESS) is None
    assert arguments() == [str(program), private, ADDRESS]


# Which one is taken


def everything(folder: Path) -> None:
    for name in ("firefox-esr", "brave-browser", "microsoft-edge-stable", "chromium", "google-chrome"):
        place(folder / name)


def test_the_first_is_taken_where_nothing_says_which(environ: dict[str, str], tmp_path: Path) -> None:
    everything(tmp_path / "bin")
    found = brands.installed("linux", environ)

    assert named(found) == ["chrome", "chromium", "edge", "brave", "firefox"]
    assert brands.choose(found, "linux", environ) == found[0]
    assert brands.choose([], "linux", environ) is None


@pytest.mark.parametrize(
    ("default", "chosen"),
    [
        ("google-chrome.desktop", "chrome"),
        ("com.google.Chrome.desktop", "chrome"),
        ("chromium_chromium.desktop", "chromium"),
        ("org.chromium.Chromium.desktop", "chromium"),
        ("microsoft-edge.desktop", "edge"),
        ("brave-browser.desktop", "brave"),
        ("firefox-esr.desktop", "firefox"),
        ("firefox_firefox.desktop", "firefox"),
        ("org.gnome.Epiphany.desktop", "chrome"),
        ("", "chrome"),
    ],
)
def test_the_desktops_default_is_preferred(environ: dict[str, str], tmp_path: Path, default: str, chosen: str) -> None:
    everything(tmp_path / "bin")
    place(tmp_path / "bin" / "xdg-settings", f'[ "$*" = "get default-web-browser" ] && echo {default}')

    found = brands.choose(brands.installed("linux", environ), "linux", environ)
    assert found is not None
    assert found.brand.name == chosen


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        ("firefox", "firefox"),
        ("/opt/brave.com/brave/brave-browser %s:firefox", "brave"),
        ("/home/brave/bin/open-on-laptop", "edge"),
        ("  ", "edge"),
    ],
)
def test_the_browser_variable_is_believed_before_the_desktop(
    environ: dict[str, str], tmp_path: Path, value: str, chosen: str
) -> None:
    everything(tmp_path / "bin")
    place(tmp_path / "bin" / "xdg-settings", "echo microsoft-edge.desktop")
    environ["BROWSER"] = value

    found = brands.choose(brands.installed("linux", environ), "linux", environ)
    assert found is not None
    assert found.brand.name == chosen


@pytest.mark.parametrize(
    ("handlers", "chosen"),
    [
        ([{"LSHandlerURLScheme": "https", "LSHandlerRoleAll": "org.mozilla.firefox"}], "firefox"),
        (
            [
                {"LSHandlerURLScheme": "mailto", "LSHandlerRoleAll": "org.mozilla.firefox"},
                {"LSHandlerContentType": "public.html"},
                {"LSHandlerURLScheme": "https", "LSHandlerRoleAll": "com.microsoft.edgemac"},
            ],
            "edge",
        ),
        ([{"LSHandlerURLScheme": "https", "LSHandlerRoleAll": "com.apple.safari"}], "chrome"),
        ([{"LSHandlerURLScheme": "https"}], "chrome"),
        (["nonsense"], "chrome"),
        (None, "chrome"),
    ],
)
def test_on_macos_the_default_is_read_from_launch_services(
    environ: dict[str, str], tmp_path: Path, handlers: list[object] | None, chosen: str
) -> None:
    for bundle in MAC.values():
        place(tmp_path / "home" / "Applications" / bundle)
    noted = tmp_path / "home/Library/Preferences/com.apple.LaunchServices/com.apple.launchservices.secure.plist"
    noted.parent.mkdir(parents=True)
    noted.write_bytes(b"bplist00 cut" if handlers is None else plistlib.dumps({"LSHandlers": handlers}))

    found = brands.choose(brands.installed("darwin", environ), "darwin", environ)
    assert found is not None
    assert found.brand.name == chosen


def test_a_named_browser_is_taken_before_the_default(
    environ: dict[str, str], profiles: Path, tmp_path: Path, recorder: Recorder
) -> None:
    everything(tmp_path / "bin")
    arguments = recorder(tmp_path / "bin" / "firefox-esr")

    assert browser.opener("private firefox", environ, profiles, system="linux")(ACME, ADDRESS) is None
    assert arguments()[1:] == ["--private-window", ADDRESS]


# Snaps and flatpaks, which see a part of the home only


UBUNTUS = """
if ! [ -x /snap/bin/{name} ]; then exit 1; fi
exec /snap/bin/{name} "$@\""""


def test_a_snap_is_known_by_its_place_or_by_the_script_that_leads_to_it(tmp_path: Path) -> None:
    assert brands.is_snap(Path("/snap/bin/firefox"))
    assert brands.is_snap(place(tmp_path / "firefox", UBUNTUS.format(name="firefox")))
    assert not brands.is_snap(place(tmp_path / "chromium", 'exec /usr/lib/chromium/chromium "$@"'))
    assert not brands.is_snap(Path(sys.executable))
    assert not brands.is_snap(tmp_path / "nothing")


def test_the_profile_of_a_snap_lies_where_the_snap_can_reach_it(environ: dict[str, str], tmp_path: Path) -> None:
    place(tmp_path / "bin" / "firefox", UBUNTUS.format(name="firefox"))

    [firefox] = brands.installed("linux", environ)
    folder = firefox.profile(Path("/home/ann/.local/share/sp-connect/browsers"), "acme")
    assert (
        folder
        == tmp_path / "home/snap/firefox/common/sp-connect/home/ann/.local/share/sp-connect/browsers/acme/firefox"
    )


def test_the_profile_of_a_flatpak_lies_in_its_own_data(environ: dict[str, str], tmp_path: Path) -> None:
    exported = place(tmp_path / "home/.local/share/flatpak/exports/bin/org.mozilla.firefox")

    [firefox] = brands.installed("linux", environ)
    assert firefox.program == str(exported)
    folder = firefox.profile(Path("/data/browsers"), "acme")
    assert folder == tmp_path / "home/.var/app/org.mozilla.firefox/data/sp-connect/data/browsers/acme/firefox"


# The folder


def test_a_profile_is_nobody_elses_and_stays_out_of_repositories(
    environ: dict[str, str], profiles: Path, tmp_path: Path
) -> None:
    place(tmp_path / "bin" / "chromium")
    before = os.umask(0)
    try:
        assert browser.opener("isolated", environ, profiles, system="linux")(ACME, ADDRESS) is None
    finally:
        os.umask(before)

    made = (profiles, profiles / "acme", profiles / "acme" / "chromium")
    assert {oct(path.stat().st_mode & 0o777) for path in made} == {"0o700"}
    assert (profiles / ".gitignore").read_text() == "*\n"


def test_what_a_profile_holds_is_left_alone(environ: dict[str, str], profiles: Path, tmp_path: Path) -> None:
    place(tmp_path / "bin" / "chromium")
    kept = profiles / "acme" / "chromium" / "Cookies"
    kept.parent.mkdir(parents=True)
    kept.write_text("signed in")
    (profiles / ".gitignore").write_text("# mine\n")

    assert browser.opener("isolated", environ, profiles, system="linux")(ACME, ADDRESS) is None
    assert kept.read_text() == "signed in"
    assert (profiles / ".gitignore").read_text() == "# mine\n"


def test_a_folder_that_cannot_be_made_is_told_before_anyone_consents(
    environ: dict[str, str], profiles: Path, tmp_path: Path
) -> None:
    place(tmp_path / "bin" / "chromium")
    profiles.parent.mkdir()
    profiles.write_text("a file")

    with pytest.raises(errors.Unreadable, match="a file is where a folder should be") as caught:
        browser.opener("isolated", environ, profiles, system="linux")
    assert (caught.value.code, caught.value.exit_code) == ("store-unavailable", 4)


def test_a_sellers_folder_that_cannot_be_made_is_told(environ: dict[str, str], profiles: Path, tmp_path: Path) -> None:
    place(tmp_path / "bin" / "chromium")
    opener = browser.opener("isolated", environ, profiles, system="linux")
    (profiles / "acme").write_text("a file")

    with pytest.raises(errors.StoreUnavailable, match="a file is where a folder should be"):
        opener(ACME, ADDRESS)


# What goes wrong


ALL = "Google Chrome, Chromium, Microsoft Edge, Brave and Firefox"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize(
    ("choice", "needed"),
    [("isolated", f"one of {ALL}"), ("private", f"one of {ALL}"), ("isolated firefox", "Firefox")],
)
def test_a_browser_that_is_not_here_is_named_with_a_way_out(
    environ: dict[str, str], profiles: Path, system: str, choice: str, needed: str
) -> None:
    with pytest.raises(errors.Usage) as caught:
        browser.opener(choice, environ, profiles, system=system)

    assert caught.value.message == f'--browser "{choice}" needs {needed}, and finds none here. Nothing was changed.'
    assert caught.value.hint == 'any other: --browser "PROGRAM {url}"; none: --no-browser'
    assert not profiles.exists()


def test_another_browser_that_is_here_is_offered(environ: dict[str, str], profiles: Path, tmp_path: Path) -> None:
    place(tmp_path / "bin" / "chromium")
    place(tmp_path / "bin" / "brave")
    with pytest.raises(errors.Usage, match="needs Firefox") as caught:
        browser.opener("private firefox", environ, profiles, system="linux")
    assert caught.value.hint == 'Chromium and Brave can be opened: --browser "private chromium"'


@pytest.mark.parametrize("choice", ["isolated netscape", "private {url}", "isolated firefox {url}", "private chrome x"])
def test_words_that_cannot_follow_are_usage(environ: dict[str, str], profiles: Path, choice: str) -> None:
    with pytest.raises(errors.Usage, match="comes nothing, or one of chrome, chromium, edge, brave, firefox"):
        browser.opener(choice, environ, profiles)


@pytest.mark.parametrize(
    ("more", "system"),
    [({"SSH_TTY": "x"}, "linux"), ({"SSH_CONNECTION": "x"}, "darwin"), ({"SSH_CLIENT": "x"}, "win32")],
)
@pytest.mark.parametrize("choice", ["isolated", "private firefox"])
def test_over_ssh_none_is_needed(
    environ: dict[str, str], profiles: Path, choice: str, more: dict[str, str], system: str
) -> None:
    del environ["DISPLAY"]
    opener = browser.opener(choice, environ | more, profiles, system=system)
    assert opener(ACME, ADDRESS) == "sp-connect runs over SSH, so your browser is on another machine"


def test_without_a_screen_none_is_opened(environ: dict[str, str], profiles: Path, tmp_path: Path) -> None:
    place(tmp_path / "bin" / "chromium", f"touch {tmp_path}/opened")
    del environ["DISPLAY"]
    why = browser.opener("isolated", environ, profiles, system="linux")(ACME, ADDRESS)
    assert why in {"sp-connect runs in a container, which has no browser", "there is no screen here"}
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize("screen", [{"DISPLAY": "localhost:10.0"}, {"WAYLAND_DISPLAY": "wayland-0"}])
def test_a_screen_that_ssh_forwards_is_believed(
    environ: dict[str, str], profiles: Path, tmp_path: Path, screen: dict[str, str]
) -> None:
    place(tmp_path / "bin" / "chromium")
    del environ["DISPLAY"]
    opener = browser.opener("isolated", environ | screen | {"SSH_TTY": "x"}, profiles, system="linux")
    assert opener(ACME, ADDRESS) is None


def test_a_browser_that_dies_at_once_is_told(environ: dict[str, str], profiles: Path, tmp_path: Path) -> None:
    place(tmp_path / "bin" / "firefox", "exit 3")
    assert browser.opener("isolated", environ, profiles)(ACME, ADDRESS) == "Firefox exited with code 3"


def test_chromiums_refusal_to_run_for_root_is_explained(
    environ: dict[str, str], profiles: Path, tmp_path: Path
) -> None:
    place(tmp_path / "bin" / "chromium", "exit 1")
    why = browser.opener("isolated", environ, profiles)(ACME, ADDRESS)
    assert why == f"Chromium exited with code 1{': it does not run for root' if os.geteuid() == 0 else ''}"
