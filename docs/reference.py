"""Writes what the program itself tells: two pages of the site and the manual page. `python docs/reference.py`.

A test compares them with the program, so none is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import typer

from sp_connect import __version__
from sp_connect.amazon import explanations
from sp_connect.amazon.explanations import Explanation
from sp_connect.cli import help, main
from sp_connect.errors.causes import Cause
from sp_connect.views.explanation import CERTAINTY, WHERE, sentence

DOCS = Path(__file__).parent
PROGRAM = "sp-connect"
MARK = "<!-- What follows is written by docs/reference.py, from the program. -->"
"""What stands above it in a page is written by hand."""

SUMMARY = "connect Amazon sellers to your Selling Partner API app"
DESCRIPTION = """
An agency registers its own Selling Partner API app at Amazon. For each client sp-connect opens Amazon's consent page in
a browser, catches the answer on this computer, and keeps the tokens in the operating system's keyring. It shows the
Selling Partner ID and the marketplaces of the account, and refuses the wrong one.

North America and Europe & India take one consent for the whole region, the Far East one for each country: Japan,
Australia, Singapore.

The result goes to standard output, all else to standard error. Without a terminal nothing is asked: what is missing is
an error that names the flag.
"""
STATUSES = (
    ("0", "Done."),
    ("1", "A defect in sp-connect, or a question answered no."),
    ("2", "The command line was wrong, or an answer is needed and nobody can be asked."),
    ("3", "No authorization: refused, timed out, expired, rejected, or the wrong account."),
    ("4", "This machine: the keyring, a damaged file, the disk, the port."),
    ("5", "Amazon: unreachable, throttled, or an answer that makes no sense."),
    ("6", "There is no such seller, connection, invite or app."),
    ("126, 127", "Of exec alone: its command may not be run, or there is no such program."),
    ("130", "Interrupted."),
)
FILES = (
    ("~/.config/sp-connect/config.toml", "The apps, the secret store in use, preferences. Made to be edited by hand."),
    ("~/.local/share/sp-connect/connections/SELLER.toml", "What is known of a seller. Holds no secret."),
    ("~/.local/share/sp-connect/vault/", "The sealed files, where they are the secret store."),
)
VARIABLES = (
    ("SP_CONNECT_HOME", "One folder for configuration, records and sealed files."),
    ("SP_CONNECT_STORE", "Where secrets are kept: keyring or vault."),
    ("SP_CONNECT_PASSPHRASE_FILE", "The file that holds the passphrase of the vault; a line end after it is left out."),
    ("SP_CONNECT_PASSPHRASE", "The passphrase itself, which counts first."),
    ("SP_CONNECT_APP", "The app where no flag names one."),
    ("SP_CONNECT_TIMEOUT", "Seconds to wait for a consent."),
    ("SP_CONNECT_AMAZON_URL", "A simulated Amazon on this computer, in place of the real one."),
    ("BROWSER", "The browser to open."),
    ("NO_COLOR", "Use no colour."),
    ("HTTPS_PROXY", "The proxy on the way to Amazon."),
    ("REQUESTS_CA_BUNDLE, SSL_CERT_FILE", "The certificates to trust on that way; the first one that is set counts."),
    ("PYTHON_KEYRING_BACKEND", "Another keyring than the system's."),
)


class Line(NamedTuple):
    """A flag or an argument, as --help has it: `-s, --seller NAME`, and what it does."""

    name: str
    help: str


class Command(NamedTuple):
    """A command as it is typed, such as `app add`. `text` is paragraphs."""

    name: str
    usage: str
    text: list[str]
    lines: list[Line]
    examples: list[str]
    commands: list[Command]


def sections() -> list[tuple[str, list[Command]]]:
    """The commands under their headings, in the order of --help."""
    root: Any = typer.main.get_command(main.app)
    context = typer.Context(root, info_name=PROGRAM)
    return [
        (heading, [_command(name, root.get_command(context, name), context) for name, _ in below])
        for heading, below in root.sections().items()
    ]


def flags_of_all() -> list[Line]:
    """The flags that stand before the command."""
    root: Any = typer.main.get_command(main.app)
    return _lines(root, typer.Context(root, info_name=PROGRAM))


def _command(name: str, command: Any, above: typer.Context) -> Command:
    context = typer.Context(command, parent=above, info_name=name.rpartition(" ")[2])
    below = getattr(command, "commands", {})
    return Command(
        name,
        f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}",
        (command.help or "").split("\n\n"),
        _lines(command, context),
        help.lines(command.epilog),
        [_command(f"{name} {one}", found, context) for one, found in below.items()],
    )


def _lines(command: Any, context: typer.Context) -> list[Line]:
    records = (param.get_help_record(context) for param in command.get_params(context))
    return [
        Line(name.removeprefix(" / "), _range(told)) for name, told in filter(None, records) if "--help" not in name
    ]


def _range(told: str) -> str:
    return re.sub(r"(\d+)<=x<=(\d+)", r"from \1 to \2", told)


def flat(commands: Iterable[Command]) -> Iterator[Command]:
    for command in commands:
        yield command
        yield from flat(command.commands)


def commands() -> str:
    """Every command with its flags, as Markdown."""
    parts = ["## Before the command", _table("flag", flags_of_all())]
    for heading, found in sections():
        parts.append(f"## {heading}")
        for command in flat(found):
            parts += [f"### {command.name}", f"```text\n{command.usage}\n```", *map(_escaped, command.text)]
            if command.lines:
                parts.append(_table("flag or argument", command.lines))
            if command.examples:
                parts.append("For example:\n\n```sh\n" + "\n".join(command.examples) + "\n```")
    return "\n\n".join(parts) + "\n"


def _table(head: str, lines: list[Line]) -> str:
    rows = (f"| {_code(line.name)} | {_escaped(line.help)} |" for line in lines)
    return "\n".join([f"| {head} | |", "| --- | --- |", *rows])


def _code(name: str) -> str:
    return "`" + name.replace("|", r"\|") + "`"


def _escaped(text: str) -> str:
    """Plain text as Markdown, where a bracket or an angle would mean something."""
    return re.sub(r"([\[\]<>|*_])", r"\\\1", " ".join(text.split()))


def codes() -> str:
    """Every error code of Amazon's with its causes and what mends them, as Markdown."""
    parts = []
    for where, found in groupby(explanations.ALL, lambda one: WHERE[one.where]):
        parts.append(f"## Codes {where}")
        for one in found:
            parts += [f"### {one.codes[0]}", _told(one)]
    return "\n\n".join(parts) + "\n"


def _told(one: Explanation) -> str:
    also = f" Also: {', '.join(map(_code, one.codes[1:]))}." if len(one.codes) > 1 else ""
    causes = "\n".join(f"- {_escaped(sentence(cause.what))}{_mended(cause)}" for cause in one.causes)
    note = f"\n\n{_escaped(one.note)}" if one.note else ""
    sections = ", ".join(one.sources)
    return (
        f"{_escaped(one.meaning)}{also}\n\n{causes}{note}\n\n"
        f"How sure: {CERTAINTY[one.certainty]} ([{explanations.FACTS}.md]({explanations.FACTS}.md), {sections})."
    )


def _mended(cause: Cause) -> str:
    said = f" Amazon says: *{_escaped(cause.said)}*" if cause.said else ""
    command = cause.typed(app=explanations.USUAL_APP)
    mend = f" **{_escaped(sentence(cause.mend, ':' if command else '.'))}**" if cause.mend else ""
    return f"{said}{mend}" + (f" `{command}`" if command else "")


def manual() -> str:
    """The manual page, in the macros of man(7)."""
    lines = [
        f'.TH SP\\-CONNECT 1 "" "sp\\-connect {_roff(__version__)}" "User Commands"',
        ".nh",
        ".SH NAME",
        f"sp\\-connect \\- {SUMMARY}",
        ".SH SYNOPSIS",
        ".B sp\\-connect",
        "[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]",
        ".SH DESCRIPTION",
        *_paragraphs(DESCRIPTION),
        ".SH OPTIONS",
        "These stand before the command.",
        *_tagged(flags_of_all()),
    ]
    for heading, found in sections():
        lines.append(f".SH {heading.upper()}")
        for command in flat(found):
            lines += [f".SS {_roff(command.name)}", f".B {_roff(command.usage)}"]
            lines += [line for part in command.text for line in (".PP", _roff(part))]
            lines += _tagged(command.lines)
            if command.examples:
                typed = "\n".join(map(_roff, command.examples))
                lines += [".PP", "For example:", ".PP", ".nf", f".RS\n{typed}\n.RE", ".fi"]
    lines += [".SH EXIT STATUS", *(line for status, when in STATUSES for line in (".TP", f".B {status}", _roff(when)))]
    lines += [".SH FILES", *(line for name, what in FILES for line in (".TP", f".I {_roff(name)}", _roff(what)))]
    lines += [".SH ENVIRONMENT", *(line for name, what in VARIABLES for line in (".TP", f".B {name}", _roff(what)))]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> list[str]:
    return [line for part in text.split("\n\n") for line in (".PP", _roff(part))]


def _tagged(found: list[Line]) -> list[str]:
    return [part for line in found for part in (".TP", f".B {_roff(line.name)}", _roff(line.help))]


def _roff(text: str) -> str:
    """Text as roff takes it: no escape, no macro, and a hyphen that can be copied."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("…", "...")
    return "\\&" + text if text.startswith(".") else text


def written() -> Iterator[tuple[Path, str]]:
    """Each file with what it should hold."""
    for name, made in {"commands.md": commands, "troubleshooting.md": codes}.items():
        by_hand, _, _ = (DOCS / name).read_text(encoding="utf-8").partition(MARK)
        yield DOCS / name, f"{by_hand}{MARK}\n\n{made()}"
    yield DOCS / "sp-connect.1", manual()


if __name__ == "__main__":
    for path, content in written():
        path.write_text(content, encoding="utf-8")
