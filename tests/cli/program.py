"""The installed program beside this interpreter, in a home of its own, and Amazon's simulator for it to talk to."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pexpect  # type: ignore[import-untyped]

from sp_connect.simulator import seller
from sp_connect.simulator.server import Simulator

PROGRAM = Path(sys.executable).with_name("sp-connect")
PASSPHRASE = "correct horse"
SECONDS = 30
NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
"""Else the program would find the keyring of whoever runs the tests."""
NOTICE = "SIMULATED: SP_CONNECT_AMAZON_URL is set, so no answer comes from the real Amazon.\n"
_OURS = (
    "SP_CONNECT_",
    "PYTHON",
    "DBUS_",
    "XDG_",
    "NO_COLOR",
    "FORCE_COLOR",
    "BROWSER",
    "COLUMNS",
    "CLICOLOR",
    "_TYPER",
)


@dataclass(frozen=True)
class Result:
    """What a run left: its exit code and both streams. `notice` came first on stderr, where Amazon is elsewhere."""

    code: int
    stdout: str
    stderr: str
    notice: str = ""

    def json(self) -> Any:
        return json.loads(self.stdout)

    def error(self) -> dict[str, Any]:
        """The error of the contract: the last line of stderr, as one JSON object."""
        found = json.loads(self.stderr.splitlines()[-1])
        assert set(found) == {"error"}
        error: dict[str, Any] = found["error"]
        assert set(error) == {"code", "message", "hint", "amazon"}
        return error


def parted(stderr: str) -> tuple[str, str]:
    """The line that says first that Amazon is elsewhere, if it is there, and the rest of stderr."""
    first, end, rest = stderr.partition("\n")
    return (f"{first}{end}", rest) if first.startswith("SIMULATED: SP_CONNECT_AMAZON_URL") else ("", stderr)


def without_notices(stderr: str) -> str:
    """What the real Amazon's user would be shown: a script's stderr without the line that each run begins with here."""
    return "".join(line for line in stderr.splitlines(keepends=True) if line != NOTICE)


@dataclass
class Program:
    """The program in one home. `env` is all that it inherits; None as a value takes a variable away."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    simulator: Simulator | None = None
    listen: str = ""

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        wanted = inherited | NO_BUS | {"SP_CONNECT_HOME": str(self.home)} | self.env | dict(changes or {})
        return {name: value for name, value in wanted.items() if value is not None}

    def run(
        self, *arguments: str, stdin: str | None = None, env: Mapping[str, str | None] | None = None, **more: Any
    ) -> Result:
        """One run to its end. Without `stdin` there is nothing to read and no terminal."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            input=(stdin or "").encode(),
            capture_output=True,
            env=self.environment(env),
            timeout=SECONDS,
            check=False,
            **more,
        )
        notice, stderr = parted(done.stderr.decode())
        return Result(done.returncode, done.stdout.decode(), stderr, notice)

    @contextmanager
    def started(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Iterator[subprocess.Popen[str]]:
        """A run that goes on while the block does, with its streams as pipes."""
        process = subprocess.Popen(
            [PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(env),
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def connect(self, *arguments: str, company: str = "acme", env: Mapping[str, str | None] | None = None) -> Result:
        """`connect --no-browser`, where the robot seller confirms once the address is told, if it is told."""
        with self.started("-v", "connect", "--no-browser", "--timeout", "20", *arguments, env=env) as process:
            assert process.stderr is not None
            told = ""
            for line in process.stderr:
                told += line
                if line.startswith("http://"):
                    seller.confirm(line.strip(), company, self.listen)
                    break
            stdout, stderr = process.communicate(timeout=SECONDS)
            return Result(process.returncode, stdout, told + stderr)

    @contextmanager
    def terminal(
        self, *arguments: str, env: Mapping[str, str | None] | None = None, columns: int = 100
    ) -> Iterator[pexpect.spawn[str]]:
        """The program on a terminal of its own."""
        settings = self.environment({"TERM": "xterm-256color"} | dict(env or {}))
        child: pexpect.spawn[str] = pexpect.spawn(
            str(PROGRAM),
            list(arguments),
            env=settings,
            encoding="utf-8",
            timeout=SECONDS,
            dimensions=(40, columns),
        )
        try:
            yield child
        finally:
            child.close(force=True)

    def files(self) -> dict[str, bytes]:
        """Every file of the home and what is in it, but locks and the home's id, which the first that writes makes."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for path in sorted(self.home.rglob("*"))
            if path.is_file() and "lock" not in path.name and path.name != "home.toml"
        }


def until(stream: IO[str], part: str) -> str:
    """What a stream says up to the line with which it has said `part`."""
    said = ""
    for line in stream:
        said += line
        if part in said:
            return said
    raise AssertionError(f"the program ended without {part!r}: {said}")


def interrupt(process: subprocess.Popen[str]) -> Result:
    """Ctrl-C, and what is left of it."""
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=SECONDS)
    return Result(process.returncode, stdout, stderr)


def ended(child: pexpect.spawn[str]) -> tuple[int | None, str]:
    """The exit code of what runs on a terminal, and the rest of what it showed."""
    rest = str(child.read())
    child.wait()
    return child.exitstatus, rest


def plain(text: str) -> str:
    """What a terminal was shown, without the codes of colour and cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")
