"""docs/scripts.md, taken apart: its blocks in the order in which they stand, and its links."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs"
TEXT = (FOLDER / "scripts.md").read_text(encoding="utf-8")

# A block more or less and this fails: what is added to the page has to be run somewhere.
(
    ONE_CALL,
    SET_UP,
    REPORT_SH,
    CRONTAB,
    DOCKERFILE,
    DOCKER,
    REPORT_PY,
    ONE_CLIENT_PY,
    CLIENTS_PY,
    EXPORT,
) = re.findall(r"^```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

LINKS = re.findall(r"\]\(([^)]+)\)", TEXT)


def first_column(heading: str) -> list[str]:
    """What stands first in each row of the table whose head begins so, less the head."""
    rows = TEXT.partition(f"| {heading} |")[2].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]
