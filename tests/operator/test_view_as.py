"""An operator who sees a workspace as its owner does: the same pages, nothing to write with, for half an hour, on record."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import InternalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import reverse
from django.urls.converters import IntConverter

from accounts import viewing
from accounts.models import Member, User, Workspace
from accounts.trail_row import TrailRow
from billing import urls as dashboard
from billing.seats import members
from config import demo_people
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows
from tests.operator.reading import said, text
from tests.operator.test_workspace_tabs import staff

pytestmark = pytest.mark.django_db
PAGES = ("home", "credit", "plan", "papers", "billing_details", "voucher")


@pytest.fixture
def workspace() -> Workspace:
    """A workspace that the operator has no seat in."""
    found = Workspace.objects.get()
    rows.settle(found.pk, cost=12_345_678)
    return found


@pytest.fixture
def seeing(operator: Client, workspace: Workspace) -> Client:
    begin(operator, workspace)
    return operator


def begin(client: Client, workspace: Workspace, reason: str = "asked about a charge") -> HttpResponse:
    address = reverse("admin:accounts_workspace_view_as_customer", args=[workspace.pk])
    return client.post(address, {"_form_submitted": "on", "reason": reason})  # type: ignore[return-value]


def page(client: Client, name: str) -> str:
    return client.get(reverse(f"dashboard:{name}")).content.decode()


def plain(shown: str) -> str:
    """Return a page without what is of the visitor and of the moment, not of the workspace."""
    shown = re.sub(
        r'<div class="banner warning" role="status">.*?</form>\s*</div>', "", shown, count=1, flags=re.S
    )
    shown = re.sub(r'value="[A-Za-z0-9]{64}"|title="[^"]+@[^"]+"|[\w.]+@[\w.]+|\d+ s ago|data-until="[^"]+">[\d:]+', "", shown)  # fmt: skip
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\s+", " ", shown)


def test_pages_are_those_of_the_owner(seeing: Client, workspace: Workspace) -> None:
    owner = Client()
    owner.force_login(Member.objects.get(workspace=workspace, role="owner").user)
    for name in PAGES:
        shown = page(seeing, name)
        assert f"You see {workspace} as its owner does; nothing can be changed." in shown
        assert plain(shown) == plain(page(owner, name))


def test_a_workspace_without_an_owner_can_be_seen_too(operator: Client, workspace: Workspace) -> None:
    Member.objects.all().delete()
    begin(operator, workspace)
    assert "as its owner does" in page(operator, "home")
    assert not Member.objects.exists()


def test_nothing_can_be_sent_to_any_page_of_a_customer(seeing: Client) -> None:
    patterns = [each for each in dashboard.urlpatterns if each.name not in {"door", "trust", "trust-json"}]
    assert len(patterns) > 15
    for pattern in patterns:
        asked = {
            name: 7 if isinstance(converter, IntConverter) else UUID(int=7)
            for name, converter in pattern.pattern.converters.items()
        }
        address = reverse(f"dashboard:{pattern.name}", kwargs=asked)
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(seeing, method)(address)
            refused = (answer.status_code, b"nothing can be changed" in answer.content)
            assert refused == (403, True), (method, address)


def test_a_page_that_writes_when_it_is_only_looked_at_fails_on_the_server(
    seeing: Client, workspace: Workspace
) -> None:
    @members
    def careless(request: HttpRequest, member: Member) -> HttpResponse:
        Workspace.objects.filter(pk=member.workspace_id).update(name="Changed")
        return HttpResponse()

    request = seeing.get(reverse("dashboard:home")).wsgi_request
    with pytest.raises(InternalError, match="read-only transaction"):
        careless(request)
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)


def test_it_ends_after_half_an_hour(seeing: Client, workspace: Workspace) -> None:
    session = seeing.session
    left = session["viewing"]["until"] - clock.now().timestamp()
    assert timedelta(minutes=29) < timedelta(seconds=left) <= viewing.LASTS
    session["viewing"]["until"] -= 1801
    session.save()
    answer = seeing.get(reverse("dashboard:home"))
    assert answer.headers["Location"] == reverse("admin:accounts_workspace_change", args=[workspace.pk])
    assert "as its owner does" not in page(seeing, "home")


def test_it_is_stopped_from_the_page(seeing: Client, workspace: Workspace) -> None:
    stop = reverse("admin:accounts_workspace_stop_viewing", args=[workspace.pk])
    assert stop in page(seeing, "home")
    assert seeing.get(stop).status_code == 405
    answer = seeing.post(stop)
    assert answer.headers["Location"] == reverse("admin:accounts_workspace_change", args=[workspace.pk])
    assert said(answer) == f"You do not see {workspace} as its owner any more."
    assert "as its owner does" not in page(seeing, "home")


def test_its_beginning_and_its_end_are_in_the_trail_with_the_reason(
    seeing: Client, workspace: Workspace
) -> None:
    seeing.post(reverse("admin:accounts_workspace_stop_viewing", args=[workspace.pk]))
    ended, begun = TrailRow.objects.filter(workspace_id=workspace.pk)[:2]
    assert (begun.actor, begun.reason) == (demo_people.OPERATOR, "asked about a charge")
    assert begun.said.startswith("Began to see it as its owner does")
    assert ended.said == "Stopped seeing it as its owner does."


def test_it_needs_a_reason(operator: Client, workspace: Workspace) -> None:
    assert begin(operator, workspace, reason=" ").status_code == 200
    assert "viewing" not in operator.session


def test_it_is_for_those_with_the_permission_and_ends_with_it(client: Client, workspace: Workspace) -> None:
    staff(client, "accounts.view_workspace", "accounts.change_workspace")
    assert begin(client, workspace).status_code == 403
    assert "view-as-customer" not in text(client, "accounts_workspace_change", workspace.pk)
    staff(client, "accounts.view_workspace", viewing.PERMISSION)
    assert begin(client, workspace).status_code == 302
    assert "as its owner does" in page(client, "home")
    User.objects.get(pk=client.session["_auth_user_id"]).user_permissions.clear()
    assert "as its owner does" not in page(client, "home")


def test_a_customer_cannot_put_themselves_into_another_workspace(
    client: Client, workspace: Workspace
) -> None:
    other = person(Workspace.objects.create(name="O", slug="o", plan_version=workspace.plan_version))
    client.force_login(other)
    session = client.session
    session["viewing"] = {"workspace": workspace.pk, "until": int(clock.now().timestamp()) + 600}
    session.save()
    assert str(workspace) not in page(client, "home")


def test_the_operators_own_pages_work_meanwhile(seeing: Client, workspace: Workspace) -> None:
    asked = {"text": "They were right."}
    assert (
        seeing.post(reverse("admin:accounts_workspace_notes", args=[workspace.pk]), asked).status_code == 302
    )
    assert seeing.post(reverse("account_logout")).status_code == 302


def test_tokens_are_not_to_be_had_through_it(seeing: Client) -> None:
    assert seeing.post("/auth/login", {}, content_type="application/json").status_code == 403
