"""`invite`: a link for a seller on another machine, and what `accept` needs to complete the consent it leads to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, BinaryIO, NamedTuple

import typer

from sp_connect import errors, settings, words
from sp_connect.amazon import consent, geography, registration
from sp_connect.authorization import flow
from sp_connect.bulk import csv_input
from sp_connect.cli import flags
from sp_connect.models import SEATS, Invite, Scope
from sp_connect.runtime import Runtime
from sp_connect.stores.home.authorizations import seated
from sp_connect.views import data

DAYS = 7
COLUMNS = ("seller", "region")
OPTIONAL = ("country", "app", "expect_id")


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `invite`: one seller by its flags, or those of `file`, for `days`.

    `app` None is the connection's own where there is one, else `default_app`.
    """

    seller: str | None
    regions: tuple[str, ...]
    countries: tuple[str, ...]
    file: BinaryIO | None
    app: str | None
    default_app: str
    expect_id: str | None
    days: int


class Guest(NamedTuple):
    """A seller who is to be invited. `app` and `expect_id` are its own row's."""

    scope: Scope
    app: str | None
    expect_id: str | None


Row = tuple[int, list[Guest]]
"""Those whom one line of the file means; line 0 is the command line."""


def run(runtime: Runtime, options: Options) -> tuple[list[Invite], list[errors.SpConnectError]]:
    """The invites that were made, one a consent, and what was wrong with rows of the file.

    In the Far East a seller without a country gets a link for each. Raises Usage for a command line or file that
    cannot be meant, and for one seller whatever stands in its way.
    """
    runtime.changes.finish()
    made: list[Invite] = []
    failed: list[errors.SpConnectError] = []
    now = runtime.now()
    for line, guests in _once_each(list(_guests(runtime, options, failed)), failed):
        try:
            made.extend([_invite(runtime, options, guest) for guest in guests])  # all of a row's, or none
        except (errors.Usage, errors.NotFound, errors.MissingToken) as error:
            if options.file is None:
                raise
            failed.append(csv_input.at_line(line, error))
    _warn_of_seats(runtime, made)

    def keep() -> None:
        runtime.invites.sweep(now)
        runtime.invites.put(made)

    runtime.changes.write(keep)
    return made, failed


def _warn_of_seats(runtime: Runtime, made: Sequence[Invite]) -> None:
    """Says so where more sellers are connected and invited than an app has seats that is not listed on the Appstore."""
    if not made:
        return
    known, _ = runtime.connections.whole()
    try:
        active = runtime.changes.authorizations.active(known, runtime.now())
    except errors.Damaged as error:  # a count is no reason to make no link
        runtime.screen.warn(f"{error.message} The seats could not be counted.")
        return
    waiting = [one for one in runtime.invites.all()[0] if one.status(runtime.now()) == "pending"]
    for name in dict.fromkeys(one.app for one in made):
        used = seated(known, active, name)
        connected = {one.scope.seller for one in known if one.app == name}
        others = {one.expect_id or one.scope.seller for one in (*waiting, *made) if one.app == name}
        total = len(used | (others - connected))
        if runtime.apps.get(name).seats(len(used)) is not None and total > SEATS:
            runtime.screen.warn(
                f"The app {name} has {total} sellers, connected and invited; Amazon gives {SEATS} seats to an app that "
                "is not listed on the Appstore, and refuses the others: sp-connect explain CONSENT_LIMIT_REACHED"
            )


def _guests(runtime: Runtime, options: Options, failed: list[errors.SpConnectError]) -> Iterator[Row]:
    """Whom the command line or each line of the file means; what is wrong with a line goes to `failed`."""
    if options.file is None:
        if options.seller is None or not options.regions:
            raise errors.Usage("invite needs --seller and --region, or --from FILE.", "sp-connect invite --help")
        scopes = geography.places(options.seller, options.regions, options.countries)
        if options.expect_id is not None and len(scopes) > 1:
            raise errors.OneIdForSeveral("invite")
        yield 0, [_guest(scope, options.app, options.expect_id) for scope in scopes]
        return
    if options.seller or options.regions or options.countries or options.expect_id:
        raise errors.FlagsBesideFile(["--seller", "--region", "--country", "--expect-id"])
    passed_over: list[str] = []
    rows = list(csv_input.rows(csv_input.read(options.file), COLUMNS, OPTIONAL, failed, passed_over=passed_over))
    if passed_over:
        runtime.screen.say(f"Skipped columns: {', '.join(passed_over)}.")
    if not rows and not failed:
        raise errors.Usage("The file contains no seller.", f"a line for each, below the heads {','.join(COLUMNS)}")
    for line, cells in rows:
        try:
            countries = tuple(cells.get("country", "").replace(",", " ").split())
            scopes = geography.scopes(cells["seller"], cells["region"], countries)
            app, expect_id = cells.get("app") or options.app, cells.get("expect_id") or None
            yield line, [_guest(scope, app, expect_id) for scope in scopes]
        except errors.Usage as error:
            failed.append(csv_input.at_line(line, error))


def _once_each(rows: Sequence[Row], failed: list[errors.SpConnectError]) -> list[Row]:
    """The rows whose places no other has, and the first of equal ones; of others nobody can tell which is meant."""
    of_place: defaultdict[Scope, dict[int, Guest]] = defaultdict(dict)
    for line, guests in rows:
        for guest in guests:
            of_place[guest.scope][line] = guest
    refused: set[int] = set()
    for scope, theirs in of_place.items():
        lines = list(theirs)
        if len(set(theirs.values())) > 1:
            why = errors.Usage(f"{scope} appears more than once, with different values.", "keep one")
        else:
            why = errors.Usage(f"{scope} is there already, on line {lines.pop(0)}.", "keep one; its link is made")
        if not refused.issuperset(lines):
            failed.append(errors.OnLines(lines, why))
            refused.update(lines)
    return [row for row in rows if row[0] not in refused]


def _guest(scope: Scope, app: str | None, expect_id: str | None) -> Guest:
    if expect_id is not None:
        expect_id = registration.selling_partner_id(expect_id)
    return Guest(scope, app, expect_id)


def _invite(runtime: Runtime, options: Options, guest: Guest) -> Invite:
    # The client secret is fetched to see that it is there: once the seller has consented, minutes count.
    app, _ = flow.app_for(runtime, guest.scope, guest.app, options.default_app)
    asked = consent.begin(app, guest.scope, away=True)
    now = runtime.now()
    return Invite(
        scope=guest.scope,
        app=app.name,
        application_id=app.application_id,
        redirect_uri=app.redirect_uri,
        state=asked.state,
        address=runtime.amazon.at(asked.address),
        expect_id=guest.expect_id,
        created_at=now,
        expires_at=now + timedelta(days=options.days),
    )


def command(
    ctx: typer.Context,
    seller: flags.MaybeSeller = None,
    region: flags.MaybeEachRegion = None,
    country: flags.Countries = None,
    file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option("--from", metavar="FILE", help="A CSV file: seller, region, and country, app, expect_id if any."),
    ] = None,
    app: flags.OwnApp = None,
    expect_id: flags.ExpectId = None,
    days: Annotated[
        int, typer.Option("--days", metavar="DAYS", min=1, max=365, help="How many days the link is good.")
    ] = DAYS,
    text: Annotated[bool, typer.Option("--text", metavar="", help="Print a mail to send, for each seller.")] = False,
    csv: flags.Csv = False,
    json: flags.Json = False,
) -> None:
    """Make a link for a seller who consents on another machine; `accept` completes what comes of it.

    The seller signs in, chooses Confirm, and sends back the address that the page then shows. North America and
    Europe & India take one link for the whole region, the Far East one for each country.
    """
    if text + csv + json > 1:
        raise errors.Usage("--text, --csv and --json are three ways to print the links.", "give one of them")
    session: flags.Session = ctx.obj
    runtime, default_app = session.runtime(), settings.default_app(session.environ)
    options = Options(seller, tuple(region or ()), tuple(country or ()), file, app, default_app, expect_id, days)
    made, failed = run(runtime, options)
    if json:
        runtime.screen.json([data.invite(one, runtime.now()) for one in made])
    elif csv:
        from sp_connect.views import csv_output as spreadsheet

        runtime.screen.line(spreadsheet.invites(made, runtime.now()))
    elif text:
        from sp_connect.views import mail

        runtime.screen.line(mail.invites(made))
    elif made:
        from sp_connect.views import invitations

        invitations.links(runtime.screen, made)
    for one in made:
        runtime.send_link(one)
    for error in failed if len(failed) > 1 else ():
        runtime.screen.fault(error)
    hint = "fix the rows named above and invite only those: the other links exist"
    errors.raise_all(failed, f"{words.count(len(failed), 'row')} could not be used; the others are invited.", hint)
