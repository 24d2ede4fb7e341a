"""What was announced, for one reader: what concerned them, the newest first, so many on a page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Workspace
from billing.announcing import notices, past, publishing
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.announcing.making import draft, published

pytestmark = pytest.mark.django_db
BY = "ann@tollway.example"


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.get(pk=rows.workspace())


def titles(*pages: past.Past) -> list[str]:
    return [told.announcement.title for page in pages for told in page.told]


def test_each_reader_has_what_concerned_them(workspace: Workspace) -> None:
    other = Workspace.objects.get(pk=rows.workspace())
    published(title="For the world.", public=True)
    published(title="For members.")
    published(title="For both.", audience="workspaces", workspaces=[workspace, other])
    published(title="For my plan.", audience="plans", plans=[workspace.plan_version.plan])
    published(title="For another plan.", audience="plans", plans=[other.plan_version.plan])
    published(title="Later.", began=-3600)
    draft(title="Nobody's.", public=True)
    assert titles(past.read(None)) == ["For the world."]
    assert titles(past.read(workspace)) == ["For my plan.", "For both.", "For members.", "For the world."]


def test_one_tells_whether_it_is_on_and_since_when_it_is_over(workspace: Workspace) -> None:
    planned = published(title="Planned.", ends_at=clock.now() + timedelta(hours=1))
    resolved = published(title="Resolved.", ends_at=clock.now() + timedelta(hours=1))
    for stage in ("watching", "resolved"):
        publishing.say(resolved, stage=stage, text=f"It is {stage}.", by=BY)
    resolved.refresh_from_db()
    over, going_on = past.read(workspace).told
    assert (over.announcement, over.on, over.over_at) == (resolved, False, resolved.ended_at)
    assert [update.stage for update in over.updates] == ["resolved", "watching"]
    assert (going_on.announcement, going_on.on, going_on.over_at) == (planned, True, None)


def test_twenty_are_on_a_page_which_tells_where_the_next_goes_on(
    client: Client, workspace: Workspace
) -> None:
    client.force_login(person(workspace))
    made = [published(title=f"Number {number}.") for number in range(21)]
    first = past.read(workspace)
    assert first.older == made[1].pk
    second = past.read(workspace, before=first.older)
    assert (titles(first, second), second.older) == ([each.title for each in reversed(made)], None)
    assert past.read(workspace, before=made[20].pk).older is None

    address = reverse("dashboard:announcements")
    shown = client.get(f"{address}?before={made[1].pk}").content.decode()
    assert ("Number 0." in shown, "Number 1." in shown) == (True, False)
    assert "Number 20." in client.get(f"{address}?before={2**63 - 1}").content.decode()
    for wrong in (2**63, 10**19, 10**30, "x", "-1", "²"):
        assert client.get(f"{address}?before={wrong}").status_code == 404, wrong


def test_it_may_have_begun_a_week_ago_and_the_update_that_was_said_is_returned(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    with pytest.raises(publishing.NotAllowed, match="7 days ago"):
        publishing.publish(draft(began=7 * 86_400 + 1), by=BY)
    made = publishing.publish(draft(began=7 * 86_400), by=BY)
    update = publishing.say(made, stage="watching", text=" It is watched. ", by=BY)
    assert (update.announcement, update.text, update.by) == (made, "It is watched.", BY)
    shown = notices.for_workspace(workspace)
    assert shown is not None
    assert (shown.stage, shown.urgent) == ("Watching", True)
