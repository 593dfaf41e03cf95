"""Amazon could not be asked, or answered nonsense: worth trying again (exit 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sp_connect.errors import causes
from sp_connect.errors.base import SpConnectError

if TYPE_CHECKING:
    from sp_connect.models import AmazonWords


class AmazonTrouble(SpConnectError):
    """Amazon could not be asked, or answered nonsense: worth trying again."""

    exit_code = 5


class Unreachable(AmazonTrouble):
    """A host that could not be reached; `lasting` says that an immediate retry will not help."""

    code = "unreachable"

    def __init__(
        self,
        host: str,
        why: str,
        amazon: AmazonWords | None = None,
        hint: str | None = None,
        *,
        lasting: bool = False,
    ) -> None:
        super().__init__(
            f"Could not reach {host}: {why}.",
            hint
            or "try again in a minute; behind a proxy: set HTTPS_PROXY, and REQUESTS_CA_BUNDLE for its certificate",
            amazon,
        )
        self.lasting = lasting


class Throttled(AmazonTrouble):
    code = "throttled"

    def __init__(self, host: str, amazon: AmazonWords | None = None) -> None:
        super().__init__(f"{host} is rate limiting us (HTTP 429).", causes.TOO_OFTEN.step(), amazon)


class UnexpectedAnswer(AmazonTrouble):
    code = "unexpected-answer"

    def __init__(self, host: str, finding: str, amazon: AmazonWords | None = None, hint: str | None = None) -> None:
        super().__init__(
            f"{host} answered {finding}.",
            hint or "try again in a minute; --verbose prints each step",
            amazon,
        )


class WrongRelay(AmazonTrouble):
    """The redirect URI serves something that would not bring Amazon's answer back."""

    code = "unexpected-answer"

    def __init__(self, address: str, finding: str, app: str) -> None:
        super().__init__(
            f"The relay page of the app {app}, {address}, does not work: {finding}.",
            f"put this file there: sp-connect relay --app {app} --out relay.html",
        )
