"""A rebuild of some days of one workspace: it reads those days whole, and leaves all others as they are."""

import datetime

import pytest
from django.db import connection

from billing.proof import rebuild
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before

from .test_rebuild import TABLES, stored

pytestmark = pytest.mark.django_db

DAYS = (day_before(3), day_before(2))


@pytest.fixture
def workspaces() -> tuple[int, int]:
    """Two with usage of five days, of which nothing of the sums is right, and there are sums of nothing."""
    made = lives.past(sealed=False), lives.past(sealed=False)
    for table in TABLES:
        for workspace in made:
            rows.run(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(b, jsonb_build_object('id', gen_random_uuid(),"
                f" 'api_key_id', 99))).* FROM {table} b WHERE workspace_id = %s AND tag <> ''",
                workspace,
            )
            rows.run(f"UPDATE {table} SET cost = cost + 1 WHERE workspace_id = %s", workspace)
    return made


def test_days_that_are_right_are_found_so() -> None:
    lives.past()
    workspace = lives.past()
    assert rebuild.rebuild(workspace, *DAYS) == []
    assert rebuild.rebuild(workspace, DAYS[0], DAYS[0]) == []


def test_what_differs_is_told_of_the_days_alone(workspaces: tuple[int, int]) -> None:
    workspace, _ = workspaces
    changes = rebuild.rebuild(workspace, *DAYS)
    assert len(changes) == 2 * (2 + 1) + 2 * (4 + 1)
    assert {change.workspace_id for change in changes} == {workspace}
    assert {change.time[:10] for change in changes} == {str(day) for day in DAYS}
    assert [change for change in changes if (change.made is None) != ("key 99 " in change.key)] == []
    assert [change.made for change in changes if change.table == "billing_daily_usage"][:1] == [
        "(3,0,63,0,0,0,30,0,0,0,0,0,0,0,123,0)"
    ]


def test_what_is_put_right_is_of_the_days_alone(workspaces: tuple[int, int]) -> None:
    workspace, other = workspaces
    kept, all_wrong = stored(other), rebuild.rebuild(workspace, day_before(6), day_before(0))
    changes = rebuild.rebuild(workspace, *DAYS, apply=True)
    assert rebuild.rebuild(workspace, *DAYS) == []
    assert stored(other) == kept
    left = rebuild.rebuild(workspace, day_before(6), day_before(0))
    assert left == [change for change in all_wrong if change not in changes]
    assert len(left) == len(all_wrong) - len(changes) > 0


def test_which_days_are_gone_is_told() -> None:
    rows.run("INSERT INTO billing_dropped_month (month, events) VALUES ('2025-09-01', 9)")
    with pytest.raises(rebuild.Gone) as gone:
        rebuild.rebuild(rows.workspace(), datetime.date(2025, 9, 3), datetime.date(2025, 9, 4))
    assert (gone.value.first, gone.value.last) == (datetime.date(2025, 9, 3), datetime.date(2025, 9, 4))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_dropped_month")
        assert cursor.fetchone() == (1,)
