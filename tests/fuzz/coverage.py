"""The targets under atheris, which looks for inputs that reach code no input before them did.

    python -m tests.fuzz.coverage [TARGET ...] [--runs 20000] [--seconds 10] [--seed 1] [--jobs 2]

Each target has a process of its own, because libFuzzer ends it. An input that breaks something is left in the
folder `broken-inputs`; once that is mended, it belongs into the corpus. Needs the extra `fuzz`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests import figures
from tests.fuzz.target import workshop

ALONE = "--alone"
BROKEN = Path("broken-inputs")
DONE = re.compile(r"^Done (\d+) runs in (\d+) second", re.MULTILINE)
COVERED = re.compile(r"cov: (\d+)")


def main(arguments: Sequence[str]) -> int:
    from tests.fuzz import targets

    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.coverage")
    parser.add_argument("target", nargs="*", help=", ".join(targets.ALL))
    parser.add_argument("--runs", type=int, default=20_000, help="inputs for each target, at most")
    parser.add_argument("--seconds", type=int, default=10, help="for each target, at most; begins after its start")
    parser.add_argument("--seed", type=int, default=1, help="another one finds other inputs")
    parser.add_argument("--jobs", type=int, default=2, help="targets at once")
    options = parser.parse_args(arguments)
    names = options.target or list(targets.ALL)
    BROKEN.mkdir(exist_ok=True)
    run = partial(_in_a_process, runs=options.runs, seconds=options.seconds, seed=options.seed)
    with ThreadPoolExecutor(options.jobs) as jobs:
        counts = list(jobs.map(run, names))
    figures.record("fuzz inputs", sum(count or 0 for count in counts))
    if None not in counts:
        BROKEN.rmdir()
    return int(None in counts)


def _in_a_process(name: str, runs: int, seconds: int, seed: int) -> int | None:
    """How many inputs a target was given; None where one broke it."""
    with workshop() as folder:
        arguments = [ALONE, name, str(folder), str(runs), str(seconds), str(seed)]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.coverage", *arguments], capture_output=True, text=True, check=False
        )
    done = DONE.search(ended.stderr)
    if ended.returncode or done is None:
        sys.stderr.write(f"{name}: broken\n{ended.stdout}{ended.stderr[-2000:]}\n")
        return None
    covered = COVERED.findall(ended.stderr)
    sys.stdout.write(f"{name:14}{int(done[1]):>9,} inputs in {done[2]:>3} s, {covered[-1] if covered else 0} places\n")
    sys.stdout.flush()
    return int(done[1])


def _alone(name: str, folder: Path, runs: str, seconds: str, seed: str) -> None:
    """Gives the target inputs until they are enough; does not return."""
    import atheris

    with atheris.instrument_imports(include=["sp_connect"]):
        from tests.fuzz import targets
    from tests.fuzz.target import LONGEST, ready

    target = targets.ALL[name]
    seeds = folder / "seeds"
    seeds.mkdir()
    home = folder / "home"
    home.mkdir()
    with ready(target, home) as (read, samples):
        for number, sample in enumerate(samples):
            (seeds / str(number)).write_bytes(sample)
        limits = [f"-runs={runs}", f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST}", "-timeout=20"]
        output = [f"-artifact_prefix={BROKEN}/{name}-", "-print_final_stats=0", f"-dict={target.dictionary}"]
        atheris.Setup([sys.argv[0], *limits, *output, str(seeds)], read)
        atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == [ALONE]:
        _alone(sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
    else:
        sys.exit(main(sys.argv[1:]))
