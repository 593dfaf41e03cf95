"""A table as spreadsheets save it: every form is read, every bad row named with its line, no secret repeated."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sp_connect import errors
from sp_connect.bulk import csv_input

COLUMNS = ("seller", "region", "expect_id")
OPTIONAL = ("country", "token")
HEADER = ",".join(COLUMNS)
ROWS = [(2, {"seller": "acme", "region": "eu", "expect_id": "A1"}), (3, {"seller": "b", "region": "", "expect_id": ""})]


def read(content: str | bytes, hidden: str | None = None) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """The rows of a table, and what is told of the others."""
    failed: list[errors.SpConnectError] = []
    data = content.encode() if isinstance(content, str) else content
    rows = list(csv_input.rows(data, COLUMNS, OPTIONAL, failed, hidden, {"merchant_id": "expect_id"}))
    return rows, [failure.message for failure in failed]


def refused(content: str | bytes) -> errors.Usage:
    failed: list[errors.SpConnectError] = []
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(errors.Usage) as caught:
        next(csv_input.rows(data, COLUMNS, OPTIONAL, failed))
    assert failed == []
    return caught.value


QUOTED = '"seller","region","expect_id"\r\n"acme","eu","A1"\r\n"b","",""\r\n'


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\nacme,eu,A1\nb,,\n",
        f"{HEADER}\nacme,eu,A1\nb,,",
        f"{HEADER}\r\nacme,eu,A1\r\nb,,\r\n",
        f"{HEADER}\racme,eu,A1\rb,,\r",
        f"\ufeff{HEADER}\r\nacme,eu,A1\r\nb,,\r\n",
        f"{HEADER}\n acme , eu,A1 \nb, ,\n",
        "Seller,REGION , Expect_ID\nacme,eu,A1\nb,,\n",
        "seller,region,Expect ID\nacme,eu,A1\nb,,\n",
        "expect_id,seller,region\nA1,acme,eu\n,b,\n",
        "seller;region;expect_id\r\nacme;eu;A1\r\nb;;\r\n",
        "\ufeffseller;region;expect_id\r\nacme;eu;A1\r\nb;;\r\n",
        QUOTED,
        f"\ufeff{QUOTED}",
        QUOTED.replace(",", ";"),
        QUOTED.replace(",", "\t"),
        "seller\tregion\texpect_id\r\nacme\teu\tA1\r\nb\t\t\r\n",
        f"{HEADER}\nacme,eu,A1\nb,,\n".encode("utf-16"),
        b"\xfe\xff" + f"{HEADER}\nacme,eu,A1\nb,,\n".encode("utf-16-be"),
        "seller\tregion\texpect_id\r\nacme\teu\tA1\r\nb\t\t\r\n".encode("utf-16"),
        "Seller,Region,merchant-id\nacme,eu,A1\nb,,\n",
        f"{HEADER},note,my own note\nacme,eu,A1,hello,\nb,,,,x\n",
        f"{HEADER},,\nacme,eu,A1,,\nb,,,,\n",
    ],
)
def test_every_form_of_the_same_table_is_read(content: str | bytes) -> None:
    assert read(content) == (ROWS, [])


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
def test_a_line_that_tells_excel_the_separator_is_no_row_and_counts_as_a_line(first: str) -> None:
    rows, failed = read(f"{first}\r\nseller;region;expect_id\r\nacme;eu;A1\r\nb;;\r\nc\r\n")

    assert rows == [(line + 1, cells) for line, cells in ROWS]
    assert [told[:7] for told in failed] == ["Line 5:"]


def test_further_columns_are_passed_over_by_name_and_may_hold_anything() -> None:
    passed_over: list[str] = []
    content = f"{HEADER},note,x1,\nacme,eu,A1,{'long ' * 40},Atza|hush,\n".encode()

    [(_, cells)] = csv_input.rows(content, COLUMNS, OPTIONAL, [], passed_over=passed_over)

    assert cells == {"seller": "acme", "region": "eu", "expect_id": "A1"}
    assert passed_over == ["note", "column 5"]


def test_empty_lines_are_no_rows_and_count_as_lines() -> None:
    rows, failed = read(f"\n ,,\n{HEADER}\n\nacme,eu,A1\n  \n,,\nb,,\n")

    assert [line for line, _ in rows] == [5, 8]
    assert failed == []


def test_an_optional_column_may_be_there() -> None:
    [(_, cells)], _ = read(f"{HEADER},country\nacme,fe,A1,JP\n")

    assert cells == {"seller": "acme", "region": "fe", "expect_id": "A1", "country": "JP"}


def test_a_cell_may_hold_the_separator_and_line_breaks_in_quotes() -> None:
    [(_, one)], _ = read(f'{HEADER}\n"a, b;","c ""d""","\n"\n')
    [(_, other)], _ = read('seller;region;expect_id\n"a; b,";c, d;\n')

    assert (one["seller"], one["region"], one["expect_id"]) == ("a, b;", 'c "d"', "")
    assert (other["seller"], other["region"]) == ("a; b,", "c, d")


def test_a_table_without_rows_is_none_and_no_error() -> None:
    assert read(f"{HEADER}\n") == ([], [])


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("seller,region", "(missing: expect_id)"),
        ("seller", "(missing: region, expect_id)"),
        (f"{HEADER},contry", "(unknown: contry (country?))"),
        (f"{HEADER},seller,region,seller", "(twice: region, seller)"),
        (f"{HEADER},expect id", "(twice: expect_id)"),
        ("seller;region;note", "(missing: expect_id; unknown: note)"),
        ("seller:region:expect_id", "(missing: seller, region, expect_id; unknown: column 1)"),
        ("acme,eu,Atzr|hush", "(missing: seller, region, expect_id; unknown: acme, eu, column 3)"),
        (f"seller,region,{'x' * 33}", "(missing: expect_id; unknown: column 3)"),
        ("seller,region,東京", "(missing: expect_id; unknown: 東京)"),
    ],
)
def test_wrong_columns_are_named(header: str, named: str) -> None:
    error = refused(f"{header}\nacme,eu,A1\n")

    assert error.message == f"The first line does not name the columns {named}. Nothing was changed."
    assert error.hint == f"in any order, with commas between: {HEADER}; country and token may be added"
    assert "hush" not in error.told()


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b",,,\n", b"\r"])
def test_an_empty_file_lacks_the_columns(content: bytes) -> None:
    assert "missing: seller, region, expect_id" in refused(content).message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"{HEADER}\nzürich,eu,A1\n".encode("latin-1"), 2),
        (b"\x00\xff", 1),
    ],
)
def test_what_is_not_utf8_is_told_with_its_line(content: bytes, line: int) -> None:
    error = refused(content)

    assert error.message == f"Line {line} is not UTF-8. Nothing was changed."
    assert error.hint == "save the file as CSV UTF-8 (comma delimited)"


def test_a_file_of_utf_16_that_is_cut_is_told_so() -> None:
    assert "UTF-16, and cut or damaged" in refused(f"{HEADER}\nacme,eu,A1\n".encode("utf-16")[:-1]).message


@pytest.mark.parametrize("broken", ['bravo,eu,"A1', 'bravo,eu,"A1"x', '"bravo"y,eu,A1'])
def test_broken_quotes_are_told_with_their_line_before_any_row(broken: str) -> None:
    assert refused(f"{HEADER}\nacme,eu,A1\n{broken}\nb,eu,A2\n").message.startswith("Line 3 is not CSV: ")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("a,eu", "there are 2 cells, and the first line has 3."),
        ("a", "there are 1 cell, and the first line has 3."),
        ("a,eu,A1,more", "there are 4 cells, and the first line has 3."),
        ("a;eu;A1", "there are 1 cell, and the first line has 3."),
        ("a,eu,Atzr|hush", "expect_id holds a token, or something else that is too long for it."),
        ("the Atza|hush,eu,A1", "seller holds a token, or something else that is too long for it."),
        ("a,amzn1.oa2-cs.v1.hush,A1", "region holds a token, or something else that is too long for it."),
        (f"a,eu,{'x' * 65}", "expect_id holds a token, or something else that is too long for it."),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_stops_no_other(bad: str, told: str) -> None:
    rows, failed = read(f"{HEADER}\nacme,eu,A1\n\n{bad}\nb,eu,{'x' * 64}\n")

    assert failed == [f"Line 4: {told}"]
    assert [line for line, _ in rows] == [2, 5]


@pytest.mark.parametrize(("separator", "word"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_what_mends_a_row_with_too_many_cells_is_told(separator: str, word: str) -> None:
    failed: list[errors.SpConnectError] = []

    assert not list(csv_input.rows(f"{HEADER}\na,eu,A1,b".replace(",", separator).encode(), COLUMNS, (), failed))

    assert [error.hint for error in failed] == [f"put a cell that holds a {word} in double quotes"]
    assert [error.exit_code for error in failed] == [2]


def test_a_row_over_several_lines_is_named_by_its_first() -> None:
    rows, failed = read(f'{HEADER}\na,"\n\n",A1\nb,eu\nc,eu,A3\n')

    assert [line for line, _ in rows] == [2, 6]
    assert [told[:7] for told in failed] == ["Line 5:"]


def test_the_hidden_column_may_hold_a_token() -> None:
    rows, failed = read(f"{HEADER},token\nacme,eu,A1,Atzr|{'x' * 2000}\nAtzr|hush,eu,A1,\n", hidden="token")

    assert [cells["token"][:5] for _, cells in rows] == ["Atzr|"]
    assert [told[:15] for told in failed] == ["Line 3: seller "]


CELLS = st.one_of(
    st.text(max_size=12), st.sampled_from(["acme", "eu", "A7", "Atzr|hush", '"', "\r", ",", ";", "\ufeff", "\x00"])
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=st.lists(st.lists(CELLS, max_size=5), max_size=5),
    separator=st.sampled_from([",", ";"]),
    quoted=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_rows_are_each_read_or_named(table: list[list[str]], separator: str, quoted: bool, end: str) -> None:
    text = io.StringIO()
    if quoted:
        csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(table)
    else:
        text.write(end.join(separator.join(cells) for cells in table))
    content = f"{HEADER.replace(',', separator)}{end}{text.getvalue()}".encode("utf-8", "replace")
    rows, failed, refusal = tried(content)
    if refusal is not None:
        assert not quoted
        assert "hush" not in refusal.told()
        return
    lines = sorted([line for line, _ in rows] + [line for error in failed for line in error.lines])
    assert len(lines) == len(set(lines))
    assert all(line >= 2 for line in lines)
    filled = [cells for cells in table if any(cell.strip() for cell in cells)]
    assert not quoted or len(lines) == len(filled)
    assert not any("hush" in error.told() for error in failed)
    assert not any("Atzr|" in cell for _, cells in rows for cell in cells.values())


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300), header=st.sampled_from(["", f"{HEADER}\n"]))
def test_any_bytes_are_a_table_or_a_usage_error(content: bytes, header: str) -> None:
    _, _, refusal = tried(header.encode() + content)

    assert refusal is None or refusal.exit_code == 2


def tried(content: bytes) -> tuple[list[tuple[int, dict[str, str]]], list[errors.OnLines], errors.Usage | None]:
    failed: list[errors.OnLines] = []
    try:
        return list(csv_input.rows(content, COLUMNS, OPTIONAL, failed)), failed, None
    except errors.Usage as error:
        return [], failed, error
