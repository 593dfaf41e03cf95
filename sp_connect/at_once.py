"""Many calls that mostly wait, at once. Pure threads; knows nothing of what is called."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

JOBS = 32
"""How many calls are under way unless a person says otherwise: more gain little, since Python itself is busy then."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(jobs: int, items: Sequence[Item], work: Callable[[Item], Result]) -> Iterator[tuple[int, Result]]:
    """What `work` makes of each item, with the item's position, as it comes; raises the first exception of any.

    The threads are daemons: on Ctrl-C nobody waits for the calls that are under way. So this is for asking, not
    for writing.
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

    for _ in range(min(jobs, len(items))):
        threading.Thread(target=labour, daemon=True).start()
    for _ in items:
        result = done.get()
        if isinstance(result, BaseException):
            raise result
        yield result
