"""Limits of the listener: how many requests it accepts and how long it waits (hazards.md 1.1)."""

from __future__ import annotations

import sys

ASKING_SECONDS = 5.0
"""How long a client may take to ask, silent or byte by byte: browsers open sockets that they never use."""

MOST_SOCKETS = 256
"""Beyond this many at once that have not asked yet, the one that came first makes room."""

MOST_HELD = 256
"""Browsers that are kept waiting for their page at once; the next is told at once that nothing is known yet."""

MOST_UNDECIDED = 1024
"""Arrivals that nobody has looked at. So many come only while the awaited answer is worked on: the next are dropped."""

LONGEST_TARGET = 16 * 1024

LONGEST_HEAD = 32 * 1024
"""Bytes of a request line with its headers: the parsed form takes several times as much."""

HELD_SECONDS = 100.0
"""How long a browser is kept waiting for its page; where Amazon takes longer still, only the terminal says more."""

CLOSING_SECONDS = 2.0
"""How long the last pages may take to be sent."""


def files_at_most() -> int:
    """How many files and sockets this process may have open at once."""
    if sys.platform == "win32":
        return 4 * MOST_SOCKETS  # where sockets are none of the files that are counted
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 4 * MOST_SOCKETS if most == resource.RLIM_INFINITY else most
