"""`import`: refresh tokens that Amazon's console gave (self-authorization, amazon.md 10.5), one or a file of many.

Every row goes through the same gates: its form, the guard against wrong and duplicate accounts, Amazon. What
passes them is written a batch of sellers at a time; what does not is named with its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Annotated, BinaryIO

import typer

from sp_connect import access, errors, settings, words
from sp_connect.amazon import lwa, registration
from sp_connect.authorization import account_check, grant
from sp_connect.bulk import batches, credentials_file, csv_input, reading
from sp_connect.bulk.batches import Found
from sp_connect.bulk.known_accounts import Accounts
from sp_connect.bulk.reading import COLUMNS, OPTIONAL, Outcome, Row
from sp_connect.cli import flags
from sp_connect.models import App, Connection, Scope, Secret, Tokens
from sp_connect.process import parallel
from sp_connect.runtime import Runtime
from sp_connect.stores import secret_store
from sp_connect.terminal import progress
from sp_connect.views import data


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `import`: one connection by its flags, or those of `file`.

    `app` None is the connection's own where there is one, else `default_app`. `jobs` is how many are checked at once.
    `authorized_at` is when the seller consented, as it was typed. With `confirm_id` Amazon must name the account.
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
    authorized_at: str | None = None
    confirm_id: bool = False


def run(runtime: Runtime, options: Options) -> Outcome:
    """Imports what is good, and says what is not. Everything that can fail without Amazon is tried before it is asked.

    What Amazon has been asked about is kept even if the run is interrupted. Raises Usage for a command line or a
    file that cannot be meant, and what is wrong with the stores before anything was imported.
    """
    if options.confirm_id and not options.check:
        raise errors.Usage("--confirm-id and --no-check cannot be combined.", "leave out one of them")
    outcome = Outcome()
    rows = _rows(runtime, options, outcome)
    grant.prove_ready(runtime)
    accounts = Accounts(runtime)
    accounts.refresh()
    apps = _Apps(runtime, options, accounts)
    single = reading.without_twins(rows, lambda row: accounts.has(row.scope, row.selling_partner_id), outcome)
    good = [row for row in single if _is_good(runtime, row, apps, accounts, outcome)]
    if options.file is None and good:
        good = [good[0]._replace(token=_ask_token(runtime))]
        accounts.guard_token(good[0].scope, good[0].selling_partner_id, good[0].token)
    found: list[Found] = []
    try:
        if options.check:
            _check(runtime, options, good, apps, outcome, found)
        else:
            found = [Found(row, _record(runtime, apps, row), row.token) for row in good]
    finally:
        found = _without_twins(found, accounts, outcome)
        with progress.bar(runtime.screen, "Keeping", len(found)) as advance:
            batches.keep(runtime, accounts, sorted(found, key=lambda one: one.row.line), outcome, advance)
    return outcome


def _rows(runtime: Runtime, options: Options, outcome: Outcome) -> list[Row]:
    """The rows of the file, or of the flags."""
    flagged = {
        "--seller": options.seller,
        "--region": options.region,
        "--selling-partner-id": options.selling_partner_id,
    }
    if options.file is not None:
        content = csv_input.read(options.file)
        if credentials_file.is_one(content):
            return _of_credentials(runtime, options, content, outcome)
        if any(value is not None for value in (*flagged.values(), options.country, options.authorized_at)):
            raise errors.FlagsBesideFile([*flagged, "--country", "--authorized-at"])
        return reading.of_file(content, outcome.failed, runtime.now(), outcome.passed_over)
    missing = [flag for flag, value in flagged.items() if value is None]
    if missing:
        raise errors.Usage(f"import needs {words.listed(missing)}, or --from FILE.", "sp-connect import --help")
    cells = {flag.removeprefix("--").replace("-", "_"): value for flag, value in flagged.items()}
    more = {"country": options.country, "app": options.app, "authorized_at": options.authorized_at}
    row = reading.of_flags(cells | more, runtime.now())
    runtime.apps.get(row.app or options.default_app)
    return [row]


def _of_credentials(runtime: Runtime, options: Options, content: bytes, outcome: Outcome) -> list[Row]:
    """The rows of python-amazon-sp-api's credentials file, completed by the flags that it needs."""
    outcome.is_table = False
    if options.region is None:
        raise errors.NoRegionBeside
    contrary = {"--selling-partner-id": options.selling_partner_id is not None, "--no-check": not options.check}
    if any(contrary.values()):
        raise errors.NotBesideCredentials([flag for flag, is_given in contrary.items() if is_given])
    if options.app is not None:
        runtime.apps.get(options.app)
    beside = reading.Beside(options.region, options.country, options.seller, options.authorized_at)
    return reading.of_credentials(content, beside, outcome.failed, runtime.now(), outcome.passed_over)


def _without_twins(found: Sequence[Found], accounts: Accounts, outcome: Outcome) -> list[Found]:
    """Drops accounts that turned out to be duplicates once Amazon had named them."""
    rows = [one.row for one in found]
    left = reading.without_twins(rows, lambda row: accounts.has(row.scope, row.selling_partner_id), outcome)
    lines = {row.line for row in left}
    return [one for one in found if one.row.line in lines]


def _ask_token(runtime: Runtime) -> Secret:
    """From stdin if that is no terminal, else from a hidden prompt. Raises Usage for what can be no refresh token."""
    if runtime.prompt.is_there():
        token = runtime.prompt.secret("Refresh token?", "a refresh token on stdin")
    else:
        token = runtime.prompt.secret_from_stdin("refresh token")
    registration.check_refresh_token(token)
    return token


class _Apps:
    """The apps that rows name, each asked for once, with its client secret where Amazon will be asked."""

    def __init__(self, runtime: Runtime, options: Options, accounts: Accounts) -> None:
        self._runtime = runtime
        self._options = options
        self._accounts = accounts
        self._known: dict[str, tuple[App, Secret]] = {}

    def name(self, row: Row) -> str:
        before = self._accounts.get(row.scope)
        own = before.app if before is not None else self._options.default_app
        name = row.app or self._options.app or own
        return name if row.client_id is None else self._of_client(row.scope, row.client_id, name)

    def _of_client(self, scope: Scope, client_id: str, name: str) -> str:
        """The app with a client id: `name` if that is one, else the only one where none was asked for."""
        same = [app.name for app in self._runtime.apps.all() if app.client_id == client_id]
        if name in same:
            return name
        if self._options.app is None and len(same) == 1:
            return same[0]
        raise errors.OtherClient(scope, client_id, same, self._options.app)

    def of(self, row: Row) -> tuple[App, Secret]:
        """Raises NoSuchApp, OtherClient, MissingToken."""
        name = self.name(row)
        if name not in self._known:
            is_asked = self._options.check
            runtime = self._runtime
            self._known[name] = access.app(runtime, name) if is_asked else (runtime.apps.get(name), Secret(""))
        return self._known[name]


def _is_good(runtime: Runtime, row: Row, apps: _Apps, accounts: Accounts, outcome: Outcome) -> bool:
    """Whether a row passes the guard with an app that there is; else it has failed."""
    try:
        app, _ = apps.of(row)
        lwa.refuse_real(runtime.amazon, accounts.get(row.scope))
        accounts.guard(row.scope, app.name, row.selling_partner_id)
        if row.token:
            accounts.guard_token(row.scope, row.selling_partner_id, row.token)
    except (errors.NotAuthorized, errors.NotFound, errors.Usage, errors.MissingToken) as error:
        if row.line == 0:
            raise
        outcome.fail([row], error)
        return False
    return True


def _record(runtime: Runtime, apps: _Apps, row: Row) -> Connection:
    """The record of a row that nobody has asked Amazon about."""
    app, _ = apps.of(row)
    return Connection(
        scope=row.scope,
        selling_partner_id=row.selling_partner_id,
        app=app.name,
        access_level=app.access_level,
        standing="unchecked",
        authorized_at=row.authorized_at,
        verified_at=None,
        marketplaces=(),
        secret_ref=secret_store.new_ref(),
        simulated=runtime.amazon.is_simulated,
    )


def _check(
    runtime: Runtime, options: Options, rows: Sequence[Row], apps: _Apps, outcome: Outcome, found: list[Found]
) -> None:
    """Asks Amazon about each row, many at once; `found` takes what may be kept as it comes."""

    def take(position: int, one: Found | errors.SpConnectError) -> None:
        if isinstance(one, Found):
            found.append(one)
        else:
            outcome.fail([rows[position]], one)

    checks = account_check.Checks(runtime)
    asking = parallel.each(
        options.jobs, rows, lambda row: _ask(runtime, apps, row, checks, confirm_id=options.confirm_id), take
    )
    with progress.bar(runtime.screen, "Asking Amazon", len(rows)) as advance, closing(asking):
        for position, one in asking:
            take(position, one)
            advance()


def _ask(
    runtime: Runtime, apps: _Apps, row: Row, checks: account_check.Checks, *, confirm_id: bool
) -> Found | errors.SpConnectError:
    """Checks the token of one row with Amazon: access token, marketplaces, owner.

    A row without a Selling Partner ID gets the one that Amazon names, and fails where it names none.
    A token that Amazon takes is kept, whatever comes of the rest: `verify` tells more. With `confirm_id` only a
    confirmed one is, or one that Amazon gave in place of the imported token: it is nowhere else.
    """
    unchecked = _record(runtime, apps, row)
    is_named = bool(row.selling_partner_id)
    try:
        tokens = _refreshed(runtime, apps, row)
        found, trouble = checks.look(unchecked, tokens.access_token, "import", needed=confirm_id or not is_named)
    except errors.SpConnectError as error:
        return error
    if (confirm_id or not is_named) and not found.id_confirmed:
        if isinstance(trouble, errors.AmazonTrouble):  # then nobody was asked whose it is
            return trouble
        doubt = found.id_doubt or "not-permitted"
        if not is_named:
            return errors.IdNotNamed(row.scope, doubt)
        not_confirmed = errors.IdNotConfirmed(row.scope, row.selling_partner_id, doubt)
        new = tokens.refresh_token
        if new is None or new == row.token or runtime.connections.get(row.scope) is not None:
            return not_confirmed
        return Found(row, found, new, errors.UnconfirmedKept(row.scope, row.selling_partner_id, not_confirmed))
    kept = errors.KeptUnchecked(row.scope, trouble, unchecked.app) if trouble is not None else None
    row = row._replace(selling_partner_id=found.selling_partner_id)
    return Found(row, found, tokens.refresh_token or row.token, kept)


def _refreshed(runtime: Runtime, apps: _Apps, row: Row) -> Tokens:
    """Refreshes the token of a row.

    It may be that of the connection in its place: then no other asks with it meanwhile, who would be refused where
    Amazon changes it, and another that Amazon gives is the connection's at once. Raises AmazonTrouble, StoreLocked.
    """
    app, client_secret = apps.of(row)
    if runtime.connections.get(row.scope) is None:
        return lwa.refresh(runtime.amazon, app, client_secret, row.scope, row.token)
    with runtime.changes.refreshing(row.scope):
        kept: tuple[Connection, Secret] | None = None
        with suppress(errors.NotFound, errors.MissingToken):  # now, since the store may fail once Amazon has answered
            kept = access.refresh_token(runtime, row.scope)
        tokens = lwa.refresh(runtime.amazon, app, client_secret, row.scope, row.token)
        new = tokens.refresh_token
        if new is not None and new != row.token and kept is not None and kept[1] == row.token:
            access.renew_token(runtime, kept[0], new)
        return tokens


def command(
    ctx: typer.Context,
    seller: flags.MaybeSeller = None,
    region: flags.MaybeRegion = None,
    country: flags.Country = None,
    selling_partner_id: Annotated[
        str | None,
        typer.Option(
            "--selling-partner-id", metavar="ID", help="The token's account: its Merchant Token in Seller Central."
        ),
    ] = None,
    file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help=f"Import many: a CSV file of {', '.join(COLUMNS)} [, {', '.join(OPTIONAL)}], or credentials.yml "
            "of python-amazon-sp-api with --region. - reads stdin.",
        ),
    ] = None,
    app: flags.OwnApp = None,
    authorized_at: Annotated[
        str | None,
        typer.Option(
            "--authorized-at",
            metavar="DATE",
            help="When the seller consented, such as 2026-11-22. Without it the renewal date is unknown.",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            " /--no-check", metavar="", show_default=False, help="Save without asking Amazon; verify checks later."
        ),
    ] = True,
    confirm_id: Annotated[
        bool,
        typer.Option("--confirm-id", metavar="", help="Fail unless Amazon itself names this Selling Partner ID."),
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, max=64, help="How many are checked at once.")
    ] = parallel.JOBS,
    json: flags.Json = False,
) -> None:
    """Import refresh tokens from Amazon's console, for self-authorized apps.

    One token is read from stdin, or asked for, hidden. With --from, a CSV file names many: every bad row is shown
    with its line, and the good ones are imported. The credentials.yml of python-amazon-sp-api names neither regions
    nor Selling Partner IDs: give --region, and Amazon is asked for the ids. Its accounts' names become the sellers';
    --seller gives another name where the file has one account.
    """
    session: flags.Session = ctx.obj
    runtime, default_app = session.runtime(), settings.default_app(session.environ)
    options = Options(
        seller, region, country, selling_partner_id, file, app, default_app, check, jobs, authorized_at, confirm_id
    )
    outcome = run(runtime, options)
    rows = outcome.connections
    if json:
        runtime.screen.json([data.connection(one, runtime.now()) for one in rows])
    elif file is None:
        for one in rows:
            _show(runtime, one)
    if file is not None:
        count = len({one.scope.seller for one in rows})
        runtime.screen.say(f"Imported {words.count(len(rows), 'connection')} of {words.count(count, 'seller')}.")
        if outcome.passed_over:
            what = "columns" if outcome.is_table else "fields"
            runtime.screen.say(f"Skipped {what}: {', '.join(outcome.passed_over)}.")
        if rows:
            runtime.screen.say("The file contains refresh tokens in plain text. Delete it once everything is imported.")
    failures = outcome.failures
    if len(failures) > 1:
        for failure in failures:
            runtime.screen.error(failure)
    lines = sum(len(failure.lines) for failure in failures)
    hint = "fix the rows named above and import the file again"
    errors.raise_all(failures, f"{words.count(lines, 'row')} did not go through.", hint)


def _show(runtime: Runtime, connection: Connection) -> None:
    from sp_connect.views import card, conversation

    runtime.screen.show(card.card(runtime.screen, connection, runtime.now()))
    conversation.check(runtime.screen, connection)
