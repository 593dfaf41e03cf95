"""docs/scripts.md: its set-up, shell script and crontab, run as they are written on a machine of their own."""

from __future__ import annotations

import fcntl
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sp_connect.simulator.faults import Fault
from tests.cli.program import Result
from tests.docs import cron, guides, page
from tests.docs.machine import OF_ACME, Machine

ACME_EU = f"acme eu: {' '.join(OF_ACME)}\n"


class TestPage:
    def test_what_it_links_to_is_there(self) -> None:
        files = [link.partition("#")[0] for link in page.PAGE.links() if not link.startswith("#")]

        assert files
        assert [name for name in files if not (guides.FOLDER / name).is_file()] == []

    def test_the_variables_of_its_table_are_those_that_exec_sets(self, machine: Machine) -> None:
        told = {name for cell in page.PAGE.first_column("variable") for name in cell.replace("`", "").split(", ")}
        before = machine.typed("env").stdout
        under_exec = machine.typed("sp-connect exec --seller acme --region eu -- env").stdout

        added = {line.partition("=")[0] for line in under_exec.splitlines()}
        added -= {line.partition("=")[0] for line in before.splitlines()}

        assert added - {"SP_CONNECT_AMAZON_URL"} == told


class TestSetUp:
    def test_the_passphrase_and_all_else_is_for_the_user_alone(self, machine: Machine) -> None:
        paths = [machine.home / ".config/sp-connect.passphrase", *(machine.home / "sp-connect").rglob("*")]

        assert [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077] == []

    def test_a_second_time_it_keeps_the_passphrase(self, machine: Machine) -> None:
        before = (machine.home / ".config/sp-connect.passphrase").read_text()

        again = machine.shell(page.SET_UP)

        assert (machine.home / ".config/sp-connect.passphrase").read_text() == before
        assert ".config/sp-connect.passphrase" in again.stderr

    def test_the_passphrase_is_32_bytes_of_chance(self, machine: Machine) -> None:
        assert len((machine.home / ".config/sp-connect.passphrase").read_text()) == 45


class TestShell:
    @pytest.fixture
    def report(self, machine: Machine) -> str:
        machine.put("report.sh", page.REPORT_SH)
        return "./report.sh"

    def test_one_call_prints_what_amazon_answers(self, machine: Machine) -> None:
        result = machine.typed(page.ONE_CALL)

        assert (result.code, result.stderr) == (0, "")
        assert [entry["marketplace"]["countryCode"] for entry in result.json()["payload"]] == OF_ACME

    def test_the_report_has_a_line_for_each_client(self, machine: Machine, report: str) -> None:
        machine.connect("acme", "fe", "JP")
        machine.connect("berlin", "eu")

        result = machine.typed(report)

        assert (result.code, result.stderr) == (0, "")
        assert result.stdout.startswith(f"{ACME_EU}acme fe JP: JP\nberlin eu: ")
        assert result.stdout.count("\n") == 3

    def test_the_report_of_nobody_is_empty(self, machine: Machine, report: str) -> None:
        assert machine.typed("sp-connect --quiet revoke --seller acme --region eu --yes").code == 0

        assert machine.typed(report) == Result(0, "", "")

    def test_a_client_that_amazon_refuses_is_left_out_and_told(self, machine: Machine, report: str) -> None:
        machine.end_at_amazon(machine.connect("berlin", "eu"))
        machine.connect("acme", "fe", "JP")

        result = machine.typed(report)

        assert result.code == 3
        assert result.stdout == f"{ACME_EU}acme fe JP: JP\n"
        assert "error: Amazon refuses the token of berlin in Europe & India" in result.stderr
        assert "berlin eu: left out until somebody has looked\n" in result.stderr

    def test_a_client_whose_call_fails_is_left_out_this_time(self, machine: Machine, report: str) -> None:
        machine.connect("acme", "fe", "JP")
        machine.amazon.faults.add(Fault("sellers", "status", status=403, times=1))

        result = machine.typed(report)

        assert (result.code, result.stdout) == (5, "acme fe JP: JP\n")
        assert "acme eu: left out this time\n" in result.stderr

    @pytest.mark.parametrize("code", [3, 4])
    def test_what_curl_ends_with_is_not_taken_for_ours(self, machine: Machine, report: str, code: int) -> None:
        machine.put(".local/bin/curl", f"#!/bin/sh\nexit {code}\n")

        result = machine.typed(report)

        assert (result.code, result.stdout) == (5, "")
        assert result.stderr == "acme eu: left out this time\n"

    def test_without_the_passphrase_it_stops_at_once(self, machine: Machine, report: str) -> None:
        machine.connect("berlin", "eu")
        (machine.home / ".config/sp-connect.passphrase").unlink()

        result = machine.typed(report)

        assert (result.code, result.stdout) == (4, "")
        assert result.stderr.count("error: ") == 1

    @pytest.mark.parametrize("script", [page.ONE_CALL, page.REPORT_SH], ids=["one call", "report"])
    def test_no_program_has_a_secret_among_its_arguments(self, machine: Machine, script: str) -> None:
        for name in ("curl", "jq", "bash", "sh"):
            found = shutil.which(name)
            machine.put(f".local/bin/{name}", f'#!/bin/sh\necho "$0 $@" >>~/arguments\nexec {found} "$@"\n')
        machine.put("script", script)

        result = machine.typed("bash ./script")

        arguments = (machine.home / "arguments").read_text(encoding="utf-8")
        assert result.code == 0, result.stderr
        assert "/curl --silent" in arguments
        assert [secret for secret in ("Atza|", "Atzr|", "oa2-cs") if secret in arguments] == []


class TestCron:
    """Each line in the environment that cron gives, and in no other."""

    def test_all_is_well_and_nothing_is_mailed(self, machine: Machine) -> None:
        check, _ = cron.jobs(page.CRONTAB)

        assert check.run(machine.home) == Result(0, "", "")
        assert check.settings == {"MAILTO": "you@agency.example"}

    def test_a_client_that_amazon_refuses_is_mailed(self, machine: Machine) -> None:
        machine.end_at_amazon(machine.connect("berlin", "eu"))
        check, _ = cron.jobs(page.CRONTAB)

        result = check.run(machine.home)

        assert (result.code, result.stdout) == (3, "")
        assert "error: Amazon refuses the token of berlin in Europe & India" in result.stderr
        assert "sp-connect connect --seller berlin --region eu" in result.stderr

    def test_an_authorization_that_ends_soon_is_mailed(self, machine: Machine) -> None:
        consented = datetime.now(UTC).date() - timedelta(days=350)
        machine.connect("berlin", "eu", authorized_at=consented.isoformat())
        check, _ = cron.jobs(page.CRONTAB)

        result = check.run(machine.home)

        assert (result.code, result.stdout) == (3, "")
        assert "berlin in Europe & India ends within 30 days" in result.stderr

    def test_without_the_vault_there_is_no_keyring(self, machine: Machine) -> None:
        check = "SP_CONNECT_HOME=~/sp-connect ~/.local/bin/sp-connect token --seller acme --region eu"

        result = cron.Job(check, "", {}).run(machine.home)

        assert (result.code, result.stdout) == (4, "")
        assert "SP_CONNECT_STORE=vault" in result.stderr

    def test_the_report_is_kept_under_its_day(self, machine: Machine) -> None:
        machine.put("report.sh", page.REPORT_SH)
        _, report = cron.jobs(page.CRONTAB)

        result = report.run(machine.home)

        assert result == Result(0, "", "")
        [kept] = machine.home.glob("report-[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9].txt")
        assert kept.read_text() == ACME_EU

    def test_the_report_does_not_run_while_another_does(self, machine: Machine) -> None:
        machine.put("report.sh", "#!/bin/sh\necho line\n")
        _, report = cron.jobs(page.CRONTAB)
        report.run(machine.home)
        with (machine.home / "report.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)

            result = report.run(machine.home)

        assert result == Result(1, "", "")
        assert "".join(path.read_text() for path in machine.home.glob("report-*.txt")) == "line\n"

    def test_a_percent_sign_ends_a_command_as_cron_has_it(self, tmp_path: Path) -> None:
        [job] = cron.jobs(r"* * * * * echo 100\%; cat%one%two")

        assert job.run(tmp_path).stdout == "100%\none\ntwo\n"
