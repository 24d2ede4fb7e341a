"""The 30 days that an operator sees replayed before a plan is changed, or all who have some terms are moved."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Workspace
from billing.replay import replay
from catalog.models import PlanVersion
from kernel import clock
from tests.billing.replay.test_replay import used

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    found = Workspace.objects.select_related("plan_version__plan").get()
    used(found, 100_000, cost=10**9)
    return found


def newer(before: PlanVersion) -> PlanVersion:
    copied = {name: getattr(before, name) for name in ("credits_nano", "period", "tiers", "stream_cap")}
    return PlanVersion.objects.create(plan=before.plan, version=before.version + 1, published_at=clock.now(), price_nano=before.price_nano + 10**10, day_cap=99_000, **copied)  # fmt: skip


def shown(operator: Client, name: str, pk: int) -> str:
    return operator.get(reverse(f"admin:{name}", args=[pk])).content.decode()


def test_the_dialog_of_a_plan_says_what_each_choice_would_have_been(
    operator: Client, workspace: Workspace
) -> None:
    page = shown(operator, "accounts_workspace_change_plan", workspace.pk)
    assert "of 100,000 requests refused" in page
    assert "Streams at once, and what was refused then already, are not replayed." in page


def test_the_dialog_of_a_move_says_who_would_have_been_refused_and_who_pays_more(
    operator: Client, workspace: Workspace
) -> None:
    before = workspace.plan_version
    newer(before)
    page = shown(operator, "catalog_planversion_move_subscribers", before.pk)
    assert "1 would have been refused" in page
    assert "at least 1,000 of 100,000 requests refused" in page
    assert "1 would have paid more" in page
    assert 'title="$10.000000000"' in page


def test_the_dialogs_open_also_where_there_is_too_much_to_read(
    operator: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise replay.TooMuch

    monkeypatch.setattr(replay, "_bounded", refuse)
    newer(workspace.plan_version)
    for name, pk in (
        ("accounts_workspace_change_plan", workspace.pk),
        ("catalog_planversion_move_subscribers", workspace.plan_version_id),
    ):
        assert "more usage in 30 days than can be read while you wait" in shown(operator, name, pk)
