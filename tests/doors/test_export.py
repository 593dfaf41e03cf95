"""`export`: asks before it shows, writes files that are private from birth, and what reads it gets what was kept."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sp_connect.simulator.world import BUILT_IN
from tests.cli.program import PROGRAM, SECONDS, Program, ended, plain
from tests.doors import shells
from tests.doors.given import HOSTILE, ready_program, requests_of

ACME = ("export", "-s", "acme", "-r", "eu", "--format")
TOKEN = (
    "Atzr|SENTINEL" + HOSTILE["backslashes"] + HOSTILE["single quotes"] + HOSTILE["dollar"] + HOSTILE["curly quotes"]
)
NAMES = {
    *("SP_API_REFRESH_TOKEN", "LWA_APP_ID", "LWA_CLIENT_SECRET", "SP_API_ACCESS_TOKEN", "SP_API_ENDPOINT"),
    *("SP_API_REGION", "SP_API_MARKETPLACE_IDS", "SELLING_PARTNER_ID"),
}
WATCHED = """
import os, sys
os.umask(0)
folder, modes, looking = sys.argv[1], set(), []

def look(event, arguments):
    if not looking and os.path.isdir(folder):
        looking.append(True)
        modes.update(oct(entry.stat().st_mode & 0o777) for entry in os.scandir(folder))
        looking.clear()

sys.argv = ["sp-connect", *sys.argv[2:]]
from sp_connect.cli.main import main
sys.addaudithook(look)
try:
    main()
finally:
    print(*sorted(modes))
"""


KILLED = """
import os, signal, sys
event, sys.argv = sys.argv[1], ["sp-connect", *sys.argv[2:]]
from sp_connect.cli.main import main
sys.addaudithook(lambda name, _: os.kill(os.getpid(), signal.SIGKILL) if name == event else None)
main()
"""


def killed(program: Program, event: str, *arguments: str) -> int:
    """How a run ends that is killed before the first call of that kind."""
    asked = [sys.executable, "-c", KILLED, event, *arguments]
    return subprocess.run(asked, env=program.environment(), timeout=SECONDS, check=False).returncode


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program, with a connection whose refresh token no shell takes as it is; no test changes it."""
    with ready_program(tmp_path_factory.mktemp("ready"), TOKEN) as program:
        yield program


class TestPipe:
    """What a program reads."""

    @pytest.mark.slow
    @pytest.mark.parametrize(("shell", "form"), [("bash", "env"), ("sh", "env"), ("zsh", "env"), ("fish", "fish")])
    def test_a_shell_gets_the_credentials(self, ready: Program, tmp_path: Path, shell: str, form: str) -> None:
        result = ready.run(*ACME, form)
        (tmp_path / "file").write_text(result.stdout)

        found = shells.read_by(shell, str(tmp_path / "file"))

        assert (result.code, result.stderr) == (0, "")
        assert found["SP_API_REFRESH_TOKEN"] == TOKEN
        assert found["LWA_CLIENT_SECRET"] == BUILT_IN.client_secret
        assert set(found) >= NAMES

    @pytest.mark.slow
    def test_json_has_the_variables_of_exec(self, ready: Program) -> None:
        found = ready.run("-v", *ACME, "json")

        assert set(found.json()) == NAMES
        assert found.json()["SP_API_REFRESH_TOKEN"] == TOKEN
        assert found.stderr == ""
        assert requests_of(ready) == 0

    @pytest.mark.slow
    def test_powershell_has_them_by_its_rule(self, ready: Program) -> None:
        assert shells.powershell(ready.run(*ACME, "powershell").stdout)["SP_API_REFRESH_TOKEN"] == TOKEN

    @pytest.mark.slow
    def test_what_a_form_cannot_hold_is_a_usage_error_that_keeps_it_secret(self, ready: Program) -> None:
        result = ready.run("-v", *ACME, "dotenv")

        assert (result.code, result.stdout) == (2, "")
        assert "SP_API_REFRESH_TOKEN holds a character that .env files cannot hold." in result.stderr
        assert "SENTINEL" not in result.stderr

    @pytest.mark.slow
    @pytest.mark.parametrize("form", ["yaml", "--yes"])
    def test_an_unknown_format_is_told_with_those_there_are(self, ready: Program, form: str) -> None:
        result = ready.run(*ACME, form)

        assert (result.code, result.stdout) == (2, "")
        assert "python-amazon-sp-api" in result.stderr
        assert requests_of(ready) == 0

    @pytest.mark.slow
    @pytest.mark.parametrize(("seller", "code"), [("nobody", 6), ("../acme", 2)])
    def test_an_unknown_seller_writes_nothing(self, ready: Program, tmp_path: Path, seller: str, code: int) -> None:
        out = tmp_path / "out"

        assert ready.run("export", "-s", seller, "-r", "eu", "--format", "env", "--out", str(out)).code == code
        assert not out.exists()


class TestTerminal:
    """Secrets are shown to a person who says yes, and to nobody else."""

    QUESTION = "Show the secrets of acme in Europe & India on this terminal? [y/N]"

    @pytest.mark.slow
    def test_a_no_shows_nothing(self, ready: Program) -> None:
        with ready.terminal(*ACME, "env") as child:
            child.expect_exact(self.QUESTION)
            child.sendline("n")
            status, rest = ended(child)

        assert status == 1
        assert "SENTINEL" not in rest
        assert "Nothing was shown." in plain(rest)

    @pytest.mark.slow
    def test_a_yes_shows_them(self, ready: Program) -> None:
        with ready.terminal(*ACME, "env") as child:
            child.expect_exact(self.QUESTION)
            child.sendline("y")
            status, rest = ended(child)

        assert status == 0
        assert "SENTINEL" in rest

    @pytest.mark.slow
    def test_the_flag_answers_it(self, ready: Program) -> None:
        with ready.terminal(*ACME, "env", "--yes") as child:
            status, rest = ended(child)

        assert status == 0
        assert "SENTINEL" in rest
        assert "[y/N]" not in rest

    @pytest.mark.slow
    def test_a_file_needs_no_answer(self, ready: Program, tmp_path: Path) -> None:
        with ready.terminal(*ACME, "env", "--out", str(tmp_path / "out")) as child:
            status, rest = ended(child)

        assert status == 0
        assert "SENTINEL" not in rest
        assert "it holds secrets, and only you can read it." in " ".join(plain(rest).split())

    @pytest.mark.slow
    def test_without_a_person_it_is_a_usage_error_that_names_the_flag(self, ready: Program) -> None:
        ours, theirs = os.openpty()
        try:
            done = subprocess.run(
                [PROGRAM, *ACME, "env"],
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=subprocess.PIPE,
                env=ready.environment(),
                timeout=SECONDS,
                check=False,
            )
            os.write(theirs, b"end")
            shown = os.read(ours, 1000)
        finally:
            os.close(ours)
            os.close(theirs)

        assert done.returncode == 2
        assert b"--yes" in done.stderr
        assert shown == b"end"


class TestFile:
    """`--out`."""

    @pytest.mark.slow
    def test_it_is_private_from_birth_whatever_the_umask(self, ready: Program, tmp_path: Path) -> None:
        folder = tmp_path / "out"
        folder.mkdir()

        done = subprocess.run(
            [sys.executable, "-c", WATCHED, str(folder), *ACME, "env", "--out", str(folder / "file")],
            env=ready.environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )

        assert done.stdout == "0o600\n"
        assert [path.name for path in folder.iterdir()] == ["file"]

    @pytest.mark.slow
    def test_an_open_file_is_replaced_and_becomes_private(self, ready: Program, tmp_path: Path) -> None:
        out = tmp_path / "out"
        out.write_text("before")
        out.chmod(0o666)

        with out.open() as before:
            result = ready.run(*ACME, "json", "--out", str(out))
            assert before.read() == "before"

        assert (result.code, result.stdout) == (0, "")
        assert json.loads(out.read_text())["SP_API_REFRESH_TOKEN"] == TOKEN
        assert out.stat().st_mode & 0o777 == 0o600
        assert "SENTINEL" not in result.stderr

    @pytest.mark.slow
    def test_a_full_disk_leaves_the_one_before(self, ready: Program, tmp_path: Path) -> None:
        out = tmp_path / "out"
        out.write_text("before")

        result = ready.run(
            *ACME, "json", "--out", str(out), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        )

        assert result.code == 4
        assert out.read_text() == "before"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]

    @pytest.mark.slow
    def test_it_is_quiet_when_told(self, ready: Program, tmp_path: Path) -> None:
        result = ready.run("-q", *ACME, "env", "--out", str(tmp_path / "out"))

        assert (result.code, result.stdout, result.stderr) == (0, "", "")

    def test_a_pipe_that_nobody_reads_is_told_and_left_alone(self, ready: Program, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        result = ready.run(*ACME, "env", "--out", str(tmp_path / "pipe"))

        assert result.code == 4
        assert f"{tmp_path}/pipe cannot be written: nobody reads it." in result.stderr
        assert (tmp_path / "pipe").is_fifo()

    def test_a_pipe_that_somebody_reads_is_written_to(self, ready: Program, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
            result = ready.run(*ACME, "env", "--out", str(tmp_path / "pipe"))
            read, _ = reader.communicate(timeout=SECONDS)

        assert (result.code, result.stdout) == (0, "")
        assert "SENTINEL" in read
        assert (tmp_path / "pipe").is_fifo()

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
    def test_standard_output_has_several_names(self, ready: Program, tmp_path: Path, name: str) -> None:
        result = ready.run(*ACME, "env", "--out", name, cwd=tmp_path)

        assert (result.code, result.stderr) == (0, "")
        assert "SENTINEL" in result.stdout
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/tty"])
    def test_a_terminal_by_another_name_is_asked_first(self, ready: Program, name: str) -> None:
        with ready.terminal(*ACME, "env", "--out", name) as child:
            child.expect_exact(TestTerminal.QUESTION)
            child.sendline("n")
            status, rest = ended(child)

        assert status == 1
        assert "SENTINEL" not in rest

    def test_a_kill_before_it_has_its_name_leaves_nothing(self, ready: Program, tmp_path: Path) -> None:
        folder = tmp_path / "out"
        folder.mkdir()

        assert killed(ready, "os.link", *ACME, "env", "--out", str(folder / "file")) == -signal.SIGKILL

        assert list(folder.iterdir()) == []

    @pytest.mark.slow
    def test_a_kill_before_it_takes_anothers_place_is_cleared_away_by_the_next_run(
        self, ready: Program, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("before")
        (tmp_path / ".sp-connect-passphrase").write_text("the users own")

        assert killed(ready, "os.rename", *ACME, "env", "--out", str(tmp_path / "file")) == -signal.SIGKILL
        [left] = [path for path in tmp_path.iterdir() if path.name not in {"file", ".sp-connect-passphrase"}]
        left.chmod(0o600)
        assert (tmp_path / "file").read_text() == "before"
        assert ready.run("list", "--html", str(tmp_path / "report.html")).code == 0

        assert {path.name for path in tmp_path.iterdir()} == {"file", ".sp-connect-passphrase", "report.html"}
        assert not list((ready.home / "unfinished").iterdir())

    def test_a_link_of_another_user_is_not_followed(self, ready: Program, tmp_path: Path) -> None:
        target, link = tmp_path / "target", tmp_path / "link"
        target.write_text("before")
        link.symlink_to(target)
        os.chown(link, 12345, 12345, follow_symlinks=False)

        result = ready.run(*ACME, "env", "--out", str(link))

        assert result.code == 4
        assert f"{link} cannot be written: link in it is a link of the user 12345." in result.stderr
        assert target.read_text() == "before"

    def test_a_folder_that_is_a_link_of_another_user_is_not_followed(self, ready: Program, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        os.chown(tmp_path / "link", 12345, 12345, follow_symlinks=False)

        assert ready.run("list", "--html", str(tmp_path / "link" / "report.html")).code == 4
        assert list((tmp_path / "real").iterdir()) == []

    def test_a_pipe_of_another_user_gets_nothing(self, ready: Program, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        os.chown(tmp_path / "pipe", 12345, 12345)

        with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
            result = ready.run(*ACME, "env", "--out", str(tmp_path / "pipe"))
            read, _ = reader.communicate(timeout=SECONDS)

        assert result.code == 4
        assert f"{tmp_path}/pipe cannot be written: it belongs to the user 12345." in result.stderr
        assert read == ""

    def test_a_link_of_ones_own_is_followed(self, ready: Program, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real/../real/target")

        assert ready.run(*ACME, "env", "--out", str(tmp_path / "link")).code == 0

        assert (tmp_path / "link").is_symlink()
        assert "SENTINEL" in (tmp_path / "real" / "target").read_text()

    def test_a_working_folder_that_is_gone_is_said(self, ready: Program, tmp_path: Path) -> None:
        script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
        asked = ["sh", "-c", script, "sh", str(PROGRAM), *ACME, "env", "--out", "file"]

        done = subprocess.run(
            asked, cwd=tmp_path, env=ready.environment(), capture_output=True, text=True, timeout=SECONDS, check=False
        )

        assert done.returncode == 4
        assert "file is a relative path, but the working folder was deleted." in " ".join(done.stderr.split())

    def test_a_folder_is_a_usage_error(self, ready: Program, tmp_path: Path) -> None:
        assert ready.run(*ACME, "env", "--out", str(tmp_path)).code == 2
