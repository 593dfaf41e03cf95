"""The shape of the house: imports point down, each outside library has one owner, and secrets have few doors."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sp_connect"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}

FLOORS = (
    {"sp_connect.provider"},
    {"sp_connect", "sp_connect.__main__"},
    {"sp_connect.head_start"},
    {"sp_connect.cli"},
    {"sp_connect.commands"},
    {"sp_connect.consents", "sp_connect.batches", "sp_connect.checkup"},
    {"sp_connect.accounts"},
    {"sp_connect.authorization", "sp_connect.access"},
    {"sp_connect.keeping", "sp_connect.account_check"},
    {"sp_connect.edges"},
    {"sp_connect.simulator"},
    {"sp_connect.selection", "sp_connect.listener", "sp_connect.browser", "sp_connect.person", "sp_connect.completion"},
    {"sp_connect.at_once", "sp_connect.roster"},
    {"sp_connect.sheet", "sp_connect.credentials_file"},
    {"sp_connect.views", "sp_connect.stores"},
    {"sp_connect.pages"},
    {"sp_connect.amazon"},
    {"sp_connect.loopback", "sp_connect.findings", "sp_connect.tree", "sp_connect.usage", "sp_connect.settings"},
    {"sp_connect.passphrases"},
    {"sp_connect.errors", "sp_connect.foreground"},
    {
        "sp_connect.models",
        "sp_connect.words",
        "sp_connect.causes",
        "sp_connect.memory",
        "sp_connect.interrupts",
        "sp_connect.foreground",
        "sp_connect.threads",
    },
)
"""From the top down: a room may import its own floor's modules of the same room, and any floor below."""

OWNERS = {
    "typer": ("sp_connect.cli", "sp_connect.tree", "sp_connect.usage", "sp_connect.commands"),
    "rich": ("sp_connect.views",),
    "icalendar": ("sp_connect.views.calendar",),
    "requests": ("sp_connect.amazon.http", "sp_connect.amazon.transport", "sp_connect.amazon.obstacles"),
    "urllib3": ("sp_connect.amazon.transport", "sp_connect.amazon.obstacles"),
    "keyring": ("sp_connect.stores.keyring",),
    "secretstorage": ("sp_connect.stores.secret_service",),
    "cryptography": ("sp_connect.stores.seals",),
    "filelock": ("sp_connect.stores.locks",),
    "rtoml": ("sp_connect.stores.toml",),
    "tomli_w": ("sp_connect.stores.toml",),
    "tomlkit": ("sp_connect.stores.apps",),
    "platformdirs": ("sp_connect.settings",),
    "yaml": ("sp_connect.credentials_file",),
}

MODULE_OF = {"pyyaml": "yaml"}
"""The module of a package whose names differ by more than case."""

REVEALERS = {
    "sp_connect.access",
    "sp_connect.amazon.http",
    "sp_connect.amazon.registration",
    "sp_connect.commands.token",
    "sp_connect.stores.identity",
    "sp_connect.stores.token_index",
    "sp_connect.stores.keyring",
    "sp_connect.stores.vault",
    "sp_connect.stores.vault_key",
    "sp_connect.stores.vault_settings",
}
"""Who may look at a secret: what sends it to Amazon, checks its form, keeps it, or is a door out by name."""


def imported(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            # The package itself stands on top, but its version is for everyone.
            yield from (name if name in MODULES else node.module for name in names if name != "sp_connect.__version__")


def room(module: str) -> str:
    """The room that a module lies in: its folder, or itself where it stands alone."""
    parts = module.split(".")
    return ".".join(parts[:2])


def floor(module: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room(module) in rooms)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_down(module: str) -> None:
    ours = {name for name in imported(MODULES[module]) if name.startswith("sp_connect")}

    upward = {name for name in ours if room(name) != room(module) and floor(name) <= floor(module)}

    assert not upward


def test_commands_do_not_import_commands() -> None:
    crossing = {
        (module, name)
        for module, path in MODULES.items()
        if module.startswith("sp_connect.commands.")
        for name in imported(path)
        if name.startswith("sp_connect.commands.") and not name.startswith("sp_connect.commands.flags")
    }

    assert not crossing


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_each_outside_library_has_one_owner(library: str) -> None:
    users = {m for m, path in MODULES.items() if any(name.split(".")[0] == library for name in imported(path))}

    assert users
    assert all(user.startswith(OWNERS[library]) for user in users)


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
