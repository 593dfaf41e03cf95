"""What Amazon has given, or is about to give, while the store fails: it is said, tried again, and never thrown away."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from sp_connect import access, errors, keeping
from sp_connect.amazon import geography
from sp_connect.commands import accept, import_
from sp_connect.models import Consent
from sp_connect.simulator.faults import Fault
from tests.agency import Agency, Visit, as_expected
from tests.commands.given import connected, hearing, piping, token_of
from tests.commands.test_import import one as imported
from tests.commands.test_import import token as console_token
from tests.commands.test_invites import clicked, one

EU = geography.scope("acme", "eu")


def close_store(agency: Agency) -> None:
    """What is beneath the secrets goes away, as with a keyring that locks itself or a disk that is full."""
    vault = agency.folder / "vault"
    if vault.is_dir():
        vault.rename(agency.folder / "vault.away")
        vault.write_text("in the way")


def open_store(agency: Agency) -> None:
    vault = agency.folder / "vault"
    if vault.is_file():
        vault.unlink()
        (agency.folder / "vault.away").rename(vault)


def closing(agency: Agency) -> Visit:
    """A seller who confirms as the store fails."""

    def visit(asked: Consent, address: str) -> str | None:
        close_store(agency)
        return as_expected(asked, address)

    return visit


class Pauses:
    """What happens between two tries: at the given one `do` is done, as by a person in another window."""

    def __init__(self, at: int, do: Callable[[], None]) -> None:
        self.seconds: list[float] = []
        self._at, self._do = at, do

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == self._at:
            self._do()


def waiting(agency: Agency, at: int = 0, do: Callable[[], None] = lambda: None) -> list[float]:
    """The pauses that the agency makes from now on."""
    pauses = Pauses(at, do)
    agency.runtime = replace(agency.runtime, sleep=pauses)
    return pauses.seconds


def answered(agency: Agency, number: int, do: Callable[[], None]) -> None:
    """`do` is done as that answer of the token endpoint arrives; a consent's first one is about the app."""
    posted: list[str] = []

    def hear(told: str) -> None:
        if told.startswith("POST"):
            posted.append(told)
            if len(posted) == number:
                do()

    agency.runtime = hearing(agency, hear)


class TestBeforeTheCodeIsSent:
    def test_the_code_waits_for_the_store_and_is_used_then(self, agency: Agency) -> None:
        agency.visits[:] = [closing(agency)]
        pauses = waiting(agency, 3, lambda: open_store(agency))

        [made] = agency.connect()

        assert made.status(agency.clock()) == "connected"
        assert agency.runtime.secrets.fetch(made.secret_name)
        assert pauses == [keeping.PAUSE] * 3
        assert agency.world.requests["token"] == 2

    def test_what_is_in_the_way_is_said_once(self, agency: Agency) -> None:
        agency.visits[:] = [closing(agency)]
        waiting(agency, 3, lambda: open_store(agency))

        agency.connect()

        assert agency.said().count("The confirmation of acme in Europe & India has arrived, but") == 1
        assert "sp-connect retries for five minutes" in agency.said()

    def test_it_is_given_up_when_the_code_is_too_old_and_the_code_was_not_sent(self, agency: Agency) -> None:
        agency.visits[:] = [closing(agency)]
        pauses = waiting(agency)

        with pytest.raises(errors.ThisMachine) as failure:
            agency.connect()

        assert 240 < sum(pauses) < 300
        assert failure.value.message.startswith("The confirmation of acme in Europe & India could not be used")
        assert (failure.value.exit_code, failure.value.code) == (4, "store-unavailable")
        assert (failure.value.hint or "").endswith("then: sp-connect connect --seller acme --region eu")
        assert agency.world.requests["token"] == 1
        open_store(agency)
        assert agency.runtime.connections.all() == ()

    def test_accept_waits_too(self, agency: Agency) -> None:
        address = clicked(one(agency))
        waiting(agency, 2, lambda: open_store(agency))
        answered(agency, 1, lambda: close_store(agency))

        assert accept.run(agency.runtime, address).connection.scope == EU

    def test_an_invite_whose_code_was_not_sent_stays_pending(self, agency: Agency) -> None:
        address = clicked(one(agency))
        answered(agency, 1, lambda: close_store(agency))

        with pytest.raises(errors.ThisMachine):
            accept.run(agency.runtime, address)

        open_store(agency)
        assert [one.status(agency.clock()) for one in agency.runtime.invites.all()[0]] == ["pending"]


class TestWhatAmazonGave:
    def test_it_is_kept_once_the_store_works_again(self, agency: Agency) -> None:
        pauses = waiting(agency, 4, lambda: open_store(agency))
        answered(agency, 2, lambda: close_store(agency))

        [made] = agency.connect()

        assert agency.runtime.secrets.fetch(made.secret_name)
        assert agency.runtime.connections.all() == (made,)
        assert len(pauses) == 4
        assert (
            agency.said().count("Amazon has given a token for acme in Europe & India, but it cannot be saved now") == 1
        )
        assert agency.runtime.changes.unfinished() == ()

    @pytest.mark.slow
    def test_with_no_terminal_it_ends_after_a_while_and_says_what_is_lost(self, agency: Agency) -> None:
        pauses = waiting(agency)
        answered(agency, 2, lambda: close_store(agency))

        with pytest.raises(errors.ThisMachine) as failure:
            agency.connect()

        assert sum(pauses) == keeping.ALONE_SECONDS
        assert (failure.value.exit_code, failure.value.code) == (4, "store-unavailable")
        assert (failure.value.hint or "").endswith("then: sp-connect connect --seller acme --region eu")

    @pytest.mark.usefixtures("ctrl_c")
    def test_ctrl_c_ends_it_and_says_what_is_lost(self, agency: Agency) -> None:
        waiting(agency, 2, lambda: signal.raise_signal(signal.SIGINT))
        answered(agency, 2, lambda: close_store(agency))

        with pytest.raises(KeyboardInterrupt):
            agency.connect()

        assert "Amazon has given a token for acme in Europe & India, but it cannot be saved. " in agency.said()

    @pytest.mark.usefixtures("ctrl_c")
    def test_ctrl_c_that_came_before_it_was_said_loses_nothing(self, agency: Agency) -> None:
        def fail() -> None:
            close_store(agency)
            signal.raise_signal(signal.SIGINT)

        waiting(agency, 2, lambda: open_store(agency))
        answered(agency, 2, fail)

        with pytest.raises(KeyboardInterrupt):
            agency.connect()

        [kept] = agency.runtime.connections.all()
        assert agency.runtime.secrets.fetch(kept.secret_name)

    def test_a_record_that_cannot_be_written_is_waited_for_too(self, agency: Agency) -> None:
        records = agency.folder / "connections"

        def take_away() -> None:
            records.rename(agency.folder / "connections.away")
            records.write_text("in the way")

        def bring_back() -> None:
            records.unlink()
            (agency.folder / "connections.away").rename(records)

        waiting(agency, 2, bring_back)
        answered(agency, 2, take_away)

        [made] = agency.connect()

        assert agency.runtime.connections.all() == (made,)

    def test_a_refresh_token_that_amazon_changed_is_kept_once_the_store_works_again(self, agency: Agency) -> None:
        [before] = agency.connect()
        agency.world.faults.add(Fault("token", "rotate", times=1))
        waiting(agency, 3, lambda: open_store(agency))
        answered(agency, 1, lambda: close_store(agency))

        access.token(agency.runtime, before)

        now = agency.runtime.connections.get(EU)
        assert now is not None
        assert now.secret_ref != before.secret_ref
        _, token = access.refresh_token(agency.runtime, EU)
        assert [one.refresh_token for one in agency.world.authorizations()] == [token.reveal()]

    @pytest.mark.parametrize("is_connected", [False, True])
    def test_so_is_one_that_it_gave_for_an_imported_one(self, agency: Agency, is_connected: bool) -> None:
        given = token_of(agency, connected(agency)) if is_connected else console_token(agency)
        agency.world.faults.add(Fault("token", "rotate", times=1))
        answered(agency, 1, lambda: close_store(agency))
        waiting(agency, 3, lambda: open_store(agency))

        outcome = import_.run(piping(agency, given), imported())

        assert not outcome.failures
        _, kept = access.refresh_token(agency.runtime, EU)
        assert kept.reveal() != given
        assert kept.reveal() in {one.refresh_token for one in agency.world.authorizations()}
