"""What is proved before a seller is asked: that Amazon accepts the app, and that their record can be replaced."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.commands import accept
from sp_connect.models import Consent, Secret
from sp_connect.simulator.faults import Fault
from tests.agency import Agency, as_expected, writing
from tests.commands.test_invites import add_app, clicked, one
from tests.commands.test_renew import run as renew

EU = geography.scope("acme", "eu")


@pytest.fixture
def asked(agency: Agency) -> list[str]:
    """The sellers whose page was opened, who all confirm."""
    sellers: list[str] = []

    def visit(asked: Consent, address: str) -> str | None:
        sellers.append(str(asked.scope))
        return as_expected(asked, address)

    agency.visits[:] = [visit]
    return sellers


def mistype_secret(agency: Agency, name: str) -> None:
    app = agency.runtime.apps.get(name)
    with writing(agency.runtime):
        agency.runtime.changes.keep_app(app._replace(secret_ref="0ther"), Secret("amzn1.oa2-cs.v1.wrong"))


class TestAmazon:
    def test_a_refused_app_is_told_before_anybody_is_asked(self, agency: Agency, asked: list[str]) -> None:
        mistype_secret(agency, "default")

        with pytest.raises(errors.ClientRejected) as failure:
            agency.connect()

        assert failure.value.exit_code == 3
        assert asked == []
        assert agency.files().keys() <= {"config.toml", *[f for f in agency.files() if f.startswith("vault")]}

    @pytest.mark.parametrize("kind", ["drop", "status", "html"])
    def test_an_amazon_that_cannot_be_reached_is_told_before_anybody_is_asked(
        self, agency: Agency, asked: list[str], kind: str
    ) -> None:
        agency.world.faults.add(Fault("token", kind))

        with pytest.raises(errors.AmazonTrouble) as failure:
            agency.connect()

        assert failure.value.exit_code == 5
        assert asked == []

    def test_of_several_consents_amazon_is_asked_once_for_each_app(self, agency: Agency, asked: list[str]) -> None:
        agency.connect("acme", "fe", "JP", "AU")

        assert len(asked) == 2
        assert agency.world.requests["token"] == 3

    @pytest.mark.slow
    def test_where_one_of_two_apps_is_refused_the_other_ones_consents_are_asked_for(
        self, agency: Agency, asked: list[str]
    ) -> None:
        add_app(agency, "wider")
        agency.connect("acme")
        agency.connect("bravo", app="wider")
        mistype_secret(agency, "wider")
        asked.clear()

        with pytest.raises(errors.Several) as failure:
            renew(agency, due=400)

        assert asked == ["acme in Europe & India"]
        assert (failure.value.exit_code, failure.value.code) == (3, "client-rejected")
        assert "app rotate-secret wider" in agency.said()

    def test_accept_asks_before_the_code_is_sent_and_the_link_stays_good(self, agency: Agency) -> None:
        address = clicked(one(agency))
        agency.world.faults.add(Fault("token", "drop"))

        with pytest.raises(errors.Unreachable) as failure:
            accept.run(agency.runtime, address)

        assert "The code is not used yet" in (failure.value.hint or "")
        agency.world.faults.clear()
        assert accept.run(agency.runtime, address).connection.scope == EU

    def test_invite_asks_nothing(self, agency: Agency) -> None:
        one(agency)

        assert agency.world.requests["token"] == 0


@pytest.mark.root
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="root alone can mount, and make a file immutable")
class TestRecords:
    def test_a_record_that_cannot_be_replaced_is_told_before_anybody_is_asked(
        self, agency: Agency, asked: list[str]
    ) -> None:
        agency.connect()
        asked.clear()
        record = agency.folder / "connections" / "acme.toml"

        with immutable(record), pytest.raises(errors.StoreUnavailable) as failure:
            agency.connect()

        assert str(record) in failure.value.message
        assert asked == []

    def test_one_that_is_mounted_by_itself_is_told_too(self, agency: Agency, asked: list[str]) -> None:
        agency.connect()
        asked.clear()
        record = agency.folder / "connections" / "acme.toml"

        with mounted(record), pytest.raises(errors.StoreUnavailable) as failure:
            agency.connect()

        assert str(record) in failure.value.message
        assert asked == []

    def test_the_proof_leaves_the_record_as_it_was(self, agency: Agency) -> None:
        agency.connect()
        before = agency.files()

        with writing(agency.runtime):
            agency.runtime.connections.prove(["acme", "nobody"])

        assert agency.files() == before


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """A file that root itself can neither write nor rename over."""
    subprocess.run(["chattr", "+i", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


@contextmanager
def mounted(path: Path) -> Iterator[None]:
    """A file that is a mount of its own, as containers are given single files."""
    other = path.with_suffix(".elsewhere")
    other.write_bytes(path.read_bytes())
    subprocess.run(["mount", "--bind", other, path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)
