"""The person's browser, found and opened in an environment of the test's own: real programs, real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sp_connect import browser, errors
from sp_connect.amazon import consent, geography
from sp_connect.browser.programs import OPENING_SECONDS
from tests.stores.samples import app

ASKED = consent.begin(app(), geography.scope("acme", "eu"))
ADDRESS = ASKED.address
NOWHERE = Path("/nonexistent/browsers")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-ins for browsers are shell scripts")


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def fresh(environ: dict[str, str], code: str) -> str:
    """What a new Python prints in this environment: `webbrowser` looks around once in each process."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join(sys.path), **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def obstacle(*marks: Path, **environ: str) -> str:
    names = tuple(str(mark) for mark in marks)
    code = f"import os; from sp_connect.browser import default; print(default.obstacle(os.environ, {names!r}))"
    return fresh(environ, code)


@pytest.fixture
def empty(tmp_path: Path) -> str:
    folder = tmp_path / "empty"
    folder.mkdir()
    return str(folder)


@pytest.fixture
def firefox(tmp_path: Path) -> str:
    """A PATH on which a full browser is."""
    program(tmp_path / "bin", "firefox", "exit 0")
    return str(tmp_path / "bin")


# Whether there is one


def test_a_desktop_with_a_browser_has_no_obstacle(firefox: str) -> None:
    assert obstacle(PATH=firefox, DISPLAY=":0") == "None"
    assert obstacle(PATH=firefox, WAYLAND_DISPLAY="wayland-0") == "None"


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"])
def test_over_ssh_the_browser_is_elsewhere(firefox: str, name: str) -> None:
    found = obstacle(**{"PATH": firefox, "DISPLAY": ":0", name: "x"})
    assert found == "sp-connect runs over SSH, so your browser is on another machine"


def test_an_empty_ssh_variable_says_nothing(firefox: str) -> None:
    assert obstacle(PATH=firefox, DISPLAY=":0", SSH_TTY="") == "None"


def test_a_container_has_no_browser(firefox: str, tmp_path: Path) -> None:
    mark = tmp_path / ".dockerenv"
    assert obstacle(mark, PATH=firefox, DISPLAY=":0") == "None"
    mark.touch()
    assert obstacle(tmp_path / "other", mark, PATH=firefox, DISPLAY=":0") == (
        "sp-connect runs in a container, which has no browser"
    )


def test_browser_variable_is_believed_over_ssh_and_in_a_container(firefox: str, tmp_path: Path) -> None:
    mark = tmp_path / ".dockerenv"
    mark.touch()
    mine = program(tmp_path / "mine", "open-on-laptop", "exit 0")
    assert obstacle(mark, PATH=firefox, SSH_TTY="x", BROWSER=str(mine)) == "None"


def test_no_browser_is_told(empty: str) -> None:
    assert obstacle(PATH=empty, TERM="xterm") == "no browser was found here"
    assert obstacle(PATH=empty, TERM="xterm", DISPLAY=":0") == "no browser was found here"


@pytest.mark.parametrize("name", ["w3m", "lynx", "elinks", "links", "www-browser"])
def test_a_text_browser_is_not_enough(tmp_path: Path, name: str) -> None:
    program(tmp_path / "bin", name, "exit 0")
    found = obstacle(PATH=str(tmp_path / "bin"), TERM="xterm")
    assert found == f"only a text browser was found ({name}), and Amazon's page needs a full one"


@pytest.mark.parametrize("form", ["w3m", "{path}", "w3m %s"])
def test_a_text_browser_is_not_enough_in_the_browser_variable(tmp_path: Path, form: str) -> None:
    path = program(tmp_path / "bin", "w3m", "exit 0")
    found = obstacle(PATH=str(tmp_path / "bin"), BROWSER=form.format(path=path))
    assert found.startswith("only a text browser was found (w3m)")


# How it is opened by a command


def opening(command: str, environ: Mapping[str, str] = os.environ) -> browser.Opener:
    """An opener that needs no profile folder."""
    return browser.opener(command, environ, NOWHERE)


def written(path: Path) -> str:
    """What a stand-in wrote; it has ended when the opener returns."""
    return path.read_text()


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """A browser that writes down its arguments and its environment."""
    return program(tmp_path, "recorder", RECORDING.format(folder=tmp_path))


RECORDING = 'printf "%s\\n" "$@" > {folder}/arguments\nenv > {folder}/environment'


@pytest.mark.parametrize(
    ("form", "arguments"),
    [
        ("{program}", [ADDRESS]),
        ("{program} --private-window", ["--private-window", ADDRESS]),
        ("{program} {{url}}", [ADDRESS]),
        ("{program} --app={{url}} --new", [f"--app={ADDRESS}", "--new"]),
        ("{program} 'a b' {{url}} {{url}}", ["a b", ADDRESS, ADDRESS]),
        ("{program} ; $HOME `id`", [";", "$HOME", "`id`", ADDRESS]),
    ],
)
def test_a_command_gets_the_address(tmp_path: Path, recorder: Path, form: str, arguments: list[str]) -> None:
    assert opening(form.format(program=recorder))(ASKED, ADDRESS) is None
    assert written(tmp_path / "arguments").splitlines() == arguments


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "it names no program"),
        (" ", "it names no program"),
        ("'unclosed", "no closing quotation"),
        ("no-such-program-here {url}", "no such program 'no-such-program-here'"),
        ("/nonexistent", "no such program '/nonexistent'"),
        ("/", "no such program '/'"),
    ],
)
def test_a_command_that_cannot_be_run_is_usage_before_anyone_consents(command: str, why: str) -> None:
    with pytest.raises(errors.Usage) as caught:
        opening(command)
    assert caught.value.message == f'--browser "{command}" cannot be run: {why}. Nothing was changed.'
    assert caught.value.exit_code == 2


def test_a_preference_that_cannot_be_run_is_told_with_its_file() -> None:
    with pytest.raises(errors.Usage, match=r'^browser = "nothing-here" in /x/config.toml cannot be run'):
        browser.opener("nothing-here", os.environ, NOWHERE, preferred_in=Path("/x/config.toml"))


@pytest.mark.parametrize(
    ("form", "arguments"),
    [
        (r'"{program}" --private-window {{url}}', ["--private-window", ADDRESS]),
        (r'{program} --user-data-dir="C:\My Files\acme" {{url}}', [r"--user-data-dir=C:\My Files\acme", ADDRESS]),
        (r"{program} C:\acme\ it's", ["C:\\acme\\", "it's", ADDRESS]),
    ],
)
def test_on_windows_a_backslash_is_a_letter(tmp_path: Path, recorder: Path, form: str, arguments: list[str]) -> None:
    opener = browser.opener(form.format(program=recorder), os.environ, NOWHERE, system="win32")
    assert opener(ASKED, ADDRESS) is None
    assert written(tmp_path / "arguments").splitlines() == arguments


def test_an_open_quote_is_told_on_windows_too() -> None:
    with pytest.raises(errors.Usage, match="no closing quotation"):
        browser.opener('"C:\\chrome.exe', os.environ, NOWHERE, system="win32")


def test_a_batch_file_is_refused_on_windows_because_it_would_get_half_of_the_address(tmp_path: Path) -> None:
    path = program(tmp_path, "chrome.cmd", "exit 0")
    with pytest.raises(errors.Usage, match="batch file"):
        browser.opener(str(path), os.environ, NOWHERE, system="win32")


def test_a_command_is_found_on_the_path_of_its_environment(tmp_path: Path) -> None:
    program(tmp_path / "bin", "mine", RECORDING.format(folder=tmp_path))
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    assert opening("mine", {"PATH": path})(ASKED, ADDRESS) is None
    assert written(tmp_path / "arguments").splitlines() == [ADDRESS]


@pytest.mark.parametrize(
    ("script", "why"),
    [("exit 1", "failing exited with code 1"), ("kill -9 $$", "failing was ended by signal 9")],
)
def test_a_command_that_fails_is_told(tmp_path: Path, script: str, why: str) -> None:
    assert opening(str(program(tmp_path, "failing", script)))(ASKED, ADDRESS) == why


def test_a_command_that_vanished_is_told(tmp_path: Path) -> None:
    path = program(tmp_path, "vanishing", "exit 0")
    opener = opening(str(path))
    path.unlink()
    assert opener(ASKED, ADDRESS) == "the browser did not start"


def test_a_command_that_no_process_can_have_is_told(recorder: Path) -> None:
    assert opening(f"{recorder} a\0b")(ASKED, ADDRESS) == "the browser did not start"


def test_explorer_exits_with_1_when_it_has_opened_the_page(tmp_path: Path) -> None:
    assert opening(str(program(tmp_path, "explorer.exe", "exit 1")))(ASKED, ADDRESS) is None


OURS = {"SP_CONNECT_PASSPHRASE": "verysecret", "SP_CONNECT_PASSPHRASE_FILE": "/x", "SP_CONNECT_HOME": "/y"}


def test_our_settings_are_not_inherited_by_a_command(tmp_path: Path, recorder: Path) -> None:
    opener = opening(str(recorder), {**os.environ, **OURS, "OTHER": "kept", "DISPLAY": ":7"})
    assert opener(ASKED, ADDRESS) is None
    environment = written(tmp_path / "environment").splitlines()
    assert not [line for line in environment if line.startswith("SP_CONNECT_")]
    assert {"OTHER=kept", "DISPLAY=:7"} <= set(environment)


@pytest.mark.parametrize("choice", [None, "default"])
def test_the_systems_browser_is_given_the_address(tmp_path: Path, recorder: Path, choice: str | None) -> None:
    code = (
        "import os, pathlib; from sp_connect import browser\n"
        f"print(browser.opener({choice!r}, os.environ, pathlib.Path('/none'))(None, {ADDRESS!r}))"
    )
    environ = {"PATH": os.environ["PATH"], "BROWSER": f"{recorder} %s", "OTHER": "kept"}
    assert fresh(environ | OURS, code) == "None"
    assert written(tmp_path / "arguments").splitlines() == [ADDRESS]


class Once:
    """A one-time address that notes what was done with it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def take(self) -> str:
        self.done.append("taken")
        return ONE_TIME

    def withdraw(self) -> None:
        self.done.append("withdrawn")


ONE_TIME = "http://127.0.0.1:8723/open/x"


@pytest.mark.parametrize("choice", ["isolated", "private"])
def test_a_browser_that_we_start_is_given_the_one_time_address(tmp_path: Path, choice: str) -> None:
    program(tmp_path / "bin", "chromium", RECORDING.format(folder=tmp_path))
    environ = {"PATH": os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]), "DISPLAY": ":0"}
    once = Once()
    assert browser.opener(f"{choice} chromium", environ, tmp_path / "browsers")(ASKED, ADDRESS, once) is None
    assert written(tmp_path / "arguments").splitlines()[-1] == ONE_TIME
    assert ADDRESS not in written(tmp_path / "arguments")
    assert once.done == ["taken"]


def test_one_that_does_not_start_gives_it_back(tmp_path: Path) -> None:
    program(tmp_path / "bin", "chromium", "exit 3")
    environ = {"PATH": os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]), "DISPLAY": ":0"}
    once = Once()
    assert browser.opener("private chromium", environ, NOWHERE)(ASKED, ADDRESS, once) is not None
    assert once.done == ["taken", "withdrawn"]


def test_a_command_of_the_users_own_may_open_elsewhere_and_is_given_amazons_address(
    tmp_path: Path, recorder: Path
) -> None:
    once = Once()
    assert opening(str(recorder))(ASKED, ADDRESS, once) is None
    assert written(tmp_path / "arguments").splitlines() == [ADDRESS]
    assert once.done == []


def test_the_systems_browser_is_of_this_machine_unless_the_variable_names_another() -> None:
    code = "import os; from sp_connect.browser import default; print(default.is_here(os.environ))"
    assert fresh({"BROWSER": ""}, code) == "True"
    assert fresh({"BROWSER": "open-on-laptop"}, code) == "False"


OPENED = (
    "import os, pathlib; from sp_connect import browser\n"
    f"print(browser.opener(None, os.environ, pathlib.Path('/none'))(None, {ADDRESS!r}))"
)


@pytest.mark.parametrize("first", ["nowhere-to-be-found %s", "{failing} %s", "{failing}", "w3m", "nowhere-to-be-found"])
def test_browsers_of_the_variable_are_tried_in_turn(tmp_path: Path, recorder: Path, first: str) -> None:
    failing = program(tmp_path, "failing", "exit 3")
    program(tmp_path / "bin", "w3m", f"touch {tmp_path}/w3m-ran")
    code = OPENED
    environ = {
        "PATH": os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]]),
        "BROWSER": os.pathsep.join([first.format(failing=failing), "", f"{recorder} %s"]),
    }
    assert fresh(environ, code) == "None"
    assert written(tmp_path / "arguments").splitlines() == [ADDRESS]
    assert not (tmp_path / "w3m-ran").exists()


def test_where_none_of_the_variables_browsers_opens_each_is_told(tmp_path: Path) -> None:
    one, other = program(tmp_path, "one", "exit 3"), program(tmp_path, "other", "exit 4")
    code = OPENED
    environ = {"PATH": os.environ["PATH"], "BROWSER": f"{one}:{other}"}
    assert fresh(environ, code) == "one exited with code 3; other exited with code 4"


@pytest.mark.parametrize("choice", ["isolated", "no-such-program", None])
def test_no_browser_opens_nothing_and_asks_nothing_of_the_rest(choice: str | None) -> None:
    opener = browser.opener(choice, os.environ, NOWHERE, refused=True)
    assert opener(ASKED, ADDRESS) == "--no-browser"


@pytest.mark.slow
def test_a_command_that_stays_in_the_foreground_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    staying = program(tmp_path, "staying", f"echo $$ > {tmp_path}/pid; read line < {tmp_path}/fifo")
    before = set(threading.enumerate())
    began = time.monotonic()
    assert opening(str(staying))(ASKED, ADDRESS) is None
    assert time.monotonic() - began < OPENING_SECONDS + 1
    (tmp_path / "fifo").write_text("end\n")
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
    with pytest.raises(ProcessLookupError):  # a zombie would still be there
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_command_writes_nothing_on_our_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noisy = program(tmp_path, "noisy", "echo out; echo err >&2; cat")
    assert opening(str(noisy))(ASKED, ADDRESS) is None
    assert capfd.readouterr() == ("", "")
