"""The real program as a process of its own: what it is told, what it says, and with which code it ends."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from tests import surroundings

COMMAND = (sys.executable, "-m", "sp_connect")

ENDING_SECONDS = 30.0


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


class Waiting:
    """A `connect` that has told its address and waits for the answer. Its own --timeout ends it in any case."""

    address: str

    def __init__(self, process: subprocess.Popen[str], amazon: str) -> None:
        self._process = process
        self._said: list[str] = []
        self._amazon = amazon

    def next_address(self) -> str:
        """The next consent page that it names."""
        for line in _pipe(self._process.stderr):
            self._said.append(line)
            if line.startswith(self._amazon):
                return line.strip()
        raise AssertionError(f"no address was told: {''.join(self._said)}")

    def stop(self) -> None:
        """Whatever it does: a test that failed leaves nothing running."""
        with self._process:
            self._process.kill()

    def ended(self) -> Ended:
        stderr = "".join(self._said) + _pipe(self._process.stderr).read()
        stdout = _pipe(self._process.stdout).read()
        return Ended(self._process.wait(ENDING_SECONDS), stdout, stderr)


@dataclass(frozen=True)
class Program:
    """sp-connect with one home, in front of the simulated Amazon at `amazon`."""

    home: Path
    amazon: str
    started: list[Waiting] = field(default_factory=list)

    @classmethod
    def copied(cls, registered: Path, home: Path, amazon: str) -> Self:
        """One whose home is a copy of another, app and all."""
        shutil.copytree(registered, home)
        return cls(home, amazon)

    def stop(self) -> None:
        for waiting in self.started:
            waiting.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Ours without what a developer may have set, and with warnings as errors here too."""
        return surroundings.inherited() | {
            "SP_CONNECT_HOME": str(self.home),
            "SP_CONNECT_STORE": "vault",
            "SP_CONNECT_PASSPHRASE": "correct horse",
            "SP_CONNECT_AMAZON_URL": self.amazon,
            "PYTHONWARNINGS": "error",
        }

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=ENDING_SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def connect(self, seller: str, *more: str, region: str = "eu", timeout: int = 30) -> Waiting:
        asked = ["--seller", seller, "--region", region, "--no-browser", "--timeout", str(timeout), *more]
        process = subprocess.Popen(
            [*COMMAND, "connect", *asked],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        waiting = Waiting(process, self.amazon)
        self.started.append(waiting)
        waiting.address = waiting.next_address()
        return waiting


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None, "it was opened as a pipe"
    return stream
