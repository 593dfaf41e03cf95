"""The simulated token endpoint: amazon.md section 4 as requests and answers. No sockets."""

from __future__ import annotations

import secrets
import uuid

from sp_connect.simulator.messages import Answer, Request, data, nothing_here
from sp_connect.simulator.world import ACCESS_TOKEN_LIFE, InvalidGrantError, SimulatedApp, World

HOST = "api.amazon.com"
PATH = "/auth/o2/token"


def answer(world: World, request: Request) -> Answer:
    """Answers requests to api.amazon.com."""
    if (request.method, request.path) != ("POST", PATH):
        return nothing_here()
    asked = _fields(request)
    grant_type = asked.get("grant_type", "")
    if request.media_type not in {"application/x-www-form-urlencoded", "application/json"}:
        grant_type = "none"
    if not grant_type:
        return _missing("grant_type")
    if grant_type not in {"authorization_code", "refresh_token", "client_credentials"}:
        words = "The authorization grant type is not supported by the authorization server"
        return refusal(400, "unsupported_grant_type", words)
    app = world.client(asked.get("client_id", ""), asked.get("client_secret", ""))
    if app is None:
        # Seen as 401 (issues models#783, jlevers#602), described as 400 too: the client has to take either.
        return refusal(401, "invalid_client", "Client authentication failed")
    if grant_type == "client_credentials":
        return _grantless(world, asked)
    return _granted(world, app, grant_type, asked)


def refusal(status: int, error: str, description: str, headers: dict[str, str] | None = None) -> Answer:
    """A refusal of the token endpoint, with the two fields that newer answers add (amazon.md 4.3)."""
    words = {
        "error_index": secrets.token_urlsafe(90),
        "error_description": description,
        "error": error,
        "request_id": str(uuid.uuid4()),
    }
    return data(words, status, headers)


def _granted(world: World, app: SimulatedApp, grant_type: str, asked: dict[str, str]) -> Answer:
    parameter = "code" if grant_type == "authorization_code" else "refresh_token"
    if not asked.get(parameter):
        return _missing(parameter)
    try:
        if parameter == "code":
            authorization = world.exchange(app, asked["code"], asked.get("redirect_uri"))
        else:
            authorization = world.refresh(app, asked["refresh_token"])
    except InvalidGrantError as error:
        return refusal(400, "invalid_grant", f"The request has an invalid grant parameter : {error.parameter}")
    return _tokens(world.access_token(authorization), authorization.refresh_token)


def _grantless(world: World, asked: dict[str, str]) -> Answer:
    if not asked.get("scope", "").startswith("sellingpartnerapi::"):
        return refusal(400, "invalid_scope", "The requested scope is invalid, unknown, or malformed")
    return _tokens(world.grantless_token(), None)


def _tokens(access_token: str, refresh_token: str | None) -> Answer:
    words = {
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": int(ACCESS_TOKEN_LIFE.total_seconds()),
    }
    return data(words if refresh_token is None else words | {"refresh_token": refresh_token})


def _missing(parameter: str) -> Answer:
    return refusal(400, "invalid_request", f"The request is missing a required parameter : {parameter}")


def _fields(request: Request) -> dict[str, str]:
    """The fields of a form or of a JSON body; Amazon takes both (amazon.md 4.1)."""
    if request.media_type != "application/json":
        return request.form()
    try:
        found = request.json()
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}
