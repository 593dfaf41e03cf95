"""Ctrl-C while something is on its way to the store: heard, but not before it is there."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from sp_connect.process import signals

pytestmark = pytest.mark.usefixtures("ctrl_c")


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def done_by(work: Callable[[list[str]], None]) -> list[str]:
    """The steps that `work` came to before it was interrupted."""
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        work(steps)
    return steps


def test_it_waits_until_what_is_held_is_done() -> None:
    def work(steps: list[str]) -> None:
        with signals.deferred():
            press()
            steps.append("kept")

    assert done_by(work) == ["kept"]


def test_pressed_twice_it_is_heard_at_once() -> None:
    def work(steps: list[str]) -> None:
        with signals.deferred():
            press()
            steps.append("once")
            press()
            steps.append("twice")

    assert done_by(work) == ["once"]


def test_without_it_nothing_is_raised_and_it_is_heard_as_before() -> None:
    with signals.deferred():
        pass
    with pytest.raises(KeyboardInterrupt):
        press()


def test_what_fails_meanwhile_gives_way_to_it() -> None:
    def work() -> None:
        with signals.deferred():
            press()
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        work()


def test_where_nothing_is_lost_by_it_it_is_heard_at_once() -> None:
    def work(steps: list[str]) -> None:
        with signals.deferred():
            with signals.allowed():
                press()
                steps.append("not reached")
            steps.append("nor this")

    assert done_by(work) == []


def test_one_that_was_pressed_before_is_heard_there() -> None:
    def work(steps: list[str]) -> None:
        with signals.deferred():
            press()
            with signals.allowed():
                steps.append("not reached")

    assert done_by(work) == []


def test_after_such_a_place_it_waits_again() -> None:
    def work(steps: list[str]) -> None:
        with signals.deferred():
            with signals.allowed():
                pass
            press()
            steps.append("kept")

    assert done_by(work) == ["kept"]


def test_one_within_another_changes_nothing() -> None:
    def work(steps: list[str]) -> None:
        with signals.deferred():
            with signals.deferred():
                press()
            steps.append("kept")

    assert done_by(work) == ["kept"]


def test_other_threads_neither_hear_nor_hold_it() -> None:
    found = []

    def work() -> None:
        with signals.deferred(), signals.allowed():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_whoever_else_listens_goes_on_listening() -> None:
    heard = []
    signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    with signals.deferred(), signals.allowed():
        press()
    assert heard == [1]


PROGRAM = """
import signal, sys
from sp_connect.process import signals
number = int(sys.argv[1])
try:
    with signals.deferred():
        if sys.argv[2] == "heard":
            try:
                with signals.allowed():
                    signal.raise_signal(number)
            except KeyboardInterrupt:
                pass
        else:
            signal.raise_signal(number)
        print("kept", flush=True)
finally:
    print("left", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("where", ["held", "heard"])
def test_the_end_of_a_session_waits_too(number: signal.Signals, where: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(int(number)), where], capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.returncode) == ("kept\n", -number)


def test_a_second_end_is_not_waited_for() -> None:
    twice = PROGRAM.replace('print("kept", flush=True)', "signal.raise_signal(number); print('not reached')")
    ended = subprocess.run([sys.executable, "-c", twice, "15", "held"], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.returncode) == ("", -15)
