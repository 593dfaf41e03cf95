"""What a shell's script is told: each kind of value, in the words of each shell.

TAB is pressed in test_completion_shells; of PowerShell, which is not to be had here, these words are all that is held.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest

from sp_connect import settings
from sp_connect.completion import candidates, line, shells, table
from sp_connect.models import Status
from sp_connect.views import quoting
from tests.cli import table as declared
from tests.cli.completing import furnish
from tests.cli.program import Program

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")

VALUES = [
    ("sp-connect conn", ["connect"]),
    ("sp-connect app ro", ["rotate-secret"]),
    ("sp-connect nonsense ", []),
    ("sp-connect nonsense --", []),
    ("sp-connect list --s", ["--seller", "--status", "--svg"]),
    ("sp-connect list -s acme --s", ["--seller", "--status", "--svg"]),
    ("sp-connect show -s acme --s", ["--seller"]),
    ("sp-connect token -s acme --s", []),
    ("sp-connect list -s acme -s ", ["bravo"]),
    ("sp-connect list -r eu -r ", ["na", "fe"]),
    ("sp-connect list -r na -r fe -c ", ["US", "CA", "MX", "BR", "JP", "AU", "SG"]),
    ("sp-connect --version li", ["list"]),
    ("sp-connect -vq --simulate li", ["list"]),
    ("sp-connect revoke -ya", []),
    ("sp-connect show -s ", ["acme", "bravo"]),
    ("sp-connect show --seller b", ["bravo"]),
    ("sp-connect connect --seller a", ["acme"]),
    ("sp-connect --simulate show -s ", ["simon", "simone"]),
    ("sp-connect marketplaces --region ", ["na", "eu", "fe"]),
    ("sp-connect token -r E", ["EU"]),
    ("sp-connect token --region fe --country ", ["JP", "AU", "SG"]),
    ("sp-connect token --region=FE -c ", ["JP", "AU", "SG"]),
    ("sp-connect token -rfe -c s", ["sg"]),
    ("sp-connect connect -r fe -c jp -c AU -c ", ["SG"]),
    ("sp-connect verify --country I", ["IT", "IE", "IN"]),
    ("sp-connect list --app ", ["default", "wider"]),
    ("sp-connect app remove w", ["wider"]),
    ("sp-connect app remove wider ", ["--help"]),
    ("sp-connect list --status re", ["rejected"]),
    ("sp-connect export -f p", ["powershell", "python-amazon-sp-api"]),
    ("sp-connect --show-completion z", ["zsh"]),
    ("sp-connect list --due ", []),
    ("sp-connect relay --out ", [":files"]),
    ("sp-connect import --from rel", [":files"]),
    ("sp-connect exec -s acme -r eu -- ", [":programs"]),
    ("sp-connect exec -s acme -r eu -- git --seller ", [":programs"]),
    ("sp-connect exec -s acme -r eu -c DE ", ["--help", "--"]),
    ("sp-connect list -s 'acme", ["acme"]),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    made = Program(tmp_path_factory.mktemp("completion") / "home")
    furnish(made.home)
    return made


def words_of(shell: str, typed: str) -> dict[str, str | None]:
    """The environment in which the script of a shell asks about a line, with the cursor at its end."""
    told: dict[str, str | None] = {"_SP_CONNECT_COMPLETE": f"complete_{shell}"}
    last = typed.rpartition(" ")[2]
    if shell == "bash":
        words = typed.replace("=", " = ").split(" ")
        return told | {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    if shell in {"powershell", "pwsh"}:
        return told | {"_TYPER_COMPLETE_ARGS": typed.rstrip(), "_TYPER_COMPLETE_WORD_TO_COMPLETE": last or None}
    return told | {"_TYPER_COMPLETE_ARGS": typed}


def answered(home: Path, shell: str, typed: str, patch: pytest.MonkeyPatch) -> list[str]:
    """The lines that the script of a shell is told."""
    for name, value in (words_of(shell, typed) | {"SP_CONNECT_HOME": str(home)}).items():
        patch.setenv(name, value or "")
    return shells.answer(os.environ).decode("ascii").splitlines()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("typed", "wanted"), VALUES, ids=[typed for typed, _ in VALUES])
def test_what_may_come_next_is_offered(
    program: Program, monkeypatch: pytest.MonkeyPatch, typed: str, wanted: list[str], shell: str
) -> None:
    told = answered(program.home, shell, typed, monkeypatch)

    assert [one.split(":::")[0].split("\t")[0] for one in told] == wanted


@pytest.mark.parametrize(
    ("shell", "told"),
    [
        ("bash", ["EU"]),
        ("zsh", ["--region=EU\tEurope & India"]),
        ("fish", ["--region=EU\tEurope & India"]),
        ("powershell", ["--region=EU:::Europe & India"]),
    ],
)
def test_a_value_behind_an_equals_sign_is_told_as_the_shell_puts_it_in(
    program: Program, monkeypatch: pytest.MonkeyPatch, shell: str, told: list[str]
) -> None:
    assert answered(program.home, shell, "sp-connect list --region=E", monkeypatch) == told


def test_bash_that_does_not_split_at_an_equals_sign_gets_the_whole_word(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SP_CONNECT_HOME", str(program.home))
    words = {"COMP_WORDS": "sp-connect\nlist\n--seller=ac", "COMP_CWORD": "2", "_SP_CONNECT_COMPLETE": "complete_bash"}

    assert shells.answer(words) == b"--seller=acme\n"


def test_powershell_never_gets_an_empty_tip(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    told = answered(program.home, "powershell", "sp-connect show -s a", monkeypatch)

    assert told == ["acme:::acme"]


def test_an_app_is_described_in_plain_letters(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    told = answered(program.home, "fish", "sp-connect app show w", monkeypatch)

    assert told == ["wider\tDraft, access level ?[31mpersonal?data"]


def test_flags_are_found_by_what_is_typed_of_them_and_told_once(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = answered(program.home, "bash", "sp-connect connect -", monkeypatch)
    left = answered(program.home, "bash", "sp-connect connect -s acme -c JP --json -", monkeypatch)

    assert {"-s", "--seller", "-c", "--country", "--json", "-h", "--help"} <= set(every)
    assert set(every) - set(left) == {"-s", "--seller", "--json"}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "typed", ["sp-connect list --seller ", "sp-connect list --app ", "sp-connect --simulate list -s "]
)
@pytest.mark.parametrize("state", ["absent", "empty", "file", "damaged", "unknown user", "loop"])
def test_a_home_that_cannot_be_read_gives_no_candidates(
    tmp_path: Path, shell: str, typed: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    match state:
        case "empty":
            home.mkdir()
        case "file":
            home.touch()
        case "damaged":
            home.mkdir()
            (home / "config.toml").write_bytes(b"[apps.x\xff")
            (home / "connections").touch()
        case "unknown user":
            home = Path("~nobody-of-that-name/home")
        case "loop":
            home.symlink_to(home)

    assert answered(home, shell, typed, monkeypatch) == []


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"_SP_CONNECT_COMPLETE": "complete_csh"},
        {"_SP_CONNECT_COMPLETE": "source_bash"},
        {"COMP_CWORD": "x"},
        {"COMP_WORDS": "sp-connect\nlist\n'-- \udcff", "COMP_CWORD": "2"},
        {"COMP_WORDS": "sp-connect", "COMP_CWORD": "-5"},
    ],
)
def test_what_no_script_would_ask_is_answered_with_nothing(program: Program, env: dict[str, str]) -> None:
    result = program.run(env={"_SP_CONNECT_COMPLETE": "complete_bash"} | env)

    assert (result.code, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.slow
def test_the_simulated_home_is_where_the_simulation_keeps_its_own(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    assert program.run("--simulate", "connect", "-s", "acme", "-r", "eu", "--json").code == 0

    for typed, wanted in (
        ("sp-connect --simulate show -s ", "acme"),
        ("sp-connect --simulate app show ", "default wider"),
    ):
        assert program.run(env=words_of("bash", typed)).stdout.split() == wanted.split()
    assert program.run(env=words_of("bash", "sp-connect show -s ")).stdout == ""


@pytest.mark.parametrize("named", [None, "", "relative", "~/away"])
def test_the_home_is_that_of_the_commands(monkeypatch: pytest.MonkeyPatch, named: str | None) -> None:
    monkeypatch.delenv("SP_CONNECT_HOME", raising=False)
    if named is not None:
        monkeypatch.setenv("SP_CONNECT_HOME", named)

    assert candidates._home(line.Typed()) == settings.home(os.environ)


def test_the_table_says_what_the_commands_declare() -> None:
    rows = table.PATH.read_text(encoding="utf-8").splitlines()

    assert rows == list(declared.rows()), "write it anew: python -m tests.cli.table"


def test_every_flag_with_known_values_offers_them() -> None:
    wanted = {"--seller": "sellers", "--region": "regions", "--country": "countries", "--app": "apps"}
    wanted |= {"--status": "statuses", "--format": "formats", "--out": "files", "--from": "files"}

    found = {
        (path, names.split()[0], kind.rstrip("+"))
        for path, names, kind, _ in (row.split("\t") for row in declared.rows())
        if names and names.split()[0] in wanted
    }

    assert {flag for _, flag, _ in found} == set(wanted)
    assert [one for one in found if one[2] != wanted[one[1]]] == []


def test_what_is_offered_is_what_is_taken() -> None:
    assert tuple(candidates.STATUSES) == get_args(Status)
    assert list(candidates.FORMATS) == list(quoting.FORMATS)
