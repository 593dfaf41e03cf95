"""Builds wheel and sdist, and tries each as a stranger would: `python -m tests.package` (extra `package`).

Each is installed into an empty environment, by pip, by pipx and by uv, and connects a simulated seller. What the wheel
brings beside the program, the manual page and TAB for three shells, must be where these tools put it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests import surroundings

ROOT = Path(__file__).parents[1]
BROUGHT = (
    "share/man/man1/sp-connect.1",
    "share/bash-completion/completions/sp-connect",
    "share/fish/vendor_completions.d/sp-connect.fish",
    "share/zsh/site-functions/_sp-connect",
)
CONNECT = "-q --simulate connect --seller acme --region eu --no-browser --json"


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run([sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(ROOT)])
        [wheel], [sdist] = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
        for name, package in {"wheel": wheel, "sdist": sdist}.items():
            prefix = folder / name
            run([sys.executable, "-m", "venv", str(prefix)])
            run([str(prefix / "bin" / "pip"), "install", "--quiet", str(package)])
            run([str(prefix / "bin" / "pip"), "check"])
            works(prefix / "bin" / "sp-connect", folder / f"{name}-home", f"{name}, by pip")
            brings(prefix)
        pipx = {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "pipx-bin")}
        pipx |= {"PIPX_MAN_DIR": str(folder / "pipx-man")}
        run([sys.executable, "-m", "pipx", "install", str(wheel)], pipx)
        works(folder / "pipx-bin" / "sp-connect", folder / "pipx-home", "wheel, by pipx")
        assert (folder / "pipx-man" / "man1" / "sp-connect.1").is_file(), "pipx finds the manual page"
        uv = {"UV_TOOL_DIR": str(folder / "uv"), "UV_TOOL_BIN_DIR": str(folder / "uv-bin")}
        run([sys.executable, "-m", "uv", "tool", "install", "--quiet", "--python", sys.executable, str(wheel)], uv)
        works(folder / "uv-bin" / "sp-connect", folder / "uv-home", "wheel, by uv")


def works(program: Path, home: Path, how: str) -> None:
    """The program says its version, and connects a simulated seller."""
    environment = {"SP_CONNECT_HOME": str(home)}
    version = run([str(program), "--version"], environment)
    [connection] = json.loads(run([str(program), *CONNECT.split()], environment))
    assert connection["selling_partner_id"] == "A2EXAMPLE1234", connection
    sys.stdout.write(f"{how}: {version.strip()}, {connection['seller']} is {connection['selling_partner_id']}\n")


def brings(prefix: Path) -> None:
    """What lies beside the program says what the program says."""
    for name in BROUGHT:
        assert (prefix / name).is_file(), f"{name} is not in the wheel"
    for shell, path in zip(("bash", "fish", "zsh"), BROUGHT[1:], strict=True):
        shown = run([str(prefix / "bin" / "sp-connect"), "--show-completion", shell])
        assert (prefix / path).read_text(encoding="utf-8") == shown, f"{path} is not what --show-completion prints"


def run(command: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    """What a command prints. Raises CalledProcessError, with what it says on the terminal."""
    done = subprocess.run(
        command, env=surroundings.inherited() | dict(more or {}), stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
