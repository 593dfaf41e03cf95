"""The checks of this machine: who else may read our files, whether they can be written, whether secrets are kept."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from sp_connect import errors, words
from sp_connect.checkup.context import FIX, Context, several
from sp_connect.findings import Finding, ok, skipped, warning
from sp_connect.stores.home import files, permissions
from sp_connect.stores.home.permissions import Loose

FOLDERS = ("connections", "invites", "unfinished", "vault", "vault/apps", "vault/sellers")
"""Those of a home that hold nothing but files of ours."""


def private(context: Context) -> Finding:
    """Whether files and folders are their user's alone. What others may only read is a warning; else raises Unfit."""
    if not permissions.are_known():
        return skipped("this system has no such permissions")
    there, found = permissions.look(dict.fromkeys(_ours(context)))
    said = "one file is yours alone" if there == 1 else f"{there:,} files and folders are yours alone"
    if not found:
        return ok(said)
    ours, foreign = [one for one in found if one.is_ours], [one for one in found if not one.is_ours]
    if context.fix:
        for one in ours:
            permissions.tighten(one.path)
        _, found = permissions.look(one.path for one in foreign)
        if not found:
            return ok(f"{said}; until now others could get at {_modes(ours)}", fixed=True)
    if foreign:
        whose = f"{several(one.path for one in foreign)}: not yours, but another user's"
        mend = f"sudo chown -R $(id -un) {shlex.quote(str(context.runtime.home.data))}"
        return warning(whose, mend, fixed=bool(context.fix and ours))
    changeable = [one for one in found if one.may_be_changed()]
    if changeable:
        raise errors.Unfit(f"Others may change {_modes(changeable)}.", FIX)
    return warning(f"others may read {_modes(found)}", FIX)


def disk(context: Context) -> Finding:
    """Whether files can be written, read and removed where ours are or will be, and whether a lock can be taken.

    Raises StoreUnavailable.
    """
    home = context.runtime.home
    folders = list(dict.fromkeys(_there(folder) for folder in home))
    for folder in folders:
        files.try_out(folder)
    if home.data.is_dir():
        context.runtime.changes.see_lock()
    return ok(f"a file was written, read and removed in {words.listed([str(folder) for folder in folders])}")


def secret_store(context: Context) -> Finding:
    """Whether the store in use keeps a secret, gives it back and forgets it; which one it is and why."""
    described = context.described
    if not context.is_made():
        return skipped(f"{described.backend}: the first secret that is kept makes the vault")
    if context.store_trouble:
        raise context.store_trouble
    return ok(f"{described.backend}; {context.runtime.store_reason}")


def home(context: Context) -> Finding:
    """Whether this home is a copy of another folder, which owns its secrets in the keyring."""
    if context.store_trouble:
        return skipped("the secret store cannot be asked")
    folder, described = context.runtime.home.data, context.described
    if not context.is_made() or described.opened_by == "passphrase":
        return ok(f"{folder} shares no secrets with a copy of it")
    owner = context.runtime.copied_from()
    if owner is None:
        return ok(f"{folder} owns its secrets in the keyring")
    apart = "store passphrase --new-passphrase-file FILE" if described.store == "vault" else "store move vault"
    return warning(
        f"{folder} is a copy of {owner}, which uses the same secrets: nothing here deletes them from the keyring",
        f"for secrets of its own: sp-connect {apart}; if {owner} is no longer used, delete that folder",
    )


def _ours(context: Context) -> Iterator[Path]:
    """The files to check: neither browsers' profiles nor other files in a shared folder."""
    home, named = context.runtime.home, context.runtime.passphrase_file
    yield from dict.fromkeys(folder.resolve() for folder in home)
    yield from (home.config / "config.toml", home.data / "home.toml")
    if named is not None:
        yield named
    yield from (home.data / name for name in ("browsers", "simulated"))
    yield from (home.data / name for name in files.names(home.data) if name.startswith("lock"))
    for folder in (home.data / name for name in FOLDERS):
        yield folder
        yield from (folder / name for name in files.names(folder))


def _modes(found: Sequence[Loose]) -> str:
    return several(f"{one.path} ({one.mode:04o})" for one in found)


def _there(folder: Path) -> Path:
    """A folder, or where it will be made."""
    return folder if folder.exists() or folder == folder.parent else _there(folder.parent)
