"""A progress bar on stderr, where somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sp_connect.process import foreground, threads
from sp_connect.terminal.screen import Screen


@contextmanager
def bar(screen: Screen, label: str, total: int) -> Iterator[Callable[[], None]]:
    """Yields what is called once for each of `total` steps."""
    if screen.quiet or total < 2 or not screen.err.is_terminal or not foreground.is_ours(screen.err.file):
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    moves = threads.can_be_had()  # else it is drawn anew at each step alone
    with Progress(*columns, console=screen.err, transient=True, auto_refresh=moves) as progress:
        task = progress.add_task(label, total=total)
        yield lambda: progress.update(task, advance=1, refresh=not moves)
