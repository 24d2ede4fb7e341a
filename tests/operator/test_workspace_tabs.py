"""The page of a workspace: its tabs, what each says, who may open it, and what it costs the database."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import keys
from accounts.models import ApiKey, Member, Note, User, Workspace
from billing import admin_workspace_readers, budgets, rollup
from billing.admin_workspace_overview import overview, spent_within
from billing.admin_workspace_tabs import TABS
from billing.models import DailyUsage, KeyBudget
from catalog.models import Model
from kernel import clock
from tests.accounts.rows import person
from tests.billing import rows
from tests.operator.reading import plain, text

pytestmark = pytest.mark.django_db
USD = 10**9


@pytest.fixture
def workspace() -> Workspace:
    """The demo's workspace, with a charge of $1.50 of which the last third is not posted yet."""
    found = Workspace.objects.get()
    used(found, 1 * USD)
    rollup.close(found.pk)
    rollup.post(found.pk, actor="test")
    used(found, USD // 2)
    return found


def used(workspace: Workspace, cost: int) -> None:
    model = Model.objects.get(public_id="route/deepseek-v3.2")
    rows.settle(
        workspace.pk, cost=cost, input_tokens=20, model_id=model.pk, api_key_id=ApiKey.objects.get().pk
    )


def refused(workspace: Workspace, code: str, number: int) -> None:
    rows.run(
        "INSERT INTO billing_refusal_count (workspace_id, minute_no, api_key_id, model, code, refusals)"
        " VALUES (%s, %s, 1, 'route/x', %s, %s)",
        *(workspace.pk, clock.minute_number() - 60, code, number),
    )


def tab(operator: Client, key: str, workspace: Workspace) -> str:
    return text(operator, f"accounts_workspace_{key}", workspace.pk)


def staff(client: Client, *permissions: str) -> Client:
    """Sign in as an operator who may do no more than this."""
    user = person()
    user.is_staff = True
    user.save()
    for name in permissions:
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client.force_login(User.objects.get(pk=user.pk))
    return client


def test_the_overview_says_what_its_owner_sees_and_what_was_refused(
    operator: Client, workspace: Workspace
) -> None:
    refused(workspace, "MINUTE_REQUEST_LIMIT_EXCEEDED", 41)
    refused(workspace, "INVALID_MODEL", 1)
    shown = tab(operator, "change", workspace)
    for part in ("This minute", "Streams open", "Free to spend", "route/deepseek-v3.2", "Last seen"):
        assert part in shown
    assert 'title="$1.500000000"' in shown  # spent in 24 hours, posted and not
    assert shown.index("MINUTE_REQUEST_LIMIT_EXCEEDED") < shown.index("INVALID_MODEL")
    assert ">42</a>" in shown
    assert "Disputed" not in shown
    assert "Recharge failed" not in shown
    assert max(bar.height for bar in overview(workspace).bars) == 100


def test_what_was_spent_is_told_of_each_workspace_alone(workspace: Workspace) -> None:
    other = rows.workspace()
    rows.settle(other, cost=7 * USD)
    rollup.close(other)
    rollup.post(other, actor="test")
    since = clock.now() - timedelta(days=1)
    assert spent_within([workspace.pk, other], since) == {workspace.pk: USD * 3 // 2, other: 7 * USD}


def test_the_overview_names_what_asks_for_a_look(operator: Client, workspace: Workspace) -> None:
    assert "No owner" not in tab(operator, "change", workspace)
    Member.objects.filter(workspace=workspace).delete()
    rows.settle(workspace.pk, cost=200 * USD)
    Workspace.objects.filter(pk=workspace.pk).update(status="suspended")
    ApiKey.objects.update(last_used_at=clock.now() - timedelta(days=40))
    shown = tab(operator, "change", workspace)
    for word in ("Suspended", "Below zero", "No owner", "Quiet"):
        assert word in shown


def test_keys_are_told_with_their_limit_and_those_in_use_come_first(
    operator: Client, workspace: Workspace
) -> None:
    key = ApiKey.objects.get()
    budgets.put(workspace.pk, key.pk, limit=2 * USD, period=KeyBudget.Period.DAY, actor="test")
    ApiKey.objects.create(
        workspace=workspace, name="old one", digest=b"1", prefix="rk_old", last_four="9999", revoked_at=clock.now()
    )  # fmt: skip
    shown = tab(operator, "keys", workspace)
    assert 'title="$2.000000000"' in shown
    assert "75&nbsp;%" in shown
    assert shown.index(f"{key.prefix}…{key.last_four}") < shown.index("rk_old…9999")


def test_the_ledger_calls_movements_as_papers_do(operator: Client, workspace: Workspace) -> None:
    shown = tab(operator, "ledger", workspace)
    assert ">Usage</a>" in shown
    lines = admin_workspace_readers.ledger_of(workspace)["lines"]
    assert [(line.amount, line.what) for line in lines[:2]] == [(-USD, "Usage"), (100 * USD, "Top-up")]
    assert [line.number for line in lines] == [2, 1]
    assert 'title="−$1.000000000"' in shown
    assert 'title="$99.000000000"' in shown


def test_the_newest_are_shown_of_many_keys_and_movements(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_workspace_readers, "SHOWN", 1)
    for number in range(4):
        keys.mint(workspace, name=f"key {number}")
    found = [line.key.name for line in admin_workspace_readers.keys(workspace)["lines"]]
    assert found == ["key 3", "key 2", "key 1", "key 0"]
    assert [line.number for line in admin_workspace_readers.ledger_of(workspace)["lines"]] == [2]


@pytest.mark.parametrize(("width", "state"), [(80, ""), (81, "near"), (99, "near"), (100, "full")])
def test_a_limit_is_near_beyond_four_fifths_and_full_at_its_end(width: int, state: str) -> None:
    line = admin_workspace_readers.KeyLine(ApiKey(), "ok", "in use", "never", None, width)
    assert line.state == state


def test_requests_are_told_as_the_customer_reads_them(operator: Client, workspace: Workspace) -> None:
    shown = tab(operator, "requests", workspace)
    assert shown.count("<code>route/deepseek-v3.2</code>") == 2
    assert 'title="$0.500000000"' in shown


def test_a_note_is_kept_with_its_author_and_never_changes(operator: Client, workspace: Workspace) -> None:
    address = reverse("admin:accounts_workspace_notes", args=[workspace.pk])
    assert operator.post(address, {"text": "Calls on Mondays.\n<b>Ann</b>"}).status_code == 302
    shown = tab(operator, "notes", workspace)
    assert "Calls on Mondays.<br>&lt;b&gt;Ann&lt;/b&gt;" in shown
    assert str(Note.objects.get().author) in shown
    for statement in ("UPDATE accounts_note SET text = 'x'", "DELETE FROM accounts_note"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.run(statement)


@pytest.mark.parametrize("wrong", ["", " \n ", "x" * 4001])
def test_a_note_that_says_nothing_or_too_much_is_refused_with_its_text_kept(
    operator: Client, workspace: Workspace, wrong: str
) -> None:
    answer = operator.post(reverse("admin:accounts_workspace_notes", args=[workspace.pk]), {"text": wrong})
    assert "a note has 1 to 4,000 characters" in answer.content.decode()
    assert not Note.objects.exists()


def test_a_member_is_added_on_the_tab_of_members(operator: Client, workspace: Workspace) -> None:
    new, address = person(), reverse("admin:accounts_workspace_members", args=[workspace.pk])
    assert "Save" in tab(operator, "members", workspace)
    there = list(Member.objects.filter(workspace=workspace).order_by("pk"))
    asked: dict[str, Any] = {"members-TOTAL_FORMS": len(there) + 1, "members-INITIAL_FORMS": len(there)}
    for place, member in enumerate(there):
        named = {"id": member.pk, "user": member.user_id, "role": member.role, "workspace": workspace.pk}
        asked |= {f"members-{place}-{name}": value for name, value in named.items()}
    asked |= {f"members-{len(there)}-user": new.pk, f"members-{len(there)}-role": "viewer"}
    assert operator.post(address, asked).status_code == 302
    assert Member.objects.get(user=new).role == "viewer"


def test_changes_of_the_workspace_its_plan_and_its_money_are_told_together(
    operator: Client, workspace: Workspace
) -> None:
    asked = {"_form_submitted": "on", "reason": "to try", "kind": "grant", "usd": "3", "token": "0" * 32}
    operator.post(reverse("admin:billing_account_move", args=[workspace.pk]), asked)
    shown = tab(operator, "audit", workspace)
    assert "Grant of $3.00, Posted" in shown
    assert "to try" in shown


def test_a_tab_is_for_those_with_its_permission_and_left_out_for_others(
    client: Client, workspace: Workspace
) -> None:
    for page in TABS:
        address = reverse(f"admin:{page.name}", args=[workspace.pk])
        staff(client, *({each.permission for each in TABS} - {page.permission}))
        assert client.get(address).status_code == 403
        if page.key != "change":
            assert address not in tab(client, "change", workspace)
        staff(client, "accounts.view_workspace", page.permission)
        assert address in tab(client, page.key, workspace)


def test_a_tab_takes_as_many_queries_for_much_as_for_little(operator: Client, workspace: Workspace) -> None:
    asked = {"_form_submitted": "on", "reason": "r", "kind": "grant", "usd": "3"}
    address = reverse("admin:billing_account_move", args=[workspace.pk])

    def fill(number: int) -> None:
        for _ in range(number):
            used(workspace, USD)
            refused(workspace, f"CODE_{Note.objects.count()}", 3)
            operator.post(address, {**asked, "token": str(uuid4())})
            Note.objects.create(workspace=workspace, author=User.objects.earliest("pk"), text="n")
        rollup.close(workspace.pk)
        rollup.post(workspace.pk, actor="test")

    def costs() -> dict[str, int]:
        found = {}
        for page in TABS:
            with CaptureQueriesContext(connection) as queries:
                tab(operator, page.key, workspace)
            found[page.key] = len(queries)
        return found

    fill(1)
    costs()
    little = costs()
    fill(3)
    assert costs() == little
    assert max(little.values()) <= 45


def test_there_is_no_tab_of_a_workspace_that_is_not(operator: Client) -> None:
    assert operator.get(reverse("admin:accounts_workspace_ledger", args=[987654])).status_code == 404


def test_the_list_says_what_each_spends_has_left_and_was_refused_by_as_many_queries_for_many_as_for_one(
    operator: Client, workspace: Workspace
) -> None:
    refused(workspace, "INVALID_MODEL", 41)
    address = reverse("admin:accounts_workspace_changelist")
    operator.get(address)
    with CaptureQueriesContext(connection) as one:
        shown = operator.get(address).content.decode()
    assert 'title="$98.500000000"' in shown  # available
    assert shown.count('title="$1.500000000"') == 2  # in 24 hours and in 30 days
    assert plain(shown).count("$1.50 ") == 2
    [glance] = [row.glance for row in operator.get(address).context["cl"].result_list]
    assert (glance.daily[-1], glance.daily[-2]) == (USD * 3 // 2, 0)
    assert ">41<" in shown
    for _ in range(4):
        rows.settle(rows.workspace(), cost=USD)
    with CaptureQueriesContext(connection) as many:
        operator.get(address)
    assert len(many) == len(one)


def test_the_list_is_narrowed_by_what_is_left_and_by_growth(operator: Client, workspace: Workspace) -> None:
    owing = Workspace.objects.get(pk=rows.workspace())
    rows.settle(owing.pk, cost=USD)
    today = clock.utc_day(clock.now())
    for days_ago, cost in ((1, 9 * USD), (14, USD)):
        DailyUsage.objects.create(
            workspace_id=workspace.pk,
            day=today - timedelta(days=days_ago),
            api_key_id=1,
            model_id=1,
            provider_id=1,
            tag="",
            requests=1,
            failed=0,
            cost=cost,
            provider_cost=0,
        )

    def narrowed(query: str) -> set[str]:
        shown = text(operator, "accounts_workspace_changelist", query=query)
        return {each.name for each in (workspace, owing) if f">{each.name}<" in shown}

    assert narrowed("?available=below") == {owing.name}
    assert narrowed("?available=tens") == {workspace.name}
    assert narrowed("?growth=doubled") == {workspace.name}
    assert narrowed("?growth=quiet") == set()
