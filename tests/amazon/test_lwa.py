"""The token endpoint: what is sent, and what each of its answers means."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import pytest
import responses

from sp_connect import errors
from sp_connect.amazon import geography, lwa
from sp_connect.models import AmazonWords, Grant, Secret, Tokens
from tests.amazon.tiny import BREAK, Reply, Watched, serving, watched
from tests.stores.samples import app

SCOPE = geography.scope("acme", "eu")
CLIENT_SECRET = Secret("amzn1.oa2-cs.v1.verysecret")
GRANT = Grant(Secret("ANverysecret"), "A2EXAMPLE1234")
REFRESH_TOKEN = Secret("Atzr|verysecret")
GOOD = {"access_token": "Atza|new", "token_type": "bearer", "expires_in": 3600, "refresh_token": "Atzr|new"}
REVOKED = (
    "The request has an invalid grant parameter : refresh_token. User may have revoked or didn't grant the permission."
)


def exchange(seen: Watched) -> Tokens:
    return lwa.exchange(seen.amazon, app(), CLIENT_SECRET, SCOPE, GRANT)


def refresh(seen: Watched) -> Tokens:
    return lwa.refresh(seen.amazon, app(), CLIENT_SECRET, SCOPE, REFRESH_TOKEN)


BOTH = pytest.mark.parametrize("call", [exchange, refresh])


def says(mock: responses.RequestsMock, body: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    mock.post(lwa.TOKEN_ADDRESS, body=text, status=status, headers=headers)


def sent(mock: responses.RequestsMock) -> dict[str, str]:
    body = mock.calls[0].request.body
    assert isinstance(body, str)
    return dict(parse_qsl(body))


def test_code_is_exchanged_with_the_redirect_uri_of_the_consent(amazon: responses.RequestsMock) -> None:
    says(amazon, GOOD)
    tokens = exchange(watched(None))
    assert sent(amazon) == {
        "grant_type": "authorization_code",
        "code": "ANverysecret",
        "redirect_uri": app().redirect_uri,
        "client_id": app().client_id,
        "client_secret": CLIENT_SECRET.reveal(),
    }
    assert tokens == Tokens(Secret("Atza|new"), Secret("Atzr|new"), 3600)


def test_refresh_sends_the_token_and_no_redirect_uri(amazon: responses.RequestsMock) -> None:
    says(amazon, GOOD)
    tokens = refresh(watched(None))
    assert sent(amazon) == {
        "grant_type": "refresh_token",
        "refresh_token": REFRESH_TOKEN.reveal(),
        "client_id": app().client_id,
        "client_secret": CLIENT_SECRET.reveal(),
    }
    assert tokens.refresh_token == Secret("Atzr|new")


@pytest.mark.parametrize("change", [{"refresh_token": None}, {"refresh_token": ""}, {}])
def test_refresh_needs_no_new_refresh_token(amazon: responses.RequestsMock, change: dict[str, Any]) -> None:
    says(amazon, {key: value for key, value in GOOD.items() if key != "refresh_token"} | change)
    assert refresh(watched(None)).refresh_token is None


def test_a_refresh_token_that_is_too_long_takes_no_good_ones_place(amazon: responses.RequestsMock) -> None:
    says(amazon, {**GOOD, "refresh_token": "Atzr|" + "x" * 2043})
    assert refresh(watched(None)).refresh_token is not None

    says(amazon, {**GOOD, "refresh_token": "Atzr|" + "x" * 2044})
    with pytest.raises(errors.UnexpectedAnswer, match="more than 2,048 characters"):
        refresh(watched(None))


@pytest.mark.parametrize("change", [{"refresh_token": None}, {"refresh_token": ""}, {}])
def test_exchange_without_a_refresh_token_is_unexpected(amazon: responses.RequestsMock, change: dict[str, Any]) -> None:
    says(
        amazon,
        {key: value for key, value in GOOD.items() if key != "refresh_token"} | change,
        headers={"x-amzn-RequestId": "id-1"},
    )
    with pytest.raises(errors.UnexpectedAnswer, match="without a refresh token") as caught:
        exchange(watched(None))
    assert caught.value.amazon == AmazonWords(request_id="id-1")


@pytest.mark.parametrize("life", ["3600", None, True, 0, -1, 1.5, [], {}])
def test_a_life_that_is_no_number_is_an_hour(amazon: responses.RequestsMock, life: object) -> None:
    says(amazon, GOOD | {"expires_in": life})
    assert refresh(watched(None)).expires_in == 3600


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        "<html>Sorry</html>",
        "",
        "[]",
        "null",
        "{}",
        GOOD | {"access_token": None},
        GOOD | {"access_token": ""},
        GOOD | {"access_token": 5},
        GOOD | {"access_token": ["x"]},
        GOOD | {"refresh_token": 5},
        GOOD | {"refresh_token": ["Atzr|x"]},
        GOOD | {"refresh_token": "Atzr|\0x"},
        GOOD | {"refresh_token": "Atzr|\ud800"},
        GOOD | {"access_token": "Atza|\N{SNOWMAN}"},
        GOOD | {"access_token": "Atza|x\r\ny"},
    ],
)
def test_200_with_anything_else_is_unexpected(
    amazon: responses.RequestsMock, call: Callable[[Watched], Tokens], body: object
) -> None:
    says(amazon, body, headers={"x-amzn-RequestId": "id-1"})
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        call(watched(None))
    assert caught.value.amazon == AmazonWords(request_id="id-1")
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("status", [400, 401, 403])
def test_invalid_grant_is_an_expired_code_or_a_rejected_token(amazon: responses.RequestsMock, status: int) -> None:
    body = {"error": "invalid_grant", "error_description": REVOKED, "request_id": "id-2", "error_index": "x"}
    says(amazon, body, status)
    says(amazon, body, status)
    with pytest.raises(errors.CodeExpired) as expired:
        exchange(watched(None))
    with pytest.raises(errors.Rejected) as rejected:
        refresh(watched(None))
    assert expired.value.amazon == rejected.value.amazon == AmazonWords("invalid_grant", REVOKED, "id-2")
    assert rejected.value.told().endswith(f"Amazon said: invalid_grant: {REVOKED} (request id-2).")
    assert expired.value.exit_code == rejected.value.exit_code == 3


@pytest.mark.parametrize("status", [400, 401])
def test_a_token_that_the_client_may_not_use_is_rejected_and_says_nothing_of_the_app(
    amazon: responses.RequestsMock, status: int
) -> None:
    says(amazon, {"error": "unauthorized_client"}, status)
    with pytest.raises(errors.Rejected, match="the token may belong to another app") as caught:
        refresh(watched(None))
    assert (caught.value.hint or "").endswith("sp-connect connect --seller acme --region eu")


@pytest.mark.parametrize("name", ["code", "redirect_uri"])
def test_a_code_that_is_an_invalid_parameter_is_an_expired_code(amazon: responses.RequestsMock, name: str) -> None:
    says(
        amazon, {"error": "invalid_request", "error_description": f"The request has an invalid parameter : {name}"}, 400
    )
    with pytest.raises(errors.CodeExpired) as caught:
        exchange(watched(None))
    assert (caught.value.exit_code, caught.value.code) == (3, "code-expired")


def test_a_refresh_token_that_is_an_invalid_parameter_is_rejected(amazon: responses.RequestsMock) -> None:
    words = "The request has an invalid parameter : refresh_token"
    says(amazon, {"error": "invalid_request", "error_description": words}, 400)
    with pytest.raises(errors.Rejected):
        refresh(watched(None))


@BOTH
def test_another_invalid_parameter_is_unexpected(
    amazon: responses.RequestsMock, call: Callable[[Watched], Tokens]
) -> None:
    words = "The request is missing a required parameter : grant_type"
    says(amazon, {"error": "invalid_request", "error_description": words}, 400)
    with pytest.raises(errors.UnexpectedAnswer):
        call(watched(None))


@BOTH
@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_client_is_told_whatever_the_status(
    amazon: responses.RequestsMock, call: Callable[[Watched], Tokens], status: int
) -> None:
    says(amazon, {"error": "invalid_client", "error_description": "Client authentication failed"}, status)
    with pytest.raises(errors.ClientRejected) as caught:
        call(watched(None))
    assert caught.value.amazon == AmazonWords("invalid_client", "Client authentication failed")
    assert (
        caught.value.hint
        == "if the secret was renewed at Amazon, or mistyped here: sp-connect app rotate-secret default"
    )


@BOTH
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, {"error": "invalid_request"}, AmazonWords("invalid_request", None, "id-1")),
        (400, "<html>", AmazonWords(None, None, "id-1")),
        (400, {"error": {"a": 1}, "error_description": 5}, AmazonWords(None, None, "id-1")),
        (400, ["invalid_grant"], AmazonWords(None, None, "id-1")),
        (400, "[" * 100_000, AmazonWords(None, None, "id-1")),
        (302, "", AmazonWords(None, None, "id-1")),
        (404, "", AmazonWords(None, None, "id-1")),
    ],
)
def test_any_other_refusal_is_unexpected_with_amazons_words(
    amazon: responses.RequestsMock,
    call: Callable[[Watched], Tokens],
    status: int,
    body: object,
    words: AmazonWords,
) -> None:
    says(amazon, body, status, {"x-amzn-RequestId": "id-1"})
    with pytest.raises(errors.UnexpectedAnswer, match=str(status)) as caught:
        call(watched(None))
    assert caught.value.amazon == words


REPLIES = [BREAK, Reply(429), Reply(500), Reply(503), Reply(200, b"<html>"), Reply(200, b"{}"), Reply(400, b"{}")]


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: f"{reply.status} {reply.body.decode()}")
def test_code_is_sent_once_whatever_happens(reply: Reply) -> None:
    with serving(reply) as tiny:
        seen = watched(tiny.base)
        with pytest.raises(errors.AmazonTrouble) as caught:
            exchange(seen)
    assert len(tiny.asked) == 1
    assert seen.pauses == []
    texts = ["".join(traceback.format_exception(caught.value)), caught.value.told(), *seen.story]
    assert not [text for text in texts if "verysecret" in text]


@pytest.mark.parametrize("reply", [BREAK, Reply(500), Reply(503), Reply(429), Reply(200, b"<html>")])
def test_a_code_that_may_be_used_up_is_told_so(reply: Reply) -> None:
    with serving(reply) as tiny, pytest.raises(errors.AmazonTrouble) as caught:
        exchange(watched(tiny.base))
    assert caught.value.hint is not None
    assert caught.value.hint.endswith("sp-connect connect --seller acme --region eu")


@pytest.mark.parametrize("reply", [BREAK, Reply(429), Reply(500), Reply(503)])
def test_refresh_is_tried_again(reply: Reply) -> None:
    with serving(reply, Reply(200, json.dumps(GOOD).encode())) as tiny:
        seen = watched(tiny.base)
        assert refresh(seen).access_token.reveal() == "Atza|new"
    assert len(tiny.asked) == 2
    assert not [line for line in seen.story if "verysecret" in line or "Atza|" in line]


@pytest.mark.parametrize("status", [400, 401])
def test_a_client_that_amazon_refuses_is_found_out_without_any_token(
    amazon: responses.RequestsMock, status: int
) -> None:
    says(amazon, {"error": "invalid_client", "error_description": "Client authentication failed"}, status)
    with pytest.raises(errors.ClientRejected) as caught:
        lwa.check_client(watched(None).amazon, app(), CLIENT_SECRET)
    assert caught.value.amazon == AmazonWords("invalid_client", "Client authentication failed")
    assert sent(amazon) == {
        "grant_type": "refresh_token",
        "refresh_token": lwa.NO_TOKEN.reveal(),
        "client_id": app().client_id,
        "client_secret": CLIENT_SECRET.reveal(),
    }


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": "invalid_grant"}),
        (400, {"error": "invalid_scope"}),
        (401, {"error": "invalid_grant"}),
        (400, {"error": "unauthorized_client"}),
        (400, {"error": "invalid_request"}),
        (403, "<html>"),
        (200, GOOD),
    ],
)
def test_a_client_counts_as_accepted_whatever_else_amazon_refuses(
    amazon: responses.RequestsMock, status: int, body: object
) -> None:
    says(amazon, body, status)
    lwa.check_client(watched(None).amazon, app(), CLIENT_SECRET)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (BREAK, errors.Unreachable),
        (Reply(503), errors.Unreachable),
        (Reply(429), errors.Throttled),
        (Reply(200, b"<html>"), errors.UnexpectedAnswer),
        (Reply(302, b"", {"Location": "https://login.example/"}), errors.UnexpectedAnswer),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
def test_where_amazon_cannot_be_asked_about_a_client_it_is_said_so(reply: Reply, kind: type[Exception]) -> None:
    with serving(reply) as tiny, pytest.raises(kind):
        lwa.check_client(watched(tiny.base).amazon, app(), CLIENT_SECRET)


def test_tokens_are_in_no_repr(amazon: responses.RequestsMock) -> None:
    says(amazon, GOOD)
    assert "Atz" not in repr(refresh(watched(None)))


@pytest.mark.parametrize("code", ["ANx\r\ny", "\N{SNOWMAN}", "a&b=c"])
def test_a_code_of_any_characters_is_sent_as_one_value(amazon: responses.RequestsMock, code: str) -> None:
    says(amazon, GOOD)
    with suppress(errors.SpConnectError):
        lwa.exchange(watched(None).amazon, app(), CLIENT_SECRET, SCOPE, Grant(Secret(code), "A1"))
    assert sent(amazon)["code"] == code
