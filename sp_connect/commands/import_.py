"""`import`: refresh tokens that Amazon's console gave (self-authorization, amazon.md 10.5), one or a CSV file of many.

Every row goes through the same gates: its form, the guard against wrong and duplicate accounts, Amazon. What
passes them is written a batch of sellers at a time; what does not is named with its line.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, BinaryIO, NamedTuple

import typer

from sp_connect import at_once, authorization, errors, words
from sp_connect.amazon import geography, lwa, registration, sellers
from sp_connect.commands import flags
from sp_connect.edges import Edges
from sp_connect.models import App, Connection, Scope, Secret
from sp_connect.stores import secrets
from sp_connect.stores.connections import Connections
from sp_connect.views import data, progress

JOBS = 16
BATCH = 400
"""Sellers that are written under one lock and one entry of the journal: a second or two, even on a slow disk."""
PAUSE = 0.1
"""Seconds between two batches, in which another sp-connect that waits for the lock gets it."""

COLUMNS = ("seller", "region", "country", "selling_partner_id", "refresh_token")
OPTIONAL = ("app",)
LONGEST_TOKEN = 2048
"""Characters, at most (amazon.md 4.2)."""

_SECRETS = (registration.REFRESH_TOKENS, "Atza|", registration.CLIENT_SECRETS)
_TOKEN_HINT = f"a refresh token begins with {registration.REFRESH_TOKENS}: copy it again from Amazon's console"
_ID_HINT = "it is the Merchant Token: Seller Central, Settings, Account Info, Your Merchant Token"


@dataclass(frozen=True, slots=True)
class Options:
    """What `import` was asked for: one connection by its flags, or those of `file`.

    `app` None is the connection's own where there is one, else `default_app`. `jobs` is how many are checked at once.
    """

    seller: str | None
    region: str | None
    country: str | None
    selling_partner_id: str | None
    file: BinaryIO | None
    app: str | None
    default_app: str
    check: bool
    jobs: int


class Row(NamedTuple):
    """One connection to import. `line` is where a file names it; 0 if the command line does."""

    line: int
    scope: Scope
    selling_partner_id: str
    app: str | None
    token: Secret


class Found(NamedTuple):
    """A row that may be kept, as a record and with the token that is good now. `trouble` is told all the same."""

    row: Row
    connection: Connection
    token: Secret
    trouble: errors.SpConnectError | None = None


@dataclass(slots=True)
class Outcome:
    """What is connected now, in the order of the file, and what failed with the lines that it failed for."""

    kept: dict[int, Connection] = field(default_factory=dict)
    failed: list[tuple[Sequence[int], errors.SpConnectError]] = field(default_factory=list)

    @property
    def connections(self) -> list[Connection]:
        return [self.kept[line] for line in sorted(self.kept)]

    @property
    def failures(self) -> list[errors.SpConnectError]:
        """Each error once, in the order of lines, with the lines in front of its sentence."""
        return [_placed(lines, error) for lines, error in sorted(self.failed, key=lambda one: one[0][0])]

    def fail(self, rows: Sequence[Row], error: errors.SpConnectError) -> None:
        self.failed.append(([row.line for row in rows], error))


class Accounts:
    """What is connected, by scope and by account. Read once, and again only where another process changed it."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._stamp: object = None
        self._scopes: dict[Scope, Connection] = {}
        self._accounts: dict[tuple[str, str], dict[Scope, Connection]] = {}

    def refresh(self) -> None:
        """Reads what is connected, if it is not what it was. Raises Damaged: what cannot be read cannot be guarded."""
        stamp = self._connections.stamp()
        if stamp != self._stamp:
            self._scopes, self._accounts = {}, defaultdict(dict)
            for connection in self._connections.all():
                self._note(connection)
            self._stamp = stamp

    def kept(self, connections: Sequence[Connection]) -> None:
        """Notes what this process has written, while it still holds the lock."""
        for connection in connections:
            self._note(connection)
        self._stamp = self._connections.stamp()

    def get(self, scope: Scope) -> Connection | None:
        return self._scopes.get(scope)

    def guard(self, row: Row, app: str) -> None:
        """Raises WrongAccount, DuplicateAccount and OtherApp, as `connect` does."""
        before = self.get(row.scope)
        of_account = self._accounts.get((row.scope.region, row.selling_partner_id), {}).values()
        try:
            known = [*of_account, *([before] if before is not None else [])]
            authorization.check_account(row.scope, app, authorization.Guard(), row.selling_partner_id, known)
        except errors.WrongAccount as error:
            error.message = f"{row.scope} is connected already, and not as {row.selling_partner_id}."
            error.hint = f"correct the Selling Partner ID, or first: sp-connect revoke {row.scope.flags}"
            raise
        except errors.DuplicateAccount as error:
            other = next(one.scope for one in of_account if one.scope.seller != row.scope.seller and one.app == app)
            error.message = f"{row.selling_partner_id} is connected already, as {other}."
            error.hint = f"if {row.scope.seller} is the right name, first: sp-connect revoke {other.flags}"
            raise
        if before is not None and before.app != app:
            raise errors.OtherApp(row.scope, before.app, app)

    def _note(self, connection: Connection) -> None:
        self._scopes[connection.scope] = connection
        account = connection.scope.region, connection.selling_partner_id
        self._accounts.setdefault(account, {})[connection.scope] = connection


def run(edges: Edges, options: Options) -> Outcome:
    """Imports what is good, and says what is not. Everything that can fail without Amazon is tried before it is asked.

    What Amazon has been asked about is kept even if the run is interrupted. Raises Usage for a command line or a
    file that cannot be meant, and what is wrong with the stores before anything was imported.
    """
    outcome = Outcome()
    if options.file is None:
        rows = _one(edges, options)
    else:
        _refuse(options.seller, options.region, options.country, options.selling_partner_id)
        rows = _of_file(options.file.read(), outcome)
    authorization.prove_ready(edges)
    accounts, apps = Accounts(edges.connections), _Apps(edges, options)
    accounts.refresh()
    good = [row for row in _without_twins(rows, apps, accounts, outcome) if _is_good(row, apps, accounts, outcome)]
    if options.file is None and good:
        good = [good[0]._replace(token=_ask_token(edges))]
    found: dict[int, Found] = {}
    try:
        if options.check:
            with progress.bar(edges.screen, "Asking Amazon", len(good)) as advance:
                for position, one in at_once.each(options.jobs, good, lambda row: _ask(edges, apps, accounts, row)):
                    if isinstance(one, Found):
                        found[position] = one
                    else:
                        outcome.fail([good[position]], one)
                    advance()
        else:
            found = {n: Found(row, _record(edges, apps, accounts, row), row.token) for n, row in enumerate(good)}
    finally:
        _keep(edges, accounts, [found[position] for position in sorted(found)], outcome)
    return outcome


def _one(edges: Edges, options: Options) -> list[Row]:
    """The row of the command line, its token still to be asked for."""
    needed = (
        ("--seller", options.seller),
        ("--region", options.region),
        ("--selling-partner-id", options.selling_partner_id),
    )
    missing = [flag for flag, value in needed if value is None]
    if missing:
        raise errors.Usage(f"import needs {words.listed(missing)}, or --from FILE.", "sp-connect import --help")
    cells = {
        "seller": options.seller or "",
        "region": options.region or "",
        "country": options.country or "",
        "selling_partner_id": options.selling_partner_id or "",
        "app": options.app or "",
    }
    row = _row(0, cells, Secret(""))
    edges.apps.get(row.app or options.default_app)
    return [row]


def _refuse(*flagged: str | None) -> None:
    if any(value is not None for value in flagged):
        raise errors.Usage(
            "--from takes sellers, regions, countries and Selling Partner IDs from the file, not from flags.",
            "leave out --seller, --region, --country and --selling-partner-id",
        )


def _ask_token(edges: Edges) -> Secret:
    """From stdin if that is no terminal, else from a hidden prompt. Raises Usage for what can be no refresh token."""
    if edges.person.is_there():
        token = edges.person.hidden("Refresh token?", "a refresh token on stdin")
    else:
        token = edges.person.piped("refresh token")
    check_token(token)
    return token


def check_token(token: Secret) -> None:
    """Raises Usage for what can be no refresh token; it is not repeated."""
    value = token.reveal()
    if not value:
        raise errors.Usage("The refresh token is missing.", _TOKEN_HINT)
    if not value.startswith(registration.REFRESH_TOKENS):
        raise errors.Usage("That is no refresh token. It was not kept.", _TOKEN_HINT)
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise errors.Usage("A refresh token is one word of plain letters. That was not kept.", _TOKEN_HINT)
    if len(value) > LONGEST_TOKEN:
        raise errors.Usage(f"A refresh token has at most {LONGEST_TOKEN:,} characters. That was not kept.", _TOKEN_HINT)


def _row(line: int, cells: Mapping[str, str], token: Secret) -> Row:
    """A row of what its cells say. Raises Usage for the first that is wrong; what may be a secret is not repeated."""
    for column, value in cells.items():
        if len(value) > 64 or any(mark in value for mark in _SECRETS):
            raise errors.Usage(
                f"{column} holds a token, or something else that is too long for it.",
                f"see that each cell is in its column: {','.join((*COLUMNS, *OPTIONAL))}",
            )
    scope = geography.scope(cells["seller"], cells["region"], cells["country"] or None)
    account = cells["selling_partner_id"]
    if account in geography.MARKETPLACES:
        raise errors.Usage(f"{account} is the id of a marketplace, not of a selling partner.", _ID_HINT)
    if not (account.isascii() and account.isalnum() and account.isupper()):
        raise errors.Usage(f"{account!r} is not a Selling Partner ID.", _ID_HINT)
    app = cells.get("app") or None
    if app is not None and not errors.is_name(app):
        raise errors.BadName("an app", app)
    return Row(line, scope, account, app, token)


def _of_file(content: bytes, outcome: Outcome) -> list[Row]:
    """The rows of a CSV file that are well formed. Raises Usage for a file that is not CSV, or has other columns."""
    lines = _lines(content)
    _, header = next(lines, (1, []))
    columns = [name.strip().lower() for name in header]
    _check_columns(columns)
    rows = []
    for line, values in lines:
        try:
            if len(values) != len(columns):
                raise errors.Usage(  # noqa: TRY301 - it is wrong as the cells may be
                    f"there are {words.count(len(values), 'cell')}, and the first line has {len(columns)}.",
                    "put a cell that holds a comma in double quotes",
                )
            cells = dict(zip(columns, (value.strip() for value in values), strict=True))
            token = Secret(cells.pop("refresh_token"))
            row = _row(line, cells, token)
            check_token(token)
            rows.append(row)
        except errors.Usage as error:
            outcome.failed.append(([line], error))
    return rows


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each line that holds something, with the number of the line on which it begins."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise errors.Usage(
            f"Line {line} is not UTF-8. Nothing was imported.", "save the file as CSV UTF-8 (comma delimited)"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                yield line, values
            line = reader.line_num + 1
    except csv.Error as error:
        raise errors.Usage(
            f"Line {line} is not CSV: {error}. Nothing was imported.", "put a cell that holds quotes in double quotes"
        ) from None


def _check_columns(columns: Sequence[str]) -> None:
    known = (*COLUMNS, *OPTIONAL)
    missing = [name for name in COLUMNS if name not in columns]
    # What is no word may be a cell of a file without a header, and a token then.
    unknown = [
        name if name.replace("_", "").replace(" ", "").isalpha() and len(name) <= 32 else f"column {number}"
        for number, name in enumerate(columns, 1)
        if name not in known
    ]
    doubled = sorted({name for name in columns if name in known and columns.count(name) > 1})
    findings = [
        f"{said}: {', '.join(names)}"
        for said, names in (("missing", missing), ("unknown", unknown), ("twice", doubled))
        if names
    ]
    if findings:
        raise errors.Usage(
            f"The first line does not name the columns ({'; '.join(findings)}). Nothing was imported.",
            f"in any order, with commas between: {','.join(COLUMNS)}, and app if there are several",
        )


class _Apps:
    """The apps that rows name, each asked for once, with its client secret where Amazon will be asked."""

    def __init__(self, edges: Edges, options: Options) -> None:
        self._edges = edges
        self._options = options
        self._known: dict[str, tuple[App, Secret]] = {}

    def name(self, row: Row, accounts: Accounts) -> str:
        before = accounts.get(row.scope)
        own = before.app if before is not None else self._options.default_app
        return row.app or self._options.app or own

    def get(self, name: str) -> tuple[App, Secret]:
        """Raises NoSuchApp, MissingToken."""
        if name not in self._known:
            app = self._edges.apps.get(name)
            secret = self._edges.secrets.fetch(app.secret_name) if self._options.check else Secret("")
            self._known[name] = app, secret
        return self._known[name]


def _is_good(row: Row, apps: _Apps, accounts: Accounts, outcome: Outcome) -> bool:
    """Whether a row passes the guard with an app that there is; else it has failed."""
    try:
        name = apps.name(row, accounts)
        apps.get(name)
        accounts.guard(row, name)
    except (errors.NotAuthorized, errors.NotFound, errors.Usage, errors.MissingToken) as error:
        if row.line == 0:
            raise
        outcome.fail([row], error)
        return False
    return True


def _without_twins(rows: Sequence[Row], apps: _Apps, accounts: Accounts, outcome: Outcome) -> list[Row]:
    """The rows that no other contradicts. Of equal ones the first stays; of others nobody can tell which is meant."""
    of_scope: defaultdict[Scope, list[Row]] = defaultdict(list)
    for row in rows:
        of_scope[row.scope].append(row)
    single: list[Row] = []
    for twins in of_scope.values():
        first, *more = twins
        if any(other[1:] != first[1:] for other in more):
            outcome.fail(twins, errors.Usage(f"{first.scope} is there more than once, and not the same.", "keep one"))
            continue
        single.append(first)
        if more:
            outcome.fail(more, errors.Usage(f"{first.scope} is there already, on line {first.line}.", "keep one"))
    of_account: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in single:
        of_account[row.scope.region, row.selling_partner_id, apps.name(row, accounts)].append(row)
    left: list[Row] = []
    for twins in of_account.values():
        names = sorted({row.scope.seller for row in twins})
        known = {row.scope.seller for row in twins if accounts.get(row.scope) is not None}
        if len(names) == 1 or known:  # what is connected already is for the guard to tell
            left.extend(twins)
        else:
            error = errors.DuplicateAccount(twins[1].scope, twins[1].selling_partner_id, twins[0].scope)
            error.message = f"{twins[0].selling_partner_id} stands under more than one seller: {words.listed(names)}."
            error.hint = "keep the rows of one of them"
            outcome.fail(twins, error)
    return sorted(left)


def _record(edges: Edges, apps: _Apps, accounts: Accounts, row: Row) -> Connection:
    """The record of a row that nobody has asked Amazon about."""
    app, _ = apps.get(apps.name(row, accounts))
    return Connection(
        scope=row.scope,
        selling_partner_id=row.selling_partner_id,
        app=app.name,
        access_level=app.access_level,
        standing="unchecked",
        authorized_at=edges.now(),
        verified_at=None,
        marketplaces=(),
        secret_ref=secrets.new_ref(),
    )


def _ask(edges: Edges, apps: _Apps, accounts: Accounts, row: Row) -> Found | errors.SpConnectError:
    """What Amazon says to the token of one row: an access token, then marketplaces in the country of the row."""
    unchecked = _record(edges, apps, accounts, row)
    app, client_secret = apps.get(unchecked.app)
    token = row.token
    try:
        tokens = lwa.refresh(edges.amazon, app, client_secret, row.scope, token)
        token = tokens.refresh_token or token
        marketplaces = sellers.marketplaces(edges.amazon, row.scope, tokens.access_token)
        authorization.check_country(row.scope, row.selling_partner_id, [m.country for m in marketplaces])
    except errors.OtherCountry as error:
        error.hint = f"correct the country, or authorize the app again in the account that sells in {row.scope.place}"
        return error
    except errors.AmazonTrouble as error:
        if token == row.token:
            return error
        # Amazon gave another token, and the one of the row may be dead by now: it is kept, and `verify` tells more.
        error.hint = f"the token is kept, unchecked: sp-connect verify {row.scope.flags}"
        return Found(row, unchecked, token, error)
    except errors.SpConnectError as error:
        return error
    checked = replace(unchecked, standing="connected", verified_at=edges.now(), marketplaces=marketplaces)
    return Found(row, checked, token)


def _keep(edges: Edges, accounts: Accounts, found: Sequence[Found], outcome: Outcome) -> None:
    """Writes what was found. What is wrong with the whole store ends it; the rows that were written stay."""
    waiting = _by_seller(found)
    try:
        with progress.bar(edges.screen, "Keeping", len(found)) as advance:
            for start in range(0, len(waiting), BATCH):
                if start:
                    edges.sleep(PAUSE)
                batch = [one for rows in waiting[start : start + BATCH] for one in rows]
                with edges.changes.writing():
                    _keep_batch(edges, accounts, batch, outcome)
                for _ in batch:
                    advance()
    except (errors.StoreUnavailable, errors.StoreLocked, errors.Damaged) as error:
        settled = {line for lines, _ in outcome.failed for line in lines} | set(outcome.kept)
        outcome.fail([one.row for one in found if one.row.line not in settled], error)


def _keep_batch(edges: Edges, accounts: Accounts, batch: Sequence[Found], outcome: Outcome) -> None:
    """Writes the rows of some sellers. The guard looks once more, for another sp-connect may have been faster."""
    accounts.refresh()
    apps = [app.name for app in edges.apps.all()]
    passed: list[Found] = []
    for one in batch:
        try:
            if one.connection.app not in apps:
                raise errors.NoSuchApp(one.connection.app, apps)
            accounts.guard(one.row, one.connection.app)
        except (errors.NotAuthorized, errors.NotFound, errors.Usage) as error:
            outcome.fail([one.row], error)
        else:
            passed.append(_renewing(edges, accounts, one))
    written: list[Connection] = []

    def write(some: Sequence[Found]) -> None:
        """Together if that goes; where a seller's file is damaged, each seller alone, so that it stops nobody else."""
        new = [one for one in some if one.connection is not accounts.get(one.row.scope)]
        if new:
            edges.changes.keep_connections([(one.connection, one.token) for one in new])
            written.extend(one.connection for one in new)
        for one in some:
            outcome.kept[one.row.line] = one.connection
            if one.trouble is not None:
                outcome.fail([one.row], one.trouble)

    try:
        write(passed)
    except errors.Damaged:
        for rows in _by_seller(passed):
            try:
                write(rows)
            except errors.Damaged as error:
                outcome.fail([one.row for one in rows], error)
    accounts.kept(written)


def _renewing(edges: Edges, accounts: Accounts, one: Found) -> Found:
    """The same, less what a token that is kept already cannot change: its year, and what Amazon said of it."""
    before = accounts.get(one.row.scope)
    if before is None:
        return one
    try:
        is_known = edges.secrets.fetch(before.secret_name) == one.token
    except (errors.MissingToken, errors.Damaged):
        return one
    if not is_known:
        return one
    if one.connection.standing == "unchecked":
        return one._replace(connection=before)
    return one._replace(connection=replace(one.connection, authorized_at=before.authorized_at))


def _by_seller(found: Sequence[Found]) -> list[list[Found]]:
    groups: defaultdict[str, list[Found]] = defaultdict(list)
    for one in found:
        groups[one.row.scope.seller].append(one)
    return list(groups.values())


def _placed(lines: Sequence[int], error: errors.SpConnectError) -> errors.SpConnectError:
    """The error with its lines in front: they are the first thing that whoever mends the file looks for."""
    if lines[0]:
        where = f"Line {lines[0]}" if len(lines) == 1 else f"Lines {words.listed([str(line) for line in lines])}"
        if len(lines) > 5:
            where = f"Line {lines[0]} and {words.count(len(lines) - 1, 'more line')}"
        error.message = f"{where}: {error.message}"
    return error


def command(
    ctx: typer.Context,
    seller: Annotated[
        str | None,
        typer.Option("--seller", "-s", metavar="NAME", help="Your own short name for the client, such as acme."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", "-r", metavar="na|eu|fe", help="North America, Europe & India, or Far East."),
    ] = None,
    country: flags.Country = None,
    selling_partner_id: Annotated[
        str | None,
        typer.Option("--selling-partner-id", metavar="ID", help="Whose token it is: the account's Merchant Token."),
    ] = None,
    file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option("--from", metavar="FILE.csv", help=f"Take many: {','.join(COLUMNS)}[,app]. - reads stdin."),
    ] = None,
    app: Annotated[
        str | None,
        typer.Option("--app", metavar="NAME", help="Your app, if you have several; else SP_CONNECT_APP, else default."),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            " /--no-check", metavar="", show_default=False, help="Keep without asking Amazon; verify asks later."
        ),
    ] = True,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, max=64, help="How many are checked at once.")
    ] = JOBS,
    json: flags.Json = False,
) -> None:
    """Import refresh tokens that Amazon's console gave, for apps that authorize themselves.

    One token is read from stdin, or asked for, hidden. With --from, a CSV file names many: every bad row is told
    with its line, and the good ones are imported.
    """
    edges = ctx.obj.edges()
    default_app = ctx.obj.environ.get("SP_CONNECT_APP") or "default"
    options = Options(seller, region, country, selling_partner_id, file, app, default_app, check, jobs)
    outcome = run(edges, options)
    rows = outcome.connections
    if json:
        edges.screen.json([data.connection(one, edges.now()) for one in rows])
    elif file is None:
        for one in rows:
            _show(edges, one)
    if file is not None:
        count = len({one.scope.seller for one in rows})
        edges.screen.say(f"Imported {words.count(len(rows), 'connection')} of {words.count(count, 'seller')}.")
        edges.screen.say("The file holds refresh tokens that anybody can read: delete it once all are imported.")
    failures = outcome.failures
    if len(failures) > 1:
        for failure in failures:
            edges.screen.error(failure)
    lines = sum(len(lines) for lines, _ in outcome.failed)
    errors.raise_all(failures, f"{words.count(lines, 'row')} could not be imported.")


def _show(edges: Edges, connection: Connection) -> None:
    from sp_connect.views import card, conversation

    edges.screen.show(card.card(edges.screen, connection, edges.now()))
    conversation.check(edges.screen, connection)
