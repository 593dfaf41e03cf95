"""The HTML that people see: relay, landing, report, and the simulator's pages.

The templates beside this file are Jinja2's, escaped by default. Every page is self-contained: one style sheet inside
it, nothing from outside, and no script but the relay's few lines. Jinja2 is loaded with the first page.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def page(
    template: str, title: str, values: Mapping[str, Any] | None = None, script: str = "", *, sheet: str = ""
) -> str:
    """A whole page: `layout.html` around `template`, which gets `values`. `script` is our own JavaScript.

    `sheet` is one more style sheet, placed after the one that all pages have. What is not `markupsafe.Markup` is
    escaped. Raises jinja2.UndefinedError for a value that the template needs and nobody gives.
    """
    return (
        _environment()
        .get_template("layout.html")
        .render(
            values or {},
            body=template,
            title=title,
            policy=policy(script, sheet),
            style=_style(sheet),
            script=script,
        )
    )


def relay(listen: str) -> str:
    """The relay page for the listener at `listen` (host:port): one file for any https server.

    It hands the browser on by top-level navigation, which no browser's local-network rules forbid (hazards.md
    2.1), keeps the query as it came, and strips it from its own history entry. A state that begins with
    `consent.AWAY` says that the seller is on another machine: then it shows the address to copy.
    """
    title = "One more step: copy this page's address"  # for a browser without scripts; with one, the script sets it
    return page("relay.html", title, script=_text("relay.js").replace("$listen", listen))


def policy(script: str = "", sheet: str = "") -> str:
    """A page's Content-Security-Policy: its own style, its own script if it has one, nothing from outside."""
    run = f"script-src '{_digest(script)}'; " if script else ""
    return f"default-src 'none'; {run}style-src '{_digest(_style(sheet))}'; img-src data:; base-uri 'none'"


def headers(forms: str = "'none'", kind: str = "text/html") -> dict[str, str]:
    """HTTP headers of every answer that sp-connect serves; `forms` is where a page's forms may go."""
    return {
        "Content-Type": f"{kind}; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"{policy()}; form-action {forms}; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def load() -> None:
    """Reads every template: the files may be replaced by an update while a page is waited for."""
    for file in resources.files(__package__).iterdir():
        if file.name.endswith((".css", ".js")):
            _text(file.name)
        if file.name.endswith(".html"):
            _environment().get_template(file.name)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _style(sheet: str) -> str:
    return _text("style.css") + (_text(sheet) if sheet else "")


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
