"""What docs/reference.py writes is what the program has, and the manual page is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from docs import reference

MANUAL = reference.DOCS / "sp-connect.1"
FILES = [path for path, _ in reference.written()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_the_program_tells_is_what_stands_there(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == dict(reference.written())[path], (
        "python docs/reference.py writes it anew"
    )


def test_every_command_and_flag_is_on_the_page_and_in_the_manual() -> None:
    page, manual = (path.read_text(encoding="utf-8") for path in (reference.DOCS / "commands.md", MANUAL))
    found = [command for _, commands in reference.sections() for command in reference.flat(commands)]

    assert {"connect", "app add", "store move", "verify"} <= {command.name for command in found}
    for command in found:
        assert f"### {command.name}\n" in page
        assert f".SS {command.name}\n".replace("-", "\\-") in manual
    flags = {flag for command in found for line in command.lines for flag in re.findall(r"--[a-z-]+", line.name)}
    assert len(flags) > 40
    assert flags <= set(re.findall(r"--[a-z-]+", page))
    assert flags <= set(re.findall(r"--[a-z-]+", manual.replace("\\-", "-")))


def test_a_page_keeps_what_was_written_by_hand_above_it() -> None:
    for name in ("commands.md", "troubleshooting.md"):
        by_hand, mark, told = (reference.DOCS / name).read_text(encoding="utf-8").partition(reference.MARK)
        assert by_hand.startswith("# ")
        assert mark
        assert told.strip()


@pytest.mark.skipif(shutil.which("groff") is None, reason="apt-get install groff")
def test_the_manual_page_is_one_without_a_warning() -> None:
    command = ["groff", "-man", "-Tutf8", "-ww", "-z", str(MANUAL)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
