"""`doctor`: checks what can go wrong before it does, and mends with --fix what can be mended here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from sp_connect import checkup, errors, findings, words
from sp_connect.cli import flags
from sp_connect.findings import Finding
from sp_connect.stores.home import permissions
from sp_connect.views import checkup as view
from sp_connect.views import data

if TYPE_CHECKING:
    from sp_connect.runtime import Runtime


def run(session: flags.Session, *, fix: bool, yes: bool) -> Iterator[Finding]:
    """Each finding as it comes. Without `fix` nothing is changed; `yes` forgets left-over secrets unasked.

    Where the world cannot even be built, that is the finding: a config.toml that is no TOML stops every command.
    """
    try:
        runtime = _runtime(session, fix=fix)
    except errors.SpConnectError as error:
        yield findings.failed(error)._replace(name="configuration")
        return
    yield from checkup.run(runtime, fix=fix, yes=yes)


def _runtime(session: flags.Session, *, fix: bool) -> Runtime:
    """The outside world. With `fix`, a config.toml of this user that others may change is first closed to them."""
    try:
        return session.runtime()
    except errors.Untrusted as error:
        if not fix:
            raise
        with suppress(OSError):  # it belongs to another user: the error says so
            permissions.tighten(error.path)
        return session.runtime()


def command(
    ctx: typer.Context,
    fix: Annotated[
        bool,
        typer.Option("--fix", metavar="", help="Fix permissions and records; delete leftover secrets and invites."),
    ] = False,
    yes: flags.Yes = False,
    json: flags.Json = False,
) -> None:
    """Check the setup for problems: settings, files, keyring, tokens, port, browser, relay page, Amazon.

    Nothing is changed without --fix. No seller's token is used: sp-connect verify asks Amazon about each.
    """
    screen = ctx.obj.screen
    is_watched = screen.shows_to_someone() and not json
    found = []
    if is_watched:
        view.head(screen)
    for finding in run(ctx.obj, fix=fix, yes=yes):
        found.append(finding)
        if is_watched:
            screen.show(view.line(screen, finding))
    found = checkup.in_order(found)
    if json:
        screen.json(data.checkup([one._replace(mend=screen.typed(one.mend) if one.mend else None) for one in found]))
    elif not is_watched:
        screen.show(view.table(screen, found))
    if is_watched:
        screen.say()
    screen.say(view.summary(found))
    failures = [one.error for one in found if one.error is not None]
    if len(failures) == 1:
        raise failures[0]
    if failures:
        names = words.listed(list(dict.fromkeys(view.name(one) for one in found if one.error is not None)))
        summary = f"{len(failures)} of {words.count(len(found), 'check')} failed: {names}."
        raise errors.Several(summary, failures, "each line above shows the fix")
