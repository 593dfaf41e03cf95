"""A token or a client secret is known by how it begins, wherever it turns up."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sp_connect.amazon import redaction
from sp_connect.simulator import tokens
from tests.amazon.test_registration import CLIENT_ID, NEW_ID, SECRET, TOKEN

ALPHABET = "ABCabc012-_.~+/="
RESTS = st.text(ALPHABET, max_size=40).map(lambda text: f"rest7{text}")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (TOKEN, True),
        ("x Atza|y", True),
        (SECRET, True),
        (CLIENT_ID, False),
        (NEW_ID, False),
        ("acme", False),
        ("", False),
    ],
)
def test_a_secret_in_a_text_is_seen(text: str, *, holds: bool) -> None:
    assert redaction.holds_secret(text) is holds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Atzr|IwEBIA", "Atzr|***"),
        ("the token 'Atzr|IwEBIA' is bad", "the token 'Atzr|***' is bad"),
        ("Atzr|a,Atza|b", "Atzr|***,Atza|***"),
        ("token=Atzr%7CIwE%2BIA&secret=amzn1.oa2-cs.v1.0a1b", "token=Atzr%7C***&secret=amzn1.oa2-cs.***"),
        ("refresh_token=Atzr%7cIwE%2bIA", "refresh_token=Atzr%7c***"),
        ('{"a": "Atza|eyJ+/=="}', '{"a": "Atza|***"}'),
        ("<b>Atzr|IwEBIA</b>", "<b>Atzr|***</b>"),
        ("Atzr|IwEBIA\nnext", "Atzr|***\nnext"),
    ],
)
def test_a_secret_in_a_text_is_masked(text: str, shown: str) -> None:
    assert redaction.masked(text) == shown
    assert redaction.masked(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Acme GmbH",
        NEW_ID,
        CLIENT_ID,
        "a refresh token begins with Atzr|: copy it again",
        "the client secret begins with amzn1.oa2-cs.: LWA credentials",
        "Atzr|... or Atza|...",
        "株式会社 Atzr",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redaction.masked(text) == text


@pytest.mark.slow
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(
    mark=st.sampled_from([redaction.REFRESH_TOKENS, redaction.ACCESS_TOKENS, redaction.CLIENT_SECRETS]),
    rest=RESTS,
    form=st.sampled_from([str, quote, quote_plus]),
    around=st.sampled_from([("", ""), ("said: ", "."), ('"', '"'), ("<", ">"), ("x=", "&y=1"), ("(", ")")]),
)
def test_no_secret_is_left_whole_or_in_part(mark: str, rest: str, form: type[str], around: tuple[str, str]) -> None:
    shown = redaction.masked(f"{around[0]}{form(mark + rest)}{around[1]}")

    assert form(rest) not in shown
    assert redaction.MASK in shown


def test_the_longest_tokens_are_masked_whole() -> None:
    token = redaction.REFRESH_TOKENS + tokens.random(tokens.LONGEST)

    assert redaction.masked(f"a {token} b") == "a Atzr|*** b"
