"""Which words of a sentence a page sets as code."""

from __future__ import annotations

import html
import re

import pytest

from sp_connect.pages import prose

SENTENCES = [
    "sp-connect [revoke --seller acme --region eu --yes]",
    "if it is the same client: sp-connect [invites --cancel acme], then rename",
    "sp-connect [revoke --seller bravo --region eu], then connect it again",
    "first: sp-connect [app add]",
    "for a new secret: sp-connect [app rotate-secret default]. For another app: sp-connect [app add NAME]",
    "there is default; sp-connect [app list] shows more",
    "put this file there: sp-connect [relay --app default --out relay.html]",
    "Amazon's page shows an error, which sp-connect [explain CODE] explains. For more: sp-connect [explain]; else ask",
    "sp-connect [rename bravo acme]",
    "run sp-connect [connect] again and use the newest address",
    "sp-connect [exec ... -- COMMAND ARGUMENTS]",
    "sp-connect [-v connect --seller acme --region eu]",
    "if acme has a new account: sp-connect [connect --seller acme --region eu --replace]",
]

PROSE = [
    "sp-connect connects sellers only",
    "let sp-connect ask: it gets a new one, or says that it is over",
    "install sp-connect again",
    "a well-known word - and a dash -- and A and B",
]


def code(text: str) -> list[str]:
    found = re.findall(r"<code>(.*?)</code>", prose.marked(text))
    return [html.unescape(re.sub(r"<[^>]*>", "", one)) for one in found]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_command_is_code_from_its_name_to_its_last_word(sentence: str) -> None:
    wanted = [f"sp-connect {one}" for one in re.findall(r"\[(.*?)\]", sentence)]
    assert code(sentence.replace("[", "").replace("]", "")) == wanted


@pytest.mark.parametrize("sentence", PROSE)
def test_prose_stays_prose(sentence: str) -> None:
    assert code(sentence) == []


def test_a_flag_alone_is_code_with_what_it_takes() -> None:
    told = 'sign out, or add --browser isolated, and run it with --replace or --browser "private edge". Or -v'
    assert code(told) == ["--browser isolated", "--replace", '--browser "private edge"', "-v"]


def test_ids_are_code() -> None:
    told = "Amazon gave access to A1BRAVO777777, but acme is A2EXAMPLE1234. ACCESS and A1 and AMAZONISALL are words"
    assert code(told) == ["A1BRAVO777777", "A2EXAMPLE1234"]
    assert code("the group is amzn1.vg.12345") == ["amzn1.vg.12345"]


def test_each_word_of_a_command_is_held_together_and_a_flag_with_its_value() -> None:
    assert prose.marked("sp-connect connect --seller acme.") == (
        "<code><span>sp-connect</span> <span>connect</span> <span>--seller acme</span></code>."
    )


@pytest.mark.parametrize("text", ["", " ", "a  b\tc", "x <b>y</b> & z", "sp-connect <b> --seller <i>", "(--seller)"])
def test_nothing_is_lost_and_everything_is_escaped(text: str) -> None:
    made = prose.marked(text)
    assert html.unescape(re.sub(r"</?(?:code|span)>", "", made)).split() == text.split()
    assert "<b>" not in made
    assert "<i>" not in made
