"""Login with Amazon: the token endpoint, and what its errors mean (amazon.md section 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TypeGuard

from sp_connect import errors
from sp_connect.amazon import client, redaction
from sp_connect.models import AmazonWords, App, ClientSecret, Connection, Grant, Scope, Secret, Tokens

# One host for every region: amazon.md section 4.1.
TOKEN_ADDRESS = "https://api.amazon.com/auth/o2/token"  # noqa: S105 - an address

NO_TOKEN = Secret("Atzr|sp-connect-asks-whether-this-app-is-accepted")
"""A refresh token that nobody has: Amazon refuses it, unless it refuses the client first."""


PARAMETER = re.compile(r"parameter : (\w+)")
"""How Amazon names the parameter that it does not take (amazon.md section 4.3)."""


def exchange(amazon: client.Amazon, app: App, client_secret: Secret, scope: Scope, grant: Grant) -> Tokens:
    """The tokens for an authorization code, which is sent once, whatever happens.

    `redirect_uri` is sent as it was at the consent (amazon.md, decision 5). Raises CodeExpired, ClientRejected
    and AmazonTrouble.
    """
    form: client.Fields = {"grant_type": "authorization_code", "code": grant.code, "redirect_uri": app.redirect_uri}
    try:
        answer = _asked(amazon, amazon.post_once, app, client_secret, form)
        tokens = _tokens(answer, app, ("code", "redirect_uri"), lambda words: errors.CodeExpired(scope, words))
        if tokens.refresh_token is None:
            words = AmazonWords(request_id=answer.request_id)
            raise errors.UnexpectedAnswer(answer.host, "without a refresh token", words)
    except errors.AmazonTrouble as error:
        error.reword(hint=f"the code may be used up, so it is not sent again: sp-connect connect {scope.flags}")
        raise
    return tokens


def refresh(amazon: client.Amazon, app: App, client_secret: Secret, scope: Scope, refresh_token: Secret) -> Tokens:
    """A new access token. Amazon may send another refresh token along (amazon.md 4.2): the caller keeps it then.

    Raises Rejected, ClientRejected and AmazonTrouble.
    """
    form: client.Fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    answer = _asked(amazon, amazon.post, app, client_secret, form)
    if _words(answer).error == "unauthorized_client":  # said of one token, and not of the app
        raise errors.Rejected(scope, _words(answer))
    # The token that is kept works: nothing that stores and other programs may cut takes its place.
    longest = redaction.LONGEST_REFRESH_TOKEN
    tokens = _tokens(answer, app, ("refresh_token",), lambda words: errors.Rejected(scope, words), longest)
    if isinstance(client_secret, ClientSecret) and client_secret in answer.sent:
        client_secret.proven()
    return tokens


def check_client(amazon: client.Amazon, app: App, client_secret: Secret) -> None:
    """Asks Amazon whether it accepts the app's client id and client secret. No token can come of it.

    Only `invalid_client` is a refusal: every other 4xx says that Amazon read on (amazon.md, decision 14).
    Raises ClientRejected, and AmazonTrouble where Amazon cannot be reached, is too busy, or answers 200 without JSON.
    """
    form: client.Fields = {"grant_type": "refresh_token", "refresh_token": NO_TOKEN}
    answer = _asked(amazon, amazon.post, app, client_secret, form)
    words = _words(answer)
    if words.error == "invalid_client":
        raise errors.ClientRejected(app.name, words)
    if answer.status == 429 or answer.status >= 500:
        raise client.trouble(answer, words)
    if answer.status < 400:
        answer.json()  # what answers for Amazon, such as the page of a guest network, answers no JSON


def _asked(
    amazon: client.Amazon,
    post: Callable[[str, client.Fields], client.Answer],
    app: App,
    client_secret: Secret,
    form: client.Fields,
) -> client.Answer:
    """The answer to a form, sent once more with the client secret before it where Amazon refuses a new one.

    A code is not spent by that: Amazon has not looked at it.
    """
    answer = post(TOKEN_ADDRESS, {**form, **_client(amazon, app, client_secret)})
    if isinstance(client_secret, ClientSecret) and _words(answer).error == "invalid_client":
        return post(TOKEN_ADDRESS, {**form, **_client(amazon, app, client_secret.before)})
    return answer


def refuse_real(amazon: client.Amazon, record: App | Connection | None) -> None:
    """Raises RealSecret for an app or a connection of the real Amazon while SP_CONNECT_AMAZON_URL is set.

    Its secrets go nowhere then, and nothing of another Amazon takes its place.
    """
    if record is not None:
        whose = f"the app {record.name}" if isinstance(record, App) else str(record.scope)
        amazon.refuse_real(whose, simulated=record.simulated)


def _client(amazon: client.Amazon, app: App, client_secret: Secret) -> client.Fields:
    """The fields that name the app: the one place where a client secret goes out. Raises RealSecret."""
    refuse_real(amazon, app)
    return {"client_id": app.client_id, "client_secret": client_secret}


def _tokens(
    answer: client.Answer,
    app: App,
    grant: tuple[str, ...],
    invalid_grant: Callable[[AmazonWords], errors.NotAuthorized],
    longest: int | None = None,
) -> Tokens:
    """The tokens of an answer. `grant` are the parameters of which a refusal is one of the grant itself.

    Raises UnexpectedAnswer for a refresh token of more than `longest` characters.
    """
    if answer.status != 200:
        words = _words(answer)
        # UNVERIFIED which status goes with which error (amazon.md 4.3): the word decides, whatever the status.
        named = PARAMETER.search(words.error_description or "")
        is_of_grant = words.error == "invalid_request" and named is not None and named[1] in grant
        if words.error == "invalid_grant" or is_of_grant:
            raise invalid_grant(words)
        if words.error in {"invalid_client", "unauthorized_client"}:
            raise errors.ClientRejected(app.name, words)
        raise client.trouble(answer, words)
    found = answer.json()
    access, refreshed, life = found.get("access_token"), found.get("refresh_token"), found.get("expires_in")
    if not _is_token(access) or not (refreshed is None or refreshed == "" or _is_token(refreshed)):
        which = "without an access token" if not _is_token(access) else "with a refresh token that can be none"
        raise errors.UnexpectedAnswer(answer.host, which, AmazonWords(request_id=answer.request_id))
    if longest is not None and refreshed and len(refreshed) > longest:
        which = f"with a refresh token of more than {longest:,} characters"
        raise errors.UnexpectedAnswer(answer.host, which, AmazonWords(request_id=answer.request_id))
    # 3600 s by amazon.md 4.2; an answer that does not say so is taken for the same.
    seconds = life if isinstance(life, int) and not isinstance(life, bool) and life > 0 else 3600
    return Tokens(Secret(access), Secret(refreshed) if refreshed else None, seconds)


def _is_token(value: object) -> TypeGuard[str]:
    """Whether it is such that a header, a variable and a store can hold it."""
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()


def _words(answer: client.Answer) -> AmazonWords:
    """The words of a refusal: {"error", "error_description", "request_id"}; none of them can be relied on."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    said = found if isinstance(found, dict) else {}
    request_id = answer.told(said.get("request_id")) or answer.request_id
    return AmazonWords(answer.told(said.get("error")), answer.told(said.get("error_description")), request_id)
