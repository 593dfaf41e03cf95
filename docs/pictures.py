"""Draws the pictures of the documentation from the program's own output: `python docs/pictures.py`.

Each command runs on a real terminal, around the simulator, in a home of its own.
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

COLUMNS = 86
PICTURES = Path(__file__).parent / "pictures"
PROGRAM = Path(sys.executable).with_name("sp-connect")


def run(home: Path, command: str) -> str:
    """What `command` shows on a terminal, colours included."""
    # TTY_INTERACTIVE=0 is Rich's own switch: no animation, only what stays on the screen.
    environment = os.environ | {"SP_CONNECT_HOME": str(home), "TTY_INTERACTIVE": "0", "TERM": "xterm-256color"}
    shown = pexpect.run(f"{PROGRAM} {command}", env=environment, dimensions=(60, COLUMNS), timeout=60)
    return f"$ sp-connect {command}\n" + shown.decode().replace("\r\n", "\n")


def draw(name: str, *outputs: str) -> None:
    """Writes one picture, with no font or other thing from outside in it."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for output in outputs:
        console.print(Text.from_ansi(output.rstrip()), soft_wrap=False)
        console.print()
    svg = console.export_svg(title="sp-connect", unique_id=name)
    PICTURES.mkdir(exist_ok=True)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        connected = run(home, "--simulate connect --seller acme --region eu --no-browser")
        draw("connect", re.sub(r"127\.0\.0\.1:\d{4,5}/", "127.0.0.1:35257/", connected))
        for command in ("acme --region na", "acme --region fe --country JP", "bravo --region eu"):
            run(home, f"--simulate connect --seller {command} --no-browser")
        draw("list", run(home, "--simulate list"))
        for command in ("bravo --region na", "charlie-gmbh --region eu --country IN", "charlie-gmbh --region eu"):
            run(home, f"--simulate connect --seller {command} --no-browser")
        draw("matrix", run(home, "--simulate list --matrix"))


if __name__ == "__main__":
    main()
