"""The bars: every request in one of them, by all conditions where they are few, by sums where they are many."""

from datetime import timedelta

import pytest

from billing import rollup
from billing.logs import bars
from billing.logs.bars import Bars
from billing.logs.drawing import drawn
from tests.billing import rows
from tests.billing.logs.listing import ago, asked, refuse, settle, sought

pytestmark = pytest.mark.django_db
INSTANT = timedelta(microseconds=1)


def read(workspace: int, address: str = "") -> Bars:
    return bars.bars(workspace, sought(address), asked(workspace, address))


def busy() -> int:
    workspace = rows.workspace()
    for minutes in (1, 1, 30, 59):
        settle(workspace, ago(minutes=minutes), cost=5)
    settle(workspace, ago(minutes=10), status="failed")
    refuse(workspace, ago(minutes=20))
    refuse(workspace, ago(minutes=20))
    request = settle(workspace, ago(minutes=5), cost=9)
    settle(workspace, ago(minutes=4), request_id=request, rev=1, cost=-2)
    return workspace


@pytest.mark.parametrize(("address", "number"), [("", 60), ("range=24h", 96), ("range=7d", 168)])
def test_bars_hold_every_request_once(address: str, number: int) -> None:
    found = read(busy(), address)
    assert number <= len(found.bars) <= number + 1
    assert (found.made, found.failed, found.refused, found.cost) == (6, 1, 2, 27)
    assert found.counted


def test_bars_of_a_month_are_days_of_the_zone() -> None:
    workspace = busy()
    narrow = sought("range=30d", zone="Asia/Kolkata")
    found = bars.bars(workspace, narrow, asked(workspace, "range=30d"))
    assert {bar.begins.hour for bar in found.bars[1:]} == {0}
    assert {str(bar.begins.tzinfo) for bar in found.bars} == {"Asia/Kolkata"}


def test_bars_heed_every_condition() -> None:
    workspace = busy()
    assert (read(workspace, "status=failed").made, read(workspace, "status=failed").refused) == (1, 0)
    assert (read(workspace, "cost=0.000000009").cost, read(workspace, "status=refused").made) == (9, 0)
    assert read(workspace, "status=refused").refused == 2


def test_bars_of_more_than_are_counted_are_of_sums_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "COUNTED", 5)
    workspace = busy()
    rollup.close(workspace)
    rollup.post(workspace)
    found = read(workspace, "range=24h&status=failed")
    assert not found.counted
    assert (found.made, found.failed, found.refused, found.cost) == (6, 1, 2, 27)


def test_bars_are_counted_where_too_many_ended_but_after_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "COUNTED", 5)
    workspace, hour = rows.workspace(), ago(days=1).replace(minute=0, second=0, microsecond=0)
    for minutes in (10, 40, 40, 40, 40, 40, 40):
        settle(workspace, hour + timedelta(minutes=minutes))
    rollup.close(workspace)
    rollup.post(workspace)
    begins, ends = hour - timedelta(days=3), hour + timedelta(minutes=20)
    found = read(workspace, f"range=span&from={begins:%Y-%m-%dT%H:%M}&to={ends:%Y-%m-%dT%H:%M}")
    assert (found.counted, found.made) == (True, 1)


def test_bars_of_a_charge_are_one_and_all_of_it() -> None:
    workspace = busy()
    rollup.close(workspace)
    settle(workspace, ago(minutes=1), cost=1_000)
    assert [read(workspace, f"charge={number}").cost for number in (1, 2, 3)] == [27, 1_000, 0]


def test_bars_are_drawn_from_the_ground_and_none_is_lost_to_sight() -> None:
    workspace, then = rows.workspace(), ago(minutes=1)  # one moment: a minute may end while 300 are written
    for _ in range(300):
        settle(workspace, then)
    settle(workspace, then, status="failed")
    chart = drawn(read(workspace), sought())
    [blocks] = [column.blocks for column in chart.columns if len(column.blocks) > 1]
    assert [block.kind for block in blocks] == ["made", "failed"]
    assert float(blocks[1].height) >= 3
    assert all(float(block.y) >= 0 for block in blocks)
    assert [(kind, path.count("M")) for kind, path in chart.paths] == [("made", 1), ("failed", 1)]
    assert "301 let in, 1 of them failed, 0 refused" in chart.words


def test_bars_begin_with_their_first_moment_and_end_before_their_last() -> None:
    workspace, begins = rows.workspace(), ago(hours=2).replace(second=0, microsecond=0)
    ends = begins + timedelta(minutes=30)
    for moment in (begins - INSTANT, begins, ends - INSTANT, ends):
        settle(workspace, moment)
        refuse(workspace, moment)
    found = read(workspace, f"range=span&from={begins:%Y-%m-%dT%H:%M}&to={ends:%Y-%m-%dT%H:%M}")
    assert (found.made, found.refused) == (2, 2)
    assert [bar.made for bar in found.bars if bar.made] == [1, 1]
    assert found.bars[0].made == found.bars[-1].made == 1


def test_bars_of_a_charge_are_counted_where_few_are_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "COUNTED", 5)
    workspace = rows.workspace()
    for number in (3, 4):
        for _ in range(number):
            settle(workspace, ago(minutes=3), cost=1)
        rollup.close(workspace)
        rollup.post(workspace)
    found = read(workspace, "charge=1")
    assert (found.counted, found.made, found.cost) == (True, 3, 3)
