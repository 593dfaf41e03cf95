"""Seats: what stays active at Amazon takes one; more links than seats, and links that Amazon refuses, are named."""

from __future__ import annotations

import pytest

from sp_connect.commands import app, invite, invites, revoke, show
from sp_connect.commands.invite import Options
from sp_connect.runtime import Runtime
from tests.agency import Agency, writing
from tests.checkup.given import finding
from tests.commands.given import connected, shell


def forget(agency: Agency, name: str = "acme", *, wait: bool = False) -> None:
    list(revoke.run(agency.runtime, revoke.Options(name, "eu", None, False, True, wait, False)))


def seats(agency: Agency, name: str = "default") -> tuple[int, int | None]:
    given = shell(agency)
    agency.stdout.truncate(0)
    agency.stdout.seek(0)
    app.show(given.context, name, json=True)
    return given.json()["seats_used"], given.json()["seats"]


def places(around: Runtime, name: str = "acme") -> list[str]:
    return [one.scope.item for one in show.active(around, name)]


def test_a_revoked_consent_keeps_its_seat_and_show_names_it(agency: Agency) -> None:
    connected(agency)
    forget(agency)

    assert seats(agency) == (1, 25)
    assert places(agency.runtime) == ["eu"]
    assert finding(agency.runtime, "seats").found == "default: 1 of 25 used"

    given = shell(agency)
    show.command(given.context, ["acme"])
    assert "Still active at Amazon: Europe & India" in given.printed()


def test_it_has_none_once_its_year_is_over(agency: Agency) -> None:
    connected(agency)
    forget(agency)
    agency.clock.pass_by(days=365)

    assert seats(agency) == (0, 25)


def test_one_that_amazon_has_ended_or_refused_has_none(agency: Agency) -> None:
    acme, bravo = connected(agency), connected(agency, "bravo", standing="rejected")
    agency.world.revoke(agency.app.application_id, acme.selling_partner_id)
    forget(agency, wait=True)
    forget(agency, bravo.scope.seller)

    assert seats(agency) == (0, 25)


def test_the_same_account_connected_again_clears_it(agency: Agency) -> None:
    connected(agency)
    forget(agency)
    connected(agency)

    assert places(agency.runtime) == []
    assert not (agency.folder / "authorizations.toml").exists()


def test_an_account_that_another_has_replaced_keeps_its_seat(agency: Agency) -> None:
    connected(agency)
    connected(agency, selling_partner_id="A2ANOTHER")

    assert seats(agency) == (2, 25)


def test_a_move_to_another_app_leaves_the_seat_of_the_old_one(agency: Agency) -> None:
    connected(agency)
    with writing(agency.runtime):
        secret = agency.runtime.secrets.fetch(agency.app.secret_name)
        agency.runtime.changes.keep_app(agency.app._replace(name="wider", secret_ref="1"), secret)
    connected(agency, app="wider")

    assert (seats(agency), seats(agency, "wider")) == ((1, 25), (1, 25))


def test_it_goes_along_with_another_name(agency: Agency) -> None:
    connected(agency)
    connected(agency, region="na")
    forget(agency)
    with writing(agency.runtime):
        agency.runtime.changes.rename_seller("acme", "zeta")

    assert places(agency.runtime, "zeta") == ["eu"]


@pytest.mark.parametrize(("draft", "most"), [(False, None), (True, 25)])
def test_a_published_app_with_more_than_25_sellers_has_no_limit(agency: Agency, draft: bool, most: int | None) -> None:
    with writing(agency.runtime):
        agency.runtime.apps.put(agency.app._replace(draft=draft))
    for number in range(26):
        connected(agency, f"client-{number:02}", selling_partner_id=f"A2CLIENT{number:02}")

    assert seats(agency) == (26, most)


def invited(agency: Agency, *names: str) -> None:
    for name in names:
        invite.run(agency.runtime, Options(name, ("eu",), (), None, None, "default", None, 7))


def test_more_links_than_seats_are_warned_of(agency: Agency) -> None:
    invited(agency, *(f"client-{number:02}" for number in range(25)))
    assert "seats" not in agency.said()

    invited(agency, "one-more")
    assert "has 26 sellers, connected and invited" in agency.said()


def test_a_link_is_made_though_the_seats_cannot_be_counted(agency: Agency) -> None:
    (agency.runtime.home.data / "authorizations.toml").write_text("x = [")
    invited(agency, "acme")
    assert "authorizations.toml is damaged" in agency.said()
    assert len(agency.runtime.invites.all()[0]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("was_draft", [True, False])
def test_a_link_that_its_app_has_outgrown_is_named(agency: Agency, was_draft: bool) -> None:
    with writing(agency.runtime):
        agency.runtime.apps.put(agency.app._replace(draft=was_draft))
    invited(agency, "acme")
    invites.command(shell(agency).context)
    assert "refuses the link" not in agency.said()
    assert finding(agency.runtime, "invites").result == "ok"

    with writing(agency.runtime):
        agency.runtime.apps.put(agency.app._replace(draft=not was_draft))

    invites.command(shell(agency).context)
    assert "Amazon refuses the link of acme in Europe & India" in agency.said()
    assert "acme in Europe & India" in finding(agency.runtime, "invites").found
    assert finding(agency.runtime, "invites").result == "warning"
