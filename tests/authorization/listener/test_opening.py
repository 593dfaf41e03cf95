"""The one-time address of a browser that sp-connect opens, and who may hop."""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import pytest

from sp_connect.amazon import consent
from sp_connect.authorization import listener
from sp_connect.authorization.listener import notices
from sp_connect.models import Grant
from tests.authorization.listener.visits import CONFIRM, Visited, decide, head, opened, status

AMAZON = "https://sellercentral-europe.amazon.com/apps/authorize/consent?state=x"


def taken(visited: Visited, address: str = AMAZON) -> tuple[listener.Opening, str]:
    """An opening that a browser was started with, and the path of its address."""
    opening = visited.door.opening(address)
    parts = urlsplit(opening.take())
    assert parts.netloc == visited.listen
    return opening, parts.path


def cookie_of(answer: bytes) -> str:
    """The Cookie header of a browser that was given `answer`."""
    return f"Cookie: {head(answer)['set-cookie'].partition(';')[0]}\r\n"


def test_the_first_visitor_goes_on_to_amazon_with_a_cookie() -> None:
    with opened(decide) as visited:
        _, path = taken(visited)
        answer = visited.get(path)
        assert status(answer) == 302
        assert head(answer)["location"] == AMAZON
        assert head(answer)["referrer-policy"] == "no-referrer"
        [morsel] = SimpleCookie(head(answer)["set-cookie"]).values()
        assert (morsel["httponly"], morsel["samesite"], morsel["secure"], morsel["path"]) == (True, "Lax", "", "/")
        assert morsel["domain"] == ""
        assert len(morsel.value) >= 43
        assert morsel.value not in path
        assert visited.notices == []
        assert visited.is_untouched()


def test_another_visitor_gets_a_page_and_the_terminal_hears_of_it() -> None:
    with opened(decide) as visited:
        _, path = taken(visited)
        visited.get(path)
        answer = visited.get(path)
        assert status(answer) == 403
        assert b"<title>This page is already open</title>" in answer
        assert "location" not in head(answer)
        assert "set-cookie" not in head(answer)
        assert visited.notices == [notices.OPENED_TWICE]


def test_the_same_browser_may_load_it_again() -> None:
    with opened(decide) as visited:
        _, path = taken(visited)
        more = cookie_of(visited.get(path))
        assert status(visited.get(path, more=f"Cookie: a=b; c\r\n{more}")) == 302
        assert visited.notices == []


@pytest.mark.parametrize("change", ["{path}x", "{path}?x=y", "{path}/", "/open/", "/open/x", "/{path}", "/x{path}"])
def test_only_the_whole_address_is_one(change: str) -> None:
    with opened(decide) as visited:
        _, path = taken(visited)
        assert status(visited.get(change.format(path=path))) == 404
        assert status(visited.get(path)) == 302


def test_an_address_that_no_browser_was_given_is_none() -> None:
    with opened(decide) as visited:
        opening = visited.door.opening(AMAZON)
        assert status(visited.get(opening._path)) == 404
        assert status(visited.get(visited.hop())) == 302, "and nobody needs a cookie"


def test_an_address_whose_browser_did_not_start_is_none() -> None:
    with opened(decide) as visited:
        opening, path = taken(visited)
        opening.withdraw()
        assert status(visited.get(path)) == 404
        assert status(visited.get(visited.hop())) == 302


def test_a_visit_counts_though_the_browser_is_said_not_to_have_started() -> None:
    with opened(decide) as visited:
        opening, path = taken(visited)
        more = cookie_of(visited.get(path))
        opening.withdraw()
        assert status(visited.get(visited.hop())) == 403
        assert status(visited.get(visited.hop(), more=more)) == 302


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_another_method_spends_nothing(method: str) -> None:
    with opened(decide) as visited:
        _, path = taken(visited)
        assert status(visited.get(path, method)) == 404
        assert status(visited.get(path)) == 302


def test_a_prefetch_spends_nothing() -> None:
    with opened(decide) as visited:
        _, path = taken(visited)
        assert status(visited.get(path, more="Sec-Purpose: prefetch\r\n")) == 204
        assert status(visited.get(path)) == 302


def test_another_host_spends_nothing() -> None:
    with opened(decide) as visited:
        _, path = taken(visited)
        assert status(visited.get(path, host="evil.example")) == 404
        assert status(visited.get(path)) == 302


def test_once_a_browser_is_opened_a_hop_is_answered_in_no_other() -> None:
    with opened(decide) as visited:
        _, path = taken(visited)
        assert status(visited.get(visited.hop())) == 403, "before the visit"
        more = cookie_of(visited.get(path))
        for cookie in ("", "Cookie: sp-connect=x\r\n", more.replace("=", "=x"), more.lower(), more.upper()):
            answer = visited.get(visited.hop(), more=cookie)
            assert status(answer) == 403
            assert b"<title>Continue in the other browser</title>" in answer
            assert "location" not in head(answer)
        assert set(visited.notices) == {notices.OTHER_BROWSER}
        answer = visited.get(visited.hop(), more=more)
        assert head(answer)["location"].startswith(CONFIRM)
        assert status(visited.get(visited.hop(), more=more)) == 302, "a reload"


def test_the_answer_itself_needs_no_cookie() -> None:
    with opened() as visited:
        _, path = taken(visited)
        visited.get(path)
        with visited.knock(visited.ask(visited.callback())):
            assert isinstance(consent.read(visited.next().parameters, visited.asked), Grant)


def test_nobody_learns_the_state_that_the_consent_began_with() -> None:
    with opened(decide) as visited:
        for _ in range(3):
            location = head(visited.get(visited.hop()))["location"]
            assert visited.asked.state not in location
            [state] = parse_qs(urlsplit(location).query)["state"]
            assert isinstance(consent.read(consent.query(visited.callback(state=state)[10:]), visited.asked), Grant)


def test_the_cookies_of_two_that_wait_have_names_of_their_own() -> None:
    with opened(decide) as one, opened(decide) as other:
        names = {cookie_of(visited.get(taken(visited)[1])).partition("=")[0] for visited in (one, other)}
    assert len(names) == 2
