"""Docker without Docker: a Dockerfile's image as a folder, and its container as a process of this machine.

FROM is this machine with its Python. Paths of the container lie below the folder, so the variables of ENV that
name a mounted path are set to where it is here, as `docker run --env` would set them.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.program import SECONDS, Result, without_notices


@dataclass
class Image:
    """What the instructions of a Dockerfile come to. `runs` are the commands of RUN, for a shell."""

    root: Path
    runs: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    workdir: str = "/"
    volumes: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)

    def inside(self, path: str) -> Path:
        """Where a path of the container is here; a relative one begins at WORKDIR."""
        return self.root / (Path(self.workdir) / path).relative_to("/")

    def run(self, arguments: Sequence[str], mounts: Mapping[str, Path], environ: Mapping[str, str]) -> Result:
        """A container: ENTRYPOINT with the arguments, or with CMD where there are none."""
        environment = {**environ, "HOME": str(self.inside(f"/home/{self.user}")), **self.env}
        for name, value in self.env.items():
            for target, source in mounts.items():
                if value == target:
                    environment[name] = str(source)
        done = subprocess.run(
            [*self.entrypoint, *(arguments or self.cmd)],
            cwd=self.inside("."),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout, without_notices(done.stderr))


def build(dockerfile: str, context: Path, root: Path) -> Image:
    """The image. An instruction that is not known here is an AssertionError."""
    image = Image(root)
    for name, rest in _instructions(dockerfile):
        match name:
            case "FROM":
                assert rest.startswith("python:3.")
            case "COPY":
                _copy(image, context / rest.split()[0], rest.split()[1])
            case "RUN":
                image.runs.append(rest)
            case "USER":
                image.user = rest
            case "WORKDIR":
                image.workdir = rest
                image.inside(".").mkdir(parents=True)
            case "ENV":
                image.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "VOLUME":
                image.volumes.append(rest)
            case "ENTRYPOINT":
                image.entrypoint = json.loads(rest)
            case "CMD":
                image.cmd = json.loads(rest)
            case _:
                raise AssertionError(name)
    return image


def _instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    for line in dockerfile.replace("\\\n", " ").splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


def _copy(image: Image, source: Path, target: str) -> None:
    """A folder's contents into a folder, or a file into WORKDIR."""
    if source.is_dir():
        shutil.copytree(source, image.inside(target))
    else:
        shutil.copy(source, image.inside(target))
