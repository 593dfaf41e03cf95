"""Which job has the terminal: one in the background (`&`, Ctrl-Z and `bg`) that reads it is stopped."""

from __future__ import annotations

import os
import sys
from typing import Any


def is_ours(terminal: Any) -> bool:
    """Whether this process is in the foreground of `terminal`, a stream or its number; true where there are no jobs.

    It changes at any time, so it is asked each time.
    """
    if sys.platform == "win32":
        return True
    try:
        number = terminal if isinstance(terminal, int) else terminal.fileno()
        return os.tcgetpgrp(number) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # no terminal, or not the one that this session's jobs share
        return True
