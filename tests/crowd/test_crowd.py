"""Sixteen processes of the real program in one home for two minutes: whatever each answers is true.

Sellers are connected, renewed, imported, invited and revoked, their tokens refreshed and verified, their names
changed and everything listed, all at once; of some, Amazon gives another refresh token each time; and now and then
a command is killed. Then each answer is held against all the others, and what is left against itself.
"""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sp_connect.stores import secret_store
from tests import figures
from tests.crowd import town as towns
from tests.crowd.deeds import HUNG, STEADY, WANDERING, Answer, Plan, Seller
from tests.crowd.judge import Judge
from tests.crowd.town import Stores, Town

SECONDS = 120.0
MOST = 4000
"""Commands, however fast the machine is."""
PROCESSES = 16
KILLS = 0.06
"""How many of the commands that may be killed are."""
APPS = 6

SELLERS = (
    *(Seller(f"steady-{n}", (f"steady-{n}",), f"app-{n}", turns=False) for n in range(4)),
    *(Seller(f"turning-{n}", (f"turning-{n}",), f"app-{n}", turns=True) for n in range(4)),
    *(
        Seller(f"wander-{n}", (f"wander-{n}", f"wander-{n}-gmbh"), f"app-{4 + n % 2}", turns=n % 2 == 0)
        for n in range(4)
    ),
)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with towns.built(tmp_path / "home", APPS, frozenset(one.company for one in SELLERS if one.turns)) as town:
        yield town


class Crowd:
    """The processes at work, each given its next command by a thread of its own."""

    def __init__(self, town: Town) -> None:
        self.answers: list[Answer] = []
        self._plans = [Plan(town, SELLERS, seed, KILLS) for seed in range(PROCESSES)]
        self._failures: list[BaseException] = []

    def work(self, seconds: float) -> None:
        """Returns when the time is over, or MOST commands have ended. Raises what went wrong with the test itself."""
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=self._follow, args=(plan, end)) for plan in self._plans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def begin(self) -> None:
        """Connects those who only wander: they are always somewhere."""
        for one in SELLERS:
            if one.wanders:
                self.answers.append(self._plans[0].connect(one))

    def _follow(self, plan: Plan, end: float) -> None:
        try:
            while time.monotonic() < end and len(self.answers) < MOST:
                for answer in plan.next():
                    self.answers.append(answer)
        except BaseException as failure:  # noqa: BLE001 - raised where it is heard
            self._failures.append(failure)


@pytest.mark.timeout(SECONDS + 2 * HUNG)
def test_whatever_sixteen_processes_answer_in_two_minutes_is_true(town: Town) -> None:
    crowd = Crowd(town)
    crowd.begin()

    crowd.work(SECONDS)

    finish(town)
    judge = Judge(town, SELLERS, crowd.answers)
    left = town.program.run("list", "--json")
    assert judge.ends(left.json(), time.time()) + judge.complaints() == []
    assert_whole(town, left.json())
    assert_everything_happened(crowd.answers)
    figures.record("processes", PROCESSES)
    figures.record("commands at once", len(crowd.answers))


def finish(town: Town) -> None:
    """The next command that writes anything finishes what killed ones left."""
    done = town.program.run("invite", "--seller", "last", "--region", "eu", "--app", "app-0")
    assert done.code == 0, done.stderr


def assert_whole(town: Town, listed: list[dict[str, Any]]) -> None:
    """Each record has its token and no secret is without a record, each token is good, and no change is half done."""
    home, stores = town.program.home, Stores.of(town.program.home)
    assert stores.changes.unfinished() == ()
    assert [shown(row["seller"], row) for row in listed] == written(home)

    records = stores.connections.all()
    kept = {name for name in stores.vault.contents().names if name.owner != secret_store.PROBE}
    owned = {one.secret_name for one in records} | {one.secret_name for one in stores.apps.all()}
    assert owned <= kept
    assert kept - owned <= {one.access_name for one in records}

    for one in records:
        given = town.world.refresh(town.apps[one.app], stores.vault.fetch(one.secret_name).reveal())
        assert given.account.selling_partner_id == one.selling_partner_id


def shown(seller: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells one connection from another."""
    when = row["authorized_at"]
    moment = when if isinstance(when, datetime) else datetime.fromisoformat(when)
    return seller, row["region"], row["selling_partner_id"], row["app"], moment


def written(home: Path) -> list[tuple[Any, ...]]:
    """The records as they lie on the disk, read without our own code."""
    found = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in (home / "connections").glob("*.toml")}
    return [shown(seller, one) for seller in sorted(found) for one in found[seller]["connection"]]


def assert_everything_happened(answers: Sequence[Answer]) -> None:
    """Every kind of command ran, some were killed, and as many as there are processes ran at once."""
    kinds = {one.command.kind for one in answers if not one.was_killed}
    assert kinds == {*STEADY, *WANDERING, "list", "invite"}
    assert any(one.was_killed for one in answers)
    at_once = [sum(one.began <= other.began < one.ended for one in answers) for other in answers]
    assert max(at_once) == PROCESSES
