"""`store`: which secret store is in use, moving everything to another one, and what opens the vault."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from sp_connect import errors, settings, words
from sp_connect.cli import flags, help
from sp_connect.models import App, Secret
from sp_connect.runtime import Runtime
from sp_connect.stores import secret_store
from sp_connect.stores.migration import Outcome
from sp_connect.stores.secret_store import StoreDescription, StoreName
from sp_connect.terminal import progress
from sp_connect.views import data

NEW = "--new-passphrase-file FILE, --new-passphrase-stdin or --to-keyring"


class InUse(NamedTuple):
    """The store, and who says that it is the one."""

    description: StoreDescription
    why: str


@dataclass(frozen=True, slots=True)
class MoveOptions:
    """Options of `store move`."""

    target: str
    dry_run: bool
    yes: bool


@dataclass(frozen=True, slots=True)
class PassphraseOptions:
    """Options of `store passphrase`; at most one is set."""

    file: Path | None
    from_stdin: bool
    to_keyring: bool


def run(runtime: Runtime) -> InUse:
    """Describes the store without asking it for anything. Raises StoreUnavailable for a backend that is refused."""
    return InUse(runtime.secrets.describe(), runtime.store_reason)


def run_move(runtime: Runtime, options: MoveOptions) -> Outcome:
    """Moves everything to another store, or says what that would do; a move that was cut short goes on.

    Raises Usage, NeedsFlag, Aborted, and what a store or a file has.
    """
    target = _named(options.target)
    source = runtime.migration().check(target)
    if runtime.migration().is_done(target):
        if runtime.migration().is_vault_unnamed(target):
            raise errors.Usage(
                f"config.toml names no store, so the {target} is in use; yet the vault has sealed files.",
                f"sp-connect store move vault, which writes its name down; then: sp-connect store move {target}",
            )
        return Outcome(source, target, (), ())
    watch = partial(progress.bar, runtime.screen)
    if options.dry_run:
        return runtime.migration().look(target, watch)
    if not options.yes and not runtime.migration().begun():
        what = _counted(len(runtime.apps.all()), len(runtime.connections.all()))
        runtime.prompt.confirm(f"Move {what} from the {source} to {_described(runtime, target)}?", "--yes")
    try:
        return runtime.migration().run(target, watch)
    except KeyboardInterrupt:
        runtime.screen.say(f"To go on: sp-connect store move {target}. To stop it where it is: sp-connect doctor --fix")
        raise


def run_passphrase(runtime: Runtime, options: PassphraseOptions) -> InUse:
    """Puts the vault's key under another passphrase, or into the keyring. Raises Usage, NeedsFlag, StoreLocked."""
    if sum([options.file is not None, options.from_stdin, options.to_keyring]) > 1:
        raise errors.Usage("There can be only one new home for the vault's key.", f"give one of {NEW}")
    if runtime.screen.simulated:
        raise errors.Usage("The vault of a simulation has no passphrase to change.", "leave out --simulate")
    if runtime.secrets.name != "vault":
        raise errors.Usage(
            f"The {runtime.secrets.name} is in use, and no vault.",
            "sp-connect store move vault; for one that jobs use: SP_CONNECT_STORE=vault sp-connect store passphrase",
        )
    opened_by = runtime.vault.describe().opened_by
    if opened_by is None:
        raise errors.Usage("There is no vault yet: the first secret makes it.", "sp-connect app add")
    if not (options.to_keyring and opened_by == "keyring"):
        _unlock(runtime)
        passphrase = None if options.to_keyring else _new_passphrase(runtime, options)
        runtime.changes.write(lambda: runtime.vault.reseal(passphrase))
    return run(runtime)


def _unlock(runtime: Runtime) -> None:
    """Opens the vault before anything new is asked for: by what the environment gives, else by what a person types."""
    asked = None
    if runtime.vault.describe().opened_by == "passphrase" and not runtime.vault.has_passphrase():
        asked = runtime.prompt.passphrase("Passphrase of the vault?", "SP_CONNECT_PASSPHRASE_FILE=FILE in front")
    runtime.vault.unlock(asked)


def _new_passphrase(runtime: Runtime, options: PassphraseOptions) -> Secret:
    if options.file is not None:
        passphrase = settings.passphrase_in(str(options.file), "--new-passphrase-file")
    elif options.from_stdin:
        passphrase = runtime.prompt.passphrase_from_stdin(
            "for example: pass show vault | sp-connect store passphrase ..."
        )
    else:
        passphrase = runtime.prompt.passphrase("New passphrase?", NEW)
        if runtime.prompt.passphrase("Repeat the new passphrase:", NEW) != passphrase:
            raise errors.Usage("The two passphrases differ. Nothing was changed.", "sp-connect store passphrase")
    if not passphrase:
        raise errors.Usage("The new passphrase is empty. Nothing was changed.", f"give one of {NEW}")
    return passphrase


def _named(target: str) -> StoreName:
    for known in secret_store.NAMES:
        if target == known:
            return known
    raise errors.Usage(f"Unknown secret store {target!r}.", f"sp-connect store move {' or '.join(secret_store.NAMES)}")


def _described(runtime: Runtime, target: StoreName) -> str:
    """The store as it is, or as it will be."""
    if target == "keyring":
        return "the keyring"
    described = runtime.vault.describe()
    if described.opened_by is not None:
        return f"the vault ({described.backend})"
    key = "under the passphrase that is set" if runtime.vault.has_passphrase() else "with its key in the keyring"
    return f"a new vault in {described.location}, {key}"


def _counted(apps: int, connections: int) -> str:
    return f"the secrets of {words.count(apps, 'app')} and {words.count(connections, 'connection')}"


app = typer.Typer(cls=help.Group, **help.SETTINGS)


@app.callback(invoke_without_command=True, epilog="Example: sp-connect store --json")
def show(ctx: typer.Context, json: flags.Json = False) -> None:
    """Show where secrets are stored and why; move them, or change what opens the vault."""
    if ctx.invoked_subcommand is not None:
        if json:
            raise errors.Usage("--json stands before the command.", f"sp-connect store {ctx.invoked_subcommand} --json")
        return
    runtime = ctx.obj.runtime()
    _tell(runtime, run(runtime), json=json)
    with suppress(errors.ThisMachine):  # doctor tells what is wrong with the journal
        for entry in runtime.migration().begun():
            runtime.screen.say(
                f"A move to the {entry.moving_to} was interrupted, or is running. "
                f"To finish it: sp-connect store move {entry.moving_to}"
            )


@app.command("move", cls=help.Command, epilog="Example: sp-connect store move vault --dry-run")
def move(
    ctx: typer.Context,
    to: flags.Store,
    dry_run: Annotated[bool, typer.Option("--dry-run", metavar="", help="Only show what would be done.")] = False,
    yes: flags.Yes = False,
    json: flags.Json = False,
) -> None:
    """Move every secret to the keyring or the vault, and forget them where they were.

    Each is saved, read back and compared before any is deleted; an interrupted move continues. config.toml then names
    the store; where jobs set SP_CONNECT_STORE, that has to say the same. A new vault gets the passphrase from
    SP_CONNECT_PASSPHRASE_FILE or SP_CONNECT_PASSPHRASE; without one, its key is in the keyring.
    """
    runtime = ctx.obj.runtime()
    try:
        outcome = run_move(runtime, MoveOptions(to, dry_run, yes))
    except errors.Several as several:
        for failure in several.failures:
            runtime.screen.fault(failure)
        raise
    _tell_outcome(runtime, outcome, dry_run=dry_run)
    if json:
        runtime.screen.json(data.move(*outcome, dry_run=dry_run))


@app.command(
    "passphrase", cls=help.Command, epilog="Example: sp-connect store passphrase --new-passphrase-file ~/new-passphrase"
)
def passphrase(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option("--new-passphrase-file", metavar="FILE", help="The file that contains the new passphrase."),
    ] = None,
    from_stdin: Annotated[
        bool, typer.Option("--new-passphrase-stdin", metavar="", help="Read the new passphrase from stdin.")
    ] = False,
    to_keyring: Annotated[
        bool, typer.Option("--to-keyring", metavar="", help="Keep the vault's key in the keyring instead.")
    ] = False,
    json: flags.Json = False,
) -> None:
    """Change what opens the vault: another passphrase, or a key in the keyring.

    The sealed files stay as they are. The old passphrase is that of SP_CONNECT_PASSPHRASE_FILE or
    SP_CONNECT_PASSPHRASE, else it is asked for; the new one is asked for twice, hidden. An old copy of vault.toml is
    still opened by the old one: a new key is had by moving everything to the keyring and back.
    """
    runtime = ctx.obj.runtime()
    used = run_passphrase(runtime, PassphraseOptions(file, from_stdin, to_keyring))
    if used.description.opened_by == "passphrase":
        runtime.screen.say(
            "The vault has its new passphrase. SP_CONNECT_PASSPHRASE_FILE, wherever set, has to lead to it."
        )
    else:
        runtime.screen.say("The vault's key is in the keyring; no passphrase opens it any more.")
    if json:
        runtime.screen.json(used.description._asdict() | {"why": used.why})


def _tell(runtime: Runtime, used: InUse, *, json: bool) -> None:
    if json:
        runtime.screen.json(used.description._asdict() | {"why": used.why})
        return
    from sp_connect.terminal import text
    from sp_connect.views import tables

    facts = {"Store": used.description.store, "Why": used.why, "Kept in": used.description.backend}
    if used.description.opened_by:
        facts["Opened by"] = used.description.opened_by
    if used.description.location:
        facts["Folder"] = used.description.location
    pairs = [(label, text.styled(value, longest=None)) for label, value in facts.items()]
    runtime.screen.show(tables.facts(runtime.screen, pairs))


def _tell_outcome(runtime: Runtime, outcome: Outcome, *, dry_run: bool) -> None:
    source, target = outcome.source, outcome.target
    for record in outcome.missing:
        missing = secret_store.missing(record.secret_name, f"the {source}, like the {target},")
        runtime.screen.say(f"{missing.message} Its record stays as it is; for a new one: {missing.hint}")
    apps = sum(isinstance(one, App) for one in outcome.moved)
    what = _counted(apps, len(outcome.moved) - apps)
    if not outcome.moved and not outcome.missing:
        runtime.screen.say(f"Everything is in the {target} already. Nothing to move.")
    elif dry_run:
        runtime.screen.say(
            f"Would move {what} from the {source} to {_described(runtime, target)}. Nothing was changed."
        )
    else:
        is_shared = source == "keyring" and runtime.copied_from() is not None  # what stays there, has been said
        end = "" if is_shared else f", and deleted them from the {source}"
        runtime.screen.say(f"Moved {what} to {_described(runtime, target)}{end}.")
        runtime.screen.say(
            f"config.toml names the {target} now; where jobs set SP_CONNECT_STORE, it has to say {target} too."
        )
