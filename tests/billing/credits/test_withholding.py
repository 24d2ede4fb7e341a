"""Withholding: opted out, requests stop where the credits end; opted in, they go on up to the month's ceiling."""

import datetime

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper

from billing.credits import purse, withholding
from billing.models import Purse
from kernel import clock
from tests.billing import rows

from .test_purse import PLAN, give, use


def withheld(workspace: int) -> int:
    return rows.account(workspace)["withheld"]


def with_both() -> int:
    workspace = rows.workspace()
    give(workspace, 100)
    give(workspace, 30, PLAN)
    return workspace


@pytest.mark.django_db
def test_credit_and_balance_are_one_until_somebody_chooses() -> None:
    workspace = with_both()
    assert withheld(workspace) == 0
    assert withholding.may_spill(workspace)


@pytest.mark.django_db
def test_without_spill_the_balance_is_out_of_reach() -> None:
    workspace = with_both()
    withholding.set_spill(workspace, enabled=False, actor="owner@example.com")
    assert withheld(workspace) == 100
    assert not withholding.may_spill(workspace)
    purse = Purse.objects.get(workspace_id=workspace)
    assert (purse.spill, purse.spill_changed_by) == ("off", "owner@example.com")


@pytest.mark.django_db
def test_usage_beyond_the_credits_counts_against_the_ceiling() -> None:
    workspace = with_both()
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=40, actor="x")
    assert withheld(workspace) == 60
    use(workspace, 45)
    assert rows.account(workspace)["posted"] - withheld(workspace) == 25
    assert Purse.objects.get(workspace_id=workspace).spilled == 15


@pytest.mark.django_db
def test_what_is_spilled_adds_up_in_its_month_and_another_month_s_changes_nothing() -> None:
    workspace = with_both()
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=40, actor="x")
    use(workspace, 45)
    use(workspace, 10)
    use(workspace, 3, minute_no=clock.minute_number() - 40 * clock.MINUTES_PER_DAY)
    counted = Purse.objects.get(workspace_id=workspace)
    assert (counted.spilled, counted.spill_month) == (25, clock.utc_day(clock.now()).replace(day=1))


@pytest.mark.django_db
def test_a_top_up_stays_out_of_reach_too() -> None:
    workspace = with_both()
    withholding.set_spill(workspace, enabled=False, actor="x")
    give(workspace, 70, key="more")
    assert withheld(workspace) == 170


@pytest.mark.django_db
def test_a_new_month_has_the_whole_ceiling_again() -> None:
    workspace = with_both()
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=40, actor="x")
    use(workspace, 45)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_purse SET spill_month = %s WHERE workspace_id = %s",
            [clock.now().date().replace(day=1) - datetime.timedelta(days=1), workspace],
        )
    assert withholding.renew(clock.now()) == 1
    assert rows.account(workspace)["posted"] - withheld(workspace) == 40
    assert withholding.renew(clock.now()) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("spilled", [1, 15])
def test_a_month_that_goes_on_keeps_what_was_spilled(spilled: int) -> None:
    workspace = with_both()
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=40, actor="x")
    use(workspace, 30 + spilled)
    assert withholding.renew(clock.now()) == 0
    assert Purse.objects.get(workspace_id=workspace).spilled == spilled
    Purse.objects.filter(workspace_id=workspace).update(spill_month=datetime.date(2026, 1, 1))
    assert withholding.renew(clock.now()) == 1
    renewed = Purse.objects.get(workspace_id=workspace)
    assert (renewed.spilled, renewed.spill_month) == (0, clock.utc_day(clock.now()).replace(day=1))


@pytest.mark.django_db
def test_a_new_month_gives_something_where_something_of_a_ceiling_was_spilled() -> None:
    free, without, off, fresh, due = (with_both() for _ in range(5))
    withholding.set_spill(without, enabled=True, actor="x")
    withholding.set_spill(off, enabled=False, actor="x")
    for workspace in (fresh, due):
        withholding.set_spill(workspace, enabled=True, monthly_ceiling=40, actor="x")
    before = Purse.objects.filter(workspace_id__in=[free, without, off, fresh, due])
    before.update(spilled=5, spill_month=datetime.date(2026, 1, 1))
    before.filter(workspace_id=fresh).update(spilled=0)
    assert withholding.renew(clock.now()) == 1
    assert dict(before.values_list("workspace_id", "spilled")) == {
        free: 5,
        without: 5,
        off: 5,
        fresh: 0,
        due: 0,
    }


@pytest.mark.django_db
def test_a_ceiling_of_nothing_leaves_the_balance_alone() -> None:
    workspace = with_both()
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=0, actor="x")
    assert withheld(workspace) == 100


@pytest.mark.django_db
@pytest.mark.parametrize(("enabled", "ceiling"), [(True, -1), (False, 10)])
def test_a_ceiling_without_sense_is_refused(enabled: bool, ceiling: int) -> None:
    with pytest.raises(ValueError, match=r"^monthly_ceiling: "):
        withholding.set_spill(rows.workspace(), enabled=enabled, monthly_ceiling=ceiling, actor="x")


@pytest.mark.django_db
def test_an_unknown_workspace_is_said() -> None:
    with pytest.raises(LookupError):
        withholding.set_spill(-1, enabled=True, actor="x")


@pytest.mark.django_db
def test_what_was_spilled_since_another_opened_the_month_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, month = with_both(), clock.utc_day(clock.now()).replace(day=1)
    withholding.set_spill(workspace, enabled=True, monthly_ceiling=40, actor="x")
    use(workspace, 45)
    spilled = Purse.objects.filter(workspace_id=workspace)
    spilled.update(spill_month=month - datetime.timedelta(days=1))
    opened = purse.opened

    def after_another(cursor: CursorWrapper, of: int) -> purse.Purse:
        spilled.update(spill_month=month, spilled=5)
        return opened(cursor, of)

    monkeypatch.setattr(purse, "opened", after_another)
    assert withholding.renew(clock.now()) == 1
    assert (spilled.get().spilled, withheld(workspace)) == (5, 50)
