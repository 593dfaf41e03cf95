"""Checks with Amazon the account that a token opens: whether it is the right one, where it sells, and who owns it.

Used by connect, accept, renew, upgrade, import and verify.
"""

from __future__ import annotations

from sp_connect import errors
from sp_connect.amazon import geography, services
from sp_connect.models import Connection, Secret
from sp_connect.runtime import Runtime

Trouble = errors.NotPermitted | errors.AmazonTrouble
"""Errors that kept an account from being checked. They prove nothing about the token."""


class Checks:
    """The checks of one run. It asks only once whether an app has the role that names a token's owner."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._without_role: set[str] = set()

    def look(
        self,
        connection: Connection,
        access_token: Secret,
        door: errors.Door,
        *,
        elsewhere: bool = True,
        owner: bool = True,
        needed: bool = False,
    ) -> tuple[Connection, Trouble | None]:
        """The connection with Amazon's answer, and the reason if it could not be checked.

        `elsewhere` asks the other regions if this one says no; `owner` asks who owns the token; `needed` asks that
        even where the app seems to have no role for it. Raises OtherCountry, OtherRegion, SellsNowhere and NotTheOwner.
        """
        trouble: Trouble | None = None
        try:
            connection = self._checked(connection, access_token, door, elsewhere=elsewhere)
        except errors.AmazonTrouble as error:
            return connection, error
        except errors.NotPermitted as error:
            trouble = error
        if owner and (needed or connection.app not in self._without_role):
            connection = self._with_owner(connection, access_token, door)
        elif owner:
            connection = self._doubted(connection, "not-permitted")
        return connection, trouble

    def _checked(
        self, connection: Connection, access_token: Secret, door: errors.Door, *, elsewhere: bool
    ) -> Connection:
        scope, account = connection.scope, connection.selling_partner_id or "an account"
        try:
            found = services.of(scope).marketplaces(self._runtime.amazon, scope, access_token, connection.app)
        except errors.NotPermitted as refusal:
            if elsewhere:
                self._see_elsewhere(connection, access_token, refusal, door)
            raise
        now = self._runtime.now()
        checked = connection._replace(standing="connected", verified_at=now, marketplaces=found, last_error=None)
        if scope.country is not None and scope.country not in checked.sells_in:
            raise errors.OtherCountry(scope, account, checked.sells_in, door)
        return checked

    def _see_elsewhere(
        self, connection: Connection, access_token: Secret, refusal: errors.NotPermitted, door: errors.Door
    ) -> None:
        """Raises OtherRegion where another region names marketplaces, SellsNowhere where all three name none."""
        scope, account = connection.scope, connection.selling_partner_id or "an account"
        is_nowhere = isinstance(refusal, errors.NoMarketplaces)
        for region in geography.REGIONS.values():
            if region.code == scope.region:
                continue
            there = geography.scope(scope.seller, region.code, geography.countries_of(region.code)[0].code)
            try:
                found = services.of(scope).marketplaces(self._runtime.amazon, there, access_token, quick=True)
            except errors.NoMarketplaces:
                continue
            except (errors.NotPermitted, errors.AmazonTrouble):
                is_nowhere = False
                continue
            sells_in = [one.country for one in found]
            known = [one.code for one in geography.countries_of(region.code) if one.code in sells_in]
            if region.is_whole or known:
                there = geography.scope(scope.seller, region.code, None if region.is_whole else known[0])
            raise errors.OtherRegion(scope, account, there, sells_in, door)
        if is_nowhere:
            raise errors.SellsNowhere(scope, account, door)

    def _with_owner(self, connection: Connection, access_token: Secret, door: errors.Door) -> Connection:
        """The connection, and whether Amazon names its account as the token's owner. Raises NotTheOwner.

        One that names no account yet gets the one that Amazon names.
        """
        scope, claimed = connection.scope, connection.selling_partner_id
        try:
            named = services.of(scope).owner(self._runtime.amazon, scope, *asked_about(connection), access_token)
        except errors.OwnerNotNamed as error:
            self._without_role.add(connection.app)
            return self._doubted(connection, error.code)
        except errors.AmazonTrouble as error:
            return self._doubted(connection, error.code)
        if claimed and named != claimed:
            raise errors.NotTheOwner(scope, claimed, named, door)
        return connection._replace(
            selling_partner_id=named, id_confirmed=True, id_asked_at=self._runtime.now(), id_doubt=None
        )

    def _doubted(self, connection: Connection, code: str) -> Connection:
        return connection._replace(id_confirmed=False, id_asked_at=self._runtime.now(), id_doubt=code)


def asked_about(connection: Connection) -> tuple[str, str]:
    """The marketplace, with its currency, that the request for the token's owner names.

    It is one in which the account participates; if none is known, the connection's country or its region's first one.
    """
    scope = connection.scope
    for one in sorted(connection.marketplaces, key=lambda one: (not one.participating, one.country != scope.country)):
        if one.currency is not None:
            return one.id, one.currency
    country = geography.COUNTRIES[scope.country] if scope.country else geography.countries_of(scope.region)[0]
    return country.marketplace_id, country.currency
