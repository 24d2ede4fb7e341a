"""How late charges are: by the oldest request that is settled and not posted."""

from datetime import UTC, datetime, timedelta

import pytest

from billing import rollup
from billing.lag import lag
from tests.billing import rows

pytestmark = pytest.mark.django_db

# Long before whatever other tests have left unposted.
LONG_AGO = datetime(2002, 11, 22, 13, tzinfo=UTC)
NOW = LONG_AGO + timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_the_oldest_that_is_not_posted_counts_until_it_is() -> None:
    assert lag(NOW) == timedelta()
    one, other = rows.workspace(), rows.workspace()
    rows.settle(other, cost=1, recorded_at=LONG_AGO + 50 * MINUTE)
    assert lag(NOW) == 10 * MINUTE
    for minutes in (30, 20, 40):
        rows.settle(one, cost=1, recorded_at=LONG_AGO + minutes * MINUTE)
    assert lag(NOW) == 40 * MINUTE
    assert lag(LONG_AGO + 5 * MINUTE) == timedelta()  # a clock that is behind finds nothing late
    rollup.close(one)
    rollup.post(one)
    assert lag(NOW) == 10 * MINUTE


def test_what_is_posted_does_not_count_beside_what_is_not() -> None:
    workspace = rows.workspace()
    rows.settle(workspace, cost=1, recorded_at=LONG_AGO)
    rollup.close(workspace)
    rollup.post(workspace)
    rows.settle(workspace, cost=1, recorded_at=LONG_AGO + 59 * MINUTE)
    assert lag(NOW) == MINUTE
