"""Faults of Amazon that a test can switch on. No HTTP.

A fault belongs to one endpoint and lasts for `times` requests, or until it is cleared. Some spoil the answer
whatever it is, some bend one rule of Amazon's; each kind below says which.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from sp_connect.amazon import geography

Endpoint = Literal["token", "sellers", "fees", "consent"]

SPOILING = MappingProxyType(
    {
        "delay": "waits `seconds` before it answers",
        "drop": "closes the connection without an answer; nothing was done",
        "truncated": "does what was asked, and closes in the middle of the answer",
        "status": "answers `status` with a `body` of json, html or none, `error` and a Retry-After if given",
        "html": "answers 200 with a page",
        "huge": "answers 200 with `size` bytes",
    }
)
"""Kinds that any endpoint may have."""

BENDING = MappingProxyType(
    {
        "token": {
            "long-tokens": "tokens have 2,048 characters, the most that Amazon says (amazon.md 4.2)",
            "rotate": "a refresh gives a new refresh token and the old one dies",
            "code-life": "authorization codes live `seconds`",
            "authorization-life": "authorizations live `seconds`",
        },
        "sellers": {
            "empty": "an account without marketplaces",
            "not-participating": "the account takes part in no marketplace, and all are listed",
            "suspended": "listings are suspended in every marketplace",
            "pseudo": 'marketplaces such as "Non-Amazon US" stand beside the real ones (amazon.md 7.1)',
            "missing-fields": "currency and language are left out (amazon.md 7.1)",
            "empty-elsewhere": "the wrong region gives an empty list instead of 403 (amazon.md 7.1)",
        },
        "fees": {
            "no-role": "the app has no role for the call: 403 (amazon.md 7.2)",
            "nameless": "the answer lacks the seller's id",
        },
        "consent": {
            "hop": "Confirm goes by the Login URI (amazon.md 1.2); `relative`: amazon_callback_uri is a path; "
            "`host`: it names that host",
            "denied": "Confirm and Cancel both send `error=access_denied` back (amazon.md 2.2)",
        },
    }
)
"""Kinds that only one endpoint has."""

MOST_BYTES = 64_000_000
MOST_SECONDS = 400 * 86_400


@dataclass(frozen=True, slots=True)
class Fault:
    """One knob, turned. `times` None lasts until cleared. Raises ValueError where a field does not fit."""

    endpoint: Endpoint
    kind: str
    times: int | None = None
    status: int = 503
    body: Literal["json", "html", "none"] = "json"
    error: str = ""
    retry_after: int | str | None = None
    seconds: float = 0.0
    size: int = 4_000_000
    relative: bool = False
    host: str = ""

    def __post_init__(self) -> None:
        if self.endpoint not in BENDING:
            raise ValueError(f"endpoint is one of {', '.join(BENDING)}")
        if self.kind not in SPOILING and self.kind not in BENDING[self.endpoint]:
            raise ValueError(f"kind is one of {', '.join([*SPOILING, *BENDING[self.endpoint]])}")
        if self.times is not None and not _is_whole(self.times, 1, 1_000_000):
            raise ValueError("times is a whole number, or null")
        if not _is_whole(self.status, 400, 599):
            raise ValueError("status is 400 to 599")
        if self.body not in ("json", "html", "none"):
            raise ValueError("body is json, html or none")
        if not isinstance(self.seconds, int | float) or not 0 <= self.seconds <= MOST_SECONDS:
            raise ValueError(f"seconds is 0 to {MOST_SECONDS}")
        if not _is_whole(self.size, 0, MOST_BYTES):
            raise ValueError(f"size is 0 to {MOST_BYTES}")
        if self.relative not in (True, False):
            raise ValueError("relative is true or false")
        if not isinstance(self.host, str) or (self.host and self.host not in geography.NAMED_HOSTS):
            raise ValueError("host is a host of Amazon's Seller or Vendor Central")
        if not isinstance(self.error, str) or not _is_header(self.retry_after):
            raise ValueError("error and retry_after are plain words")


class Faults:
    """The knobs that are turned now. Safe between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Turns knobs, after those that are turned already."""
        with self._guard:
            self._faults += faults

    def clear(self) -> None:
        """Turns all of them back."""
        with self._guard:
            self._faults.clear()

    def take(self, endpoint: Endpoint, *kinds: str) -> Fault | None:
        """The first fault of these kinds, one time of it used up; None where nothing is to go wrong."""
        with self._guard:
            for at, fault in enumerate(self._faults):
                if fault.endpoint == endpoint and fault.kind in kinds:
                    if fault.times == 1:
                        del self._faults[at]
                    elif fault.times is not None:
                        self._faults[at] = dataclasses.replace(fault, times=fault.times - 1)
                    return fault
        return None

    def __iter__(self) -> Iterator[Fault]:
        with self._guard:
            return iter(tuple(self._faults))


def from_json(words: object) -> Fault:
    """The fault that a decoded JSON object names. Raises ValueError where it does not name one."""
    fields = [field.name for field in dataclasses.fields(Fault)]
    found = words if isinstance(words, dict) else {}
    if not isinstance(found.get("endpoint"), str) or not isinstance(found.get("kind"), str) or set(found) - set(fields):
        raise ValueError(f"a fault is an object with endpoint and kind; it may have {', '.join(fields[2:])}")
    return Fault(**found)


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_header(value: object) -> bool:
    return (
        value is None or isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isprintable())
    )
