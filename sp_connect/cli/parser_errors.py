"""A command line that the parser refuses, told in our words. Imported only once one is."""

from __future__ import annotations

from typing import Any

import typer

from sp_connect import errors

GLOBAL_FLAGS = ("--simulate", "--verbose", "-v", "--quiet", "-q", "--no-color", "--version")


def told(error: typer.TyperException) -> errors.Usage:
    """The error of ours for one of the parser's, with the next step where one is known."""
    context: Any = getattr(error, "ctx", None)
    if isinstance(error, typer.BadParameter) and context is not None and _is_number(error.param):
        return _bad_number(error.param, context, error.message)
    sentence = " ".join(error.format_message().split())
    return errors.Usage(sentence, _hint(context, getattr(error, "option_name", None)))


def _is_number(parameter: Any) -> bool:
    return parameter is not None and hasattr(parameter.type, "min") and hasattr(parameter.type, "max")


def _bad_number(parameter: Any, context: Any, said: str) -> errors.Usage:
    """In our words: which numbers a flag takes, or the variable that stands for it, and what it was given."""
    by_variable = str(context.get_parameter_source(parameter.name)).endswith("ENVIRONMENT")
    flag = parameter.envvar if by_variable else parameter.opts[0]
    least, most = parameter.type.min, parameter.type.max
    example = parameter.default if isinstance(parameter.default, int) else min(max(30, least), most)
    given, found, _ = said.partition(" is not ")
    unit = {"SECONDS": " of seconds", "DAYS": " of days"}.get(parameter.metavar, "")
    return errors.BadNumber(flag, f"whole number{unit} from {least} to {most}", example, given if found else "")


def _hint(context: Any, flag: str | None) -> str:
    """The next step after a wrong command line; `flag` is one that the command of `context` does not have."""
    path = context.command_path if context else "sp-connect"
    if flag in GLOBAL_FLAGS:
        return f"it comes before the command: sp-connect {flag} {path.partition(' ')[2]}".strip()
    return f"{path} --help"
