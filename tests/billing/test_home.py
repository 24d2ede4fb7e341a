"""What Home tells of a workspace's money: how long it lasts, what runs, and the days it is set beside."""

import pytest

from accounts.models import Workspace
from billing import home
from billing.statements import Balance
from kernel import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db
DAY = clock.MINUTES_PER_DAY
CENT = 10_000_000


def shown(workspace: int, chosen: str = "30d") -> home.Home:
    return home.home(Workspace.objects.get(pk=workspace), chosen=home.RANGES[chosen])


def test_what_is_left_lasts_as_at_the_pace_of_the_last_seven_full_days() -> None:
    workspace = rows.workspace()
    rows.fund(workspace, 100 * CENT)
    rows.settle(workspace, cost=50 * CENT)
    assert shown(workspace).runway is None  # today is no full day
    rows.settle(workspace, cost=CENT, minute_no=clock.minute_number() - 8 * DAY)
    assert shown(workspace).runway is None
    for back in (1, 7):
        rows.settle(workspace, cost=CENT, minute_no=clock.minute_number() - back * DAY)
    runway = shown(workspace).runway
    assert runway is not None
    assert runway.days == (100 - 50 - 3) * 7 // 2


def test_thirty_days_are_set_beside_the_thirty_before_and_end_today() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=3 * CENT)
    rows.settle(workspace, cost=2 * CENT, minute_no=clock.minute_number() - 59 * DAY)
    rows.settle(workspace, cost=CENT, minute_no=clock.minute_number() - 60 * DAY)
    found = shown(workspace)
    assert (found.last_day, found.spent_today) == (clock.utc_day(clock.now()), 3 * CENT)
    assert [tile.earlier_money for tile in found.tiles if tile.earlier_money is not None] == [2 * CENT]


@pytest.mark.parametrize(
    ("held", "available", "width"),
    [(0, 10, 0), (0, 0, 0), (5, -5, 0), (5, -6, 0), (1, 999, 1), (5, 5, 50), (5, -2, 100), (5, 0, 100)],
)
def test_what_runs_is_drawn_as_its_part_of_what_is_not_used_up(held: int, available: int, width: int) -> None:
    balance = Balance(posted=0, unbilled=0, held=held, withheld=0, available=available, open_requests=0)
    assert home._held_width(balance) == width
