"""Every process that the program starts, seen by the system: no secret on a command line, none to inherit.

A browser command, the one of `exec`, and whatever libraries start by themselves.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from sp_connect.simulator.world import BUILT_IN
from tests.cli.program import PASSPHRASE, PROGRAM, SECONDS
from tests.commands.given import connected
from tests.contract.given import Given
from tests.leaks import sentinels

CLIENT_SECRET = "amzn1.oa2-cs.v1.SENTINEL0SENTINEL1SENTINEL2"
CLICK = """
import os, sys
from sp_connect.simulator import seller
if os.fork() == 0:
    seller.confirm(sys.argv[1], sys.argv[2], sys.argv[3])
"""
STARTED = re.compile(r'^\d+ +execve\("([^"]*)", \[(.*)\], \[(.*)\]\) = 0$')
"""One line of what strace writes: the program, its arguments, its environment."""


class Child(NamedTuple):
    program: str
    arguments: str
    environment: str


def started(given: Given, tmp_path: Path, *arguments: str, stdin: str = "", code: int = 0, **env: str) -> list[Child]:
    """Every program that a run of ours starts, and those that they start, in order."""
    trace = tmp_path / "started"
    strace = ["strace", "-f", "-qq", "--seccomp-bpf", "-v", "-s", "100000", "-e", "trace=execve", "-o", str(trace)]
    done = subprocess.run(
        [*strace, PROGRAM, "-v", *arguments],
        input=stdin.encode(),
        env=given.program.environment(env),
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == code, done.stderr.decode()
    found = [Child(*seen.groups()) for line in trace.read_text().splitlines() if (seen := STARTED.match(line))]
    assert found[0].program == str(PROGRAM)
    assert PASSPHRASE in found[0].environment, "what the program itself was given is seen whole"
    return found[1:]


def leaks(given: Given, children: list[Child]) -> list[str]:
    secrets = sentinels.of(given.office) | {CLIENT_SECRET}
    seen = {f"{number} {part}": getattr(one, part) for number, one in enumerate(children) for part in one._fields}
    return sentinels.leaks(secrets, seen)


@pytest.fixture
def clicking(given: Given, tmp_path: Path) -> str:
    """A browser command that confirms as soon as it is started, and says at once that it opened the page."""
    script = tmp_path / "click.py"
    script.write_text(CLICK)
    return f"{sys.executable} {script} {{url}} new {given.program.listen}"


@pytest.mark.parametrize("command", ["connect", "renew"])
def test_a_browser_is_given_an_address_and_nothing_to_inherit(
    given: Given, tmp_path: Path, clicking: str, command: str
) -> None:
    due = ("--due", "3650") if command == "renew" else ("--replace",)

    children = started(given, tmp_path, command, "-s", "new", "-r", "eu", *due, "--browser", clicking)

    assert [one.program for one in children] == [sys.executable]
    assert "/apps/authorize/consent?" in children[0].arguments
    assert "SP_CONNECT_" not in children[0].environment
    assert leaks(given, children) == []


def test_the_browsers_that_are_looked_for_learn_nothing(given: Given, tmp_path: Path) -> None:
    """Python's webbrowser asks the desktop's own programs which one is the default."""
    desktop = tmp_path / "bin"
    desktop.mkdir()
    (desktop / "xdg-settings").write_text("#!/bin/sh\necho chromium.desktop\n")
    (desktop / "xdg-settings").chmod(0o700)

    env = {"DISPLAY": ":99", "BROWSER": "true", "PATH": f"{desktop}:/usr/bin:/bin"}
    children = started(given, tmp_path, "doctor", code=3, **env)  # Amazon refuses the secret of the app `stale`

    assert "xdg-settings" in {Path(one.program).name for one in children}
    assert PASSPHRASE not in "".join(one.environment for one in children)
    assert leaks(given, children) == []


def test_what_exec_runs_has_the_credentials_in_its_environment_alone(given: Given, tmp_path: Path) -> None:
    connected(given.office)

    [child] = started(given, tmp_path, "exec", "-s", "acme", "-r", "eu", "--", "/bin/true", "x")

    assert (child.program, child.arguments) == ("/bin/true", '"/bin/true", "x"')
    assert sentinels.leaks([str(BUILT_IN.client_secret)], {"environment": child.environment})
    assert sentinels.leaks(sentinels.of(given.office), {"arguments": child.arguments}) == []
    assert sentinels.leaks([PASSPHRASE], {"environment": child.environment}) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("app", "rotate-secret", "stale", "--no-check", "--client-secret-stdin"),
        ("verify",),
        ("token", "-s", "acme", "-r", "eu"),
        ("export", "-s", "acme", "-r", "eu", "--format", "json"),
        ("revoke", "-s", "acme", "--all", "--yes"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_nothing_else_starts_anything(given: Given, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    if arguments[0] in {"verify", "revoke"}:
        connected(given.office)

    assert started(given, tmp_path, *arguments, stdin=CLIENT_SECRET) == []
