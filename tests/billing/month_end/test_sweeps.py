"""Which months are counted when."""

from datetime import timedelta

import pytest

from billing.models import BookMonth
from billing.month_end import sweeps, tasks
from billing.paper.months import Month
from kernel import clock
from tests.billing import rows

pytestmark = pytest.mark.django_db


def test_every_month_from_the_first_movement_on_is_counted_and_then_rests() -> None:
    rows.fund(rows.workspace(), 10**9)
    now = clock.now()
    BookMonth.objects.create(first=Month.of(clock.utc_day(now - timedelta(days=70))).first)
    assert sweeps.count_due(now, seconds=-1) == 0  # there is no time left
    assert sweeps.count_due(now, seconds=60) >= 3
    assert BookMonth.objects.filter(counted_at=None).count() == 0
    assert sweeps.count_due(now, seconds=60) == 0


def test_it_is_counted_again_every_hour_and_when_somebody_asks() -> None:
    now = clock.now()
    sweeps.count_due(now, seconds=60)
    assert sweeps.count_due(clock.now() + sweeps.OFTEN, seconds=60) > 0
    present = Month.of(clock.utc_day(now))
    sweeps.ask(present)
    assert sweeps.count_asked(now, seconds=60) == 1
    assert sweeps.count_asked(now, seconds=60) == 0


def test_what_is_done_by_itself_tells_how_many_months_it_counted() -> None:
    BookMonth.objects.create(first=Month.of(clock.utc_day(clock.now())).first)
    assert tasks.count_months() >= 1
    assert tasks.count_months() == 0
    sweeps.ask(Month.of(clock.utc_day(clock.now())))
    assert tasks.count_asked_months() == 1
