"""The rows of an import: what each may say, and which of them contradict each other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.bulk import reading
from sp_connect.bulk.reading import Outcome, Row
from sp_connect.models import Scope, Secret
from tests.agency import NOON

HEADER = "seller,region,country,selling_partner_id,refresh_token"
LONG = ("Atzr|" + "Sample-token" * 200)[:2048]


def read(*rows: str, header: str = HEADER) -> tuple[list[Row], list[errors.OnLines]]:
    failed: list[errors.OnLines] = []
    return reading.of_file("\n".join((header, *rows)).encode(), failed, NOON), failed


def flagged(**flags: str) -> dict[str, str | None]:
    return {"seller": "acme", "region": "eu", "selling_partner_id": "A7", **flags}


def of(line: int, seller: str, region: str = "eu", account: str = "A7", token: str | None = None) -> Row:
    """A row with a token of its seller's own, unless one is given."""
    token = f"Atzr|{seller}-{account}" if token is None else token
    return Row(line, geography.scope(seller, region, None), account, None, Secret(token))


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(failure.code, failure.message) for failure in outcome.failures]


def single(rows: list[Row], known: Collection[Scope] = ()) -> tuple[list[int], Outcome]:
    """The lines that no other contradicts."""
    outcome = Outcome()
    left = reading.without_twins(rows, lambda row: row.scope in known, outcome)
    return [row.line for row in left], outcome


class TestFile:
    @pytest.mark.parametrize("name", ["merchant_token", "Merchant Token", "seller_id", "Seller-ID"])
    def test_the_id_goes_by_its_other_names_and_the_country_may_be_missing(self, name: str) -> None:
        rows, failed = read("acme,eu,a7,Atzr|x", header=f"seller,region,{name},refresh token")

        assert [row.selling_partner_id for row in rows] == ["A7"]
        assert failed == []

    def test_a_row_says_whose_token_it_is(self) -> None:
        rows, failed = read(f"acme,fe,jp,A7,{LONG},other", header=f"{HEADER},app")

        assert rows == [Row(2, geography.scope("acme", "fe", "JP"), "A7", "other", Secret(LONG))]
        assert failed == []

    def test_regions_and_countries_are_taken_in_any_case(self) -> None:
        rows, _ = read("acme,EU,uk,A7,Atzr|x")

        assert [row.scope.item for row in rows] == ["eu-GB"]

    def test_the_app_may_be_missing_as_a_column_and_as_a_cell(self) -> None:
        rows, _ = read("acme,eu,,A7,Atzr|x,", header=f"{HEADER},app")
        others, _ = read("acme,eu,,A7,Atzr|x")

        assert [row.app for row in (*rows, *others)] == [None, None]

    def test_semicolons_are_taken_for_commas(self) -> None:
        rows, _ = read(f"acme;eu;;A7;{LONG}", header=HEADER.replace(",", ";"))

        assert rows == [of(2, "acme", token=LONG)]

    @pytest.mark.parametrize(
        ("bad", "named"),
        [
            ("Acme,eu,,A1,Atzr|x", "'Acme' cannot be the name of a seller"),
            (",eu,,A1,Atzr|x", "cannot be the name of a seller"),
            ("東京,eu,,A1,Atzr|x", "'東京' cannot be the name of a seller"),
            ("b,asia,,A1,Atzr|x", "region 'asia'"),
            ("b,fe,,A1,Atzr|x", "country by country"),
            ("b,eu,JP,A1,Atzr|x", "no marketplace 'JP'"),
            ("b,eu,,,Atzr|x", "'' is not a Selling Partner ID"),
            ("b,eu,,a-1,Atzr|x", "'a-1' is not a Selling Partner ID"),
            ("b,eu,,A 1,Atzr|x", "'A 1' is not a Selling Partner ID"),
            ("b,eu,,A1PA6795UKMFR9,Atzr|x", "id of a marketplace"),
            ("b,eu,,A1,", "refresh token is missing"),
            ("b,eu,,A1,Atza|x", "not a refresh token"),
            ("b,eu,,A1,Atzr|é", "plain ASCII"),
            (f"b,eu,,A1,{LONG}x", "at most 2,048"),
            (f"b,eu,,{LONG},Atzr|x", "selling_partner_id holds a token"),
            ("Atzr|x,eu,,A1,Atzr|x", "seller holds a token"),
            (f"b,eu,A1,{LONG}", "4 cells"),
            ("b,eu,,A1,Atzr|x,more", "6 cells"),
        ],
    )
    def test_a_bad_row_is_named_with_its_line_and_stops_no_other(self, bad: str, named: str) -> None:
        rows, [failure] = read(f"a,eu,,A7,{LONG}", "", bad, f"z,eu,,A8,{LONG}")

        assert failure.message.startswith("Line 4: ")
        assert named in failure.message
        assert (failure.code, failure.exit_code, failure.lines) == ("usage", 2, (4,))
        assert failure.hint
        assert "Atz" not in failure.message
        assert [row.scope.seller for row in rows] == ["a", "z"]

    def test_an_app_that_can_be_none_is_named(self) -> None:
        _, [failure] = read("b,eu,,A1,Atzr|x,My App", header=f"{HEADER},app")

        assert "'My App' cannot be the name of an app" in failure.message

    def test_what_failed_is_in_the_order_of_lines(self) -> None:
        _, failed = read("b,asia,,A1,Atzr|x", "b,eu", "b,eu,,A1,hush", "b,eu,,Atzr|hush,Atzr|x")

        assert [failure.lines for failure in failed] == [(2,), (3,), (4,), (5,)]
        assert not any("hush" in failure.told() for failure in failed)


class TestFlags:
    def test_they_say_the_same_as_a_row(self) -> None:
        row = reading.of_flags(flagged(app="other"), NOON)

        assert row == Row(0, geography.scope("acme", "eu", None), "A7", "other", Secret(""))

    @pytest.mark.parametrize(
        "flags", [{"seller": "Acme"}, {"selling_partner_id": "a-7"}, {"app": "My"}, {"authorized_at": "soon"}]
    )
    def test_what_cannot_be_meant_is_a_usage_error(self, flags: dict[str, str]) -> None:
        with pytest.raises(errors.Usage):
            reading.of_flags(flagged(**flags), NOON)

    def test_a_token_in_the_wrong_flag_is_not_repeated(self) -> None:
        with pytest.raises(errors.Usage, match="seller holds a token") as failure:
            reading.of_flags(flagged(seller="Atzr|hush"), NOON)

        assert "hush" not in failure.value.told()


class TestTheDayOfTheConsent:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
            ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
            ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
            ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
            ("2026-11-23", NOON),  # it has begun in the Far East, and lies ahead in UTC
            ("", None),
        ],
    )
    def test_it_is_a_day_or_a_time(self, text: str, moment: datetime | None) -> None:
        assert reading.of_flags(flagged(authorized_at=text), NOON).authorized_at == moment

    @pytest.mark.parametrize(
        "text", ["22.11.2026", "11/22/2026", "soon", "2027-01-01", "2026-11-22T13:00:00Z", "0001-01-01T00:00:00+23:59"]
    )
    def test_no_date_and_one_to_come_are_refused(self, text: str) -> None:
        with pytest.raises(errors.Usage, match="authorized_at"):
            reading.of_flags(flagged(authorized_at=text), NOON)

    def test_a_file_has_a_column_for_it(self) -> None:
        rows, failed = read(
            "a,eu,,A1,Atzr|x,2026-03-01",
            "b,eu,,A2,Atzr|y,",
            "c,eu,,A3,Atzr|z,tomorrow",
            header=f"{HEADER},authorized_at",
        )

        assert [row.authorized_at for row in rows] == [datetime(2026, 3, 1, tzinfo=UTC), None]
        assert [failure.lines for failure in failed] == [(4,)]


class TestTwins:
    def test_rows_of_their_own_are_left_in_order(self) -> None:
        lines, outcome = single([of(3, "b", account="A8"), of(2, "a"), of(4, "a", "na")])

        assert (lines, told(outcome)) == ([2, 3, 4], [])

    def test_of_equal_rows_the_first_stays(self) -> None:
        lines, outcome = single([of(2, "a"), of(3, "a"), of(4, "a")])

        assert lines == [2]
        assert told(outcome) == [("usage", "Lines 3 and 4: a in Europe & India is there already, on line 2.")]

    @pytest.mark.parametrize("other", [of(3, "a", token="Atzr|another"), of(3, "a", account="A9")])
    def test_of_rows_that_contradict_each_other_none_is_left(self, other: Row) -> None:
        lines, outcome = single([of(2, "a"), other, of(4, "b", account="A8")])

        assert lines == [4]
        assert told(outcome) == [
            ("usage", "Lines 2 and 3: a in Europe & India appears more than once, with different values.")
        ]

    def test_one_account_under_two_names_is_left_for_neither(self) -> None:
        lines, outcome = single([of(2, "a"), of(3, "b"), of(4, "a", "na"), of(5, "c", account="A8")])

        assert lines == [5]
        [failure] = outcome.failures
        assert failure.message == "Lines 2, 3 and 4: A7 appears under more than one seller: a and b."
        assert (failure.code, failure.exit_code) == ("duplicate-account", 3)

    @pytest.mark.parametrize("other", [of(3, "b")._replace(app="other"), of(3, "b", "na")])
    def test_another_app_or_region_makes_it_no_other_account(self, other: Row) -> None:
        lines, outcome = single([of(2, "a"), other])

        assert (lines, [code for code, _ in told(outcome)]) == ([], ["duplicate-account"])

    def test_one_token_for_two_sellers_is_left_for_neither(self) -> None:
        rows = [of(2, "a", token=LONG), of(3, "b", account="A8", token=LONG), of(4, "c", account="A9")]

        lines, outcome = single(rows)

        assert lines == [4]
        [failure] = outcome.failures
        assert failure.message == "Lines 2 and 3: The same refresh token is given for more than one seller: a and b."
        assert (failure.code, failure.exit_code) == ("duplicate-account", 3)

    def test_one_token_under_two_ids_of_a_seller_is_left_for_neither(self) -> None:
        lines, outcome = single([of(2, "a", token=LONG), of(3, "a", "na", account="A8", token=LONG)])

        assert lines == []
        [failure] = outcome.failures
        assert failure.lines == (2, 3)
        assert "Selling Partner ID of a: A7 and A8" in failure.message

    def test_one_token_in_several_countries_of_one_seller_is_left(self) -> None:
        rows = [of(n, "a")._replace(scope=geography.scope("a", "na", c)) for n, c in ((2, "US"), (3, "CA"), (4, "MX"))]

        assert single(rows)[0] == [2, 3, 4]

    def test_one_account_in_several_countries_of_one_seller_is_left(self) -> None:
        rows = [of(n, "a")._replace(scope=geography.scope("a", "fe", c)) for n, c in ((2, "JP"), (3, "AU"))]

        assert single(rows)[0] == [2, 3]

    def test_where_one_name_is_connected_already_the_guard_tells(self) -> None:
        rows = [of(2, "a"), of(3, "b")]

        assert single(rows, known=[rows[1].scope])[0] == [2, 3]


class TestOutcome:
    def test_failures_come_in_the_order_of_lines_however_often_they_are_asked_for(self) -> None:
        outcome = Outcome()
        outcome.fail([of(7, "a")], errors.Usage("seven."))
        outcome.fail([of(2, "a"), of(9, "b")], errors.StoreUnavailable("full.", "free some space"))

        assert told(outcome) == [("store-unavailable", "Lines 2 and 9: full."), ("usage", "Line 7: seven.")]
        assert told(outcome) == told(outcome)
        assert [(one.exit_code, one.hint, one.lines) for one in outcome.failures] == [
            (4, "free some space", (2, 9)),
            (2, None, (7,)),
        ]

    def test_many_lines_are_counted(self) -> None:
        outcome = Outcome()
        outcome.fail([of(line, "a") for line in range(2, 9)], errors.StoreUnavailable("full."))

        assert told(outcome) == [("store-unavailable", "Line 2 and 6 more lines: full.")]

    def test_without_a_file_there_is_no_line(self) -> None:
        outcome = Outcome()
        outcome.fail([of(0, "a")], errors.StoreUnavailable("full."))

        assert told(outcome) == [("store-unavailable", "full.")]


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["acme", "b", "eu", "na", "fe", "JP", "uk", "A2EXAMPLE1234", "A7", "Atzr|ok", "Atzr|hush"]),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELLS.filter(lambda cell: not set(cell) & set('",;\r\n')), max_size=7), max_size=5))
def test_any_rows_are_each_taken_or_named_and_no_token_is_told(table: list[list[str]]) -> None:
    rows, failed = read(*(",".join(cells) for cells in table))

    assert all(row.token.reveal().startswith("Atzr|") for row in rows)
    assert not any("Atzr|" in error.told() for error in failed)
    lines = [row.line for row in rows] + [line for error in failed for line in error.lines]
    assert sorted(lines) == [line for line, cells in enumerate(table, 2) if any(cell.strip() for cell in cells)]
