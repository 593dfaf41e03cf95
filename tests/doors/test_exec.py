"""`exec`: the child has the credentials, and all else is as if it had been started without us."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sp_connect.commands import exec as execution
from sp_connect.simulator.world import BUILT_IN
from tests.agency import Agency
from tests.cli.program import PASSPHRASE, PROGRAM, SECONDS, Program, ended, parted, plain
from tests.commands.given import connected, end_at_amazon, token_of
from tests.doors.given import HOSTILE, ready_program, requests_of, with_token

ACME = ("exec", "-s", "acme", "-r", "eu", "--")
# Python adds LC_CTYPE to what it inherits where no locale is named (PEP 538).
LOCALE = {"LC_ALL": "C.UTF-8"}
ASK = """
import os, urllib.request
request = urllib.request.Request(
    os.environ["SP_API_ENDPOINT"] + "/sellers/v1/marketplaceParticipations",
    headers={"x-amz-access-token": os.environ["SP_API_ACCESS_TOKEN"]},
)
print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).read().decode())
"""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program, with a connection whose access token is kept; no test changes it."""
    with ready_program(tmp_path_factory.mktemp("ready"), "Atzr|kept") as program:
        yield program


def in_path(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def python(code: str) -> tuple[str, ...]:
    return *ACME, sys.executable, "-c", code


@contextmanager
def running(program: Program, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A child under `exec`, with pipes."""
    process = subprocess.Popen(
        [PROGRAM, *ACME, *command],
        env=program.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def environment(text: str) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in text.split("\0") if entry)
    return {name: value for name, _, value in pairs}


class TestEnvironment:
    """Section 6 of the contract, to the letter."""

    @pytest.mark.slow
    def test_it_is_the_inherited_one_with_the_credentials_and_without_the_passphrase(
        self, office: Agency, staffed: Program, tmp_path: Path
    ) -> None:
        made = connected(office)
        (tmp_path / "passphrase").write_text(PASSPHRASE)
        inherited = staffed.environment(LOCALE | {"SP_CONNECT_PASSPHRASE_FILE": str(tmp_path / "passphrase")})

        result = staffed.run(*ACME, "env", "-0", env=inherited)

        assert (result.code, result.stderr) == (0, "")
        found = environment(result.stdout)
        token = found["SP_API_ACCESS_TOKEN"]
        assert office.world.bearer(token).refresh_token == token_of(office, made)
        assert {name: found[name] for name in found if found[name] != inherited.get(name)} == {
            "SP_API_REFRESH_TOKEN": token_of(office, made),
            "LWA_APP_ID": BUILT_IN.client_id,
            "LWA_CLIENT_SECRET": BUILT_IN.client_secret,
            "SP_API_ACCESS_TOKEN": token,
            "SP_API_ENDPOINT": f"{office.simulator.base_url}/sellingpartnerapi-eu.amazon.com",
            "SP_API_REGION": "eu",
            "SP_API_MARKETPLACE_IDS": ",".join(m.id for m in made.marketplaces),
            "SELLING_PARTNER_ID": "A2EXAMPLE1234",
        }
        assert set(inherited) - set(found) == {"SP_CONNECT_PASSPHRASE", "SP_CONNECT_PASSPHRASE_FILE"}

    def test_another_connections_credentials_in_it_are_replaced(self, ready: Program) -> None:
        result = ready.run(*ACME, "printenv", "SP_API_REGION", "SELLING_PARTNER_ID", env={"SP_API_REGION": "na"})

        assert result.stdout == "eu\nA2EXAMPLE1234\n"
        assert requests_of(ready) == 0

    def test_any_token_comes_through_as_it_is(self, office: Agency, staffed: Program) -> None:
        hostile = "".join(HOSTILE.values())
        with_token(office, connected(office), hostile)

        result = staffed.run(*ACME, "env", "-0", env=LOCALE)

        assert environment(result.stdout)["SP_API_REFRESH_TOKEN"] == hostile

    @pytest.mark.slow
    def test_a_passphrase_file_alone_opens_the_vault_and_is_not_passed_on(self, ready: Program, tmp_path: Path) -> None:
        (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
        env = {"SP_CONNECT_PASSPHRASE": None, "SP_CONNECT_PASSPHRASE_FILE": str(tmp_path / "passphrase")}

        result = ready.run(*ACME, "env", env=env)

        assert result.code == 0, result.stderr
        assert "PASSPHRASE" not in result.stdout

    @pytest.mark.slow
    def test_no_secret_is_told_of(self, office: Agency, staffed: Program) -> None:
        connected(office)

        result = staffed.run("-v", *ACME, "true")

        assert (result.code, result.stdout) == (0, "")
        assert not [secret for secret in ("Atz", "oa2-cs", PASSPHRASE) if secret in result.stderr]


class TestChild:
    """Exit code, signals, streams, arguments."""

    @pytest.mark.slow
    @pytest.mark.parametrize("code", [0, 7, 255])
    def test_its_exit_code_is_ours(self, ready: Program, code: int) -> None:
        result = ready.run(*ACME, "sh", "-c", f"exit {code}")

        assert (result.code, result.stderr) == (code, "")

    def test_its_death_by_a_signal_is_ours(self, ready: Program) -> None:
        assert ready.run(*ACME, "sh", "-c", "kill -TERM $$").code == -signal.SIGTERM

    @pytest.mark.slow
    def test_it_takes_our_place(self, ready: Program) -> None:
        with running(ready, "sh", "-c", "echo $$; read line; exit 3") as process:
            assert process.stdout is not None
            assert int(process.stdout.readline()) == process.pid
            process.communicate("\n", timeout=SECONDS)
            assert process.returncode == 3

    @pytest.mark.slow
    def test_a_signal_to_us_reaches_it(self, ready: Program) -> None:
        with running(ready, "sh", "-c", "trap 'echo caught; exit 9' TERM; echo ready; read line") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            assert process.stdout.readline() == "caught\n"
            assert process.wait(SECONDS) == 9

    def test_a_pipe_that_breaks_ends_it_as_ever(self, ready: Program) -> None:
        result = ready.run(*ACME, "bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}")

        assert (result.stdout, result.stderr) == (f"y\n{128 + signal.SIGPIPE}\n", "")

    def test_its_streams_are_ours_byte_for_byte(self, ready: Program) -> None:
        given = bytes(range(256)) * 300

        done = subprocess.run(
            [PROGRAM, *ACME, "sh", "-c", "cat; printf 'to stderr' >&2"],
            input=given,
            env=ready.environment(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )

        assert done.stdout == given
        assert parted(done.stderr.decode())[1] == "to stderr"

    @pytest.mark.slow
    def test_its_arguments_are_passed_as_they_are(self, ready: Program) -> None:
        given = ["two words", "", "--", "-x", "--help", "--json", "$HOME", "*", "a'b\"c", "\u00e9"]

        result = ready.run(*python("import json, sys; print(json.dumps(sys.argv[1:]))"), *given)

        assert result.json() == given

    @pytest.mark.slow
    def test_its_files_are_its_own(self, ready: Program) -> None:
        """Nothing of ours stays open in it: no lock, no socket."""
        result = ready.run(*ACME, "ls", "/proc/self/fd")

        assert set(result.stdout.split()) == {"0", "1", "2", "3"}  # 3 is ls's own

    @pytest.mark.slow
    def test_the_terminal_is_its_own(self, ready: Program) -> None:
        code = "import sys; print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty()); print(input('name? '))"

        with ready.terminal(*python(code)) as child:
            child.expect_exact("True True True")
            child.expect_exact("name? ")
            child.sendline("acme")
            status, rest = ended(child)

        assert status == 0
        assert "acme" in plain(rest)

    @pytest.mark.slow
    def test_ctrl_c_is_its_own(self, ready: Program) -> None:
        waits = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done"

        with ready.terminal(*ACME, "sh", "-c", waits) as child:
            child.expect_exact("ready")
            child.sendintr()
            status, rest = ended(child)

        assert status == 9
        assert "caught" in rest
        assert "Interrupted" not in rest


class TestNotRun:
    """The exit codes of shells, and nothing run that cannot have its credentials."""

    @pytest.mark.slow
    def test_what_is_not_there_is_127(self, ready: Program) -> None:
        result = ready.run(*ACME, "no-such-program", "--json")

        assert result.code == 127
        assert "no-such-program cannot be run: there is no such program." in result.stderr

    @pytest.mark.slow
    def test_nor_is_what_a_path_of_no_folders_does_not_have(self, ready: Program) -> None:
        path = f"{os.environ['PATH']}:{__file__}"

        assert ready.run(*ACME, "no-such-program", env={"PATH": path}).code == 127

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("first", "why"),
        [
            ("#!/no/such/interpreter -u", "its interpreter /no/such/interpreter is not there."),
            ("#! /bin/sh\r", "its interpreter /bin/sh is not there; its lines end as on Windows."),
        ],
    )
    def test_a_script_whose_interpreter_is_not_there_is_126(
        self, ready: Program, tmp_path: Path, first: str, why: str
    ) -> None:
        script = tmp_path / "report-of-mine"
        script.write_bytes(f"{first}\nexit 0\n".encode())
        script.chmod(0o700)

        by_path, by_name = (ready.run(*ACME, str(script)), ready.run(*ACME, "report-of-mine", env=in_path(tmp_path)))

        assert (by_path.code, by_name.code) == (126, 126)
        assert f"report-of-mine cannot be run: {why}" in by_path.stderr
        assert why in by_name.stderr

    @pytest.mark.slow
    def test_what_is_no_program_is_126(self, ready: Program, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("data")

        assert ready.run(*ACME, str(tmp_path / "data")).code == 126
        assert ready.run(*ACME, str(tmp_path)).code == 126

    def test_no_command_is_a_usage_error(self, ready: Program) -> None:
        assert ready.run(*ACME).code == 2

    @pytest.mark.slow
    @pytest.mark.parametrize("typed", ["touch ran -s bravo", "touch --help-me ran", "sh -c 'touch ran'", "-s bravo"])
    def test_without_the_dashes_nothing_is_run(self, ready: Program, typed: str) -> None:
        result = ready.run(*ACME[:-1], *shlex.split(typed))

        assert (result.code, result.stdout) == (2, "")
        assert "Put the command to run after `--`." in result.stderr
        assert "hint: sp-connect exec --seller acme --region eu -- python report.py" in result.stderr

    def test_a_flag_that_is_mistyped_in_front_of_them_is_told_as_anywhere(self, ready: Program) -> None:
        result = ready.run("exec", "--sellr", "acme", "-r", "eu", "--", "true")

        assert result.code == 2
        assert "--sellr" in result.stderr
        assert "hint: sp-connect exec --help" in result.stderr

    @pytest.mark.slow
    @pytest.mark.parametrize(("seller", "code"), [("nobody", 6), ("Not A Name", 2)])
    def test_an_unknown_seller_runs_nothing(self, ready: Program, tmp_path: Path, seller: str, code: int) -> None:
        result = ready.run("exec", "-s", seller, "-r", "eu", "--", "touch", str(tmp_path / "ran"))

        assert result.code == code
        assert not (tmp_path / "ran").exists()

    @pytest.mark.slow
    def test_a_rejected_connection_runs_nothing(self, office: Agency, staffed: Program, tmp_path: Path) -> None:
        end_at_amazon(office, connected(office))

        assert staffed.run(*ACME, "touch", str(tmp_path / "ran")).code == 3
        assert not (tmp_path / "ran").exists()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program in a home where --simulate has a connection."""
    made = Program(tmp_path_factory.mktemp("simulated") / "home")
    assert made.run("--simulate", "connect", "-s", "acme", "-r", "eu").code == 0
    return made


class TestSimulated:
    """Under --simulate Amazon lives in our process, so the child runs beside it."""

    @pytest.mark.slow
    def test_the_embedded_amazon_answers_the_child(self, simulated: Program) -> None:
        result = simulated.run("--simulate", *python(ASK))

        assert (result.code, result.stderr) == (0, "")
        countries = [entry["marketplace"]["countryCode"] for entry in json.loads(result.stdout)["payload"]]
        assert countries[:2] == ["DE", "FR"]

    @pytest.mark.slow
    def test_the_childs_exit_code_is_ours(self, simulated: Program) -> None:
        assert simulated.run("--simulate", *ACME, "sh", "-c", "exit 255").code == 255

    @pytest.mark.slow
    def test_death_by_a_signal_is_told_as_shells_do(self, simulated: Program) -> None:
        assert simulated.run("--simulate", *ACME, "sh", "-c", "kill -KILL $$").code == 128 + signal.SIGKILL

    @pytest.mark.slow
    def test_what_is_not_there_is_127(self, simulated: Program) -> None:
        assert simulated.run("--simulate", *ACME, "no-such-program").code == 127

    @pytest.mark.slow
    def test_the_child_has_no_passphrase(self, simulated: Program) -> None:
        result = simulated.run("--simulate", *ACME, "env", env={"SP_CONNECT_PASSPHRASE": PASSPHRASE})

        assert "PASSPHRASE" not in result.stdout

    @pytest.mark.usefixtures("ctrl_c")
    def test_a_ctrl_c_before_we_wait_does_not_lose_the_childs_exit_code(self) -> None:
        for _ in range(100):  # the child is quick enough for some of them
            assert execution._beside(["sh", "-c", "kill -INT $PPID; exit 9"], os.environ) == 9

        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    @pytest.mark.slow
    def test_ctrl_c_is_the_childs_to_answer(self, simulated: Program) -> None:
        command = ("sh", "-c", "trap 'echo caught' INT; echo ready; read one; read two; echo got $two; exit 9")

        with simulated.terminal("--simulate", *ACME, *command) as child:
            child.expect_exact("ready")
            child.sendintr()
            child.expect_exact("caught")
            child.sendline("first")
            child.sendline("second")
            status, rest = ended(child)

        assert status == 9, rest
        assert "got" in rest
