"""The operator's page of subscriptions: found by Stripe's id or a slug, narrowed to those that missed something."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from billing.models import Subscription
from catalog.models import PlanVersion
from tests.billing import rows
from tests.operator.reading import column

pytestmark = pytest.mark.django_db


def subscribed(**columns: Any) -> Subscription:
    workspace = Workspace.objects.get(pk=rows.workspace())
    began = date(2026, 11, 1)
    return Subscription.objects.create(
        workspace_id=workspace.pk,
        plan_version=workspace.plan_version,
        anchor=began,
        current_period_start=began,
        **columns,
    )


def test_subscriptions_are_found_and_narrowed(operator: Client) -> None:
    one = subscribed(source="stripe", stripe_subscription_id="sub_one", stripe_customer_id="cus_one")
    other = subscribed(missed=1, missed_last=date(2026, 10, 1))

    def found(query: str) -> set[Subscription]:
        answer = operator.get(f"/admin/billing/subscription/?{query}")
        assert answer.status_code == 200
        return {one, other} & set(answer.context["cl"].result_list)

    assert found("") == {one, other}
    assert found("missed=yes") == {other}
    assert found("missed=no") == {one, other}
    assert found("q=sub_one") == {one}
    assert found(f"q={Workspace.objects.get(pk=other.workspace_id).slug}") == {other}


def test_a_subscription_says_how_it_stands_what_comes_next_and_what_it_missed() -> None:
    plain, late = (
        Subscription(),
        Subscription(status="past_due", cancel_at_period_end=True, missed=2, missed_last=date(2026, 10, 1)),
    )
    names = ("state", "next_terms", "missed_periods")
    assert [column(plain, name) for name in names] == ["Active", "—", "—"]
    assert [column(late, name) for name in names] == ["past due", "ends", "2, last 2026-10-01"]
    terms = PlanVersion.objects.earliest("pk")
    assert column(Subscription(next_plan_version=terms), "next_terms") == str(terms)
