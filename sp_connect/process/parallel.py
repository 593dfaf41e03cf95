"""Many calls that mostly wait, at once. Pure threads; knows nothing of what is called."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from sp_connect.process import threads

JOBS = 32
"""How many calls are under way unless a person says otherwise: more gain little, since Python itself is busy then."""

GRACE = 5.0
"""Seconds that calls under way have left on Ctrl-C, where what Amazon answers must be kept; pressed again, none."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    jobs: int,
    items: Sequence[Item],
    work: Callable[[Item], Result],
    late: Callable[[int, Result], None] | None = None,
) -> Generator[tuple[int, Result], None, None]:
    """Yields the result of `work` for each item with its position, as it completes; raises the first exception.

    The threads are daemons: on Ctrl-C nobody waits for the calls that are under way. With `late` the closing of the
    generator waits for them, GRACE seconds at most, and hands over what they make. Where there are no threads, one item
    comes after another.
    """
    waiting: queue.SimpleQueue[tuple[int, Item]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Result] | BaseException] = queue.SimpleQueue()
    for item in enumerate(items):
        waiting.put(item)

    def labour() -> None:
        while True:
            try:
                position, item = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((position, work(item)))
            except BaseException as error:  # noqa: BLE001 - raised again where it is heard
                done.put(error)
                return

    workers = [thread for _ in range(min(jobs, len(items))) if (thread := threads.start(labour)) is not None]
    if not workers:
        yield from ((position, work(item)) for position, item in enumerate(items))
        return
    try:
        for _ in items:
            result = done.get()
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        for _ in _drained(waiting):
            pass
        if late is not None:
            end = time.monotonic() + GRACE
            for thread in workers:
                thread.join(max(0.0, end - time.monotonic()))
            for result in _drained(done):
                if not isinstance(result, BaseException):
                    late(*result)


def _drained(source: queue.SimpleQueue[Item]) -> Iterator[Item]:
    """Removes and returns everything that is in a queue now."""
    with suppress(queue.Empty):
        while True:
            yield source.get_nowait()
