"""Environment variables and folders: data, app, passphrase, Amazon's address. Imports as little as possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from sp_connect import errors
from sp_connect.models import Secret

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Environment = MutableMapping[str, str]


class Home(NamedTuple):
    """Where things lie: `config` holds config.toml, `data` all else."""

    config: Path
    data: Path


def home(environ: Environment) -> Home:
    """One folder for all if SP_CONNECT_HOME names it; else platformdirs' configuration and data folders.

    Raises Usage for a ~USER that is not known here, and StoreUnavailable where this user has no home folder, as in
    containers that run under a number alone.
    """
    named = environ.get("SP_CONNECT_HOME")
    if named:
        try:
            folder = Path(named).expanduser().absolute()
        except RuntimeError:
            raise errors.Usage(
                f"SP_CONNECT_HOME names {named}, whose user does not exist here.", "a whole path"
            ) from None
        except FileNotFoundError:
            raise errors.NoWorkingFolder(f"SP_CONNECT_HOME={named}") from None
        return Home(folder, folder)
    import platformdirs

    folders = platformdirs.PlatformDirs("sp-connect", appauthor=False)
    try:
        return Home(folders.user_config_path, folders.user_data_path)
    except (RuntimeError, KeyError):
        raise errors.NoHome from None


def user_home(environ: Mapping[str, str]) -> Path | None:
    """The home folder of this user; None where there is none."""
    try:
        return Path(environ.get("HOME") or Path.home())
    except (RuntimeError, KeyError):
        return None


def default_app(environ: Environment) -> str:
    """The app where a command names none and the connection has none of its own: SP_CONNECT_APP, else `default`."""
    return environ.get("SP_CONNECT_APP") or "default"


def amazon_base(environ: Environment) -> str | None:
    """Where requests for Amazon go instead, from SP_CONNECT_AMAZON_URL: loopback only. Raises Usage."""
    address = environ.get("SP_CONNECT_AMAZON_URL")
    if not address:
        return None
    with suppress(ValueError):  # a port that is no number
        parts = urlsplit(address)
        is_plain = parts.port is not None and parts.path in {"", "/"} and parts.username is None
        if parts.scheme == "http" and parts.hostname in LOOPBACK and is_plain and not set(address) & set("?#"):
            return address.rstrip("/")
    raise errors.Usage(
        "SP_CONNECT_AMAZON_URL takes an address on this machine alone: tokens would leave it otherwise.",
        "http://127.0.0.1:PORT, as sp-connect simulator prints it",
    )


def passphrase_of(environ: Environment) -> Callable[[], Secret | None]:
    """How the vault's passphrase is read. The variable leaves the environment, so that no child inherits it.

    An empty SP_CONNECT_PASSPHRASE counts only where no file is named: it is an empty passphrase, which opens nothing.
    """
    value = environ.pop("SP_CONNECT_PASSPHRASE", None)
    file = environ.get("SP_CONNECT_PASSPHRASE_FILE")

    def read() -> Secret | None:
        if value or (value is not None and not file):
            return Secret(value)
        return passphrase_in(file, "SP_CONNECT_PASSPHRASE_FILE") if file else None

    return read


def passphrase_in(file: str, named_by: str) -> Secret:
    """The passphrase in a file. Raises StoreUnavailable."""
    from sp_connect import passphrases

    return passphrases.read(file, named_by)


def passphrase_file(environ: Environment) -> Path | None:
    """The file that SP_CONNECT_PASSPHRASE_FILE names, if it names one; whether it is there is not asked."""
    with suppress(RuntimeError):  # ~SOMEBODY is not known here, which the vault tells when it is opened
        named = environ.get("SP_CONNECT_PASSPHRASE_FILE")
        return Path(named).expanduser() if named else None
    return None
