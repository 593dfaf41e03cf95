"""`renew`: which connections are walked, in which order, and what stays where one fails."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from sp_connect import errors
from sp_connect.commands import renew
from sp_connect.models import Connection, Consent
from sp_connect.terminal.prompt import Prompt
from tests.agency import Agency, as_company, as_expected, asking_for, nobody, writing
from tests.commands.given import Keys, account_of, connected, end_at_amazon, kept, left, names, record, selected, shell

BRAVO = account_of("bravo", "sellercentral-europe.amazon.com").selling_partner_id


def run(agency: Agency, **more: Any) -> list[Connection]:
    asking, due = asking_for(more), more.pop("due", 30)
    return list(renew.run(agency.runtime, renew.Options(selected(**more), due, asking)))


def test_what_is_due_is_renewed_most_urgent_first_and_the_rest_is_left(agency: Agency) -> None:
    connected(agency, "bravo", "eu")
    agency.clock.pass_by(days=10)
    connected(agency, "acme", "na")
    agency.clock.pass_by(days=340)
    fresh = connected(agency, "acme", "eu")

    made = run(agency)

    assert names(made) == ["bravo eu", "acme na"]
    assert all(one.days_left(agency.clock()) == 365 for one in made)
    assert kept(agency, fresh) == fresh


@pytest.mark.parametrize("standing", ["rejected", "missing-token"])
def test_what_only_a_consent_mends_is_asked_for_whatever_the_date(agency: Agency, standing: Any) -> None:
    connected(agency, standing=standing)

    [made] = run(agency)

    assert made.status(agency.clock()) == "connected"


def test_an_ended_year_is_renewed(agency: Agency) -> None:
    end_at_amazon(agency, connected(agency))
    agency.clock.pass_by(days=370)

    [made] = run(agency, due=0)

    assert made.status(agency.clock()) == "connected"


def test_filters_leave_what_they_say(agency: Agency) -> None:
    connected(agency, "acme", "eu")
    connected(agency, "acme", "fe", "JP")
    connected(agency, "bravo", "eu")
    agency.clock.pass_by(days=340)

    assert names(run(agency, seller="acme", region="fe", country="jp")) == ["acme fe-JP"]


def test_nothing_due_names_the_next_one(agency: Agency) -> None:
    connected(agency)

    assert run(agency) == []
    assert "Nothing is due within 30 days. The next is acme in Europe & India, on 22 Nov 2027." in agency.said()

    assert run(agency, due=0) == []
    assert "Nothing has ended. The next is acme in Europe & India, on 22 Nov 2027." in agency.said()


def test_nothing_connected_is_said(agency: Agency) -> None:
    assert run(agency) == []
    assert "Nothing is connected yet." in agency.said()


def test_a_seller_that_is_not_connected_is_not_found(agency: Agency) -> None:
    with pytest.raises(errors.NoSuchConnection):
        run(agency, seller="nobody")


def test_another_account_is_refused_and_the_others_are_still_asked_for(agency: Agency) -> None:
    wrong = connected(agency, "acme", "eu")
    agency.clock.pass_by(days=1)
    right = connected(agency, "bravo", "eu")
    agency.clock.pass_by(days=350)
    agency.visits = [as_company("bravo"), as_expected]

    with pytest.raises(errors.Several) as failure:
        run(agency)

    assert failure.value.exit_code == 3
    assert failure.value.hint == "sp-connect renew --due 30"
    assert "Renewed: bravo in Europe & India. Not renewed: acme in Europe & India." in failure.value.message
    assert kept(agency, wrong) == wrong
    assert kept(agency, right) != right


@pytest.mark.slow
def test_the_owner_of_an_account_that_came_instead_is_named(agency: Agency) -> None:
    connected(agency, "acme", "eu")
    connected(agency, "bravo", "na", selling_partner_id=BRAVO)
    agency.clock.pass_by(days=350)
    agency.visits = [as_company("bravo"), as_expected]

    with pytest.raises(errors.Several):
        run(agency)

    assert f"{BRAVO}, the account of bravo in North America" in " ".join(agency.said().split())


@pytest.mark.parametrize(("answer", "renewed"), [("y", ["acme eu"]), ("n", [])])
def test_a_person_at_the_terminal_may_try_again_with_the_right_account(
    agency: Agency, answer: str, renewed: list[str]
) -> None:
    connected(agency, "acme", "eu")
    agency.clock.pass_by(days=350)
    agency.visits = [as_company("bravo"), as_expected]
    agency.runtime = replace(agency.runtime, prompt=Prompt(Keys(f"{answer}\n"), agency.stderr, platform="nt"))

    made: list[Connection] = []
    with suppress(errors.WrongAccount):
        made = run(agency)

    assert names(made) == renewed


def test_who_keeps_going_is_not_asked_to_try_again(agency: Agency) -> None:
    connected(agency, "acme", "eu")
    agency.clock.pass_by(days=350)
    agency.visits = [as_company("bravo")]
    agency.runtime = replace(agency.runtime, prompt=Prompt(Keys("y\n"), agency.stderr, platform="nt"))

    with pytest.raises(errors.WrongAccount):
        run(agency, keep_going=True)


@pytest.mark.slow
def test_nobody_there_ends_the_walk_with_the_command_that_goes_on(agency: Agency) -> None:
    connected(agency, "acme", "eu")
    connected(agency, "bravo", "eu")
    agency.clock.pass_by(days=350)
    agency.visits = [nobody]

    with pytest.raises(errors.Several) as failure:
        run(agency, region="eu", due=60, timeout=1)

    assert failure.value.code == "timed-out"
    assert failure.value.hint == "sp-connect renew --region eu --due 60 --keep-going"
    assert agency.said().count("Renewing") == 1


@pytest.mark.slow
def test_of_many_that_are_left_the_first_are_named_and_the_others_counted(agency: Agency) -> None:
    for number in range(9):
        connected(agency, f"seller-{number}", "eu")
    agency.clock.pass_by(days=350)
    agency.visits = [nobody]

    with pytest.raises(errors.Several) as failure:
        run(agency, timeout=1)

    named = ", ".join(f"seller-{number} in Europe & India" for number in range(5))
    assert failure.value.message == f"Not renewed: {named} and 4 more."


@pytest.mark.slow
def test_it_keeps_going_past_one_that_nobody_answers(agency: Agency) -> None:
    silent = connected(agency, "acme", "eu")
    agency.clock.pass_by(days=1)
    connected(agency, "bravo", "eu")
    agency.clock.pass_by(days=350)
    agency.visits = [nobody, as_expected]

    with pytest.raises(errors.Several, match="Renewed: bravo") as failure:
        run(agency, timeout=2, keep_going=True)

    assert failure.value.code == "timed-out"
    assert failure.value.hint == "sp-connect renew --due 30"
    assert kept(agency, silent) == silent


def test_a_damaged_file_is_told_and_the_others_are_renewed(agency: Agency) -> None:
    connected(agency, "acme", "eu")
    agency.clock.pass_by(days=350)
    (agency.folder / "connections" / "bravo.toml").write_text("= nonsense")

    with pytest.raises(errors.Damaged):
        run(agency)


def test_json_has_what_was_renewed(agency: Agency) -> None:
    connected(agency)
    agency.clock.pass_by(days=350)
    given = shell(agency)

    renew.command(given.context, json=True)

    [one] = given.json()
    assert one["status"] == "connected"
    assert one["renew_by"] == "2028-11-06T12:00:00Z"


def test_one_whose_app_is_gone_keeps_no_other_from_being_renewed(agency: Agency) -> None:
    connected(agency, "acme", "na")
    connected(agency, "bravo", "eu", app="gone")
    agency.clock.pass_by(days=350)

    with pytest.raises(errors.Several, match="Not renewed: bravo") as failure:
        run(agency)

    assert [one.scope.seller for one in agency.runtime.connections.all() if one.days_left(agency.clock()) == 365] == [
        "acme"
    ]
    assert failure.value.exit_code == 6
    assert "There is no app gone" in agency.stderr.getvalue()


def test_one_alone_whose_app_is_gone_is_told_once(agency: Agency) -> None:
    connected(agency, app="gone")
    agency.clock.pass_by(days=350)

    with pytest.raises(errors.NoSuchApp):
        run(agency)
    assert "There is no app gone" not in agency.stderr.getvalue()


def test_a_seller_who_is_renamed_before_their_turn_is_renewed_and_a_revoked_one_passed_over(agency: Agency) -> None:
    for name in ("acme", "bravo", "charlie-gmbh"):
        connected(agency, name)
        agency.clock.pass_by(minutes=1)

    def meanwhile(asked: Consent, address: str) -> str | None:
        with writing(agency.runtime):
            agency.runtime.changes.rename_seller("bravo", "bravo-ltd")
            agency.runtime.changes.drop_connection(record("charlie-gmbh").scope)
        return as_company("acme")(asked, address)

    agency.visits[:] = [meanwhile, as_company("bravo")]

    assert names(run(agency, due=400)) == ["acme eu", "bravo-ltd eu"]
    assert "charlie-gmbh in Europe & India was revoked while this ran and is skipped." in agency.said()
    assert left(agency) == ["acme eu", "bravo-ltd eu"]


def test_an_end_that_nobody_knows_is_renewed_last_and_is_known_then(agency: Agency) -> None:
    connected(agency, "acme", "eu", authorized_at=None)
    connected(agency, "bravo", "eu")
    agency.clock.pass_by(days=340)

    made = run(agency)

    assert names(made) == ["bravo eu", "acme eu"]
    assert all(one.renew_by is not None for one in made)
