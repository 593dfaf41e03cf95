"""The checks of what is written down: the connections, the changes under way, the invites."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sp_connect import errors, models, words
from sp_connect.amazon import geography
from sp_connect.checkup import machine
from sp_connect.checkup.context import FIX, SET_CLOCK, Context, several
from sp_connect.findings import Finding, failed, ok, skipped, warning
from sp_connect.models import DUE_WITHIN, Connection, Invite
from sp_connect.stores.home import files, leftovers
from sp_connect.terminal import progress
from sp_connect.views import tables


def readable(context: Context) -> Finding:
    """Whether every seller's file can be read."""
    rows, damages, trouble = context.records
    if trouble:
        raise trouble
    _raise_first(damages)
    if copies := context.runtime.connections.copies:
        original = next(iter(copies.values()))
        return warning(
            f"skipped, as copies of sellers' files: {several(copies)}",
            f"compare with {original}, then move it away: mv {shlex.quote(str(next(iter(copies))))} ~",
        )
    sellers = len({row.scope.seller for row in rows})
    return ok(f"{words.count(sellers, 'seller')}: all files are readable" if rows else "there are no seller files yet")


def unfinished(context: Context) -> Finding:
    """Whether a change that was cut short waits to be finished, which any change after it does too, or left files.

    A move of all secrets to another store is left to --fix: it ends as it stands, and they stay where config.toml says.
    """
    damages = context.runtime.changes.journal.damages()
    found = _unfinished(context, {damage.path for damage in damages})
    return failed(_first(damages), fixed=found.fixed) if damages else found


def _unfinished(context: Context, damaged: Collection[Path]) -> Finding:
    """Checks the changes that can be read."""
    waiting = [path for path in _waiting(context) if path not in damaged]
    strays = _half_written(context)
    changes, half = words.count(len(waiting), "change"), words.count(len(strays), "half-written file")
    if context.fix:  # also the note of a process that was killed before it named a file
        leftovers.settle(context.runtime.home.data / "unfinished")
    if not waiting and not strays:
        return ok("no change was interrupted")
    if not context.fix:
        if waiting and (to := _moving_to(context)):
            moves = f"a move of all secrets to the {to} was interrupted, or is running now"
            return warning(moves, f"go on: sp-connect store move {to}; or stop it where it is: {FIX}")
        verb = "was" if len(waiting) == 1 else "were"
        said = [f"{changes} {verb} interrupted, or running now"] if waiting else []
        return warning("; ".join([*said, *([f"{half} of a killed process"] if strays else [])]), FIX)
    for path in strays:
        files.remove(path)
    left = [path for path in _finish(context) if path not in damaged] if waiting else []
    if left:
        waits = "waits" if len(left) == 1 else "wait"
        return warning(
            f"{words.count(len(left), 'change')} still {waits} for a store that is not in use, or for a damaged file",
            "see SP_CONNECT_STORE, and what the other checks say",
            fixed=len(left) < len(waiting) or bool(strays),
        )
    said = [f"{changes} that had been interrupted: now finished"] if waiting else []
    return ok("; ".join([*said, *([f"{half} of a killed process: now removed"] if strays else [])]), fixed=True)


def apps_in_use(context: Context) -> Finding:
    """Whether the app of every connection is registered. Raises NoSuchApp: without it a token opens nothing."""
    if why := context.blind(apps=True):
        return skipped(why)
    known, users = _without_app(context)
    if users:  # an app may have been registered, and a seller connected, since the first look
        with context.runtime.changes.still():
            context.read_again()
            known, users = _without_app(context)
    if users:
        error = errors.NoSuchApp(users[0].app, sorted(known))
        error.reword(
            message=f"{error.message} It is the app of {several(row.scope for row in users)}.",
            hint=f"register it again: sp-connect app add {users[0].app}",
        )
        raise error
    return ok("the app of every connection is registered")


def _without_app(context: Context) -> tuple[set[str], list[Connection]]:
    """The names of the apps, and the connections whose app is none of them."""
    known = {app.name for app in context.apps}
    return known, [row for row in context.records.rows if row.app not in known]


def accounts(context: Context) -> Finding:
    """Whether each account has one seller. Version 0.9 let two of them share it in different regions or apps."""
    if why := context.blind():
        return skipped(why)
    sellers: dict[str, set[str]] = {}
    for row in context.records.rows:
        sellers.setdefault(row.selling_partner_id, set()).add(row.scope.seller)
    shared = {account: sorted(names) for account, names in sellers.items() if len(names) > 1}
    if not shared:
        return ok("no account is connected for two sellers")
    said = [f"{account} is connected for {words.listed(names)}" for account, names in sorted(shared.items())]
    _, second = next(iter(shared.values()))[:2]
    return warning(
        f"{'; '.join(said)}: of one of them it is the wrong account",
        f"check whose account it is: sp-connect show --seller {second}; then sp-connect revoke the wrong one",
    )


def countries(context: Context) -> Finding:
    """Whether a country's connection is of an account that the region's connection covers, or should cover."""
    if why := context.blind():
        return skipped(why)
    twice = models.covered(context.records.rows)
    covered = {one.scope for one, _ in twice}
    beyond = [row for row in context.records.rows if geography.is_the_regions(row.scope, row.sells_in)]
    beyond = [row for row in beyond if row.scope not in covered]
    said = [f"{several(covered)}: of the account whose region is connected too"] if covered else []
    if beyond:
        said.append(f"{several(row.scope for row in beyond)}: of an account that sells in other countries too")
    if covered:
        step = f"sp-connect revoke {twice[0][0].scope.flags}"
    elif beyond:
        scope = beyond[0].scope
        whole = geography.scope(scope.seller, scope.region)
        step = f"sp-connect connect {whole.flags}; then sp-connect revoke {scope.flags}"
    else:
        return ok("no country is connected whose region's connection covers it")
    return warning("; ".join(said), step)


def statuses(context: Context) -> Finding:
    """Counts connections by their last known status. A warning if one needs a consent or a check."""
    if why := context.blind():
        return skipped(why)
    rows, now = context.records.rows, context.runtime.now()
    said = tables.summary(rows, now).rstrip(".")
    ahead = [row for row in rows if row.authorized_at is not None and row.authorized_at > now + timedelta(days=1)]
    if ahead:  # its year would seem to end later than it does
        whose = f"{several(row.scope for row in ahead)}: consented on a day that is still to come"
        mend = f"{SET_CLOCK}. If it is right now: sp-connect connect {ahead[0].scope.flags}"
        return warning(f"{said}; {whose}: this clock is or was wrong", mend)
    found = {row.status(now) for row in rows}
    if found & {"due", "expired", "rejected"}:
        return warning(said, f"sp-connect renew --due {DUE_WITHIN.days}")
    if "unchecked" in found:
        return warning(said, "sp-connect verify")
    dateless = [row.scope for row in rows if row.authorized_at is None]
    if dateless:
        whose = f"{several(dateless)}: the consent date is missing, so the renewal date is unknown"
        return warning(f"{said}; {whose}", "import the token once more with --authorized-at DATE, or sp-connect renew")
    return ok(said if rows else "nothing is connected yet")


def invites(context: Context) -> Finding:
    """Which links may still come back, which never did, and which no longer can because their app is another one."""
    found, damages = context.runtime.invites.all()
    _raise_first(damages)
    now = context.runtime.now()
    ids = {app.name: app.application_id for app in context.apps}
    pending = [one for one in found if one.status(now) == "pending"]
    ended = [one for one in found if one.status(now) == "ended"]
    orphaned = [one for one in pending if ids.get(one.app) != one.application_id]
    drafts = {app.name: app.draft for app in context.apps}
    dead = [one for one in pending if drafts.get(one.app, one.is_for_draft) != one.is_for_draft]
    fixed = bool(ended) and context.fix
    if fixed:
        context.runtime.changes.write(partial(_remove_ended, context, ended, now))
    said = _counted(pending)
    if orphaned:
        whose = several(one.scope for one in orphaned)
        again = f"sp-connect invite {orphaned[0].scope.flags}"
        return warning(f"{said}; of these {whose} for an app that is another one by now", again, fixed=fixed)
    if dead:
        whose = f"{several(one.scope for one in dead)}: Amazon refuses the link because the app"
        state = "is no longer a draft" if dead[0].is_for_draft else "is a draft now"
        return warning(f"{said}; {whose} {state}", f"sp-connect invite {dead[0].scope.flags}", fixed=fixed)
    if ended:
        gone = f"{said}; {several(one.scope for one in ended)} were never used"
        return ok(f"{gone}: now deleted", fixed=True) if fixed else warning(gone, FIX)
    return ok(said)


def _remove_ended(context: Context, ended: Sequence[Invite], now: datetime) -> None:
    """Deletes invites, unless one was used since."""
    for one in ended:
        current = context.runtime.invites.find(one.state)
        if current is not None and current.status(now) == "ended":
            context.runtime.invites.remove(current)


def _finish(context: Context) -> Sequence[Path]:
    """Finishes what was cut short, and returns what waits all the same."""
    context.runtime.changes.write(lambda: None)
    context.runtime.migration().settle(partial(progress.bar, context.runtime.screen))
    context.read_again()
    return _waiting(context)


def _waiting(context: Context) -> list[Path]:
    """Describes unfinished changes, and a key in the keyring that may be orphaned."""
    unsettled = context.runtime.vault.unsettled()
    return [*context.runtime.changes.unfinished(), *([unsettled] if unsettled else [])]


def _moving_to(context: Context) -> str | None:
    """Where a move that is not done goes to; an entry that cannot be read is for --fix to name."""
    with suppress(errors.Damaged):
        return next((entry.moving_to for entry in context.runtime.migration().begun()), None)
    return None


def _half_written(context: Context) -> list[Path]:
    home = context.runtime.home
    folders = [home.data / "browsers", *(home.data / name for name in machine.FOLDERS)]
    ours = [path for folder in folders for path in files.half_written(folder)]
    return [*ours, *leftovers.unsettled(home.data / "unfinished")]


def _counted(pending: Sequence[Invite]) -> str:
    if not pending:
        return "no invite is pending"
    oldest = min(pending, key=lambda one: one.created_at)
    if len(pending) == 1:
        return f"1 invite is pending, of {oldest.scope} since {words.day(oldest.created_at)}"
    return f"{len(pending)} invites are pending, the oldest of {oldest.scope} since {words.day(oldest.created_at)}"


def _raise_first(damages: Sequence[errors.Damaged]) -> None:
    if damages:
        raise _first(damages)


def _first(damages: Sequence[errors.Damaged]) -> errors.Damaged:
    """The first, which says how many more there are."""
    more = len(damages) - 1
    if more:
        damages[0].message += f" {words.count(more, 'more file')} cannot be read."
    return damages[0]
