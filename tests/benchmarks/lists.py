"""`list` of 2,000 sellers and 10,000 connections in each of its forms: `python -m tests.benchmarks.lists`.

Whole processes, in turn with two others so that a busy machine slows all of them, as medians of nine after a
warm-up: `import typer`, and the floor, which reads the same files with rtoml and does nothing else. The columns are
processor time, user and system; wall time and the peak of memory are ours. An agency's accounts are as real ones:
ten marketplaces in Europe, three or four in North America, one in each country of the Far East.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sp_connect.amazon import geography
from sp_connect.models import Connection, Marketplace
from sp_connect.stores.connections import Connections

SELLERS = 2_000
ROUNDS = 9
PROGRAM = str(Path(sys.executable).with_name("sp-connect"))
RIVAL = [sys.executable, "-c", "import typer"]
FLOOR = [
    sys.executable,
    "-c",
    "import sys, pathlib, rtoml; [rtoml.loads(p.read_text()) for p in pathlib.Path(sys.argv[1]).iterdir()]",
]
SELLS_IN = (
    ("na", None, ("US", "CA", "MX", "BR")),
    ("eu", None, ("DE", "FR", "GB", "IT", "ES", "NL", "SE", "PL", "BE", "IN")),
    ("fe", "JP", ("JP",)),
    ("fe", "AU", ("AU",)),
    ("fe", "SG", ("SG",)),
)

CASES = (
    ("list --matrix", "1.0 s, 150 MB"),
    ("list --json", "0.8 s, 100 MB"),
    ("list", ""),
    ("list --csv", ""),
)
"""What is timed, and what wall time and memory it may take on two cores that are at rest."""


class Cost(NamedTuple):
    """What a process took: seconds of processor and of wall time, and its peak of memory in MB."""

    processor: float
    wall: float
    memory: float


def fill(home: Path) -> None:
    """A home of 2,000 sellers, each connected everywhere; their years end on all days of a year."""
    now = datetime.now(UTC)
    rows = []
    for number in range(SELLERS):
        for at, (region, country, codes) in enumerate(SELLS_IN):
            sold = codes[: 3 + number % 2] if region == "na" else codes
            rows.append(
                Connection(
                    scope=geography.scope(f"seller-{number:05}", region, country),
                    selling_partner_id=f"A{number:08}{region.upper()}{at:02}",
                    app="default",
                    access_level="default",
                    standing="connected",
                    authorized_at=now - timedelta(days=(7 * number + at) % 360),
                    verified_at=now,
                    marketplaces=tuple(_marketplace(code, number) for code in sold),
                    secret_ref=f"{number:06x}{at:06x}",
                )
            )
    Connections(home / "connections").put_all(rows)


def _marketplace(code: str, number: int) -> Marketplace:
    there = geography.COUNTRIES[code]
    shop = f"www.{there.domain}"
    return Marketplace(
        code, there.marketplace_id, there.domain.capitalize(), shop, there.currency, f"Store {number}", True, False
    )


def cost(command: list[str], environment: dict[str, str]) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
    assert process.returncode == 0, command
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - began, used.ru_maxrss / 1024)


def median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def main() -> None:
    # As installed: byte code is written once and read from then on.
    home = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        home["SP_CONNECT_HOME"] = folder
        # In a process of its own: what this one takes, those that it starts would seem to take too.
        filling = multiprocessing.get_context("spawn").Process(target=fill, args=(Path(folder),))
        filling.start()
        filling.join()
        assert filling.exitcode == 0
        floor = [*FLOOR, str(Path(folder) / "connections")]
        print(f"{'':16} {'ours':>8} {'typer':>8} {'ratio':>6} {'floor':>8} {'wall':>8} {'memory':>8}  at most")
        for name, bound in CASES:
            commands = [PROGRAM, *name.split()], RIVAL, floor
            rounds = [[cost(command, home) for command in commands] for _ in range(ROUNDS + 1)][1:]
            ours, typer, least = (median(list(column)) for column in zip(*rounds, strict=True))
            print(
                f"{name:16} {ours.processor:7.3f}s {typer.processor:7.3f}s {ours.processor / typer.processor:6.1f} "
                f"{least.processor:7.3f}s {ours.wall:7.3f}s {ours.memory:5.0f} MB  {bound}"
            )


if __name__ == "__main__":
    main()
