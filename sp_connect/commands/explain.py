"""`explain`: what an error code of Amazon's means, and what mends it. A table tells it; nothing is asked or read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from sp_connect import errors
from sp_connect.amazon import explanations
from sp_connect.amazon.explanations import Explanation
from sp_connect.cli import flags
from sp_connect.errors.causes import Cause


def run(words: Sequence[str]) -> Explanation:
    """The explanation of the code that `words` name. Raises UnknownCode."""
    text = " ".join(words)
    found = explanations.find(text)
    if found is None:
        raise errors.UnknownCode(text, explanations.near(text))
    return found


def command(
    ctx: typer.Context,
    code: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CODE]", help="Such as MD1000 or invalid_grant, in any case. Without one: all."),
    ] = None,
    json: flags.Json = False,
) -> None:
    """Explain an Amazon error code and how to fix it."""
    screen = ctx.obj.screen
    wanted = run(code) if code else None
    if json:
        screen.json(_described(wanted) if wanted else [_described(one) for one in explanations.ALL])
        return
    from sp_connect.views import explanation

    screen.show(explanation.one(screen, wanted) if wanted else explanation.table(screen, explanations.ALL))
    if wanted is None:
        screen.say()
        screen.say("Causes and fixes: sp-connect explain CODE", style="dim")


def _described(one: Explanation) -> dict[str, Any]:
    return {
        "code": one.codes[0],
        "also": list(one.codes[1:]),
        "where": one.where,
        "meaning": one.meaning,
        "causes": [_cause(cause) for cause in one.causes],
        "note": one.note or None,
        "certainty": one.certainty,
        "sources": list(one.sources),
    }


def _cause(cause: Cause) -> dict[str, str | None]:
    return {
        "cause": cause.what,
        "amazon_says": cause.said or None,
        "mend": cause.mend or None,
        "command": cause.typed(app=explanations.USUAL_APP) or None,
    }
