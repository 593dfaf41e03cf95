"""How the cost grows with connections and with jobs: `python -m tests.benchmarks.growth`, with the extra `bench`.

Prints both tables and draws both charts into docs/pictures/growth.svg. Whole processes, medians, each in turn with
`import typer`, in whose multiples the first chart is: the machine's speed and its other work cancel out.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from tests.benchmarks import homes, verify
from tests.benchmarks.timing import PROGRAM, TYPER, Case, compared

SIZES = (1, 10, 100, 1_000, 10_000)
JOBS = (1, 2, 4, 8, 16, 32, 64)
CHECKED = 100
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "growth.svg"
GREY = "#808080"
"""Legible on a light page and on a dark one."""

SELLER = ["--seller", "seller-00000"]
COMMANDS: Mapping[str, list[str]] = {
    "list --json": ["list", "--json"],
    "connect": ["-q", "--simulate", "connect", "--seller", "acme", "--region", "eu", "--no-browser"],
    "revoke": ["revoke", *SELLER, "--region", "na", "--yes"],
    "token": ["token", *SELLER, "--region", "na"],
    "show": ["show", *SELLER],
}


def by_size(folder: Path) -> dict[str, list[float]]:
    """Of each command, what it costs in a home of each size, in multiples of `import typer`."""
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for size in SIZES:
        place = folder / str(size)
        home = place / "simulated"
        home.mkdir(parents=True)
        homes.fill(home, size)
        cases = [Case(TYPER)]
        for name, command in COMMANDS.items():
            inside = {"SP_CONNECT_HOME": str(place)} if name == "connect" else homes.variables(home)
            cases.append(Case([PROGRAM, *command], inside, partial(_put_back, home)))
        typer, *costs = compared(*cases)
        for name, cost in zip(COMMANDS, costs, strict=True):
            found[name].append(cost.wall / typer.wall)
        print(f"{size:7} " + " ".join(f"{name} {found[name][-1]:.2f}" for name in COMMANDS), flush=True)
    return found


def _put_back(home: Path) -> None:
    homes.restore(home)
    homes.forget(home, "acme")


def by_jobs(folder: Path) -> list[float]:
    """Seconds that `verify` takes for CHECKED connections at 50 ms a call, with each number of jobs."""
    home = folder / "checked"
    home.mkdir()
    homes.fill(home, CHECKED)
    found = []
    with verify.slow_amazon() as base:
        inside = homes.variables(home) | {"SP_CONNECT_AMAZON_URL": base}
        for jobs in JOBS:
            [cost] = compared(Case([PROGRAM, "verify", "--json", "--jobs", str(jobs)], inside), rounds=5)
            found.append(cost.wall)
            print(f"{jobs:7} jobs {cost.wall:.2f} s", flush=True)
    return found


def draw(sizes: Mapping[str, Sequence[float]], jobs: Sequence[float]) -> None:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, values in sizes.items():
        left.plot(SIZES, values, marker="o", markersize=4, label=name)
    left.set(xscale="log", yscale="log", xlabel="connections in the home", ylabel="times import typer")
    left.set_xticks(SIZES, labels=[f"{size:,}" for size in SIZES])
    left.set_xticks([], minor=True)
    left.set_yticks([1, 2, 3, 5, 10, 20], labels=["1", "2", "3", "5", "10", "20"])
    left.set_yticks([], minor=True)
    left.set_ylim(1, 40)
    left.legend(frameon=False, labelcolor=GREY, fontsize=9, loc="upper left", ncols=2)
    right.plot(JOBS, jobs, marker="o", markersize=4)
    right.plot(JOBS, [2 * verify.CALL_SECONDS * CHECKED / one for one in JOBS], linestyle=":", color=GREY)
    right.annotate("the calls alone", (JOBS[2], 2 * verify.CALL_SECONDS * CHECKED / JOBS[2]), color=GREY,
                   xytext=(-8, -14), textcoords="offset points", ha="right", fontsize=9)  # fmt: skip
    right.set(xscale="log", yscale="log", xlabel="--jobs", ylabel=f"seconds, verify of {CHECKED} at 50 ms a call")
    right.set_xticks(JOBS, labels=[str(one) for one in JOBS])
    right.set_xticks([], minor=True)
    right.set_yticks([0.5, 1, 2, 5, 10], labels=["0.5", "1", "2", "5", "10"])
    right.set_yticks([], minor=True)
    for axes in (left, right):
        axes.tick_params(colors=GREY)
        axes.patch.set_alpha(0)
        axes.grid(color=GREY, alpha=0.25, linewidth=0.6)
        for part in (axes.xaxis.label, axes.yaxis.label):
            part.set_color(GREY)
        for side, spine in axes.spines.items():
            spine.set_visible(side in {"left", "bottom"})
            spine.set_color(GREY)
    figure.savefig(PICTURE, transparent=True, metadata={"Date": None})


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        sizes, jobs = by_size(Path(name)), by_jobs(Path(name))
    draw(sizes, jobs)
    print(PICTURE.relative_to(Path.cwd()) if PICTURE.is_relative_to(Path.cwd()) else PICTURE, file=sys.stderr)


if __name__ == "__main__":
    main()
