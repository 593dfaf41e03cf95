"""Errors from checking a token: a wrong account, a wrong place, or an account that Amazon does not let the app read.

A `door` says how the token arrived: by a consent, by an import, or it was already saved ("kept").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from sp_connect.errors import causes
from sp_connect.errors.amazon import AmazonTrouble
from sp_connect.errors.authorization import NotAuthorized
from sp_connect.errors.base import SpConnectError

if TYPE_CHECKING:
    from sp_connect.models import AmazonWords, Scope

Door = Literal["consent", "import", "kept"]


def _step(cause: causes.Cause, scope: Scope, app: str) -> str:
    """The fix for a cause of a 403. A new access token does not help: this one is new already."""
    if cause in causes.TOKEN_SPENT:
        return f"try again in a few minutes; if that fails too: sp-connect connect {scope.flags}"
    return cause.step(scope.flags, app)


class NotPermitted(NotAuthorized):
    """403 from the Sellers API. Amazon seldom says why (amazon.md 7.1), and it proves nothing about the token."""

    code = "not-permitted"

    def __init__(
        self, scope: Scope, finding: str, amazon: AmazonWords | None = None, app: str = causes.SOME_APP
    ) -> None:
        self.finding = f"{finding} for {scope}"
        self.cause = causes.told(causes.NOT_LET_IN, amazon.error_description if amazon else None)
        # Amazon issued the access token a moment ago.
        likely = [one.what for one in causes.NOT_LET_IN if one not in causes.TOKEN_SPENT]
        super().__init__(
            f"{self.finding}{f': {self.cause.what}' if self.cause else ''}.",
            _step(self.cause, scope, app) if self.cause else f"likely causes, in order: {'; '.join(likely)}",
            amazon,
        )

    @property
    def lacks_role(self) -> bool:
        """Whether the app probably lacks the role: the refusal is Amazon's own, and names no other cause."""
        return self.cause is None and self.amazon is not None and self.amazon.error is not None


class NoMarketplaces(NotPermitted):
    """An answer without a marketplace. Amazon also gives it for an account of another region (amazon.md 7.1)."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, "Amazon names no marketplace of the account")

    @property
    def lacks_role(self) -> bool:
        return False


class SellsNowhere(NotAuthorized):
    """An account for which no region names a marketplace."""

    code = "not-permitted"

    def __init__(self, scope: Scope, selling_partner_id: str, door: Door) -> None:
        super().__init__(
            f"{selling_partner_id} sells nowhere: Amazon names no marketplace for it in any region."
            f"{'' if door == 'kept' else ' Nothing was saved.'}",
            f"sign in to the account that sells in {scope.place}, then: sp-connect connect {scope.flags}",
        )


class OtherRegion(NotAuthorized):
    """An account that sells in another region, whose endpoint names its marketplaces."""

    code = "wrong-account"

    def __init__(
        self, scope: Scope, selling_partner_id: str, there: Scope, sells_in: Sequence[str], door: Door
    ) -> None:
        whose = f"The token of {scope} belongs to {selling_partner_id}"
        if door == "consent":
            whose = f"Amazon gave access to {selling_partner_id}"
        step = {"consent": "connect it there", "import": "import it there, with", "kept": "connect it there"}[door]
        command = there.flags if door == "import" else f"sp-connect connect {there.flags}"
        super().__init__(
            f"{whose}, which sells in {there.place} ({', '.join(sells_in)}), not in {scope.place}."
            f"{'' if door == 'kept' else ' Nothing was saved.'}",
            f"{step}: {command}",
        )


class OtherCountry(NotAuthorized):
    """The account of a consent for one country, or of an imported token, does not sell in that country."""

    code = "wrong-account"

    def __init__(self, scope: Scope, selling_partner_id: str, sells_in: Sequence[str], door: Door = "consent") -> None:
        where = f"sells in {', '.join(sells_in)} but not in {scope.place}" if sells_in else "sells nowhere now"
        if door == "import":
            super().__init__(
                f"The token of {scope} belongs to an account that {where}.",
                f"correct the country, or authorize the app again in the account that sells in {scope.place}",
            )
            return
        super().__init__(
            f"Amazon gave access to {selling_partner_id}, which {where}.",
            f"sign in to the account that sells in {scope.place} and run it again",
        )


class NotTheOwner(NotAuthorized):
    """Amazon names another account as the token's owner than the one that was claimed."""

    code = "wrong-account"

    def __init__(self, scope: Scope, claimed: str, owner: str, door: Door) -> None:
        message, hint = {
            "consent": (
                f"The answer for {scope} names {claimed}, but Amazon gave access to {owner}. Nothing was saved.",
                f"somebody changed the address; ask the right account to consent: sp-connect connect {scope.flags}",
            ),
            "import": (
                f"The token of {scope} belongs to {owner}, not to {claimed}. It was not saved.",
                "correct the Selling Partner ID, or copy the token of the right account",
            ),
            "kept": (
                f"The token of {scope} belongs to {owner}, but the record names {claimed}.",
                f"ask the right account to consent again: sp-connect connect {scope.flags}",
            ),
        }[door]
        super().__init__(message, hint)


class OwnerNotNamed(NotAuthorized):
    """403 from the Product Fees API: the app has no role for it (amazon.md 7.2)."""

    code = "not-permitted"

    def __init__(self, scope: Scope, amazon: AmazonWords | None = None) -> None:
        super().__init__(
            f"Amazon does not name the owner of the token of {scope}: the app has none of the roles Pricing, Product "
            "Listing, or Finance and Accounting.",
            "give the app one in the developer console, then ask the seller to consent again",
            amazon,
        )


class IdNotConfirmed(SpConnectError):
    """With --confirm-id: Amazon did not name the token's owner. `doubt` is the error code of Amazon's answer."""

    def __init__(self, scope: Scope, selling_partner_id: str, doubt: str) -> None:
        lacks_role = doubt == "not-permitted"
        why = (
            "the app needs one of the roles Pricing, Product Listing, or Finance and Accounting"
            if lacks_role
            else "Amazon's answer does not name the token's owner"
        )
        super().__init__(
            f"{selling_partner_id} is not confirmed for {scope}: {why}. The token was not saved.",
            "if you know whose token it is, leave out --confirm-id"
            if lacks_role
            else "import it again in a minute, or without --confirm-id",
        )
        self.code, self.exit_code = doubt, 3 if lacks_role else 5


class UnconfirmedKept(SpConnectError):
    """With --confirm-id: the owner is not confirmed, but Amazon replaced the token, and the new one is nowhere else.

    Code and exit code are those of `why`, the error of a token that Amazon did not replace.
    """

    def __init__(self, scope: Scope, selling_partner_id: str, why: IdNotConfirmed) -> None:
        super().__init__(
            f"{selling_partner_id} is not confirmed for {scope}, but Amazon replaced its token: the new one is saved, "
            "and the imported one may no longer work.",
            f"if it is the wrong account: sp-connect revoke {scope.flags}",
            why.amazon,
        )
        self.code, self.exit_code = why.code, why.exit_code


class IdNotNamed(SpConnectError):
    """A file without a Selling Partner ID, and Amazon did not name the token's owner. `doubt` is as above."""

    def __init__(self, scope: Scope, doubt: str) -> None:
        lacks_role = doubt == "not-permitted"
        why = (
            "the app has none of the roles that this takes: Pricing, Product Listing, Finance and Accounting"
            if lacks_role
            else "it gave no answer that names the token's owner"
        )
        super().__init__(
            f"Amazon does not name the account of {scope}: {why}. It was not saved.",
            f"{'' if lacks_role else 'try again in a minute, or '}give the id yourself: "
            f"sp-connect import {scope.flags} --selling-partner-id ID",
        )
        self.code, self.exit_code = doubt, 3 if lacks_role else 5


class KeptUnchecked(SpConnectError):
    """Amazon gave a token but did not let the app check it: the token is saved, unchecked.

    The token before it may no longer work. The code and the exit code are those of `trouble`.
    """

    def __init__(self, scope: Scope, trouble: NotPermitted | AmazonTrouble, app: str = causes.SOME_APP) -> None:
        message, step = trouble.message, ""
        if isinstance(trouble, NotPermitted) and trouble.cause is not None:
            step = f"{_step(trouble.cause, scope, app)}; "
        elif isinstance(trouble, NotPermitted):
            # The other regions were asked, and none of them answered.
            passed = (*causes.TOKEN_SPENT, causes.OTHER_REGION)
            likely = [one.what for one in causes.NOT_LET_IN if one not in passed] + [causes.OTHER_REGION.what]
            message = f"{trouble.finding}. Likely causes, in order: {'; '.join(likely)}."
        super().__init__(
            message, f"{step}the token is saved but unchecked: sp-connect verify {scope.flags}", trouble.amazon
        )
        self.code, self.exit_code = trouble.code, trouble.exit_code
