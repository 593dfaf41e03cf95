"""One command, killed at one of its calls; and what is found afterwards, by whoever runs it again or asks doctor."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sp_connect.simulator.faults import Fault
from sp_connect.simulator.ledger import Authorization
from tests.kills import outside
from tests.kills.bench import Bench, Given, age
from tests.kills.cases import Case
from tests.kills.launcher import Ended
from tests.kills.outside import Kept, State
from tests.kills.switch import Kill

REFUSED = 3
"""The exit code of a token or a code that Amazon does not take."""


@dataclass(frozen=True)
class Trial:
    """A case with the home that it begins from, and what that is `before` and when all is `done`."""

    bench: Bench
    case: Case
    given: Given
    prepared: str
    before: State
    whole: Ended
    done: State

    @classmethod
    def prepare(cls, bench: Bench, agency: Given, case: Case) -> Trial:
        """Runs the case once to its end. Whatever it does, it leaves nothing over."""
        bench.world.faults.clear()
        start = bench.lay_out(agency, "start")
        prepared = case.prepare(bench, start)
        given = bench.take(start)
        before = bench.state(start, given)
        if case.rotating:
            bench.world.faults.add(Fault("token", "rotate"))
        home = bench.lay_out(given)
        stdin = case.stdin(prepared)
        whole = bench.done(home, *case.line(bench), stdin=stdin, company=case.company)
        assert bench.leftovers(home) == []
        return cls(bench, case, given, prepared, before, whole, bench.state(home, given))

    def kill(self, kill: Kill) -> str | None:
        """What was lost or left over, if anything: by what command, with what store, killed at which call."""
        home = self.bench.lay_out(self.given)
        stdin = self.case.stdin(self.prepared)
        again = partial(self.bench.run, home, *self.case.line(self.bench), stdin=stdin, company=self.case.company)
        ended = again(kill=kill)
        try:
            assert ended.was_killed(), f"it ended with {ended.code}: {ended.stderr}"
            self._look(home, kill, again)
        except AssertionError as error:
            call = f"{kill.moment} call {kill.number}, {ended.calls[-1].name}"
            return f"sp-connect {self.case.name} with a {self.bench.store.name}, killed {call}: {error}"
        return None

    def _look(self, home: Path, kill: Kill, again: Callable[[], Ended]) -> None:
        outside.see_that_no_lock_is_held(home)
        age(home)
        reached, lost = self._reached(home)
        self._see_that_it_is_sound(self.bench.state(home, self.given), reached, lost)
        if kill.moment != "before":
            self._doctor(home)
            self._see_that_it_is_done_or_undone(home, reached, lost)
        self._finish(home, again, lost)

    def _reached(self, home: Path) -> tuple[list[Authorization], list[Authorization]]:
        """What Amazon gave in the run that was killed, and gave tokens for: those that the store has, and has not."""
        given = [one for one in self.bench.changed(self.given) if self.bench.is_spent(one)]
        held = set(self.bench.store.secrets(home).values())
        reached = [one for one in given if one.refresh_token in held]
        lost = [one for one in given if one.refresh_token not in held]
        assert len(lost) <= 1, f"lost with one call: {[one.account for one in lost]}"
        return reached, lost

    def _see_that_it_is_sound(
        self, left: State, reached: Collection[Authorization], lost: Collection[Authorization]
    ) -> None:
        """Every record has its token or says that it lacks it, and no good connection is gone.

        Where Amazon gave another refresh token it is no good one until the record names that; where the store did
        not get it before the kill, only a consent helps.
        """
        for one in left.connections:
            assert one.token != "missing" or one.standing == "missing-token", f"{one} lacks its token"
        elsewhere = {one.account.selling_partner_id for one in (*reached, *(lost if self.case.rotating else ()))}
        here: Callable[[Kept], bool] = lambda one: one.is_good or one.account in elsewhere  # noqa: E731
        for what in ("place", "account"):
            values = [{getattr(one, what) for one in state.good} for state in (self.before, self.done)]
            gone = values[0] & values[1] - {getattr(one, what) for one in left.connections if here(one)}
            assert not gone, f"{gone} was good, and is not any more"

    def _doctor(self, home: Path) -> None:
        self.bench.done(home, "doctor", "--fix", "--yes")
        assert self.bench.leftovers(home) == []

    def _see_that_it_is_done_or_undone(
        self, home: Path, reached: Collection[Authorization], lost: Collection[Authorization]
    ) -> None:
        """Done where a new token was kept, since no record but its own could want it.

        Where a consent was answered and its token did not get that far, that one consent is lost, and no more.
        """
        held = set(self.bench.store.secrets(home).values())
        for one in reached:
            assert one.refresh_token in held, f"a token of {one.account.company} was kept, and is forgotten"
        if self.case.apart or (lost and self.case.rotating):
            return
        state = self.bench.state(home, self.given)
        undone = [self.before] if self.case.asks_for_consent else [self.before, self.done]
        expected = [self.done] if reached else undone
        assert state in expected, f"neither undone nor done: {difference(state, expected[0])}"

    def _finish(self, home: Path, again: Callable[[], Ended], lost: Collection[Authorization]) -> None:
        """The next run of the same command ends the work; doctor may sweep behind it."""
        ended = again()
        if lost and (self.case.rotating or self.case.click is not None):
            assert ended.code == REFUSED, f"run again: {ended.code} {ended.stderr}"
            self._ask_for_another_consent(home, lost)
        else:
            assert ended.code in {0, self.case.again}, f"run again: {ended.code} {ended.stderr}"
        if self.bench.leftovers(home):
            self._doctor(home)
        end = self.bench.state(home, self.given)
        assert end == self.done, f"not as without a kill: {difference(end, self.done)}"
        assert self.bench.leftovers(home) == []

    def _ask_for_another_consent(self, home: Path, lost: Collection[Authorization]) -> None:
        """What the death of the process took is one consent, and another one makes up for it."""
        [one] = lost
        if self.case.rotating:
            whose = ("--seller", one.account.slug, "--region", one.region)
            self.bench.done(home, "connect", *whose, "--no-browser", company=one.account.slug)
        else:
            self.bench.done(home, *self.case.line(self.bench), stdin=self.case.stdin(self.prepared))


def difference(one: State, other: State) -> str:
    found = []
    for name in State._fields:
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, frozenset):
            mine, theirs = sorted(map(str, mine - theirs)), sorted(map(str, theirs - mine))
        if mine != theirs:
            found.append(f"{name}: {mine} instead of {theirs}")
    return "; ".join(found)
