"""Which connections a command means: the filters that `list`, `verify` and `revoke` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, get_args

from sp_connect import errors
from sp_connect.amazon import geography
from sp_connect.models import Connection, Status
from sp_connect.stores.connections import Connections


class Selection(NamedTuple):
    """Filters as they were typed; None is any. `due` counts days: what ends within them or has ended, or may have."""

    seller: str | None = None
    region: str | None = None
    country: str | None = None
    app: str | None = None
    status: str | None = None
    due: int | None = None

    def is_everything(self) -> bool:
        """Whether no filter was typed."""
        return self == Selection()

    @property
    def flags(self) -> str:
        """The flags that say the same, each behind a space."""
        import shlex

        named = ((name, value) for name, value in self._asdict().items() if value is not None)
        return "".join(f" --{name} {shlex.quote(str(value))}" for name, value in named)

    def among(self, connections: Connections, now: datetime) -> tuple[Sequence[Connection], Sequence[errors.Damaged]]:
        """The connections that all filters leave, in the order of tables, and the damaged files that were passed over.

        If a seller is named, that file alone is read, and damage to it is raised. Raises BadName, UnknownRegion,
        UnknownCountry, Damaged, and Usage for no such status.
        """
        is_meant = self.filter(now)
        rows, damages = self.read(connections)
        return [one for one in rows if is_meant(one)], damages

    def read(self, connections: Connections) -> tuple[Sequence[Connection], Sequence[errors.Damaged]]:
        """The connections among which the filters choose: all of the seller that is named, else of every seller."""
        return connections.whole() if self.seller is None else (connections.of(self.seller), ())

    def filter(self, now: datetime) -> Callable[[Connection], bool]:
        """Whether the filters leave a connection. Raises what `among` raises for a filter that cannot be meant."""
        if self.seller is not None and not errors.is_name(self.seller):
            raise errors.BadName("a seller", self.seller)
        if self.app is not None and not errors.is_name(self.app):
            raise errors.BadName("an app", self.app)
        region = geography.region_named(self.region) if self.region is not None else None
        country = geography.country_named(self.country, region).code if self.country is not None else None
        status = None if self.status is None else self.status.strip().lower()
        if status is not None and status not in get_args(Status):
            raise errors.Usage(f"There is no status {self.status!r}.", f"--status takes {', '.join(get_args(Status))}")

        def is_meant(one: Connection) -> bool:
            return (
                (region is None or one.scope.region == region.code)
                and (country is None or one.scope.country == country)
                and (self.app is None or one.app == self.app)
                and (status is None or one.status(now) == status)
                and (self.due is None or one.ends_within(now, self.due))
            )

        return is_meant

    def nothing(self, connections: Connections) -> errors.NoSuchConnection:
        """The error where seller and place leave none of the connections. Raises what `among` raises."""
        region = geography.region_named(self.region) if self.region is not None else None
        country = geography.country_named(self.country, region) if self.country is not None else None
        place = country or region
        article = "the " if place is region and region and not region.is_whole else ""
        where = f" in {article}{place.name}" if place else ""
        scopes = [one.scope for one in self.read(connections)[0]] if country else []
        if country and any(one.region == country.region and one.country is None for one in scopes):
            whole = geography.REGIONS[country.region].name
            hint = f"unless {country.name} is an account of its own, {whole} covers it: leave out --country"
            return errors.NoSuchConnection(self.seller, hint, where=where)
        return errors.NoSuchConnection(self.seller, where=where)
