"""The other end of `program`: one run of the real program at a time, to its end or to its death."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.kills.program import LARGEST, Order
from tests.kills.switch import FAILED, IN_TWO, MISSED, WHOLE, Kill

ROOT = Path(__file__).parents[2]
NEVER = Kill(0, "before")


SEEN = ("replace", "rename", "unlink", "keyring", "Amazon")
"""Calls that others see the effect of. After any other the next one is awaited, which changes nothing."""


class Call(NamedTuple):
    """A call that changes something outside, unless it `failed`. What is written `in_two` can be cut short."""

    name: str
    in_two: bool
    failed: bool


@dataclass(frozen=True)
class Ended:
    """What a run left: its exit code, negative for a signal, its streams, and the calls that it was about to make."""

    code: int
    stdout: str
    stderr: str
    calls: Sequence[Call]

    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    def kills(self, where: Sequence[str] = ("",)) -> Iterator[Kill]:
        """Every way to die on the same run: before each call, within each that writes, after each that others see.

        `where` are the calls to die at, by the beginnings of their names.
        """
        for number, call in enumerate(self.calls, 1):
            if call.failed or not call.name.startswith(tuple(where)):
                continue
            yield Kill(number, "before")
            if call.in_two:
                yield Kill(number, "half")
            if call.name.startswith(SEEN):
                yield Kill(number, "after")


@dataclass
class Launcher:
    """A process that has everything imported, and runs what it is told."""

    door: socket.socket

    def run(
        self,
        *arguments: str,
        home: Path,
        env: dict[str, str],
        stdin: str = "",
        kill: Kill = NEVER,
        see: Callable[[str], None] = lambda _: None,
    ) -> Ended:
        """One run. `see` is shown each line of stderr as it is said."""
        with ExitStack() as stack:
            ends = [os.pipe() for _ in range(4)]
            (source, feed), *told = ends
            os.write(feed, stdin.encode())
            os.close(feed)
            theirs = [source, *(write for _, write in told)]
            order = Order(arguments, env, str(home), kill.number, kill.moment)
            socket.send_fds(self.door, [json.dumps(order._asdict()).encode()], theirs)
            for handle in theirs:
                os.close(handle)
            stdout, stderr, calls = (
                stack.enter_context(os.fdopen(read, encoding="utf-8", errors="replace")) for read, _ in told
            )
            said = ""
            for line in stderr:
                said += line
                see(line.strip())
            made = _calls(calls.read().splitlines())
            return Ended(json.loads(self.door.recv(LARGEST)), stdout.read(), said, made)


def _calls(lines: Sequence[str]) -> list[Call]:
    assert not [line for line in lines if line.startswith(MISSED)], lines
    failed = {int(line.removeprefix(FAILED)) for line in lines if line.startswith(FAILED)}
    made = [line for line in lines if line.startswith((WHOLE, IN_TWO))]
    return [Call(line[2:], line.startswith(IN_TWO), number in failed) for number, line in enumerate(made, 1)]


@contextmanager
def launched(env: dict[str, str]) -> Iterator[Launcher]:
    """A launcher while the block runs."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        command = [sys.executable, "-m", "tests.kills.program", str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=ROOT, env=env, pass_fds=[theirs.fileno()])
        theirs.close()
        try:
            yield Launcher(ours)
        finally:
            ours.close()
            process.wait(timeout=30)
