"""`sp-connect`, and `python -m sp_connect`: where the process begins and ends."""

import gc
import os
import sys

from sp_connect import head_start

ROOM = 100_000
"""Objects that may be made before the collector looks at them all: a start makes a third of that, and no garbage."""


def main() -> None:
    """Runs the command line. Raises SystemExit with the exit code of the contract."""
    gc.set_threshold(ROOM)
    head_start.begin(sys.argv[1:], os.environ)
    from sp_connect import cli

    try:
        cli.main()
    finally:
        gc.disable()  # Python would look at all of them once more, just before the system takes everything back


if __name__ == "__main__":
    main()
