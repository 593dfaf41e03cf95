"""The switch: it sees every change that the kernel sees, and dies where it is told to."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.program import PROGRAM, SECONDS
from tests.kills.bench import Bench, Given
from tests.kills.launcher import ROOT

WRITER = """
import os, sys
from pathlib import Path
from tests.kills.switch import Kill, Switch

home, number, moment = sys.argv[1:]
unwatched = os.mkdir
Switch(Path(home), Kill(int(number), moment), lambda line: print(line, flush=True)).install()
os.mkdir(f"{home}/folder")
unwatched(f"{home}/unseen")
with os.fdopen(os.open(f"{home}/file", os.O_WRONLY | os.O_CREAT), "wb") as file:
    file.write(b"abcdef")
os.replace(f"{home}/file", f"{home}/target")
os.mkdir(f"{sys.argv[1]}-elsewhere")
"""

SYSTEM_CALLS = {
    "openat": "open",
    "mkdir": "mkdir",
    "chmod": "chmod",
    "fchmodat": "chmod",
    "fchmod": "fchmod",
    "write": "write",
    "fsync": "fsync",
    "rename": "rename",
    "unlink": "unlink",
    "utimensat": "utime",
}
"""What the kernel is asked, and how the switch calls it."""


def write(home: Path, number: int = 0, moment: str = "before") -> tuple[int, str]:
    home.mkdir()
    command = [sys.executable, "-c", WRITER, str(home), str(number), moment]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    return done.returncode, done.stdout


def test_each_change_in_the_home_is_told_and_none_elsewhere(tmp_path: Path) -> None:
    code, told = write(tmp_path / "home")

    assert code == 0
    assert [line for line in told.splitlines() if not line.startswith("!")] == [
        "+ mkdir folder",
        "+ open file",
        "% write file",
        "+ replace file to target",
    ]


def test_a_change_that_came_by_another_way_is_told_as_such(tmp_path: Path) -> None:
    _, told = write(tmp_path / "home")

    assert [line for line in told.splitlines() if line.startswith("!")] == ["! os.mkdir unseen"]


@pytest.mark.parametrize(
    ("number", "moment", "left"),
    [
        (1, "before", {}),
        (2, "before", {"folder": None, "unseen": None}),
        (3, "before", {"folder": None, "unseen": None, "file": b""}),
        (3, "half", {"folder": None, "unseen": None, "file": b"abc"}),
        (3, "after", {"folder": None, "unseen": None, "file": b"abcdef"}),
        (4, "before", {"folder": None, "unseen": None, "file": b"abcdef"}),
        (4, "after", {"folder": None, "unseen": None, "target": b"abcdef"}),
    ],
)
def test_it_dies_at_the_call_and_at_the_moment(
    tmp_path: Path, number: int, moment: str, left: dict[str, bytes | None]
) -> None:
    home = tmp_path / "home"

    code, _ = write(home, number, moment)

    assert code == -9
    assert {path.name: path.read_bytes() if path.is_file() else None for path in home.iterdir()} == left


def test_it_counts_what_the_kernel_sees(ringed: Sequence[tuple[Bench, Given]], tmp_path: Path) -> None:
    bench, agency = ringed[0]
    counted = bench.done(bench.lay_out(agency), "rename", "acme", "zeta")
    home = bench.lay_out(agency)

    seen = traced(bench, home, tmp_path / "trace", "rename", "acme", "zeta")

    names = Counter(call.name.partition(" ")[0] for call in counted.calls if not call.failed)
    del names["keyring"]
    assert names.total() > 30
    assert seen == names + Counter(rename=names.pop("replace"))


def traced(bench: Bench, home: Path, trace: Path, *arguments: str) -> Counter[str]:
    """How often the installed program asks the kernel for each change in a home."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")
    watch = ["strace", "-f", "-qq", "-y", "-z", "-s", "0", "-o", str(trace)]
    watch += ["-e", "trace=openat,/mkdir,/chmod,write,fsync,fdatasync,/rename,/unlink,ftruncate,utimensat"]
    env = {**bench.env, "SP_CONNECT_HOME": str(home)}
    subprocess.run([*watch, PROGRAM, *arguments], env=env, capture_output=True, timeout=SECONDS, check=True)
    calls = [
        match[1]
        for line in trace.read_text().splitlines()
        if f'"{home}' in line or f"<{home}" in line
        if (match := re.match(r"\d+\s+(\w+)\(", line)) and (match[1] != "openat" or re.search("O_CREAT|O_TRUNC", line))
    ]
    return Counter(SYSTEM_CALLS[call] for call in calls)
