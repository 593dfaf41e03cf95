"""What may be true when: writes and reads that overlap in time, and the reads that no order of them explains.

A place (a seller's region, or the name that a seller goes by) is a register. Of two writes, one was last for
certain only if it began after the other had ended; so a read may show every write that began before the read
ended, unless another write lies wholly between the two. Pure; times are seconds of the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SLACK = 1.0
"""Records tell a moment in whole seconds."""


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no connection."""


@dataclass(frozen=True, slots=True)
class Present:
    """There is one. `since` is when the record says that consent was given, `token_of` when Amazon says so."""

    since: float | None = None
    token_of: float | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """The name that a seller goes by."""

    name: str


State = Absent | Present | Named


@dataclass(frozen=True, slots=True)
class Write:
    """A command that left `state`, between `began` and `ended`; of one that was killed it is not `certain`.

    `prepared` is when the seller was first asked for what it keeps, where that was before it began.
    """

    began: float
    ended: float
    state: State
    certain: bool = True
    prepared: float | None = None

    def may_show(self, shown: State) -> bool:
        """Whether a reader who sees this write's state sees `shown`."""
        if isinstance(self.state, Present) and isinstance(shown, Present):
            first = self.began if self.prepared is None else self.prepared
            known = [moment for moment in (shown.since, shown.token_of) if moment is not None]
            same = None in {self.state.since, shown.since} or self.state.since == shown.since
            return same and all(first - SLACK <= moment <= self.ended for moment in known)
        return self.state == shown


@dataclass(frozen=True, slots=True)
class Read:
    """What somebody was shown, between `began` and `ended`; `by` is for the one who reads the report."""

    began: float
    ended: float
    shown: State
    by: str


@dataclass
class Place:
    """One register. `first` is its state before anybody wrote."""

    first: State
    writes: list[Write] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)

    def untrue(self) -> list[Read]:
        """The reads that no order of the writes explains."""
        writes = [Write(float("-inf"), float("-inf"), self.first), *self.writes]
        return [read for read in self.reads if not any(_explains(one, read, writes) for one in writes)]


def _explains(write: Write, read: Read, writes: Sequence[Write]) -> bool:
    if write.began > read.ended or not write.may_show(read.shown):
        return False
    return not any(later.certain and write.ended < later.began and later.ended < read.began for later in writes)
