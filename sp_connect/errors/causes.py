"""Why Amazon says no, and what mends it: causes that the errors tell, and `explain` with all the others.

They are written here once, below the errors. What Amazon's codes mean is amazon/explanations.py. Pure. Must not
import anything of this package.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SOME_CONNECTION = "--seller SELLER --region REGION"
SOME_APP = "NAME"
"""Placeholders in commands where no connection or app is known."""

ASK = "ask Amazon's developer support, with the code and the time"


class Cause(NamedTuple):
    """One cause, as a clause, and what mends it: words, a command, or words that lead to the command.

    `said` is what Amazon says beside its code, where that tells this cause from the others.
    """

    what: str
    mend: str = ""
    command: str = ""
    said: str = ""

    def typed(self, connection: str = SOME_CONNECTION, app: str = SOME_APP) -> str:
        """The command for a connection, given as its flags, and an app. Empty where no command mends it."""
        return self.command.format(connection=connection, app=app)

    def step(self, connection: str = SOME_CONNECTION, app: str = SOME_APP) -> str:
        """The fix in one phrase: "run it again: sp-connect verify --seller acme --region eu"."""
        return ": ".join(filter(None, (self.mend, self.typed(connection, app))))


def told(causes: Iterable[Cause], words: str | None) -> Cause | None:
    """The one of `causes` that Amazon's words name, if they name one; the fullest match, then the first."""
    named = [cause for cause in causes if words and cause.said and cause.said in words]
    return max(named, key=lambda cause: len(cause.said), default=None)


CONNECT = "sp-connect connect {connection}"
ROTATE = "sp-connect app rotate-secret {app}"

CANCELLED = Cause("the seller did not agree", "run it again when the seller agrees", CONNECT)

# What Amazon says of the token endpoint's invalid_grant, and of a 403, is amazon.md 4.3, 5 and 7.1.
CODE_SPENT = Cause(
    "the authorization code was used already, or is older than its five minutes",
    command=CONNECT,
    said="The request has an invalid grant parameter : code",
)
ENDED = Cause(
    "the seller ended the authorization, or its year is over",
    command=CONNECT,
    said="The request has an invalid grant parameter : refresh_token. "
    "User may have revoked or didn't grant the permission.",
)
ENDED_EARLY = ENDED._replace(what="the seller ended the authorization")
"""`ENDED` for a token whose year is not over."""

NOT_GRANTED = (
    CODE_SPENT,
    ENDED,
    Cause("the refresh token belongs to another app", "connect it with the right app", CONNECT, ENDED.said),
    Cause(
        "Amazon has no such refresh token",
        command=CONNECT,
        said="The request has an invalid grant parameter : refresh_token",
    ),
    Cause(
        "the redirect URI is not the one of the consent",
        command=CONNECT,
        said="The request has an invalid grant parameter : redirect_uri",
    ),
)

OTHER_APP = Cause("the token may belong to another app", "connect it with the right app", CONNECT)

SECRET_RENEWED = Cause("the secret was renewed at Amazon, or mistyped here", "", ROTATE)

TOKEN_SPENT = (
    Cause(
        "the access token has expired",
        "sp-connect gets a new one when it asks again",
        "sp-connect verify {connection}",
        "The access token you provided has expired.",
    ),
    Cause(
        "the access token is not whole, or the seller ended the authorization",
        "sp-connect gets a new one, or tells that it is over",
        "sp-connect verify {connection}",
        "The access token you provided is revoked, malformed or invalid.",
    ),
)
OTHER_REGION = Cause(
    "the account sells in another region",
    "connect it where it sells; to see the regions with their countries",
    "sp-connect regions",
)
NO_ROLE = Cause(
    "the app lacks the role Selling Partner Insights or Product Listing",
    "give the app one in the developer console, then ask the seller to consent again",
    CONNECT,
)
NOT_LET_IN = (
    OTHER_REGION,
    NO_ROLE,
    Cause(
        "the client secret has expired",
        "make a new one in the developer console, then",
        ROTATE,
        "The LWA secret token you provided has expired.",
    ),
    *TOKEN_SPENT,
    Cause("it is a vendor's account", "sp-connect connects sellers only"),
)

TOO_OFTEN = Cause("Amazon takes 15 check calls at once, then about one a minute", "try again in a minute")
