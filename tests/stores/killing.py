"""Does things to the stores of a home and is killed on the way, again and again: `python -m tests.stores.killing`.

Each line on stdin is a deed, a passphrase or none, a folder and a number; the deed is done in a fork, which kills
itself before the operation on the folder's files that has that number. The answer is how the fork ended, 0 or -9;
`killed` asks for it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sp_connect.models import Secret
from tests.stores import moving
from tests.stores.moving import Home, unwatched
from tests.stores.samples import connection

PASSPHRASE, OTHER = "correct horse", "another horse"
PASSPHRASES = {"none": None, "passphrase": PASSPHRASE, "other": OTHER}

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
DECISIVE = {"os.rename", "os.remove"}
"""Those that others see the difference of. The rest is half-written files, which one deed is enough for."""

OPERATIONS = {*DECISIVE, "open", "os.mkdir", "os.rmdir", "os.chmod"}

DEEDS: dict[str, tuple[Callable[[Home], object], Collection[str]]] = {
    "move-keyring": (lambda home: home.moves.run("keyring", unwatched), DECISIVE),
    "make": (lambda home: home.vault.keep(connection().secret_name, Secret("Atzr|acme")), OPERATIONS),
    "move-vault": (lambda home: home.moves.run("vault", unwatched), DECISIVE),
    "settle": (lambda home: home.moves.settle(unwatched), DECISIVE),
    "new-passphrase": (lambda home: home.vault.reseal(Secret(OTHER)), DECISIVE),
    "to-keyring": (lambda home: home.vault.reseal(None), DECISIVE),
}
"""What can be done, and before which operations it is killed."""

Check = Callable[[Path, int], object]


class Killer:
    """The process that does deeds, and is asked for them."""

    def __init__(self, server: subprocess.Popen[str]) -> None:
        self._server = server

    def kills(self, deed: str, folder: Path, number: int, passphrase: str = "none") -> bool:
        """Whether a deed was killed before its operation of that number; else it is done."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{deed} {passphrase} {folder} {number}\n")
        self._server.stdin.flush()
        ended = self._server.stdout.readline().strip()
        assert ended in {"0", "-9"}, "the deed failed: its traceback is on stderr"
        return ended == "-9"

    def at_each_operation(self, deed: str, folder: Path, check: Check, passphrase: str = "none") -> int:
        """Kills a deed at each of its operations, has `check` look at what is left, and puts the home back.

        Returns how often. The last time the deed is done, and looked at too.
        """
        begun = folder.with_name("begun")
        shutil.copytree(folder, begun)
        for number in range(1, 1000):
            was_killed = self.kills(deed, folder, number, passphrase)
            check(folder, number)
            shutil.rmtree(folder)
            shutil.copytree(begun, folder)
            if not was_killed:
                shutil.rmtree(begun)
                return number - 1
        raise AssertionError("there are fewer operations than that")


@contextmanager
def killer() -> Iterator[Killer]:
    command = [sys.executable, "-m", "tests.stores.killing"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield Killer(server)


def _kill_at(number: int, folder: Path, operations: Collection[str]) -> None:
    """Kills this process before its `number`th operation on files of a folder."""
    left = number

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event not in operations or not str(arguments[0]).startswith(str(folder)):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def _do(deed: str, passphrase: str, folder: str, number: str) -> None:
    os.environ["TESTS_RING"] = f"{folder}/ring"
    home = moving.of(Path(folder), PASSPHRASES[passphrase])
    action, operations = DEEDS[deed]
    _kill_at(int(number), Path(folder), operations)
    action(home)


def _serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _do(*line.split())
                status = 0
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(ended)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
