"""What moved in a month, counted from the ledger's legs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing import ledger
from billing.ledger import Kind, System
from billing.models import LineDecision, UpstreamFile, UpstreamLine
from billing.month_end.counting import Figures, count
from billing.paper.months import Month
from catalog.models import Provider
from kernel import clock
from tests.billing import rows
from tests.billing.proof import lives

pytestmark = pytest.mark.django_db


def last_month() -> Month:
    return Month.of(clock.utc_day(clock.now()).replace(day=1) - timedelta(days=1))


def post(
    workspace: int, kind: ledger.Kind, amount: int, offset: ledger.System, *, month: Month, key: str
) -> None:
    ledger.post(
        workspace_id=workspace,
        kind=kind,
        amount=amount,
        offset=offset,
        idem_key=key,
        reason="a test",
        actor="ann",
        day=month.last,
    )


def test_every_leg_of_the_month_is_counted_to_the_nano() -> None:
    month = last_month()
    before = count(month)
    workspace = rows.workspace()
    post(workspace, Kind.TOP_UP, 10**12 + 7, System.CLEARING, month=month, key="a")
    post(workspace, Kind.GRANT, 5 * 10**9 + 1, System.PROMOTION, month=month, key="b")
    post(workspace, Kind.REFUND, -(10**9), System.CLEARING, month=month, key="c")
    post(workspace, Kind.ADJUSTMENT, 3, System.REVENUE, month=month, key="d")
    post(workspace, Kind.TOP_UP, 11, System.CLEARING, month=month.next, key="e")
    found = count(month)
    moved = {
        kind: found.moved(kind) - before.moved(kind)
        for kind in (Kind.TOP_UP, Kind.GRANT, Kind.REFUND, Kind.ADJUSTMENT)
    }
    assert moved == {
        Kind.TOP_UP: 10**12 + 7,
        Kind.GRANT: 5 * 10**9 + 1,
        Kind.REFUND: -(10**9),
        Kind.ADJUSTMENT: 3,
    }
    assert found.revenue - before.revenue == -3
    assert found.movements - before.movements == 4
    assert found.closing - before.closing == sum(moved.values())
    assert found.opening == before.opening
    assert count(month.next).opening == found.closing


def test_usage_is_that_of_the_days_and_a_month_adds_up() -> None:
    workspace, other, columns = rows.workspace(), rows.workspace(), lives.priced()
    month = Month.of(clock.utc_day(clock.now()))
    rows.fund(workspace, 10**6)
    before = count(month)
    for place in (workspace, workspace, other):
        rows.settle(place, **columns)
    lives.charge(workspace)
    lives.charge(other)
    found = count(month)
    assert found.usage_cost - before.usage_cost == 123
    assert before.moved(Kind.USAGE) - found.moved(Kind.USAGE) == 123
    assert found.revenue - before.revenue == 123
    assert found.requests - before.requests == 3
    assert found.customers - before.customers == 2
    assert (found.days, found.unsealed_days) >= (1, 1)
    assert found.differences == before.differences


def test_what_does_not_add_up_is_named_with_its_amount() -> None:
    found = Figures(
        opening=1, closing=5, workspaces={"topup": 3, "usage": -10}, house={"clearing": -3}, usage_cost=9
    )
    assert found.differences == {
        "legs of the ledger": -10,
        "opening, movements and closing": -11,
        "usage in the ledger and in the days": -1,
    }


def test_figures_come_back_as_they_were_kept() -> None:
    figures = Figures(closing=2**60 + 1, workspaces={"topup": 2**60 + 1}, house={"clearing": -(2**60) - 1})
    assert Figures.read({**figures.kept(), "of a later release": 1}) == figures
    assert Figures.read({}) == Figures()
    assert replace(figures, provider_cost=1).margin == -1


def test_an_upstream_is_reconciled_once_its_files_hold_its_days_and_differences_are_decided_on() -> None:
    today = clock.utc_day(clock.now())
    month, workspace = Month.of(today), rows.workspace()
    provider = Provider.objects.create(name="Reconciled", slug="reconciled", dialect="openai").pk
    before = count(month)
    rows.settle(workspace, **lives.priced(), provider_id=provider, provider_cost=30)
    lives.charge(workspace)

    def unreconciled() -> int:
        found = count(month)
        assert found.upstreams - before.upstreams == 1
        return found.unreconciled - before.unreconciled

    assert unreconciled() == 1
    file = UpstreamFile.objects.create(
        provider_id=provider,
        name="usage.csv",
        digest=b"\x00" * 32,
        preset="plain",
        columns={},
        first_day=today,
        last_day=today,
        rows=1,
        ours=30,
        states={},
        read_by="ann",
        read_at=clock.now(),
    )
    assert unreconciled() == 0
    line = UpstreamLine.objects.create(
        file=file, number=1, state="missing", day=today, model="m", difference=30
    )
    assert unreconciled() == 1
    LineDecision.objects.create(
        line=line, verdict="disputed", reason="not ours", made_by="ann", made_at=clock.now()
    )
    assert unreconciled() == 0
