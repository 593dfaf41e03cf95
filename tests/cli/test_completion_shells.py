"""TAB in real shells: what is on the screen, and what the line becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from sp_connect.completion import shells
from tests.cli.completing import LOAD, START, Shell, furnish, shell
from tests.cli.program import PROGRAM, Program

ALL = pytest.mark.parametrize("name", ["bash", "zsh", "fish"])

OFFERED = [
    ("sp-connect re", ["regions", "relay", "renew", "revoke"], ["list", "token"]),
    ("sp-connect list --", ["--seller", "--status", "--help"], ["--simulate", "--format"]),
    ("sp-connect list ", ["--seller", "--status", "--help"], ["orders.csv"]),
    ("sp-connect app ", ["add", "rotate-secret"], ["connect"]),
    ("sp-connect list --seller ", ["acme", "bravo"], ["pwned", "UPPER", "orders.csv"]),
    ("sp-connect list --seller=", ["acme", "bravo"], ["pwned", "UPPER"]),
    ("sp-connect show -s ", ["acme", "bravo"], ["pwned", "UPPER"]),
    ("sp-connect --simulate list -s ", ["simon", "simone"], ["acme", "bravo"]),
    ("sp-connect connect -r ", ["na", "eu", "fe"], ["JP"]),
    ("sp-connect connect --region fe --country ", ["JP", "AU", "SG"], ["DE", "US"]),
    ("sp-connect connect --region=fe -c JP -c ", ["AU", "SG"], ["DE"]),
    ("sp-connect app show ", ["default", "wider"], ["acme"]),
    ("sp-connect list --app ", ["default", "wider"], ["acme"]),
    ("sp-connect list --status ", ["connected", "missing-token"], ["acme"]),
    ("sp-connect export --format ", ["dotenv", "python-amazon-sp-api"], ["acme"]),
    ("sp-connect exec -s acme -r eu -- ls-for-", ["ls-for-one", "ls-for-two"], ["--country"]),
    ("sp-connect relay --out ./", ["orders.csv"], ["acme"]),
]

COMPLETED = [
    ("sp-connect li", "sp-connect list"),
    ("sp-connect list --st", "sp-connect list --status"),
    ("sp-connect list --seller ac", "sp-connect list --seller acme"),
    ("sp-connect list --seller=ac", "sp-connect list --seller=acme"),
    ("sp-connect list --seller 'ac", "sp-connect list --seller acme"),
    ("sp-connect list --seller zz", "sp-connect list --seller zz"),
    ("sp-connect connect -c j", "sp-connect connect -c jp"),
    ("sp-connect relay --out ord", "sp-connect relay --out orders.csv"),
    ("sp-connect relay --out=ord", "sp-connect relay --out=orders.csv"),
    ("sp-connect import --from ord", "sp-connect import --from orders.csv"),
    ("sp-connect exec -s acme -r eu -- cat ord", "sp-connect exec -s acme -r eu -- cat orders.csv"),
    ("sp-connect exec --seller=acme -- ls-for-o", "sp-connect exec --seller=acme -- ls-for-one"),
    (f"{PROGRAM} list --seller ac", f"{PROGRAM} list --seller acme"),
]

HELP = [
    ("sp-connect re", "Renew due connections, one consent at a time."),
    ("sp-connect ", "Connect a seller: open Amazon's consent page, receive the answer"),
    ("sp-connect list -r ", "Europe & India"),
    ("sp-connect list --s", "Only connected, unchecked, due"),
]
"""Colons, apostrophes and ampersands among it."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    made = Program(tmp_path_factory.mktemp("completion") / "home")
    furnish(made.home)
    return made


@pytest.fixture(scope="module")
def opened(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Shell]]:
    """Each shell once, the script loaded by hand, in a folder with a file and two programs."""
    with ExitStack() as stack:

        @cache
        def open_one(name: str) -> Shell:
            home = tmp_path_factory.mktemp(name)
            populate(home)
            made = stack.enter_context(shell(name, program.environment(), home, START[name]))
            made.does(LOAD[name])
            return made

        yield open_one


def populate(home: Path) -> None:
    (home / "orders.csv").touch()
    (home / "bin").mkdir()
    for name in ("ls-for-one", "ls-for-two"):
        (home / "bin" / name).write_text("#!/bin/sh\n")
        (home / "bin" / name).chmod(0o755)


@pytest.mark.slow
@ALL
@pytest.mark.parametrize(("line", "wanted", "unwanted"), OFFERED, ids=[line for line, _, _ in OFFERED])
def test_tab_offers(
    opened: Callable[[str], Shell], name: str, line: str, wanted: list[str], unwanted: list[str]
) -> None:
    screen = opened(name).offers(line)

    words = re.split(r"[\s/]+", screen.replace("--seller=", " "))
    assert set(wanted) <= set(words)
    assert not set(unwanted) & set(words)


@ALL
@pytest.mark.parametrize(("line", "whole"), COMPLETED, ids=[line for line, _ in COMPLETED])
def test_tab_completes(opened: Callable[[str], Shell], name: str, line: str, whole: str) -> None:
    assert opened(name).completes(line) == whole


@pytest.mark.parametrize("name", ["zsh", "fish"])
@pytest.mark.parametrize(("line", "told"), HELP)
def test_help_stands_beside_what_is_offered_as_it_was_written(
    opened: Callable[[str], Shell], name: str, line: str, told: str
) -> None:
    assert told in opened(name).offers(line)


@pytest.mark.slow
@ALL
def test_no_name_of_a_file_is_run(opened: Callable[[str], Shell], name: str) -> None:
    made = opened(name)
    for line in ("sp-connect list --seller ", "sp-connect list --seller x", "sp-connect list --seller="):
        made.offers(line)

    assert "pwned" not in made.does("ls")


@pytest.mark.slow
@ALL
@pytest.mark.parametrize("damage", ["config.toml", "connections"])
def test_where_nothing_can_be_read_nothing_is_said(tmp_path: Path, name: str, damage: str) -> None:
    program = Program(tmp_path / "home")
    program.home.mkdir()
    (program.home / damage).write_text("= = =")

    with shell(name, program.environment(), tmp_path, START[name]) as made:
        made.does(LOAD[name])
        line = "sp-connect list --app d" if damage == "config.toml" else "sp-connect list --seller d"

        assert made.completes(line) == line
        assert not re.search("(?i)error|traceback|config.toml|connections", made.offers(line))


@pytest.mark.slow
@ALL
def test_installed_from_within_a_shell_it_is_there_in_the_next(tmp_path: Path, program: Program, name: str) -> None:
    with shell(name, program.environment(), tmp_path, START[name]) as first:
        said = first.does("sp-connect --install-completion; sp-connect --install-completion")
    with shell(name, program.environment(), tmp_path, ["-i"]) as second:
        whole = second.completes("sp-connect list --seller ac")

    assert f"every {name} that starts from now on" in said
    assert whole == "sp-connect list --seller acme"
    starts = [tmp_path / ".bashrc", tmp_path / ".zshrc"]
    assert [start.read_text().count("sp-connect") for start in starts if start.exists()] == [1] * (name != "fish")


@pytest.mark.slow
def test_in_a_folder_of_fpath_zsh_completes_at_the_first_tab(tmp_path: Path, program: Program) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "_sp-connect").write_text(shells.script("zsh"))

    with shell("zsh", program.environment(), tmp_path, START["zsh"]) as made:
        made.does("fpath+=~/functions; autoload -Uz compinit; compinit -u")

        assert made.completes("sp-connect list --seller ac") == "sp-connect list --seller acme"
        assert made.completes("sp-connect list --seller br") == "sp-connect list --seller bravo"


@pytest.mark.slow
def test_bash_completion_takes_over_behind_two_dashes(tmp_path: Path, program: Program) -> None:
    with shell("bash", program.environment(), tmp_path, START["bash"]) as made:
        made.does(LOAD["bash"])
        made.does('_command_offset() { COMPREPLY=("from-word-$1-${COMP_WORDS[$1]}"); }')

        assert made.completes("sp-connect exec -s acme -- git pu").split()[-1] == "from-word-5-git"


@pytest.mark.slow
def test_a_shell_is_found_out_or_named(tmp_path: Path, program: Program) -> None:
    with shell("zsh", program.environment(), tmp_path, START["zsh"]) as made:
        assert "#compdef sp-connect" in made.does("sp-connect --show-completion")
        assert "COMPREPLY" in made.does("sp-connect --show-completion bash")
