"""Foreign text on a terminal: nothing in it is obeyed."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from sp_connect.cli.entries import ENTRIES
from sp_connect.terminal import text

R = text.REPLACEMENT


@pytest.mark.parametrize(
    "plain", ["", "Acme GmbH", "Bücher & Café", "株式会社", "a\\b", "[bold]x[/bold]", "[/]", "=1+1", "😀"]
)
def test_ordinary_text_stays_as_it_is(plain: str) -> None:
    assert text.literal(plain) == plain


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("\x1b[2Jx", f"{R}[2Jx"),
        ("\x1b]52;c;YQ==\x07", f"{R}]52;c;YQ=={R}"),
        ("\x1b]8;;https://evil.example\x1b\\x", f"{R}]8;;https://evil.example{R}\\x"),
        ("\x9b2Jx", f"{R}2Jx"),
        ("\x9d0;title\x9c", f"{R}0;title{R}"),
        ("\x00\x08\x0b\x0c\x7f", R * 5),
        ("\x85", R),
        ("a\r\nb", "a  b"),
        ("a\rb\nc\td", "a b c d"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b", f"a{R}b"),
        ("a\N{RIGHT-TO-LEFT ISOLATE}b\N{POP DIRECTIONAL ISOLATE}", f"a{R}b{R}"),
        ("a\N{RIGHT-TO-LEFT MARK}b", f"a{R}b"),
        ("a\N{ZERO WIDTH SPACE}b", f"a{R}b"),
        ("a\N{ZERO WIDTH JOINER}b", f"a{R}b"),
        ("\N{ZERO WIDTH NO-BREAK SPACE}a", f"{R}a"),
        ("a\N{SOFT HYPHEN}b", f"a{R}b"),
        ("a\N{LINE SEPARATOR}b\N{PARAGRAPH SEPARATOR}c", f"a{R}b{R}c"),
        ("\U000e0041\U000e007f", R * 2),
        ("\ue000\U000f0000", R * 2),
        ("\ud800", R),
        ("\U000e0fff\u2065\uffff", R * 3),
        ("e\N{COMBINING ACUTE ACCENT}", "é"),
    ],
)
def test_whatever_a_terminal_could_obey_is_replaced(foreign: str, shown: str) -> None:
    assert text.literal(foreign) == shown


def test_long_text_is_cut_and_the_cut_is_shown() -> None:
    assert text.literal("x" * 200) == "x" * 200
    assert text.literal("x" * 201) == "x" * 199 + "…"
    assert text.literal("x" * 50, 10) == "x" * 9 + "…"


def test_sentences_of_our_own_are_not_cut() -> None:
    assert text.literal("x" * 5000, None) == "x" * 5000


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.text(st.characters(), max_size=300))
def test_any_text_is_one_line_without_controls(foreign: str) -> None:
    shown = text.literal(foreign)
    assert len(shown) <= text.LONGEST
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(c) for c in shown} & text.UNSAFE
    assert text.literal(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    "foreign", ["[bold]x[/bold]", "[/]", "\x1b[31mx", ":smile:", "a\\", "[link=https://x]y[/link]"]
)
def test_rich_shows_styled_text_literally(foreign: str) -> None:
    out = io.StringIO()
    Console(file=out, force_terminal=True, color_system=None, width=100).print(text.styled(foreign))
    assert out.getvalue() == text.literal(foreign) + "\n"


@pytest.mark.parametrize(
    ("told", "rehearsed"),
    [
        ("Next: sp-connect renew --due 30", "Next: sp-connect --simulate renew --due 30"),
        ("first: sp-connect app add. For more: sp-connect list", None),
        ("another sp-connect waits; upgrade sp-connect", "another sp-connect waits; upgrade sp-connect"),
        ("sp-connect explain MD1000; sp-connect regions", "sp-connect explain MD1000; sp-connect regions"),
        ("sp-connect --simulate list", "sp-connect --simulate list"),
        ("sp-connect lists", "sp-connect lists"),
    ],
)
def test_commands_are_told_as_they_are_typed_around_the_simulated_amazon(told: str, rehearsed: str | None) -> None:
    expected = told.replace("sp-connect", "sp-connect --simulate") if rehearsed is None else rehearsed
    assert text.rehearsed(told) == expected


def test_the_commands_that_are_others_in_the_simulation_are_all_but_those_that_use_no_home() -> None:
    assert {entry.name for entry in ENTRIES} - {*text.COMMANDS} == {
        *("regions", "marketplaces", "explain", "simulator")
    }
    assert {*text.COMMANDS} <= {entry.name for entry in ENTRIES}
