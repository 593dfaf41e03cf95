"""The values that flags and arguments complete to, each with a word of help.

Each function is one that Typer takes as `autocompletion`: `ctx` holds the flags that were typed already. They read
names from local files and nothing else, write nothing, and offer only what `errors.is_name` lets through.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sp_connect.completion import SCRIPTS

if TYPE_CHECKING:
    from sp_connect.amazon.geography import Country, Region

Candidates = list[tuple[str, str]]
"""Values, each with its help, which may be empty."""

STATUSES = {
    "connected": "Amazon took the token when it was last asked",
    "unchecked": "imported, and not yet checked",
    "due": "fewer than 30 days are left",
    "expired": "the authorization has ended",
    "rejected": "Amazon refused the token when it was last asked",
    "missing-token": "the record is there, its token is not",
}

FORMATS = {
    "env": "bash, zsh, sh: eval what is printed",
    "dotenv": "a .env file",
    "json": "one JSON object",
    "powershell": "PowerShell: pipe it to Invoke-Expression",
    "fish": "fish: pipe it to source",
    "cmd": "a batch file of Windows",
    "python-amazon-sp-api": "credentials.yml of python-amazon-sp-api",
}

STORES = {
    "keyring": "the operating system's",
    "vault": "sealed files, opened by a passphrase or by a key in the keyring",
}

_SUFFIX = ".toml"


def sellers(ctx: Any, incomplete: str) -> Candidates:
    """Every seller who has a file, whatever is connected: names of files, and none is opened."""
    from sp_connect import errors

    _, data = _home(ctx)
    with os.scandir(data / "connections") as entries:
        names = [entry.name.removesuffix(_SUFFIX) for entry in entries if entry.name.endswith(_SUFFIX)]
    left = {name for name in names if name.startswith(incomplete) and errors.is_name(name)} - {*_before(ctx, "seller")}
    return [(name, "") for name in sorted(left)]


def apps(ctx: Any, incomplete: str) -> Candidates:
    """The apps that config.toml registers. Raises Damaged."""
    from sp_connect.stores.home.apps import Apps

    config, _ = _home(ctx)
    return [
        (app.name, f"{'Draft, ' if app.draft else ''}access level {_plain(app.access_level)}")
        for app in Apps(config / "config.toml").all()
        if app.name.startswith(incomplete) and app.name not in _before(ctx, "app")
    ]


def regions(ctx: Any, incomplete: str) -> Candidates:
    """The three regions, less those that the same flag has already."""
    from sp_connect.amazon import geography

    before = {region.lower() for region in _before(ctx, "region")}
    return _in_its_case(incomplete, (region for region in geography.REGIONS.values() if region.code not in before))


def countries(ctx: Any, incomplete: str) -> Candidates:
    """The countries of the regions that were typed, if any was; less those that the same flag has already."""
    from sp_connect.amazon import geography

    regions = {region.lower() for region in _given(ctx, "region")} & geography.REGIONS.keys()
    before = {code.upper() for code in _before(ctx, "country")}
    wanted = (one for one in geography.COUNTRIES.values() if not regions or one.region in regions)
    return _in_its_case(incomplete, (country for country in wanted if country.code not in before))


def statuses(ctx: Any, incomplete: str) -> Candidates:
    """Values of `list --status` that are not used yet."""
    left = STATUSES.keys() - {*_before(ctx, "status")}
    return [(status, told) for status, told in STATUSES.items() if status in left and status.startswith(incomplete)]


def formats(ctx: Any, incomplete: str) -> Candidates:  # noqa: ARG001 - as Typer calls it
    """Values of `export --format`."""
    return [(name, told) for name, told in FORMATS.items() if name.startswith(incomplete)]


def stores(ctx: Any, incomplete: str) -> Candidates:  # noqa: ARG001 - as Typer calls it
    """Values of `store move`."""
    return [(name, told) for name, told in STORES.items() if name.startswith(incomplete)]


def shells(ctx: Any, incomplete: str) -> Candidates:  # noqa: ARG001 - as Typer calls it
    """The shells that there is a script for."""
    return [(name, "") for name in SCRIPTS if name.startswith(incomplete)]


def programs(ctx: Any, incomplete: str) -> Candidates:  # noqa: ARG001 - as Typer calls it
    """Another program's command line: the shell itself knows best what comes there."""
    return []


def _given(ctx: Any, flag: str) -> list[str]:
    """Every value that a flag has on the line so far."""
    value = ctx.params.get(flag)
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)] if value else []


def _before(ctx: Any, flag: str) -> list[str]:
    """The values that a flag has already, where it may be repeated."""
    return _given(ctx, flag) if isinstance(ctx.params.get(flag), list | tuple) else []


def _in_its_case(incomplete: str, places: Iterable[Region | Country]) -> Candidates:
    """The codes that go on from what was typed. Either case is taken: `j` becomes `jp`, and `J` becomes `JP`."""
    change = str.lower if incomplete.islower() else str.upper if incomplete.isupper() else str
    codes = [(change(place.code), place.name) for place in places]
    return [(code, name) for code, name in codes if code.startswith(incomplete)]


def _plain(text: str) -> str:
    """Text of a file that people edit, as one short line that means nothing to a terminal."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)[:60]


def _home(ctx: Any) -> tuple[Path, Path]:
    """The folders of config.toml and of all else, as runtime.real and runtime.simulated have them."""
    from sp_connect import settings

    config, data = settings.home(os.environ)
    if ctx.find_root().params.get("simulate"):
        config = data = data / "simulated"
    return config, data
