"""What is done with announcements, and what the database lets nobody do with what was read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Workspace
from billing.announcing import publishing
from billing.announcing.publishing import NotAllowed, State
from billing.models import Announcement, AnnouncementUpdate
from kernel import clock
from tests.billing import rows
from tests.billing.announcing.making import draft, published

pytestmark = pytest.mark.django_db
BY = "ann@tollway.example"


def test_a_draft_is_published_once() -> None:
    rows.workspace()
    made = published()
    assert (publishing.state_of(made, clock.now()), made.published_by) == (State.ON, BY)
    with pytest.raises(NotAllowed, match="already"):
        publishing.publish(made, by=BY)


def test_what_nobody_would_read_is_not_published() -> None:
    rows.workspace()
    ended = draft(began=120, ends_at=clock.now() - timedelta(seconds=60))
    for made, why in (
        (ended, "end is over"),
        (draft(began=8 * 86_400), "7 days ago"),
        (draft(audience="workspaces"), "reaches no workspace"),
    ):
        with pytest.raises(NotAllowed, match=why):
            publishing.publish(made, by=BY)


def test_it_reaches_the_workspaces_that_are_named_on_the_plan_or_there() -> None:
    one, two = (Workspace.objects.get(pk=rows.workspace()) for _ in range(2))
    closed = Workspace.objects.get(pk=rows.workspace())
    closed.status = Workspace.Status.CLOSED
    closed.save()
    assert publishing.reached(draft(audience="workspaces", workspaces=[one, two, closed])) == 2
    assert publishing.reached(draft(audience="plans", plans=[one.plan_version.plan])) == 1
    assert publishing.reached(draft()) == Workspace.objects.exclude(status="closed").count()


def test_updates_are_added_until_it_is_resolved() -> None:
    rows.workspace()
    made = published()
    for stage in ("investigating", "identified", "watching", "resolved"):
        publishing.say(made, stage=stage, text=f"It is {stage}.", by=BY)
    made.refresh_from_db()
    assert publishing.state_of(made, clock.now()) is State.OVER
    assert [update.stage for update in made.updates.all()] == [
        "resolved",
        "watching",
        "identified",
        "investigating",
    ]
    with pytest.raises(NotAllowed, match="over"):
        publishing.say(made, stage="watching", text="Again.", by=BY)


def test_nothing_is_said_of_a_draft_and_nothing_without_words() -> None:
    rows.workspace()
    with pytest.raises(NotAllowed, match="draft"):
        publishing.say(draft(), stage="watching", text="Well.", by=BY)
    with pytest.raises(NotAllowed, match="Say what"):
        publishing.say(published(), stage="watching", text="  ", by=BY)


CHANGES: dict[str, Callable[[Announcement], object]] = {
    "its words": lambda made: Announcement.objects.filter(pk=made.pk).update(title="Something else."),
    "its being there": lambda made: Announcement.objects.filter(pk=made.pk).delete(),
    "more readers": lambda made: made.workspaces.add(rows.workspace()),
    "fewer readers": lambda made: made.workspaces.clear(),
    "what was said": lambda made: made.updates.update(text="Something else."),
    "that it was said": lambda made: AnnouncementUpdate.objects.filter(announcement=made).delete(),
    "that it was published": lambda made: Announcement.objects.filter(pk=made.pk).update(
        published_at=None, published_by=""
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_read_stays(change: Callable[[Announcement], object]) -> None:
    workspace = Workspace.objects.get(pk=rows.workspace())
    made = published(audience="workspaces", workspaces=[workspace])
    publishing.say(made, stage="watching", text="Well.", by=BY)
    with pytest.raises(IntegrityError), transaction.atomic():
        change(made)


def test_an_end_is_not_taken_back() -> None:
    rows.workspace()
    made = publishing.end(published(), by=BY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Announcement.objects.filter(pk=made.pk).update(ended_at=None, ended_by="")


@pytest.mark.parametrize("table", ["billing_announcement", "billing_announcementupdate"])
def test_nothing_is_emptied(table: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")


REFUSED: dict[str, dict[str, object]] = {
    "a script": {"link_url": "javascript:alert(1)", "link_text": "See"},
    "another host": {"link_url": "//elsewhere.example", "link_text": "See"},
    "another host by a backslash": {"link_url": "/\\elsewhere.example", "link_text": "See"},
    "another host by a tab": {"link_url": "/\t/elsewhere.example", "link_text": "See"},
    "an open line": {"link_url": "http://plain.example", "link_text": "See"},
    "a link without words": {"link_url": "https://x.example", "link_text": ""},
    "the public for a plan": {"public": True, "audience": "plans"},
    "an end before the beginning": {"ends_at": "2020-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_the_database_refuses(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        draft(**fields)
