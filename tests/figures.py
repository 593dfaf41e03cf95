"""Figures that the suite measures of itself: docs/security.md says how large each is at least.

    SP_CONNECT_FIGURES=counted pytest; python -m tests.figures counted

prints them beside what the document says, and fails where one is smaller.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from pathlib import Path

DOCUMENT = Path(__file__).parent.parent / "docs" / "security.md"
ROW = re.compile(r"^\| ([a-z ]+) \| ([\d,]+) \|", re.MULTILINE)


def record(name: str, count: int) -> None:
    """Adds a line, name and number, to the file that SP_CONNECT_FIGURES names; nothing where it names none."""
    file = os.environ.get("SP_CONNECT_FIGURES")
    if file:
        line = f"{name}\t{count}\n".encode()
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)  # a line is written whole, or not at all
        try:
            os.write(handle, line)
        finally:
            os.close(handle)


def promised() -> dict[str, int]:
    """By its name, how large each figure is at least."""
    _, _, table = DOCUMENT.read_text(encoding="utf-8").partition("\n## Figures\n")
    return {name: int(number.replace(",", "")) for name, number in ROW.findall(table)}


def counted(text: str) -> Counter[str]:
    """The sums of what was recorded."""
    found: Counter[str] = Counter()
    for line in text.splitlines():
        name, number = line.split("\t")
        found[name] += int(number)
    return found


def main(file: str) -> int:
    found, least = counted(Path(file).read_text(encoding="utf-8")), promised()
    sys.stdout.write(f"{'':20} {'at least':>12} {'this run':>12}\n")
    for name in sorted(least | found):
        sys.stdout.write(f"{name:20} {least.get(name, 0):12,} {found[name]:12,}\n")
    short = [name for name, number in least.items() if found[name] < number]
    if short:
        sys.stderr.write(f"smaller than docs/security.md says: {', '.join(short)}\n")
    return 1 if short or not least else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
