"""Detects files that only seem absent: they are behind a dangling link, whose disk is not mounted or was moved."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from sp_connect import errors


def check(path: Path) -> None:
    """Raises Unreadable where `path` is absent because it, or a folder above it, is a link that leads nowhere.

    For what is absent: it costs a few looks at folders. What is taken for absent there would be made anew.
    """
    for place in (path, *path.parents):
        if os.path.lexists(place):
            if place.is_symlink() and not place.exists():
                target = os.path.realpath(place)
                raise errors.Unreadable(
                    path,
                    f"{path} cannot be reached: the link {place} leads to {target}, which is not there. "
                    "Nothing was written.",
                    f"mount its disk, or see where the link leads: ls -l {shlex.quote(str(place))}",
                )
            return
