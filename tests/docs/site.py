"""Builds the site as strictly as Sphinx can, and follows each of its links: `python -m tests.docs.site [FOLDER]`.

A link to a page, a heading or a file that is not there fails, and so does anything that a page would load from outside.
Addresses of other sites are not asked.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
"""What a style loads from another site."""

DOCS = Path(__file__).parents[2] / "docs"


class Page(HTMLParser):
    """The links of a page, what it loads, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in {"script", "img", "link", "iframe", "source"}:
            self.loads += [found[name] for name in ("src", "srcset", "href") if name in found]
        self.loads += LOADED.findall(found.get("style", ""))


def build(folder: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-d", f"{folder}/.made"]
    subprocess.run([*command, str(DOCS), str(folder)], check=True)


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with the links of a built site."""
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}
    assert len(pages) > 20, "the site is not here"
    for sheet in sorted(folder.rglob("*.css")):
        yield from (f"{sheet.name} loads {link}" for link in LOADED.findall(sheet.read_text(encoding="utf-8")))
    for path, page in pages.items():
        for link in page.loads:
            if urlsplit(link).netloc:
                yield f"{path.name} loads {link}"
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == "#":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                yield f"{path.name} leads to {link}, which is not there"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                yield f"{path.name} leads to {link}, and {target.name} has no such place"


def main(folder: Path) -> int:
    build(folder)
    found = list(faults(folder.resolve()))
    sys.stdout.writelines(f"{one}\n" for one in found)
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(main(Path(scratch)))
