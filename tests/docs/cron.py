"""A crontab as Debian's cron reads and runs it: crontab(5), and cron 3.0pl1 itself was watched at it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cli.program import SECONDS, Result, without_notices

SETTING = re.compile(r"\s*(\w+)\s*=\s*(.*)")
JOB = re.compile(r"\s*(?:[\d*/,-]+\s+){5}(.*)")


@dataclass(frozen=True)
class Job:
    """One line: the command, what it reads, and the settings above it."""

    command: str
    stdin: str
    settings: dict[str, str]

    def run(self, home: Path) -> Result:
        """One run. What it prints on either stream is what cron would mail, where Amazon is the real one."""
        given = {"HOME": str(home), "LOGNAME": "agency", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
        environment = given | self.settings
        done = subprocess.run(
            [environment["SHELL"], "-c", self.command],
            cwd=environment["HOME"],
            env=environment,
            input=self.stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Result(done.returncode, done.stdout, without_notices(done.stderr))


def jobs(crontab: str) -> list[Job]:
    """The jobs of a crontab. A line that cron would refuse is an AssertionError."""
    found, settings = [], {}
    for line in crontab.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if setting := SETTING.fullmatch(line):
            settings[setting[1]] = setting[2].strip().strip("'\"")
            continue
        job = JOB.fullmatch(line)
        assert job is not None, line
        # The first % ends the command and begins its input, whose lines end at the next ones; \% is a %.
        command, *lines = (part.replace("\\%", "%") for part in re.split(r"(?<!\\)%", job[1]))
        found.append(Job(command, "".join(f"{line}\n" for line in lines), dict(settings)))
    return found
