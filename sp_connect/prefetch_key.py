"""The vault's passphrase is stretched while Python still loads the program: each takes a tenth of a second.

Only for what scripts call in a loop. It decides nothing: what it has computed counts for the very same passphrase,
salt and cost, and whatever is wrong is left for who opens the vault to tell.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from sp_connect.process import threads

DOORS = frozenset({"token", "exec", "export"})
PASSPHRASES = ("SP_CONNECT_PASSPHRASE", "SP_CONNECT_PASSPHRASE_FILE")


def begin(arguments: Sequence[str], environ: Mapping[str, str]) -> threading.Thread | None:
    """Begins, aside, if the command line needs the vault soon and there is a passphrase for it; returns what runs."""
    command = next((argument for argument in arguments if not argument.startswith("-")), None)
    is_simulated = "--simulate" in arguments
    if command not in DOORS or is_simulated or not any(environ.get(name) for name in PASSPHRASES):
        return None
    return threads.start(partial(_stretch, dict(environ)))


def _stretch(environ: dict[str, str]) -> None:
    with suppress(Exception):
        from sp_connect import settings
        from sp_connect.process import hardening

        hardening.apply()  # as every command that holds secrets does
        from sp_connect.stores.home import toml, vault_settings

        path = settings.home(environ).data / "vault" / "vault.toml"
        values, passphrase = toml.read(path), settings.passphrase_of(environ)()
        if values is not None and passphrase is not None:
            vault_settings.begin_to_unseal(vault_settings.read(path, values), passphrase)
