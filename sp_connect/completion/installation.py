"""Where a shell's script is put, and the line by which the shell reads it when it starts."""

from __future__ import annotations

import codecs
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sp_connect import errors, settings
from sp_connect.completion import SCRIPTS, shells
from sp_connect.stores.home import files


class Place(NamedTuple):
    """The script's file; and the file that the shell reads at its start, with the line for it. fish needs none."""

    script: Path
    start: Path | None = None
    line: str = ""


def known(shell: str | None, flag: str) -> str:
    """A shell that there is a script for; None is one that could not be found out. Raises Usage, which names `flag`."""
    if shell is None:
        raise errors.Usage("Which shell this is could not be found out.", f"name it: sp-connect {flag} bash")
    if shells.family(shell) not in SCRIPTS:
        raise errors.Usage(f"There is no completion for {shell!r}.", f"{flag} takes {', '.join(SCRIPTS)}")
    return shell


def install(shell: str, environ: Mapping[str, str]) -> str:
    """Writes the script, adds the line unless it is there, and returns what to say of it.

    Raises StoreUnavailable, CannotWrite, and Usage where PowerShell does not tell its profile.
    """
    place = _place(shell, environ)
    files.replace(place.script, shells.script(shell).encode())
    if place.start is None:
        return f"Completion is in {place.script}, for every {shell} that starts from now on.\n"
    try:
        _add(place.start, place.line)
    except OSError as error:
        raise errors.CannotWrite(place.start, error.strerror or "unknown reason") from None
    return (
        f"Completion is in {place.script}.\n{place.start} reads it, so every {shell} that starts from now on has it.\n"
    )


def _place(shell: str, environ: Mapping[str, str]) -> Place:
    """The places that Typer uses, so that its own script for sp-connect is replaced."""
    home = settings.user_home({})
    if home is None:
        raise errors.Usage(
            "This user has no home folder, so no shell reads a file there.",
            f"put the script where your shell reads it: sp-connect --show-completion {shell}",
        )
    match shell:
        case "bash":
            return Place(
                home / ".bash_completions" / "sp-connect.sh",
                home / ".bashrc",
                ". ~/.bash_completions/sp-connect.sh",
            )
        case "zsh":
            start = Path(environ.get("ZDOTDIR") or home) / ".zshrc"
            return Place(home / ".zfunc" / "_sp-connect", start, ". ~/.zfunc/_sp-connect")
        case "fish":
            config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
            return Place(config / "fish" / "completions" / "sp-connect.fish")
        case _:
            profile = _profile(shell)
            name = "sp-connect.completion.ps1"
            return Place(profile.with_name(name), profile, f'. "$PSScriptRoot/{name}"')


def _profile(shell: str) -> Path:
    """The file that PowerShell reads at its start, which it alone knows."""
    try:
        told = subprocess.run(
            [shell, "-NoProfile", "-NonInteractive", "-Command", "$PROFILE"], capture_output=True, check=True
        )
        return Path(told.stdout.decode().strip())
    except (OSError, subprocess.CalledProcessError, UnicodeDecodeError):
        raise errors.Usage(
            f"{shell} does not say where its profile is.",
            "put it there by hand: sp-connect --show-completion powershell",
        ) from None


def _add(start: Path, line: str) -> None:
    """Adds a line at the end of a file, in the file's own encoding: PowerShell 5 writes UTF-16."""
    start.parent.mkdir(parents=True, exist_ok=True)
    before = start.read_bytes() if start.exists() else b""
    encoding = "utf-16-le" if before.startswith(codecs.BOM_UTF16_LE) else "utf-8"
    text = before.decode(encoding, "replace")
    if line in text.splitlines():
        return
    with start.open("ab") as file:
        file.write(f"{'' if text.endswith(chr(10)) or not text else chr(10)}{line}\n".encode(encoding))
