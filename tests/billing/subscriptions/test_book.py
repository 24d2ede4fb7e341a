"""Subscriptions begin once, and change once for each token: at once or when what is paid is over."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from accounts.models import Workspace
from billing import ledger
from billing.models import Purse, Subscription, SubscriptionChange
from billing.subscriptions import book, granting, periods
from catalog.models import PlanVersion
from kernel import clock
from tests.billing import rows as money_rows
from tests.billing.subscriptions import rows

pytestmark = pytest.mark.django_db


def today() -> date:
    return clock.utc_day(clock.now())


def change(workspace: Workspace, to: PlanVersion, **more: object) -> SubscriptionChange | None:
    asked = {"token": uuid4(), "actor": "ann@example.com", "reason": "a test", **more}
    return book.change(workspace, to, **asked)  # type: ignore[arg-type]


def begun(on: PlanVersion) -> tuple[Workspace, Subscription]:
    workspace = rows.workspace(on)
    row = book.begin(workspace, actor="test")
    assert row is not None
    return workspace, row


def test_begins_with_credits_at_once_and_once() -> None:
    workspace, row = begun(rows.terms(usd=20, credits_usd=25))
    assert book.begin(workspace, actor="test") == row
    assert rows.lots(workspace.pk) == [("plan", 2500, periods.span(today(), 0).end)]
    assert money_rows.account(workspace.pk)["posted"] == 25 * rows.USD


def test_does_not_begin_for_a_plan_that_costs_and_brings_nothing() -> None:
    assert book.begin(rows.workspace(rows.terms()), actor="test") is None
    assert not Subscription.objects.exists()


def test_leaves_the_balance_alone_until_somebody_lets_it_spill() -> None:
    workspace, _ = begun(rows.terms(credits_usd=25))
    money_rows.fund(workspace.pk, 5 * rows.USD)
    account = money_rows.account(workspace.pk)
    assert (account["posted"], account["withheld"]) == (30 * rows.USD, 5 * rows.USD)


def test_takes_no_balance_away_that_was_there_before() -> None:
    workspace = rows.workspace(rows.terms(credits_usd=25))
    money_rows.fund(workspace.pk, 5 * rows.USD)
    book.begin(workspace, actor="test")
    assert money_rows.account(workspace.pk)["withheld"] == 0
    assert Purse.objects.get(pk=workspace.pk).spill == Purse.Spill.FREE


def test_an_upgrade_brings_the_difference_for_the_days_left_once_for_its_token() -> None:
    workspace, row = begun(rows.terms(usd=10, credits_usd=10))
    dear, token = rows.terms(usd=50, credits_usd=70), uuid4()
    first, second = (change(workspace, dear, token=token) for _ in range(2))
    assert first == second
    assert rows.grants(workspace.pk) == [1000, 6000]  # on the first day all days are left
    assert {end for _, _, end in rows.lots(workspace.pk)} == {row.current_period_end}
    row.refresh_from_db()
    assert (row.plan_version, row.current_period_start) == (dear, today())
    assert Workspace.objects.get(pk=workspace.pk).plan_version == dear
    granting.grant_due(clock.now(), seconds=5)
    assert rows.grants(workspace.pk) == [1000, 6000]


def test_another_kind_of_period_begins_anew_and_leaves_old_credits_to_their_end() -> None:
    workspace, row = begun(rows.terms(usd=10, credits_usd=10))
    change(workspace, rows.terms(usd=7, credits_usd=7, period="week"))
    row.refresh_from_db()
    assert (row.status, row.ended_on) == ("cancelled", today())
    assert rows.lots(workspace.pk) == [
        ("plan", 1000, row.current_period_end),
        ("plan", 700, today() + timedelta(days=7)),
    ]


def test_a_downgrade_waits_and_can_be_taken_back() -> None:
    dear = rows.terms(usd=50, credits_usd=70)
    workspace, row = begun(dear)
    cheap = rows.terms(usd=10, credits_usd=10)
    done = change(workspace, cheap)
    assert done is not None
    assert (done.kind, done.takes_effect_on) == ("scheduled", row.current_period_end)
    row.refresh_from_db()
    assert (row.next_plan_version, row.cancel_at_period_end) == (cheap, False)
    assert Workspace.objects.get(pk=workspace.pk).plan_version == dear
    kept = change(workspace, dear)
    row.refresh_from_db()
    assert kept is not None
    assert (kept.kind, row.next_plan_version) == ("kept", None)
    assert rows.grants(workspace.pk) == [7000]


def test_a_plan_without_price_ends_it_at_the_end_or_at_once() -> None:
    free = rows.terms(period="none")
    workspace, row = begun(rows.terms(usd=10, credits_usd=10))
    change(workspace, free)
    row.refresh_from_db()
    assert (row.status, row.cancel_at_period_end) == ("active", True)
    change(workspace, free, at_once=True)
    row.refresh_from_db()
    assert (row.status, row.cancel_at_period_end) == ("cancelled", False)
    assert Workspace.objects.get(pk=workspace.pk).plan_version == free
    assert rows.grants(workspace.pk) == [1000]


def test_the_same_terms_are_no_change() -> None:
    terms = rows.terms(usd=10, credits_usd=10)
    workspace, _ = begun(terms)
    assert change(workspace, terms) is None
    assert SubscriptionChange.objects.get().kind == "begun"


def test_what_is_paid_through_stripe_changes_there() -> None:
    workspace, row = begun(rows.terms(usd=10, credits_usd=10))
    Subscription.objects.filter(pk=row.pk).update(
        source="stripe", stripe_subscription_id="sub_1", due_on=None
    )
    with pytest.raises(book.NotOurs):
        change(workspace, rows.terms(usd=20))


def test_terms_that_are_not_published_cannot_be_had() -> None:
    workspace, _ = begun(rows.terms(usd=10))
    later = rows.terms(usd=20)
    PlanVersion.objects.filter(pk=later.pk)
    soon = rows.version(later.plan, 2, tiers=["max"])
    scheduled = PlanVersion.objects.create(
        plan=soon.plan,
        version=3,
        published_at=clock.now() + timedelta(days=1),
        price_nano=0,
        credits_nano=0,
        tiers=["free"],
        stream_cap=1,
    )
    with pytest.raises(ValueError, match="not published"):
        change(workspace, scheduled)


def test_what_was_done_stays_told() -> None:
    begun(rows.terms(usd=10))
    with pytest.raises(Exception, match="append-only"):
        SubscriptionChange.objects.update(reason="another")


def test_a_workspace_has_one_at_a_time() -> None:
    workspace, _ = begun(rows.terms(usd=10))
    with pytest.raises(Exception, match="subscription_one_at_a_time"):
        book.new(workspace.pk, rows.terms(usd=11), today())


def test_a_token_that_names_another_grant_is_no_second_one() -> None:
    workspace, _ = begun(rows.terms(usd=10, credits_usd=10))
    token = uuid4()
    change(workspace, rows.terms(usd=20, credits_usd=20), token=token)
    change(workspace, rows.terms(usd=30, credits_usd=30), token=token)
    assert rows.grants(workspace.pk) == [1000, 1000]
    assert ledger.entries(workspace.pk).count() == 2


def test_nobody_is_put_on_a_plan_who_is_not_there() -> None:
    with pytest.raises(LookupError, match="no workspace -1"):
        change(Workspace(pk=-1), rows.terms())
