"""A lock is one process's at a time, and a queue that moves is waited in."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.stores.home import locks


def test_a_second_writer_is_told_who_keeps_it_waiting(tmp_path: Path) -> None:
    caught: list[errors.StoreLocked] = []

    def second() -> None:
        try:
            with locks.held(tmp_path / "lock", wait=0.05):
                pass
        except errors.StoreLocked as error:
            caught.append(error)

    with locks.held(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "Another sp-connect has been writing" in caught[0].message
    assert (tmp_path / "lock").exists()
    with locks.held(tmp_path / "lock", wait=0):
        pass


@pytest.mark.slow
def test_a_queue_that_moves_is_waited_in_for_longer_than_one_writer_may_take(tmp_path: Path) -> None:
    done: list[int] = []
    full = threading.Barrier(12)

    def write(number: int) -> None:
        full.wait()
        for _ in range(2):
            with locks.held(tmp_path / "lock", wait=1.0):
                threading.Event().wait(0.1)
        done.append(number)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(done) == list(range(12))


def test_a_killed_writer_gives_its_lock_back(tmp_path: Path) -> None:
    hold = (
        "import os, sys; from pathlib import Path; from sp_connect.stores.home import locks\n"
        "with locks.held(Path(sys.argv[1])): os.kill(os.getpid(), 9)\n"
    )
    run = subprocess.run([sys.executable, "-c", hold, tmp_path / "lock"], check=False)
    assert run.returncode == -9
    with locks.held(tmp_path / "lock", wait=0):
        pass
