"""Announcements in the admin and on the pages of those who read them."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import TrailRow, User, Workspace
from billing import admin_announcement_forms
from billing.announcing import notices, publishing
from billing.models import Announcement
from config import demo_people
from kernel import clock, degraded, modes
from tests.billing import rows
from tests.billing.announcing.making import draft, published
from tests.operator.reading import column, text

pytestmark = pytest.mark.django_db
BY = "ann@tollway.example"


@pytest.fixture(autouse=True)
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    notices.forget()
    monkeypatch.setattr(notices, "FRESH_SECONDS", 0.0)


@pytest.fixture
def customer() -> Client:
    client = Client()
    client.force_login(User.objects.get(email=demo_people.CUSTOMER))
    return client


def page(made: Announcement) -> str:
    return reverse("admin:billing_announcement_change", args=[made.pk])


def do(operator: Client, made: Announcement, what: str, **asked: str) -> None:
    answer = operator.post(
        reverse(f"admin:billing_announcement_{what}", args=[made.pk]), {"_form_submitted": "True", **asked}
    )
    assert answer.status_code == 302, answer.content.decode()


def filled(**fields: object) -> dict[str, object]:
    begins = clock.now() - timedelta(minutes=5)
    return {
        "severity": "incident",
        "title": "route/kimi-k2.5 answers slowly.",
        "consequence": "Prices are <unchanged>.",
        "audience": "everyone",
        "begins_at_0": f"{begins:%Y-%m-%d}",
        "begins_at_1": f"{begins:%H:%M:%S}",
        **fields,
    }


def test_an_operator_drafts_previews_publishes_adds_to_and_resolves(
    operator: Client, customer: Client
) -> None:
    answer = operator.post(reverse("admin:billing_announcement_add"), filled())
    assert answer.status_code == 302, answer.content.decode()
    made = Announcement.objects.get()
    assert made.drafted_by == demo_people.OPERATOR
    edited = operator.post(page(made), filled(consequence="Prices are <unchanged>."))
    assert edited.status_code == 302, edited.content.decode()
    home = reverse("dashboard:home")
    assert made.title not in customer.get(home).content.decode()

    shown = text(operator, "billing_announcement_publish", made.pk)
    assert "1 workspace</b>" in shown
    assert "Over: " not in shown
    assert "Prices are &lt;unchanged&gt;." in shown
    do(operator, made, "publish", reason="customers ask already")
    seen = customer.get(home).content.decode()
    assert f"<strong>{made.title}</strong>" in seen
    assert "Prices are &lt;unchanged&gt;." in seen

    do(operator, made, "say", stage="identified", text="One upstream lost a region.")
    assert "One upstream lost a region." in customer.get(home).content.decode()
    do(operator, made, "say", stage="resolved", text="It answers as before.")
    seen = customer.get(home).content.decode()
    assert "banner announced success" in seen
    assert "Over: " in seen
    said = [row.said for row in TrailRow.objects.filter(model="billing.announcement").order_by("no")]
    assert said[2:] == [
        "Published to 1 workspaces: customers ask already",
        "Identified: One upstream lost a region.",
        "Resolved: It answers as before.",
    ]


def test_what_was_published_can_only_be_added_to_and_ended(operator: Client) -> None:
    made = published()
    assert operator.post(page(made), filled(title="Something else.")).status_code == 403
    shown = text(operator, "billing_announcement_change", made.pk)
    offered = {what: f"/announcement/{made.pk}/{what}" in shown for what in ("publish", "say", "end")}
    assert offered == {"publish": False, "say": True, "end": True}
    do(operator, made, "end", reason="a mistake")
    assert "Ended." in text(operator, "billing_announcement_changelist")
    made.refresh_from_db()
    assert (made.ended_by, made.title) == (demo_people.OPERATOR, "route/kimi-k2.5 answers slowly.")


def test_only_a_draft_is_deleted(operator: Client) -> None:
    kept, dropped = published(), draft()
    address = "admin:billing_announcement_delete"
    assert operator.post(reverse(address, args=[kept.pk]), {"post": "yes"}).status_code == 403
    assert operator.post(reverse(address, args=[dropped.pk]), {"post": "yes"}).status_code == 302
    assert list(Announcement.objects.all()) == [kept]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"audience": "plans"}, "Name at least one."),
        ({"audience": "plans", "public": "on"}, "is for everyone"),
        ({"link_url": "javascript:alert(1)", "link_text": "See"}, "begins with https://"),
        ({"link_url": "https://status.example"}, "has both"),
        ({"title": "x" * 121}, "at most 120 characters"),
        ({"ends_at_0": "2020-01-01", "ends_at_1": "00:00:00"}, "must end after it begins"),
    ],
)
def test_a_draft_that_cannot_be_meant_says_why(operator: Client, fields: dict[str, object], why: str) -> None:
    answer = operator.post(reverse("admin:billing_announcement_add"), filled(**fields))
    assert answer.status_code == 200
    assert why in answer.content.decode()


def test_those_whom_the_audience_leaves_out_are_not_named(operator: Client) -> None:
    workspace = Workspace.objects.get()
    answer = operator.post(reverse("admin:billing_announcement_add"), filled(workspaces=[workspace.pk]))
    assert "Leave this empty" in answer.content.decode()


def test_those_whom_it_is_for_are_named_before_it_is_published(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_announcement_forms, "MOST_WORKSPACES", 1)
    named = [Workspace.objects.get().pk, rows.workspace()]
    add = reverse("admin:billing_announcement_add")
    answer = operator.post(add, filled(audience="workspaces", workspaces=named))
    assert "At most 1; choose plans, or everyone." in answer.content.decode()
    assert operator.post(add, filled(audience="workspaces", workspaces=named[:1])).status_code == 302
    assert "Northwind Labs" in text(operator, "billing_announcement_publish", Announcement.objects.get().pk)
    made = [Announcement(audience="everyone", public=True), Announcement(audience="plans")]
    assert [column(row, "concerns") for row in made] == ["Everyone, public", "Plans"]


def test_lists_take_as_many_queries_for_many_as_for_one(operator: Client) -> None:
    address = reverse("admin:billing_announcement_changelist")
    published()
    operator.get(address)
    with CaptureQueriesContext(connection) as one:
        operator.get(address)
    for _ in range(5):
        draft()
    with CaptureQueriesContext(connection) as many:
        operator.get(address)
    assert len(many) == len(one)


def test_one_banner_stands_on_a_page_and_takes_one_query(customer: Client) -> None:
    address = reverse("dashboard:home")
    customer.get(address)
    with CaptureQueriesContext(connection) as none:
        customer.get(address)
    for severity in ("news", "incident", "access"):
        published(severity=severity, title=f"{severity}.")
    with CaptureQueriesContext(connection) as three:
        shown = customer.get(address).content.decode()
    assert len(three) == len(none)
    assert shown.count('class="banner') == 1
    assert 'role="alert"' in shown
    assert "<strong>access.</strong>" in shown


def test_what_is_degraded_goes_before_news_and_behind_incidents(customer: Client) -> None:
    degraded.note(modes.JOURNAL, held=True)
    published(severity="news", title="Prices change.")
    shown = customer.get(reverse("dashboard:home")).content.decode()
    assert "Prices change." not in shown
    assert modes.JOURNAL.customers in shown
    published(severity="incident", title="Slow answers.")
    shown = customer.get(reverse("dashboard:home")).content.decode()
    assert "Slow answers." in shown
    assert modes.JOURNAL.customers not in shown


def test_the_page_of_announcements_shows_everybody_what_is_theirs(customer: Client, client: Client) -> None:
    mine = Workspace.objects.get()
    other = Workspace.objects.get(pk=rows.workspace())
    published(title="For the world.", public=True)
    published(title="For members.")
    published(title="For mine.", audience="workspaces", workspaces=[mine])
    published(title="For my plan.", audience="plans", plans=[mine.plan_version.plan])
    published(title="For others.", audience="workspaces", workspaces=[other])
    published(title="For another plan.", audience="plans", plans=[other.plan_version.plan])
    published(title="Later.", began=-3600)
    draft(title="Nobody's.")
    address = reverse("dashboard:announcements")
    titles = re.compile(r'<h2 id="t\d+">([^<]+)</h2>')
    assert titles.findall(client.get(address).content.decode()) == ["For the world."]
    seen = titles.findall(customer.get(address).content.decode())
    assert seen == ["For my plan.", "For mine.", "For members.", "For the world."]


def test_older_announcements_are_on_pages_of_their_own(client: Client) -> None:
    for number in range(23):
        publishing.end(published(title=f"Number {number}.", public=True), by=BY)
    address = reverse("dashboard:announcements")
    with CaptureQueriesContext(connection) as queries:
        first = client.get(address).content.decode()
    assert len(queries) <= 3
    assert first.count("<article") == 20
    [query] = re.findall(r'href="(\?before=\d+)"', first)
    assert client.get(address + query).content.decode().count("<article") == 3
    assert client.get(address + "?before=1").content.decode().count("<article") == 0


@pytest.mark.parametrize("before", ["x", "-1", "٣", "9" * 40])
def test_a_page_that_cannot_be_is_not_found(client: Client, before: str) -> None:
    assert client.get(reverse("dashboard:announcements"), {"before": before}).status_code == 404


def test_public_pages_show_public_ones(client: Client) -> None:
    published(title="For members.")
    published(title="For the world.", public=True, began=120)
    shown = client.get("/docs/").content.decode()
    assert "<strong>For the world.</strong>" in shown
    assert "For members." not in shown
