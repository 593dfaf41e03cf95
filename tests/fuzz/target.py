"""What a target is: a reader of foreign bytes, ready to be given any; and the inputs that fuzzers begin with."""

from __future__ import annotations

import ast
import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import Consent, Invite
from tests.stores.samples import WHEN, app

GOOD = "good-"
"""Begins the name of an input that must be accepted."""

LONGEST = 16 * 1024
"""Bytes of an input."""

APP = app()
STATE = "c29tZS1zdGF0ZS1vZi0yNTYtYml0cy1mb3ItdGVzdHM"
CONSENT = Consent(geography.scope("acme", "eu"), APP, STATE, "https://sellercentral-europe.amazon.com/apps")
INVITE = Invite(
    CONSENT.scope, APP.name, APP.application_id, APP.redirect_uri, STATE, CONSENT.address, None, WHEN,
    WHEN + timedelta(days=30),
)  # fmt: skip

_HERE = Path(__file__).parent
_MEMORY = Path("/dev/shm")

Read = Callable[[bytes], None]


class Ready(NamedTuple):
    """A reader that waits for bytes, and good inputs that only its own folder makes."""

    read: Read
    samples: tuple[bytes, ...] = ()


class Target(NamedTuple):
    """One reader. `opened` makes it ready in an empty folder, for as long as its block runs.

    `refusals` are the kinds of error that it may raise; `words` names what is put into its inputs, besides bytes.
    """

    name: str
    opened: Callable[[Path], AbstractContextManager[Ready]]
    refusals: tuple[type[errors.SpConnectError], ...]
    words: str

    def corpus(self) -> dict[str, bytes]:
        """Inputs by their names: GOOD ones, others to begin with, and those that once broke something."""
        return {file.name: file.read_bytes() for file in sorted((_HERE / "corpus" / self.name).iterdir())}

    @property
    def dictionary(self) -> Path:
        """A file of words in libFuzzer's form: each in quotes, with `\\xAB` for what is no plain letter."""
        return _HERE / "words" / f"{self.words}.dict"


def words_of(target: Target) -> tuple[bytes, ...]:
    return tuple(ast.literal_eval(f"b{line}") for line in target.dictionary.read_text(encoding="ascii").splitlines())


@contextmanager
def workshop() -> Iterator[Path]:
    """An empty folder in which a sync costs nothing, if there is such a place."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@contextmanager
def ready(target: Target, folder: Path) -> Iterator[Ready]:
    """The target as a function that returns, whatever it is given, unless something is broken; and its first inputs."""
    with target.opened(folder) as (read, samples):

        def run(data: bytes) -> None:
            try:
                read(data)
            except target.refusals as refusal:
                check(refusal)

        yield Ready(run, (*samples, *target.corpus().values()))


def check(refusal: errors.SpConnectError) -> None:
    """A refusal is a sentence with a next step, tells no token, and carries no exception whose text could."""
    assert refusal.message.endswith((".", "?")), refusal.message
    assert refusal.hint
    assert not any(mark in refusal.message + refusal.hint for mark in ("Atzr|hush", "Atza|hush", "amzn1.oa2-cs.hush"))
    assert refusal.exit_code > 1
    assert refusal.__cause__ is None
    context = refusal.__context__
    assert context is None or refusal.__suppress_context__ or isinstance(context, errors.SpConnectError)


def same(one: Any, other: Any) -> bool:
    """Whether two values that a file held are the same; to Python, no NaN is itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (isinstance(one, float) and math.isnan(one) and math.isnan(other))
