"""How groups and commands show themselves with --help: plain sections, for boxes would double the time of a start."""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

SETTINGS: dict[str, Any] = {
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "add_completion": False,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 100},
}
"""Settings shared by every Typer app here."""


_ONE, _MANY = "Example: ", "Examples:"


class Command(TyperCommand):
    """A command whose examples are whole lines, to be copied."""

    def make_parser(self, ctx: Any) -> Any:
        return _taking_each_once(super().make_parser(ctx))

    def get_help(self, ctx: Any) -> str:
        return _with_headings(super().get_help(ctx))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's
        _write_epilog(formatter, self.epilog)


class Prefix(Command):
    """A command in front of another program's, which begins behind --: else a flag of that could be taken for ours."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--" not in args and not {"-h", "--help"} & {*args} and not ctx.resilient_parsing:
            from sp_connect import errors

            raise errors.Usage("Put the command to run after `--`.", lines(self.epilog)[0])
        return super().parse_args(ctx, args)


class Group(TyperGroup):
    """A group whose commands stand in sections, each with all of its one line. Doing nothing alone, it shows them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not self.invoke_without_command:
            typer.echo(self.get_help(ctx), err=True, color=ctx.color)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def make_parser(self, ctx: Any) -> Any:
        return _taking_each_once(super().make_parser(ctx))

    def get_help(self, ctx: Any) -> str:
        return _with_headings(super().get_help(ctx))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's
        _write_epilog(formatter, self.epilog)

    def sections(self) -> dict[str, list[tuple[str, str]]]:
        """By its heading, each command's name and summary."""
        return {"Commands": [(name, (one.help or "").partition("\n\n")[0]) for name, one in self.commands.items()]}

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's
        sections = self.sections()
        column = max(len(name) for lines in sections.values() for name, _ in lines)
        for heading, lines in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(column), summary) for name, summary in lines])


def _taking_each_once(parser: Any) -> Any:
    """A parser that refuses a second value of a flag that takes one: it would drop the first without a word."""
    parse = parser.parse_args

    def parse_each_once(args: list[str]) -> Any:
        found = parse(args=args)
        given = [param for param in found[2] if param.param_type_name == "option" and not takes_many(param)]
        if len({*given}) < len(given):
            from sp_connect import errors

            twice = next(param for number, param in enumerate(given) if param in given[:number])
            raise errors.GivenTwice(twice.opts[0])
        return found

    parser.parse_args = parse_each_once
    return parser


def takes_many(param: Any) -> bool:
    """Whether a flag may be given more than once: it may be repeated, or is a switch and says the same again."""
    return bool(param.multiple or param.is_flag or param.count)


def examples(*commands: str) -> str:
    """The epilog that shows whole command lines, each to be copied: "Example: …", or a list under a heading."""
    if len(commands) == 1:
        return f"{_ONE}{commands[0]}"
    return "".join([_MANY, *(f"\n  {command}" for command in commands)])


def lines(epilog: str | None) -> list[str]:
    """The command lines of an epilog made by `examples`."""
    text = (epilog or "").removeprefix(_ONE).removeprefix(_MANY)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _write_epilog(formatter: Any, epilog: str | None) -> None:
    if epilog:
        formatter.write(f"\n{epilog}\n")


def _with_headings(text: str) -> str:
    """Makes headings bold on terminals that support it, and drops the slash before a flag that turns off."""
    text = re.sub(r"(?m)^   / (--no-\S+)", r"  \1   ", text)
    return re.sub(r"(?m)^(\S[^\n]*):$", lambda found: typer.style(found[1], bold=True), text)
