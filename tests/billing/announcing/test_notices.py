"""What a reader sees: the most severe announcement that is on and concerns them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Workspace
from billing.announcing import notices, publishing
from kernel import clock, degraded, modes
from tests.billing import rows
from tests.billing.announcing.making import draft, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.select_related("plan_version__plan").get(pk=rows.workspace())


def title(shown: notices.Shown | None) -> str | None:
    return shown.notice.title if shown else None


def test_a_draft_is_seen_by_nobody(workspace: Workspace) -> None:
    draft(public=True)
    assert notices.for_workspace(workspace) is None
    assert notices.for_everyone() is None


def test_the_most_severe_is_seen_and_of_equals_the_newest(workspace: Workspace) -> None:
    published(severity="news", title="News.", began=1)
    published(severity="incident", title="Old incident.", began=300)
    published(severity="incident", title="New incident.", began=60)
    assert title(notices.for_workspace(workspace)) == "New incident."
    published(severity="access", title="Money.", began=500)
    shown = notices.for_workspace(workspace)
    assert shown is not None
    assert (shown.notice.title, shown.tone) == ("Money.", "error")


def test_only_those_named_see_what_names_them(workspace: Workspace) -> None:
    other = Workspace.objects.select_related("plan_version__plan").get(pk=rows.workspace())
    published(audience="workspaces", workspaces=[other], title="For the other.")
    assert notices.for_workspace(workspace) is None
    assert title(notices.for_workspace(other)) == "For the other."
    assert notices.for_everyone() is None


def test_plans_are_those_that_count_now(workspace: Workspace) -> None:
    other = Workspace.objects.select_related("plan_version__plan").get(pk=rows.workspace())
    published(audience="plans", plans=[workspace.plan_version.plan], title="For the plan.")
    assert title(notices.for_workspace(workspace)) == "For the plan."
    assert notices.for_workspace(other) is None


def test_public_pages_show_what_is_public(workspace: Workspace) -> None:
    published(title="For members.")
    assert notices.for_everyone() is None
    published(title="For all the world.", public=True)
    assert title(notices.for_everyone()) == "For all the world."


def test_what_begins_later_is_seen_from_then_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = published(began=-3)
    assert notices.for_workspace(workspace) is None
    monkeypatch.setattr(clock, "now", lambda: made.begins_at)
    assert title(notices.for_workspace(workspace)) == made.title


def test_an_incident_that_is_over_is_news_for_a_day(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = published()
    publishing.say(made, stage="resolved", text="It answers as before.", by="ann@tollway.example")
    made.refresh_from_db()
    shown = notices.for_workspace(workspace)
    assert shown is not None
    assert (shown.over, shown.tone, shown.stage) == (True, "success", "Resolved")
    ended = made.ended_at
    assert ended is not None
    monkeypatch.setattr(clock, "now", lambda: ended + timedelta(hours=24))
    assert notices.for_workspace(workspace) is None


def test_what_is_over_gives_way_to_what_goes_on(workspace: Workspace) -> None:
    publishing.end(published(severity="access", title="Over."), by="ann@tollway.example")
    published(severity="incident", title="On.")
    assert title(notices.for_workspace(workspace)) == "On."


def test_news_that_has_ended_is_gone(workspace: Workspace) -> None:
    publishing.end(published(severity="news"), by="ann@tollway.example")
    assert notices.for_workspace(workspace) is None


def test_it_is_read_once_in_five_seconds(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "FRESH_SECONDS", 5.0)
    published()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(10):
            notices.for_workspace(workspace)
    assert len(queries) == 1


def test_a_database_that_is_away_is_not_asked(workspace: Workspace) -> None:
    published()
    assert notices.for_workspace(workspace) is not None
    degraded.note(modes.DATABASE, held=True)
    with CaptureQueriesContext(connection) as queries:
        assert notices.for_workspace(workspace) is not None
    assert not queries.captured_queries
