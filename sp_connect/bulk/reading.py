"""The rows of an import, each a connection with its refresh token, and their outcome. Pure.

A row is checked for its form alone, and against the other rows. Whether it may be kept, `accounts` and Amazon say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from sp_connect import errors
from sp_connect.amazon import geography, registration
from sp_connect.bulk import credentials_file, csv_input
from sp_connect.models import Connection, Scope, Secret

COLUMNS = ("seller", "region", "selling_partner_id", "refresh_token")
OPTIONAL = ("country", "app", "authorized_at")
OTHER_NAMES = MappingProxyType({"merchant_token": "selling_partner_id", "seller_id": "selling_partner_id"})
"""Other names of a column, from Amazon's pages and other tools."""

AHEAD = timedelta(hours=14)
"""By how much a day may begin earlier somewhere on Earth than in UTC."""

EARLIEST = 2000
"""The first year in which anybody can have consented: an earlier one is a slip of the keyboard."""


class Row(NamedTuple):
    """One connection to import. `line` is where a file names it; 0 if the command line does.

    `authorized_at` is when the seller consented, None where nobody said so. `selling_partner_id` is empty until Amazon
    has named it, where the file does not. `client_id` is that of the app to which the file says the token belongs.
    """

    line: int
    scope: Scope
    selling_partner_id: str
    app: str | None
    token: Secret
    authorized_at: datetime | None = None
    client_id: str | None = None


class Beside(NamedTuple):
    """Flags that complete a credentials file, which names no place. `seller` renames its only account."""

    region: str
    country: str | None
    seller: str | None
    authorized_at: str | None


@dataclass(slots=True)
class Outcome:
    """Connections by line, failures, and the columns or fields that were not read."""

    kept: dict[int, Connection] = field(default_factory=dict)
    failed: list[errors.OnLines] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    is_table: bool = True

    @property
    def connections(self) -> list[Connection]:
        """In the order of the file."""
        return [self.kept[line] for line in sorted(self.kept)]

    @property
    def failures(self) -> list[errors.OnLines]:
        """In the order of lines; what failed for the same reason at once is one."""
        return sorted(self.failed, key=lambda one: one.lines)

    def fail(self, rows: Sequence[Row], error: errors.SpConnectError) -> None:
        """Notes what was wrong with rows, under the lines that a file has them on."""
        self.failed.append(errors.OnLines([row.line for row in rows if row.line], error))


def of_file(
    content: bytes, failed: list[errors.OnLines], now: datetime, passed_over: list[str] | None = None
) -> list[Row]:
    """The rows of a CSV file that are well formed at `now`; `failed` takes what is wrong with the others.

    `passed_over` takes the names of further columns.
    Raises Usage for a file that is no table, or has other columns.
    """
    rows = []
    table = csv_input.rows(content, COLUMNS, OPTIONAL, failed, "refresh_token", OTHER_NAMES, passed_over)
    for line, cells in table:
        try:
            token = Secret(cells.pop("refresh_token"))
            row = _row(line, cells, token, now)
            registration.check_refresh_token(token)
            rows.append(row)
        except errors.Usage as error:
            failed.append(csv_input.at_line(line, error))
    return rows


def of_credentials(
    content: bytes, beside: Beside, failed: list[errors.OnLines], now: datetime, passed_over: list[str]
) -> list[Row]:
    """The rows of python-amazon-sp-api's credentials.yml, a seller for each account, as `of_file`.

    Raises Usage for a file that is none, and for flags that are wrong or mean one account where it has several.
    """
    geography.scope(beside.seller or "any", beside.region, beside.country)
    begun = None if beside.authorized_at is None else _moment(beside.authorized_at, now)
    accounts, count = credentials_file.read(content, failed, passed_over)
    of_one = {"--seller": beside.seller, "--authorized-at": beside.authorized_at}
    if count > 1 and any(of_one.values()):
        raise errors.FlagsOfOneAccount([flag for flag, value in of_one.items() if value], count)
    rows = []
    for one in accounts:
        try:
            scope = geography.scope(beside.seller or one.name, beside.region, beside.country)
            token = Secret(one.refresh_token)
            registration.check_refresh_token(token)
            client_id = registration.client_id(one.lwa_app_id)
            rows.append(Row(one.line, scope, "", None, token, begun, client_id))
        except errors.Usage as error:
            failed.append(csv_input.at_line(one.line, error))
    return rows


def of_flags(flagged: Mapping[str, str | None], now: datetime) -> Row:
    """The row of a command line, which names columns, its token still to be asked for. Raises Usage."""
    cells = {name: value or "" for name, value in flagged.items()}
    csv_input.check_cells(cells, (*COLUMNS, *OPTIONAL))
    return _row(0, cells, Secret(""), now)


def _row(line: int, cells: Mapping[str, str], token: Secret, now: datetime) -> Row:
    """A row of what its cells say. Raises Usage for the first that is wrong."""
    scope = geography.scope(cells["seller"], cells["region"], cells.get("country") or None)
    account = registration.selling_partner_id(cells["selling_partner_id"])
    app = cells.get("app") or None
    if app is not None and not errors.is_name(app):
        raise errors.BadName("an app", app)
    begun = cells.get("authorized_at") or None
    return Row(line, scope, account, app, token, None if begun is None else _moment(begun, now))


def _moment(text: str, now: datetime) -> datetime:
    """When a seller consented: a day, or a time of RFC 3339, in UTC where it names no zone. Raises Usage."""
    try:
        given = datetime.fromisoformat(text)
        moment = given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise errors.Usage(
            f"authorized_at {text!r} is not a date.", "write it as 2026-11-22, or 2026-11-22T10:00:00Z"
        ) from None
    is_day = len(text) <= len("2026-11-22")
    if moment > now + (AHEAD if is_day else timedelta(minutes=5)):
        raise errors.Usage(f"authorized_at {text} is in the future.", "give the day on which the seller consented")
    if moment.year < EARLIEST:
        raise errors.Usage(f"authorized_at {text} is too long ago.", "give the day on which the seller consented")
    return min(moment, now)


def without_twins(rows: Sequence[Row], is_known: Callable[[Row], bool], outcome: Outcome) -> list[Row]:
    """The rows that no other contradicts. Of equal ones the first stays; of others nobody can tell which is meant.

    `is_known` says whether a row's place or account is connected already.
    """
    single = _without_shared_tokens(_once_each(rows, outcome), outcome)
    of_account: defaultdict[str, list[Row]] = defaultdict(list)
    left: list[Row] = [row for row in single if not row.selling_partner_id]
    for row in single:
        if row.selling_partner_id:
            of_account[row.selling_partner_id].append(row)
    for twins in of_account.values():
        names = sorted({row.scope.seller for row in twins})
        if len(names) == 1 or any(is_known(row) for row in twins):  # what is connected is for the guard to tell
            left.extend(twins)
        else:
            outcome.fail(twins, errors.AccountTwice(twins[0].selling_partner_id, names))
    return sorted(left)


def _without_shared_tokens(rows: Sequence[Row], outcome: Outcome) -> list[Row]:
    """The rows whose token no other seller and no other account has. Several countries of one seller may share one."""
    of_token: defaultdict[Secret, list[Row]] = defaultdict(list)
    for row in rows:
        of_token[row.token].append(row)
    left: list[Row] = []
    for sharing in of_token.values():
        names = sorted({row.scope.seller for row in sharing})
        accounts = sorted({row.selling_partner_id for row in sharing})
        if len(names) == len(accounts) == 1:
            left.extend(sharing)
        else:
            outcome.fail(sharing, errors.TokenTwice(names, accounts))
    return sorted(left)


def _once_each(rows: Sequence[Row], outcome: Outcome) -> list[Row]:
    """The rows with a place of their own, or the first of equal ones."""
    of_scope: defaultdict[Scope, list[Row]] = defaultdict(list)
    for row in rows:
        of_scope[row.scope].append(row)
    single: list[Row] = []
    for first, *more in of_scope.values():
        if any(other[1:] != first[1:] for other in more):
            error = errors.Usage(f"{first.scope} appears more than once, with different values.", "keep one")
            outcome.fail([first, *more], error)
            continue
        single.append(first)
        if more:
            outcome.fail(more, errors.Usage(f"{first.scope} is there already, on line {first.line}.", "keep one"))
    return single
