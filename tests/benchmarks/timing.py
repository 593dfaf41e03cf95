"""Whole processes, timed side by side: each in turn with its rivals, so that a busy machine slows all of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

PROGRAM = str(Path(sys.executable).with_name("sp-connect"))
TYPER = (sys.executable, "-c", "import typer")
"""The library that it is built on, and nothing else: what a start cannot undercut by much."""

ROUNDS = 9
# As installed: byte code is written once and read from then on.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Cost(NamedTuple):
    """What a process took: seconds of wall time, and its peak of memory in MB."""

    wall: float
    memory: float


class Case(NamedTuple):
    """A command to be timed; `before` puts things in their place each time, untimed. `codes` are those of success."""

    command: Sequence[str]
    environment: Mapping[str, str] = {}
    before: Callable[[], object] = lambda: None
    codes: Sequence[int] = (0,)


def cost(case: Case) -> Cost:
    case.before()
    began = time.perf_counter()
    process = subprocess.Popen(
        case.command,
        env=ENVIRONMENT | dict(case.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
    assert process.returncode in case.codes, (case.command, process.returncode)
    return Cost(wall, used.ru_maxrss / 1024)


def compared(*cases: Case, rounds: int = ROUNDS) -> list[Cost]:
    """The median of each case, after a warm-up."""
    turns = [[cost(case) for case in cases] for _ in range(rounds + 1)][1:]
    return [Cost(*(median(column) for column in zip(*costs, strict=True))) for costs in zip(*turns, strict=True)]
