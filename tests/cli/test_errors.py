"""Exit codes and errors, as scripts rely on them."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from sp_connect import errors
from sp_connect.models import AmazonWords
from sp_connect.process import parallel
from tests.agency import Agency
from tests.cli.program import PROGRAM, Program, ended, interrupt, plain, until
from tests.commands.given import connected, end_at_amazon

CONTRACT = {
    1: {"aborted", "bug"},
    2: {"usage"},
    3: {
        "refused",
        "timed-out",
        "bad-state",
        "code-expired",
        "rejected",
        "wrong-account",
        "duplicate-account",
        "client-rejected",
        "not-permitted",
        "due",  # of `verify --due` alone, which the contract lets exit with 3
    },
    4: {"store-unavailable", "store-locked", "damaged", "missing-token", "port-taken", "unfit"},  # that of `doctor`
    5: {"unreachable", "throttled", "unexpected-answer"},
    6: {"not-found"},
    130: {"interrupted"},
}


def kinds(of: type[errors.SpConnectError]) -> list[type[errors.SpConnectError]]:
    return [kind for one in of.__subclasses__() for kind in (one, *kinds(one))]


@pytest.mark.parametrize("kind", kinds(errors.SpConnectError), ids=lambda kind: str(kind.__name__))
def test_every_error_has_a_code_and_an_exit_code_of_the_contract(kind: type[errors.SpConnectError]) -> None:
    is_family = "code" not in vars(kind) and bool(kind.__subclasses__())

    assert is_family or kind is errors.Several or kind.code in CONTRACT[kind.exit_code]


USAGE = [
    ("frob",),
    ("connect",),
    ("connect", "--seller", "ACME", "--region", "eu"),
    ("connect", "--seller", "acme", "--region", "fe"),
    ("connect", "--seller", "acme", "--region", "eu", "--timeout", "0"),
    ("connect", "--seller", "acme", "--region", "eu", "extra"),
    ("list", "--status", "fine"),
    ("verify", "--jobs", "0"),
    ("app", "add"),
    ("app", "frob"),
    ("marketplaces", "--region", "xx"),
    ("simulator", "--port", "70000"),
    ("relay", "--out", "/"),
]


@pytest.mark.slow
@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_a_wrong_command_line_is_two_lines_and_exit_code_2(program: Program, arguments: tuple[str, ...]) -> None:
    result = program.run(*arguments)

    assert result.code == 2, result
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert not program.home.exists() or not program.files()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence", "example"),
    [
        (
            ("connect", "-s", "acme", "-r", "eu", "--timeout", "abc"),
            "--timeout takes a whole number of seconds from 1 to 3600, not 'abc'.",
            "--timeout 300",
        ),
        (
            ("invite", "-s", "acme", "-r", "eu", "--days", "-3"),
            "--days takes a whole number of days from 1 to 365, not -3.",
            "--days 7",
        ),
        (("verify", "--jobs", "0"), "--jobs takes a whole number from 1 to 64, not 0.", f"--jobs {parallel.JOBS}"),
        (
            ("import", "--jobs", "1.5"),
            "--jobs takes a whole number from 1 to 64, not '1.5'.",
            f"--jobs {parallel.JOBS}",
        ),
        (("list", "--due", ""), "--due takes a whole number of days from 0 to 3650, not ''.", "--due 30"),
        (("renew", "--due", "9" * 99), "--due takes a whole number of days from 0 to 3650.", "--due 30"),
        (("simulator", "--port", "70000"), "--port takes a whole number from 0 to 65535, not 70000.", "--port 0"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_a_number_that_is_none_or_too_large_is_told_with_one_that_is_taken(
    program: Program, arguments: tuple[str, ...], sentence: str, example: str
) -> None:
    result = program.run(*arguments)

    assert result.code == 2
    assert result.stderr.splitlines() == [f"error: {sentence}", f"hint: for example: {example}"]


def test_a_variable_that_holds_no_number_is_the_one_that_is_named(program: Program) -> None:
    result = program.run("connect", "-s", "acme", "-r", "eu", env={"SP_CONNECT_TIMEOUT": "\x1b[31msoon"})

    assert result.code == 2
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: SP_CONNECT_TIMEOUT takes a whole number of seconds from 1 to 3600, not ")
    assert "\x1b" not in error
    assert hint == "hint: for example: export SP_CONNECT_TIMEOUT=300"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("verify", "-q"), "it comes before the command: sp-connect -q verify"),
        (("app", "list", "--simulate"), "it comes before the command: sp-connect --simulate app list"),
        (
            ("exec", "-s", "acme", "-r", "eu", "echo", "-n"),
            "sp-connect exec --seller acme --region eu -- python report.py",
        ),
        (("list", "--frob"), "sp-connect list --help"),
    ],
)
def test_a_flag_in_the_wrong_place_is_told_its_place(program: Program, arguments: tuple[str, ...], hint: str) -> None:
    result = program.run(*arguments)

    assert result.code == 2
    assert result.stderr.splitlines()[1].endswith(hint)


@pytest.mark.parametrize("arguments", [("list", "--frob"), ("list", "--status", "fine"), ("show",), ("frob",)])
def test_with_json_the_last_line_is_the_error(program: Program, arguments: tuple[str, ...]) -> None:
    result = program.run(*arguments, "--json")

    assert result.code == 2
    assert result.error()["code"] == "usage"
    assert result.error()["amazon"] is None
    assert result.stdout == ""


def test_an_option_that_was_not_given_is_named_in_one_sentence(program: Program) -> None:
    error = program.run("connect", "--region", "eu").stderr.splitlines()[0]

    assert "--seller" in error
    assert "  " not in error
    assert error.endswith(".")


class TestExitCodes:
    def test_0_done(self, program: Program) -> None:
        assert program.run("list").code == 0

    @pytest.mark.slow
    def test_1_a_prompt_answered_no(self, staffed: Program, office: Agency) -> None:
        connected(office)
        before = staffed.files()

        with staffed.terminal("revoke", "--seller", "acme", "--json") as child:
            child.expect_exact("[y/N]")
            child.sendline("n")
            code, rest = ended(child)

        assert code == 1
        assert "error: Nothing was changed." in plain(rest)
        assert '"code": "aborted"' in plain(rest)
        assert staffed.files() == before

    @pytest.mark.slow
    def test_3_amazon_says_no(self, staffed: Program, office: Agency) -> None:
        end_at_amazon(office, connected(office))

        result = staffed.run("verify", "--json")

        assert result.code == 3
        assert result.error()["code"] == "rejected"
        assert set(result.error()["amazon"]) == {"error", "error_description", "request_id"}
        assert result.error() == result.json()[0]["error"]

    @pytest.mark.slow
    def test_3_nobody_confirms(self, staffed: Program) -> None:
        arguments = ("connect", "--seller", "acme", "--region", "eu", "--no-browser", "--json")

        result = staffed.run(*arguments, env={"SP_CONNECT_TIMEOUT": "1"})

        assert result.code == 3
        assert "within 1 second" in result.error()["message"]
        assert result.error()["code"] == "timed-out"
        assert result.stdout == ""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("backend", "code"),
        [
            (None, "store-unavailable"),
            ("keyring.backends.null.Keyring", "store-unavailable"),
            ("keyrings.alt.file.PlaintextKeyring", "store-unavailable"),
            ("no.such.Module", "store-unavailable"),
        ],
    )
    def test_4_no_keyring(
        self, office: Agency, staffed: Program, tmp_path: Path, backend: str | None, code: str
    ) -> None:
        connected(office)
        before = staffed.files()
        env = {"SP_CONNECT_STORE": None, "PYTHON_KEYRING_BACKEND": backend, "XDG_RUNTIME_DIR": str(tmp_path)}

        result = staffed.run("verify", "--json", env=env)

        assert result.code == 4, result
        assert result.error()["code"] == code
        assert "SP_CONNECT_STORE=vault" in result.error()["hint"]
        assert result.stdout == ""
        assert staffed.files() == before

    @pytest.mark.slow
    @pytest.mark.parametrize("arguments", [("list",), ("verify",), ("revoke", "--seller", "acme", "--yes")])
    def test_4_a_damaged_record_is_named_with_its_line_and_left(
        self, staffed: Program, office: Agency, arguments: tuple[str, ...]
    ) -> None:
        connected(office)
        record = office.folder / "connections" / "acme.toml"
        record.write_text('schema = 1\nseller = "acme"\n[[connection]\n')

        result = staffed.run(*arguments, "--json")

        assert result.code == 4
        assert result.error()["code"] == "damaged"
        assert str(record) in result.error()["message"]
        assert "line 3" in result.error()["message"]
        assert record.read_text() == 'schema = 1\nseller = "acme"\n[[connection]\n'

    def test_4_a_damaged_config_is_named_with_its_line_and_left(self, program: Program) -> None:
        program.home.mkdir()
        config = program.home / "config.toml"
        config.write_text("schema = 1\n\napps = {\n")

        result = program.run("app", "list", "--json")

        assert result.code == 4
        assert "line 3" in result.error()["message"]
        assert config.read_text() == "schema = 1\n\napps = {\n"

    @pytest.mark.slow
    def test_5_amazon_cannot_be_reached(self, office: Agency, staffed: Program, program: Program) -> None:
        connected(office)

        result = staffed.run("verify", "--json", env=program.env)

        assert result.code == 5
        assert result.error()["code"] == "unreachable"
        assert result.json()[0]["ok"] is False

    def test_what_amazon_says_is_set_off_from_what_follows(self) -> None:
        amazon = AmazonWords("invalid_grant", "The token is gone")
        assert (
            errors.Throttled("amazon.example", amazon).told().endswith("Amazon said: invalid_grant: The token is gone.")
        )
        ended = errors.Throttled("amazon.example", AmazonWords("invalid_grant", "Gone."))
        assert ended.told().endswith("Amazon said: invalid_grant: Gone.")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("show", "--seller", "acme"),
            ("revoke", "--seller", "acme"),
            ("verify", "-s", "acme"),
            ("app", "show", "x"),
            ("relay",),
        ],
    )
    def test_6_there_is_no_such_thing(self, program: Program, arguments: tuple[str, ...]) -> None:
        result = program.run(*arguments)

        assert result.code == 6
        assert result.stderr.startswith("error: ")

    @pytest.mark.slow
    def test_130_ctrl_c_while_waiting(self, staffed: Program) -> None:
        before = staffed.files()

        with staffed.started("connect", "-s", "acme", "-r", "eu", "--no-browser", "--json") as process:
            assert process.stderr is not None
            until(process.stderr, "Waiting up to")
            result = interrupt(process)

        assert result.code == 130
        assert result.error()["code"] == "interrupted"
        assert "Traceback" not in result.stderr
        assert result.stdout == ""
        assert staffed.files() == before

    @pytest.mark.slow
    def test_130_ctrl_c_at_a_prompt(self, staffed: Program, office: Agency) -> None:
        connected(office)

        with staffed.terminal("revoke", "--seller", "acme") as child:
            child.expect_exact("[y/N]")
            child.sendintr()
            code, rest = ended(child)

        assert code == 130
        assert "error: Interrupted." in plain(rest)

    @pytest.mark.slow
    def test_the_simulator_ends_on_ctrl_c_without_a_traceback(self, program: Program) -> None:
        with program.started("simulator") as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("http://127.0.0.1:")
            result = interrupt(process)

        assert result.code == 130
        assert "Traceback" not in result.stderr


class TestSettings:
    @pytest.mark.parametrize(
        "address",
        [
            "https://127.0.0.1:8800",
            "http://192.168.1.2:8800",
            "http://evil.example:80",
            "http://127.0.0.1:port",
            "http://127.0.0.1:8800@evil.example:80",
            "http://127.0.0.1.evil.example:80",
        ],
    )
    def test_an_amazon_that_is_not_on_this_machine_is_refused(self, program: Program, address: str) -> None:
        result = program.run("list", "--json", env={"SP_CONNECT_AMAZON_URL": address})

        assert result.code == 2
        assert "SP_CONNECT_AMAZON_URL" in result.error()["message"]

    @pytest.mark.parametrize("store", ["VAULT", "plain"])
    def test_an_unknown_store_is_refused(self, program: Program, store: str) -> None:
        result = program.run("store", "--json", env={"SP_CONNECT_STORE": store})

        assert result.code == 2
        assert result.error()["hint"] == "use keyring or vault"

    @pytest.mark.slow
    def test_a_wrong_passphrase_opens_nothing(self, staffed: Program, office: Agency) -> None:
        connected(office)

        result = staffed.run("verify", "--json", env={"SP_CONNECT_PASSPHRASE": "wrong horse"})

        assert result.code == 4
        assert "wrong horse" not in result.stderr

    @pytest.mark.slow
    def test_a_passphrase_file_is_read(self, staffed: Program, office: Agency, tmp_path: Path) -> None:
        connected(office)
        (tmp_path / "pass").write_text("correct horse\n")
        env = {"SP_CONNECT_PASSPHRASE": None, "SP_CONNECT_PASSPHRASE_FILE": str(tmp_path / "pass")}

        assert staffed.run("verify", env=env).code == 0

    def test_a_home_in_a_working_folder_that_is_gone_is_said(self, staffed: Program, tmp_path: Path) -> None:
        done = subprocess.run(
            ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$0" list', str(PROGRAM)],
            cwd=tmp_path,
            env=staffed.environment({"SP_CONNECT_HOME": "home"}),
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 4
        assert "SP_CONNECT_HOME=home is a relative path, but the working folder was deleted." in done.stderr
        assert "hint: cd ~, then run the command again with an absolute path" in done.stderr

    @pytest.mark.slow
    @pytest.mark.parametrize("command", ["verify", "token -s acme -r eu", "exec -s acme -r eu -- true"])
    def test_a_passphrase_on_stdin_opens_the_vault(self, staffed: Program, office: Agency, command: str) -> None:
        connected(office)
        env = {"SP_CONNECT_PASSPHRASE": None, "SP_CONNECT_PASSPHRASE_FILE": "/dev/stdin"}

        result = staffed.run(*command.split(), env=env, stdin="correct horse\n")

        assert result.code == 0, result.stderr

    def test_a_passphrase_file_that_is_missing_is_named(self, staffed: Program, office: Agency, tmp_path: Path) -> None:
        connected(office)
        env = {"SP_CONNECT_PASSPHRASE": None, "SP_CONNECT_PASSPHRASE_FILE": str(tmp_path / "none")}

        result = staffed.run("verify", "--json", env=env)

        assert result.code == 4
        assert str(tmp_path / "none") in result.error()["message"]

    @pytest.mark.slow
    def test_the_app_of_the_environment_is_the_flags_default(self, staffed: Program) -> None:
        result = staffed.run("connect", "-s", "acme", "-r", "eu", "--json", env={"SP_CONNECT_APP": "other"})

        assert result.code == 6
        assert "other" in result.error()["message"]


class TestPort:
    @pytest.mark.slow
    def test_of_two_connects_at_once_one_is_told_that_the_port_is_taken(self, staffed: Program) -> None:
        with staffed.started("connect", "-s", "acme", "-r", "eu", "--no-browser") as first:
            assert first.stderr is not None
            until(first.stderr, "Waiting up to")

            second = staffed.run("connect", "-s", "bravo", "-r", "eu", "--no-browser", "--json")

            assert second.code == 4
            assert second.error()["code"] == "port-taken"
            assert "--paste" in second.error()["hint"]
            assert first.poll() is None

    @pytest.mark.slow
    def test_the_port_is_free_at_once_after_ctrl_c(self, staffed: Program) -> None:
        for _ in range(2):
            with staffed.started("connect", "-s", "acme", "-r", "eu", "--no-browser") as process:
                assert process.stderr is not None
                until(process.stderr, "Waiting up to")
                assert interrupt(process).code == signal.SIGINT + 128


@pytest.mark.slow
@pytest.mark.parametrize("words", ["regions --json", "regions", "explain MD1000", "doctor", "--help", "--version"])
def test_a_result_that_cannot_be_written_is_this_machines_trouble_and_no_defect(program: Program, words: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, *words.split()],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            env=program.environment(),
            check=False,
        )

    assert done.returncode == 4
    assert b"defect" not in done.stderr
