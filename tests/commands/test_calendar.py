"""`list --ics`: dates that a calendar takes, moves and reminds of, read back by the library that is not ours."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest

from sp_connect.commands import list as listing
from sp_connect.models import App, Connection, Status
from sp_connect.views import ics
from tests.agency import NOON, Agency
from tests.commands.given import connected, shell
from tests.commands.office import LONGEST, ending, many, of, that_is
from tests.commands.test_views import HOSTILE, is_harmless

TODAY = NOON.date()


def written(rows: list[Connection], apps: list[App] | None = None, now: datetime = NOON, **flags: Any) -> str:
    return ics.calendar(rows, apps or [], now, **flags)


def read(text: str) -> Any:
    """The calendar, as the library understands it."""
    return icalendar.Calendar.from_ical(text)


def events(text: str) -> list[Any]:
    return list(read(text).walk("VEVENT"))


def event(row: Connection, now: datetime = NOON) -> Any:
    [found] = events(written([row], now=now))
    return found


class TestEvent:
    def test_it_is_the_whole_day_until_which_the_connection_must_be_renewed(self) -> None:
        found = event(of("acme"))

        assert found["dtstart"].dt == date(2027, 11, 22)
        assert found["dtstart"].params["VALUE"] == "DATE"
        assert "dtend" not in found

    def test_an_end_that_nobody_knows_is_put_on_today_without_a_reminder(self) -> None:
        found = event(of("acme", authorized_at=None))

        assert found["dtstart"].dt == TODAY
        assert found["summary"] == "Renew acme in Europe & India, on a day that is unknown"
        assert "It is unknown when the seller consented" in found["description"]
        assert list(found.walk("VALARM")) == []

    def test_it_says_whom_to_renew_where(self) -> None:
        assert event(of("acme"))["summary"] == "Renew acme in Europe & India"
        assert event(of("acme", "eu", "IN"))["summary"] == "Renew acme in India"

    def test_it_tells_the_account_and_the_command(self) -> None:
        lines = event(of("acme", "fe", "JP"))["description"].split("\n")

        assert lines == [
            "Selling Partner ID A3NIPPON56789",
            "On 22 Nov 2026 the seller consented, for 365 days.",
            "sp-connect connect --seller acme --region fe --country JP",
        ]

    @pytest.mark.parametrize(
        ("status", "told"), [("rejected", "rejected"), ("missing-token", "missing token"), ("unchecked", "unchecked")]
    )
    def test_what_is_wrong_already_is_told(self, status: Status, told: str) -> None:
        assert f"When this file was made: {told}." in event(that_is(status))["description"]

    def test_it_blocks_no_time(self) -> None:
        assert event(of("acme"))["transp"] == "TRANSPARENT"

    def test_it_has_a_category(self) -> None:
        assert event(of("acme"))["categories"].to_ical() == b"sp-connect"

    def test_it_reminds_thirty_and_seven_days_before_in_the_morning(self) -> None:
        alarms = event(of("acme")).walk("VALARM")

        midnight = datetime(2027, 11, 22)  # noqa: DTZ001 - a whole day has the time zone of whoever looks at it
        assert [str(midnight + one["trigger"].dt) for one in alarms] == ["2027-10-23 09:00:00", "2027-11-15 09:00:00"]
        assert {one["action"] for one in alarms} == {"DISPLAY"}
        assert [one["description"] for one in alarms] == [
            "Renew acme in Europe & India: in 30 days",
            "Renew acme in Europe & India: in 7 days",
        ]

    def test_what_has_ended_lies_on_today_and_says_so(self) -> None:
        found = event(ending(NOON - timedelta(days=3)))

        assert found["dtstart"].dt == TODAY
        assert found["summary"] == "Overdue: Renew acme in Europe & India"
        assert not found.walk("VALARM")

    def test_what_ends_today_is_not_overdue(self) -> None:
        found = event(ending(NOON + timedelta(hours=1)))

        assert (found["dtstart"].dt, found["summary"]) == (TODAY, "Renew acme in Europe & India")


class TestNextImport:
    """A calendar that takes the file again changes its events and adds none."""

    def test_a_renewal_moves_the_event(self) -> None:
        before, after = event(of("acme")), event(of("acme", authorized_at=NOON + timedelta(days=300)))

        assert before["uid"] == after["uid"]
        assert after["dtstart"].dt > before["dtstart"].dt
        assert after["sequence"] > before["sequence"]

    def test_what_is_overdue_moves_along_and_back_to_its_new_date(self) -> None:
        row = ending(NOON)
        seen = [event(row, NOON - timedelta(days=1)), event(row, NOON + timedelta(days=5))]
        seen.append(event(of("acme", authorized_at=NOON + timedelta(days=6)), NOON + timedelta(days=6)))

        assert len({one["uid"] for one in seen}) == 1
        assert [one["sequence"] for one in seen] == sorted({one["sequence"] for one in seen})

    def test_no_two_connections_share_an_event(self) -> None:
        rows = [*many(20), of("acme", "eu", "IN"), of("acme", "eu", "AE"), of("acme")]

        assert len({one["uid"] for one in events(written(rows))}) == len(rows)

    def test_the_names_of_events_are_those_of_the_first_version(self) -> None:
        assert event(of("acme", selling_partner_id="A2EXAMPLE1234"))["uid"] == "3747c580-1f36-5776-8523-04b0aa25d75f"

    def test_the_same_state_at_the_same_time_is_the_same_file(self) -> None:
        assert written(many(5)) == written(list(reversed(many(5))))


class TestFile:
    def test_it_is_what_the_standard_asks_for(self) -> None:
        text = written([of(LONGEST, "eu", "GB"), *many(3)])
        whole = read(text)

        assert whole["version"] == "2.0"
        assert whole["prodid"]
        assert whole["method"] == "PUBLISH"
        assert not whole.errors
        assert all(not one.errors for one in whole.walk())
        assert text.count("\n") == text.count("\r\n")
        assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
        assert all(one["dtstamp"].dt == NOON for one in events(text))

    @pytest.mark.slow
    def test_events_come_in_the_order_of_their_days(self) -> None:
        days = [one["dtstart"].dt for one in events(written(many(30)))]

        assert days == sorted(days)

    @pytest.mark.parametrize("words", [*HOSTILE, "x\r\nBEGIN:VALARM\r\nACTION:AUDIO", 'a;b,c\\n:"d"'])
    def test_foreign_text_stays_in_its_line(self, words: str) -> None:
        text = written([of("acme", selling_partner_id=words)])

        [found] = events(text)
        assert is_harmless(text.replace("\r\n", "\n")), ascii(text)
        assert len(found.walk("VALARM")) == 2
        assert len(found["description"].split("\n")) == 3

    def test_a_simulated_one_says_so(self) -> None:
        text = written([of("acme")], simulated=True)

        assert events(text)[0]["summary"] == "SIMULATED: Renew acme in Europe & India"
        assert "SIMULATED" not in written([of("acme")])


class TestCommand:
    def read(self, agency: Agency, tmp_path: Path, **filters: Any) -> list[str]:
        listing.command(shell(agency).context, ics=tmp_path / "dates.ics", **filters)
        return [one["summary"] for one in events((tmp_path / "dates.ics").read_bytes().decode())]

    def test_it_holds_what_is_due_and_the_ends_of_client_secrets(self, agency: Agency, tmp_path: Path) -> None:
        connected(agency)
        agency.clock.pass_by(days=170)

        assert self.read(agency, tmp_path, due=365) == [
            "New client secret for the app default",
            "Renew acme in Europe & India",
        ]
        assert self.read(agency, tmp_path, due=30) == ["New client secret for the app default"]
        assert self.read(agency, tmp_path, due=5) == []

    def test_the_secret_ends_180_days_after_it_was_given(self, agency: Agency, tmp_path: Path) -> None:
        listing.command(shell(agency).context, ics=tmp_path / "dates.ics")

        [found] = events((tmp_path / "dates.ics").read_bytes().decode())
        assert found["dtstart"].dt == TODAY + timedelta(days=180)
        assert found["description"].endswith("sp-connect app rotate-secret default")

    @pytest.mark.parametrize("filters", [{"seller": ["acme"]}, {"region": ["eu"]}, {"status": ["due"]}, {"app": ["x"]}])
    def test_a_part_of_the_sellers_has_no_secrets_of_apps(
        self, agency: Agency, tmp_path: Path, filters: dict[str, Any]
    ) -> None:
        connected(agency)
        connected(agency, "acme", "na", app="x")

        assert "New client secret for the app default" not in self.read(agency, tmp_path, **filters)

    def test_nothing_due_is_a_calendar_without_events(self, agency: Agency, tmp_path: Path) -> None:
        connected(agency)

        assert self.read(agency, tmp_path, due=30) == []

    def test_a_secret_is_nowhere_in_it(self, agency: Agency, tmp_path: Path) -> None:
        connected(agency)

        self.read(agency, tmp_path)

        text = (tmp_path / "dates.ics").read_text("utf-8")
        assert "amzn1" not in text
        assert "Atzr" not in text
