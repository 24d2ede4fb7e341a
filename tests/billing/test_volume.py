"""A volume of requests: stretches without gaps from the first to now, and in each what was made, failed and refused."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing import rollup, volume
from kernel import clock
from tests.billing import rows
from tests.billing.statements.used import model

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 14, 7, tzinfo=UTC)
QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_seven_past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def settled(workspace: int, at: datetime, number: int = 1, **columns: Any) -> None:
    for _ in range(number):
        rows.settle(workspace, minute_no=clock.minute_number(at.timestamp()), recorded_at=at, **columns)
    rollup.close(workspace)
    rollup.post(workspace)


def refused(workspace: int, at: datetime, number: int, *, key: int = 1, named: str = "") -> None:
    rows.run(
        "INSERT INTO billing_refusal_count (workspace_id, minute_no, api_key_id, model, code, refusals)"
        " VALUES (%s, %s, %s, %s, 'CREDITS_HELD', %s)",
        *(workspace, clock.minute_number(at.timestamp()), key, named, number),
    )


@pytest.mark.parametrize(
    ("span", "step", "bars"),
    [
        (DAY, QUARTER, 97),
        (2 * DAY + HOUR, QUARTER, 197),
        (2 * DAY + HOUR + timedelta(seconds=1), HOUR, 50),
        (8 * DAY, HOUR, 193),
        (8 * DAY + timedelta(seconds=1), DAY, 9),
        (199 * DAY, DAY, 200),
        (300 * DAY, DAY, 200),
    ],
)
def test_a_time_is_told_in_quarters_hours_or_days(span: timedelta, step: timedelta, bars: int) -> None:
    found = volume.posted(NOW - span, NOW).volume()
    assert (found.step, len(found.bars)) == (step, bars)
    begins = [bar.begins for bar in found.bars]
    assert begins[0] <= NOW - span < begins[0] + step
    assert [later - bar for bar, later in itertools.pairwise(begins)] == [step] * (bars - 1)
    assert begins[0].timestamp() % step.total_seconds() == 0


def test_a_time_that_has_not_begun_is_one_stretch_and_one_that_goes_on_ends_now() -> None:
    assert len(volume.posted(NOW + DAY, NOW + 2 * DAY).volume().bars) == 1
    ahead = volume.posted(NOW - HOUR, NOW + HOUR).volume()
    assert (len(ahead.bars), ahead.bars[-1].begins) == (5, NOW - timedelta(minutes=7))


@pytest.mark.parametrize("span", [DAY, 5 * DAY, 20 * DAY])
def test_each_request_is_in_the_stretch_of_its_moment(span: timedelta) -> None:
    workspace = rows.workspace()
    made = volume.posted(NOW - span, NOW, workspace_id=workspace)
    first, last = made.first, made.first + (made.bars - 1) * made.step
    settled(workspace, first - timedelta(minutes=1), 1, cost=1_000)
    settled(workspace, first, 2, cost=10)
    settled(workspace, first + made.step - timedelta(minutes=1), 1, cost=1, status="failed")
    settled(workspace, first + made.step, 3, cost=100)
    settled(workspace, last, 5)
    for at, number in ((first - timedelta(minutes=1), 100), (first, 10), (first + made.step, 7), (last, 9)):
        refused(workspace, at, number)
    found = volume.posted(NOW - span, NOW, workspace_id=workspace)
    told = {place: (bar.made, bar.failed, bar.refused) for place, bar in enumerate(found.volume().bars)}
    assert {place: each for place, each in told.items() if any(each)} == {
        0: (3, 1, 10),
        1: (3, 0, 7),
        made.bars - 1: (5, 0, 9),
    }
    assert (found.volume().made, found.volume().failed, found.volume().refused) == (11, 1, 26)
    assert found.volume().cost == 321
    assert found.within == 8


def test_a_time_that_is_over_leaves_out_the_stretch_that_it_ends_in() -> None:
    workspace = rows.workspace()
    begins, ends = NOW - 10 * HOUR, NOW - 5 * HOUR
    for back, number in ((10, 1), (9, 2), (5, 4)):
        settled(workspace, NOW - back * HOUR, number)
    found = volume.posted(begins, ends, workspace_id=workspace)
    assert (found.within, found.volume().made) == (2, 7)
    ends_with_a_stretch = volume.posted(begins, ends + timedelta(minutes=8), workspace_id=workspace)
    assert (ends_with_a_stretch.within, ends_with_a_stretch.volume().made) == (6, 7)


def test_is_of_what_is_named() -> None:
    workspace, one = rows.workspace(), model("sandbox/one")
    at = NOW - HOUR
    settled(workspace, at, 1, api_key_id=3, model_id=one, provider_id=8)
    settled(workspace, at, 2, api_key_id=4, model_id=one, provider_id=9)
    settled(workspace, at, 4, api_key_id=4, model_id=one + 1, provider_id=9)
    refused(workspace, at, 10, key=3, named="sandbox/one")
    refused(workspace, at, 20, key=4, named="sandbox/one")
    refused(workspace, at, 40, key=4)

    def told(**only: int) -> tuple[int, int]:
        found = volume.posted(NOW - DAY, NOW, workspace_id=workspace, **only).volume()
        return found.made, found.refused

    assert told() == (7, 70)
    assert told(api_key_id=4) == (6, 60)
    assert told(model_id=one) == (3, 30)
    assert told(model_id=one, api_key_id=3) == (1, 10)
    assert told(provider_id=9) == (6, 0)  # who was refused reached no upstream
    other = rows.workspace()
    assert volume.posted(NOW - DAY, NOW, workspace_id=other).volume().refused == 0
