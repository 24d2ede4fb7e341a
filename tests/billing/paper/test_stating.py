"""Stating: from which day on a month is over, how many come at once, and with which the first begins."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection

from billing.models import Paper
from billing.paper import stating
from billing.paper.months import Month
from kernel import clock
from tests.billing import rows
from tests.billing.paper.issuing import DOLLAR, charge, issuer, top_up, workspace
from tests.billing.paper.test_statement import NOW, OVER, stated, use

pytestmark = pytest.mark.django_db


def through(workspace: int) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT through FROM billing_stated WHERE workspace_id = %s", [workspace])
        return cursor.fetchone()


def test_stating_takes_a_month_for_over_from_the_second_day_after_it() -> None:
    mine = workspace()
    rows.run("INSERT INTO billing_stated VALUES (%s, %s)", mine, OVER.last)
    second = datetime.combine(OVER.next.next.first + timedelta(days=1), time(), UTC)
    assert mine not in stating.due(second - timedelta(microseconds=1), limit=10_000)
    assert mine in stating.due(second, limit=10_000)


def test_stating_looks_at_two_years_at_once_and_goes_on_from_there() -> None:
    issuer()
    mine = workspace()
    months = [OVER]
    for _ in range(25):
        months.append(months[-1].before)
    months.reverse()
    top_up(mine, day=months[0].first)
    assert [paper.period_start for paper in stating.state(mine, NOW)] == [months[0].first]
    assert through(mine) == (months[23].last,)
    stating.state(mine, NOW)
    assert through(mine) == (_over().last,)


def test_stating_begins_with_the_first_month_that_was_asked_in_though_nothing_was_charged() -> None:
    issuer()
    mine = workspace()
    use(mine, OVER.before.last, 0)
    use(mine, OVER.last, DOLLAR)
    charge(mine)
    assert [paper.period_start for paper in stated(mine)] == [OVER.before.first, OVER.first]
    assert Paper.objects.filter(workspace_id=mine).count() == 2


def _over() -> Month:
    return Month.of(clock.utc_day(NOW) - timedelta(days=1)).before
