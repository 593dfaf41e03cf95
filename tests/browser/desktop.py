"""A desktop without anybody at it: a screen in memory, the real browsers on it, and a site that knows its visitors."""

from __future__ import annotations

import os
import queue
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.browser.chromium import Browser

PATIENCE = 30.0

STARTING = 90.0
"""Seconds in which a browser starts, on a machine that does other things too."""

SETTLED = "/settled"

INSTALL = "apt-get install chromium chromium-driver firefox-esr xvfb dbus-daemon"

PROFILES = ("home/.config/chromium", "browsers/*/chromium")
"""Where Chromium has the profiles of a desktop."""

PROGRAMS = {"chromium": ("chromium", "chromium-browser"), "firefox": ("firefox-esr", "firefox")}

# As root, which tests in a container are, Chromium runs only without its sandbox. The rest asks nobody outside.
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--password-store=basic",
)

_DESKTOPS_OWN = ("XDG_", "DBUS_", "BROWSER", "WAYLAND_", "SSH_", "SP_CONNECT_")


class NotInstalledError(Exception):
    """A browser or the screen is not here; the message says how it gets here."""


BUS = """
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir={folder}</listen>
  <policy context="default"><allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/></policy>
</busconfig>
"""
"""A session bus that starts no services: Firefox hands an address to one of it that is open over nothing else."""


@contextmanager
def session() -> Iterator[dict[str, str]]:
    """A screen and a session bus while the block runs, as the variables that name them. Raises NotInstalledError."""
    if not all(map(shutil.which, ("Xvfb", "dbus-daemon"))):
        raise NotInstalledError(f"a screen and a session bus are needed: {INSTALL}")
    with ExitStack() as stack:
        config = Path(stack.enter_context(tempfile.TemporaryDirectory()), "bus.conf")
        config.write_text(BUS.format(folder=config.parent))
        screen = ["Xvfb", "-screen", "0", "1200x900x24", "-nolisten", "tcp", "-displayfd"]
        bus = ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={config}", "--print-address"]
        display = stack.enter_context(_daemon(screen))
        yield {"DISPLAY": f":{display}", "DBUS_SESSION_BUS_ADDRESS": stack.enter_context(_daemon(bus))}


@contextmanager
def _daemon(command: list[str]) -> Iterator[str]:
    """A program while the block runs, and the line that it writes to the file whose number ends its command."""
    ours, its = os.pipe()
    process = subprocess.Popen([*command, str(its)], pass_fds=[its], stderr=subprocess.DEVNULL)
    os.close(its)
    try:
        with os.fdopen(ours) as told:
            yield told.readline().strip()
    finally:
        process.terminate()
        process.wait(PATIENCE)


@dataclass
class Desktop:
    """A home of its own, with the real browsers on PATH behind a script that notes their process ids and arguments."""

    folder: Path
    session: dict[str, str]
    switches: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        (self.folder / "home").mkdir(parents=True)
        (self.folder / "bin").mkdir()
        for name, programs in PROGRAMS.items():
            real = next(filter(None, map(shutil.which, programs)), None)
            if real is None:
                raise NotInstalledError(f"{name} is needed: {INSTALL}")
            told = shlex.join([real, *((*SWITCHES, *self.switches) if name == "chromium" else ())])
            script = self.folder / "bin" / name
            tools = "--remote-debugging-port=0" if name == "chromium" else ""
            noted = f'echo $$ >> {self.folder}/started\necho "$@" >> {self.folder}/commands'
            script.write_text(f'#!/bin/sh\n{noted}\nexec {told} {tools} "$@"\n')
            script.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_DESKTOPS_OWN)}
        return inherited | {
            "PATH": os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]]),
            "HOME": str(self.folder / "home"),
            **self.session,
        }

    def close_browsers(self) -> None:
        """Closes every window as a person does, ends what has none to be closed, and waits until all have ended."""
        noted = self.folder / "started"
        started = noted.read_text().split() if noted.exists() else []
        with ExitStack() as stack:
            watched = [stack.enter_context(_watched(int(one))) for one in started]
            running = [one for one in watched if one is not None]
            # Ended by a signal, Chromium forgets the sign-ins of its last half minute.
            ports = [path for where in PROFILES for path in self.folder.glob(f"{where}/DevToolsActivePort")]
            if not _close_windows(ports):
                for handle in running:
                    signal.pidfd_send_signal(handle, signal.SIGTERM)
            for handle in running:
                assert select.select([handle], [], [], PATIENCE)[0], "a browser goes on"
        noted.unlink(missing_ok=True)


@contextmanager
def _watched(process: int) -> Iterator[int | None]:
    """A handle of the process, readable once it has ended; None where it has ended already."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _close_windows(ports: Iterable[Path]) -> bool:
    """Whether there was one to be closed by Chromium's own tools."""
    pages = []
    for port in ports:
        tools = f"http://127.0.0.1:{port.read_text().split()[0]}/json"
        with suppress(requests.ConnectionError):  # it has ended already
            open_ = requests.get(f"{tools}/list", timeout=PATIENCE).json()
            pages += [f"{tools}/close/{page['id']}" for page in open_ if page["type"] == "page"]
    for page in pages:
        with suppress(requests.ConnectionError):  # the last one takes the browser with it
            requests.get(page, timeout=PATIENCE)
    return bool(pages)


@contextmanager
def running(profile: Path) -> Iterator[Browser]:
    """The Chromium of a profile, as soon as its tools listen; it goes on after the block."""
    driver_program = shutil.which("chromedriver")
    if driver_program is None:
        raise NotInstalledError(f"the driver of Chromium is needed: {INSTALL}")
    options = webdriver.ChromeOptions()
    options.add_experimental_option("debuggerAddress", _tools(profile))
    service = Service(driver_program)
    driver = webdriver.Chrome(options, service)
    try:
        driver.set_page_load_timeout(PATIENCE)
        yield Browser(driver, Path(os.devnull))
    finally:
        service.stop()


def _tools(profile: Path) -> str:
    """The address at which the tools of a profile's Chromium answer. It chooses its port itself, and writes it down."""
    end = time.monotonic() + STARTING
    while time.monotonic() < end:
        with suppress(OSError, IndexError):  # it has not written it yet, or does not answer yet
            address = f"127.0.0.1:{(profile / 'DevToolsActivePort').read_text().split()[0]}"
            requests.get(f"http://{address}/json/version", timeout=PATIENCE).raise_for_status()
            return address
        time.sleep(0.05)
    raise AssertionError(f"Chromium has not started in {STARTING:.0f} seconds: {sorted(map(str, profile.glob('*')))}")


@dataclass
class Visited:
    """A site that signs in whoever comes as the path says, for a day, and tells who they were before."""

    address: str
    _seen: queue.SimpleQueue[tuple[str, str]] = field(default_factory=queue.SimpleQueue)

    def next_visitor(self, path: str) -> str:
        """As whom the browser that comes to `path` next was signed in until now; empty for nobody."""
        while True:
            where, who = self._seen.get(timeout=PATIENCE)
            if where == path:
                return who


@contextmanager
def site() -> Iterator[Visited]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path, _, before = self.path.partition("?")
            if path.startswith(SETTLED):  # what the page asks for comes once its cookie is there
                made._seen.put((path.removeprefix(SETTLED), before))
                self.send_response(204)
                self.end_headers()
                return
            before = self.headers.get("Cookie", "").removeprefix("signed-in=")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Set-Cookie", f"signed-in={path[1:]}; Path=/; Max-Age=86400")
            self.end_headers()
            page = f"<!doctype html><link rel=icon href=data:,><title>A shop</title><img src={SETTLED}{path}?{before}>"
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Tests ask `next_visitor`."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A browser that breaks off is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made = Visited(f"http://127.0.0.1:{server.server_address[1]}")
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        yield made
        server.shutdown()
        serving.join()
