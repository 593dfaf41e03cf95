"""Figures that the suite measures of itself: docs/security.md has them, and .ci/run prints them."""

from __future__ import annotations

import os


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
