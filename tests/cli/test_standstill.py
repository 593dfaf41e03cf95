"""A wait whose end falls into a time in which the machine was asleep, or the program stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

import pytest
import requests

from sp_connect.simulator import seller
from tests.cli.program import SECONDS, Program, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="no other system stops a program by a signal"),
]


def waits(program: Program) -> bool:
    """Whether the wait has begun: somebody decides about what arrives."""
    return requests.get(f"http://{program.listen}/callback?state=x", timeout=SECONDS).status_code == 400


def test_an_answer_that_came_meanwhile_is_taken(staffed: Program) -> None:
    with staffed.started("connect", "-s", "acme", "-r", "eu", "--no-browser", "--timeout", "3") as process:
        assert process.stderr is not None
        address = until(process.stderr, "http://").splitlines()[-1].strip()
        assert waits(staffed)
        process.send_signal(signal.SIGSTOP)
        threading.Thread(target=seller.confirm, args=(address, "acme", staffed.listen), daemon=True).start()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(4)
        process.send_signal(signal.SIGCONT)
        stdout, stderr = process.communicate(timeout=SECONDS)

    assert process.returncode == 0, stderr
    assert "A2EXAMPLE1234" in stdout


def test_where_none_came_the_wait_ends(staffed: Program) -> None:
    with staffed.started("connect", "-s", "acme", "-r", "eu", "--no-browser", "--timeout", "3") as process:
        assert process.stderr is not None
        until(process.stderr, "http://")
        assert waits(staffed)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(4)
        process.send_signal(signal.SIGCONT)
        _, stderr = process.communicate(timeout=SECONDS)

    assert process.returncode == 3
    assert "came within 3 seconds" in stderr
