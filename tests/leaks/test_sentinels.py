"""The search finds what it is there to find: a search that finds nothing proves nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.leaks import sentinels

TOKEN = "Atzr|IwEBIO+/" + "x1y2z3" * 20
KEY = bytes(range(200, 232))


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(before=st.binary(max_size=5), after=st.binary(max_size=5), secret=st.sampled_from([TOKEN, KEY, "correct horse"]))
def test_it_is_found_whatever_stands_around_it(before: bytes, after: bytes, secret: str | bytes) -> None:
    raw = secret.encode() if isinstance(secret, str) else secret
    for written in (
        before + raw + after,
        base64.b64encode(before + raw + after),
        base64.urlsafe_b64encode(before + raw + after),
        (before + raw + after).hex().encode(),
        (before + raw + after).hex().upper().encode(),
    ):
        assert sentinels.leaks([secret], {"there": written}) == [f"{str(secret)[:16]} in there"]


@pytest.mark.parametrize(
    "written",
    [json.dumps, quote, repr, lambda s: urlencode({"a": s}), lambda s: f"…{s[-40:]}", lambda s: f"{s[:35]}…"],
    ids=["json", "address", "repr", "form", "end", "beginning"],
)
def test_it_is_found_as_programs_write_it(written: Callable[[str], str]) -> None:
    assert sentinels.leaks([TOKEN], {"there": written(TOKEN), "here": "nothing"}) == ["Atzr|IwEBIO+/x1y in there"]


def test_what_is_not_there_is_not_found() -> None:
    assert sentinels.leaks([TOKEN, KEY], {"here": "Atzr|*** Atza|IwEBIA correct horse", "there": b""}) == []
