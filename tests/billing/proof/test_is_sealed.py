"""Whether a day is sealed: by its own seal, or because nothing of it is used, settled or open; and which may not be."""

import pytest
from django.db import connection
from structlog.testing import capture_logs

from billing import sums
from billing.proof import seals
from tests.billing import rows
from tests.billing.proof import lives
from tests.billing.proof.lives import day_before

pytestmark = pytest.mark.django_db

DAYS = (5, 4, 3)


def told(workspace: int) -> list[bool]:
    return [seals.is_sealed(workspace, day_before(days)) for days in DAYS]


@pytest.fixture
def workspace() -> int:
    """An empty one beside others whose usage of these days is sealed, and is not."""
    lives.past()
    lives.past(sealed=False)
    return rows.workspace()


def test_what_others_used_and_sealed_is_not_asked(workspace: int) -> None:
    assert told(workspace) == [True, True, True]


@pytest.mark.parametrize("minute", [0, 1439])
def test_a_request_that_is_not_charged_opens_its_day_alone(workspace: int, minute: int) -> None:
    lives.settle_on(workspace, day_before(4), minute=minute)
    assert told(workspace) == [True, False, True]


@pytest.mark.parametrize("minute", [0, 1439])
def test_a_request_that_is_open_opens_its_day_alone(workspace: int, minute: int) -> None:
    rows.admit(workspace, minute_no=sums.first_minute(day_before(4)) + minute)
    assert told(workspace) == [True, False, True]


def test_a_day_that_is_charged_waits_for_its_own_seal(workspace: int) -> None:
    for days in (5, 4):
        lives.settle_on(workspace, day_before(days))
    lives.charge(workspace)
    assert told(workspace) == [False, False, True]
    assert seals.seal(workspace, [day_before(5)]) == 1
    assert told(workspace) == [True, False, True]


def test_a_day_that_is_sealed_stays_so_when_a_correction_comes(workspace: int) -> None:
    lives.settle_on(workspace, day_before(4))
    lives.charge(workspace)
    assert seals.seal(workspace, [day_before(4)]) == 1
    lives.settle_on(workspace, day_before(4), rev=1)
    assert told(workspace) == [True, True, True]


def test_no_days_are_no_work_and_young_days_are_refused(workspace: int) -> None:
    assert seals.seal(workspace, []) == 0
    assert seals.seal(workspace, [day_before(2)]) == 0
    for days in ([5, 1], [1, 5]):
        with pytest.raises(ValueError, match=f"{day_before(1)} is not over for 2 days"):
            seals.seal(workspace, [day_before(each) for each in days])


def test_days_that_cannot_be_sealed_are_named(workspace: int) -> None:
    for days in (5, 4):
        lives.settle_on(workspace, day_before(days))
    lives.charge(workspace)
    rows.admit(workspace, minute_no=sums.first_minute(day_before(4)))
    with capture_logs() as said:
        assert seals.seal(workspace, [day_before(5), day_before(4)]) == 1
    assert [line for line in said if line["event"] == "days not sealed"] == [
        {
            "event": "days not sealed",
            "log_level": "warning",
            "workspace_id": workspace,
            "days": [str(day_before(4))],
        }
    ]
    with capture_logs() as said:
        assert seals.seal(rows.workspace(), []) == 0
    assert said == []


def test_a_seal_sorts_in_memory() -> None:
    lives.past()
    with connection.cursor() as cursor:
        cursor.execute("SHOW work_mem")
        assert cursor.fetchone() == ("64MB",)


def test_days_that_are_sealed_together_are_read_from_the_first_of_them_on() -> None:
    workspace = rows.workspace()
    for days in (9, 8):
        lives.settle_on(workspace, day_before(days))
    lives.charge(workspace)
    assert seals.seal(workspace, [day_before(9)]) == 1
    lives.unguarded(
        "billing_day_seal",
        "UPDATE billing_day_seal SET sealed_at = %s::timestamp AT TIME ZONE 'UTC' + interval '22 hours'"
        " WHERE workspace_id = %s",
        *(day_before(7), workspace),
    )
    lives.settle_on(workspace, day_before(6))
    lives.charge(workspace)
    assert seals.seal(workspace, [day_before(8), day_before(6)]) == 2
