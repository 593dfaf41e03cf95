"""Errors that Amazon's no leads to: the cause that Amazon's words name, and what mends that very cause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.errors import causes
from sp_connect.errors.causes import Cause
from sp_connect.models import AmazonWords

ACME = geography.scope("acme", "eu", None)
CONNECT = "sp-connect connect --seller acme --region eu"
INVALID = "The request has an invalid grant parameter :"
REVOKED = f"{INVALID} refresh_token. User may have revoked or didn't grant the permission."

Kind = Callable[[AmazonWords], errors.NotAuthorized]


def exchanging(words: AmazonWords) -> errors.NotAuthorized:
    return errors.CodeExpired(ACME, words)


def refreshing(words: AmazonWords) -> errors.NotAuthorized:
    return errors.Rejected(ACME, words)


def looking(words: AmazonWords) -> errors.NotAuthorized:
    return errors.NotPermitted(ACME, "Amazon does not let the app read the account", words)


TOLD = [
    (exchanging, f"{INVALID} code", "the authorization code was used already", CONNECT),
    (exchanging, f"{INVALID} redirect_uri", "the redirect URI is not the one of the consent", CONNECT),
    (exchanging, None, "the authorization code was used already", CONNECT),
    (exchanging, "something new", "the authorization code was used already", CONNECT),
    (refreshing, REVOKED, "the seller ended the authorization, or its year is over", CONNECT),
    (refreshing, f"{INVALID} refresh_token", "Amazon has no such refresh token", CONNECT),
    (refreshing, None, "the seller ended the authorization, or its year is over", CONNECT),
    (
        looking,
        "Access to requested resource is denied. The LWA secret token you provided has expired.",
        "the client secret has expired",
        "sp-connect app rotate-secret NAME",
    ),
    (
        looking,
        "The access token you provided is revoked, malformed or invalid.",
        "the access token is not whole",
        "sp-connect connect --seller acme --region eu",
    ),
]


@pytest.mark.parametrize(("kind", "said", "cause", "command"), TOLD)
def test_the_cause_that_amazon_names_is_told_with_what_mends_it(
    kind: Kind, said: str | None, cause: str, command: str
) -> None:
    error = kind(AmazonWords("some_code", said))

    assert cause in error.message
    assert (error.hint or "").endswith(command)


@pytest.mark.parametrize("words", [None, AmazonWords("Unauthorized", "Access to requested resource is denied.")])
def test_where_amazon_names_no_cause_the_likely_ones_are_told_in_order(words: AmazonWords | None) -> None:
    hint = errors.NotPermitted(ACME, "Amazon names no marketplace of the account", words).hint or ""

    places = [hint.index(part) for part in ("another region", "Product Listing", "client secret", "vendor")]
    assert places == sorted(places)
    assert "access token" not in hint  # Amazon gave it a moment ago


def test_the_fullest_match_counts_and_of_equals_the_first() -> None:
    short, long, same = (
        Cause("a", "x", said="no such"),
        Cause("b", "x", said="no such thing"),
        Cause("c", "x", said="no"),
    )

    assert causes.told([short, long, same], "there is no such thing") == long
    assert causes.told([short, short._replace(what="later")], "no such") == short
    assert causes.told([short, long], "another matter") is None
    assert causes.told([Cause("silent", "x")], "anything") is None


def test_a_step_is_words_that_lead_to_a_command_or_either_alone() -> None:
    both = Cause("it is so", "look again", "sp-connect verify {connection}")

    assert both.step("--seller acme --region eu") == "look again: sp-connect verify --seller acme --region eu"
    assert both._replace(mend="").step() == "sp-connect verify --seller SELLER --region REGION"
    assert both._replace(command="").step() == "look again"


def test_a_command_that_names_an_app_names_the_one_that_is_meant() -> None:
    assert errors.ClientRejected("wide", AmazonWords("invalid_client")).hint == (
        "if the secret was renewed at Amazon, or mistyped here: sp-connect app rotate-secret wide"
    )


def test_a_new_access_token_that_is_refused_does_not_lead_to_the_command_that_was_just_run() -> None:
    scope = geography.scope("acme", "eu", None)
    for cause in causes.TOKEN_SPENT:
        hint = errors.NotPermitted(scope, "Amazon says no", AmazonWords("Unauthorized", cause.said)).hint

        assert hint == f"try again in a few minutes; if that fails too: sp-connect connect {scope.flags}"
