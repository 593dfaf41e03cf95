"""The program may die at any of its calls: each record has its token, no connection is gone, the next run ends it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import figures
from tests.kills.bench import Bench, Given
from tests.kills.cases import CASES
from tests.kills.switch import Kill
from tests.kills.trial import Trial

WITH_VAULT = [name for name in CASES if not name.startswith("store move")]
WITH_KEYRING = ["connect again", "revoke", "rename", "import", "token", "store move vault", "store move keyring"]
"""The commands that are killed with a vault, and those that are with a real keyring."""

IN_TWO_STORES = ("keyring", "replace", "unlink", "rmdir", "Amazon")
"""The calls at which the latter are killed: files are written as with a vault, and a keyring answers slowly."""

SECONDS = 400
"""What one command may take on a machine that is busy with other things."""

pytestmark = pytest.mark.timeout(SECONDS)

Benches = Sequence[tuple[Bench, Given]]


@pytest.mark.parametrize("name", WITH_VAULT)
def test_killed_at_any_call_nothing_is_lost(sealed: Benches, name: str) -> None:
    kill_everywhere(sealed, name)


@pytest.mark.parametrize("name", WITH_KEYRING)
def test_killed_at_any_call_nothing_is_lost_with_a_real_keyring(ringed: Benches, name: str) -> None:
    kill_everywhere(ringed, name, IN_TWO_STORES)


def kill_everywhere(benches: Benches, name: str, where: Sequence[str] = ("",)) -> None:
    """Kills a command at each of its calls, on all benches at the same time."""
    trials = [Trial.prepare(bench, agency, CASES[name]) for bench, agency in benches]
    kills = list(trials[0].whole.kills(where))
    shares = [kills[first :: len(trials)] for first in range(len(trials))]
    with ThreadPoolExecutor(len(trials)) as workers:
        wrong = [one for found in workers.map(kill_each, trials, shares) for one in found]
    figures.record("kills", len(kills))
    assert not wrong, "\n".join([f"{len(wrong)} of {len(kills)} kills lost something", *wrong])


def kill_each(trial: Trial, kills: Sequence[Kill]) -> list[str]:
    """What was lost with each."""
    return [wrong for kill in kills if (wrong := trial.kill(kill)) is not None]
