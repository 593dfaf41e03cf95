"""`sp-connect`, and `python -m sp_connect`: where the process begins and ends."""

import gc
import os
import sys

from sp_connect import prefetch_key

ROOM = 100_000
"""Objects that may be made before the collector looks at them all: a start makes a third of that, and no garbage."""

NO_ROOM = b"error: There is not enough memory to start.\nhint: raise the limit: ulimit -v unlimited\n"


def main() -> None:
    """Runs the command line. Raises SystemExit with the exit code of the contract."""
    gc.set_threshold(ROOM)
    prefetch_key.begin(sys.argv[1:], os.environ)
    try:
        from sp_connect.cli import main

        main.main()
    except (MemoryError, ImportError) as error:
        if not isinstance(error, MemoryError) and "failed to map" not in str(error):
            raise
        os.write(2, NO_ROOM)  # what builds our errors could not be loaded
        raise SystemExit(4) from None
    finally:
        gc.disable()  # Python would look at all of them once more, just before the system takes everything back


if __name__ == "__main__":
    main()
