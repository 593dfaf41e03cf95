"""`relay`, `store`, `regions`, `marketplaces` and `simulator`."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.commands import reference, relay, simulator, store
from sp_connect.models import Secret
from sp_connect.stores.home.keyring_store import KeyringStore
from sp_connect.stores.home.vault import Vault
from tests.agency import Agency
from tests.commands.given import shell


class TestRelay:
    def test_the_page_knows_where_the_app_listens(self, agency: Agency) -> None:
        page, address = relay.run(agency.runtime, "default")

        assert agency.app.listen in page
        assert address == agency.app.redirect_uri

    def test_the_page_needs_no_other_file(self, agency: Agency) -> None:
        page, _ = relay.run(agency.runtime, "default")

        assert page.lower().startswith("<!doctype html>")
        assert "src=" not in page
        assert re.findall(r'<link[^>]* href="(?!data:)', page) == []

    def test_stdout_has_the_page_and_nothing_else(self, agency: Agency) -> None:
        given = shell(agency)

        relay.command(given.context)

        assert given.printed().rstrip("\n") == relay.run(agency.runtime, "default")[0].rstrip("\n")

    def test_a_file_is_written_and_what_to_do_with_it_is_told(self, agency: Agency, tmp_path: Path) -> None:
        given = shell(agency)

        relay.command(given.context, out=tmp_path / "relay.html")

        assert agency.app.listen in (tmp_path / "relay.html").read_text("utf-8")
        assert given.printed() == ""
        assert agency.app.redirect_uri in agency.said()

    def test_a_missing_folder_is_made(self, agency: Agency, tmp_path: Path) -> None:
        relay.command(shell(agency).context, out=tmp_path / "missing" / "relay.html")

        assert agency.app.listen in (tmp_path / "missing" / "relay.html").read_text("utf-8")

    @pytest.mark.parametrize("where", ["file/relay.html", "."])
    def test_a_place_that_cannot_be_written_is_named(self, agency: Agency, tmp_path: Path, where: str) -> None:
        (tmp_path / "file").touch()

        with pytest.raises((errors.CannotWrite, errors.StoreUnavailable)) as failure:
            relay.command(shell(agency).context, out=tmp_path / where)

        assert str(tmp_path) in failure.value.message
        assert failure.value.exit_code == 4

    def test_an_unknown_app_is_not_found(self, agency: Agency) -> None:
        with pytest.raises(errors.NoSuchApp):
            relay.run(agency.runtime, "other")


class TestStore:
    def test_a_vault_under_a_passphrase_is_described(self, agency: Agency) -> None:
        given = shell(agency)

        store.show(given.context, json=True)

        assert given.json() == {
            "store": "vault",
            "backend": f"sealed files in {agency.folder / 'vault'}, key under a passphrase",
            "opened_by": "passphrase",
            "location": str(agency.folder / "vault"),
            "why": "the test says so",
        }

    def test_people_are_told_the_same(self, agency: Agency) -> None:
        given = shell(agency)

        store.show(given.context)

        assert "passphrase" in given.printed()
        assert str(agency.folder / "vault") in given.printed()

    def test_a_vault_that_is_not_there_yet_is_none_yet(self, agency: Agency, tmp_path: Path) -> None:
        empty = Vault(tmp_path / "none", lambda: Secret("x"), KeyringStore(None, 1.0))

        used = store.run(replace(agency.runtime, secrets=empty))

        assert used.description.opened_by is None
        assert not (tmp_path / "none").exists()

    def test_the_keyring_is_described_without_being_asked(self, agency: Agency) -> None:
        ring = KeyringStore(None, 0.01, platform="linux")

        used = store.run(replace(agency.runtime, secrets=ring))

        assert used.description.store == "keyring"
        assert "Secret Service" in used.description.backend

    @pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyrings.alt.file.PlaintextKeyring"])
    def test_a_backend_that_keeps_no_secret_is_refused(self, agency: Agency, backend: str) -> None:
        with pytest.raises(errors.StoreUnavailable):
            store.run(replace(agency.runtime, secrets=KeyringStore(backend, 1.0)))


class TestReference:
    def test_regions_as_json(self, agency: Agency) -> None:
        given = shell(agency)

        reference.regions(given.context, json=True)

        assert [(r["region"], r["consent"]) for r in given.json()] == [
            ("na", "region"),
            ("eu", "region"),
            ("fe", "country"),
        ]
        assert given.json()[0]["api_endpoint"] == "https://sellingpartnerapi-na.amazon.com"

    def test_regions_for_people(self, agency: Agency) -> None:
        given = shell(agency)

        reference.regions(given.context)

        assert "Europe & India" in given.printed()
        assert "each country" in given.printed()

    def test_every_marketplace_is_there(self, agency: Agency) -> None:
        given = shell(agency)

        reference.marketplaces(given.context, json=True)

        assert {m["id"] for m in given.json()} == set(geography.MARKETPLACES)

    def test_those_of_one_region(self, agency: Agency) -> None:
        given = shell(agency)

        reference.marketplaces(given.context, "FE")

        assert [line.split()[0] for line in given.printed().splitlines()[2:]] == ["JP", "AU", "SG"]

    def test_an_unknown_region_is_a_usage_error(self) -> None:
        with pytest.raises(errors.UnknownRegion):
            reference.run_marketplaces("asia")


class TestSimulator:
    def test_a_taken_port_is_told(self, agency: Agency) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(errors.SimulatorPortTaken) as failure:
            simulator.command(shell(agency).context, port=taken.getsockname()[1])

        assert failure.value.exit_code == 4

    def test_the_hint_for_a_taken_port_is_one_that_it_can_follow(self, agency: Agency) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(errors.SimulatorPortTaken) as failure:
            simulator.command(shell(agency).context, port=taken.getsockname()[1])

        assert "--paste" not in (failure.value.hint or "")


def test_json_of_every_reference_is_ascii(agency: Agency) -> None:
    given = shell(agency)

    reference.marketplaces(given.context, json=True)

    assert given.printed().isascii()
    assert json.loads(given.printed())
