"""What is done though the disk did not confirm it is said to be done, and nothing of it is taken back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.agency import Agency, writing
from tests.cli.program import PROGRAM, SECONDS, Program, Result
from tests.commands.given import connected

pytestmark = pytest.mark.slow


def run_on_a_disk_that_confirms_nothing(program: Program, folder: Path, *arguments: str) -> Result:
    """A run in which the system says that new names in `folder` did not get to the disk."""
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt-get install strace")
    failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(folder), "-e", "inject=fsync:error=EIO"]
    done = subprocess.run(
        [*failing, str(PROGRAM), *arguments],
        env=program.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Result(done.returncode, done.stdout, " ".join(done.stderr.split()))


def test_a_rename_holds_and_says_so(staffed: Program, office: Agency) -> None:
    connected(office)

    result = run_on_a_disk_that_confirms_nothing(staffed, office.folder / "connections", "rename", "acme", "other")

    assert result.code == 4
    assert "Renamed acme to other (1 connection)." in result.stderr
    path = office.folder / "connections" / "other.toml"
    assert f"{path} is written, but the disk did not confirm it (the disk fails): a power cut" in result.stderr
    assert "hint: test the disk: sp-connect doctor" in result.stderr
    assert [one["seller"] for one in staffed.run("list", "--json").json()] == ["other"]
    assert staffed.run("token", "-s", "other", "-r", "eu").code == 0


def test_the_secret_before_is_kept_until_the_next_run(staffed: Program, office: Agency) -> None:
    before = connected(office)

    run_on_a_disk_that_confirms_nothing(staffed, office.folder / "connections", "rename", "acme", "other")

    assert office.runtime.secrets.fetch(before.secret_name), "a power cut may have brought its record back"
    with writing(office.runtime):
        assert office.runtime.changes.unfinished() == ()


def test_a_new_passphrase_holds_and_says_so(staffed: Program, office: Agency, tmp_path: Path) -> None:
    connected(office)
    (tmp_path / "new").write_text("new horse")
    changed = ("store", "passphrase", "--new-passphrase-file", str(tmp_path / "new"))

    result = run_on_a_disk_that_confirms_nothing(staffed, office.folder / "vault", *changed)

    assert result.code == 4
    assert "The vault has its new passphrase." in result.stderr
    assert f"{office.folder}/vault/vault.toml is written, but the disk did not confirm it" in result.stderr
    assert staffed.run("verify", env={"SP_CONNECT_PASSPHRASE": "new horse"}).code == 0


def test_a_report_is_there_and_says_so(staffed: Program, office: Agency, tmp_path: Path) -> None:
    connected(office)
    (tmp_path / "reports").mkdir()
    path = tmp_path / "reports" / "report.html"

    result = run_on_a_disk_that_confirms_nothing(staffed, path.parent, "list", "--html", str(path))

    assert result.code == 4
    assert f"{path} is written, but the disk did not confirm it" in result.stderr
    assert path.read_text().endswith("</html>\n")


def test_no_consent_is_asked_for_on_such_a_disk(staffed: Program, office: Agency) -> None:
    connected(office, "bravo")
    asked = ("connect", "-s", "acme", "-r", "eu", "--no-browser", "--timeout", "5")

    result = run_on_a_disk_that_confirms_nothing(staffed, office.folder / "connections", *asked)

    assert result.code == 4
    assert "connections could not be written: the disk fails." in result.stderr
