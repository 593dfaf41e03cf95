"""The tree of commands, and the one place where errors become words and exit codes. No logic.

Start-up is most of what a script pays, so the tree knows each command's name and one line of help, and the
module behind it is imported when the command is meant.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sp_connect import __version__, completion
from sp_connect.cli import entries, help
from sp_connect.completion import candidates

if TYPE_CHECKING:
    from sp_connect import errors

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""errno values of a full or broken disk (stdout only; our own files report theirs)."""

COMPLETION = ("--install-completion", "--show-completion")


class Tree(help.Group):
    """The commands of `entries.ENTRIES`, none of which is imported before it is meant."""

    def __init__(self, **settings: Any) -> None:
        names: Any = dict.fromkeys(entry.name for entry in entries.ENTRIES)
        super().__init__(**settings | {"commands": names})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The flags of completion take a shell's name or none; the parser knows of no such flag, so none is empty."""
        if args and args[-1] in COMPLETION and all(arg.startswith("-") for arg in args):
            args = [*args, ""]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the base class's
        entry = next((entry for entry in entries.ENTRIES if entry.name == cmd_name), None)
        return _load(entry) if entry else None

    def sections(self) -> dict[str, list[tuple[str, str]]]:
        sections: dict[str, list[tuple[str, str]]] = {}
        for entry in entries.ENTRIES:
            sections.setdefault(entry.section, []).append((entry.name, entry.summary))
        return sections


app = typer.Typer(name="sp-connect", cls=Tree, **help.SETTINGS)


def _load(entry: entries.Entry) -> Any:
    module, _, attribute = entry.target.partition(":")
    target = getattr(import_module(f"sp_connect.commands.{module}"), attribute)
    if isinstance(target, typer.Typer):
        group: Any = typer.main.get_command(target)
        for command in group.commands.values():
            command.help = _paragraphs(command.help)
        return group
    alone = typer.Typer(**help.SETTINGS)
    help_text, examples = _paragraphs(target.__doc__), help.examples(*entry.examples)
    kind = help.Prefix if entry.is_prefix else help.Command
    alone.command(entry.name, cls=kind, help=help_text, epilog=examples)(target)
    return typer.main.get_command(alone)


def _paragraphs(text: str | None) -> str:
    """A help text as Typer shows it best: a paragraph is one line to it, and several in the source."""
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _print_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag's value
    if value:
        sys.stdout.write(f"sp-connect {__version__}\n")
        raise typer.Exit


def _install_completion(shell: str | None) -> None:
    if shell is not None:
        from sp_connect.completion import installation

        sys.stderr.write(installation.install(_shell(shell, COMPLETION[0]), os.environ))
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell is not None:
        from sp_connect.completion import shells

        sys.stdout.write(shells.script(_shell(shell, COMPLETION[1])))
        raise typer.Exit


def _shell(named: str, flag: str) -> str:
    """The shell that was named, else the one that runs this program. Raises Usage where there is no script for it."""
    import shellingham

    from sp_connect.completion import installation

    if named:
        return installation.known(named, flag)
    try:
        found, _ = shellingham.detect_shell()
    except shellingham.ShellDetectionFailure:
        found = None
    return installation.known(found, flag)


@app.callback(epilog="Start here: sp-connect --simulate connect --seller acme --region eu")
def begin(
    ctx: typer.Context,
    simulate: Annotated[
        bool, typer.Option("--simulate", metavar="", help="Use the built-in simulated Amazon, with separate data.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", metavar="", help="Print each step to stderr (never secrets).")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="Print only results and errors.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", metavar="", help="Use no colour.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback answers it
        bool, typer.Option("--version", metavar="", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    install_completion: Annotated[  # noqa: ARG001 - its callback answers it
        str | None,
        typer.Option(
            COMPLETION[0],
            metavar="[SHELL]",
            callback=_install_completion,
            autocompletion=candidates.shells,
            is_eager=True,
            help="Let TAB complete commands, flags and names in this shell.",
        ),
    ] = None,
    show_completion: Annotated[  # noqa: ARG001 - its callback answers it
        str | None,
        typer.Option(
            COMPLETION[1],
            metavar="[SHELL]",
            callback=_show_completion,
            autocompletion=candidates.shells,
            is_eager=True,
            help="Print the completion script, to install it by hand.",
        ),
    ] = None,
) -> None:
    """Connect many Amazon sellers to your Selling Partner API app, and keep their tokens safe."""
    from sp_connect.cli import flags

    ctx.obj = flags.begin(simulate=simulate, verbose=verbose, quiet=quiet, colour=not no_color)
    if not simulate and ctx.obj.environ.get("SP_CONNECT_AMAZON_URL"):
        ctx.obj.screen.warn("SIMULATED: SP_CONNECT_AMAZON_URL is set, so no answer comes from the real Amazon.")


def main() -> None:
    """Runs the command line, and leaves with the exit code of the contract."""
    threading.excepthook = lambda thread: _tell_defect(thread.exc_value)  # Python's own shows what the error says
    for name in ("stdout", "stderr"):  # closed from the start (>&-, a service): what is said goes nowhere
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - for good
    if sys.stdin is None:  # closed (<&-): it holds nothing, and `--from -` reads it without asking whether it is there
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - for good
    try:
        status = _complete() if os.environ.get(completion.VARIABLE) else app(standalone_mode=False)
        if status == 130:  # how Typer tells of Ctrl-C
            raise KeyboardInterrupt  # noqa: TRY301 - the boundary is below
        sys.stdout.flush()
        if not status and (files := sys.modules.get("sp_connect.stores.home.files")):
            files.see_confirmed()
    except (SystemExit, BrokenPipeError):  # whoever read the help has left (`--help | head -1`), which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except BaseException as error:  # noqa: BLE001 - whatever comes up here is told, and Python would tell all of it
        sys.excepthook = lambda _kind, error, _trace: _tell_defect(error)  # if telling fails; Typer has set its own
        status = _told(error, sys.argv[1:])
    sys.exit(status)


def _complete() -> int:
    """Tells a shell what may come next; its exit code is always 0."""
    from sp_connect.completion import shells

    sys.stdout.buffer.write(shells.answer(os.environ))
    return 0


def _told(error: BaseException, arguments: Sequence[str]) -> int:
    """Says what went wrong, and returns the exit code for it."""
    from sp_connect import errors
    from sp_connect.cli import parser_errors
    from sp_connect.terminal.screen import Screen

    if isinstance(error, OSError) and error.errno in FULL:  # what is still to be written goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    is_simulated = "--simulate" in ours
    screen = Screen(sys.stdout, sys.stderr, colour="--no-color" not in ours, simulated=is_simulated)
    match error:
        case errors.SpConnectError():
            known: errors.SpConnectError = error
        case typer.TyperException():
            known = parser_errors.told(error)
        case typer.Abort():
            known = errors.Aborted()
        case KeyboardInterrupt():
            known = errors.Interrupted()
        case OSError(errno=number) if number in FULL:  # what is drawn, and help, are written by others
            known = errors.CannotWrite("standard output", os.strerror(number))
        case _ if what := _exhausted(error):
            known = errors.Exhausted(what)
        case _:
            _tell_defect(error)
            known = errors.Bug(error)
    screen.error(known, as_json="--json" in ours)
    return known.exit_code


def _exhausted(error: BaseException) -> Literal["memory", "threads"] | None:
    """The resource that this machine lacks, if an exception is a sign of that."""
    match error:
        case MemoryError() | OSError(errno=errno.ENOMEM):
            return "memory"
        case ImportError() if "failed to map" in str(error) or "cannot allocate memory" in str(error).lower():
            return "memory"  # a library that there is no room for
        case SystemError() if _is_memory_limited():
            return "memory"  # what a library in C raises that failed and could not even make an exception
        case BlockingIOError() if error.errno == errno.EAGAIN:  # of a fork
            return "threads"
        case RuntimeError() if "start new thread" in str(error):
            return "threads"
    return None


def _is_memory_limited() -> bool:
    """Whether `ulimit -v` is set."""
    if os.name != "posix":
        return False
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _tell_defect(error: BaseException | None) -> None:
    """The way the defect took: without values of variables, and without its own text, which may hold any of them."""
    import traceback

    for frame in traceback.extract_tb(error.__traceback__ if error else None):
        sys.stderr.write(f"  {frame.filename}:{frame.lineno} in {frame.name}\n")
