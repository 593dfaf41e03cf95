"""The shape of the house: imports point down, each outside library has one owner, and secrets have few doors."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sp_connect"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}

DOCUMENT = ROOT / "docs" / "how-it-works.md"
ROOM = re.compile(r"^\| (\d+) \| `(\w+)` \|", re.MULTILINE)
FLOORS = {
    name if name == "sp_connect" else f"sp_connect.{name}": int(number)
    for number, name in ROOM.findall(DOCUMENT.read_text(encoding="utf-8"))
}
"""The rooms of docs/how-it-works.md with their floors: a room may import what is on a lower floor."""

OWNERS = {
    "typer": ("sp_connect.cli", "sp_connect.commands"),
    "shellingham": ("sp_connect.cli",),
    "rich": ("sp_connect.terminal", "sp_connect.views"),
    "jinja2": ("sp_connect.pages",),
    "markupsafe": ("sp_connect.pages",),
    "icalendar": ("sp_connect.views.ics",),
    "requests": ("sp_connect.amazon.client", "sp_connect.amazon.transport", "sp_connect.amazon.obstacles"),
    "urllib3": ("sp_connect.amazon.transport", "sp_connect.amazon.obstacles"),
    "keyring": ("sp_connect.stores.home.keyring_store",),
    "secretstorage": ("sp_connect.stores.home.secret_service",),
    "cryptography": ("sp_connect.stores.home.crypto",),
    "filelock": ("sp_connect.stores.home.locks",),
    "rtoml": ("sp_connect.stores.home.toml",),
    "tomli_w": ("sp_connect.stores.home.toml",),
    "tomlkit": ("sp_connect.stores.home.apps",),
    "platformdirs": ("sp_connect.settings",),
    "yaml": ("sp_connect.bulk.credentials_file",),
}

MODULE_OF = {"pyyaml": "yaml"}
"""The module of a package whose names differ by more than case."""

REVEALERS = {
    "sp_connect.access",
    "sp_connect.amazon.client",
    "sp_connect.amazon.registration",
    "sp_connect.commands.token",
    "sp_connect.stores.home.identity",
    "sp_connect.stores.home.token_index",
    "sp_connect.stores.home.keyring_store",
    "sp_connect.stores.home.vault",
    "sp_connect.stores.home.vault_key",
    "sp_connect.stores.home.vault_settings",
}
"""Who may look at a secret: what sends it to Amazon, checks its form, keeps it, or is a door out by name."""


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Every module that a file names in an import, wherever it stands."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            # The package itself stands on top, but its version is for everyone.
            found.extend(name if name in MODULES else node.module for name in names if name != "sp_connect.__version__")
    return tuple(found)


def room(module: str) -> str:
    """The room that a module lies in: its folder, or itself where it stands alone."""
    parts = module.split(".")
    return ".".join(parts[:2])


def test_each_room_is_in_the_document_and_each_of_the_document_is_there() -> None:
    assert {room(module) for module in MODULES} == FLOORS.keys()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_down(module: str) -> None:
    ours = {name for name in imported(MODULES[module]) if name.startswith("sp_connect")}

    upward = {name for name in ours if room(name) != room(module) and FLOORS[room(name)] >= FLOORS[room(module)]}

    assert not upward


def test_commands_do_not_import_commands() -> None:
    crossing = {
        (module, name)
        for module, path in MODULES.items()
        if module.startswith("sp_connect.commands.")
        for name in imported(path)
        if name.startswith("sp_connect.commands.")
    }

    assert not crossing


@pytest.mark.slow
@pytest.mark.parametrize("library", sorted(OWNERS))
def test_each_outside_library_has_one_owner(library: str) -> None:
    users = {m for m, path in MODULES.items() if any(name.split(".")[0] == library for name in imported(path))}

    assert users
    assert all(user.startswith(OWNERS[library]) for user in users)


@pytest.mark.slow
def test_nothing_undeclared_is_imported() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    packages = {name.partition(">")[0].replace("-", "_").lower() for name in declared}
    known = {MODULE_OF.get(name, name) for name in packages} | {"sp_connect"} | sys.stdlib_module_names

    undeclared = {
        (module, name) for module, path in MODULES.items() for name in imported(path) if name.split(".")[0] not in known
    }

    assert not undeclared


def test_few_may_look_at_a_secret() -> None:
    revealing = {m for m, path in MODULES.items() if ".reveal()" in path.read_text(encoding="utf-8")}

    assert revealing - {"sp_connect.models"} == REVEALERS
