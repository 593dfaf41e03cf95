"""`upgrade`: another app for a connection, by a consent of the same account; the old tokens until then."""

from __future__ import annotations

from typing import Any

import pytest

from sp_connect import errors
from sp_connect.commands import upgrade
from sp_connect.models import App, Connection, Secret
from sp_connect.simulator.faults import Fault
from sp_connect.simulator.world import SimulatedApp
from tests.agency import Agency, as_company, asking_for, nobody, writing
from tests.commands.given import connected, kept, shell, token_of

ID = "amzn1.sp.solution.11111111-5175-4000-8000-wider0000000"
CLIENT = "amzn1.application-oa2-client.wider000000000000000000000000000"


@pytest.fixture
def wider(agency: Agency) -> App:
    """A second app, with a wider access level, here and at Amazon."""
    app = agency.app._replace(
        name="wider", application_id=ID, client_id=CLIENT, access_level="restricted", secret_ref="b0b"
    )
    agency.world.apps += (SimulatedApp(ID, CLIENT, None, (app.redirect_uri,)),)
    with writing(agency.runtime):
        agency.runtime.changes.keep_app(app, Secret("amzn1.oa2-cs.v1.wider"))
    return app


def run(agency: Agency, app: str = "wider", **more: Any) -> list[Connection]:
    wanted: dict[str, Any] = {
        "seller": "acme",
        "region": "eu",
        "country": None,
        "app": app,
        "asking": asking_for(more),
    }
    return list(upgrade.run(agency.runtime, upgrade.Options(**(wanted | more))))


def test_the_connection_is_with_the_new_app_and_its_access_level(agency: Agency, wider: App) -> None:
    before = connected(agency)

    [made] = run(agency)

    assert (made.app, made.access_level) == ("wider", "restricted")
    assert kept(agency, made) == made
    assert made.selling_partner_id == before.selling_partner_id
    assert f"Moving acme in Europe & India to the app {wider.name}, access level restricted" in agency.said()


def test_the_old_token_is_forgotten_once_the_new_one_is_kept(agency: Agency, wider: App) -> None:
    before = connected(agency)

    [made] = run(agency, wider.name)

    assert token_of(agency, made)
    with pytest.raises(errors.MissingToken):
        token_of(agency, before)


def test_the_seat_at_amazon_is_told_of(agency: Agency, wider: App) -> None:
    connected(agency)

    run(agency, wider.name)

    assert "The consent for the app default is still active at Amazon" in agency.said()
    assert "/apps/manage" in agency.said()


def test_the_way_back_is_the_same(agency: Agency, wider: App) -> None:
    connected(agency)
    run(agency, wider.name)

    [made] = run(agency, "default")

    assert (made.app, made.access_level) == ("default", "default")


@pytest.mark.usefixtures("wider")
def test_another_account_is_refused_and_the_old_tokens_stay(agency: Agency) -> None:
    before = connected(agency)
    agency.visits = [as_company("bravo")]

    with pytest.raises(errors.WrongAccount):
        run(agency)

    assert kept(agency, before) == before
    assert token_of(agency, before)


@pytest.mark.usefixtures("wider")
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("token", "status", status=400, body="json", error="invalid_grant"), errors.CodeExpired),
        (Fault("token", "status", status=401, body="json", error="invalid_client"), errors.ClientRejected),
    ],
)
def test_what_fails_leaves_the_old_connection(agency: Agency, fault: Fault, error: type[errors.SpConnectError]) -> None:
    before = connected(agency)
    agency.world.faults.add(fault)

    with pytest.raises(error):
        run(agency)

    assert kept(agency, before) == before
    assert token_of(agency, before)


@pytest.mark.slow
@pytest.mark.usefixtures("wider")
def test_no_answer_leaves_the_old_connection(agency: Agency) -> None:
    before = connected(agency)
    agency.visits = [nobody]

    with pytest.raises(errors.TimedOut) as failure:
        run(agency, timeout=1)

    assert kept(agency, before) == before
    elsewhere = "sp-connect upgrade --seller acme --region eu --app wider --paste --timeout 3600"
    assert f"for a seller elsewhere: {elsewhere}" in (failure.value.hint or "")


def test_the_app_that_it_has_already_is_a_usage_error(agency: Agency) -> None:
    connected(agency)

    with pytest.raises(errors.Usage, match="is with the app default already"):
        run(agency, "default")


def test_an_app_that_does_not_exist_is_not_found(agency: Agency) -> None:
    connected(agency)

    with pytest.raises(errors.NoSuchApp):
        run(agency, "nowhere")


@pytest.mark.usefixtures("wider")
def test_a_connection_that_does_not_exist_is_not_found(agency: Agency) -> None:
    with pytest.raises(errors.NoSuchConnection):
        run(agency)


@pytest.mark.usefixtures("wider")
def test_connect_with_the_other_app_names_the_command(agency: Agency) -> None:
    connected(agency)

    with pytest.raises(errors.OtherApp) as failure:
        agency.connect(app="wider")

    assert "sp-connect upgrade --seller acme --region eu --app wider" in (failure.value.hint or "")


@pytest.mark.usefixtures("wider")
def test_json_is_the_connection(agency: Agency) -> None:
    connected(agency)
    given = shell(agency)

    upgrade.command(given.context, "acme", "eu", "wider", json=True)

    [one] = given.json()
    assert (one["app"], one["access_level"]) == ("wider", "restricted")
