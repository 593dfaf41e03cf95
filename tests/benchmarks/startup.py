"""How long sp-connect takes to start, against the library that it is built on: `python -m tests.benchmarks.startup`.

Whole processes, in turn with their rival so that a busy machine slows both, as medians of nine after a warm-up.
The ratios count; the seconds are this machine's.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 9
PROGRAM = str(Path(sys.executable).with_name("sp-connect"))
RIVAL = [sys.executable, "-c", "import typer"]

TAB = ["env", "_SP_CONNECT_COMPLETE=complete_bash", "COMP_WORDS=sp-connect\nlist\n--seller", "COMP_CWORD=3", PROGRAM]

CASES = (
    ("--version", [PROGRAM, "--version"], 1.3),
    ("--help", [PROGRAM, "--help"], None),
    ("list, one connection", [PROGRAM, "list"], 2.0),
    ("list --json, one connection", [PROGRAM, "list", "--json"], None),
    ("TAB behind list --seller", TAB, 1.2),
)


def seconds(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # As installed: byte code is written once and read from then on.
        home = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        home["SP_CONNECT_HOME"] = folder
        connect = [PROGRAM, "--simulate", "connect", "--seller", "acme", "--region", "eu", "--no-browser"]
        subprocess.run(connect, env=home, check=True, capture_output=True)
        home["SP_CONNECT_HOME"] = str(Path(folder) / "simulated")
        print(f"{'':30} {'ours':>8} {'typer':>8} {'ratio':>7}  at most")
        for name, command, bound in CASES:
            seconds(command, home), seconds(RIVAL, home)
            pairs = [(seconds(command, home), seconds(RIVAL, home)) for _ in range(ROUNDS)]
            ours, typer = (statistics.median(column) for column in zip(*pairs, strict=True))
            limit = f"{bound:.1f}" if bound else ""
            print(f"{name:30} {ours:7.3f}s {typer:7.3f}s {ours / typer:7.2f}  {limit}")


if __name__ == "__main__":
    main()
