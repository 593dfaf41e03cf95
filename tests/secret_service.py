"""A real Secret Service for tests: gnome-keyring on a D-Bus of its own, in a home of its own, ready in 0.1 s.

    with secret_service(tmp_path) as env:
        subprocess.run([...], env=env)

The environment is a mapping; `lock`, `freeze` and `kill` bring about what happens to keyrings. Nothing of the
machine's own session is touched.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon", "gdbus")
_INSTALL = "apt-get install gnome-keyring dbus-daemon libglib2.0-bin"
_OURS = ("DBUS_", "GNOME_KEYRING", "DISPLAY", "WAYLAND", "XDG_", "PYTHON_KEYRING", "KEYRING_")
_CALL = ["gdbus", "call", "--session", "--dest", "org.freedesktop.secrets"]
_CALL += ["--object-path", "/org/freedesktop/secrets", "--method"]

_ASK_BUS = ["gdbus", "call", "--session", "--dest", "org.freedesktop.DBus"]
_ASK_BUS += ["--object-path", "/org/freedesktop/DBus", "--method"]


class Session(dict[str, str]):
    """The environment of a session with an unlocked keyring, and its two daemons."""

    bus: subprocess.Popen[str]
    ring: subprocess.Popen[bytes]

    def apply(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Makes this process a part of the session."""
        for name in os.environ:
            if name.startswith(_OURS):
                monkeypatch.delenv(name)
        for name, value in self.items():
            monkeypatch.setenv(name, value)


@contextmanager
def secret_service(home: Path) -> Iterator[Session]:
    """A session whose keyring is unlocked; skips the test where the programs for it are missing."""
    if not all(map(shutil.which, _PROGRAMS)):
        pytest.skip(f"needs a Secret Service: {_INSTALL}")
    session = Session({name: value for name, value in os.environ.items() if not name.startswith(_OURS)})
    session["HOME"] = str(home)
    for kind in ("data", "config", "cache"):
        session[f"XDG_{kind.upper()}_HOME"] = str(home / kind)
    session["XDG_RUNTIME_DIR"] = str(home / "run")
    for kind in ("data", "config", "cache", "run"):
        (home / kind).mkdir(0o700, parents=True)
    bus = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={home}/run/bus"]
    session.bus = subprocess.Popen(
        [*bus, "--print-address=1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=session, text=True
    )
    try:
        assert session.bus.stdout is not None, "it was asked for"
        session["DBUS_SESSION_BUS_ADDRESS"] = session.bus.stdout.readline().strip()
        session.ring = _started(session)
        try:
            _wait_for_collection(session)
            yield session
        finally:
            session.ring.kill()
            session.ring.wait()
    finally:
        session.bus.kill()
        session.bus.communicate()


def lock(session: Session) -> None:
    """Locks the keyring, as a session does that is left alone: there is nobody to unlock it."""
    login = "['/org/freedesktop/secrets/collection/login']"
    subprocess.run([*_CALL, "org.freedesktop.Secret.Service.Lock", login], env=session, check=True, capture_output=True)


def freeze(session: Session) -> None:
    """Stops the keyring in its tracks: every call of it blocks."""
    session.ring.send_signal(signal.SIGSTOP)


def kill(session: Session) -> None:
    """Kills the keyring: the bus starts another, which is locked."""
    session.ring.kill()
    session.ring.wait()


def restart(session: Session) -> None:
    """Another keyring in place of the first, unlocked like it, as when a desktop starts its keyring anew."""
    first, session.ring = session.ring, _started(session, "--replace")
    first.wait()
    _wait_for_collection(session)


def stop_bus(session: Session) -> None:
    """Ends the session's bus, as cron and ssh have none."""
    session.bus.kill()
    session.bus.wait()


def _started(session: Session, *flags: str) -> subprocess.Popen[bytes]:
    ring = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets", *flags]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(ring, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, env=session)
    assert process.stdin is not None, "it was asked for"
    with process.stdin as password:
        password.write(b"test-password")
    return process


def _wait_for_collection(session: Session) -> None:
    # A call to a service that has not come up yet would make the bus start another one, which stays locked:
    # so the bus alone is asked first, whether ours is there.
    _wait_for(session, [*_ASK_BUS, "org.freedesktop.DBus.NameHasOwner", "org.freedesktop.secrets"], "true")
    _wait_for(session, [*_CALL, "org.freedesktop.Secret.Service.ReadAlias", "default"], "collection/login")


def _wait_for(session: Session, question: list[str], wanted: str) -> None:
    deadline = time.monotonic() + 30
    answer = ""
    while time.monotonic() < deadline:
        result = subprocess.run(question, env=session, capture_output=True, text=True, check=False)
        answer = result.stdout + result.stderr
        if wanted in answer:
            return
    raise RuntimeError(f"the keyring was not ready within 30 seconds: {answer}")
