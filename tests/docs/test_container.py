"""The Dockerfile of docs/scripts.md and the commands beside it, without Docker: see tests/docs/container.py.

The commands of RUN would change this machine. They are run by a shell that has nothing but programs which write
down how they were called.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.cli.program import Result
from tests.docs import page
from tests.docs.container import Image, build
from tests.docs.machine import OF_ACME, Machine, countries

ROOT = Path(__file__).parents[2]
BUILD, RUN = (shlex.split(command) for command in page.DOCKER.replace("\\\n", " ").splitlines())
MOUNTED = [RUN[at + 1] for at, word in enumerate(RUN) if word == "--volume"]


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """What `docker build` makes of the folder that the page describes."""
    context = tmp_path / "context"
    shutil.copytree(ROOT / "sp_connect", context / "sp-connect" / "sp_connect")
    shutil.copy(ROOT / "pyproject.toml", context / "sp-connect")
    (context / "report.py").write_text(page.REPORT_PY, encoding="utf-8")
    return build(page.DOCKERFILE, context, tmp_path / "image")


def run(image: Image, machine: Machine, *arguments: str) -> Result:
    """`docker run` as on the page, with what the machine holds behind its volumes."""
    behind = {
        "sp-connect": machine.home / "sp-connect",
        "/etc/sp-connect/passphrase": machine.home / ".config/sp-connect.passphrase",
    }
    mounts = {target: behind[source] for source, target, *_ in (mount.split(":") for mount in MOUNTED)}
    environ = machine.environment()
    return image.run(arguments, mounts, environ | {"PATH": f"{machine.home}/.local/bin:{environ['PATH']}"})


def test_the_commands_name_one_image_and_end_with_it() -> None:
    docker, build_, _, tag, context = BUILD

    assert (docker, build_, tag, context) == ("docker", "build", RUN[-1], ".")
    assert RUN[:2] == ["docker", "run"]


def test_what_is_installed_is_this_and_the_library(image: Image, tmp_path: Path) -> None:
    called = calls_of(image, tmp_path)

    [pip] = [words for words in called if words[0] == "pip"]
    path, library = (word for word in pip[2:] if not word.startswith("-"))
    assert (image.inside(path) / "pyproject.toml").is_file()
    assert distribution(library).version


def test_the_user_is_made_and_owns_the_volume(image: Image, tmp_path: Path) -> None:
    called = calls_of(image, tmp_path)

    [useradd] = [words for words in called if words[0] == "useradd"]
    [install] = [words for words in called if words[0] == "install"]
    assert useradd[-1] == image.user != "root"
    assert {f"--owner={image.user}", "--mode=700"} <= set(install)
    assert [install[-1]] == image.volumes == [image.env["SP_CONNECT_HOME"]]
    assert image.workdir == f"/home/{image.user}"


def test_what_is_mounted_is_where_the_variables_say() -> None:
    targets = {mount.split(":")[1] for mount in MOUNTED}

    assert all(f"={target}" in page.DOCKERFILE for target in targets)
    assert len(targets) == 2


def test_a_run_prints_the_report(image: Image, machine: Machine) -> None:
    result = run(image, machine)

    assert (result.code, result.stderr) == (0, "")
    assert countries(result) == OF_ACME


def test_what_follows_the_image_goes_to_the_program(image: Image, machine: Machine) -> None:
    assert run(image, machine, "list", "--json").json()[0]["seller"] == "acme"
    assert run(image, machine, *image.cmd[:6], "sh", "-c", "exit 9").code == 9


def test_a_client_that_amazon_refuses_ends_the_container_with_3(image: Image, machine: Machine) -> None:
    machine.end_at_amazon("A2EXAMPLE1234")

    result = run(image, machine)

    assert (result.code, result.stdout) == (3, "")


def test_without_the_passphrase_the_container_ends_with_4(image: Image, machine: Machine) -> None:
    (machine.home / ".config/sp-connect.passphrase").unlink()

    result = run(image, machine)

    assert (result.code, result.stdout) == (4, "")
    assert "passphrase file" in result.stderr


def calls_of(image: Image, folder: Path) -> list[list[str]]:
    """What the commands of RUN called, as /bin/sh understands them."""
    programs = folder / "programs"
    programs.mkdir()
    for name in ("pip", "useradd", "install"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{folder}/calls\n', encoding="utf-8")
        (programs / name).chmod(0o700)
    for command in image.runs:
        subprocess.run(["/bin/sh", "-e", "-c", command], env={"PATH": str(programs)}, check=True, timeout=30)
    return [line.split() for line in (folder / "calls").read_text(encoding="utf-8").splitlines()]
