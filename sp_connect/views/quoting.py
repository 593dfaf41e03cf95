"""Variables in the words of shells and of programs that read files: any value comes out as it went in.

What a form cannot hold is refused, never changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sp_connect import errors

POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"
"""Characters that PowerShell treats as single quotes, the typographic ones included."""


def posix(values: Mapping[str, str]) -> str:
    """bash, zsh, sh: `eval "$(sp-connect export ... --format env)"`.

    Every value is quoted: `=ls` and `~` mean something to zsh that they do not mean to sh.
    """

    def line(name: str, value: str) -> str:
        escaped = value.replace("'", "'\"'\"'")
        return f"export {name}='{escaped}'"

    return _lines(values, line)


def dotenv(values: Mapping[str, str]) -> str:
    """A .env file, which sh reads too. Raises Usage for a value that dotenv readers do not agree on.

    Within single quotes python-dotenv takes a backslash for an escape, and fills in what stands for a variable.
    """
    for name, value in values.items():
        if set(value) & set("'\\\n\r") or "${" in value:
            raise _unfit(name, ".env files", "json")
    return _lines(values, lambda name, value: f"{name}='{value}'")


def fish(values: Mapping[str, str]) -> str:
    """fish: `sp-connect export ... --format fish | source`."""

    def line(name: str, value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{escaped}'"

    return _lines(values, line)


def powershell(values: Mapping[str, str]) -> str:
    """PowerShell: `sp-connect export ... --format powershell | Out-String | Invoke-Expression`."""

    def line(name: str, value: str) -> str:
        doubled = "".join(c * 2 if c in POWERSHELL_QUOTES else c for c in value)
        return f"$Env:{name} = '{doubled}'"

    return _lines(values, line)


def cmd(values: Mapping[str, str]) -> str:
    """A batch file for cmd.exe. Raises Usage for what cmd does not read as it was written.

    A quotation mark would end the quoting of `&` and `|`, a Ctrl-Z the file; other scripts depend on the code page.
    """
    for name, value in values.items():
        if '"' in value or not value.isascii() or (value and not value.isprintable()):
            raise _unfit(name, "batch files", "powershell")
    return _lines(values, lambda name, value: f'@set "{name}={value.replace("%", "%%")}"')


def as_json(values: Mapping[str, str]) -> str:
    """One JSON object, in ASCII."""
    return json.dumps(values, indent=2) + "\n"


def credentials_yml(values: Mapping[str, str]) -> str:
    """python-amazon-sp-api's credentials.yml, with one account, `default`."""
    keys = {
        "refresh_token": "SP_API_REFRESH_TOKEN",
        "lwa_app_id": "LWA_APP_ID",
        "lwa_client_secret": "LWA_CLIENT_SECRET",
    }
    return "version: '1.0'\n\ndefault:\n" + "".join(f"  {key}: {_yaml(values[v])}\n" for key, v in keys.items())


FORMATS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "env": posix,
    "dotenv": dotenv,
    "json": as_json,
    "powershell": powershell,
    "fish": fish,
    "cmd": cmd,
    "python-amazon-sp-api": credentials_yml,
}


def _yaml(value: str) -> str:
    """A JSON string in ASCII, less JSON's surrogate pairs, which YAML does not join."""
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(c if " " <= c <= "~" else f"\\U{ord(c):08x}" for c in quoted)


def _lines(values: Mapping[str, str], line: Callable[[str, str], str]) -> str:
    for name, value in values.items():
        if "\0" in value:
            raise _unfit(name, "environments", "json")
    return "".join(f"{line(name, value)}\n" for name, value in values.items())


def _unfit(name: str, form: str, other: str) -> errors.Usage:
    return errors.Usage(f"{name} holds a character that {form} cannot hold.", f"--format {other}")
