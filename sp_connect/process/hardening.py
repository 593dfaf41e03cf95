"""The memory of this process, which holds secrets: no core file is written of it, and nobody of the same user reads it.

Only the command line shuts it: what calls `sp_connect.credentials` is a program of the user's own (hazards.md 5.6).
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

PR_SET_DUMPABLE = 4


_changing = threading.Lock()
_users_limit: int | None = None
"""How large a core file of this process might be before, in bytes; None while that is not changed."""


def leave_no_core() -> None:
    """Turns core files off: with every command, for the environment may hold a passphrase."""
    global _users_limit  # noqa: PLW0603 - a process has one
    if os.name == "posix":
        import resource

        with _changing:
            if _users_limit is None:
                _users_limit = resource.getrlimit(resource.RLIMIT_CORE)[0]
            _limit_core(0)


def apply() -> None:
    """Disables core dumps and, on Linux, ptrace and /proc access for all but root, until the next exec.

    What cannot be had is done without.
    """
    leave_no_core()
    if sys.platform == "linux":
        with suppress(ImportError, OSError, AttributeError, MemoryError):  # no ctypes, no prctl
            import ctypes

            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def restore_limit() -> None:
    """Gives what `exec` runs the limit that its user set."""
    with _changing:
        if _users_limit is not None:
            _limit_core(_users_limit)


def _limit_core(limit: int) -> None:
    import resource

    with suppress(OSError, ValueError):  # a limit above the hard one, which somebody lowered meanwhile
        resource.setrlimit(resource.RLIMIT_CORE, (limit, resource.getrlimit(resource.RLIMIT_CORE)[1]))
