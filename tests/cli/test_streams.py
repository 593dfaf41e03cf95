"""stdout carries the result, stderr the rest; and what becomes of them when nobody reads or a folder is odd."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agency import Agency
from tests.cli.program import PROGRAM, Program, ended, plain
from tests.commands.given import connected


def shell(program: Program, line: str) -> subprocess.CompletedProcess[str]:
    """A line of shell, where `sp-connect` is the program."""
    with_path = f"{os.fspath(PROGRAM.parent)}:{os.environ['PATH']}"
    environment = program.environment({"PATH": with_path})
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("verify",),
        ("show", "-s", "acme"),
        ("app", "list"),
        ("app", "show", "default"),
        ("store",),
        ("regions",),
    ],
    ids=" ".join,
)
def test_with_json_stdout_is_one_ascii_document(office: Agency, staffed: Program, arguments: tuple[str, ...]) -> None:
    connected(office)

    result = staffed.run("-v", *arguments, "--json")

    assert result.code == 0
    assert result.stdout.isascii()
    assert isinstance(result.json(), list) == (
        arguments[:2] != ("app", "show") and arguments[0] not in {"show", "store"}
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("list",), 0), (("list", "--matrix"), 0), (("list", "--status", "due"), 0), (("show", "-s", "nobody"), 6)],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_where_nobody_looks_no_library_for_looks_is_loaded(
    office: Agency, staffed: Program, arguments: tuple[str, ...], code: int
) -> None:
    connected(office)
    loading = [sys.executable, "-X", "importtime", str(PROGRAM), *arguments]

    done = subprocess.run(loading, env=staffed.environment(), capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == code
    assert done.stdout or code or "due" in arguments
    assert "sp_connect.cli.main" in done.stderr
    assert "rich.console" not in done.stderr


@pytest.mark.slow
def test_what_is_told_to_a_pipe_is_what_is_told_to_a_terminal_without_colour(office: Agency, staffed: Program) -> None:
    connected(office)

    for arguments in (("list",), ("list", "--matrix"), ("show", "-s", "nobody")):
        piped = staffed.run(*arguments)
        with staffed.terminal(*arguments, env={"NO_COLOR": "1"}, columns=200) as child:
            _, shown = ended(child)

        assert {line.rstrip() for line in plain(shown).splitlines()} - {""} == {
            *piped.stdout.splitlines(),
            *piped.notice.splitlines(),
            *piped.stderr.splitlines(),
        } - {""}


@pytest.mark.slow
def test_quiet_says_nothing_on_stderr(office: Agency, staffed: Program) -> None:
    connected(office)

    result = staffed.run("-q", "verify")

    assert (result.code, result.stderr) == (0, "")
    assert "A2EXAMPLE1234" in result.stdout


def test_piped_tables_have_no_escapes(office: Agency, staffed: Program) -> None:
    connected(office)

    result = staffed.run("list")

    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize("command", ["list", "list --json", "show -s acme", "marketplaces", "relay", "--help"])
def test_a_reader_that_leaves_is_no_failure(office: Agency, staffed: Program, command: str) -> None:
    connected(office)

    done = shell(staffed, f"sp-connect {command} | head -1")

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("command", ["list --json", "--version", "--help", "marketplaces"])
def test_a_reader_that_never_was_is_no_failure(program: Program, command: str) -> None:
    done = shell(program, f"sp-connect {command} | true")

    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    "command", ["list <&-", "regions >&-", "regions --json >&-", "list 2>&-", "regions <&- >&- 2>&-"]
)
def test_a_stream_that_is_closed_from_the_start_is_no_defect(program: Program, command: str) -> None:
    done = shell(program, f"sp-connect {command}")

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "revoke -s acme --json </dev/null",
        "connect -s acme -r fe --json <&-",
        "connect -s acme -r eu --paste --json <&-",
    ],
)
def test_without_a_terminal_nothing_waits(office: Agency, staffed: Program, command: str) -> None:
    connected(office)

    done = shell(staffed, f"sp-connect {command}")

    assert done.returncode == 2
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert error["code"] == "usage"
    assert "--" in error["hint"]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["import --from -", "import --from - --no-check --json", "invite --from -"])
def test_a_file_on_a_closed_stdin_is_a_usage_error(program: Program, command: str) -> None:
    done = shell(program, f"sp-connect {command} <&-")

    assert done.returncode == 2, done.stderr
    assert "defect" not in done.stderr


@pytest.mark.slow
def test_a_client_secret_on_a_closed_stdin_is_a_usage_error(program: Program) -> None:
    flags = "--application-id amzn1.sp.solution.x --client-id amzn1.application-oa2-client.x"
    line = f"sp-connect app add {flags} --redirect-uri https://a.example/r --client-secret-stdin --json <&-"

    assert shell(program, line).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["with a space", "ünïcodé 株式会社", 'quote\'s "here" 100%s'])
def test_any_folder_can_be_the_home(tmp_path: Path, name: str) -> None:
    program = Program(tmp_path / name)

    assert program.run("--simulate", "connect", "-s", "acme", "-r", "eu").code == 0
    assert program.run("--simulate", "list", "--json").json()[0]["selling_partner_id"] == "A2EXAMPLE1234"


@pytest.mark.slow
def test_a_home_that_begins_with_a_tilde_is_the_users(tmp_path: Path) -> None:
    program = Program(Path("~/sp"))

    result = program.run("store", "--json", env={"HOME": str(tmp_path), "SP_CONNECT_STORE": "vault"})

    assert result.json()["location"] == str(tmp_path / "sp" / "vault")


@pytest.mark.slow
def test_an_ascii_terminal_is_given_stand_ins(office: Agency, staffed: Program) -> None:
    connected(office)

    result = staffed.run("list", env={"PYTHONIOENCODING": "ascii"})

    assert result.code == 0
    assert "* connected" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_store_name_that_the_encoding_lacks_is_no_failure(office: Agency, staffed: Program, encoding: str) -> None:
    record = connected(office)
    path = office.folder / "connections" / "acme.toml"
    path.write_text(path.read_text().replace("Acme GmbH", "Müller 株式会社"))

    done = subprocess.run(
        [str(PROGRAM), "show", "-s", "acme"],
        env=staffed.environment({"PYTHONIOENCODING": encoding}),
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )

    assert done.returncode == 0, done.stderr
    assert record.selling_partner_id.encode() in done.stdout


@pytest.mark.slow
def test_an_ascii_locale_can_hold_the_conversation(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    assert program.run("--simulate", "connect", "-s", "acme", "-r", "eu", env=env).code == 0


@pytest.mark.slow
def test_both_streams_in_one_file_keep_their_order(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")

    done = shell(program, f"sp-connect --simulate connect -s acme -r eu >{shlex.quote(str(tmp_path / 'all'))} 2>&1")

    said = (tmp_path / "all").read_text()
    assert done.returncode == 0
    assert said.index("Waiting up to") < said.index("╭") < said.index("Is A2EXAMPLE1234 acme?")
