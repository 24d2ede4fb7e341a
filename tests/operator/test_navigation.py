"""The way around the admin: every page is reached, and what waits stands beside the line where it is done."""

from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User, Workspace
from billing.models import Move
from billing.moves import desk
from config import navigation
from kernel import money
from tests.operator.reading import text

pytestmark = pytest.mark.django_db


def test_every_page_is_reached_by_the_sidebar_or_by_a_tab_beside_it(operator: Client) -> None:
    pages = [page for places in navigation.GROUPS.values() for place in places for page in place.pages]
    listed = {f"{model._meta.app_label}.{model._meta.model_name}" for model in admin.site._registry}
    assert listed - {page.name for page in pages} == set()
    assert {page.name for page in pages if "." in page.name} - listed == set()
    shown = text(operator, "index")
    for places in navigation.GROUPS.values():
        for place in places:
            assert f'href="{place.pages[0].link}"' in shown
            beside = operator.get(str(place.pages[0].link)).content.decode()
            assert [page.name for page in place.pages if f'href="{page.link}"' not in beside] == []


def test_a_line_leads_to_the_first_page_that_may_be_seen_and_is_left_out_where_none_may(
    client: Client,
) -> None:
    person = User.objects.create_user("few@example.com", "long-enough-4", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_refundrequest"))
    client.force_login(person)
    shown = text(client, "index")
    assert 'href="/admin/billing/refundrequest/"' in shown
    assert "/admin/billing/topup/" not in shown
    assert "/admin/catalog/model/" not in shown


def test_what_waits_is_counted_beside_the_desk(operator: Client) -> None:
    assert "badge" not in [*_line(operator, "Desk")]
    for _ in range(2):
        desk.ask(
            workspace_id=Workspace.objects.get().pk,
            kind=Move.Kind.GRANT,
            amount=500 * money.NANO_PER_USD,
            reason="goodwill",
            by="somebody",
            token=uuid4(),
        )
    assert _line(operator, "Desk")["badge"] == "2"


def _line(operator: Client, title: str) -> dict[str, object]:
    groups = operator.get("/admin/").context["sidebar_navigation"]
    [line] = [item for group in groups for item in group["items"] if item["title"] == title]
    return dict(line)
