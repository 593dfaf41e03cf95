"""An address comes out of what mails, chats and link protection made of it; what is hidden is named."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sp_connect import errors
from sp_connect.amazon import addresses

ADDRESS = (
    "https://agency.example/sp-connect?state=away.Zk3-_x9&selling_partner_id=A2EXAMPLE1234"
    "&spapi_oauth_code=ANbCdEfGhIjKlMnOpQrS"
)


def proofpoint_2(address: str) -> str:
    kept = quote(address, safe="").replace("-", "%2D").replace("_", "%5F")
    return f"https://urldefense.proofpoint.com/v2/url?u={kept.replace('%2F', '_').replace('%', '-')}&d=DwMFaQ&c=x&e="


def proofpoint_3(address: str) -> str:
    odd = base64.urlsafe_b64encode(b"&&").decode().rstrip("=")
    return f"https://urldefense.com/v3/__{address.replace('&', '*')}__;{odd}!!OToaGQ!abc$"


def outlook(address: str) -> str:
    return f"https://eur01.safelinks.protection.outlook.com/?url={quote(address, safe='')}&data=05%7C01&reserved=0"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: f"\ufeff{a}",
        lambda a: f"\u200e{a[:40]}\u200b{a[40:]}\u200f",
        lambda a: f"\u2066{a}\u2069",
        lambda a: f"{a[:50]}\u00ad\u2060{a[50:]}\ufe0f",
        lambda a: f"\u201c{a}\u201d",
        lambda a: f"\u201e{a}\u201c",
        lambda a: f"\u00ab\u00a0{a}\u00a0\u00bb",
        lambda a: f"\u2018{a}\u2019.",
        lambda a: f"`{a}`",
        lambda a: f"<{a}>",
        lambda a: f"({a}).",
        lambda a: f"*{a}*",
        lambda a: f"{a}.",
        lambda a: f"{a},",
        lambda a: f"{a};",
        lambda a: f"{a}!)",
        lambda a: a.replace("&", "&amp;"),
        lambda a: a.replace("&", "&amp;amp;"),
        lambda a: a.replace("&", "&#38;"),
        lambda a: f"&lt;{a}&gt;",
        lambda a: f"Link: {a}",
        lambda a: f"{a}\n{a}",
        lambda a: f"{a}{a}",
        lambda a: f"{a} <{a}>",
        lambda a: f"<{a}|{a}>",
        lambda a: f"[{a}]({a})",
        lambda a: f"> {a[:60]}\r\n> {a[60:]}\r\n",
        lambda a: f"{a[:60]}\u2028{a[60:]}",
        outlook,
        lambda a: f"{outlook(a)} <{a}>",
        lambda a: outlook(a).replace("&", "&amp;"),
        lambda a: outlook(outlook(a)),
        lambda a: f"https://www.google.com/url?q={quote(a, safe='')}&source=gmail&ust=17",
        lambda a: f"https://www.google.de/url?sa=t&url={quote(a, safe='')}",
        proofpoint_2,
        proofpoint_3,
        lambda a: proofpoint_3(a).replace("__https://", "__https:/"),
        lambda a: outlook(proofpoint_3(a)),
        lambda a: f"https://slack-redir.net/link?url={quote(a, safe='')}",
        lambda a: f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/x.html?url={quote(a, safe='')}",
    ],
)
def test_what_was_added_is_taken_off(spoil: Callable[[str], str]) -> None:
    assert addresses.cleaned(spoil(ADDRESS)) == ADDRESS


def test_the_repeats_of_proofpoints_third_form_are_counted() -> None:
    odd = base64.urlsafe_b64encode(b"?&&&").decode().rstrip("=")

    found = addresses.cleaned(f"https://urldefense.com/v3/__https://a.example/x*y**Bz__;{odd}!!a!b$")

    assert found == "https://a.example/x?y&&&z"


@pytest.mark.parametrize(
    ("link", "whose"),
    [
        ("https://protect-eu.mimecast.com/s/AbCdEf", "Mimecast"),
        ("https://eu-west-1.protection.sophos.com/?d=agency.example&u=aHR0cHM6", "Sophos"),
        ("https://secure-web.cisco.com/1abc/https%3A%2F%2Fagency.example", "Cisco"),
        ("https://bit.ly/3xYz", "a link shortener"),
    ],
)
def test_a_link_that_hides_its_address_is_named_for_what_it_is(link: str, whose: str) -> None:
    with pytest.raises(errors.BadState, match=f"a link of {whose}"):
        addresses.cleaned(link)


def test_two_addresses_that_differ_are_refused() -> None:
    with pytest.raises(errors.BadState, match="differ"):
        addresses.cleaned(f"{ADDRESS} {ADDRESS}x")


def test_of_two_addresses_the_one_with_an_answer_counts() -> None:
    assert addresses.cleaned(f"{ADDRESS}\nhttps://agency.example") == ADDRESS


def test_an_address_within_an_answer_is_no_second_one() -> None:
    hop = "https://agency.example/relay?amazon_callback_uri=https://sellercentral.amazon.com/apps/x&amazon_state=s"

    assert addresses.cleaned(hop) == hop


@pytest.mark.slow
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_cleaned_or_refused(text: str) -> None:
    try:
        found = addresses.cleaned(text)
    except errors.BadState:
        return
    assert not any(one.isspace() for one in found)
