"""Defects of libraries, with secrets in what they raise: the program tells the kind and the way, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import Program, Result
from tests.commands.given import connected
from tests.contract.given import Given
from tests.leaks import sentinels, shadow

ROOT = str(Path(__file__).parents[2])
CLIENT_SECRET = "amzn1.oa2-cs.v1.SENTINEL0SENTINEL1SENTINEL2"
ADD = (
    *("app", "add", "other", "--application-id", "amzn1.sp.solution.0a1b"),
    *("--client-id", "amzn1.application-oa2-client.0c1d", "--redirect-uri", "https://agency.example/relay"),
    *("--no-check", "--client-secret-stdin", "--json"),
)


@pytest.fixture(scope="module")
def shadowed(given: Given) -> str:
    connected(given.office)
    return str(shadow.write(given.folder))


def leaks(given: Given, result: Result) -> list[str]:
    secrets = sentinels.of(given.office) | {CLIENT_SECRET}
    told = {"stdout": result.stdout, "stderr": result.stderr}
    return sentinels.leaks(secrets, {**told, **sentinels.files(given.folder)})


@pytest.mark.parametrize("kind", ["RuntimeError", "GeneratorExit", "Sudden"])
def test_an_http_library_that_raises_what_it_should_send_leaks_nothing(given: Given, shadowed: str, kind: str) -> None:
    result = given.run("-v", "token", "-s", "acme", "-r", "eu", "--json", PYTHONPATH=shadowed, DEFECT=kind)

    assert (result.code, result.error()["code"]) == (1, "bug"), result
    assert result.error()["message"] == f"Internal error: {kind}."
    assert "/requests/__init__.py:" in result.stderr, "the way is told"
    assert leaks(given, result) == []


def test_a_defect_in_a_thread_leaks_nothing(given: Given, shadowed: str) -> None:
    result = given.run("-v", "verify", "-s", "acme", PYTHONPATH=shadowed, DEFECT="Sudden")

    assert result.code == 1
    assert "in labour" in result.stderr
    assert "/requests/__init__.py:" in result.stderr, "the way is told"
    assert leaks(given, result) == []


def test_a_defect_in_a_thread_that_nobody_waits_for_leaks_nothing(given: Given, tmp_path: Path) -> None:
    """The library is loaded aside, and the error of that is told by Python."""
    (tmp_path / "requests.py").write_text(f"raise RuntimeError({CLIENT_SECRET!r})\n")

    result = given.run("verify", "-s", "acme", PYTHONPATH=str(tmp_path))

    assert result.code == 1
    assert "requests.py:1 in <module>" in result.stderr
    assert leaks(given, result) == []


@pytest.mark.parametrize("backend", ["Tattling", "Abrupt", "Leaving"])
def test_a_keyring_that_raises_what_it_should_keep(given: Given, program: Program, backend: str) -> None:
    env = {"SP_CONNECT_STORE": "keyring", "PYTHON_KEYRING_BACKEND": f"tests.leaks.keyrings.{backend}"}

    result = program.run("-v", *ADD, stdin=CLIENT_SECRET, env=env | {"PYTHONPATH": ROOT})

    assert (result.code, result.error()["code"]) == (4, "store-unavailable"), result
    assert program.files() == {}
    assert leaks(given, result) == []


def test_a_python_that_fails_while_a_defect_is_told(given: Given, shadowed: str, tmp_path: Path) -> None:
    """Python tells an error in the telling of another with the text of both."""
    (tmp_path / "sitecustomize.py").write_text(
        "import json, sys\n"
        "dumps = json.dumps\n"
        "def failing(*values, **settings):\n"
        "    if sys.exc_info()[1] is not None: raise RuntimeError(f'{values} {sys.exc_info()}')\n"
        "    return dumps(*values, **settings)\n"
        "json.dumps = failing\n"
    )
    env = {"PYTHONPATH": f"{shadowed}:{tmp_path}", "DEFECT": "RuntimeError"}

    result = given.run("token", "-s", "acme", "-r", "eu", "--json", **env)

    assert result.code == 1
    assert "sitecustomize.py:4 in failing" in result.stderr
    assert leaks(given, result) == []
