"""Windows are a workspace's and the database's: no number of keys, and no clock of a process, makes more of them."""

import asyncio
from datetime import timedelta

import pytest

from billing.admission import Granted
from billing.gate import Gate
from kernel import clock
from tests.billing import rows

from .test_admission import ask
from .test_gate import verdicts, with_gate

pytestmark = pytest.mark.usefixtures("committed")
KEYS, CALLS, CAP = 20, 10, 60


def test_twenty_keys_have_one_cap_between_them() -> None:
    workspace = rows.workspace()

    async def work(gate: Gate) -> None:
        caps = {"minute_cap": None, "hour_cap": None, "day_cap": CAP}
        asks = [
            ask(workspace_id=workspace, api_key_id=key, hold=0, **caps)
            for _ in range(CALLS)
            for key in range(1, KEYS + 1)
        ]
        found = await verdicts(gate, asks)
        assert sum(isinstance(verdict, Granted) for verdict in found) == CAP
        # A key that was made since has no more than what is left.
        new = await verdicts(gate, [ask(workspace_id=workspace, api_key_id=KEYS + 1, hold=0, **caps)])
        assert new == ["DAILY_REQUEST_LIMIT_EXCEEDED"]

    with_gate(work)
    assert rows.account(workspace)["day_count"] == CAP


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(minutes=-5)])
def test_a_process_whose_clock_is_off_counts_in_the_same_windows(
    by: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, real, minutes = rows.workspace(), clock.now, clock.minute_number
    ahead = by // timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: real() + by)
    monkeypatch.setattr(clock, "minute_number", lambda seconds=None: minutes(seconds) + ahead)

    async def work(gate: Gate) -> None:
        caps = {"minute_cap": None, "hour_cap": None, "day_cap": None}
        before = minutes()
        granted = await asyncio.gather(
            *(gate.admit(ask(workspace_id=workspace, hold=0, **caps)) for _ in range(3))
        )
        assert {each.minute_no for each in granted} <= {before, minutes()}

    with_gate(work)
