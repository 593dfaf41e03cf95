"""What the tests of completion begin with: a home with names in it, and real shells in which TAB is pressed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from sp_connect.models import App
from sp_connect.stores.home.apps import Apps
from tests.agency import NOON
from tests.cli.program import PROGRAM, SECONDS, plain

HOSTILE = (
    *("$(touch pwned)", "`touch pwned`", "x;touch pwned", "-rf", "UPPER", "a b", "quo'te", 'quo"te', "*"),
    *("new\nline", "tab\tbed", "\x1b[31mred", ".hidden", "..", "ümlaut", "x" * 65),
)
"""What no seller is called, and a file may be."""

START = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}
"""Without what the person at this machine has set up."""

_QUIET = {
    "bash": "bind 'set page-completions off' 'set show-all-if-ambiguous on' 'set enable-bracketed-paste off'",
    "zsh": "LISTMAX=0; setopt no_list_ambiguous; unset zle_bracketed_paste",
    "fish": "function fish_prompt; echo '> '; end; function fish_title; end",
}
"""One TAB shows all there is, and nothing asks whether it should."""

LOAD = {
    "bash": 'eval "$(sp-connect --show-completion bash)"',
    "zsh": "source <(sp-connect --show-completion zsh)",
    "fish": "sp-connect --show-completion fish | source",
}


def furnish(home: Path) -> None:
    """Two sellers, two apps, files that are none; and a simulation with others."""
    for folder, names in ((home, ("acme", "bravo")), (home / "simulated", ("simon", "simone"))):
        (folder / "connections").mkdir(parents=True)
        for name in names:
            (folder / "connections" / f"{name}.toml").touch()
    for name in HOSTILE:
        (home / "connections" / f"{name}.toml").touch()
    (home / "connections" / "notes.txt").touch()
    apps = Apps(home / "config.toml")
    app = App("default", "amzn1.sp.x", "amzn1.y", "https://a.example", "127.0.0.1:8723", False, "default", "1", NOON)
    apps.put(app)
    apps.put(app._replace(name="wider", draft=True, access_level="\x1b[31mpersonal\ndata"))


@dataclass
class Shell:
    """One shell. It reads no key before it has done with the one before, so nothing has to be waited for."""

    child: pexpect.spawn[str]

    def does(self, command: str) -> str:
        """What a command shows."""
        self.child.send(f"{command}\r")
        return self._shown()

    def offers(self, line: str) -> str:
        """What the screen shows after TAB; the line is thrown away."""
        self.child.send(f"{line}\t\x15")  # Ctrl-U
        return self._shown()

    def completes(self, line: str) -> str:
        """What the line has become after TAB: its words."""
        self.child.send(f"{line}\t\x01printf '<%s> ' \r")  # Ctrl-A
        return " ".join(re.findall(r"<([^<>%]*)> ", self._shown()))

    def _shown(self) -> str:
        self.child.send("echo DO''NE\r")
        self.child.expect_exact("DONE\r")
        return plain(str(self.child.before).replace("\r", "\n").replace("\x1b(B", ""))


@contextmanager
def shell(name: str, environment: Mapping[str, str], home: Path, start: list[str]) -> Iterator[Shell]:
    """A shell at work in `home`, which is its HOME, too. Where it is missing: skipped, but a failure in CI."""
    program = shutil.which(name)
    if program is None and os.environ.get("CI"):
        pytest.fail(f"CI has to have {name}: apt-get install bash zsh fish")
    if program is None:
        pytest.skip(f"needs {name}: apt-get install bash zsh fish")
    settings = {
        **environment,
        "PATH": f"{home / 'bin'}:{PROGRAM.parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "INPUTRC": "/dev/null",
        "PS1": "> ",
    }
    child: pexpect.spawn[str] = pexpect.spawn(
        program, start, env=settings, cwd=home, encoding="utf-8", timeout=SECONDS, dimensions=(60, 160)
    )
    try:
        made = Shell(child)
        made.does(_QUIET[name])
        yield made
    finally:
        child.close(force=True)
