"""The HTML that people see: relay, landing, and the simulator's pages.

Templates lie beside this file, with `$placeholders`. Every page is self-contained: one style sheet inside it,
nothing from outside, and no script but the relay's few lines.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from string import Template


class Markup(str):
    """HTML that is safe as it stands, because a template of this folder made it."""

    __slots__ = ()


def page(
    template: str, title: str, values: Mapping[str, str] | None = None, script: str = "", *, sheet: str = ""
) -> str:
    """A whole page around `template`; `values` are escaped unless they are Markup. `script` is our own JavaScript.

    `sheet` is a style sheet of its own, behind the one that all pages have.
    """
    return Template(_text("layout.html")).substitute(
        title=html.escape(title),
        policy=policy(script, sheet),
        style=_style(sheet),
        body=fragment(template, values or {}),
        script=f"<script>{script}</script>" if script else "",
    )


def relay(listen: str) -> str:
    """The relay page for the listener at `listen` (host:port): one file for any https server.

    It hands the browser on by top-level navigation, which no browser's local-network rules forbid (hazards.md
    2.1), keeps the query as it came, and strips it from its own history entry. A state that begins with
    `consent.AWAY` says that the seller is on another machine: then it shows the address to copy.
    """
    title = "One more step: copy this page's address"  # for a browser without scripts; with one, the script sets it
    return page("relay.html", title, script=Template(_text("relay.js")).substitute(listen=listen))


def fragment(template: str, values: Mapping[str, str]) -> Markup:
    """`template` filled with `values`, for use inside a page."""
    escaped = {key: value if isinstance(value, Markup) else html.escape(value) for key, value in values.items()}
    return Markup(Template(_text(template)).substitute(escaped))


def join(parts: Iterable[Markup]) -> Markup:
    """Fragments one after another; each is escaped already."""
    return Markup("".join(parts))


def policy(script: str = "", sheet: str = "") -> str:
    """A page's Content-Security-Policy: its own style, its own script if it has one, nothing from outside."""
    run = f"script-src '{_digest(script)}'; " if script else ""
    return f"default-src 'none'; {run}style-src '{_digest(_style(sheet))}'; img-src data:; base-uri 'none'"


def headers(forms: str = "'none'", kind: str = "text/html") -> dict[str, str]:
    """What every answer that sp-connect itself serves is sent with; `forms` is where a page's forms may go."""
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
        if file.name.endswith((".html", ".css", ".js")):
            _text(file.name)


def _style(sheet: str) -> str:
    return _text("style.css") + (_text(sheet) if sheet else "")


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
