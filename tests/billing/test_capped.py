"""What is remembered of refusals: for a second, for the same cap, and never wrongly for a request that would fit."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.admission import Ask, Granted, Refused
from billing.capped import Capped
from billing.gate import Gate
from kernel import clock, ids

from . import rows
from .test_admission import ask
from .test_gate import settlement, verdicts, with_gate


def refused(code: str = "MINUTE_REQUEST_LIMIT_EXCEEDED", limit: int = 10) -> Refused:
    return Refused(code, limit=limit, used=10, resets_at=clock.now() + timedelta(seconds=30))


class Seconds:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_is_told_again_for_a_second() -> None:
    seconds = Seconds()
    capped = Capped(seconds=seconds)
    capped.note(ask(), refused())
    again = capped.refusal(ask())
    assert again is not None
    assert (again.code, again.limit, again.used) == ("MINUTE_REQUEST_LIMIT_EXCEEDED", 10, 10)
    assert again.resets_at is not None
    seconds.now += 1
    assert capped.refusal(ask()) is None


@pytest.mark.parametrize(
    "other",
    [
        ask(workspace_id=2),
        ask(weight=4),
        ask(minute_cap=11),
        ask(minute_cap=None),
    ],
)
def test_says_nothing_of_what_might_fit(other: Ask) -> None:
    capped = Capped()
    capped.note(ask(weight=5), refused())
    assert capped.refusal(other) is None
    assert capped.refusal(ask(weight=5)) is not None


@pytest.mark.parametrize(
    "code",
    ["CONCURRENT_STREAM_LIMIT_EXCEEDED", "CREDITS_HELD", "INSUFFICIENT_CREDITS", "WORKSPACE_SUSPENDED"],
)
def test_what_may_change_at_once_is_not_remembered(code: str) -> None:
    capped = Capped()
    capped.note(ask(), refused(code))
    assert capped.refusal(ask()) is None


def test_ends_with_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    capped, over, ends = Capped(seconds=Seconds()), refused(), clock.now()
    over.resets_at = ends
    capped.note(ask(), over)
    for since, told in ((timedelta(microseconds=-1), True), (timedelta(0), False)):
        monkeypatch.setattr(clock, "now", lambda since=since: ends + since)
        assert (capped.refusal(ask()) is not None) == told


def test_of_ten_thousand_workspaces_a_refusal_is_remembered_and_then_it_begins_anew() -> None:
    capped, mine, over = Capped(seconds=Seconds()), ask(), refused()
    for workspace in range(10_000):
        capped.note(replace(mine, workspace_id=workspace), over)
    assert capped.refusal(replace(mine, workspace_id=0)) is not None
    capped.note(replace(mine, workspace_id=10_000), over)
    assert capped.refusal(replace(mine, workspace_id=0)) is None
    assert capped.refusal(replace(mine, workspace_id=10_000)) is not None


def test_units_that_came_back_are_asked_for_again() -> None:
    capped = Capped()
    capped.note(ask(), refused())
    capped.forget(1)
    assert capped.refusal(ask()) is None


@pytest.mark.usefixtures("committed")
def test_a_flood_beyond_a_cap_asks_no_database() -> None:
    workspace = rows.workspace()
    mine = ask(workspace_id=workspace, minute_cap=None, hour_cap=None, day_cap=2)

    async def unreachable(item: Ask) -> Granted:
        raise AssertionError("the database was asked")

    def fresh() -> Ask:
        return replace(mine, request_id=ids.request_id())

    async def work(gate: Gate) -> None:
        gate._capped = Capped(seconds=Seconds())  # all within the second, however slow the machine is
        first = await verdicts(gate, [fresh(), fresh(), fresh()])
        assert [verdict for verdict in first if isinstance(verdict, str)] == ["DAILY_REQUEST_LIMIT_EXCEEDED"]
        gate._admissions.submit = unreachable  # type: ignore[method-assign]
        assert set(await verdicts(gate, [fresh() for _ in range(500)])) == {"DAILY_REQUEST_LIMIT_EXCEEDED"}

    with_gate(work)


@pytest.mark.usefixtures("committed")
def test_a_unit_given_back_can_be_taken_at_once() -> None:
    workspace = rows.workspace()
    mine = ask(workspace_id=workspace, minute_cap=None, hour_cap=None, day_cap=1)
    again = replace(mine, request_id=ids.request_id())

    async def work(gate: Gate) -> None:
        await gate.admit(mine)
        assert await verdicts(gate, [again]) == ["DAILY_REQUEST_LIMIT_EXCEEDED"]
        await gate.settle(settlement(mine.request_id, workspace, returned=1, cost=0))
        (verdict,) = await verdicts(gate, [again])
        assert isinstance(verdict, Granted)

    with_gate(work)
