"""Readers of what `export` writes: real shells, and the documented rules of those that are not to be had here."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

INSTALL = "apt-get install bash zsh fish"
NO_RC = {"bash": ["--norc", "--noprofile"], "sh": [], "zsh": ["-f"], "fish": ["--no-config"]}
READ = {"fish": "cat $argv[1] | source; env -0"}
QUOTES = "'\u2018\u2019\u201a\u201b"


def read_by(shell: str, path: str) -> dict[str, str]:
    """The environment that a shell hands on once it took a file in. Without it: skipped, but a failure in CI."""
    program = shutil.which(shell)
    if program is None and os.environ.get("CI"):
        pytest.fail(f"CI has to have {shell}: {INSTALL}")
    if program is None:
        pytest.skip(f"needs {shell}: {INSTALL}")
    script = READ.get(shell, 'eval "$(cat "$1")"; env -0')
    name = [] if shell == "fish" else [shell]
    done = subprocess.run(
        [program, *NO_RC[shell], "-c", script, *name, path],
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert done.stderr == b""
    pairs = (entry.partition("=") for entry in done.stdout.decode().split("\0") if entry)
    return {name: value for name, _, value in pairs}


def powershell(text: str) -> dict[str, str]:
    """What PowerShell sets: about_Quoting_Rules, and its tokenizer, to which all five quotes are one.

    In single quotes nothing is special but a quote: two in a row, of whichever kind, stand for the second.
    """
    found, at = {}, 0
    while at < len(text):
        assert text.startswith("$Env:", at)
        name, _, _ = text[at + 5 :].partition(" = ")
        at += len(f"$Env:{name} = ")
        assert text[at] in QUOTES
        at, value = at + 1, ""
        while True:
            if text[at] in QUOTES:
                if at + 1 >= len(text) or text[at + 1] not in QUOTES:
                    break
                at += 1
            value += text[at]
            at += 1
        assert text[at + 1] == "\n"
        found[name], at = value, at + 2
    return found


def cmd(text: str) -> dict[str, str]:
    """What cmd.exe sets from a batch file: a percent sign is doubled, and a quotation mark begins or ends quoting.

    Outside of quotes `&|<>^()` mean something, so every value has to lie inside, and Ctrl-Z ends the file.
    """
    found = {}
    assert text.isascii()
    assert "\x1a" not in text
    for line in text.removesuffix("\n").split("\n"):
        assert line.replace("%%", "").count("%") == 0
        read = line.replace("%%", "%")
        assert read.startswith('@set "')
        assert read.count('"') == 2
        assert read.endswith('"')
        name, _, value = read[len('@set "') : -1].partition("=")
        found[name] = value
    return found
