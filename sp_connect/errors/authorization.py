"""Amazon, or the guard of the right account, said no (exit 3). What Amazon means by it: `causes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sp_connect import words
from sp_connect.errors import causes
from sp_connect.errors.base import SpConnectError

if TYPE_CHECKING:
    from sp_connect.models import AmazonWords, Scope


LONGEST_WAIT = 3600
"""The most seconds that --timeout takes."""


class NotAuthorized(SpConnectError):
    """Amazon, or the guard of the right account, said no."""

    exit_code = 3


class Refused(NotAuthorized):
    code = "refused"

    def __init__(self, scope: Scope, amazon: AmazonWords) -> None:
        super().__init__(
            f"The consent for {scope} was refused. Nothing was changed.",
            causes.CANCELLED.step(scope.flags),
            amazon,
        )


class TimedOut(NotAuthorized):
    """Nobody confirmed in time. `turned_away` says why the last answer that arrived, if any, was not accepted."""

    code = "timed-out"

    def __init__(self, scope: Scope, seconds: float, turned_away: str | None = None) -> None:
        hint = (
            "Amazon sends nothing when Cancel is chosen or its page shows an error, which sp-connect explain CODE "
            "explains. "
            f"For more time, run it again with --timeout {min(int(seconds) * 2, LONGEST_WAIT)}"
        )
        came = ""
        if turned_away is not None:
            came = f"An answer arrived but was not accepted: {turned_away} "
            hint = f"print every answer, and use only the address of that run: sp-connect -v connect {scope.flags}"
        super().__init__(
            f"No confirmation for {scope} came within {words.span(seconds)}. {came}Nothing was changed.", hint
        )


class Skipped(NotAuthorized):
    """Of several consents, one that the person at the terminal left out."""

    code = "refused"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"{scope} is skipped.", f"sp-connect connect {scope.flags}")


class BadState(NotAuthorized):
    """A pasted address that belongs to no consent of ours."""

    code = "bad-state"

    def __init__(self, why: str, hint: str | None = None) -> None:
        super().__init__(
            f"{why} Nothing was changed.",
            hint or "run sp-connect connect again and use the newest address; an older one no longer counts",
        )


class OnceMore(NotAuthorized):
    """The Login-URI hop of a seller on another machine: Amazon grants nothing yet (amazon.md 1.2)."""

    code = "bad-state"

    def __init__(self, scope: Scope, address: str) -> None:
        super().__init__(
            f"Amazon wants the browser of {scope} back once more, and has granted nothing yet.",
            f"the seller opens this within ten minutes, and you accept the address that follows: {address}",
        )


class RenewedMeanwhile(NotAuthorized):
    """`revoke` found another consent in the place of the one that it was asked to forget."""

    code = "refused"

    def __init__(self, scope: Scope) -> None:
        super().__init__(
            f"{scope} was connected again while this ran, and is kept.", f"sp-connect revoke {scope.flags} --yes"
        )


class StillAuthorized(NotAuthorized):
    code = "timed-out"

    def __init__(self, scope: Scope, seconds: float) -> None:
        super().__init__(
            f"Amazon still takes the token of {scope} after {words.span(seconds)}. It is kept.",
            "without waiting: leave out --wait",
        )


class EndsSoon(NotAuthorized):
    """Nothing is wrong yet: `verify --due` asked to hear of it in time."""

    code = "due"

    def __init__(self, ending: Sequence[Scope], days: int) -> None:
        super().__init__(
            f"{words.count(len(ending), 'authorization')} of {words.listed([str(scope) for scope in ending])} "
            f"{'ends' if len(ending) == 1 else 'end'} within {words.count(days, 'day')}.",
            f"sp-connect renew{f' --seller {ending[0].seller}' if len({one.seller for one in ending}) == 1 else ''} "
            f"--due {days}",
        )


class CodeExpired(NotAuthorized):
    code = "code-expired"

    def __init__(self, scope: Scope, amazon: AmazonWords) -> None:
        cause = causes.told(causes.NOT_GRANTED, amazon.error_description) or causes.CODE_SPENT
        super().__init__(
            f"Amazon gives no tokens for {scope}: {cause.what}. Nothing was changed.", cause.step(scope.flags), amazon
        )


class Rejected(NotAuthorized):
    """Amazon refuses a refresh token: revoked, expired, or of another app."""

    code = "rejected"

    def __init__(self, scope: Scope, amazon: AmazonWords, *, may_be_over: bool = True) -> None:
        """`may_be_over` says that the year of the authorization is over, or that its end is unknown."""
        cause = causes.told(causes.NOT_GRANTED, amazon.error_description) or causes.ENDED
        if cause is causes.ENDED and not may_be_over:
            cause = causes.ENDED_EARLY
        if amazon.error == "unauthorized_client":
            cause = causes.OTHER_APP
        super().__init__(f"Amazon refuses the token of {scope}: {cause.what}.", cause.step(scope.flags), amazon)


class WrongAccount(NotAuthorized):
    """The account is not the connection's. `owner` is the place it is connected as; `imported`: a person named it."""

    code = "wrong-account"

    def __init__(
        self, scope: Scope, expected: str, got: str, owner: Scope | None = None, *, imported: bool = False
    ) -> None:
        whose = _whose(owner)
        if imported:
            super().__init__(
                f"{scope} is already connected, but not as {got}{whose}.",
                f"correct the Selling Partner ID, or first: sp-connect revoke {scope.flags}",
            )
            return
        super().__init__(
            f"Amazon gave access to {got}{whose}, but {scope} is {expected}. Nothing was changed.",
            "sign out of Seller Central, or add --browser isolated, and run it again. "
            f"If {scope.seller} has a new account: sp-connect connect {scope.flags} --replace",
        )


class UnexpectedAccount(NotAuthorized):
    """The account is not the one that --expect-id names. `owner` is the place it is connected as, if any."""

    code = "wrong-account"

    def __init__(self, expected: str, got: str, owner: Scope | None = None) -> None:
        super().__init__(
            f"Amazon gave access to {got}{_whose(owner)}, but --expect-id names {expected}. Nothing was changed.",
            "sign out of Seller Central, or add --browser isolated, and run it again; or correct --expect-id",
        )


class DuplicateAccount(NotAuthorized):
    """The account already belongs to another seller, in any region.

    `can_rename` says that the new name is free, so the other seller can be renamed to it; `imported` says that a
    person named the account, not a consent.
    """

    code = "duplicate-account"

    def __init__(
        self, scope: Scope, selling_partner_id: str, other: Scope, *, can_rename: bool = False, imported: bool = False
    ) -> None:
        if can_rename:
            right = f"sp-connect rename {other.seller} {scope.seller}"
        else:
            right = f"sp-connect revoke {other.flags}, then {'import' if imported else 'connect'} it again"
        if imported:
            super().__init__(
                f"{selling_partner_id} is already connected, as {other}.",
                f"if {scope.seller} is the right name of that seller: {right}; else correct the Selling Partner ID",
            )
            return
        super().__init__(
            f"Amazon gave access to {selling_partner_id}, which is already connected as {other}. Nothing was changed.",
            f"if the browser was still signed in as {other.seller}: sign out and run it again. "
            f"If {scope.seller} is the right name of that seller: {right}",
        )


def _whose(owner: Scope | None) -> str:
    return f", the account of {owner}" if owner is not None else ""


class AccountTwice(NotAuthorized):
    """One account under several sellers of the same file: nobody can tell whose it is."""

    code = "duplicate-account"

    def __init__(self, selling_partner_id: str, names: Sequence[str]) -> None:
        super().__init__(
            f"{selling_partner_id} appears under more than one seller: {words.listed(names)}.",
            "keep the rows of one of them",
        )


_MOST_NAMED = 5
"""How many sellers a sentence names; the rest are counted."""


class TokenTwice(NotAuthorized):
    """A file gives one refresh token for several sellers or several accounts, so its owner is unknown."""

    code = "duplicate-account"

    def __init__(self, names: Sequence[str], selling_partner_ids: Sequence[str]) -> None:
        what = "seller" if len(names) > 1 else f"Selling Partner ID of {names[0]}"
        several = names if len(names) > 1 else selling_partner_ids
        more = len(several) - _MOST_NAMED
        shown = several if more < 2 else [*several[:_MOST_NAMED], f"{more} more"]
        super().__init__(
            f"The same refresh token is given for more than one {what}: {words.listed(shown)}.",
            "give each row its own token; filling cells down in a spreadsheet copies one token into many rows",
        )


class TokenTaken(NotAuthorized):
    """A refresh token that is already saved for another seller or another account."""

    code = "duplicate-account"

    def __init__(self, scope: Scope, other: Scope, selling_partner_id: str) -> None:
        super().__init__(
            f"The refresh token for {scope} is already saved for {other}, as {selling_partner_id}.",
            f"copy the token of {scope.seller} from Amazon's console; to see the other connection: sp-connect show "
            f"--seller {other.seller}",
        )


class ClientRejected(NotAuthorized):
    """Amazon does not accept the app's client id and secret."""

    code = "client-rejected"

    def __init__(self, app: str, amazon: AmazonWords) -> None:
        super().__init__(
            f"Amazon does not accept the client id and client secret of the app {app}.",
            f"if {causes.SECRET_RENEWED.what}: {causes.SECRET_RENEWED.step(app=app)}",
            amazon,
        )


class SecretRefused(ClientRejected):
    """Amazon does not accept a new client secret, so it was not saved."""

    def __init__(self, app: str, amazon: AmazonWords | None) -> None:
        NotAuthorized.__init__(
            self,
            f"Amazon does not accept this client secret with the client id of the app {app}. Nothing was changed.",
            "copy both again from the developer console: LWA credentials, View. "
            "To save it without asking Amazon: add --no-check",
            amazon,
        )


class SecretTooOld(NotAuthorized):
    """Amazon takes a client secret for 180 days (amazon.md section 5)."""

    code = "client-rejected"

    def __init__(self, app: str, age: int, life: int) -> None:
        super().__init__(
            f"The client secret of the app {app} is {words.count(age, 'day')} old; Amazon takes one for {life}.",
            f"renew it at Amazon, then: sp-connect app rotate-secret {app}",
        )
