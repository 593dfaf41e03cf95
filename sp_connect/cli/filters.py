"""Filters that choose connections, shared by `list`, `verify` and `renew`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, get_args

from sp_connect import errors, words
from sp_connect.amazon import geography
from sp_connect.models import Connection, Status

if TYPE_CHECKING:
    from sp_connect.stores.books import Connections

Read = tuple[Sequence[Connection], Sequence[errors.Damaged]]
"""Connections in the order of tables, and the damaged files that were passed over."""


class Selection(NamedTuple):
    """Filters as they were typed; an empty one leaves all. `due` counts days: what ends by then, or may have.

    The values of one filter are alternatives, and all filters must leave a connection. `sellers` are names or
    patterns such as `acme*`.
    """

    sellers: Sequence[str] = ()
    regions: Sequence[str] = ()
    countries: Sequence[str] = ()
    apps: Sequence[str] = ()
    statuses: Sequence[str] = ()
    due: int | None = None

    def is_everything(self) -> bool:
        """Whether no filter was typed."""
        return not any(self[:-1]) and self.due is None

    @property
    def flags(self) -> str:
        """The flags of this selection as they are typed, each behind a space."""
        import shlex

        names = ("seller", "region", "country", "app", "status")
        named = [(name, value) for name, values in zip(names, self[:-1], strict=True) for value in values or ()]
        if self.due is not None:
            named.append(("due", str(self.due)))
        return "".join(f" --{name} {shlex.quote(value)}" for name, value in named)

    def among(self, connections: Connections, now: datetime) -> Read:
        """The connections that all filters leave, in the order of tables, and the damaged files that were passed over.

        Where sellers are named, and no pattern is, their files alone are read, and damage to one is raised. Raises
        BadName, UnknownRegion, UnknownCountry, Damaged, NoSuchConnection for a name or a pattern that no seller has,
        and Usage for no such status.
        """
        is_meant = self.filter(now)
        rows, damages = self.read(connections)
        return [one for one in rows if is_meant(one)], damages

    def read(self, connections: Connections) -> Read:
        """The connections of the sellers that are named, else of every seller. Raises NoSuchConnection, Damaged."""
        names = dict.fromkeys(self.sellers)
        if any(map(is_pattern, names)):
            return self._read_matching(connections)
        if not names:
            return connections.whole()
        rows: list[Connection] = []
        for name in sorted(names):
            found = connections.of(name)
            if not found:
                raise errors.NoSuchConnection(name, near=connections.near(name))
            rows.extend(found)
        return rows, ()

    def _read_matching(self, connections: Connections) -> Read:
        from fnmatch import fnmatchcase

        rows, damages = connections.whole()
        sellers = {one.scope.seller for one in rows} | {one.path.stem for one in damages}
        meant: set[str] = set()
        for pattern in self.sellers:
            matching = {seller for seller in sellers if fnmatchcase(seller, pattern)}
            if not matching:
                raise errors.NoSuchConnection(pattern, near=connections.near(pattern), is_pattern=True)
            meant |= matching
        return [one for one in rows if one.scope.seller in meant], [one for one in damages if one.path.stem in meant]

    def filter(self, now: datetime) -> Callable[[Connection], bool]:
        """Whether the filters beside the seller's leave a connection. Raises what `among` raises for each filter."""
        for seller in self.sellers:
            if not errors.is_name(seller) and not is_pattern(seller):
                raise errors.BadName("a seller", seller)
        for app in self.apps:
            if not errors.is_name(app):
                raise errors.BadName("an app", app)
        regions, countries = self._places()
        statuses = {status.strip().lower() for status in self.statuses}
        for status in sorted(statuses - {*get_args(Status)}):
            raise errors.Usage(f"Unknown status {status!r}.", f"--status takes {', '.join(get_args(Status))}")

        def is_meant(one: Connection) -> bool:
            return (
                (not regions or one.scope.region in regions)
                and (not countries or one.scope.country in countries)
                and (not self.apps or one.app in self.apps)
                and (not statuses or one.status(now) in statuses)
                and (self.due is None or one.ends_within(now, self.due))
            )

        return is_meant

    def _places(self) -> tuple[dict[str, geography.Region], dict[str, geography.Country]]:
        """The regions and the countries that are named. Raises UnknownRegion, UnknownCountry."""
        regions = {one.code: one for one in map(geography.region_named, self.regions)}
        countries = {one.code: one for one in geography.countries_named(self.countries, list(regions.values()))}
        return regions, countries

    def nothing(self, connections: Connections) -> errors.NoSuchConnection:
        """The error where seller and place leave none of the connections. Raises what `among` raises."""
        regions, countries = self._places()
        what = words.listed(self.sellers, "or") or None
        places = [one.name for one in countries.values()] or [
            one.name if one.is_whole else f"the {one.name}" for one in regions.values()
        ]
        where = f" in {words.listed(places, 'or')}" if places else ""
        scopes = [one.scope for one in self.read(connections)[0]] if countries else []
        for country in countries.values():
            if any(one.region == country.region and one.country is None for one in scopes):
                whole = geography.REGIONS[country.region].name
                hint = f"unless {country.name} is an account of its own, {whole} covers it: leave out --country"
                return errors.NoSuchConnection(what, hint, where=where)
        return errors.NoSuchConnection(what, where=where, near=self._near(connections))

    def _near(self, connections: Connections) -> Sequence[str]:
        """Similar names, if exactly one seller is named and does not exist."""
        if len(self.sellers) != 1 or is_pattern(self.sellers[0]):
            return ()
        return [one for one in connections.near(self.sellers[0]) if one != self.sellers[0]]


def is_pattern(seller: str) -> bool:
    """Whether it stands for many sellers: no name has any of these."""
    return not {"*", "?", "["}.isdisjoint(seller)
